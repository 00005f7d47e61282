"""Undoing one change: what it has written is put back, as a change of its own. It writes over nothing that was written since."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from app.domain.changes import Action
from app.domain.errors import Conflict, Invalid
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
from app.services import references, rows, tasks, trash

Fields = Mapping[str, Any]


async def revert(work: UnitOfWork, seq: int, *, now: datetime, expected: Expected) -> ChangeRow:
    """Undo a change, and return the change that does so.

    Raises:
        NotFound: There is no such change.
        Stale: The entity has another version than the caller has seen.
        EditConflict: A field that it has written was written otherwise since.
        Conflict: There is nothing to undo, or it cannot be undone.
    """
    # Spec: features/undo.md#UNDO-001
    change = await work.changes.get(seq)
    entities = _entities(work, change.entity)
    row = await entities.find_any(change.entity_id)
    if row is None:
        # Spec: features/undo.md#UNDO-007
        raise Conflict("It is purged, and nothing of what is purged can be undone.")
    expected.require(row.version)
    before = None if change.before is None else orjson.loads(change.before)
    await _refuse(work, change, row, before=before)
    if before is None or before.get("deleted_at") is not None:
        await _discard(work, entities, row, now=now)
    else:
        values = await _columns(work, row, before)
        await entities.change(row, action=Action.REVERTED, now=now, **values)
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
    after = orjson.loads(change.after or "{}")
    # Spec: features/undo.md#UNDO-003 features/undo.md#UNDO-005
    if before is None:
        given = {name: after.get(name) for name in current}
    elif before.items() <= current.items():
        raise Conflict("There is nothing to undo: everything is as it was before.")
    else:
        given = current | before
    touched = await work.changes.touched(change.entity, row.id, after=change.version)
    # What has the value that the change gave it was left alone, or has come back to that.
    others = [name for name in touched if name in given and current[name] != after.get(name)]
    rows.refuse_overlaps(current, given, touched=touched, named=others)


def _restores(before: Fields | None) -> bool:
    return before is not None and "deleted_at" in before and before["deleted_at"] is None


async def _discard(work: UnitOfWork, entities: Owned[Any], row: Any, *, now: datetime) -> None:
    """Move what was created or restored to the trash, and do to what refers to it what deleting does."""
    # Spec: features/undo.md#UNDO-003
    if isinstance(row, TaskRow):
        below = (await work.tasks.living_subtree(row.id))[1:]
        await work.tasks.change_each([(task, {"deleted_at": now}) for task in below], action=Action.DELETED, now=now)
    if isinstance(row, CategoryRow):
        kept = await work.categories.tasks(row.id)
        await work.tasks.change_each([(task, {"category_id": None}) for task in kept], action=Action.UPDATED, now=now)
    if isinstance(row, TagRow):
        without = [(task, {"tag_ids": tuple(tag for tag in task.tag_ids if tag != row.id)}) for task in await work.tags.tasks(row.id)]
        await work.tasks.change_each(without, action=Action.UPDATED, now=now)
    await entities.change(row, action=Action.REVERTED, now=now, deleted_at=now)


async def _columns(work: UnitOfWork, row: Any, before: Fields) -> dict[str, Any]:
    """Return the columns to write so that these fields are as they were."""
    # Spec: features/undo.md#UNDO-002
    if isinstance(row, TaskRow):
        return await _columns_of_task(work, row, before)
    if isinstance(row, TagRow) and "name" in before:
        return {**before, "folded_name": folded(before["name"])}
    return dict(before)


async def _columns_of_task(work: UnitOfWork, task: TaskRow, before: Fields) -> dict[str, Any]:
    try:
        content = TaskUpdate.model_validate({name: before[name] for name in before if name in TaskUpdate.model_fields}).model_dump()
        await references.check(work, content, task_id=task.id)
    except (Invalid, ValidationError) as error:
        # Spec: features/undo.md#UNDO-006
        raise Conflict("What it would go back to is not there or not allowed any more.") from error
    values = tasks.columns(content) | {name: before[name] for name in ("position", "deleted_at") if name in before}
    if "completed_at" in before:
        values["completed_at"] = before["completed_at"] and datetime.fromisoformat(before["completed_at"])
    if _restores(before):
        # Spec: features/undo.md#UNDO-004
        [living] = await trash.living_references(work, [task])
        values |= living
    return values
