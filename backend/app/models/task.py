"""Tasks, as a table and as a row."""

import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, desc, text
from sqlmodel import Field, SQLModel

from app.domain.due import Due
from app.models.naming import SCHEMA


class Task(SQLModel, table=True):
    """A thing to be done."""

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(title) BETWEEN 1 AND 500", name="title_length"),
        CheckConstraint("char_length(description) <= 10000", name="description_length"),
        CheckConstraint("priority IN ('none', 'low', 'medium', 'high', 'urgent')", name="priority"),
        CheckConstraint("due_date BETWEEN '1900-01-01' AND '9998-12-31'", name="due_date_range"),
        CheckConstraint("(due_time IS NULL) = (due_timezone IS NULL)", name="due_time_with_timezone"),
        CheckConstraint("due_time IS NULL OR due_date IS NOT NULL", name="due_time_with_date"),
        CheckConstraint("version >= 1", name="version_positive"),
        Index("ix_task_user_id_created_at_id", "user_id", desc("created_at"), desc("id"), postgresql_where=text("deleted_at IS NULL")),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(primary_key=True)
    title: str = Field(sa_type=Text)
    description: str | None = Field(sa_type=Text)
    priority: str = Field(sa_type=Text)
    due_date: datetime.date | None
    due_time: datetime.time | None
    due_timezone: str | None = Field(sa_type=Text)
    completed_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime
    deleted_at: datetime.datetime | None
    version: int = Field(sa_type=BigInteger)


class TaskRow(NamedTuple):
    """A task as read; moments are aware and in UTC, the due time is wall-clock time."""

    id: UUID
    title: str
    description: str | None
    priority: str
    due_date: datetime.date | None
    due_time: datetime.time | None
    due_timezone: str | None
    completed_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime
    deleted_at: datetime.datetime | None
    version: int

    @property
    def completed(self) -> bool:
        """Whether it is done."""
        return self.completed_at is not None

    @property
    def due(self) -> Due | None:
        """When it is due, as one value."""
        return None if self.due_date is None else Due(self.due_date, self.due_time, self.due_timezone)

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "title": self.title,
            "description": self.description,
            "completed": self.completed,
            "completed_at": self.completed_at,
            "priority": self.priority,
            "due": self._due_document(),
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }

    def _due_document(self) -> dict[str, str | None] | None:
        if self.due_date is None:
            return None
        wall_clock = None if self.due_time is None else self.due_time.isoformat()
        return {"date": self.due_date.isoformat(), "time": wall_clock, "timezone": self.due_timezone}
