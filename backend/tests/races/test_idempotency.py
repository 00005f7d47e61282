"""Copies of one request at once, in one process and in two, on a database where transactions really commit.

One effect, equal answers.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.database.connection import Database
from app.database.url import read_address
from app.main import create_app
from tests.conftest import PATIENT
from tests.people import Person, open_client, using
from tests.world import world_of

COPIES = 100


@pytest.fixture
async def other_process(
    own_app: FastAPI, own_ada: Person, own_database: str, settings: Settings
) -> AsyncIterator[Person]:
    """The same person at another process.

    An application and a pool that share nothing with the first but the database.
    """
    database = Database(read_address(own_database), size=16, limits=PATIENT)
    await database.open()
    app = create_app(settings)
    app.state.runtime = using(own_app.state.runtime, database)
    async with open_client(app, dict(own_ada.client.headers)) as client:
        yield Person(own_ada.user_id, client)
    await database.close()


async def send(person: Person, key: str = "8e03978e", title: str = "Pay rent") -> httpx2.Response:
    return await person.client.post("/api/tasks", json={"title": title}, headers={"Idempotency-Key": key})


@asynccontextmanager
async def busy(connection: asyncpg.Connection, person: Person) -> AsyncIterator[None]:
    """Hold a person's lock, as a write in another process does, for as long as the block lasts."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", person.user_id)
        yield


def assert_one_answer(answers: list[httpx2.Response]) -> None:
    """All are equal, and all but one say that they are replays."""
    told = {
        (answer.status_code, answer.content, answer.headers["ETag"], answer.headers["Location"])
        for answer in answers
    }
    assert len(told) == 1
    assert answers[0].status_code == 201
    assert Counter(answer.headers.get("Idempotency-Replayed") for answer in answers) == {
        None: 1,
        "true": len(answers) - 1,
    }


async def assert_one_effect(connection: asyncpg.Connection, person: Person) -> None:
    world = await world_of(connection, person.user_id)
    assert {table: len(world[table]) for table in ("task", "change", "idempotency_key")} == {
        "task": 1,
        "change": 1,
        "idempotency_key": 1,
    }


@pytest.mark.spec("SAFE-012")
async def test_of_a_hundred_copies_one_has_an_effect_and_all_get_equal_answers(
    own_ada: Person, witness: asyncpg.Connection
) -> None:
    """S48."""
    assert_one_answer(list(await asyncio.gather(*(send(own_ada) for _copy in range(COPIES)))))
    await assert_one_effect(witness, own_ada)


@pytest.mark.spec("SAFE-012")
async def test_copies_at_two_processes_have_one_effect_too(
    own_ada: Person, other_process: Person, witness: asyncpg.Connection
) -> None:
    assert_one_answer(
        list(await asyncio.gather(*(send(person) for person in [own_ada, other_process] * (COPIES // 2))))
    )
    await assert_one_effect(witness, own_ada)


@pytest.mark.spec("SAFE-012", "SAFE-011")
async def test_of_different_requests_with_one_key_one_wins_and_the_others_are_refused(
    own_ada: Person, other_process: Person
) -> None:
    people = [own_ada, other_process] * 10
    answers = await asyncio.gather(
        *(send(person, title=f"Title {number}") for number, person in enumerate(people))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 422} == {
        "IDEMPOTENCY_KEY_REUSED"
    }
    assert len(await own_ada.changes()) == 1


@pytest.mark.spec("SAFE-011")
async def test_requests_with_different_keys_do_not_disturb_one_another(
    own_ada: Person, other_process: Person
) -> None:
    answers = await asyncio.gather(
        *(send(person, key=f"key-{number}") for number in range(20) for person in (own_ada, other_process))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len(await own_ada.changes()) == 20


@pytest.mark.spec("SAFE-012")
async def test_a_copy_waits_for_the_first_and_then_gets_its_answer(
    own_ada: Person, other_process: Person, witness: asyncpg.Connection
) -> None:
    async with busy(witness, own_ada):
        copies = [asyncio.create_task(send(person)) for person in (own_ada, other_process)]
        _done, waiting = await asyncio.wait(copies, timeout=0.3)
        assert len(waiting) == 2
    assert_one_answer(list(await asyncio.gather(*copies)))


@pytest.mark.spec("SAFE-012")
async def test_a_copy_that_has_waited_too_long_for_another_process_is_told_so(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    own_app.state.runtime.database.limits = replace(PATIENT, lock=0.2)
    async with busy(witness, own_ada):
        refused = await send(own_ada)
        assert (refused.status_code, refused.json()["code"]) == (409, "STILL_RUNNING")
    assert "Idempotency-Replayed" not in (await send(own_ada)).headers
    await assert_one_effect(witness, own_ada)


@pytest.mark.spec("SAFE-012")
async def test_a_copy_that_has_waited_too_long_for_this_process_is_told_so(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    own_app.state.runtime.database.limits = replace(PATIENT, turn=0.2)
    async with busy(witness, own_ada):
        first = asyncio.create_task(send(own_ada))
        await asyncio.sleep(0.05)
        refused = await send(own_ada)
        assert (refused.status_code, refused.json()["code"], first.done()) == (409, "STILL_RUNNING", False)
    assert (await first).status_code == 201
    assert_one_answer([await send(own_ada), await first])
    await assert_one_effect(witness, own_ada)


@pytest.mark.spec("SAFE-006", "SAFE-012")
async def test_a_write_without_a_key_that_has_waited_too_long_is_to_be_sent_again(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    own_app.state.runtime.database.limits = replace(PATIENT, lock=0.2)
    async with busy(witness, own_ada):
        refused = await own_ada.client.post("/api/tasks", json={"title": "Pay rent"})
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "BUSY", "1")
    assert await own_ada.changes() == []


@pytest.mark.spec("SAFE-012", "SAFE-003")
async def test_copies_whose_callers_went_away_have_one_effect_or_none(
    own_ada: Person, witness: asyncpg.Connection
) -> None:
    for number in range(10):
        copies = [asyncio.create_task(send(own_ada, key=f"key-{number}")) for _copy in range(6)]
        await asyncio.sleep(0.003 * number)
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
    world = await world_of(witness, own_ada.user_id)
    assert len(world["task"]) == len(world["change"]) == len(world["idempotency_key"]) <= 10
    assert {(await send(own_ada, key=f"key-{number}")).status_code for number in range(10)} == {201}
    assert len(await own_ada.changes()) == 10
