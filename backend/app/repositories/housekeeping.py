"""What has been kept too long, in PostgreSQL: who has any, under a role that sees nothing else, and what one person has."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, select, tuple_, union

from app.database.connection import Session
from app.database.statements import Statement
from app.models.idempotency_key import IdempotencyKey
from app.models.naming import table_of
from app.repositories.kinds import KINDS
from app.repositories.owned import Owned
from app.repositories.owner import OwnerScoped, mine
from app.repositories.recorded_statements import Row

_KEY = table_of(IdempotencyKey)
_BEGINNING = (datetime.min.replace(tzinfo=UTC), UUID(int=0))


def _old(kind: type[Owned[Any]]) -> Statement:
    table, held = kind.statements.table, kind.held_by
    key = (table.c.deleted_at, table.c.id)
    later = tuple_(*key) > tuple_(bindparam("after"), bindparam("after_id"))
    old = select(*kind.statements.columns).where(mine(table), table.c.deleted_at < bindparam("before"), later)
    old = old if held is None else old.where(~held)
    return Statement(old.order_by(*key).limit(bindparam("rows")))


def _owners() -> Iterator[Select[Any]]:
    """Build, for each table, who has something that is too old and comes after a person."""
    moments = [(kind.statements.table, "deleted_at") for kind in KINDS]
    for table, moment in [*moments, (_KEY, "created_at")]:
        yield select(table.c.user_id).where(table.c.user_id > bindparam("after"), table.c[moment] < bindparam(f"{moment}_before"))


_OLD = {kind.entity: _old(kind) for kind in KINDS}
_OWNERS = Statement(union(*_owners()).order_by("user_id").limit(bindparam("rows")))
_FORGOTTEN = (mine(_KEY), _KEY.c.created_at < bindparam("before"))
_FORGET = Statement(
    delete(_KEY)
    .where(mine(_KEY), _KEY.c.key.in_(select(_KEY.c.key).where(*_FORGOTTEN).limit(bindparam("rows"))))
    .returning(_KEY.c.created_at)
)


class Survey:
    """Everybody, by nothing but what is too old.

    Args:
        session: Where statements run, under the worker's role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def owners(self, *, after: str, limit: int, deleted: datetime, kept: datetime) -> Sequence[str]:
        """Return, in order, who comes after a person and has something deleted, or an answer kept, before these moments."""
        # Spec: features/trash.md#TRASH-010
        moments = {"deleted_at_before": deleted, "created_at_before": kept}
        return [record["user_id"] for record in await self._session.fetch(_OWNERS, after=after, rows=limit, **moments)]


class Leftovers(OwnerScoped):
    """What one person has had for too long."""

    async def rows(self, kind: Owned[Row], *, before: datetime, limit: int, after: Row | None = None) -> Sequence[Row]:
        """Return rows of a kind that were deleted before a moment and that nothing holds, the oldest first, or those after one of them."""
        moment, after_id = _BEGINNING if after is None else (after.deleted_at, after.id)
        values = {"before": before, "after": moment, "after_id": after_id, "rows": limit}
        records = await self._fetch(_OLD[kind.entity], **values)
        return [kind.statements.row(record) for record in records]

    async def forget_answers(self, *, before: datetime, limit: int) -> int:
        """Remove kept answers from before a moment, and return how many."""
        return len(await self._fetch(_FORGET, before=before, rows=limit))
