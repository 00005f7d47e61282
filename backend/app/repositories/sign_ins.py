"""What lets everybody in, in PostgreSQL, under the identity's role: sessions and passwords. It judges none of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from app.database.connection import Session
from app.database.statements import Statement
from app.models.account import Account, PasswordRow, StoredPassword
from app.models.naming import table_of
from app.models.session import LockedSession, SessionRow, StoredSession

_SESSION, _ACCOUNT, _PASSWORD = table_of(StoredSession), table_of(Account), table_of(StoredPassword)
_ITS_KEY = (_SESSION.c.user_id == bindparam("owner"), _SESSION.c.id == bindparam("session_id"))
_LIVING = (_SESSION.c.user_id == bindparam("owner"), _SESSION.c.expires_at > bindparam("now"))
_ROTATED = ("generation", "rotations", "last_seen_at", "expires_at", "device", "address")
# No moment at which it was living comes after this one: a refresh whose moment was taken earlier must not revive it.
_ENDED: dict[str, Any] = {"expires_at": func.least(bindparam("now"), _SESSION.c.created_at)}
_START = Statement(insert(_SESSION).values({name: bindparam(name) for name in SessionRow._fields}))
# One statement takes the lock and sees the row as whoever had the lock before has left it.
_LOCKED = Statement(
    select(
        *(_SESSION.c[name] for name in SessionRow._fields),
        _ACCOUNT.c.disabled_at,
        _ACCOUNT.c.tokens_valid_from,
    )
    .join_from(_SESSION, _ACCOUNT, _ACCOUNT.c.user_id == _SESSION.c.user_id)
    .where(*_ITS_KEY, _ACCOUNT.c.deleted_at.is_(None))
    .with_for_update(of=_SESSION)
)
_ROTATE = Statement(update(_SESSION).where(*_ITS_KEY).values({name: bindparam(name) for name in _ROTATED}))
_END = Statement(update(_SESSION).where(*_LIVING, _SESSION.c.id == bindparam("session_id")).values(_ENDED))
_END_OTHERS = Statement(
    update(_SESSION).where(*_LIVING, _SESSION.c.id.is_distinct_from(bindparam("kept"))).values(_ENDED)
)
_LATEST = (
    select(_SESSION.c.id)
    .where(*_LIVING)
    .order_by(_SESSION.c.last_seen_at.desc(), _SESSION.c.id.desc())
    .offset(bindparam("most"))
)
_END_OLDEST = Statement(update(_SESSION).where(*_LIVING, _SESSION.c.id.in_(_LATEST)).values(_ENDED))
_REVOKE = Statement(
    update(_ACCOUNT)
    .where(_ACCOUNT.c.user_id == bindparam("owner"))
    .values(tokens_valid_from=bindparam("now"))
)
_CONFIRM = Statement(
    select(_PASSWORD.c.user_id)
    .join_from(_PASSWORD, _ACCOUNT, _ACCOUNT.c.user_id == _PASSWORD.c.user_id)
    .where(
        _PASSWORD.c.user_id == bindparam("owner"),
        _PASSWORD.c.password_hash == bindparam("known"),
        _ACCOUNT.c.deleted_at.is_(None),
    )
    # The account first, as whoever deletes it does.
    .with_for_update(read=True, of=(_ACCOUNT, _PASSWORD))
)
_FIND_PASSWORD = Statement(
    select(_PASSWORD.c.password_hash, _ACCOUNT.c.email, _ACCOUNT.c.name)
    .join_from(_PASSWORD, _ACCOUNT, _ACCOUNT.c.user_id == _PASSWORD.c.user_id)
    .where(_PASSWORD.c.user_id == bindparam("owner"))
)
_CHANGE_PASSWORD = Statement(
    update(_PASSWORD)
    .where(_PASSWORD.c.user_id == bindparam("owner"), _PASSWORD.c.password_hash == bindparam("known"))
    .values(password_hash=bindparam("fresh"), updated_at=bindparam("now"))
    .returning(_PASSWORD.c.user_id)
)


class SignIns:
    """The sessions and passwords of everybody.

    Args:
        session: Where statements run, under the identity role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def start(self, row: SessionRow, *, most: int) -> None:
        """Add a session, and end the person's least recently seen ones if there are more than so many."""
        await self._session.fetch(_START, **row._asdict())
        await self._session.fetch(_END_OLDEST, owner=row.user_id, now=row.created_at, most=most)

    async def lock(self, owner: str, session_id: UUID) -> LockedSession | None:
        """Return a session for as long as the transaction lasts, or None if there is none."""
        record = await self._session.fetch_row(_LOCKED, owner=owner, session_id=session_id)
        if record is None:
            return None
        *row, disabled_at, tokens_valid_from = record
        return LockedSession(SessionRow(*row), disabled_at, tokens_valid_from)

    async def rotate(self, row: SessionRow) -> None:
        """Write down the next generation of a session, and when and from where it was asked for."""
        values = {name: getattr(row, name) for name in _ROTATED}
        await self._session.fetch(_ROTATE, owner=row.user_id, session_id=row.id, **values)

    async def end(self, owner: str, session_id: UUID, *, now: datetime) -> None:
        """End one session of a person."""
        await self._session.fetch(_END, owner=owner, session_id=session_id, now=now)

    async def end_others(self, owner: str, *, kept: UUID | None, now: datetime) -> None:
        """End every session of a person but one; None: every one."""
        await self._session.fetch(_END_OTHERS, owner=owner, kept=kept, now=now)

    async def end_all(self, owner: str, *, now: datetime) -> None:
        """End every session of a person, and refuse whatever token anybody has issued for the person before now."""
        # The account first, as whoever deletes it does.
        await self._session.fetch(_REVOKE, owner=owner, now=now)
        await self.end_others(owner, kept=None, now=now)

    async def find_password(self, owner: str) -> PasswordRow | None:
        """Return a person's password as it is kept, or None if the person has none with us."""
        record = await self._session.fetch_row(_FIND_PASSWORD, owner=owner)
        return None if record is None else PasswordRow(*record)

    async def confirm_password(self, owner: str, *, known: str) -> bool:
        """Tell whether an encoded hash is that of a person who is there, and keep it so for the transaction."""
        return await self._session.fetch_row(_CONFIRM, owner=owner, known=known) is not None

    async def change_password(self, owner: str, *, known: str, fresh: str, now: datetime) -> bool:
        """Put one encoded hash in the place of another; tell whether that was the one."""
        values = {"known": known, "fresh": fresh, "now": now}
        return await self._session.fetch_row(_CHANGE_PASSWORD, owner=owner, **values) is not None
