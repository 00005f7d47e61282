"""Sessions, as a table and as rows: who has logged in, from where, and which refresh token is the current one."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    Uuid,
)
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA

SEED_BYTES, DEVICE_LENGTH, ADDRESS_LENGTH = 32, 200, 64


class StoredSession(SQLModel, table=True):
    """A session: what began with a login, and ends by a logout, by time, or because a refresh token came back.

    Nothing of a token is in it: refresh tokens are derived from the secret of the service, `seed` and `generation`.
    `rotations` are the moments of the latest rotations, as texts, the latest one last. One that has ended has
    `expires_at` in the past.
    """

    __tablename__ = "session"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint(f"octet_length(seed) = {SEED_BYTES}", name="seed_length"),
        CheckConstraint("generation >= 1", name="generation_positive"),
        CheckConstraint(f"char_length(device) <= {DEVICE_LENGTH}", name="device_length"),
        CheckConstraint(f"char_length(address) <= {ADDRESS_LENGTH}", name="address_length"),
        Index("ix_session_expires_at", "expires_at"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    seed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    generation: int = Field(sa_type=BigInteger)
    rotations: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    device: str | None = Field(sa_type=Text)
    address: str | None = Field(sa_type=Text)


class SessionRow(NamedTuple):
    """A session as it is kept; moments are aware and in UTC."""

    user_id: str
    id: UUID
    seed: bytes
    generation: int
    rotations: list[str]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    device: str | None
    address: str | None


class ShownSession(NamedTuple):
    """A session as its person sees it, and whether it is the one that asks; moments are aware and in UTC."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    device: str | None
    address: str | None
    current: bool


class LockedSession(NamedTuple):
    """A session that nobody else can change until the transaction ends, and whether its person may still come in."""

    row: SessionRow
    disabled_at: datetime | None
    tokens_valid_from: datetime | None
