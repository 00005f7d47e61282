"""Tasks, as a table and as a row; which tags a task has is a table of its own."""

import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Text,
    desc,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from app.domain.due import Due
from app.models.naming import SCHEMA

LIVING = text("deleted_at IS NULL")
# What lists are sorted by, as indexes and statements say it alike: absent values come last. Under row-level security an
# index is asked for a range of an expression only if no part of that could leak what it sees: CASE and comparisons
# cannot, functions and coalesce may.
DUE_DAY_KEY = "(CASE WHEN due_date IS NULL THEN 'infinity'::date ELSE due_date END)"
DUE_TIME_KEY = "(CASE WHEN due_time IS NULL THEN '23:59:59.999999'::time ELSE due_time END)"
START_KEY = "(CASE WHEN start_date IS NULL THEN 'infinity'::date ELSE start_date END)"
COMPLETED_KEY = "(CASE WHEN completed_at IS NULL THEN 'infinity'::timestamptz ELSE completed_at END)"
PRIORITY_KEY = (
    "(CASE priority WHEN 'none' THEN 0 WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 4 END)"
)
# For rows that the release before this one writes: behind each other, in the order of their making.
_POSITION_NOW = "concat('7', lpad(((extract(epoch FROM now()) * 1000000)::bigint)::text, 16, '0'), '1')"


def _sorted_by(name: str, *keys: str) -> Index:
    return Index(
        f"ix_task_user_id_{name}_id", "user_id", *(text(key) for key in keys), "id", postgresql_where=LIVING
    )


class Task(SQLModel, table=True):
    """A thing to be done."""

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        ForeignKeyConstraint(
            ["user_id", "category_id"], [f"{SCHEMA}.category.user_id", f"{SCHEMA}.category.id"]
        ),
        ForeignKeyConstraint(["user_id", "parent_id"], [f"{SCHEMA}.task.user_id", f"{SCHEMA}.task.id"]),
        CheckConstraint("char_length(title) BETWEEN 1 AND 500", name="title_length"),
        CheckConstraint("char_length(description) <= 10000", name="description_length"),
        CheckConstraint("priority IN ('none', 'low', 'medium', 'high', 'urgent')", name="priority"),
        CheckConstraint("due_date BETWEEN '1900-01-01' AND '9998-12-31'", name="due_date_range"),
        CheckConstraint("(due_time IS NULL) = (due_timezone IS NULL)", name="due_time_with_timezone"),
        CheckConstraint("due_time IS NULL OR due_date IS NOT NULL", name="due_time_with_date"),
        CheckConstraint("start_date BETWEEN '1900-01-01' AND '9998-12-31'", name="start_date_range"),
        CheckConstraint("parent_id <> id", name="parent_is_another"),
        CheckConstraint("char_length(position) BETWEEN 1 AND 1000", name="position_length"),
        CheckConstraint("version >= 1", name="version_positive"),
        # With the start date, so that the tasks of the usual list are counted in the index alone.
        Index(
            "ix_task_user_id_created_at_id",
            "user_id",
            desc("created_at"),
            desc("id"),
            postgresql_where=LIVING,
            postgresql_include=["start_date"],
        ),
        Index("ix_task_user_id_updated_at_id", "user_id", "updated_at", "id"),
        _sorted_by("due", DUE_DAY_KEY, DUE_TIME_KEY),
        _sorted_by("start_date", START_KEY),
        _sorted_by("completed_at", COMPLETED_KEY),
        _sorted_by("priority", PRIORITY_KEY),
        _sorted_by("title", "title_key"),
        _sorted_by("position", "position"),
        # With what else open tasks are usually filtered by, so that they are counted in the index alone.
        Index(
            "ix_task_user_id_open_due_id",
            "user_id",
            text(DUE_DAY_KEY),
            text(DUE_TIME_KEY),
            "id",
            postgresql_where=text("deleted_at IS NULL AND completed_at IS NULL"),
            postgresql_include=["start_date", "priority"],
        ),
        Index("ix_task_user_id_category_id_created_at_id", "user_id", "category_id", "created_at", "id"),
        Index("ix_task_user_id_parent_id_id", "user_id", "parent_id", "id"),
        Index(
            "ix_task_user_id_deleted_at_id",
            "user_id",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        Index("ix_task_search", "search", postgresql_using="gin"),
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
    start_date: datetime.date | None
    due_at: datetime.datetime | None
    category_id: UUID | None
    parent_id: UUID | None
    position: str = Field(
        sa_column=Column(Text(collation="C"), nullable=False, server_default=text(_POSITION_NOW))
    )
    search: str = Field(sa_column=Column(TSVECTOR, nullable=False, server_default=text("''")))
    title_key: str = Field(sa_column=Column(Text, Computed("lower(title)", persisted=True)))


class TaskTag(SQLModel, table=True):
    """A tag on a task: a row each, so that two clients who add tags never overwrite one another."""

    __tablename__ = "task_tag"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        ForeignKeyConstraint(
            ["user_id", "task_id"], [f"{SCHEMA}.task.user_id", f"{SCHEMA}.task.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["user_id", "tag_id"], [f"{SCHEMA}.tag.user_id", f"{SCHEMA}.tag.id"]),
        Index("ix_task_tag_user_id_tag_id_task_id", "user_id", "tag_id", "task_id"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    task_id: UUID = Field(primary_key=True)
    tag_id: UUID = Field(primary_key=True)


class TaskRow(NamedTuple):
    """A task as read.

    Moments are aware and in UTC. The due time is wall-clock time, and `due_at` is its moment; `tag_ids` are in order.
    """

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
    start_date: datetime.date | None
    due_at: datetime.datetime | None
    category_id: UUID | None
    parent_id: UUID | None
    position: str
    tag_ids: tuple[UUID, ...]

    @property
    def completed(self) -> bool:
        """Whether it is done."""
        return self.completed_at is not None

    @property
    def references(self) -> tuple[object, ...]:
        """What it refers to: its category, its parent and its tags."""
        return self.category_id, self.parent_id, self.tag_ids

    @property
    def due(self) -> Due | None:
        """When it is due, as one value."""
        return None if self.due_date is None else Due(self.due_date, self.due_time, self.due_timezone)

    def without_tag(self, tag_id: UUID) -> "TaskRow":
        """Return the task as it is without a tag."""
        return self._replace(tag_ids=tuple(other for other in self.tag_ids if other != tag_id))

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "title": self.title,
            "description": self.description,
            "completed": self.completed,
            "completed_at": self.completed_at,
            "priority": self.priority,
            "due": self._due_document(),
            "start_date": None if self.start_date is None else self.start_date.isoformat(),
            "category_id": _written(self.category_id),
            "parent_id": _written(self.parent_id),
            "position": self.position,
            "tag_ids": [str(tag_id) for tag_id in self.tag_ids],
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }

    def _due_document(self) -> dict[str, str | None] | None:
        if self.due_date is None:
            return None
        wall_clock = None if self.due_time is None else self.due_time.isoformat()
        return {"date": self.due_date.isoformat(), "time": wall_clock, "timezone": self.due_timezone}


def _written(entity_id: UUID | None) -> str | None:
    return None if entity_id is None else str(entity_id)
