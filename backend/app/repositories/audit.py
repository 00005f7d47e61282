"""What administrators have done, for reading: the change sequence of administration, with who acted."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from app.database.statements import Statement
from app.models.change import AuditRow, Change
from app.models.naming import table_of
from app.repositories.owner import OwnerScoped, mine

_TABLE = table_of(Change)
_AFTER = Statement(
    select(*(_TABLE.c[name] for name in AuditRow._fields))
    .where(mine(_TABLE), _TABLE.c.seq > bindparam("seq"))
    .order_by(_TABLE.c.seq)
    .limit(bindparam("rows"))
)


class Audit(OwnerScoped):
    """The sequence of administration."""

    async def list(self, *, after: int, limit: int) -> Sequence[AuditRow]:
        """List the acts after a number, in their order."""
        # Spec: features/administration.md#ADMIN-010
        records = await self._fetch(_AFTER, seq=after, rows=limit)
        return [AuditRow(*record) for record in records]
