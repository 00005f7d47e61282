"""Our own people, by their ids: their passwords and their e-mails, under the identity role, in PostgreSQL.

Who may change them is decided by services.
"""

from datetime import datetime

import asyncpg
from sqlalchemy import (
    BindParameter,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    update,
)

from app.database.connection import Session
from app.database.statements import Statement
from app.domain.account_errors import EmailTaken
from app.domain.emails import folded_email
from app.models.account import OWN_ISSUER, Account, StoredPassword
from app.models.naming import table_of

_ACCOUNT, _PASSWORD = table_of(Account), table_of(StoredPassword)
_PERSON: BindParameter[str] = bindparam("person")
_NOW: BindParameter[datetime] = bindparam("now")
_ADDRESS = cast(bindparam("address"), Text)
_IS_WELCOME = and_(_ACCOUNT.c.deleted_at.is_(None), _ACCOUNT.c.disabled_at.is_(None))
_WHO = and_(_ACCOUNT.c.user_id == _PERSON, _ACCOUNT.c.issuer == OWN_ISSUER, _IS_WELCOME)
_CHANGED = {"updated_at": _NOW, "version": _ACCOUNT.c.version + 1}
_SET_PASSWORD = Statement(
    update(_PASSWORD)
    .where(_PASSWORD.c.user_id == _PERSON)
    .values(password_hash=bindparam("password_hash"), updated_at=_NOW)
)
_VERIFIED = case(
    (_ACCOUNT.c.email == _ADDRESS, func.coalesce(_ACCOUNT.c.email_verified_at, _NOW)),
    else_=_ACCOUNT.c.email_verified_at,
)
_END_SESSIONS = Statement(
    update(_ACCOUNT)
    .where(_WHO)
    .values(tokens_valid_from=bindparam("valid_from"), email_verified_at=_VERIFIED, **_CHANGED)
    .returning(_ACCOUNT.c.email)
)
_VERIFY = Statement(
    update(_ACCOUNT)
    .where(_WHO, _ACCOUNT.c.email == _ADDRESS)
    .values(email_verified_at=_NOW, **_CHANGED)
    .returning(_ACCOUNT.c.user_id)
)
_BEFORE = select(_ACCOUNT.c.user_id, _ACCOUNT.c.email).where(_WHO).with_for_update().cte("before")
_OWN_FIELDS = case(
    (literal_column("'email'") == any_(_ACCOUNT.c.own_fields), _ACCOUNT.c.own_fields),
    else_=func.array_append(_ACCOUNT.c.own_fields, literal_column("'email'")),
)
_CHANGE_EMAIL = Statement(
    update(_ACCOUNT)
    .where(_ACCOUNT.c.user_id == _BEFORE.c.user_id)
    .values(
        email=_ADDRESS,
        email_folded=bindparam("folded"),
        email_verified_at=_NOW,
        own_fields=_OWN_FIELDS,
        **_CHANGED,
    )
    .returning(_BEFORE.c.email)
)


# As `beginnings.py` takes it for whoever writes the rows of this person, to whom the account stays as it was read.
_LOCK = Statement(
    select(
        func.pg_advisory_xact_lock(
            func.hashtextextended(cast(bindparam("person"), Text), literal_column("0"))
        )
    )
)


class RegisteredPeople:
    """Those who registered with us.

    Args:
        session: Where statements run, under the identity role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def reset_password(
        self, user_id: str, *, password_hash: str, proved: str, valid_from: datetime, now: datetime
    ) -> str | None:
        """Set a password, end what was begun with the old one, and return the person's address.

        None for somebody who is disabled or gone. The e-mail is verified if it is the one that was proved.
        """
        # Spec: features/users.md#USER-035
        await self._session.fetch(_LOCK, person=user_id)
        values = {"person": user_id, "now": now}
        ended = await self._session.fetch_row(_END_SESSIONS, address=proved, valid_from=valid_from, **values)
        if ended is None:
            return None
        await self._session.fetch(_SET_PASSWORD, password_hash=password_hash, **values)
        email: str | None = ended["email"]
        return email

    async def verify_email(self, user_id: str, *, address: str, now: datetime) -> bool:
        """Note that a person's e-mail is theirs; tell whether it is still this one."""
        # Spec: features/users.md#USER-037
        await self._session.fetch(_LOCK, person=user_id)
        return await self._session.fetch_row(_VERIFY, person=user_id, address=address, now=now) is not None

    async def change_email(self, user_id: str, *, address: str, now: datetime) -> str | None:
        """Give a person another e-mail, which is verified, and return the one before.

        None if the person is gone.

        Raises:
            EmailTaken: Somebody has registered with it.
        """
        # Spec: features/users.md#USER-040 features/users.md#USER-010
        await self._session.fetch(_LOCK, person=user_id)
        values = {"person": user_id, "address": address, "folded": folded_email(address), "now": now}
        try:
            record = await self._session.fetch_row(_CHANGE_EMAIL, **values)
        except asyncpg.UniqueViolationError as error:
            raise EmailTaken("Somebody has registered with this e-mail.") from error
        return None if record is None else record["email"]
