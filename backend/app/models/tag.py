"""Tags, as a table and as a row."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class Tag(SQLModel, table=True):
    """A word that tasks are marked with; `folded_name` is the name without regard to letter case."""

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name_length"),
        CheckConstraint("color ~ '^#[0-9a-f]{6}$'", name="color"),
        CheckConstraint("version >= 1", name="version_positive"),
        Index(
            "ux_tag_user_id_folded_name",
            "user_id",
            "folded_name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_tag_user_id_deleted_at_id",
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
    folded_name: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    color: str | None = Field(sa_type=Text)
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(sa_type=BigInteger)


class TagRow(NamedTuple):
    """A tag as read; moments are aware and in UTC."""

    id: UUID
    name: str
    folded_name: str
    color: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "name": self.name,
            "color": self.color,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }
