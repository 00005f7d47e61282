"""What a transaction takes in its first message.

The role, the owner as it was given, the limits and the owner's lock.
"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.database.connection import Database, Limits
from app.database.literals import literal
from app.database.url import read_address
from app.domain.changes import Origin, Source
from app.domain.errors import Busy
from app.repositories.unit_of_work import UnitOfWork, identifying, reading, writing

TAKEN = """
    SELECT current_user::text AS role, current_setting('app.user_id') AS owner,
        current_setting('enable_seqscan') AS walks,
        current_setting('transaction_read_only') AS read_only, current_setting('lock_timeout') AS lock_timeout,
        (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks
"""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
IS_FREE = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
PRINTABLE = st.text(min_size=1).filter(str.isprintable)
HOSTILE = [
    "'",
    "''",
    "\\",
    "\\'",
    "a\\",
    "'; RESET role; --",
    "E'",
    "$$",
    "%s",
    "{owner}",
    "\u2019",
    "Zoë",
    "👩",
    " a ",
]


@pytest.fixture
async def database(own_database: str) -> AsyncIterator[Database]:
    database = Database(read_address(own_database), size=2)
    await database.open()
    yield database
    await database.close()


def origin_of(owner: str) -> Origin:
    return Origin.own(owner, Source.API)


async def taken(work: UnitOfWork) -> dict[str, object]:
    record = await work.tasks._session._connection.fetchrow(TAKEN)
    return {name: record[name] for name in ("role", "walks", "read_only", "lock_timeout", "locks")}


async def write(database: Database, owner: str) -> int:
    """Open somebody's rows for writing, and return which server process has served it."""
    async with writing(database, origin_of(owner)) as work:
        process: int = await work.tasks._session._connection.fetchval("SELECT pg_backend_pid()")
        return process


@pytest.mark.spec("OPS-101")
@pytest.mark.parametrize("conforming", ["on", "off"])
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(owner=PRINTABLE | st.sampled_from(HOSTILE))
async def test_any_owner_that_is_taken_comes_back_as_it_was_given(
    connection: asyncpg.Connection, conforming: str, owner: str
) -> None:
    await connection.execute(
        f"SET LOCAL standard_conforming_strings = {conforming};SET LOCAL escape_string_warning = off;"
        f"SET LOCAL app.user_id = {literal(owner)}"
    )
    assert await connection.fetchval("SELECT current_setting('app.user_id')") == owner


@pytest.mark.spec("OPS-101")
@pytest.mark.parametrize("owner", HOSTILE)
async def test_no_owner_changes_what_else_is_taken(database: Database, owner: str) -> None:
    async with reading(database, origin_of(owner)) as work:
        record = await work.tasks._session._connection.fetchrow(TAKEN)
    assert (record["role"], record["owner"], record["read_only"]) == ("agendum_app", owner, "on")


@pytest.mark.spec("OPS-101")
@given(owner=st.text(min_size=1).filter(lambda text: not text.isprintable()))
@example(owner="\0")
@example(owner="a\nb")
@example(owner="\ud800")
def test_an_owner_that_cannot_be_printed_is_refused(owner: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        literal(owner)


@pytest.mark.spec("OPS-101")
async def test_a_refused_owner_leaves_the_pool_and_the_turns_whole(database: Database) -> None:
    for open_rows in (reading, writing):
        with pytest.raises(ValueError, match="printable"):
            async with open_rows(database, origin_of("a\0b")):
                raise AssertionError
    assert (len(database.reads), len(database.writes)) == (0, 0)
    async with (
        writing(database, origin_of("somebody")) as first,
        writing(database, origin_of("somebody else")) as second,
    ):
        assert first.owner != second.owner


@pytest.mark.spec("OPS-100", "ISO-002", "SAFE-004")
async def test_a_read_and_a_write_take_what_they_need(database: Database) -> None:
    usual = {"role": "agendum_app", "walks": "off", "lock_timeout": "2s"}
    async with reading(database, origin_of("somebody")) as work:
        assert await taken(work) == usual | {"read_only": "on", "locks": 0}
    async with writing(database, origin_of("somebody")) as work:
        assert await taken(work) == usual | {"read_only": "off", "locks": 1}
    async with identifying(database) as directory:
        assert (
            await directory._session._connection.fetchval("SELECT current_user::text") == "agendum_identity"
        )


@pytest.mark.spec("SAFE-004")
async def test_the_lock_is_the_owners_and_ends_with_the_transaction(
    database: Database, witness: asyncpg.Connection
) -> None:
    owner = str(uuid7())
    async with writing(database, origin_of(owner)):
        assert [await witness.fetchval(IS_FREE, name) for name in (owner, "another")] == [False, True]
    assert await witness.fetchval(IS_FREE, owner)


@pytest.mark.spec("OPS-103")
async def test_a_lock_that_comes_late_is_waited_for(database: Database, witness: asyncpg.Connection) -> None:
    async with witness.transaction():
        await witness.execute(LOCK, "somebody")
        waiting = asyncio.create_task(write(database, "somebody"))
        await asyncio.sleep(3 * database.limits.lock_at_once)
        assert not waiting.done()
    assert await waiting > 0


@pytest.mark.spec("OPS-103", "OPS-035")
async def test_a_lock_that_does_not_come_is_busy_and_costs_no_connection(
    database: Database, witness: asyncpg.Connection
) -> None:
    database.limits = Limits(lock=0.3, lock_at_once=0.1)
    processes = set()
    async with witness.transaction():
        await witness.execute(LOCK, "somebody")
        for _copy in range(3):
            with pytest.raises(Busy):
                await write(database, "somebody")
            processes.add(await write(database, "another"))
    assert (len(processes), database.missed, len(database.writes)) == (1, 0, 0)
