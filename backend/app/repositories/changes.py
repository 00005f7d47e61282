"""A person's change sequence, for reading; it is written by the repositories of what changes."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, func, literal_column, select

from app.database.statements import Statement
from app.domain.changes import Action
from app.domain.errors import NotFound
from app.models.change import Change, ChangeRow
from app.repositories.belonging import Belonging
from app.repositories.owned_statements import table_of

_TABLE = table_of(Change)
_COLUMNS = [_TABLE.c[name] for name in ChangeRow._fields]
_AFTER = Statement(
    select(*_COLUMNS)
    .where(_TABLE.c.user_id == bindparam("user_id"), _TABLE.c.seq > bindparam("seq"))
    .order_by(_TABLE.c.seq)
    .limit(bindparam("rows"))
)
_ONE = Statement(select(*_COLUMNS).where(_TABLE.c.user_id == bindparam("user_id"), _TABLE.c.seq == bindparam("seq")))
_OF_VERSION = Statement(
    select(*_COLUMNS).where(
        _TABLE.c.user_id == bindparam("user_id"),
        _TABLE.c.entity == bindparam("entity"),
        _TABLE.c.entity_id == bindparam("entity_id"),
        _TABLE.c.version == bindparam("version"),
    )
)
_LATER = (
    select(_TABLE.c.seq, _TABLE.c.action, func.jsonb_object_keys(_TABLE.c.after).label("field"))
    .where(
        _TABLE.c.user_id == bindparam("user_id"),
        _TABLE.c.entity == bindparam("entity"),
        _TABLE.c.entity_id == bindparam("entity_id"),
        _TABLE.c.version > bindparam("version"),
    )
    .subquery()
)
_TOUCHED = Statement(select(_LATER.c.field, func.max(_LATER.c.seq)).group_by(_LATER.c.field))


def _touches() -> Statement:
    """Build the list of the fields that later changes have written, with whether as many of those as were not undoings were undone."""
    undoing = _LATER.c.action == literal_column(f"'{Action.REVERTED.value}'")
    undone = func.count().filter(undoing) >= func.count().filter(~undoing)
    taken_back = and_(undone, func.max(_LATER.c.seq).filter(undoing) == func.max(_LATER.c.seq))
    return Statement(select(_LATER.c.field, func.max(_LATER.c.seq), taken_back).group_by(_LATER.c.field))


_TOUCHES = _touches()


class Touch(NamedTuple):
    """The last later change that wrote a field, and whether that was the undoing of all that others have written there."""

    seq: int
    taken_back: bool


class Changes(Belonging):
    """The changes of one person."""

    async def get(self, seq: int) -> ChangeRow:
        """Return the change with a number.

        Raises:
            NotFound: There is none.
        """
        # Spec: features/undo.md#UNDO-008
        return self._found(await self._session.fetch_row(_ONE, user_id=self._origin.user_id, seq=seq))

    async def of_version(self, entity: str, entity_id: UUID, *, version: int) -> ChangeRow:
        """Return the change that gave an entity this version.

        Raises:
            NotFound: There is none.
        """
        values = {"entity": entity, "entity_id": entity_id, "version": version}
        return self._found(await self._session.fetch_row(_OF_VERSION, user_id=self._origin.user_id, **values))

    async def touched(self, entity: str, entity_id: UUID, *, after: int) -> dict[str, int]:
        """Return the fields that were written after a version, each with the number of the last change that did."""
        # Spec: features/safe-writes.md#SAFE-010
        records = await self._session.fetch(_TOUCHED, user_id=self._origin.user_id, entity=entity, entity_id=entity_id, version=after)
        return {record[0]: record[1] for record in records}

    async def touches(self, entity: str, entity_id: UUID, *, after: int) -> dict[str, Touch]:
        """Return the fields that were written after a version, and what has become of that."""
        # Spec: features/undo.md#UNDO-005
        records = await self._session.fetch(_TOUCHES, user_id=self._origin.user_id, entity=entity, entity_id=entity_id, version=after)
        return {record[0]: Touch(record[1], record[2]) for record in records}

    async def list(self, *, after: int, limit: int) -> list[ChangeRow]:
        """List the changes after a number, in their order."""
        # Spec: features/changes.md#CHANGE-003 features/changes.md#CHANGE-004
        records = await self._session.fetch(_AFTER, user_id=self._origin.user_id, seq=after, rows=limit)
        return [ChangeRow(*record) for record in records]

    def _found(self, record: Any) -> ChangeRow:
        if record is None:
            raise NotFound("There is no such change.")
        return ChangeRow(*record)
