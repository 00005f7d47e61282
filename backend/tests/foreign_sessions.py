"""Tables in the shapes that Better Auth and its ORMs make, with a session in them. It knows nothing of the app."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import asyncpg

from tests.world import leave_role

ORIGIN = "http://127.0.0.1:4100"


@dataclass(frozen=True)
class Shape:
    """What the tables are called and made of; names that are not given are Better Auth's own.

    Attributes:
        names: As `AGENDUM_BETTER_AUTH_NAMES` has them.
        id_type: The type of ids.
        moment: The type of moments.
        user_id: The id of the one user.
        bans: Whether the admin plugin is there.
    """

    schema: str = "public"
    names: dict[str, str] = field(default_factory=dict)
    id_type: str = "text"
    moment: str = "timestamptz"
    user_id: str = "TIO1HkRIOJK5DVlo6nglBRwDFQFQODT0"
    bans: bool = False

    def name(self, known: str) -> str:
        """Return what something is called, quoted."""
        return '"' + self.names.get(known, known.rpartition(".")[2]) + '"'

    def table(self, thing: str) -> str:
        """Return a table with its schema."""
        return f'"{self.schema}".{self.name(thing)}'


_SNAKE = {
    "session": "sessions",
    "session.userId": "user_id",
    "session.expiresAt": "expires_at",
    "session.createdAt": "created_at",
    "user": "users",
    "user.emailVerified": "email_verified",
}
SHAPES = {
    "Better Auth's own": Shape(),
    "with the admin plugin": Shape(bans=True),
    "Drizzle": Shape(names=_SNAKE, moment="timestamp"),
    "Prisma": Shape(moment="timestamp(3)"),
    "uuids": Shape(id_type="uuid", user_id="019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"),
    "integers": Shape(id_type="integer", user_id="41"),
    "another schema and odd names": Shape(
        schema="Sign-In", names={"user": "select", "user.name": "Name$", "session.token": "the-token"}
    ),
}


async def make_tables(connection: asyncpg.Connection, shape: Shape, *, grant: bool = True) -> None:
    """Make both tables with one user, and grant what `docs/operations.md` says, if asked to."""
    await leave_role(connection)
    name = shape.name
    ban = ", banned boolean" if shape.bans else ""
    await connection.execute(f"""
        CREATE SCHEMA IF NOT EXISTS "{shape.schema}";
        CREATE TABLE {shape.table("user")} (
            {name("user.id")} {shape.id_type} PRIMARY KEY, {name("user.name")} text NOT NULL,
            {name("user.email")} text NOT NULL UNIQUE, {name("user.emailVerified")} boolean NOT NULL, image text{ban}
        );
        CREATE TABLE {shape.table("session")} (
            id {shape.id_type}, {name("session.expiresAt")} {shape.moment} NOT NULL,
            {name("session.token")} text NOT NULL UNIQUE, {name("session.createdAt")} {shape.moment} NOT NULL,
            "ipAddress" text, {name("session.userId")} {shape.id_type} NOT NULL
                REFERENCES {shape.table("user")} ON DELETE CASCADE
        );
        INSERT INTO {shape.table("user")} VALUES ('{shape.user_id}', 'Zoë 李', 'zoe@example.com', true)
    """)
    if grant:
        await connection.execute(grants(shape))
    # What the driver remembers of the tables of an earlier test.
    await connection.reload_schema_state()


def grants(shape: Shape) -> str:
    """Return the statements that let the service read, written out anew."""
    name = shape.name
    session = ", ".join(name(f"session.{part}") for part in ("token", "userId", "expiresAt", "createdAt"))
    user = ", ".join(name(f"user.{part}") for part in ("id", "name", "email", "emailVerified"))
    ban = ", banned" if shape.bans else ""
    return f"""
        GRANT USAGE ON SCHEMA "{shape.schema}" TO agendum_identity;
        GRANT SELECT ({session}) ON {shape.table("session")} TO agendum_identity;
        GRANT SELECT ({user}{ban}) ON {shape.table("user")} TO agendum_identity
    """


async def begin_session(
    connection: asyncpg.Connection, shape: Shape, *, lasts: float = 604_800, made: datetime | None = None
) -> str:
    """Sign the user in for so many seconds, and return the raw token."""
    token = secrets.token_hex(16)
    began = made or datetime.now(UTC)
    moments = [moment.replace(tzinfo=None) for moment in (began + timedelta(seconds=lasts), began)]
    await leave_role(connection)
    # As JavaScript's libraries do: without a time zone, and meant in UTC.
    aware = "" if shape.moment != "timestamptz" else " AT TIME ZONE 'UTC'"
    columns = ", ".join(
        shape.name(f"session.{part}") for part in ("expiresAt", "createdAt", "token", "userId")
    )
    await connection.execute(
        f"INSERT INTO {shape.table('session')} ({columns}) "
        f"VALUES ($1::timestamp{aware}, $2::timestamp{aware}, $3, $4::text::{shape.id_type})",
        *moments,
        token,
        shape.user_id,
    )
    return token


def signed(token: str, secret: str) -> str:
    """Return a token with its signature, as Better Auth writes it."""
    mac = hmac.new(secret.encode(), token.encode(), hashlib.sha256).digest()
    return token + "." + base64.b64encode(mac).decode()


def bearer(credential: str) -> dict[str, str]:
    """Return the header that brings a bearer token."""
    return {"Authorization": f"Bearer {credential}"}


def cookie(token: str, secret: str, *, name: str = "better-auth.session_token") -> dict[str, str]:
    """Return the header that brings a session cookie."""
    return {"Cookie": f"theme=dark; {name}={quote(signed(token, secret), safe='')}; other=1"}


def configured(shape: Shape, **more: Any) -> dict[str, Any]:
    """Return the settings for tables of a shape."""
    usual = {
        "better_auth_url": ORIGIN,
        "better_auth_database": "shared",
        "better_auth_schema": shape.schema,
        "better_auth_names": shape.names,
    }
    return usual | more
