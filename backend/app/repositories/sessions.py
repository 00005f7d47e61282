"""A person's own sessions in PostgreSQL, without what tokens are derived from. It begins none."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update

from app.database.statements import Statement
from app.domain.errors import NotFound
from app.models.naming import table_of
from app.models.session import ShownSession, StoredSession
from app.repositories.owner import OwnerScoped, mine

_SESSION = table_of(StoredSession)
_LIVING = (mine(_SESSION), _SESSION.c.expires_at > bindparam("now"))
_SHOWN = ShownSession._fields[:-1]
_IS_CURRENT = _SESSION.c.id.is_not_distinct_from(bindparam("current")).label("current")
_LIST = Statement(
    select(*(_SESSION.c[name] for name in _SHOWN), _IS_CURRENT)
    .where(*_LIVING)
    .order_by(_SESSION.c.last_seen_at.desc(), _SESSION.c.id.desc())
)
_END = Statement(
    update(_SESSION)
    .where(*_LIVING, _SESSION.c.id == bindparam("id"))
    .values(expires_at=bindparam("now"))
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
