"""How often an operation goes to the database and back, counted on the wire, and what is answered before that."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.database.connection import Database, Limits
from app.database.url import read_address
from tests.conftest import PATIENT
from tests.people import Person, joined, served_from
from tests.races.stopwatch import Stopwatch
from tests.races.wire import Wire, fall_silent

READ = "BEGIN READ ONLY"
TASK = {"title": "Pay rent"}
NOBODYS_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


@pytest.fixture
async def wire(own_database: str) -> AsyncIterator[Wire]:
    async with Wire(own_database) as wire:
        yield wire


@pytest.fixture
async def app(wire: Wire, application: FastAPI) -> AsyncIterator[FastAPI]:
    """The application with one connection, which goes through the wire."""
    async with served_from(application, Database(read_address(wire.url), size=1, limits=PATIENT)):
        yield application


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[Person]:
    async with joined(app) as person:
        yield person


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.runtime.database
    return database


async def trips(
    app: FastAPI, wire: Wire, person: Person, *, request: dict[str, Any]
) -> tuple[int, list[str]]:
    """Send a request; return its status and what was said to the server, the end of the transaction included."""
    await database_of(app).settle()
    wire.trips.clear()
    answer = await person.client.request(**request)
    await database_of(app).settle()
    return answer.status_code, list(wire.trips)


@pytest.mark.spec("OPS-100")
async def test_the_trips_of_a_read_and_of_a_write(app: FastAPI, wire: Wire, ada: Person) -> None:
    found: list[dict[str, tuple[int, list[str]]]] = []
    for _round in range(3):
        task = f"/api/tasks/{(await ada.create_task())['id']}"
        requests: dict[str, dict[str, Any]] = {
            "get": {"method": "GET", "url": task},
            "list": {"method": "GET", "url": "/api/tasks"},
            "create": {"method": "POST", "url": "/api/tasks", "json": TASK},
            "complete": {"method": "PATCH", "url": f"{task}/complete"},
        }
        found.append(
            {name: await trips(app, wire, ada, request=request) for name, request in requests.items()}
        )
    # The first rounds also prepare the statements.
    assert found[-1] == {
        "get": (200, [READ, "statement", "COMMIT"]),
        "list": (200, [READ, "statement", "COMMIT"]),
        "create": (201, ["BEGIN", "statement", "COMMIT"]),
        "complete": (200, ["BEGIN", "statement", "statement", "COMMIT"]),
    }


@pytest.mark.spec("SAFE-014", "OPS-100")
async def test_a_key_costs_one_trip_and_a_repetition_is_rolled_back(
    app: FastAPI, wire: Wire, ada: Person
) -> None:
    found: list[dict[str, tuple[int, list[str]]]] = []
    for key in ("first", "second", "third"):
        keyed = {"method": "POST", "url": "/api/tasks", "json": TASK, "headers": {"Idempotency-Key": key}}
        refused = keyed | {
            "json": TASK | {"category_id": NOBODYS_ID},
            "headers": {"Idempotency-Key": f"{key}-refused"},
        }
        requests: dict[str, dict[str, Any]] = {"first": keyed, "copy": keyed, "refused": refused}
        found.append(
            {name: await trips(app, wire, ada, request=request) for name, request in requests.items()}
        )
    assert found[-1] == {
        "first": (201, ["BEGIN", "statement", "statement", "COMMIT"]),
        "copy": (201, ["BEGIN", "statement", "statement", "statement", "ROLLBACK"]),
        "refused": (422, ["BEGIN", "statement", "ROLLBACK", READ, "statement", "COMMIT"]),
    }


@pytest.mark.spec("OPS-102")
async def test_a_read_is_answered_before_its_transaction_has_ended(
    app: FastAPI, wire: Wire, ada: Person
) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    for url, status in {path: 200, "/api/tasks": 200}.items():
        await database_of(app).settle()
        wire.at_next_commit(fall_silent)
        assert (await ada.client.get(url)).status_code == status
        assert len(database_of(app).reads) == 1
        await wire.commit_came.wait()
        wire.cut()


@pytest.mark.spec("OPS-102")
async def test_a_refused_read_ends_behind_its_answer_too(app: FastAPI, wire: Wire, ada: Person) -> None:
    request = {"method": "GET", "url": f"/api/tasks/{NOBODYS_ID}"}
    assert [await trips(app, wire, ada, request=request) for _round in range(2)][1] == (
        404,
        [READ, "statement", "ROLLBACK"],
    )
    assert (await ada.client.get("/api/tasks")).status_code == 200


@pytest.mark.spec("OPS-102")
async def test_one_connection_serves_many_who_read_and_write_at_once(app: FastAPI, ada: Person) -> None:
    async with joined(app) as bob:
        requests = [person.client.get("/api/tasks") for person in (ada, bob) for _read in range(20)]
        answers: list[httpx2.Response] = list(
            await asyncio.gather(*requests, ada.client.post("/api/tasks", json=TASK))
        )
    assert [answer.status_code for answer in answers] == [200] * 40 + [201]


@pytest.mark.spec("OPS-102")
async def test_an_end_that_does_not_come_is_given_up_and_the_next_read_has_a_connection(
    app: FastAPI, wire: Wire, ada: Person
) -> None:
    await ada.client.get("/api/tasks")
    database_of(app).limits = Limits(opening=0.3)
    wire.at_next_commit(fall_silent)
    assert (await ada.client.get("/api/tasks")).status_code == 200
    await database_of(app).settle()
    database_of(app).limits = PATIENT
    assert (await ada.client.get("/api/tasks")).status_code == 200


@pytest.mark.spec("OPS-102")
async def test_a_pool_that_closes_leaves_no_transaction_behind(
    own_database: str, application: FastAPI, wire: Wire
) -> None:
    database = Database(read_address(wire.url), size=2, limits=Limits(command=0.5))
    before = asyncio.all_tasks()
    async with Stopwatch() as watch:
        async with served_from(application, database), joined(application) as person:
            assert (await person.client.get("/api/me")).status_code == 200
            wire.at_next_commit(fall_silent)
            assert (await person.client.get("/api/tasks")).status_code == 200
        assert [task for task in asyncio.all_tasks() - before if "_Running" in repr(task)] == []
    assert watch.seconds < 5
    assert own_database


@pytest.mark.spec("OPS-103")
async def test_the_trips_of_a_write_that_finds_its_lock_taken(
    app: FastAPI, wire: Wire, ada: Person, witness: asyncpg.Connection
) -> None:
    request = {"method": "POST", "url": "/api/tasks", "json": TASK}
    for _round in range(2):
        await trips(app, wire, ada, request=request)
    async with witness.transaction():
        await witness.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", ada.user_id)
        waiting = asyncio.create_task(trips(app, wire, ada, request=request))
        await asyncio.sleep(0.6)
        assert not waiting.done()
    assert await waiting == (201, ["BEGIN", "ROLLBACK", "BEGIN", "statement", "COMMIT"])
