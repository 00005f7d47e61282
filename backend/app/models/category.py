"""Categories, as a table and as a row: a person's lists or projects."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class Category(SQLModel, table=True):
    """A list or a project that tasks are in."""

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name_length"),
        CheckConstraint("color ~ '^#[0-9a-f]{6}$'", name="color"),
        CheckConstraint("char_length(position) BETWEEN 1 AND 1000", name="position_length"),
        CheckConstraint("version >= 1", name="version_positive"),
        Index(
            "ux_category_user_id_name",
            "user_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_category_user_id_position_id",
            "user_id",
            "position",
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "ix_category_user_id_deleted_at_id",
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
    color: str | None = Field(sa_type=Text)
    position: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    archived: bool
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(sa_type=BigInteger)


class CategoryRow(NamedTuple):
    """A category as read; moments are aware and in UTC."""

    id: UUID
    name: str
    color: str | None
    position: str
    archived: bool
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "name": self.name,
            "color": self.color,
            "position": self.position,
            "archived": self.archived,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }
