"""Erases an account with everything in it, but for its id and the frame of its change sequence.

It works under the role that can do nothing else, and does not know who may ask for it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Table,
    Uuid,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    null,
    select,
    tuple_,
    update,
)
from sqlmodel import SQLModel

from app.database.statements import Statement, there_is
from app.domain.changes import Action, Stamp
from app.domain.errors import TokenInvalid
from app.models.account import ENTITY, Account
from app.models.change import Change, ChangeCounter
from app.models.naming import SCHEMA, table_of
from app.repositories.change_statements import RecordedWrite
from app.repositories.owner import OwnerScoped, mine
from app.repositories.recorder import record_of

# Nobody comes in by this issuer, and issuer, subject and e-mail of the person are free again.
# Spec: features/users.md#USER-075
NOBODY = "deleted"
_AT_ONCE = 2000
_ACCOUNT, _CHANGE, _COUNTER = table_of(Account), table_of(Change), table_of(ChangeCounter)
_KEPT = (_ACCOUNT, _CHANGE, _COUNTER)
# The lock keeps out whoever would add something for the person meanwhile, or write the account.
_VERSION = Statement(
    select(_ACCOUNT.c.version).where(mine(_ACCOUNT), _ACCOUNT.c.deleted_at.is_(None)).with_for_update()
)
_LAST = Statement(select(_COUNTER.c.last_seq).where(mine(_COUNTER)))
_EMPTY = Statement(
    update(_CHANGE)
    .where(
        mine(_CHANGE),
        _CHANGE.c.seq > bindparam("after", type_=BigInteger),
        _CHANGE.c.seq <= bindparam("upto", type_=BigInteger),
    )
    .values(
        before=null(),
        after=null(),
        request_id=null(),
        redacted_at=func.coalesce(_CHANGE.c.redacted_at, bindparam("now")),
    )
)
_EMPTIED = (
    *("email", "email_folded", "name", "time_zone", "language"),
    *("email_verified_at", "disabled_at", "tokens_valid_from"),
)
_BURY = RecordedWrite(
    update(_ACCOUNT)
    .where(mine(_ACCOUNT), _ACCOUNT.c.version == bindparam("version") - 1)
    .values(
        issuer=NOBODY,
        subject=_ACCOUNT.c.user_id,
        role="user",
        week_start="monday",
        own_fields=literal_column("'{}'::text[]"),
        deleted_at=bindparam("now"),
        updated_at=bindparam("now"),
        version=bindparam("version"),
        **{name: null() for name in _EMPTIED},
    )
    .returning(cast(_ACCOUNT.c.user_id, Uuid).label("id"))
)
_FORGET_COUNTER = Statement(delete(_COUNTER).where(mine(_COUNTER)))


def erased_tables() -> Sequence[Table]:
    """Return the tables of which nothing stays, each before what it refers to.

    They are those that have an owner, whoever made them.
    """
    # Spec: features/users.md#USER-073
    known = reversed(SQLModel.metadata.sorted_tables)
    return [
        table for table in known if table.schema == SCHEMA and "user_id" in table.c and table not in _KEPT
    ]


@cache
def _erase(table: Table) -> Statement:
    """Build the statement that deletes some rows of a table; of rows that refer to one another, those below."""
    key = [*table.primary_key.columns]
    some = select(*key).where(mine(table))
    for reference in table.foreign_key_constraints:
        if reference.referred_table is table:
            below = table.alias("below")
            pairs = [below.c[part.parent.name] == table.c[part.column.name] for part in reference.elements]
            some = some.where(~there_is(mine(below), *pairs))
    rows = some.limit(bindparam("rows"))
    doomed = (
        delete(table).where(mine(table), tuple_(*key).in_(rows))
        if len(key) > 1
        else (delete(table).where(mine(table), key[0].in_(rows)))
    )
    return Statement(doomed.returning(table.c.user_id))


class Erasure(OwnerScoped):
    """One person's account, on its way out."""

    async def version(self) -> int:
        """Return the version of the account, which nobody else writes from now on.

        Raises:
            TokenInvalid: It is gone already.
        """
        record = await self._fetch_row(_VERSION)
        if record is None:
            raise TokenInvalid("The person of this token is gone.")
        version: int = record["version"]
        return version

    async def erase(self, *, version: int, now: datetime) -> None:
        """Delete every row of the person, empty the change sequence, and end it with the account's own purge.

        Args:
            version: That of the account.
            now: When.
        """
        # Spec: features/users.md#USER-070 features/users.md#USER-072
        for table in erased_tables():
            # Until there are none: rows above others can go only after them.
            while await self._fetch(_erase(table), rows=_AT_ONCE):
                pass
        await self._empty_changes(now=now)
        await self._bury(version=version + 1, now=now)

    async def _empty_changes(self, *, now: datetime) -> None:
        record = await self._fetch_row(_LAST)
        last = 0 if record is None else record["last_seq"]
        for after in range(0, last, _AT_ONCE):
            await self._fetch(_EMPTY, after=after, upto=after + _AT_ONCE, now=now)

    async def _bury(self, *, version: int, now: datetime) -> None:
        origin = self._origin._replace(request_id=None)
        values: dict[str, Any] = record_of(origin, (None, None), Stamp(Action.PURGED, now), entity=ENTITY)
        values |= {"id": self.owner, "version": version}
        if not await self._session.fetch(_BURY.alone, **values):
            raise RuntimeError("an account was not erased")
        # Without it nobody writes here any more, by whatever token that is remembered somewhere.
        # Spec: features/users.md#USER-074
        await self._fetch(_FORGET_COUNTER)
