"""What undoing a change of a task puts back, and what it may not.

Which change can be undone at all is decided for every kind alike.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.domain.changes import Stamp, discards, restores
from app.domain.errors import Conflict, Invalid
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.task import TaskUpdate
from app.services import task_references, task_writes, tasks, trash

Fields = Mapping[str, Any]


async def undo(work: UnitOfWork, task: TaskRow, before: Fields | None, *, stamp: Stamp) -> None:
    """Put back what a change of a task has written, given its fields before.

    What was created or restored goes to the trash.
    """
    given = before or {}
    if discards(before):
        wanted = task._replace(deleted_at=stamp.now, **await _dropped(work, task, given))
    else:
        wanted = await _as_it_was(work, task, given)
    await task_writes.change(work, (task, wanted), stamp)


async def _dropped(work: UnitOfWork, task: TaskRow, before: Fields) -> dict[str, Any]:
    """Return what a restoration took from a task, as far as it is still there, be it in the trash."""
    # Spec: features/undo.md#UNDO-003
    dropped: dict[str, Any] = {}
    if before.get("category_id"):
        dropped["category_id"] = next(iter(await work.categories.there([UUID(before["category_id"])])), None)
    if "tag_ids" in before:
        dropped["tag_ids"] = tuple(sorted(await work.tags.there(map(UUID, before["tag_ids"]))))
    if before.get("parent_id"):
        above = await work.tasks.ancestry(UUID(before["parent_id"]))
        dropped["parent_id"] = above[0] if above and task.id not in above else None
    return dropped


async def _as_it_was(work: UnitOfWork, task: TaskRow, before: Fields) -> TaskRow:
    """Return a task with these fields as they were.

    Raises:
        Conflict: What it would refer to is not there, or is not allowed any more.
    """
    # Spec: features/undo.md#UNDO-002
    content = {name: before[name] for name in before if name in TaskUpdate.model_fields}
    values = {name: before[name] for name in ("position", "deleted_at") if name in before}
    if "completed_at" in before:
        values["completed_at"] = before["completed_at"] and datetime.fromisoformat(before["completed_at"])
    try:
        written = tasks.columns(TaskUpdate.model_validate(content))
        wanted = task._replace(**written, **values)
        if not restores(before):
            await task_references.check(work, wanted, before=task)
    except (Invalid, ValidationError) as error:
        # Spec: features/undo.md#UNDO-006
        raise Conflict("What it would go back to is not there or not allowed any more.") from error
    if not restores(before):
        return wanted
    # Spec: features/undo.md#UNDO-004
    [living] = await trash.living_references(work, [wanted])
    return wanted._replace(**living)
