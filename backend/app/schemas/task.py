"""Tasks on the wire."""

import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import MISSING, Field, Strict, model_validator
from pydantic.config import JsonDict

from app.domain.fields import Description, DueDate, DueTime, Flag, Moment, TagIds, Title, WallClock, ZoneName
from app.domain.priority import Priority
from app.schemas.base import YOUR_ID, Input, Output, example
from app.schemas.described import ChosenId, CreatedAt, DeletedAt, Id, Position, UpdatedAt, Version
from app.schemas.paging import Page, page_example

_CONTENT_EXAMPLE: JsonDict = {
    "title": "Pay rent",
    "description": "Standing order is not possible.",
    "priority": "high",
    "due": {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"},
    "start_date": None,
    "category_id": None,
    "parent_id": None,
    "tag_ids": [],
}
_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
_OTHER_ID = "019aa4b2-8d2f-7e40-8c62-1d7f4b2e3f50"
TASK_EXAMPLE: JsonDict = {
    "id": _ID,
    **_CONTENT_EXAMPLE,
    "completed": False,
    "completed_at": None,
    "position": "7zzzXq2mA4c9K",
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


BEFORE, AFTER = "The id of what it is to stand right before.", "The id of what it is to stand right after."
_DAY, _CLOCK = "The day.", "The wall-clock time on that day, or null for the whole day."
_ZONE = "The IANA time zone of the wall-clock time, such as `Europe/Berlin`; null without one."
_TITLE, _DESCRIPTION = "What is to be done, on one line.", "More about it, with lines, or null."
_COMPLETED = "Whether it is done."
_PRIORITY, _DUE = "How urgent it is.", "When it is due, or null."
_START = "Lists leave the task out until this day."
_CATEGORY = "The category that it is in, or null."
_PARENT = "The task that this one is a subtask of, or null."
_TAGS, _OTHER_TAGS = (
    "The ids of its tags. A set: order and repetition mean nothing.",
    "Ids of tags. A set: order and repetition mean nothing.",
)


def _as_read(description: str = "As a read gives it; ignored.") -> Any:
    """Return what is said of a field that the server writes, where it may come along with the others."""
    return Field(default=MISSING, exclude=True, description=description, json_schema_extra={"readOnly": True})


class DueInput(Input):
    """When a task is due: a date, or a wall-clock time in an IANA time zone."""

    date: DueDate = Field(description=_DAY)
    time: DueTime | None = Field(default=None, description=_CLOCK)
    timezone: ZoneName | None = Field(default=None, description=_ZONE)

    @model_validator(mode="after")
    def _time_and_zone_together(self) -> Self:
        # Spec: features/tasks.md#TASK-004
        if (self.time is None) != (self.timezone is None):
            raise ValueError("time and timezone must be given together")
        return self


class DueRead(Output):
    """When a task is due; without a time it is due on that day, wherever its person is."""

    date: datetime.date = Field(description=_DAY)
    time: WallClock | None = Field(description=_CLOCK)
    timezone: str | None = Field(description=_ZONE)


class TaskContent(Input):
    """All that a person writes of a task; what is absent takes its default."""

    # Spec: features/tasks.md#TASK-005
    model_config = example(_CONTENT_EXAMPLE)

    title: Title = Field(description=_TITLE)
    description: Description | None = Field(default=None, description=_DESCRIPTION)
    completed: Flag = Field(default=False, description=_COMPLETED)
    priority: Priority = Field(default=Priority.NONE, description=_PRIORITY)
    due: DueInput | None = Field(default=None, description=_DUE)
    start_date: DueDate | None = Field(default=None, description=_START)
    category_id: UUID | None = Field(default=None, description=_CATEGORY)
    parent_id: UUID | None = Field(default=None, description=_PARENT)
    tag_ids: TagIds = Field(default=[], description=_TAGS)


class TaskCreate(TaskContent):
    """A new task, with an id of the client's choice or without."""

    id: ChosenId = None


class TaskReplace(TaskContent):
    """The whole content of a task. What the server writes may come along as a read gave it, and is ignored."""

    # Spec: features/tasks.md#TASK-008
    id: UUID | MISSING = _as_read("As a read gives it: another id than that of the address is refused.")
    completed_at: Moment | None | MISSING = _as_read()
    position: str | MISSING = _as_read()
    created_at: Moment | MISSING = _as_read()
    updated_at: Moment | MISSING = _as_read()
    deleted_at: Moment | None | MISSING = _as_read()
    version: Annotated[int, Strict()] | MISSING = _as_read(
        "As a read gives it; ignored: `If-Match` guards a write."
    )


class TaskUpdate(Input):
    """A change of some fields: absent leaves, null clears."""

    # Spec: features/safe-writes.md#SAFE-002
    model_config = example({"title": "Pay rent and electricity", "due": None})

    title: Title | MISSING = Field(default=MISSING, description=_TITLE)
    description: Description | None | MISSING = Field(default=MISSING, description=_DESCRIPTION)
    completed: Flag | MISSING = Field(default=MISSING, description=_COMPLETED)
    priority: Priority | MISSING = Field(default=MISSING, description=_PRIORITY)
    due: DueInput | None | MISSING = Field(default=MISSING, description=_DUE)
    start_date: DueDate | None | MISSING = Field(default=MISSING, description=_START)
    category_id: UUID | None | MISSING = Field(default=MISSING, description=_CATEGORY)
    parent_id: UUID | None | MISSING = Field(default=MISSING, description=_PARENT)
    tag_ids: TagIds | MISSING = Field(default=MISSING, description=_TAGS)


class Completion(Input):
    """Whether a task is to be completed (the default) or reopened."""

    model_config = example({"completed": True})

    completed: Flag = Field(default=True, description="Whether it is to be done.")


class TaskTagsChange(Input):
    """Tags to add to a task and to take away, whatever else it has; one that is in both is taken away."""

    model_config = example({"add": [YOUR_ID], "remove": []})

    add: TagIds = Field(default=[], description=_OTHER_TAGS)
    remove: TagIds = Field(default=[], description=_OTHER_TAGS)


class Move(Input):
    """A place in the manual order: right before or right after another task."""

    model_config = example({"after": YOUR_ID})

    before: UUID | None = Field(default=None, description=BEFORE)
    after: UUID | None = Field(default=None, description=AFTER)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        # Spec: features/ordering.md#ORDER-001
        if (self.before is None) == (self.after is None):
            raise ValueError("either before or after must be given")
        return self


class TaskRead(Output):
    """A task."""

    model_config = example(TASK_EXAMPLE)

    id: Id
    title: str = Field(description=_TITLE)
    description: str | None = Field(description=_DESCRIPTION)
    completed: bool = Field(description=_COMPLETED)
    completed_at: datetime.datetime | None = Field(
        description="When it was completed, in UTC; null while it is open."
    )
    priority: Priority = Field(description=_PRIORITY)
    due: DueRead | None = Field(description=_DUE)
    start_date: datetime.date | None = Field(description=_START)
    category_id: UUID | None = Field(description=_CATEGORY)
    parent_id: UUID | None = Field(description=_PARENT)
    position: Position
    tag_ids: list[UUID] = Field(description=_TAGS)
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt
    version: Version


class TaskTreeRead(TaskRead):
    """A task with its subtasks, in their manual order."""

    model_config = example(
        {**TASK_EXAMPLE, "children": [{**TASK_EXAMPLE, "id": _OTHER_ID, "parent_id": _ID, "children": []}]}
    )

    children: "list[TaskTreeRead]" = Field(description="Its living subtasks, each with its own.")


class TaskPage(Page):
    """A page of tasks."""

    model_config = page_example(TASK_EXAMPLE)

    items: list[TaskRead] = Field(description="The tasks.")
