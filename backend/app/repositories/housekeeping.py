"""What one person has kept for too long, in PostgreSQL.

Who has any is found elsewhere, and what is to be done with it is decided by services.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_
from sqlmodel import SQLModel

from app.database.statements import Statement
from app.models.idempotency_key import IdempotencyKey
from app.models.mail import Invitation, Mail, MailedToken
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


_OLD = {kind.entity: _old(kind) for kind in KINDS}
_FORGOTTEN = (mine(_KEY), _KEY.c.created_at < bindparam("before"))
_FORGET = Statement(
    delete(_KEY)
    .where(mine(_KEY), _KEY.c.key.in_(select(_KEY.c.key).where(*_FORGOTTEN).limit(bindparam("rows"))))
    .returning(_KEY.c.created_at)
)


def _of_mail(model: type[SQLModel], key: str) -> Statement:
    table = table_of(model)
    old = (mine(table), table.c.created_at < bindparam("before"))
    some = select(table.c[key]).where(*old).limit(bindparam("rows"))
    return Statement(delete(table).where(*old, table.c[key].in_(some)).returning(table.c.created_at))


_FORGET_MAIL = tuple(
    _of_mail(model, key) for model, key in ((Mail, "id"), (MailedToken, "purpose"), (Invitation, "id"))
)


class Leftovers(OwnerScoped):
    """What one person has had for too long."""

    async def rows(
        self, kind: Owned[Row], *, before: datetime, limit: int, after: Row | None = None
    ) -> Sequence[Row]:
        """Return rows of a kind that were deleted before a moment and that nothing holds, the oldest first.

        Of these, only those behind one row are returned if that row is given.
        """
        moment, after_id = _BEGINNING if after is None else (after.deleted_at, after.id)
        values = {"before": before, "after": moment, "after_id": after_id, "rows": limit}
        records = await self._fetch(_OLD[kind.entity], **values)
        return [kind.statements.row(record) for record in records]

    async def forget_answers(self, *, before: datetime, limit: int) -> int:
        """Remove kept answers from before a moment, and return how many."""
        return len(await self._fetch(_FORGET, before=before, rows=limit))

    async def forget_mail(self, *, before: datetime, limit: int) -> int:
        """Remove mail, tokens that it carried and invitations from before a moment, and return how many."""
        # Spec: features/mail.md#MAIL-015
        forgotten = [await self._fetch(statement, before=before, rows=limit) for statement in _FORGET_MAIL]
        return sum(map(len, forgotten))
