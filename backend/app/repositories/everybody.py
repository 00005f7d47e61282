"""What is seen of everybody: who is who, under the identity's role, and who has what is too old, under the worker's.

It sees no content. Only identity and workers may use it, which a contract of the linter holds.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, insert, literal_column, or_, select, union
from sqlalchemy.dialects.postgresql import insert as insert_if_free

from app.database.connection import Session
from app.database.statements import Statement
from app.domain.emails import folded_email
from app.models.account import (
    ADMINISTRATION,
    OWN_ISSUER,
    PERSON,
    Account,
    AccountRow,
    KnownPerson,
    LoginRow,
    StoredPassword,
)
from app.models.change import ChangeCounter
from app.models.idempotency_key import IdempotencyKey
from app.models.mail import Invitation, Mail, MailedToken, MailKey
from app.models.naming import table_of
from app.models.session import StoredSession
from app.repositories.invitations import Invitations
from app.repositories.kinds import KINDS
from app.repositories.mailed_tokens import MailedTokens
from app.repositories.registered_people import RegisteredPeople
from app.repositories.sign_ins import SignIns

_KEY, _SESSION = table_of(IdempotencyKey), table_of(StoredSession)
_ACCOUNT, _PASSWORD, _COUNTER = table_of(Account), table_of(StoredPassword), table_of(ChangeCounter)
_COLUMNS = [_ACCOUNT.c[name] for name in AccountRow._fields]
_PREFIX = "session_"
_KNOWN = [
    _SESSION.c[name.removeprefix(_PREFIX)] if name.startswith(_PREFIX) else _ACCOUNT.c[name]
    for name in KnownPerson._fields
]
# The session comes along in the same statement: looking at it costs no other trip.
_ITS_SESSION = and_(_SESSION.c.user_id == _ACCOUNT.c.user_id, _SESSION.c.id == bindparam("session_id"))
_BY_SUBJECT = Statement(
    select(*_KNOWN)
    .outerjoin_from(_ACCOUNT, _SESSION, _ITS_SESSION)
    .where(
        _ACCOUNT.c.issuer == bindparam("issuer"),
        _ACCOUNT.c.subject == bindparam("subject"),
        _ACCOUNT.c.kind == PERSON,
        _ACCOUNT.c.deleted_at.is_(None),
    )
)
# The release before registers without a folded e-mail; such a row is found by the database's rule and judged by ours.
_UNFOLDED = and_(
    _ACCOUNT.c.email_folded.is_(None), func.lower(_ACCOUNT.c.email) == func.lower(bindparam("email"))
)
_BY_EMAIL = Statement(
    select(
        _ACCOUNT.c.user_id,
        _PASSWORD.c.password_hash,
        _ACCOUNT.c.disabled_at,
        _ACCOUNT.c.tokens_valid_from,
        _ACCOUNT.c.email,
    )
    .join_from(_ACCOUNT, _PASSWORD, _PASSWORD.c.user_id == _ACCOUNT.c.user_id)
    .where(_ACCOUNT.c.issuer == OWN_ISSUER, or_(_ACCOUNT.c.email_folded == bindparam("folded"), _UNFOLDED))
    .order_by(_ACCOUNT.c.email_folded.nulls_last())
)
_PASSWORD_OF = Statement(select(_PASSWORD.c.password_hash).where(_PASSWORD.c.user_id == bindparam("user_id")))
_NEW = ("user_id", "issuer", "subject", "email", "name", "created_at", "updated_at", "email_folded")


def _account(*, with_password: bool, names: Sequence[str] = _NEW) -> Statement:
    """Build the statement that adds a person with a counter and, if asked for, a password.

    It adds nothing if the person is there already.
    """
    added = (
        insert_if_free(_ACCOUNT)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_nothing()
        .returning(*_COLUMNS)
        .cte("added")
    )
    counter = (
        insert(_COUNTER)
        .from_select(["user_id", "last_seq"], select(added.c.user_id, literal_column("0")))
        .cte("counter")
    )
    statement = select(*added.c).add_cte(counter)
    if with_password:
        columns = ["user_id", "password_hash", "updated_at"]
        values = select(added.c.user_id, bindparam("password_hash"), bindparam("updated_at"))
        statement = statement.add_cte(insert(_PASSWORD).from_select(columns, values).cte("password"))
    return Statement(statement)


_REGISTER, _RECOGNISE = _account(with_password=True), _account(with_password=False)
_OPEN_ADMINISTRATION = _account(with_password=False, names=(*_NEW, "kind"))


class Directory:
    """Everybody, by issuer and subject or by the e-mail of a registration.

    Args:
        session: Where statements run, under the identity role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.sign_ins = SignIns(session)
        self.people = RegisteredPeople(session)
        self.tokens = MailedTokens(session)
        self.invitations = Invitations(session)

    async def find(self, *, issuer: str, subject: str, session_id: UUID | None = None) -> KnownPerson | None:
        """Return who an issuer means by a subject, or None; with what is known of a session of that person."""
        # Spec: features/users.md#USER-006 features/sessions.md#SESSION-010
        who = {"issuer": issuer, "subject": subject, "session_id": session_id}
        record = await self._session.fetch_row(_BY_SUBJECT, **who)
        return None if record is None else KnownPerson(*record)

    async def find_login(self, email: str) -> LoginRow | None:
        """Return what is needed to verify a password, or None if nobody registered with this e-mail.

        Letter case makes no difference.
        """
        # Spec: features/users.md#USER-010
        folded = folded_email(email)
        record = await self._session.fetch_row(_BY_EMAIL, email=email, folded=folded)
        if record is None or folded_email(record["email"]) != folded:
            return None
        return LoginRow(*(record[name] for name in LoginRow._fields))

    async def register(self, account: AccountRow, *, password_hash: str) -> AccountRow | None:
        """Add a person of our own, or return None if the e-mail is taken."""
        # Spec: features/users.md#USER-002 features/users.md#USER-010
        folded = None if account.email is None else folded_email(account.email)
        values = _values(account, issuer=OWN_ISSUER, subject=account.user_id) | {"email_folded": folded}
        record = await self._session.fetch_row(_REGISTER, password_hash=password_hash, **values)
        return None if record is None else AccountRow(*record)

    async def recognise(self, account: AccountRow, *, issuer: str, subject: str) -> AccountRow | None:
        """Add a person whom another issuer vouches for, or return None if that person is there already."""
        record = await self._session.fetch_row(_RECOGNISE, **_values(account, issuer=issuer, subject=subject))
        return None if record is None else AccountRow(*record)

    async def open_administration(self, *, now: datetime) -> None:
        """Add the owner of what administrators do, unless it is there already; nobody can log in as it."""
        # Spec: features/administration.md#ADMIN-012
        account = AccountRow(ADMINISTRATION, None, None, now)
        values = _values(account, issuer=ADMINISTRATION, subject=ADMINISTRATION)
        await self._session.fetch_row(_OPEN_ADMINISTRATION, kind=ADMINISTRATION, **values)


def _values(account: AccountRow, *, issuer: str, subject: str) -> dict[str, str | datetime | None]:
    given = {"issuer": issuer, "subject": subject, "updated_at": account.created_at, "email_folded": None}
    return {**account._asdict(), **given}


def _owners() -> Iterator[Select[Any]]:
    """Build, for each table, who has something that is too old and comes after a person."""
    moments = [(kind.statements.table.c.deleted_at, "deleted") for kind in KINDS]
    mailed = [(table_of(model).c.created_at, "mailed") for model in (Mail, MailedToken, Invitation)]
    for moment, before in [*moments, (_KEY.c.created_at, "kept"), (_SESSION.c.expires_at, "ended"), *mailed]:
        owner = moment.table.c.user_id
        yield select(owner).where(owner > bindparam("after"), moment < bindparam(before))


_OWNERS = Statement(union(*_owners()).order_by("user_id").limit(bindparam("rows")))
_MAIL = table_of(Mail)
_NEXT_MAIL = Statement(
    select(*(_MAIL.c[name] for name in MailKey._fields))
    .where(_MAIL.c.next_attempt_at.is_not(None))
    .order_by(_MAIL.c.next_attempt_at)
    .limit(bindparam("rows"))
)


class Survey:
    """Everybody, by nothing but what is too old.

    Args:
        session: Where statements run, under the worker's role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def owners(self, *, after: str, limit: int, **moments: datetime) -> Sequence[str]:
        """Return the next people, in order, who have something from before these moments.

        Args:
            after: The person after whom they come.
            limit: How many, at most.
            moments: `deleted`, `kept` for answers, `ended` for sessions, and `mailed` for mail, its tokens and
                invitations.
        """
        # Spec: features/trash.md#TRASH-010 features/sessions.md#SESSION-017
        records = await self._session.fetch(_OWNERS, after=after, rows=limit, **moments)
        return [record["user_id"] for record in records]

    async def mail(self, *, limit: int) -> Sequence[MailKey]:
        """Return what mail is to be tried next, whoever's it is, the first one first."""
        return [MailKey(*record) for record in await self._session.fetch(_NEXT_MAIL, rows=limit)]
