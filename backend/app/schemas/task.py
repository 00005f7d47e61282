"""Tasks on the wire."""

import datetime
from typing import Self
from uuid import UUID

from pydantic import MISSING, Field, model_validator
from pydantic.config import JsonDict

from app.domain.fields import Description, DueDate, DueTime, Flag, TagIds, Title, WallClock, ZoneName
from app.domain.priority import Priority
from app.schemas.base import Input, Output, example
from app.schemas.paging import Page, page_example

_CONTENT: JsonDict = {
    "title": "Pay rent",
    "description": "Standing order is not possible.",
    "priority": "high",
    "due": {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"},
    "start_date": "2026-11-28",
    "category_id": None,
    "parent_id": None,
    "tag_ids": [],
}
_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
_OTHER_ID = "019aa4b2-8d2f-7e40-8c62-1d7f4b2e3f50"
TASK_EXAMPLE: JsonDict = {
    "id": _ID,
    **_CONTENT,
    "completed": False,
    "completed_at": None,
    "position": "7zzzXq2mA4c9K",
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
    start_date: DueDate | None = Field(default=None, description="Lists leave the task out until this day.")
    category_id: UUID | None = None
    parent_id: UUID | None = Field(default=None, description="The task that this one is a subtask of.")
    tag_ids: TagIds = Field(default=[], description="A set: order and repetition mean nothing.")


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
    start_date: DueDate | None | MISSING = MISSING
    category_id: UUID | None | MISSING = MISSING
    parent_id: UUID | None | MISSING = MISSING
    tag_ids: TagIds | MISSING = MISSING


class Completion(Input):
    """Whether a task is to be completed (the default) or reopened."""

    model_config = example({"completed": True})

    completed: Flag = True


class TagsUpdate(Input):
    """Tags to add to a task and to take away, whatever else it has; one that is in both is taken away."""

    model_config = example({"add": [_OTHER_ID], "remove": []})

    add: TagIds = Field(default=[])
    remove: TagIds = Field(default=[])


class Move(Input):
    """A place in the manual order: right before or right after another task."""

    model_config = example({"after": _OTHER_ID})

    before: UUID | None = None
    after: UUID | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        # Spec: features/ordering.md#ORDER-001
        if (self.before is None) == (self.after is None):
            raise ValueError("either before or after must be given")
        return self


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
    start_date: datetime.date | None
    category_id: UUID | None
    parent_id: UUID | None
    position: str = Field(description="The place in the manual order: compare positions as bytes.")
    tag_ids: list[UUID]
    created_at: datetime.datetime
    updated_at: datetime.datetime
    deleted_at: datetime.datetime | None
    version: int


class TaskTreeRead(TaskRead):
    """A task with its subtasks, in their manual order."""

    model_config = example({**TASK_EXAMPLE, "children": [{**TASK_EXAMPLE, "id": _OTHER_ID, "parent_id": _ID, "children": []}]})

    children: "list[TaskTreeRead]"


class TaskPage(Page):
    """A page of tasks."""

    model_config = page_example(TASK_EXAMPLE)

    items: list[TaskRead]
