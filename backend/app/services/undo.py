"""Undoing one change: what it has written is put back, as a change of its own. It writes over nothing that was written since."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from app.domain.changes import Action, standing_writes
from app.domain.errors import Conflict, EditConflict, FieldConflict, Invalid
from app.domain.fields import folded
from app.domain.preconditions import Expected
from app.models.category import CategoryRow
from app.models.change import ChangeRow
from app.models.comment import CommentRow
from app.models.tag import TagRow
from app.models.task import TaskRow
from app.repositories.owned import Owned
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.task import TaskUpdate
from app.services import task_references, tasks, trash

Fields = Mapping[str, Any]


async def revert(work: UnitOfWork, seq: int, *, now: datetime, expected: Expected) -> ChangeRow:
    """Undo a change, and return the change that does so.

    Raises:
        NotFound: There is no such change.
        Stale: The entity has another version than the caller has seen.
        EditConflict: A field that it has written was written since.
        Conflict: There is nothing to undo, or it cannot be undone, or others have built upon it.
    """
    # Spec: features/undo.md#UNDO-001 features/undo.md#UNDO-009
    change = await work.changes.get(seq)
    entities = _entities(work, change.entity)
    row = await entities.find_any(change.entity_id)
    if row is None:
        # Spec: features/undo.md#UNDO-007
        raise Conflict("It is purged, and nothing of what is purged can be undone.")
    expected.require(row.version)
    before = None if change.before is None else orjson.loads(change.before)
    await _refuse(work, change, row, before=before)
    if _discards(before):
        values = {"deleted_at": now} | await _dropped(work, row, before or {})
    else:
        values = await _columns(work, row, before or {})
    await entities.change(row, action=Action.REVERTED, now=now, reverts=seq, **values)
    return await work.changes.of_version(change.entity, row.id, version=row.version + 1)


def _entities(work: UnitOfWork, entity: str) -> Owned[Any]:
    every: tuple[Owned[Any], ...] = (work.tasks, work.categories, work.tags, work.comments, work.saved_filters)
    return next(entities for entities in every if entities.entity == entity)


async def _refuse(work: UnitOfWork, change: ChangeRow, row: Any, *, before: Fields | None) -> None:
    """Refuse what would write over later changes, or would write nothing."""
    if row.deleted_at is not None and not _restores(before):
        # Spec: features/undo.md#UNDO-006
        raise Conflict("It is in the trash; restore it first.")
    if isinstance(row, CommentRow) and await work.tasks.find(row.task_id) is None:
        raise Conflict("Its task is in the trash; restore that first.")
    # As the record says values, so that they can be compared.
    current = orjson.loads(orjson.dumps(row.document(), option=orjson.OPT_UTC_Z))
    if before is not None and before.items() <= current.items():
        # Spec: features/undo.md#UNDO-005
        raise Conflict("There is nothing to undo: everything is as it was before.")
    await _refuse_touched(work, change, current, before=before)
    if _discards(before) and await _is_in_use(work, row):
        # Spec: features/undo.md#UNDO-003
        raise Conflict("Living tasks stand below it or refer to it; undo or delete that first.")


async def _refuse_touched(work: UnitOfWork, change: ChangeRow, current: Fields, *, before: Fields | None) -> None:
    """Refuse if others have written the same fields, and that was not undone again."""
    # Spec: features/undo.md#UNDO-005
    after = orjson.loads(change.after or "{}")
    given = {name: after.get(name) for name in current} if before is None else before
    later = await work.changes.writes_since(change.entity, change.entity_id, version=change.version)
    standing = standing_writes(later)
    if names := [name for name in sorted(standing) if name in given]:
        conflicts = tuple(FieldConflict(name, current[name], given[name], standing[name]) for name in names)
        raise EditConflict(f"It was written since: {', '.join(names)}.", conflicts=conflicts)


def _discards(before: Fields | None) -> bool:
    """Tell whether undoing moves to the trash, which is where what was created or restored came from."""
    return before is None or before.get("deleted_at") is not None


def _restores(before: Fields | None) -> bool:
    return before is not None and "deleted_at" in before and before["deleted_at"] is None


async def _is_in_use(work: UnitOfWork, row: Any) -> bool:
    """Tell whether living tasks stand below it or refer to it."""
    if isinstance(row, TaskRow):
        return len(await work.tasks.living_subtree(row.id)) > 1
    if isinstance(row, CategoryRow):
        return bool(await work.categories.tasks(row.id))
    return isinstance(row, TagRow) and bool(await work.tags.tasks(row.id))


async def _dropped(work: UnitOfWork, row: Any, before: Fields) -> dict[str, Any]:
    """Return what a restoration took from a task, as far as it is still there, be it in the trash."""
    # Spec: features/undo.md#UNDO-003
    if not isinstance(row, TaskRow):
        return {}
    dropped: dict[str, Any] = {}
    if before.get("category_id"):
        dropped["category_id"] = next(iter(await work.trash.there(work.categories, [UUID(before["category_id"])])), None)
    if "tag_ids" in before:
        dropped["tag_ids"] = tuple(sorted(await work.trash.there(work.tags, map(UUID, before["tag_ids"]))))
    if before.get("parent_id"):
        above = await work.tasks.ancestry(UUID(before["parent_id"]))
        dropped["parent_id"] = above[0] if above and row.id not in above else None
    return dropped


async def _columns(work: UnitOfWork, row: Any, before: Fields) -> dict[str, Any]:
    """Return the columns to write so that these fields are as they were."""
    # Spec: features/undo.md#UNDO-002
    if isinstance(row, TaskRow):
        return await _columns_of_task(work, row, before)
    if isinstance(row, TagRow) and "name" in before:
        return {**before, "folded_name": folded(before["name"])}
    return dict(before)


async def _columns_of_task(work: UnitOfWork, task: TaskRow, before: Fields) -> dict[str, Any]:
    content = {name: before[name] for name in before if name in TaskUpdate.model_fields}
    try:
        content = TaskUpdate.model_validate(content).model_dump()
        if not _restores(before):
            await task_references.check(work, content, task_id=task.id)
    except (Invalid, ValidationError) as error:
        # Spec: features/undo.md#UNDO-006
        raise Conflict("What it would go back to is not there or not allowed any more.") from error
    values = tasks.columns(content) | {name: before[name] for name in ("position", "deleted_at") if name in before}
    if "completed_at" in before:
        values["completed_at"] = before["completed_at"] and datetime.fromisoformat(before["completed_at"])
    if _restores(before):
        # Spec: features/undo.md#UNDO-004
        [living] = await trash.living_references(work, [task._replace(**values)])
        values |= living
    return values
