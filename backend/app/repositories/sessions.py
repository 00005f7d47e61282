"""A person's own sessions in PostgreSQL, without what tokens are derived from. It begins none."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select, update

from app.database.statements import Statement
from app.domain.errors import NotFound
from app.models.account import Account
from app.models.naming import table_of
from app.models.session import ShownSession, StoredSession
from app.repositories.owner import OwnerScoped, mine

_SESSION, _ACCOUNT = table_of(StoredSession), table_of(Account)
_VALID_FROM = _ACCOUNT.c.tokens_valid_from
_LIVING = (mine(_SESSION), _SESSION.c.expires_at > bindparam("now"))
_SHOWN = ShownSession._fields[:-1]
_IS_CURRENT = _SESSION.c.id.is_not_distinct_from(bindparam("current")).label("current")
_LIST = Statement(
    select(*(_SESSION.c[name] for name in _SHOWN), _IS_CURRENT)
    .join_from(_SESSION, _ACCOUNT, _ACCOUNT.c.user_id == _SESSION.c.user_id)
    .where(*_LIVING, or_(_VALID_FROM.is_(None), _SESSION.c.created_at >= _VALID_FROM))
    .order_by(_SESSION.c.last_seen_at.desc(), _SESSION.c.id.desc())
)
_END = Statement(
    update(_SESSION)
    .where(*_LIVING, _SESSION.c.id == bindparam("id"))
    .values(expires_at=func.least(bindparam("now"), _SESSION.c.created_at))
    .returning(_SESSION.c.id)
)
_OVER = select(_SESSION.c.id).where(mine(_SESSION), _SESSION.c.expires_at < bindparam("before"))
_FORGET = Statement(
    delete(_SESSION)
    .where(mine(_SESSION), _SESSION.c.id.in_(_OVER.limit(bindparam("rows"))))
    .returning(_SESSION.c.id)
)


class Sessions(OwnerScoped):
    """The sessions of one person."""

    async def list(self, *, current: UUID | None, now: datetime) -> Sequence[ShownSession]:
        """Return the sessions that have not ended, the latest seen first; `current` is the one that asks."""
        return [ShownSession(*record) for record in await self._fetch(_LIST, current=current, now=now)]

    async def end(self, session_id: UUID, *, now: datetime) -> None:
        """End a session.

        Raises:
            NotFound: There is none that has not ended, or it is somebody else's.
        """
        if await self._fetch_row(_END, id=session_id, now=now) is None:
            raise NotFound("There is no such session.")

    async def forget(self, *, before: datetime, limit: int) -> int:
        """Remove sessions that ended before a moment, and return how many."""
        return len(await self._fetch(_FORGET, before=before, rows=limit))
