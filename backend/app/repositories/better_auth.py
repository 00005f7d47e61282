"""Sessions of Better Auth, read in its own tables where those are in our database. It writes nothing there."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import Text, bindparam, cast, column, false, select, table
from sqlalchemy.sql.expression import ColumnClause, TableClause, quoted_name

from app.config.shared_sessions import BAN, USUAL_NAMES
from app.database.connection import Session
from app.database.statements import Statement
from app.domain.errors import Unavailable
from app.repositories.better_auth_catalogue import TableAsItIs, read_table

ROLE = "agendum_identity"
_UNREADABLE = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InsufficientPrivilegeError,
    # A column has another type since; the driver asks anew the next time.
    asyncpg.InvalidCachedStatementError,
)
_MOMENTS = ("session.expiresAt", "session.createdAt")


class ForeignSession(NamedTuple):
    """A session of Better Auth and its user, as read; moments are aware and in UTC."""

    subject: str
    name: str | None
    email: str | None
    email_verified: bool
    is_banned: bool
    expires_at: datetime
    created_at: datetime


class SessionTables:
    """Better Auth's two tables, by the names that they have, and the statement that reads them.

    Args:
        schema: Where they are.
        names: What they and their columns are called, where it is not as Better Auth calls them.
    """

    def __init__(self, schema: str, names: Mapping[str, str]) -> None:
        self.schema = schema
        self.names = {**USUAL_NAMES, BAN: "banned", **names}
        self.required = frozenset({*USUAL_NAMES, *names})
        # It is made when the database has said whether there are bans.
        self.look_up: Statement | None = None

    def columns(self, thing: str) -> dict[str, str]:
        """Return what the columns of a table are called, by what Better Auth calls them (`user.id`)."""
        return {known: name for known, name in self.names.items() if known.startswith(f"{thing}.")}

    def build(self, *, with_bans: bool) -> Statement:
        """Build the statement that finds a session with its user by the token."""
        # Spec: features/better-auth.md#BETTER-004 features/better-auth.md#BETTER-010
        session, user = self._table("session"), self._table("user")
        at = self.names
        found = select(
            cast(user.c[at["user.id"]], Text),
            user.c[at["user.name"]],
            user.c[at["user.email"]],
            user.c[at["user.emailVerified"]],
            user.c[at[BAN]] if with_bans else false(),
            session.c[at["session.expiresAt"]],
            session.c[at["session.createdAt"]],
        )
        joined = found.join_from(session, user, user.c[at["user.id"]] == session.c[at["session.userId"]])
        return Statement(joined.where(session.c[at["session.token"]] == bindparam("token", type_=Text)))

    def _table(self, thing: str) -> TableClause:
        columns: list[ColumnClause[Any]] = [
            column(quoted_name(name, quote=True)) for name in self.columns(thing).values()
        ]
        name, schema = (quoted_name(text, quote=True) for text in (self.names[thing], self.schema))
        return table(name, *columns, schema=schema)


class BetterAuthSessions:
    """The sessions of Better Auth.

    Args:
        session: Where statements run, under the identity role.
        tables: What is read.
    """

    def __init__(self, session: Session, tables: SessionTables) -> None:
        self._session = session
        self._tables = tables

    async def find(self, token: str) -> ForeignSession | None:
        """Return the session with a token, which may have ended, or None.

        Raises:
            Unavailable: The tables are not there, or may not be read.
        """
        # Spec: features/better-auth.md#BETTER-004 features/better-auth.md#BETTER-013
        try:
            statement = self._tables.look_up or await self._learn()
            record = await self._session.fetch_row(statement, token=token)
        except _UNREADABLE as failure:
            self._tables.look_up = None
            raise Unavailable("The sessions of Better Auth cannot be read.") from failure
        return None if record is None else _read(record)

    async def faults(self) -> list[str]:
        """Return what keeps the tables from being read, each with what to do about it."""
        # Spec: features/better-auth.md#BETTER-012
        found = {thing: await self._described(thing) for thing in ("session", "user")}
        faults = [fault for thing, known in found.items() for fault in self._missing(thing, known)]
        if not faults:
            faults = [fault for thing, known in found.items() for fault in self._closed(thing, known)]
        return [*dict.fromkeys(faults)]

    async def _learn(self) -> Statement:
        user = await self._described("user")
        statement = self._tables.look_up = self._tables.build(
            with_bans=self._tables.names[BAN] in user.columns
        )
        return statement

    async def _described(self, thing: str) -> TableAsItIs:
        return await read_table(self._session, schema=self._tables.schema, name=self._tables.names[thing])

    def _missing(self, thing: str, known: TableAsItIs) -> Iterator[str]:
        """Give what is not there, or not as it has to be."""
        wanted = {at: name for at, name in self._tables.columns(thing).items() if at in self._tables.required}
        if not known.columns:
            yield f"there is no table {known.title}; Better Auth's own migration makes it"
            return
        for at, name in wanted.items():
            if name not in known.columns:
                there = ", ".join(sorted(known.columns))
                yield f"{known.title} has no column {name} ({at}), but {there}; see AGENDUM_BETTER_AUTH_NAMES"
            elif at in _MOMENTS and not known.columns[name].type.startswith("timestamp"):
                yield f"the column {name} of {known.title} is no moment, but {known.columns[name].type}"

    def _closed(self, thing: str, known: TableAsItIs) -> Iterator[str]:
        """Give what may not be read, with the statements that grant it."""
        # Spec: features/better-auth.md#BETTER-011
        wanted = [name for name in self._tables.columns(thing).values() if name in known.columns]
        if not known.is_schema_open:
            yield f'grant it: GRANT USAGE ON SCHEMA "{self._tables.schema}" TO {ROLE};'
        if not all(known.columns[name].is_open for name in wanted):
            listed = ", ".join(f'"{name}"' for name in wanted)
            yield f"grant it: GRANT SELECT ({listed}) ON {known.title} TO {ROLE};"
        if known.is_walled:
            yield f"row-level security of {known.title} shows {ROLE} no row; make a policy FOR SELECT TO {ROLE}"


def _read(record: asyncpg.Record) -> ForeignSession:
    subject, name, email, is_verified, is_banned, *moments = record
    ends, began = (_in_utc(moment) for moment in moments)
    return ForeignSession(subject, name, email, bool(is_verified), bool(is_banned), ends, began)


def _in_utc(moment: Any) -> datetime:
    """Return a moment that is aware; one without a time zone is in UTC, as JavaScript's libraries write it."""
    aware: datetime = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware
