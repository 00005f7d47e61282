"""A person's change sequence, for reading; it is written by the repositories of what changes."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from sqlalchemy import bindparam, func, select

from app.database.statements import Statement
from app.domain.changes import Write
from app.domain.errors import NotFound
from app.models.change import Change, ChangeRow
from app.models.naming import table_of
from app.repositories.owner import OwnerScoped, mine

_TABLE = table_of(Change)
_COLUMNS = [_TABLE.c[name] for name in ChangeRow._fields]
_AFTER = Statement(
    select(*_COLUMNS)
    .where(mine(_TABLE), _TABLE.c.seq > bindparam("seq"))
    .order_by(_TABLE.c.seq)
    .limit(bindparam("rows"))
)
_ONE = Statement(select(*_COLUMNS).where(mine(_TABLE), _TABLE.c.seq == bindparam("seq")))
_OF_VERSION = Statement(
    select(*_COLUMNS).where(
        mine(_TABLE),
        _TABLE.c.entity == bindparam("entity"),
        _TABLE.c.entity_id == bindparam("entity_id"),
        _TABLE.c.version == bindparam("version"),
    )
)
_FIELDS = func.array(select(func.jsonb_object_keys(_TABLE.c.after)).correlate(_TABLE).scalar_subquery())
_SINCE = Statement(
    select(_TABLE.c.seq, _TABLE.c.reverts, _FIELDS)
    .where(
        mine(_TABLE),
        _TABLE.c.entity == bindparam("entity"),
        _TABLE.c.entity_id == bindparam("entity_id"),
        _TABLE.c.version > bindparam("version"),
    )
    .order_by(_TABLE.c.seq)
)


class Changes(OwnerScoped):
    """The changes of one person."""

    async def get(self, seq: int) -> ChangeRow:
        """Return the change with a number.

        Raises:
            NotFound: There is none.
        """
        # Spec: features/undo.md#UNDO-008
        return self._found(await self._fetch_row(_ONE, seq=seq))

    async def of_version(self, entity: str, entity_id: UUID, *, version: int) -> ChangeRow:
        """Return the change that gave an entity this version.

        Raises:
            NotFound: There is none.
        """
        values = {"entity": entity, "entity_id": entity_id, "version": version}
        return self._found(await self._fetch_row(_OF_VERSION, **values))

    async def writes_since(self, entity: str, entity_id: UUID | str, *, version: int) -> Sequence[Write]:
        """Return what was written to an entity after it had a version, in order."""
        values = {"entity": entity, "entity_id": entity_id, "version": version}
        records = await self._fetch(_SINCE, **values)
        return [Write(*record) for record in records]

    async def list(self, *, after: int, limit: int) -> list[ChangeRow]:
        """List the changes after a number, in their order."""
        # Spec: features/changes.md#CHANGE-003 features/changes.md#CHANGE-004
        records = await self._fetch(_AFTER, seq=after, rows=limit)
        return [ChangeRow(*record) for record in records]

    def _found(self, record: asyncpg.Record | None) -> ChangeRow:
        if record is None:
            raise NotFound("There is no such change.")
        return ChangeRow(*record)
