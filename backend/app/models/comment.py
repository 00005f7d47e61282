"""Comments on tasks, as a table and as a row."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class Comment(SQLModel, table=True):
    """What somebody wrote below a task, as Markdown; it goes when the task is purged."""

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        ForeignKeyConstraint(
            ["user_id", "task_id"], [f"{SCHEMA}.task.user_id", f"{SCHEMA}.task.id"], ondelete="CASCADE"
        ),
        CheckConstraint("char_length(body) BETWEEN 1 AND 10000", name="body_length"),
        CheckConstraint("version >= 1", name="version_positive"),
        Index("ix_comment_user_id_task_id_created_at_id", "user_id", "task_id", "created_at", "id"),
        Index(
            "ix_comment_search", "search", postgresql_using="gin", postgresql_where=text("deleted_at IS NULL")
        ),
        Index(
            "ix_comment_user_id_deleted_at_id",
            "user_id",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(primary_key=True)
    task_id: UUID
    body: str = Field(sa_type=Text)
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(sa_type=BigInteger)
    search: str = Field(sa_column=Column(TSVECTOR, nullable=False))


class CommentRow(NamedTuple):
    """A comment as read; moments are aware and in UTC."""

    id: UUID
    task_id: UUID
    body: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "task_id": str(self.task_id),
            "body": self.body,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }
