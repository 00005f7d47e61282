"""What a person can do with tasks. Each function refuses first, then changes, then returns the row; it commits nothing itself."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import MISSING
from uuid_utils.compat import uuid7

from app.domain.changes import Action
from app.domain.due import Due, instant
from app.domain.errors import invalid_field
from app.domain.fields import MOST_TAGS
from app.domain.ordering import initial
from app.domain.preconditions import Expected
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.task import Completion, Move, TaskContent, TaskCreate, TaskReplace, TaskTagsChange, TaskUpdate
from app.services import safe_writes, task_references
from app.services.ordering import position_at

_AS_THEY_ARE = ("title", "description", "priority", "start_date", "category_id", "parent_id")


async def create(work: UnitOfWork, body: TaskCreate, *, now: datetime) -> TaskRow:
    """Add a task; the same id again with the same content gives the task that is there.

    Raises:
        IdTaken: The id belongs to a task that was created with other content.
        Invalid: It refers to something that is not there.
    """
    # Spec: features/tasks.md#TASK-001
    content = body.model_dump()
    # What was created before may refer to what has gone since.
    if task_references.are_in(content) and (body.id is None or await work.tasks.find_any(body.id) is None):
        await task_references.check(work, content)
    return await safe_writes.add_once(work.tasks, _new(content, now=now), chosen=body.id, content=TaskContent.model_fields, now=now)


async def read(work: UnitOfWork, task_id: UUID) -> TaskRow:
    """Return a living task."""
    # Spec: features/tasks.md#TASK-007
    return await work.tasks.get(task_id)


async def tree(work: UnitOfWork, task_id: UUID) -> str:
    """Return a living task with its living subtasks, each level in its manual order, as the text of nested JSON objects.

    Raises:
        NotFound: The task is not there, or deleted.
    """
    # Spec: features/subtasks.md#SUB-005
    nodes = await work.tasks.living_tree(task_id)
    children: dict[UUID, list[str]] = defaultdict(list)
    # From the deepest level up, so that every node's children are whole when the node is written.
    for node in reversed(nodes):
        whole = f'{node.body[:-1]},"children":[{",".join(reversed(children.pop(node.id, [])))}]}}'
        children[node.parent_id or task_id].append(whole)
    return whole


async def replace(work: UnitOfWork, task_id: UUID, body: TaskReplace, *, now: datetime, expected: Expected) -> TaskRow:
    """Replace the whole content of a task.

    Raises:
        Invalid: The body has the id of another one, or refers to something that is not there.
    """
    # Spec: features/tasks.md#TASK-008
    task = await work.tasks.get(task_id)
    if body.id not in (MISSING, task_id):
        raise invalid_field("id", "must be that of the address")
    expected.require(task.version)
    return await _write(work, task, body.model_dump(), now=now)


async def update(work: UnitOfWork, task_id: UUID, body: TaskUpdate, *, now: datetime, expected: Expected) -> TaskRow:
    """Change the named fields of a task and leave the others."""
    # Spec: features/safe-writes.md#SAFE-002
    task, content = await work.tasks.get(task_id), body.model_dump()
    wanted = task._replace(**_values(task, content, now=now))
    await safe_writes.settle(work, work.tasks, (task, wanted), named=content, expected=expected)
    return await _write(work, task, content, now=now)


async def change_tags(work: UnitOfWork, task_id: UUID, body: TaskTagsChange, *, now: datetime, expected: Expected) -> TaskRow:
    """Add tags to a task and take others away; what the body does not name stays, whoever put it there."""
    # Spec: features/tags.md#TAG-005
    task = await work.tasks.get(task_id)
    # It names no field as a whole, so that a merge overlaps with nothing.
    await safe_writes.settle(work, work.tasks, (task, task), named=(), expected=expected)
    if body.add and not await work.tags.are_there(body.add):
        raise safe_writes.missing("add", "tag")
    tag_ids = tuple(sorted({*task.tag_ids, *body.add} - {*body.remove}))
    if len(tag_ids) > MOST_TAGS:
        raise invalid_field("add", f"must not give the task more than {MOST_TAGS} tags")
    return await work.tasks.change(task, action=Action.UPDATED, now=now, tag_ids=tag_ids)


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
    return await work.tasks.change(task, action=Action.MOVED, now=now, position=position)


async def set_completion(work: UnitOfWork, task_id: UUID, body: Completion, *, now: datetime, expected: Expected) -> TaskRow:
    """Complete a task, or reopen it; one that is so already stays as it is, and so do its subtasks."""
    # Spec: features/tasks.md#TASK-009 features/tasks.md#TASK-010 features/subtasks.md#SUB-003
    task, content = await work.tasks.get(task_id), body.model_dump()
    wanted = task._replace(**_values(task, content, now=now))
    await safe_writes.settle(work, work.tasks, (task, wanted), named=content, expected=expected)
    return await _write(work, task, content, now=now)


async def delete(work: UnitOfWork, task_id: UUID, *, now: datetime, expected: Expected) -> None:
    """Move a task to the trash, with its subtasks."""
    # Spec: features/tasks.md#TASK-011 features/subtasks.md#SUB-004
    living = await work.tasks.living_subtree(task_id)
    expected.require(living[0].version)
    # Subtasks first, so that who undoes change after change, the last one first, gets parents before what stands below them.
    await work.tasks.change_each([(row, {"deleted_at": now}) for row in reversed(living)], action=Action.DELETED, now=now)


def _new(content: dict[str, Any], *, now: datetime) -> TaskRow:
    task_id = content["id"] or uuid7()
    return TaskRow(
        id=task_id,
        **columns(content),
        completed_at=now if content["completed"] else None,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
        position=initial(now, task_id),
    )


async def _write(work: UnitOfWork, task: TaskRow, content: dict[str, Any], *, now: datetime) -> TaskRow:
    await task_references.check(work, content, task_id=task.id)
    values, action = _values(task, content, now=now), Action.UPDATED
    if "completed_at" in values:
        action = Action.COMPLETED if content["completed"] else Action.REOPENED
    return await work.tasks.change(task, action=action, now=now, **values)


def _values(task: TaskRow, content: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return the columns that content writes; the moment of completion only where that changes."""
    if content.get("completed", task.completed) == task.completed:
        return columns(content)
    return columns(content) | {"completed_at": now if content["completed"] else None}


def columns(content: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that content of a task is kept in, without its completion."""
    values: dict[str, Any] = {name: content[name] for name in _AS_THEY_ARE if name in content}
    if "tag_ids" in content:
        values["tag_ids"] = tuple(content["tag_ids"])
    if "due" in content:
        due = None if content["due"] is None else Due(**content["due"])
        day, wall_clock, zone = due or (None, None, None)
        values |= {"due_date": day, "due_time": wall_clock, "due_timezone": zone, "due_at": due and instant(due)}
    return values
