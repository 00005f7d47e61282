"""Many requests at once, on a database where transactions really commit.

Nothing is lost, doubled, skipped or half done.
"""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.database.connection import Database
from app.domain.changes import Origin, Source
from app.repositories.unit_of_work import UnitOfWork, writing
from app.schemas.task import TaskCreate
from app.services import tasks
from tests.people import Person, open_client
from tests.world import World, world_of

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
WRITERS = 50


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.runtime.database
    return database


def numbers(changes: list[dict[str, Any]]) -> list[int]:
    return [change["seq"] for change in changes]


async def follow(person: Person, *, until: int) -> list[dict[str, Any]]:
    """Poll for what comes after the last number that was seen, as a client that follows along."""
    seen: list[dict[str, Any]] = []
    while len(seen) < until:
        seen += await person.changes(after=seen[-1]["seq"] if seen else 0)
    return seen


def faults_of(world: World) -> list[str]:
    """Tell where a person's rows, changes and counter contradict one another."""
    counter = int(world["change_counter"][0].strip("()").split(",")[1])
    facts = {
        f"{len(world['change'])} changes, and the counter is {counter}": len(world["change"]) == counter,
        f"{len(world['task'])} tasks, and {len(world['change'])} creations": len(world["task"])
        == len(world["change"]),
    }
    return [fault for fault, holds in facts.items() if not holds]


@pytest.mark.spec("CHANGE-001", "CHANGE-002", "CHANGE-003", "SAFE-004")
async def test_fifty_writers_give_fifty_numbers_and_a_follower_misses_none(own_ada: Person) -> None:
    follower = asyncio.create_task(follow(own_ada, until=WRITERS))
    created = await asyncio.gather(
        *(own_ada.create_task(title=f"Task {number}") for number in range(WRITERS))
    )
    seen = await asyncio.wait_for(follower, 20)
    assert numbers(seen) == list(range(1, WRITERS + 1))
    assert {change["entity_id"] for change in seen} == {task["id"] for task in created}
    assert numbers(await own_ada.changes()) == numbers(seen)


@pytest.mark.spec("CHANGE-002")
async def test_two_people_number_their_changes_independently(own_ada: Person, own_bob: Person) -> None:
    await asyncio.gather(*(person.create_task() for person in [own_ada, own_bob] * 10))
    for person in (own_ada, own_bob):
        assert numbers(await person.changes()) == list(range(1, 11))


@pytest.mark.spec("SAFE-004", "SAFE-002")
async def test_concurrent_changes_of_different_fields_are_all_applied(own_ada: Person) -> None:
    path = f"/api/tasks/{(await own_ada.create_task())['id']}"
    due = {"date": "2026-12-01", "time": None, "timezone": None}
    fields = {
        "title": "Pay rent today",
        "description": "By hand",
        "priority": "high",
        "completed": True,
        "due": due,
    }
    answers = await asyncio.gather(
        *(own_ada.client.patch(path, json={name: value}) for name, value in fields.items())
    )
    task = (await own_ada.client.get(path)).json()
    assert {answer.status_code for answer in answers} == {200}
    assert {name: task[name] for name in fields} == fields
    assert (task["version"], numbers(await own_ada.changes())) == (6, [1, 2, 3, 4, 5, 6])


@pytest.mark.spec("SAFE-004", "CHANGE-001")
async def test_concurrent_changes_of_one_field_each_start_from_the_one_before(own_ada: Person) -> None:
    path = f"/api/tasks/{(await own_ada.create_task(title='Title 0'))['id']}"
    await asyncio.gather(
        *(own_ada.client.patch(path, json={"title": f"Title {number}"}) for number in range(1, 21))
    )
    changes = (await own_ada.changes())[1:]
    befores = [change["before"]["title"] for change in changes]
    assert befores == ["Title 0", *(change["after"]["title"] for change in changes[:-1])]
    assert len(changes) == 20


@pytest.mark.spec("SAFE-004", "TASK-009")
async def test_concurrent_completions_are_one_change(own_ada: Person) -> None:
    path = f"/api/tasks/{(await own_ada.create_task())['id']}/complete"
    answers = await asyncio.gather(*(own_ada.client.patch(path) for _copy in range(20)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert [change["action"] for change in await own_ada.changes()] == ["created", "completed"]


@pytest.mark.spec("SAFE-005", "SAFE-001")
async def test_concurrent_copies_of_one_create_have_one_effect_and_equal_answers(own_ada: Person) -> None:
    """S48."""
    body = {"id": str(uuid7()), "title": "Pay rent"}
    answers = await asyncio.gather(
        *(own_ada.client.post("/api/tasks", json=body) for _copy in range(WRITERS))
    )
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert len(await own_ada.changes()) == 1


@pytest.mark.spec("SAFE-005", "SAFE-001")
async def test_of_concurrent_creates_with_one_id_and_other_content_one_wins(own_ada: Person) -> None:
    task_id = str(uuid7())
    bodies = [{"id": task_id, "title": f"Title {number}"} for number in range(20)]
    answers = await asyncio.gather(*(own_ada.client.post("/api/tasks", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(await own_ada.changes()) == 1


@pytest.mark.spec("USER-002")
async def test_of_concurrent_registrations_with_one_e_mail_one_wins(own_app: FastAPI) -> None:
    """S48."""
    bodies = [
        {"email": email, "password": "correct horse battery", "name": "Ada"}
        for email in ("ada@example.com", "ADA@example.com") * 3
    ]
    async with open_client(own_app) as client:
        answers = await asyncio.gather(*(client.post("/auth/register", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"EMAIL_TAKEN"}


@pytest.mark.spec("SAFE-003")
@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError, asyncpg.SerializationError])
async def test_a_unit_of_work_that_fails_after_its_writes_leaves_nothing(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection, error: type[BaseException]
) -> None:
    await own_ada.create_task()
    before = await world_of(witness, own_ada.user_id)

    async def fail(work: UnitOfWork) -> None:
        await tasks.create(work, TaskCreate(title="Never"), now=NOW)
        await tasks.create(work, TaskCreate(title="Nor this"), now=NOW)
        raise error

    with pytest.raises(BaseException):  # noqa: B017, PT011 (the database's own errors come out as refusals)
        async with writing(database_of(own_app), Origin.own(own_ada.user_id, Source.API)) as work:
            await fail(work)
    assert await world_of(witness, own_ada.user_id) == before
    await own_ada.create_task()
    assert numbers(await own_ada.changes()) == [1, 2]


@pytest.mark.spec("SAFE-003")
@pytest.mark.parametrize(
    "body", [{"title": ""}, {"title": "Pay rent", "priority": None}, {"completed": None}]
)
async def test_a_refused_request_leaves_nothing(
    own_ada: Person, witness: asyncpg.Connection, body: dict[str, object]
) -> None:
    path = f"/api/tasks/{(await own_ada.create_task())['id']}"
    before = await world_of(witness, own_ada.user_id)
    assert (await own_ada.client.patch(path, json=body)).status_code == 422
    assert await world_of(witness, own_ada.user_id) == before


@pytest.mark.spec("SAFE-003")
async def test_the_commit_comes_before_the_response_begins(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    committed: list[int] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def look(message: Message) -> None:
            if message["type"] == "http.response.start":
                committed.append(len((await world_of(witness, own_ada.user_id))["change"]))
            await send(message)

        await own_app(scope, receive, look)

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=watched), base_url="http://agendum.test"
    ) as client:
        client.headers = own_ada.client.headers
        created = await client.post("/api/tasks", json={"title": "Pay rent"})
        await client.patch(f"{created.headers['Location']}/complete")
        await client.delete(created.headers["Location"])
    assert committed == [1, 2, 3]


@pytest.mark.spec("SAFE-003", "SAFE-004")
async def test_requests_that_are_cancelled_are_done_wholly_or_not_at_all(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    chance = random.Random(20)  # Moments that differ, and are the same in every run.
    for _round in range(12):
        requests = [
            asyncio.create_task(own_ada.client.post("/api/tasks", json={"title": "Pay rent"}))
            for _copy in range(8)
        ]
        await asyncio.sleep(chance.uniform(0.0, 0.03))
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
    assert faults_of(await world_of(witness, own_ada.user_id)) == []
    await assert_pool_is_whole(own_app, own_ada)


async def assert_pool_is_whole(app: FastAPI, person: Person) -> None:
    """Use as many connections at once as the pool may have, and find nobody else's transaction on any."""
    database = database_of(app)
    connections = await asyncio.wait_for(
        asyncio.gather(*(database.acquire() for _connection in range(16))), 5
    )
    assert not any(connection.is_in_transaction() for connection in connections)
    assert {await connection.fetchval("SELECT current_user::text") for connection in connections} == {
        "postgres"
    }
    await asyncio.gather(*(database.release(connection) for connection in connections))
    await asyncio.gather(*(person.create_task() for _copy in range(32)))
