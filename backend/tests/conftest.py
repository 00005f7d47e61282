"""What every test can ask for.

An application on a migrated PostgreSQL, in a transaction that never commits, and people who use it.
"""

import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any

import asyncpg
import httpx2
import hypothesis
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.config import Limit, Settings
from app.database.connection import Database, Limits
from app.database.url import read_address
from app.dependencies.bodies import Bodies
from app.main import create_app
from tests.guards.operations import Operation, operations_of
from tests.guards.strangers import Meeting
from tests.people import Person, joined, open_client, served_from, using
from tests.savepoints import Savepoint
from tests.scheduling import GroupScheduling
from tests.server import TestServer, copy_database, drop_database, make_template, run, url_of

# No test is judged by its time, and a run of CI is the same every time.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    derandomize="CI" in os.environ,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("fast", parent=hypothesis.settings.get_profile("house"), max_examples=10)
hypothesis.settings.load_profile("house")

# No test is judged by how busy the machine is: whoever asks for the limits of the service asks for them by name.
PATIENT = Limits(opening=60, command=60, turn=60, lock=60)
SECRET = "a secret for tests alone, 0123456789"
# Nobody is refused for how much a test asks; whoever tests limits makes an application with limits of its own.
LIMITS = ",".join(f"{limit}=1000000/minute" for limit in Limit if limit is not Limit.AUTH) + ",auth=off"
_SERVER = pytest.StashKey[TestServer]()


def pytest_configure(config: pytest.Config) -> None:
    """Start one server for the run, before the workers start."""
    if not hasattr(config, "workerinput"):
        server = config.stash[_SERVER] = TestServer()
        server.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server once the workers have ended."""
    if (server := config.stash.get(_SERVER, None)) is not None:
        server.stop()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Give the tests of a group to one worker."""
    return GroupScheduling(config, log)


class BorrowedDatabase(Database):
    """Lends one connection over and over.

    Its units of work are savepoints in the transaction of a test, one after the other.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        super().__init__(read_address("postgresql://nobody@127.0.0.1:1/nowhere"), size=1, limits=PATIENT)
        self._connection = connection

    async def open(self) -> None:
        """It is open."""

    async def close(self) -> None:
        """It is the test's to close."""

    async def acquire(self) -> Any:
        """Lend the connection."""
        return Savepoint(self._connection)

    async def end_behind(self, ending: Coroutine[Any, Any, None]) -> None:
        """Wait for the end: a test uses the connection as soon as it has the answer."""
        await ending

    async def release(self, connection: asyncpg.Connection) -> None:
        """Take it back as it is."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def template(worker_id: str) -> str:
    """A migrated database that nobody uses, to be copied."""
    name = f"template_{worker_id}"
    run(make_template(name))
    return name


@pytest.fixture(scope="session")
def database_url(template: str, worker_id: str) -> str:
    """The address of this worker's migrated database, as superuser."""
    run(copy_database(template, f"tests_{worker_id}"))
    return url_of(f"tests_{worker_id}")


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return Settings(DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET, AGENDUM_LIMITS=LIMITS)


@pytest.fixture(scope="session")
def application(settings: Settings) -> FastAPI:
    """The application, made once; `app` gives it the transaction of a test."""
    return create_app(settings)


@pytest.fixture(scope="session")
def openapi(application: FastAPI) -> dict[str, Any]:
    return application.openapi()


@pytest.fixture(scope="session")
async def worker_connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn=database_url, command_timeout=30)
    yield connection
    await connection.close()


@pytest.fixture
async def connection(worker_connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection in a transaction that never commits; the units of work of `app` are savepoints in it."""
    transaction = worker_connection.transaction()
    await transaction.start()
    yield worker_connection
    await transaction.rollback()


@pytest.fixture
def app(application: FastAPI, connection: asyncpg.Connection) -> Iterator[FastAPI]:
    """The application over the transaction of this test."""
    original = application.state.runtime
    application.state.runtime = using(original, BorrowedDatabase(connection))
    application.state.bodies = Bodies()
    yield application
    application.state.runtime = original


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that is nobody."""
    async with open_client(app) as anonymous:
        yield anonymous


@pytest.fixture
async def ada(app: FastAPI) -> AsyncIterator[Person]:
    async with joined(app) as person:
        yield person


@pytest.fixture
async def bob(app: FastAPI) -> AsyncIterator[Person]:
    async with joined(app) as person:
        yield person


@pytest.fixture
async def own_database(template: str) -> AsyncIterator[str]:
    """The address of a migrated database for one test alone, whose transactions really commit."""
    name = f"own_{uuid7().hex}"
    await copy_database(template, name)
    yield url_of(name)
    await drop_database(name)


@pytest.fixture
async def own_app(own_database: str, application: FastAPI) -> AsyncIterator[FastAPI]:
    """The application with a pool of its own over a database of its own."""
    database = Database(read_address(own_database), size=16, limits=PATIENT)
    async with served_from(application, database):
        yield application


@pytest.fixture
async def own_ada(own_app: FastAPI) -> AsyncIterator[Person]:
    async with joined(own_app) as person:
        yield person


@pytest.fixture
async def own_bob(own_app: FastAPI) -> AsyncIterator[Person]:
    async with joined(own_app) as person:
        yield person


@pytest.fixture
async def witness(own_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection of its own: it sees only what is committed."""
    connection = await asyncpg.connect(dsn=own_database)
    yield connection
    await connection.close()


@pytest.fixture
def operations(openapi: dict[str, Any]) -> list[Operation]:
    """Every operation of the OpenAPI document."""
    return operations_of(openapi)


@pytest.fixture
def own_operations(operations: list[Operation]) -> list[Operation]:
    """What people do with what is theirs; what administrators do with people is tried in `test_administrators.py`."""
    return [operation for operation in operations if not operation.is_administration]


@pytest.fixture
def meeting(ada: Person, bob: Person, connection: asyncpg.Connection) -> Meeting:
    """An owner and a stranger."""
    return Meeting(ada, bob, connection)
