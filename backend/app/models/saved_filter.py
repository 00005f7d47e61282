"""Saved filters, as a table and as a row."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class SavedFilter(SQLModel, table=True):
    """A query of the task list that a person keeps under a name."""

    __tablename__ = "saved_filter"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name_length"),
        CheckConstraint("version >= 1", name="version_positive"),
        Index(
            "ux_saved_filter_user_id_name",
            "user_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_saved_filter_user_id_deleted_at_id",
            "user_id",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    query: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(sa_type=BigInteger)


class SavedFilterRow(NamedTuple):
    """A saved filter as read; moments are aware and in UTC, `query` holds the parameters of the list as JSON values."""

    id: UUID
    name: str
    query: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "name": self.name,
            "query": self.query,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }
