"""Answers that are kept for whoever sends the same request again, as a table and as a row."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class IdempotencyKey(SQLModel, table=True):
    """The answer to the first request with a key; `fingerprint` is the SHA-256 digest of what was asked."""

    __tablename__ = "idempotency_key"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(key) BETWEEN 1 AND 255", name="key_length"),
        Index("ix_idempotency_key_created_at", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: int = Field(sa_type=BigInteger)
    headers: dict[str, str] = Field(sa_type=JSONB)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime


class KeptAnswer(NamedTuple):
    """A kept answer as read; `headers` is the text of a JSON object."""

    fingerprint: bytes
    status: int
    headers: str
    body: bytes
