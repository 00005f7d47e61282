"""What a person can do with tasks. Each function refuses first, then changes, then returns the row; it commits nothing itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.changes import Action
from app.domain.errors import IdTaken
from app.domain.paging import COUNTED, Slice
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.task import TaskCreate, TaskReplace, TaskUpdate


async def create(work: UnitOfWork, body: TaskCreate, *, now: datetime) -> TaskRow:
    """Add a task; the same id again with the same content gives the task that is there.

    Raises:
        IdTaken: The id belongs to a task that was created with other content.
    """
    # Spec: features/tasks.md#TASK-001 features/safe-writes.md#SAFE-001 features/safe-writes.md#SAFE-005 features/isolation.md#ISO-005
    row = _new(body, now=now)
    if body.id is not None and (created := await work.tasks.find_creation(body.id)) is not None:
        return await _again(work, row, created=created)
    return await work.tasks.add(row, now=now)


async def browse(work: UnitOfWork, asked: Slice) -> dict[str, Any]:
    """List the living tasks, newest first, with what a client needs to go on; each item is the text of its JSON."""
    found = await work.tasks.list(asked)
    exact = asked.exact or found.total <= COUNTED
    return {
        "items": found.items,
        "total": found.total if exact else COUNTED,
        "total_exact": exact,
        "limit": asked.limit,
        "offset": asked.offset,
        "has_more": found.last is not None,
        "next_cursor": None if found.last is None else asked.mark(found.last),
    }


async def read(work: UnitOfWork, task_id: UUID) -> TaskRow:
    """Return a living task."""
    # Spec: features/tasks.md#TASK-007
    return await work.tasks.get(task_id)


async def replace(work: UnitOfWork, task_id: UUID, body: TaskReplace, *, now: datetime) -> TaskRow:
    """Replace the whole content of a task."""
    # Spec: features/tasks.md#TASK-008
    return await _write(work, task_id, body.model_dump(), now=now)


async def update(work: UnitOfWork, task_id: UUID, body: TaskUpdate, *, now: datetime) -> TaskRow:
    """Change the named fields of a task and leave the others."""
    # Spec: features/safe-writes.md#SAFE-002
    return await _write(work, task_id, body.model_dump(), now=now)


async def set_completion(work: UnitOfWork, task_id: UUID, *, completed: bool, now: datetime) -> TaskRow:
    """Complete a task, or reopen it; one that is so already stays as it is."""
    # Spec: features/tasks.md#TASK-009 features/tasks.md#TASK-010
    task = await work.tasks.get(task_id)
    if task.completed == completed:
        return task
    action = Action.COMPLETED if completed else Action.REOPENED
    return await work.tasks.change(task, action=action, now=now, completed_at=now if completed else None)


async def delete(work: UnitOfWork, task_id: UUID, *, now: datetime) -> None:
    """Move a task to the trash."""
    # Spec: features/tasks.md#TASK-011
    task = await work.tasks.get(task_id)
    await work.tasks.change(task, action=Action.DELETED, now=now, deleted_at=now)


def _new(body: TaskCreate, *, now: datetime) -> TaskRow:
    return TaskRow(
        id=body.id or uuid7(),
        **_columns(body.model_dump()),
        completed_at=now if body.completed else None,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
    )


async def _again(work: UnitOfWork, row: TaskRow, *, created: dict[str, Any]) -> TaskRow:
    content, task = row.document(), await work.tasks.find_any(row.id)
    if task is None or any(content[name] != created[name] for name in TaskReplace.model_fields):
        raise IdTaken("The id belongs to a task with other content.")
    return task


async def _write(work: UnitOfWork, task_id: UUID, content: dict[str, Any], *, now: datetime) -> TaskRow:
    task = await work.tasks.get(task_id)
    values, action = _columns(content), Action.UPDATED
    if content.get("completed", task.completed) != task.completed:
        action = Action.COMPLETED if content["completed"] else Action.REOPENED
        values["completed_at"] = now if content["completed"] else None
    return await work.tasks.change(task, action=action, now=now, **values)


def _columns(content: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {name: content[name] for name in ("title", "description", "priority") if name in content}
    if "due" in content:
        due = content["due"] or {}
        values |= {"due_date": due.get("date"), "due_time": due.get("time"), "due_timezone": due.get("timezone")}
    return values
