"""The database goes away, freezes or fills up: answers are 503 at once, and normal again without a restart.

It runs a server of its own, because nobody else's may be stopped.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.config import Settings
from app.database.connection import Database, Limits
from app.database.embedded.server import EmbeddedPostgres
from app.database.migrate import migrate
from app.database.url import read_address
from app.domain.changes import Origin, Source
from app.domain.errors import Unavailable
from app.main import create_app
from app.repositories.unit_of_work import reading
from tests.conftest import PATIENT
from tests.people import Person, access_token, make_person, open_client
from tests.races.stopwatch import Stopwatch
from tests.server import run

POOL_SIZE = 4
SECRET = "a secret for tests alone, 0123456789"
LOCK, UNLOCK = (f"SELECT pg_advisory_{what}(hashtextextended($1, 0))" for what in ("lock", "unlock"))
BACKENDS = "FROM pg_stat_activity WHERE application_name = 'agendum'"
NORMAL = {"read": 200, "write": 201, "new token": 200, "login": 401, "ready": 200}
LOGIN = {"email": "nobody@example.com", "password": "correct horse battery"}


@dataclass(frozen=True)
class Answer:
    """What a request got, and after how many seconds."""

    status: int
    retry_after: str | None
    seconds: float


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="agendum-outage-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", {"fsync": "off"})
    server.start()
    run(migrate(read_address(server.url)))
    yield server
    server.stop()
    shutil.rmtree(folder)


def settings_of(server: EmbeddedPostgres) -> Settings:
    return Settings(DATABASE_URL=server.url, BETTER_AUTH_SECRET=SECRET, AGENDUM_POOL_SIZE=POOL_SIZE)


@pytest.fixture
async def app(server: EmbeddedPostgres) -> AsyncIterator[FastAPI]:
    """An application as it is served, with a small pool of its own."""
    server.start()
    app = create_app(settings_of(server))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[Person]:
    person = await make_person(app)
    await person.create_task()
    yield person
    await person.client.aclose()


@pytest.fixture
async def witness(server: EmbeddedPostgres, ada: Person) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection beside the pool, while there is a person."""
    assert ada.user_id
    connection = await asyncpg.connect(dsn=server.url, server_settings={"application_name": "witness"})
    yield connection
    await connection.close()


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.runtime.database
    return database


async def timed(request: Awaitable[httpx2.Response]) -> Answer:
    async with Stopwatch() as watch:
        response = await request
    return Answer(response.status_code, response.headers.get("Retry-After"), watch.seconds)


async def ask_everything(app: FastAPI, person: Person) -> dict[str, Answer]:
    """Read, write, log in and ask whether it is ready, all at once.

    With a token that is remembered and with a new one.
    """
    unremembered = f"Bearer {access_token(app.state.runtime, person.user_id, jti=str(uuid7()))}"
    async with open_client(app) as client:
        requests = {
            "read": person.client.get("/api/tasks"),
            "write": person.client.post("/api/tasks", json={"title": "Pay rent"}),
            "new token": client.get("/api/me", headers={"Authorization": unremembered}),
            "login": client.post("/auth/login", json=LOGIN),
            "ready": client.get("/health/ready"),
        }
        return dict(zip(requests, await asyncio.gather(*map(timed, requests.values())), strict=True))


async def assert_away(app: FastAPI, person: Person) -> None:
    """Everything that needs the database is 503 in under 2 seconds, with a time to come back; the process lives."""
    for _attempt in range(2):
        answers = await ask_everything(app, person)
        assert {
            name: answer for name, answer in answers.items() if answer.status != 503 or not answer.retry_after
        } == {}
        assert {name: answer for name, answer in answers.items() if answer.seconds >= 2} == {}
    async with open_client(app) as client:
        assert (await client.get("/health/live")).status_code == 200


async def assert_back(app: FastAPI, person: Person) -> None:
    """Everything is normal again within 5 seconds."""
    async with Stopwatch() as watch:
        while watch.seconds < 5:
            answers = await ask_everything(app, person)
            if {name: answer.status for name, answer in answers.items()} == NORMAL:
                return
            await asyncio.sleep(0.1)
    raise AssertionError(answers)


def processes_of(server: EmbeddedPostgres) -> list[int]:
    """List the server's processes, the first of them before those that it has started."""
    first = (server.folder / "cluster/postmaster.pid").read_text().split("\n")[0]
    everything = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [int(first), *(int(line.split()[0]) for line in everything if line.split()[1] == first)]


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """Stop the server in its tracks: its sockets stay open, and nobody answers on them."""
    processes = processes_of(server)
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.mark.spec("OPS-012", "OPS-010", "OPS-011")
async def test_without_the_database_everything_else_is_503_and_normal_once_it_is_back(
    app: FastAPI, ada: Person, server: EmbeddedPostgres
) -> None:
    """S40."""
    await asyncio.to_thread(server.stop)
    await assert_away(app, ada)
    await asyncio.to_thread(server.start)
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012")
async def test_the_service_starts_before_its_database(server: EmbeddedPostgres, ada: Person) -> None:
    await asyncio.to_thread(server.stop)
    early = create_app(settings_of(server))
    async with early.router.lifespan_context(early), open_client(early) as client:
        assert (await timed(client.get("/health/ready"))).status == 503
        await asyncio.to_thread(server.start)
        assert (await timed(client.get("/api/me", headers=ada.client.headers))).status == 200


@pytest.mark.spec("OPS-012")
async def test_a_database_that_is_frozen_is_away_until_it_moves_again(
    app: FastAPI, ada: Person, server: EmbeddedPostgres
) -> None:
    with frozen(server):
        await assert_away(app, ada)
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012")
async def test_a_statement_that_freezes_half_way_is_given_up(
    app: FastAPI, ada: Person, server: EmbeddedPostgres, witness: asyncpg.Connection
) -> None:
    await witness.execute(LOCK, ada.user_id)
    request = asyncio.create_task(timed(ada.client.post("/api/tasks", json={"title": "Pay rent"})))
    await asyncio.sleep(0.3)
    with frozen(server):
        answer = await request
    await witness.execute(UNLOCK, ada.user_id)
    assert (answer.status, answer.seconds < 6) == (503, True), answer
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012", "SAFE-014")
async def test_a_request_with_a_key_that_freezes_half_way_is_not_looked_up(
    app: FastAPI, ada: Person, server: EmbeddedPostgres, witness: asyncpg.Connection
) -> None:
    async with witness.transaction():
        await witness.execute("LOCK TABLE agendum.task IN ACCESS EXCLUSIVE MODE")
        headers = {"Idempotency-Key": "8e03978e"}
        request = asyncio.create_task(
            timed(ada.client.post("/api/tasks", json={"title": "Pay rent"}, headers=headers))
        )
        await asyncio.sleep(0.3)
        with frozen(server):
            answer = await request
    # One look-up would take 1.5 seconds more than the 5 that a command has.
    assert (answer.status, answer.seconds < 5.6) == (503, True), answer
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012")
async def test_connections_that_were_ended_while_idle_cost_no_request(
    app: FastAPI, ada: Person, witness: asyncpg.Connection
) -> None:
    database_of(app).limits = PATIENT
    for _round in range(5):
        await ask_everything(app, ada)
        assert await witness.fetchval(f"SELECT count(pg_terminate_backend(pid)) {BACKENDS}") > 0
        assert {name: answer.status for name, answer in (await ask_everything(app, ada)).items()} == NORMAL


@pytest.mark.spec("OPS-012")
async def test_a_connection_that_ends_unnoticed_costs_no_request(
    app: FastAPI, ada: Person, witness: asyncpg.Connection
) -> None:
    database_of(app).limits = PATIENT
    for _round in range(5):
        await ask_everything(app, ada)
        for record in await witness.fetch(f"SELECT pid {BACKENDS}"):
            os.kill(record["pid"], signal.SIGTERM)
        time.sleep(0.1)  # noqa: ASYNC251 (the event loop must not hear of it before the next request)
        assert {name: answer.status for name, answer in (await ask_everything(app, ada)).items()} == NORMAL


@pytest.mark.spec("OPS-012", "SAFE-004")
async def test_a_write_that_waits_too_long_for_another_is_given_up(
    app: FastAPI, ada: Person, witness: asyncpg.Connection
) -> None:
    await witness.execute(LOCK, ada.user_id)
    answer = await timed(ada.client.post("/api/tasks", json={"title": "Pay rent"}))
    await witness.execute(UNLOCK, ada.user_id)
    assert (answer.status, answer.retry_after is not None, answer.seconds < 3) == (503, True, True), answer
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012")
async def test_a_statement_beyond_the_limit_is_given_up(app: FastAPI, ada: Person) -> None:
    async with Stopwatch() as watch:
        with pytest.raises(Unavailable):
            async with reading(database_of(app), Origin.own(ada.user_id, Source.API)) as work:
                await work.tasks._session._connection.fetchval("SELECT pg_sleep(30)")
    assert watch.seconds < 5
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012")
async def test_a_pool_that_is_used_up_is_503_and_not_a_queue(app: FastAPI, ada: Person) -> None:
    database = database_of(app)
    held = [await database.acquire() for _connection in range(POOL_SIZE)]
    await assert_away(app, ada)
    for connection in held:
        await database.release(connection)
    await assert_back(app, ada)


@pytest.mark.spec("SAFE-006")
async def test_the_waiting_writes_of_one_person_keep_nobody_else_out(
    app: FastAPI, ada: Person, witness: asyncpg.Connection
) -> None:
    other = await make_person(app)
    await witness.execute(LOCK, ada.user_id)
    writes = [
        asyncio.create_task(ada.client.post("/api/tasks", json={"title": "Pay rent"}))
        for _copy in range(2 * POOL_SIZE)
    ]
    await asyncio.sleep(0.2)
    answer = await timed(other.client.post("/api/tasks", json={"title": "Pay rent"}))
    assert (answer.status, answer.seconds < 1) == (201, True)
    await witness.execute(UNLOCK, ada.user_id)
    assert {answer.status_code for answer in await asyncio.gather(*writes)} == {201}


@pytest.mark.spec("SAFE-006")
async def test_a_write_does_not_wait_for_ever_for_ones_own(app: FastAPI, ada: Person) -> None:
    database_of(app).limits = Limits(turn=0.1)
    async with database_of(app).writes.line(ada.user_id):
        answer = await timed(ada.client.post("/api/tasks", json={"title": "Pay rent"}))
    assert (answer.status, answer.retry_after) == (503, "1")
    await assert_back(app, ada)


@pytest.mark.spec("SAFE-003")
async def test_what_was_committed_is_answered_even_if_its_connection_cannot_be_given_back(
    app: FastAPI, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        raise asyncpg.ConnectionDoesNotExistError

    with monkeypatch.context() as broken:
        broken.setattr(asyncpg.Pool, "release", fail)
        assert (await ada.client.post("/api/tasks", json={"title": "Pay rent"})).status_code == 201
    await assert_back(app, ada)


@pytest.mark.spec("OPS-012")
async def test_many_requests_during_an_outage_leave_the_pool_whole(
    app: FastAPI, ada: Person, server: EmbeddedPostgres
) -> None:
    with frozen(server):
        reads = [timed(ada.client.get("/api/tasks")) for _copy in range(40)]
        writes = [timed(ada.client.post("/api/tasks", json={"title": "Pay rent"})) for _copy in range(40)]
        answers = await asyncio.gather(*reads, *writes)
    assert {answer.status for answer in answers} == {503}
    assert max(answer.seconds for answer in answers) < 2
    await assert_back(app, ada)
    connections = await asyncio.gather(*(database_of(app).acquire() for _connection in range(POOL_SIZE)))
    await asyncio.gather(*(database_of(app).release(connection) for connection in connections))
