"""Everything works through PgBouncer in transaction mode, where each transaction may use another connection."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.config import Settings
from app.database.migrate import migrate
from app.database.url import read_address
from app.main import create_app
from app.models.naming import metadata
from tests.people import Person, make_person
from tests.races.pooler import PROGRAM, PgBouncer
from tests.server import copy_database, drop_database, url_of

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
SERVER_CONNECTIONS, PEOPLE, ROUNDS = 2, 8, 5
STATE = (
    "SELECT current_user::text AS role, coalesce(current_setting('app.user_id', true), '') AS owner, "
    "pg_backend_pid() AS process"
)
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'agendum'"


@pytest.fixture
def pooler() -> Iterator[PgBouncer]:
    with PgBouncer(url_of("postgres"), size=SERVER_CONNECTIONS) as pooler:
        yield pooler


@pytest.fixture
async def empty_database() -> AsyncIterator[str]:
    name = f"empty_{uuid7().hex}"
    await copy_database("template0", name)
    yield name
    await drop_database(name)


@pytest.fixture
def database(own_database: str) -> str:
    """The name of a migrated database."""
    return read_address(own_database).database


@pytest.fixture
async def pooled_app(pooler: PgBouncer, database: str) -> AsyncIterator[FastAPI]:
    """The application as it is served, behind the pooler."""
    app = create_app(
        Settings(
            DATABASE_URL=pooler.url_of(database), BETTER_AUTH_SECRET="a secret for tests alone, 0123456789"
        )
    )
    async with app.router.lifespan_context(app):
        yield app


async def use(person: Person) -> list[httpx2.Response]:
    """Do all that a person can do with a task."""
    created = await person.client.post(
        "/api/tasks", json={"title": f"Of {person.user_id}", "description": person.user_id}
    )
    path = created.headers["Location"]
    return [
        created,
        await person.client.get(path),
        await person.client.patch(path, json={"priority": "high"}),
        await person.client.patch(f"{path}/complete"),
        await person.client.get("/api/tasks", params={"limit": 100}),
        await person.client.get("/api/changes", params={"limit": 100}),
        await person.client.get("/api/me"),
        await person.client.delete(path),
    ]


async def use_often(person: Person) -> list[httpx2.Response]:
    return [answer for _round in range(ROUNDS) for answer in await use(person)]


@pytest.mark.spec("OPS-014", "ISO-007")
async def test_many_people_share_few_server_connections_and_see_only_their_own(pooled_app: FastAPI) -> None:
    people = [await make_person(pooled_app) for _person in range(PEOPLE)]
    answers = await asyncio.gather(*map(use_often, people))
    for person, own in zip(people, answers, strict=True):
        text = "".join(answer.text for answer in own)
        assert [answer.status_code for answer in own] == [201, 200, 200, 200, 200, 200, 200, 204] * ROUNDS
        assert person.user_id in text
        assert not any(other.user_id in text for other in people if other is not person)
        assert [change["seq"] for change in await person.changes()] == list(range(1, 4 * ROUNDS + 1))


@pytest.mark.spec("OPS-014", "ISO-007")
async def test_a_server_connection_keeps_no_statement_no_role_and_no_owner(
    pooled_app: FastAPI, pooler: PgBouncer, database: str
) -> None:
    people = [await make_person(pooled_app) for _person in range(4)]
    await asyncio.gather(*map(use, people))
    assert await pooler.ask_server_connections(database, "SELECT name FROM pg_prepared_statements") == []
    states = await pooler.ask_server_connections(database, STATE)
    assert {(state["role"], state["owner"]) for state in states} == {("postgres", "")}
    assert len({state["process"] for state in states}) == SERVER_CONNECTIONS


async def test_a_statement_that_is_kept_would_be_seen(pooler: PgBouncer, database: str) -> None:
    careless = await pooler.connect(database)
    await careless.fetch("SELECT 1")
    assert len(await pooler.ask_server_connections(database, "SELECT name FROM pg_prepared_statements")) == 1
    await careless.close()


@pytest.mark.spec("OPS-014", "OPS-020")
async def test_migrations_run_through_the_pooler_too(pooler: PgBouncer, empty_database: str) -> None:
    address = read_address(pooler.url_of(empty_database))
    await migrate(address)
    await migrate(address)
    assert (await pooler.ask_server_connections(empty_database, TABLES))[0]["count"] == len(
        metadata.tables
    ) + 1
    assert (
        await pooler.ask_server_connections(empty_database, "SELECT name FROM pg_prepared_statements") == []
    )
