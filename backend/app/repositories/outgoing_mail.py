"""Mail on its way out: queued with what it is about, taken by one who sends at a time, and what became of it.

It sends nothing.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Text, bindparam, cast, exists, insert, literal_column, null, select, update
from sqlalchemy.dialects.postgresql import JSONB

from app.database.connection import Session
from app.database.statements import Statement
from app.models.account import Account
from app.models.mail import Mail, MailedToken, MailRow
from app.models.naming import table_of
from app.repositories.owner import OwnerScoped, mine

_MAIL, _TOKEN, _ACCOUNT = table_of(Mail), table_of(MailedToken), table_of(Account)
_NEW = ("user_id", "id", "template", "address", "parameters", "created_at", "next_attempt_at", "attempts")
# It waits for a deletion of the account, and then adds nothing.
_QUEUE = Statement(
    insert(_MAIL).from_select(
        _NEW,
        select(
            *(_ACCOUNT.c.user_id, bindparam("id", type_=_MAIL.c.id.type)),
            *(cast(bindparam(name), Text) for name in ("template", "address")),
            cast(bindparam("parameters", type_=Text), JSONB),
            *(cast(bindparam("now"), _MAIL.c.created_at.type) for _ in range(2)),
            literal_column("0"),
        )
        .where(_ACCOUNT.c.user_id == bindparam("user_id"), _ACCOUNT.c.deleted_at.is_(None))
        .with_for_update(read=True, key_share=True),
    )
)
_DUE = (
    select(_MAIL.c.id)
    .where(mine(_MAIL), _MAIL.c.id == bindparam("mail_id"), _MAIL.c.next_attempt_at <= bindparam("now"))
    .with_for_update(skip_locked=True)
)
_IS_WANTED = exists().where(mine(_ACCOUNT), _ACCOUNT.c.disabled_at.is_(None), _ACCOUNT.c.deleted_at.is_(None))
_TAKE = Statement(
    update(_MAIL)
    .where(mine(_MAIL), _MAIL.c.id == _DUE.scalar_subquery())
    .values(attempts=_MAIL.c.attempts + 1, next_attempt_at=bindparam("until"))
    .returning(*(_MAIL.c[name] for name in MailRow._fields[:-1]), _IS_WANTED.label("is_wanted"))
)
_START = Statement(
    update(_TOKEN)
    .where(mine(_TOKEN), _TOKEN.c.id == bindparam("token_id"), _TOKEN.c.used_at.is_(None))
    .values(expires_at=bindparam("expires_at"))
    .returning(_TOKEN.c.id)
)
_THIS = update(_MAIL).where(
    mine(_MAIL), _MAIL.c.id == bindparam("mail_id"), _MAIL.c.next_attempt_at.is_not(None)
)
_FINISH = Statement(
    _THIS.values(next_attempt_at=null(), sent_at=bindparam("sent_at"), failure=bindparam("failure"))
)
# Whoever took it after us, because we were too slow, says for itself when it is tried again.
_POSTPONE = Statement(
    _THIS.where(_MAIL.c.attempts == bindparam("attempts")).values(
        next_attempt_at=bindparam("until"), failure=bindparam("failure")
    )
)


class NewMail(NamedTuple):
    """A mail that is to be sent: whose it is, to whom it goes, and what it says, by template and parameters."""

    user_id: str
    template: str
    address: str
    parameters: dict[str, str]


async def queue(session: Session, mail: NewMail, *, mail_id: UUID, now: datetime) -> None:
    """Add a mail to what is to be sent, in the transaction of what it is about."""
    # Spec: features/mail.md#MAIL-001
    values = mail._asdict() | {"parameters": orjson.dumps(mail.parameters).decode()}
    await session.fetch(_QUEUE, id=mail_id, now=now, **values)


class OutgoingMail(OwnerScoped):
    """One person's mail."""

    async def take(self, mail_id: UUID, *, until: datetime, now: datetime) -> MailRow | None:
        """Return a mail that is due, and keep everybody else from it until a moment.

        None, if somebody else has it, or it is not to be sent any more.
        """
        # Spec: features/mail.md#MAIL-002
        record = await self._fetch_row(_TAKE, mail_id=mail_id, until=until, now=now)
        return None if record is None else MailRow(*record)

    async def start_token(self, token_id: UUID, *, expires_at: datetime) -> bool:
        """Make a token good until a moment; tell whether it is still wanted, not used and not replaced by another."""
        return await self._fetch_row(_START, token_id=token_id, expires_at=expires_at) is not None

    async def finish(self, mail_id: UUID, *, sent_at: datetime | None, failure: str | None) -> None:
        """Note that a mail was sent, or why it never will be."""
        await self._fetch(_FINISH, mail_id=mail_id, sent_at=sent_at, failure=failure)

    async def postpone(self, mail: MailRow, *, until: datetime, failure: str) -> None:
        """Note why a mail was not sent, and when it is tried again."""
        await self._fetch(_POSTPONE, mail_id=mail.id, attempts=mail.attempts, until=until, failure=failure)
