"""What a person can do with tasks.

Each function refuses first, then changes, then returns the row; it commits nothing itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import MISSING
from uuid_utils.compat import uuid7

from app.domain.changes import Action, Stamp
from app.domain.due import Due, instant
from app.domain.errors import invalid_field
from app.domain.fields import MOST_TAGS
from app.domain.ordering import initial
from app.domain.preconditions import Expected
from app.models.task import TaskRow
from app.repositories.tasks import TreeNode
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.task import (
    Completion,
    Move,
    TaskContent,
    TaskCreate,
    TaskReplace,
    TaskTagsChange,
    TaskUpdate,
)
from app.services import safe_writes, task_references, task_writes
from app.services.ordering import position_at

# What a person writes of a task, but for its completion.
_WRITTEN = {*TaskContent.model_fields} - {"completed"}


async def create(work: UnitOfWork, body: TaskCreate, *, now: datetime) -> TaskRow:
    """Add a task; the same id again with the same content gives the task that is there.

    Raises:
        IdTaken: The id belongs to a task that was created with other content.
        Invalid: It refers to something that is not there.
    """
    # Spec: features/tasks.md#TASK-001
    task = _new(body, now=now)
    there = await safe_writes.find_twin(work.tasks, task, chosen=body.id, content=TaskContent.model_fields)
    if there is not None:
        # What was created before may refer to what has gone since.
        return there
    await task_references.check(work, task)
    return await task_writes.add(work, task, now=now)


async def read(work: UnitOfWork, task_id: UUID) -> TaskRow:
    """Return a living task."""
    # Spec: features/tasks.md#TASK-007
    return await work.tasks.get(task_id)


async def tree(work: UnitOfWork, task_id: UUID) -> Sequence[TreeNode]:
    """Return a living task with its living subtasks, the task first and each level in its manual order.

    Raises:
        NotFound: The task is not there, or deleted.
    """
    # Spec: features/subtasks.md#SUB-005
    return await work.tasks.living_tree(task_id)


async def replace(
    work: UnitOfWork, task_id: UUID, body: TaskReplace, *, now: datetime, expected: Expected
) -> TaskRow:
    """Replace the whole content of a task.

    Raises:
        Invalid: The body has the id of another one, or refers to something that is not there.
    """
    # Spec: features/tasks.md#TASK-008
    task = await work.tasks.get(task_id)
    if body.id not in (MISSING, task_id):
        raise invalid_field("id", "must be that of the address")
    expected.require(task.version)
    return await _write(work, task, _with(task, body, now=now), now=now)


async def update(
    work: UnitOfWork, task_id: UUID, body: TaskUpdate, *, now: datetime, expected: Expected
) -> TaskRow:
    """Change the named fields of a task and leave the others."""
    # Spec: features/safe-writes.md#SAFE-002
    task = await work.tasks.get(task_id)
    wanted = _with(task, body, now=now)
    await safe_writes.settle(work, work.tasks, (task, wanted), named=body.model_fields_set, expected=expected)
    return await _write(work, task, wanted, now=now)


async def change_tags(
    work: UnitOfWork, task_id: UUID, body: TaskTagsChange, *, now: datetime, expected: Expected
) -> TaskRow:
    """Add tags to a task and take others away; what the body does not name stays, whoever put it there."""
    # Spec: features/tags.md#TAG-005
    task = await work.tasks.get(task_id)
    # It names no field as a whole, so that a merge overlaps with nothing.
    await safe_writes.settle(work, work.tasks, (task, task), named=(), expected=expected)
    if len(await work.tags.living(body.add)) < len({*body.add}):
        raise safe_writes.missing("add", "tag")
    tag_ids = tuple(sorted({*task.tag_ids, *body.add} - {*body.remove}))
    if len(tag_ids) > MOST_TAGS:
        raise invalid_field("add", f"must not give the task more than {MOST_TAGS} tags")
    return await task_writes.change(work, (task, task._replace(tag_ids=tag_ids)), Stamp(Action.UPDATED, now))


async def move(work: UnitOfWork, task_id: UUID, body: Move, *, now: datetime, expected: Expected) -> TaskRow:
    """Put a task right before or right after another one in the manual order.

    Raises:
        Invalid: The other one is not there, or is the task itself.
        NoRoom: The place is used up.
    """
    # Spec: features/ordering.md#ORDER-001
    task = await work.tasks.get(task_id)
    expected.require(task.version)
    position = await position_at(work.tasks, task, body)
    return await task_writes.change(work, (task, task._replace(position=position)), Stamp(Action.MOVED, now))


async def set_completion(
    work: UnitOfWork, task_id: UUID, body: Completion, *, now: datetime, expected: Expected
) -> TaskRow:
    """Complete a task, or reopen it; one that is so already stays as it is, and so do its subtasks."""
    # Spec: features/tasks.md#TASK-009 features/tasks.md#TASK-010 features/subtasks.md#SUB-003
    task = await work.tasks.get(task_id)
    wanted = _completed(task, completed=body.completed, now=now)
    await safe_writes.settle(work, work.tasks, (task, wanted), named=("completed",), expected=expected)
    return await _write(work, task, wanted, now=now)


async def delete(work: UnitOfWork, task_id: UUID, *, now: datetime, expected: Expected) -> None:
    """Move a task to the trash, with its subtasks."""
    # Spec: features/tasks.md#TASK-011 features/subtasks.md#SUB-004
    living = await work.tasks.living_subtree(task_id)
    expected.require(living[0].version)
    # Subtasks first, so that undoing change after change, the last one first, restores parents before their subtasks.
    pairs = [(row, row._replace(deleted_at=now)) for row in reversed(living)]
    await task_writes.change_each(work, pairs, Stamp(Action.DELETED, now))


def _new(body: TaskCreate, *, now: datetime) -> TaskRow:
    task_id = body.id or uuid7()
    return TaskRow(
        id=task_id,
        **columns(body),
        completed_at=now if body.completed else None,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
        position=initial(now, task_id),
    )


def _with(task: TaskRow, body: TaskUpdate | TaskReplace, *, now: datetime) -> TaskRow:
    """Return a task with the content of a body."""
    wanted = task._replace(**columns(body))
    return wanted if body.completed is MISSING else _completed(wanted, completed=body.completed, now=now)


def _completed(task: TaskRow, *, completed: bool, now: datetime) -> TaskRow:
    """Return a task that is done, or not; where it is so already, its moment stays."""
    if completed == task.completed:
        return task
    return task._replace(completed_at=now if completed else None)


async def _write(work: UnitOfWork, task: TaskRow, wanted: TaskRow, *, now: datetime) -> TaskRow:
    if wanted.references != task.references:
        await task_references.check(work, wanted, before=task)
    action = Action.UPDATED
    if wanted.completed != task.completed:
        action = Action.COMPLETED if wanted.completed else Action.REOPENED
    return await task_writes.change(work, (task, wanted), Stamp(action, now))


def columns(body: TaskContent | TaskUpdate) -> dict[str, Any]:
    """Return the columns that a body writes, but for the completion."""
    values = body.model_dump(include=_WRITTEN)
    if "tag_ids" in values:
        values["tag_ids"] = tuple(values["tag_ids"])
    if "due" in values:
        given = values.pop("due")
        due = None if given is None else Due(**given)
        day, wall_clock, zone = due or (None, None, None)
        values |= {
            "due_date": day,
            "due_time": wall_clock,
            "due_timezone": zone,
            "due_at": due and instant(due),
        }
    return values
