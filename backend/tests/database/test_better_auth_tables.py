"""Tables of Better Auth that cannot be read are named before the service starts, with what to do about each."""

import asyncpg
import pytest

from app.config import ConfigurationError, Settings
from app.services.better_auth import require_readable, shared_sessions
from tests.api.rows import fetch
from tests.conftest import BorrowedDatabase
from tests.foreign_sessions import SHAPES, Shape, configured, make_tables

OWN, SNAKE = Shape(bans=True), SHAPES["Drizzle"]
HEAD = "the sessions of Better Auth cannot be read:\n  "


async def faults(connection: asyncpg.Connection, settings: Settings, shape: Shape) -> list[str]:
    """Return what the service says that is missing for tables of a shape."""
    shared = shared_sessions(settings.model_copy(update=configured(shape)))
    assert shared is not None
    try:
        await require_readable(BorrowedDatabase(connection), shared)
    except ConfigurationError as refused:
        text = str(refused)
        assert text.startswith(HEAD)
        return text.removeprefix(HEAD).split("\n  ")
    return []


@pytest.mark.spec("BETTER-011", "BETTER-012")
@pytest.mark.parametrize("name", SHAPES)
async def test_nothing_is_missing_once_what_is_printed_is_granted(
    connection: asyncpg.Connection, settings: Settings, name: str
) -> None:
    shape = SHAPES[name]
    await make_tables(connection, shape, grant=False)
    printed = await faults(connection, settings, shape)
    assert printed
    for line in printed:
        await fetch(connection, line.removeprefix("grant it: "))
    assert await faults(connection, settings, shape) == []
    # No more than is named in the specification, and of the second table nothing but the user's.
    rights = await fetch(
        connection,
        """select table_name, column_name from information_schema.column_privileges
        where grantee = 'agendum_identity' and table_schema = $1""",
        shape.schema,
    )
    assert len(rights) == (9 if shape.bans else 8)
    assert {"ipAddress", "image"}.isdisjoint({right["column_name"] for right in rights})


@pytest.mark.spec("BETTER-012")
async def test_what_is_to_be_granted_is_printed(connection: asyncpg.Connection, settings: Settings) -> None:
    shape = Shape(schema="auth", bans=True)
    await make_tables(connection, shape, grant=False)
    assert await faults(connection, settings, shape) == [
        'grant it: GRANT USAGE ON SCHEMA "auth" TO agendum_identity;',
        'grant it: GRANT SELECT ("token", "userId", "expiresAt", "createdAt") ON "auth"."session" '
        "TO agendum_identity;",
        'grant it: GRANT SELECT ("id", "name", "email", "emailVerified", "banned") ON "auth"."user" '
        "TO agendum_identity;",
    ]


@pytest.mark.spec("BETTER-012")
async def test_every_name_that_is_missing_is_told(connection: asyncpg.Connection, settings: Settings) -> None:
    own = 'there is no table "public"."%s"; Better Auth\'s own migration makes it'
    assert await faults(connection, settings, OWN) == [own % "session", own % "user"]
    await make_tables(connection, SNAKE)
    assert await faults(connection, settings, OWN) == [own % "session", own % "user"]
    renamed = Shape(names={"session": "sessions", "user": "users"})
    wanted = ("userId (session.userId)", "expiresAt", "createdAt", "emailVerified (user.emailVerified)")
    told = await faults(connection, settings, renamed)
    assert len(told) == len(wanted)
    assert all(f" has no column {name}" in line for name, line in zip(wanted, told, strict=True))
    assert all("AGENDUM_BETTER_AUTH_NAMES" in line and ", but " in line for line in told)


@pytest.mark.spec("BETTER-012")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            'alter table "session" alter "expiresAt" type bigint using 1',
            'the column expiresAt of "public"."session" is no moment, but bigint',
        ),
        (
            'alter table "session" drop constraint "session_userId_fkey", alter "userId" type uuid '
            "using gen_random_uuid()",
            "operator does not exist: text = uuid",
        ),
        (
            'alter table "user" enable row level security',
            'row-level security of "public"."user" shows agendum_identity no row; make a policy FOR SELECT TO '
            "agendum_identity",
        ),
        (
            'revoke select (banned) on "user" from agendum_identity',
            'grant it: GRANT SELECT ("id", "name", "email", "emailVerified", "banned") ON "public"."user" '
            "TO agendum_identity;",
        ),
    ],
)
async def test_what_keeps_a_table_from_being_read_is_told(
    connection: asyncpg.Connection, settings: Settings, change: str, told: str
) -> None:
    await make_tables(connection, OWN)
    assert await faults(connection, settings, OWN) == []
    await fetch(connection, change)
    [fault] = await faults(connection, settings, OWN)
    assert told in fault


@pytest.mark.spec("BETTER-012")
async def test_a_policy_that_shows_the_rows_opens_a_walled_table(
    connection: asyncpg.Connection, settings: Settings
) -> None:
    await make_tables(connection, OWN)
    await fetch(connection, 'alter table "session" enable row level security')
    await fetch(
        connection, 'create policy writes on "session" for insert to agendum_identity with check (true)'
    )
    assert len(await faults(connection, settings, OWN)) == 1
    await fetch(connection, 'create policy reads on "session" for select to agendum_identity using (true)')
    assert await faults(connection, settings, OWN) == []


@pytest.mark.spec("BETTER-012")
async def test_a_ban_that_is_named_must_be_there(connection: asyncpg.Connection, settings: Settings) -> None:
    await make_tables(connection, Shape())
    assert await faults(connection, settings, Shape()) == []
    named = Shape(names={"user.banned": "is_banned"})
    [fault] = await faults(connection, settings, named)
    assert "has no column is_banned (user.banned)" in fault
