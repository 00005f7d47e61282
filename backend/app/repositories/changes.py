"""A person's change sequence, for reading; it is written by the repositories of what changes."""

from uuid import UUID

import orjson
from sqlalchemy import bindparam, select

from app.database.statements import Statement
from app.models.change import Change, ChangeRow
from app.repositories.belonging import Belonging
from app.repositories.owned import table_of

_TABLE = table_of(Change)
_COLUMNS = [_TABLE.c[name] for name in ChangeRow._fields]
_AFTER = Statement(
    select(*_COLUMNS)
    .where(_TABLE.c.user_id == bindparam("user_id"), _TABLE.c.seq > bindparam("seq"))
    .order_by(_TABLE.c.seq)
    .limit(bindparam("rows"))
)
_CREATION = Statement(
    select(_TABLE.c.after).where(
        _TABLE.c.user_id == bindparam("user_id"),
        _TABLE.c.entity == bindparam("entity"),
        _TABLE.c.entity_id == bindparam("entity_id"),
        _TABLE.c.version == 1,
    )
)


class Changes(Belonging):
    """The changes of one person."""

    async def list(self, *, after: int, limit: int) -> list[ChangeRow]:
        """List the changes after a number, in their order."""
        # Spec: features/changes.md#CHANGE-003 features/changes.md#CHANGE-004
        records = await self._session.fetch(_AFTER, user_id=self._origin.user_id, seq=after, rows=limit)
        rows = [ChangeRow(*record) for record in records]
        return [row._replace(before=_document(row.before), after=_document(row.after)) for row in rows]

    async def find_creation(self, entity: str, entity_id: UUID) -> dict[str, object] | None:
        """Return the content with which something was created, or None if it never was."""
        record = await self._session.fetch_row(_CREATION, user_id=self._origin.user_id, entity=entity, entity_id=entity_id)
        return None if record is None else _document(record["after"])


def _document(text: object) -> dict[str, object] | None:
    return None if text is None else orjson.loads(str(text))
