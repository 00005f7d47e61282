"""Who waits for whom: one person's requests wait for one another without a connection, and keep nobody else waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.database.connection import Database, Limits
from app.database.url import read_address
from app.domain.changes import Origin, Source
from app.repositories.unit_of_work import reading
from tests.people import Person, joined, served_from

POOL_SIZE = 4


@pytest.fixture
async def app(own_database: str, application: FastAPI) -> AsyncIterator[FastAPI]:
    """The application with a small pool over a database of its own."""
    database = Database(read_address(own_database), size=POOL_SIZE)
    async with served_from(application, database):
        yield application


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[Person]:
    async with joined(app) as person:
        assert (await person.client.get("/api/tasks")).status_code == 200
        yield person


@pytest.fixture
async def bob(app: FastAPI) -> AsyncIterator[Person]:
    async with joined(app) as person:
        assert (await person.client.get("/api/tasks")).status_code == 200
        yield person


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.runtime.database
    return database


@asynccontextmanager
async def many_reads(app: FastAPI, person: Person) -> AsyncIterator[None]:
    """Have as many reads of one person under way as get a turn."""
    async with AsyncExitStack() as stack:
        for _turn in range(POOL_SIZE // 2):
            await stack.enter_async_context(reading(database_of(app), Origin.own(person.user_id, Source.API)))
        yield


@asynccontextmanager
async def locked(witness: asyncpg.Connection) -> AsyncIterator[None]:
    """Hold the table of tasks, as a migration does."""
    async with witness.transaction():
        await witness.execute("LOCK TABLE agendum.task IN ACCESS EXCLUSIVE MODE")
        yield


def told(answer: httpx2.Response) -> tuple[int, str, str, str | None]:
    problem = answer.json()
    return answer.status_code, problem["code"], problem["detail"], answer.headers.get("Retry-After")


@pytest.mark.spec("OPS-036")
async def test_the_reads_of_one_person_leave_half_of_the_connections_to_others(
    app: FastAPI, ada: Person, bob: Person
) -> None:
    async with many_reads(app, ada):
        waiting = [asyncio.create_task(ada.client.get("/api/tasks")) for _read in range(5 * POOL_SIZE)]
        done, _ = await asyncio.wait(waiting, timeout=0.2)
        answers = await asyncio.gather(*(bob.client.get("/api/tasks") for _read in range(POOL_SIZE // 2)))
        assert (done, {answer.status_code for answer in answers}) == (set(), {200})
        assert not any(read.done() for read in waiting)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


@pytest.mark.spec("OPS-036")
async def test_a_read_that_waits_too_long_for_ones_own_is_told_so(
    app: FastAPI, ada: Person, bob: Person
) -> None:
    app.state.runtime.database.limits = Limits(turn=0.1)
    async with many_reads(app, ada):
        refused = await ada.client.get("/api/tasks")
        assert (await ada.client.post("/api/tasks", json={"title": "Pay rent"})).status_code == 201
        assert (await bob.client.get("/api/tasks")).status_code == 200
    assert told(refused) == (
        503,
        "BUSY",
        "Your earlier reads are still running; please try again shortly.",
        "1",
    )
    assert (await ada.client.get("/api/tasks")).status_code == 200


@pytest.mark.spec("OPS-036", "SAFE-006")
async def test_nothing_is_remembered_of_those_who_have_nothing_under_way(
    app: FastAPI, ada: Person, bob: Person
) -> None:
    for person in (ada, bob):
        await asyncio.gather(
            *(person.client.get("/api/tasks") for _read in range(20)),
            *(person.create_task() for _write in range(5)),
        )
    await database_of(app).settle()
    assert (len(database_of(app).reads), len(database_of(app).writes)) == (0, 0)


@pytest.mark.spec("OPS-036")
async def test_readers_who_go_away_while_they_wait_give_their_turns_back(app: FastAPI, ada: Person) -> None:
    async with many_reads(app, ada):
        waiting = [asyncio.create_task(ada.client.get("/api/tasks")) for _read in range(20)]
        await asyncio.sleep(0.05)
        for read in waiting:
            read.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    async with many_reads(app, ada):
        assert database_of(app).reads.line(ada.user_id).locked()
    await database_of(app).settle()
    assert not database_of(app).reads.line(ada.user_id).locked()


@pytest.mark.spec("OPS-035")
async def test_a_read_that_meets_a_lock_is_not_told_of_writes_of_its_own(
    ada: Person, witness: asyncpg.Connection
) -> None:
    async with locked(witness):
        refused = await ada.client.get("/api/tasks")
    assert told(refused) == (503, "UNAVAILABLE", "The database is busy; please try again shortly.", "1")


@pytest.mark.spec("OPS-035")
async def test_a_write_that_meets_a_lock_of_others_is_not_told_of_its_own(
    ada: Person, witness: asyncpg.Connection
) -> None:
    async with locked(witness):
        refused = await ada.client.post(
            "/api/tasks", json={"title": "Pay rent"}, headers={"Idempotency-Key": "8e03978e"}
        )
    assert told(refused) == (503, "UNAVAILABLE", "The database is busy; please try again shortly.", "1")
    assert await ada.changes() == []


@pytest.mark.spec("OPS-104")
async def test_connections_are_lent_in_turn(own_database: str) -> None:
    database, asked, lent = Database(read_address(own_database), size=1), list[int](), list[int]()
    await database.open()

    async def borrow(number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(
                0
            )  # Each comes a step of the loop later, at whatever moment one is given back.
        asked.append(number)
        connection = await database.acquire()
        lent.append(number)
        await connection.execute("SELECT 1")
        await database.release(connection)

    await asyncio.gather(*(borrow(number) for number in range(300)))
    await database.close()
    assert lent == asked == sorted(asked)


@pytest.mark.spec("OBS-004")
async def test_connections_that_are_lent_and_waits_for_them_are_told(app: FastAPI) -> None:
    metrics = app.state.runtime.metrics
    database = database_of(app)
    measured = Database(read_address("postgresql://nobody@127.0.0.1:1/nowhere"), size=1, metrics=metrics)
    measured._pool = database._pool
    connection = await measured.acquire()
    lent = metrics.exposition().decode()
    await measured.release(connection)
    back = metrics.exposition().decode()
    assert "agendum_database_connections_in_use 1.0" in lent
    assert "agendum_database_connections_in_use 0.0" in back
    assert "agendum_database_wait_seconds_count 1.0" in back
