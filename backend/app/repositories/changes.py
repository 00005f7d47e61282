"""A person's change sequence, for reading; it is written by the repositories of what changes."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from app.database.statements import Statement
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
    select(_TABLE.c.seq, func.jsonb_object_keys(_TABLE.c.after).label("field"))
    .where(
        _TABLE.c.user_id == bindparam("user_id"),
        _TABLE.c.entity == bindparam("entity"),
        _TABLE.c.entity_id == bindparam("entity_id"),
        _TABLE.c.version > bindparam("version"),
    )
    .subquery()
)
_TOUCHED = Statement(select(_LATER.c.field, func.max(_LATER.c.seq)).group_by(_LATER.c.field))


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

    async def list(self, *, after: int, limit: int) -> list[ChangeRow]:
        """List the changes after a number, in their order."""
        # Spec: features/changes.md#CHANGE-003 features/changes.md#CHANGE-004
        records = await self._session.fetch(_AFTER, user_id=self._origin.user_id, seq=after, rows=limit)
        return [ChangeRow(*record) for record in records]

    def _found(self, record: Any) -> ChangeRow:
        if record is None:
            raise NotFound("There is no such change.")
        return ChangeRow(*record)
