"""Many writes of tasks in one request, on the wire.

What an operation does is said where it can be done alone; nothing here does it.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from annotated_types import Len
from pydantic import MISSING, AfterValidator, Field, Strict, ValidationError, WithJsonSchema, WrapValidator
from pydantic_core import InitErrorDetails

from app.domain.fields import LARGEST_NUMBER, Flag
from app.schemas.base import YOUR_ID, Input, Output, example
from app.schemas.task import (
    AFTER,
    BEFORE,
    TASK_EXAMPLE,
    Move,
    TaskCreate,
    TaskRead,
    TaskTagsChange,
    TaskUpdate,
)

MOST_OPERATIONS = 100
# Nothing that could be read as a UUID.
_TEMPORARY = r"(?![0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$)[A-Za-z0-9_-]{1,64}"
_TRIP, _TRAIN = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f", "019aa4b2-8d2f-7e40-8c62-1d7f4b2e3f50"


def _temporary(text: str) -> str:
    # Spec: features/bulk.md#BULK-004
    if not re.fullmatch(_TEMPORARY, text):
        raise ValueError("must be 1 to 64 letters, digits, _ or -, and not look like a UUID")
    return text


def _in_one_sentence(value: object, validate: Callable[[object], UUID | str]) -> UUID | str:
    try:
        return validate(value)
    except ValidationError:
        raise ValueError("must be a UUID or a temporary id") from None


def _by_place(value: object, validate: Callable[[object], Any]) -> Any:
    """Validate an operation, and name its faults by their place in the body.

    A union would add to each place which operation it is.
    """
    # Spec: features/bulk.md#BULK-008
    try:
        return validate(value)
    except ValidationError as error:
        faults = [_fault(fault) for fault in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(error.title, faults) from None


def _fault(fault: Mapping[str, Any]) -> InitErrorDetails:
    if fault["type"] == "union_tag_not_found":
        return {"type": "missing", "loc": ("op",), "input": None}
    if fault["type"] == "union_tag_invalid":
        return {
            "type": "literal_error",
            "loc": ("op",),
            "input": None,
            "ctx": {"expected": fault["ctx"]["expected_tags"]},
        }
    return {
        "type": fault["type"],
        "loc": fault["loc"][1:],
        "input": fault["input"],
        "ctx": fault.get("ctx", {}),
    }


TemporaryId = Annotated[
    str, AfterValidator(_temporary), WithJsonSchema({"type": "string", "pattern": f"^{_TEMPORARY}$"})
]
# A task that is there, or one that an earlier operation of the same batch creates.
Reference = Annotated[UUID | TemporaryId, WrapValidator(_in_one_sentence)]
Version = Annotated[int, Strict(), Field(ge=1, le=LARGEST_NUMBER)]


_OP = "What is done."
_PARENT = "The task that this one is a subtask of, by its id or its temporary id, or null."


class BulkTaskCreate(TaskCreate):
    """A new task, whose parent may be one that the batch creates."""

    # A batch takes more here than a single write does, and the service puts the id in before it goes on.
    parent_id: Reference | None = Field(default=None, description=_PARENT)  # type: ignore[assignment]


class BulkTaskUpdate(TaskUpdate):
    """A change of some fields: absent leaves, null clears; the parent may be one that the batch creates."""

    parent_id: Reference | None | MISSING = Field(default=MISSING, description=_PARENT)  # type: ignore[assignment]


class CreateOperation(Input):
    """Creates a task; `temp_id` names it for the operations after this one."""

    op: Literal["create"] = Field(description=_OP)
    temp_id: TemporaryId | None = Field(default=None, description="What operations after this one call it.")
    task: BulkTaskCreate = Field(description="The task.")


class OnTask(Input):
    """Something done to a task; with a `version` only if the task has that one by then."""

    id: Reference = Field(
        description="The id of the task, or the temporary id that an earlier operation gave it."
    )
    version: Version | None = Field(default=None, description="What `If-Match` is to a single write.")


class UpdateOperation(OnTask):
    """Changes the named fields of a task."""

    op: Literal["update"] = Field(description=_OP)
    task: BulkTaskUpdate = Field(description="What is to be changed.")


class CompleteOperation(OnTask):
    """Completes a task, or reopens it."""

    op: Literal["complete"] = Field(description=_OP)
    completed: Flag = Field(default=True, description="Whether it is to be done.")


class DeleteOperation(OnTask):
    """Moves a task to the trash, with its subtasks."""

    op: Literal["delete"] = Field(description=_OP)


class MoveOperation(OnTask, Move):
    """Moves a task right before or right after another one in the manual order."""

    model_config = example({"op": "move", "id": "trip", "after": YOUR_ID})

    op: Literal["move"] = Field(description=_OP)
    before: Reference | None = Field(default=None, description=BEFORE)  # type: ignore[assignment]
    after: Reference | None = Field(default=None, description=AFTER)  # type: ignore[assignment]


class TagOperation(OnTask, TaskTagsChange):
    """Adds tags to a task and takes others away."""

    model_config = example({"op": "tag", "id": "trip", "add": [YOUR_ID]})

    op: Literal["tag"] = Field(description=_OP)


AnyOperation = (
    CreateOperation | UpdateOperation | CompleteOperation | DeleteOperation | MoveOperation | TagOperation
)
Operation = Annotated[AnyOperation, Field(discriminator="op"), WrapValidator(_by_place)]


class Bulk(Input):
    """Up to 100 operations, carried out in their order: all of them, or none."""

    # Spec: features/bulk.md#BULK-001
    model_config = example(
        {
            "operations": [
                {"op": "create", "temp_id": "trip", "task": {"title": "Go to Vienna"}},
                {"op": "create", "task": {"title": "Book the train", "parent_id": "trip"}},
                {"op": "update", "id": "trip", "task": {"priority": "high"}},
            ]
        }
    )

    operations: Annotated[list[Operation], Len(1, MOST_OPERATIONS)] = Field(
        description="What is to be done, in this order."
    )


class OperationName(StrEnum):
    """What an operation does."""

    CREATE = "create"
    UPDATE = "update"
    COMPLETE = "complete"
    DELETE = "delete"
    MOVE = "move"
    TAG = "tag"


class BulkResult(Output):
    """What one operation has done: the task as it was right after it, or null where it was deleted."""

    op: OperationName = Field(description="What was done.")
    id: UUID = Field(description="The id of the task.")
    temp_id: str | None = Field(description="The temporary id that the operation gave it, or null.")
    task: TaskRead | None = Field(description="The task as it was right after, or null where it was deleted.")


class BulkRead(Output):
    """What a batch has done, in the order of its operations, and the ids of what it created under temporary ids."""

    model_config = example(
        {
            "results": [
                {"op": "create", "id": _TRIP, "temp_id": "trip", "task": {**TASK_EXAMPLE, "id": _TRIP}},
                {"op": "delete", "id": _TRAIN, "temp_id": None, "task": None},
            ],
            "temp_ids": {"trip": _TRIP},
        }
    )

    results: list[BulkResult] = Field(description="What each operation has done, in their order.")
    temp_ids: dict[str, UUID] = Field(description="The ids of what was created, by its temporary id.")
