"""A person's change sequence, for reading; it is written by the repositories of what changes."""

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


class Changes(Belonging):
    """The changes of one person."""

    async def list(self, *, after: int, limit: int) -> list[ChangeRow]:
        """List the changes after a number, in their order."""
        # Spec: features/changes.md#CHANGE-003 features/changes.md#CHANGE-004
        records = await self._session.fetch(_AFTER, user_id=self._origin.user_id, seq=after, rows=limit)
        return [ChangeRow(*record) for record in records]
