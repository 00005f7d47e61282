"""What later migrations are made of.

Batches, indexes and constraints beside whoever serves, by a login that its own walls hold back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.database.migrate import SCRIPTS, holding_the_lock, migrate
from app.database.url import read_address
from tests.migrations.databases import ask, configuration, within
from tests.server import connect, copy_database, drop_database, url_of

HEADER = """
import sqlalchemy as sa
from alembic import op
from app.migrations import online
revision, down_revision = "9001", "{head}"
"""
FOLDING = """
def upgrade():
    online.execute("ALTER TABLE agendum.account ADD COLUMN IF NOT EXISTS folded text")
    with online.past_the_walls("account"):
        online.in_batches(fold)
    online.create_index("ux_account_folded", "account", ["folded"], unique=True)
    online.add_constraint("account", "ck_account_folded", "CHECK (char_length(folded) < 400)")
    online.require("account", "folded")
    online.drop_index("ux_account_email")

def fold(after):
    query = "SELECT user_id, email FROM agendum.account WHERE user_id > :after ORDER BY user_id LIMIT 2"
    rows = op.get_bind().execute(sa.text(query), {"after": after[0] if after else ""}).all()
    for row in rows:
        values = {"user_id": row.user_id, "folded": row.email.casefold()}
        op.get_bind().execute(sa.text("UPDATE agendum.account SET folded = :folded WHERE user_id = :user_id"), values)
    return (rows[-1].user_id,) if rows else None
"""
INDEXING = """
def upgrade():
    online.create_index("ix_account_name", "account", ["name"])
"""
PLAIN = """
def upgrade():
    op.add_column("change", sa.Column("later", sa.BigInteger), schema="agendum")
    op.execute("GRANT UPDATE (later) ON agendum.change TO agendum_app")
"""
JOIN = """
    INSERT INTO agendum.account
    SELECT 'person' || n, 'agendum', 'person' || n, 'Person' || n || '@Example.com', NULL, now(), now()
    FROM generate_series(1, 5) AS n
"""
FOLDED = "SELECT array_agg(folded ORDER BY user_id) FROM agendum.account"
INDEX = "SELECT indisvalid AND indisunique FROM pg_index WHERE indexrelid = to_regclass('agendum.ux_account_folded')"
REQUIRED = (
    "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'agendum.account'::regclass AND attname = 'folded'"
)
RULES = """
    SELECT array_agg(conname || CASE WHEN convalidated THEN '' ELSE ' not valid' END)
    FROM pg_constraint WHERE conname LIKE '%folded%' AND contype = 'c'
"""
POLICIES = "SELECT count(*) FROM pg_policies WHERE policyname LIKE '%migration%'"
Migration = Callable[[str], Callable[[Connection], None]]


@pytest.fixture
async def superuser(template: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the server, whose roles have been made by whoever migrated the template."""
    del template
    connection = await connect("postgres")
    yield connection
    await connection.close()


@pytest.fixture
async def url(superuser: asyncpg.Connection) -> AsyncIterator[str]:
    """Give the address of a migrated database of five people, for the ordinary login that owns it."""
    name, login = f"later_{uuid7().hex}", f"owner_{uuid7().hex}"
    await superuser.execute(f"CREATE ROLE {login} LOGIN CREATEROLE")
    for role in (
        "agendum_app",
        "agendum_identity",
        "agendum_search",
        "agendum_worker",
        "agendum_admin",
        "agendum_eraser",
    ):
        await superuser.execute(f"GRANT {role} TO {login} WITH INHERIT FALSE, SET TRUE")
    await copy_database("template0", name)
    await superuser.execute(f"ALTER DATABASE {name} OWNER TO {login}")
    address = url_of(name).replace("postgres@", f"{login}@")
    await migrate(read_address(address))
    await ask(url_of(name), JOIN)
    yield address
    await drop_database(name)
    await superuser.execute(f"DROP ROLE {login}")


@pytest.fixture
def migration(tmp_path: Path) -> Migration:
    """Return what applies a migration that follows the newest one."""

    def write(body: str) -> Callable[[Connection], None]:
        head = ScriptDirectory(str(SCRIPTS)).get_current_head()
        (tmp_path / "9001_later.py").write_text(HEADER.format(head=head) + body)

        def apply(connection: Connection) -> None:
            config = configuration(connection)
            config.set_main_option("path_separator", "newline")
            config.set_main_option("version_locations", f"{SCRIPTS / 'versions'}\n{tmp_path}")
            command.upgrade(config, "head")

        return apply

    return write


async def state(url: str) -> list[Any]:
    superuser = url.replace(url.partition("//")[2].partition("@")[0], "postgres")
    return [await ask(superuser, query) for query in (FOLDED, INDEX, REQUIRED, RULES, POLICIES)]


@pytest.mark.spec("OPS-040")
async def test_rows_are_filled_in_batches_and_then_indexed_and_checked(
    url: str, migration: Migration
) -> None:
    await within(url, migration(FOLDING))
    folded = [f"person{number}@example.com" for number in range(1, 6)]
    assert await state(url) == [folded, True, True, ["ck_account_folded"], 0]
    assert await ask(url, "SELECT count(*) FROM agendum.account") == 0


@pytest.mark.spec("OPS-040", "OPS-042")
async def test_an_index_that_could_not_be_finished_is_made_anew(url: str, migration: Migration) -> None:
    superuser = await connect(read_address(url).database)
    await superuser.execute("DROP INDEX agendum.ux_account_email")
    await superuser.execute(
        "UPDATE agendum.account SET email = 'person1@example.com' WHERE user_id = 'person2'"
    )
    with pytest.raises(IntegrityError):
        await within(url, migration(FOLDING))
    assert (await state(url))[1:] == [False, False, None, 0]
    await superuser.execute(
        "UPDATE agendum.account SET email = 'person2@example.com' WHERE user_id = 'person2'"
    )
    await superuser.close()
    await within(url, migration(FOLDING))
    assert (await state(url))[1:] == [True, True, ["ck_account_folded"], 0]


@pytest.mark.spec("OPS-040")
async def test_an_index_waits_for_older_transactions_and_they_for_nothing(
    url: str, migration: Migration
) -> None:
    older = await connect(read_address(url).database)
    await older.execute("SET lock_timeout = '1s'")
    async with older.transaction(isolation="repeatable_read"):
        await older.execute("SELECT FROM agendum.account")
        ours = asyncio.create_task(asyncio.to_thread(asyncio.run, within(url, migration(INDEXING))))
        await asyncio.sleep(2)
        assert not ours.done()
        await older.execute("UPDATE agendum.account SET name = 'Ada' WHERE user_id = 'person1'")
    await older.close()
    await ours
    assert await ask(
        url, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'agendum.ix_account_name'::regclass"
    )


@pytest.mark.spec("OPS-020", "OPS-040")
async def test_an_index_is_finished_beside_those_who_hold_the_lock_and_wait_for_it(
    url: str, migration: Migration
) -> None:
    async def wait() -> None:
        async with holding_the_lock(read_address(url)):
            pass

    async with holding_the_lock(read_address(url)):
        waiting = asyncio.create_task(wait())
        async with asyncio.timeout(60):
            await within(url, migration(INDEXING))
        assert not waiting.done()
    await waiting


async def test_a_plain_migration_is_one_transaction_with_its_version(url: str, migration: Migration) -> None:
    broken = PLAIN + "    op.execute('SELECT 1 / 0')\n"
    with pytest.raises(Exception, match="division by zero"):
        await within(url, migration(broken))
    column = (
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'agendum.change'::regclass AND attname = 'later'"
    )
    assert await ask(url, column) == 0
    await within(url, migration(PLAIN))
    assert await ask(url, column) == 1
