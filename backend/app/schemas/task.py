"""Tasks on the wire."""

import datetime
from typing import Self
from uuid import UUID

from pydantic import MISSING, Field, model_validator
from pydantic.config import JsonDict

from app.domain.fields import Description, DueDate, DueTime, Flag, Title, WallClock, ZoneName
from app.domain.priority import Priority
from app.schemas.base import Input, Output, example

_CONTENT: JsonDict = {
    "title": "Pay rent",
    "description": "Standing order is not possible.",
    "priority": "high",
    "due": {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"},
}
_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
TASK_EXAMPLE: JsonDict = {
    "id": _ID,
    **_CONTENT,
    "completed": False,
    "completed_at": None,
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class DueInput(Input):
    """When a task is due: a date, or a wall-clock time in an IANA time zone."""

    date: DueDate
    time: DueTime | None = None
    timezone: ZoneName | None = None

    @model_validator(mode="after")
    def _time_and_zone_together(self) -> Self:
        # Spec: features/tasks.md#TASK-004
        if (self.time is None) != (self.timezone is None):
            raise ValueError("time and timezone must be given together")
        return self


class DueRead(Output):
    """When a task is due; without a time it is due on that day, wherever its person is."""

    date: datetime.date
    time: WallClock | None
    timezone: str | None


class TaskReplace(Input):
    """The whole content of a task; what is absent takes its default."""

    # Spec: features/tasks.md#TASK-005 features/tasks.md#TASK-008
    model_config = example(_CONTENT)

    title: Title
    description: Description | None = None
    completed: Flag = False
    priority: Priority = Priority.NONE
    due: DueInput | None = None


class TaskCreate(TaskReplace):
    """A new task, with an id of the client's choice or without."""

    id: UUID | None = Field(default=None, description="A UUID chosen by the client makes the request safe to repeat.")


class TaskUpdate(Input):
    """A change of some fields: absent leaves, null clears."""

    # Spec: features/safe-writes.md#SAFE-002
    model_config = example({"title": "Pay rent and electricity", "due": None})

    title: Title | MISSING = MISSING
    description: Description | None | MISSING = MISSING
    completed: Flag | MISSING = MISSING
    priority: Priority | MISSING = MISSING
    due: DueInput | None | MISSING = MISSING


class Completion(Input):
    """Whether a task is to be completed (the default) or reopened."""

    model_config = example({"completed": True})

    completed: Flag = True


class TaskRead(Output):
    """A task."""

    model_config = example(TASK_EXAMPLE)

    id: UUID
    title: str
    description: str | None
    completed: bool
    completed_at: datetime.datetime | None
    priority: Priority
    due: DueRead | None
    created_at: datetime.datetime
    updated_at: datetime.datetime
    deleted_at: datetime.datetime | None
    version: int


class TaskPage(Output):
    """A page of tasks, newest first."""

    model_config = example(
        {"items": [TASK_EXAMPLE], "total": 1, "total_exact": True, "limit": 50, "offset": 0, "has_more": False, "next_cursor": None}
    )

    items: list[TaskRead]
    total: int = Field(description="How many there are; 1000 when there are more and `count=exact` was not asked for.")
    total_exact: bool
    limit: int
    offset: int
    has_more: bool
    next_cursor: str | None = Field(description="Give it as `cursor` to go on; null at the end.")
