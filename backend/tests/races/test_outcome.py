"""A connection that dies inside of a transaction: the answer is 503, and says whether the write may have been done."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.database.connection import Database, Limits
from app.database.url import read_address
from app.domain.changes import Origin, Source
from app.domain.errors import OutcomeUnknown, Unavailable
from app.repositories.unit_of_work import writing
from tests.people import Person, joined, open_client, served_from
from tests.races.wire import Act, Wire, fall_silent, lose_the_answer, lose_the_question, say_farewell
from tests.world import world_of

POOL_SIZE = 4
TASK = {"title": "Pay rent"}
UNSEEN = {"lose_the_question": lose_the_question, "say_farewell": say_farewell, "fall_silent": fall_silent}
# Ends the connection that runs it, as an operator or a failing server does.
SUICIDE = """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
    CREATE TRIGGER die BEFORE INSERT ON agendum.change FOR EACH ROW EXECUTE FUNCTION die()
"""
# Refuses at the commit, as a server does that finds two transactions in each other's way.
REFUSAL = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''serialization_failure''; END';
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON agendum.change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse()
"""
BACKENDS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE application_name = 'agendum' AND datname = current_database()"
)


@pytest.fixture
async def wire(own_database: str) -> AsyncIterator[Wire]:
    async with Wire(own_database) as wire:
        yield wire


@pytest.fixture
async def app(wire: Wire, application: FastAPI) -> AsyncIterator[FastAPI]:
    """The application with a small pool behind the wire, which does not wait long for a commit."""
    database = Database(read_address(wire.url), size=POOL_SIZE, limits=Limits(command=1.0))
    async with served_from(application, database):
        yield application


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[Person]:
    async with joined(app) as person:
        assert (await person.client.get("/api/me")).status_code == 200
        yield person


async def create(person: Person, key: str = "8e03978e", **content: Any) -> httpx2.Response:
    return await person.client.post("/api/tasks", json=TASK | content, headers={"Idempotency-Key": key})


def told(answer: httpx2.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.headers.get("Retry-After")


async def count_of(witness: asyncpg.Connection, person: Person) -> dict[str, int]:
    world = await world_of(witness, person.user_id)
    return {table: len(world[table]) for table in ("task", "change", "idempotency_key")}


@pytest.mark.spec("SAFE-013", "SAFE-011")
async def test_a_commit_whose_answer_is_lost_was_done_and_its_repetition_is_a_replay(
    wire: Wire, ada: Person, witness: asyncpg.Connection
) -> None:
    wire.at_next_commit(lose_the_answer)
    answer = await create(ada)
    assert told(answer) == (503, "OUTCOME_UNKNOWN", "1")
    assert "Idempotency-Key" in answer.json()["detail"]
    assert await count_of(witness, ada) == {"task": 1, "change": 1, "idempotency_key": 1}
    again = await create(ada)
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, "true")
    assert await count_of(witness, ada) == {"task": 1, "change": 1, "idempotency_key": 1}


@pytest.mark.spec("SAFE-013", "SAFE-011")
@pytest.mark.parametrize("loss", UNSEEN)
async def test_a_commit_that_the_server_never_saw_is_as_unknown_and_its_repetition_is_the_first(
    wire: Wire, ada: Person, witness: asyncpg.Connection, loss: str
) -> None:
    wire.at_next_commit(UNSEEN[loss])
    assert told(await create(ada)) == (503, "OUTCOME_UNKNOWN", "1")
    again = await create(ada)
    assert (again.status_code, again.headers.get("Idempotency-Replayed")) == (201, None)
    assert await count_of(witness, ada) == {"task": 1, "change": 1, "idempotency_key": 1}


@pytest.mark.spec("SAFE-013", "SAFE-001")
@pytest.mark.parametrize("act", [lose_the_question, lose_the_answer])
async def test_a_chosen_id_makes_it_safe_to_ask_again_too(
    wire: Wire, ada: Person, witness: asyncpg.Connection, act: Act
) -> None:
    body = TASK | {"id": str(uuid7())}
    wire.at_next_commit(act)
    assert told(await ada.client.post("/api/tasks", json=body))[1] == "OUTCOME_UNKNOWN"
    assert (await ada.client.post("/api/tasks", json=body)).status_code == 201
    assert (await count_of(witness, ada))["change"] == 1


@pytest.mark.spec("SAFE-013", "BULK-007")
async def test_a_batch_says_it_as_every_write_does(wire: Wire, ada: Person) -> None:
    wire.at_next_commit(lose_the_answer)
    answer = await ada.client.post("/api/tasks/bulk", json={"operations": [{"op": "create", "task": TASK}]})
    assert told(answer) == (503, "OUTCOME_UNKNOWN", "1")
    assert (answer.json()["errors"], "operations" in answer.json()["detail"]) == ([], False)


@pytest.mark.spec("SAFE-013", "OPS-102")
@pytest.mark.parametrize("loss", [lose_the_answer, *UNSEEN.values()])
async def test_a_read_is_answered_whatever_becomes_of_its_end(
    wire: Wire, ada: Person, app: FastAPI, loss: Act
) -> None:
    wire.at_next_commit(loss)
    assert (await ada.client.get("/api/tasks")).status_code == 200
    await wire.commit_came.wait()
    wire.at_next_commit(loss)
    async with open_client(app) as client:
        login = await client.post(
            "/auth/login", json={"email": "nobody@example.com", "password": "correct horse battery"}
        )
    assert told(login)[:2] == (401, "WRONG_CREDENTIALS")
    await wire.commit_came.wait()
    assert (await create(ada)).status_code == 201


@pytest.mark.spec("SAFE-013", "USER-002")
async def test_a_registration_may_have_been_done_as_well(wire: Wire, app: FastAPI) -> None:
    account = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
    wire.at_next_commit(lose_the_answer)
    async with open_client(app) as client:
        assert told(await client.post("/auth/register", json=account)) == (503, "OUTCOME_UNKNOWN", "1")
        assert told(await client.post("/auth/register", json=account))[:2] == (409, "EMAIL_TAKEN")


@pytest.mark.spec("SAFE-013")
async def test_a_commit_that_the_server_refuses_was_not_done(
    ada: Person, witness: asyncpg.Connection
) -> None:
    await witness.execute(REFUSAL)
    assert told(await create(ada)) == (503, "UNAVAILABLE", "1")
    await witness.execute("DROP FUNCTION refuse CASCADE")
    assert await count_of(witness, ada) == {"task": 0, "change": 0, "idempotency_key": 0}
    assert (await create(ada)).status_code == 201


@pytest.mark.spec("SAFE-013", "SAFE-003")
async def test_a_caller_who_goes_away_during_the_commit_leaves_the_pool_whole(
    wire: Wire, ada: Person, witness: asyncpg.Connection
) -> None:
    for _round in range(POOL_SIZE + 1):
        wire.at_next_commit(fall_silent)
        request = asyncio.create_task(create(ada))
        await wire.commit_came.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert (await create(ada)).status_code == 201
    assert await count_of(witness, ada) == {"task": 1, "change": 1, "idempotency_key": 1}


@pytest.mark.spec("OPS-012", "SAFE-003")
async def test_a_connection_that_dies_inside_a_statement_is_503(
    ada: Person, witness: asyncpg.Connection
) -> None:
    await witness.execute(SUICIDE)
    assert told(await create(ada)) == (503, "UNAVAILABLE", "1")
    await witness.execute("DROP FUNCTION die CASCADE")
    assert await count_of(witness, ada) == {"task": 0, "change": 0, "idempotency_key": 0}
    assert (await create(ada)).status_code == 201


@pytest.mark.spec("OPS-012", "SAFE-013")
@pytest.mark.parametrize("noticed", [0.0, 0.2])
async def test_a_connection_that_dies_between_two_statements_is_away(
    app: FastAPI, ada: Person, witness: asyncpg.Connection, noticed: float
) -> None:
    async def go_on_after_the_end() -> None:
        async with writing(app.state.runtime.database, Origin.own(ada.user_id, Source.API)) as work:
            assert await witness.fetchval(BACKENDS) >= 1
            await asyncio.sleep(noticed)
            await work.profile.get()

    with pytest.raises(Unavailable) as refused:
        await go_on_after_the_end()
    assert not isinstance(refused.value, OutcomeUnknown)


@pytest.mark.spec("OPS-012", "SAFE-013")
async def test_a_connection_that_is_known_to_be_lost_before_the_commit_has_done_nothing(
    app: FastAPI, wire: Wire, ada: Person
) -> None:
    async def commit_after_the_end() -> None:
        async with writing(app.state.runtime.database, Origin.own(ada.user_id, Source.API)) as work:
            await work.profile.get()
            wire.cut()
            await asyncio.sleep(0.2)

    with pytest.raises(Unavailable) as refused:
        await commit_after_the_end()
    assert not isinstance(refused.value, OutcomeUnknown)


@pytest.mark.spec("OPS-012", "SAFE-003")
async def test_connections_that_are_cut_under_load_are_never_a_fault_of_ours(
    wire: Wire, app: FastAPI
) -> None:
    answers: list[httpx2.Response] = []

    def note(answer: httpx2.Response) -> None:
        """Cut every line at each fifth answer, however fast the machine is; other writes are under way then."""
        answers.append(answer)
        if len(answers) % 5 == 0:
            wire.cut()

    async def write(person: Person) -> None:
        for _task in range(25):
            note(await create(person, key=str(uuid7())))

    async with joined(app) as ada, joined(app) as bob, joined(app) as eve:
        await asyncio.gather(*map(write, (ada, bob, eve)))
        done = [answer for answer in answers if answer.status_code == 201]
        unsure = [
            answer
            for answer in answers
            if answer.status_code == 503 and answer.json()["code"] == "OUTCOME_UNKNOWN"
        ]
        there = sum([len(await person.changes()) for person in (ada, bob, eve)])
    assert {answer.status_code for answer in answers} == {201, 503}
    assert len(done) <= there <= len(done) + len(unsure)


@pytest.mark.spec("SAFE-013")
async def test_a_write_in_which_a_statement_failed_is_never_taken_for_done(app: FastAPI, ada: Person) -> None:
    async def go_on_after_a_failure() -> None:
        async with writing(app.state.runtime.database, Origin.own(ada.user_id, Source.API)) as work:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await work.tasks._session._connection.execute("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="nothing was committed"):
        await go_on_after_a_failure()
    assert (await create(ada)).status_code == 201
