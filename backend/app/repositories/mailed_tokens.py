"""Tokens that are sent by mail, and used before anybody is known: under the identity role, in PostgreSQL.

What a token allows is decided by services.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.sql.dml import ReturningInsert

from app.database.connection import Session
from app.database.statements import Statement
from app.models.account import OWN_ISSUER, PERSON, Account
from app.models.mail import Mail, MailedToken, TokenRow
from app.models.naming import table_of
from app.repositories.outgoing_mail import NewMail, queue

_ACCOUNT, _TOKEN, _MAIL = table_of(Account), table_of(MailedToken), table_of(Mail)
_NOW: BindParameter[datetime] = bindparam("now")


class NewToken(NamedTuple):
    """A token that is to be sent: for whom and what, to which address, and with which mail.

    Without an address it goes to the one that the person has.
    """

    user_id: str
    purpose: str
    template: str
    token_id: UUID
    mail_id: UUID
    address: str | None = None


def _issue() -> Statement:
    """Build the statement that makes a token and queues its mail, unless the person is to get none.

    The token takes the place of an earlier one for the same purpose.
    """
    person = (
        select(_ACCOUNT.c.user_id, _ACCOUNT.c.email)
        .where(
            *(_ACCOUNT.c.user_id == bindparam("person"), _ACCOUNT.c.issuer == OWN_ISSUER),
            *(_ACCOUNT.c.kind == PERSON, _ACCOUNT.c.email.is_not(None)),
            *(_ACCOUNT.c.disabled_at.is_(None), _ACCOUNT.c.deleted_at.is_(None)),
        )
        # It waits for a deletion, and then finds nobody.
        .with_for_update(read=True, key_share=True)
        .cte("person")
    )
    issued = _replacing(person).cte("issued")
    mail: Select[Any] = select(
        *(issued.c.user_id, bindparam("mail_id", type_=_MAIL.c.id.type), cast(bindparam("template"), Text)),
        *(issued.c.address, cast(bindparam("parameters", type_=Text), JSONB)),
        *(_moment(), _moment(), literal_column("0")),
    )
    columns = [
        "user_id",
        "id",
        "template",
        "address",
        "parameters",
        "created_at",
        "next_attempt_at",
        "attempts",
    ]
    return Statement(insert(_MAIL).from_select(columns, mail))


def _replacing(person: CTE) -> ReturningInsert[Any]:
    """Build the part that makes the token of a person, in the place of an earlier one."""
    token: Select[Any] = select(
        *(person.c.user_id, cast(bindparam("purpose"), Text)),
        *(bindparam("token_id", type_=_TOKEN.c.id.type), _moment()),
        func.coalesce(cast(bindparam("address"), Text), person.c.email),
    )
    made = insert_or(_TOKEN).from_select(["user_id", "purpose", "id", "created_at", "address"], token)
    anew = {name: made.excluded[name] for name in ("id", "address", "created_at")}
    return made.on_conflict_do_update(
        index_elements=["user_id", "purpose"], set_=anew | {"expires_at": null(), "used_at": null()}
    ).returning(_TOKEN.c.user_id, _TOKEN.c.address)


def _moment() -> ColumnElement[datetime]:
    """Return the moment where no column says of which type it is."""
    return cast(_NOW, _TOKEN.c.created_at.type)


_ISSUE = _issue()
# What it costs to write, where there is nothing to write: a record in the log of the database, which is waited for.
_DECOY = Statement(
    select(func.pg_logical_emit_message(literal_column("true"), "agendum", bindparam("padding")))
)
_PADDING = "." * 400
_USE = Statement(
    update(_TOKEN)
    .where(
        *(_TOKEN.c.id == bindparam("token_id"), _TOKEN.c.purpose == bindparam("purpose")),
        *(_TOKEN.c.used_at.is_(None), _TOKEN.c.expires_at > _NOW),
    )
    .values(used_at=_NOW)
    .returning(_TOKEN.c.user_id, _TOKEN.c.address)
)
_END_ALL = Statement(
    update(_TOKEN)
    .where(_TOKEN.c.user_id == bindparam("person"), _TOKEN.c.used_at.is_(None))
    .values(used_at=_NOW)
)


class MailedTokens:
    """The tokens of everybody.

    Args:
        session: Where statements run, under the identity role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def issue(self, token: NewToken, *, now: datetime) -> None:
        """Make a token and queue the mail that carries it; people who are disabled or gone get none."""
        # Spec: features/mail.md#MAIL-001 features/users.md#USER-033
        given = token._asdict()
        values = given | {"person": given.pop("user_id")}
        parameters = orjson.dumps({"token": str(token.token_id)}).decode()
        await self._session.fetch(_ISSUE, parameters=parameters, now=now, **values)

    async def issue_nothing(self) -> None:
        """Do the work of making a token, for nobody."""
        # Spec: features/users.md#USER-032
        await self._session.fetch(_DECOY, padding=_PADDING)

    async def use(self, token_id: UUID, *, purpose: str, now: datetime) -> TokenRow | None:
        """Use a token up, and return whose it was; None if it is not good for this."""
        # Spec: features/users.md#USER-034
        record = await self._session.fetch_row(_USE, token_id=token_id, purpose=purpose, now=now)
        return None if record is None else TokenRow(*record)

    async def end_all(self, user_id: str, *, now: datetime) -> None:
        """Make every token of a person useless."""
        await self._session.fetch(_END_ALL, person=user_id, now=now)

    async def notify(self, mail: NewMail, *, mail_id: UUID, now: datetime) -> None:
        """Queue a mail without a token."""
        await queue(self._session, mail, mail_id=mail_id, now=now)
