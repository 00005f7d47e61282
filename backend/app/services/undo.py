"""Undoing one change: what it has written is put back, as a change of its own.

It writes over nothing that was written since.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import orjson

from app.domain.callers import Caller
from app.domain.changes import Action, Stamp, discards, restores, standing_writes
from app.domain.errors import Conflict, EditConflict
from app.domain.faults import FieldConflict
from app.domain.preconditions import Expected
from app.models.account import ENTITY
from app.models.change import ChangeRow
from app.models.comment import CommentRow
from app.models.personal_token import PersonalTokenRow
from app.repositories.personal_tokens import PersonalTokens
from app.repositories.recorded import Recorded
from app.repositories.tags import Tags
from app.repositories.tasks import Tasks
from app.repositories.unit_of_work import UnitOfWork
from app.services import comments, personal_tokens, tags, task_undo

Fields = Mapping[str, Any]


class Undo(Protocol):
    """What a kind does to undo a change of a row, given the fields before it; None for a creation."""

    async def __call__(self, work: UnitOfWork, row: Any, before: Fields | None, /, *, stamp: Stamp) -> None:
        """Write the row as it is to be, or refuse."""


# What is more than putting the fields back is said beside the service of the kind.
_UNDO: Mapping[str, Undo] = {
    Tasks.entity: task_undo.undo,
    Tags.entity: tags.undo,
    PersonalTokens.entity: personal_tokens.undo,
}


async def revert(
    work: UnitOfWork, seq: int, *, caller: Caller, now: datetime, expected: Expected
) -> ChangeRow:
    """Undo a change, and return the change that does so.

    Raises:
        NotFound: There is no such change.
        Forbidden: It is of a personal token, which the caller may not change.
        Stale: The entity has another version than the caller has seen.
        EditConflict: A field that it has written was written since.
        Conflict: There is nothing to undo, or it cannot be undone, or others have built upon it.
    """
    # Spec: features/undo.md#UNDO-001 features/undo.md#UNDO-009
    change = await work.changes.get(seq)
    if change.entity == ENTITY:
        # Spec: features/users.md#USER-055
        raise Conflict("A change of the profile is not undone by its number; write the profile again.")
    if change.entity == PersonalTokens.entity:
        personal_tokens.require_manager(caller, change.entity_id)
    rows = work.of_entity(change.entity)
    if (row := await rows.find_any(change.entity_id)) is None:
        # Spec: features/undo.md#UNDO-007
        raise Conflict("It is purged, and nothing of what is purged can be undone.")
    expected.require(row.version)
    before = None if change.before is None else orjson.loads(change.before)
    await _refuse(work, change, row, before=before)
    stamp = Stamp(Action.REVERTED, now, reverts=seq)
    if isinstance(rows, Recorded) and change.entity not in _UNDO:
        await rows.put_back(row, before, stamp)
    else:
        await _UNDO[change.entity](work, row, before, stamp=stamp)
    return await work.changes.of_version(change.entity, row.id, version=row.version + 1)


async def _refuse(work: UnitOfWork, change: ChangeRow, row: Any, *, before: Fields | None) -> None:
    """Refuse what would write over later changes, or would write nothing."""
    if isinstance(row, PersonalTokenRow):
        personal_tokens.refuse_undo(row)
    if row.deleted_at is not None and not restores(before):
        # Spec: features/undo.md#UNDO-006
        raise Conflict("It is in the trash; restore it first.")
    if isinstance(row, CommentRow):
        await comments.refuse_undo(work, row)
    # As the record says values, so that they can be compared.
    current = orjson.loads(orjson.dumps(row.document(), option=orjson.OPT_UTC_Z))
    if before is not None and before.items() <= current.items():
        # Spec: features/undo.md#UNDO-005
        raise Conflict("There is nothing to undo: everything is as it was before.")
    await _refuse_touched(work, change, current, before=before)
    if discards(before) and await work.of_entity(change.entity).is_used(row.id):
        # Spec: features/undo.md#UNDO-003
        raise Conflict("Living tasks stand below it or refer to it; undo or delete that first.")


async def _refuse_touched(
    work: UnitOfWork, change: ChangeRow, current: Fields, *, before: Fields | None
) -> None:
    """Refuse if others have written the same fields, and that was not undone again."""
    # Spec: features/undo.md#UNDO-005
    after = orjson.loads(change.after or "{}")
    given = {name: after.get(name) for name in current} if before is None else before
    later = await work.changes.writes_since(change.entity, change.entity_id, version=change.version)
    standing = standing_writes(later)
    if names := [name for name in sorted(standing) if name in given]:
        conflicts = tuple(FieldConflict(name, current[name], given[name], standing[name]) for name in names)
        raise EditConflict(f"It was written since: {', '.join(names)}.", conflicts=conflicts)
