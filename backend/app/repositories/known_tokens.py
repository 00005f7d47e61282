"""Everybody's personal tokens, by their digests, under the identity's role. It sees no name and makes none."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update

from app.database.connection import Session
from app.database.statements import Statement
from app.models.account import PERSON, Account
from app.models.naming import table_of
from app.models.personal_token import KnownToken, PersonalToken

_TOKEN, _ACCOUNT = table_of(PersonalToken), table_of(Account)
_KNOWN = [(_ACCOUNT if name == "disabled_at" else _TOKEN).c[name] for name in KnownToken._fields]
_BY_DIGEST = Statement(
    select(*_KNOWN)
    .join_from(_TOKEN, _ACCOUNT, _ACCOUNT.c.user_id == _TOKEN.c.user_id)
    .where(_TOKEN.c.digest == bindparam("digest"), _ACCOUNT.c.kind == PERSON, _ACCOUNT.c.deleted_at.is_(None))
)
_NOTE = Statement(
    update(_TOKEN)
    .where(
        _TOKEN.c.user_id == bindparam("owner"),
        _TOKEN.c.id == bindparam("token_id"),
        or_(_TOKEN.c.last_used_at.is_(None), _TOKEN.c.last_used_at < bindparam("before")),
    )
    .values(last_used_at=bindparam("now"))
    .returning(_TOKEN.c.id)
)


class KnownTokens:
    """Everybody's personal tokens.

    Args:
        session: Where statements run, under the identity role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, digest: bytes) -> KnownToken | None:
        """Return the personal token with a digest, revoked or not, or None."""
        # Spec: features/personal-tokens.md#TOKEN-012
        record = await self._session.fetch_row(_BY_DIGEST, digest=digest)
        return None if record is None else KnownToken(*record)

    async def note_use(self, owner: str, token_id: UUID, *, now: datetime, before: datetime) -> None:
        """Note that a personal token is used, unless that was noted at a moment or after it."""
        # Spec: features/personal-tokens.md#TOKEN-014
        await self._session.fetch_row(_NOTE, owner=owner, token_id=token_id, now=now, before=before)
