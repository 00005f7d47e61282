"""Better Auth as a process of Node, on a database that the application shares with it."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx2
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.config import Settings
from app.main import create_app
from app.utils.expiring import ExpiringMemory
from tests.conftest import SECRET
from tests.doors.service import free_port
from tests.foreign_sessions import Shape, configured, grants
from tests.people import open_client
from tests.server import copy_database, drop_database, run, url_of

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Setup:
    """How one Better Auth is configured: by its own options, and what its tables are then like."""

    algorithm: str
    shape: Shape
    options: dict[str, Any]


_UUID = {"database": {"generateId": "uuid"}}
_SERIAL = {"database": {"generateId": "serial"}, "useSecureCookies": True, "cookiePrefix": "my-app"}
SETUPS = {
    "EdDSA": Setup("EdDSA", Shape("eddsa", bans=True), {}),
    "ES256": Setup("ES256", Shape("es256", id_type="uuid", bans=True), {"advanced": _UUID}),
    "RS256": Setup(
        "RS256",
        Shape(
            "rs256",
            {
                "session": "sessions",
                "session.userId": "user_id",
                "session.expiresAt": "expires_at",
                "user": "users",
            },
            id_type="integer",
            bans=True,
        ),
        {
            "advanced": _SERIAL,
            "session": {"modelName": "sessions", "fields": {"userId": "user_id", "expiresAt": "expires_at"}},
            "user": {"modelName": "users"},
        },
    ),
}


@dataclass(frozen=True)
class Server:
    """One running Better Auth; `database` is the address of what it shares with the application."""

    setup: Setup
    url: str
    database: str

    @property
    def cookie_name(self) -> str:
        """What its session cookie is called."""
        advanced = self.setup.options.get("advanced", {})
        return f"{advanced.get('cookiePrefix', 'better-auth')}.session_token"

    def browser(self) -> httpx2.Client:
        """Return a browser that speaks with it."""
        return httpx2.Client(base_url=self.url, headers={"Origin": self.url}, timeout=20)


@pytest.fixture(scope="session")
def servers(template: str, worker_id: str) -> Iterator[dict[str, Server]]:
    """Every configuration, in one process and on one database."""
    name = f"better_auth_{worker_id}"
    run(copy_database(template, name))
    made = {
        key: Server(setup, f"http://127.0.0.1:{free_port()}", url_of(name)) for key, setup in SETUPS.items()
    }
    with _serving(made.values()):
        run(_grant(name, [setup.shape for setup in SETUPS.values()]))
        yield made
    run(drop_database(name))


@contextmanager
def _serving(servers: Collection[Server]) -> Iterator[None]:
    """Run the servers until the block ends."""
    address = urlsplit(next(iter(servers)).database)
    seen = {
        "PATH": os.environ["PATH"],
        "PGHOST": parse_qs(address.query)["host"][0],
        "PGUSER": address.username or "postgres",
        "PGDATABASE": address.path.removeprefix("/"),
    }
    command = [str(shutil.which("node")), "server.mjs", json.dumps([_options(server) for server in servers])]
    with subprocess.Popen(command, cwd=FOLDER, env=seen, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any(line.strip() == "listening" for line in process.stdout), "Better Auth did not start"
            yield
        finally:
            process.terminate()


def _options(server: Server) -> dict[str, Any]:
    usual = {"port": urlsplit(server.url).port, "secret": SECRET, "schema": server.setup.shape.schema}
    return usual | {"algorithm": server.setup.algorithm} | server.setup.options


async def _grant(name: str, shapes: list[Shape]) -> None:
    connection = await asyncpg.connect(dsn=url_of(name))
    for shape in shapes:
        await connection.execute(grants(shape))
    await connection.close()


@pytest.fixture(params=SETUPS)
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    """Each of the servers in its turn."""
    chosen: Server = servers[request.param]
    return chosen


@dataclass(frozen=True)
class Api:
    """The application beside a Better Auth: a client that is nobody, and how its time passes."""

    client: httpx2.AsyncClient
    wait: Callable[[float], None]

    async def ask(self, **headers: str) -> httpx2.Response:
        """Ask who one is."""
        return await self.client.get("/api/me", headers=headers)


@pytest.fixture
async def api(server: Server, settings: Settings) -> AsyncIterator[Api]:
    shared = configured(server.setup.shape, better_auth_url=server.url, better_auth_cookie=server.cookie_name)
    whole = shared | {"database_url": SecretStr(server.database)}
    app = create_app(settings.model_copy(update=whole))
    passed = [0.0]
    began = datetime.now(UTC)
    runtime = app.state.runtime
    runtime.keys._clock = lambda: passed[0]
    app.state.runtime = replace(
        runtime,
        callers=ExpiringMemory(100, clock=lambda: passed[0]),
        clock=lambda: began + timedelta(seconds=passed[0]),
    )
    async with runtime, open_client(app) as client:
        yield Api(client, lambda seconds: passed.__setitem__(0, passed[0] + seconds))


@pytest.fixture
async def tables(server: Server) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the tables of Better Auth, as their owner."""
    connection = await asyncpg.connect(dsn=server.database)
    await connection.execute(f"SET search_path = {server.setup.shape.schema}")
    yield connection
    await connection.close()


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has signed up at Better Auth, and what it gave: the raw token, the signed one, and the cookie."""

    browser: httpx2.Client
    email: str
    raw: str
    signed: str
    cookie: str

    def jwt(self) -> str:
        """Return a new token of the `jwt` plugin."""
        answer = self.browser.get("/api/auth/token", headers={"Cookie": self.cookie})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token


@pytest.fixture
def zoe(server: Server) -> Iterator[SignedIn]:
    """Somebody new, who is signed in."""
    email = f"{uuid7().hex}@example.com"
    person = {"email": email, "password": "correct horse battery", "name": "Zoë"}
    with server.browser() as browser:
        answer = browser.post("/api/auth/sign-up/email", json=person)
        assert answer.status_code == 200, answer.text
        [cookie] = [
            text.partition(";")[0]
            for text in answer.headers.get_list("set-cookie")
            if "session_token=" in text
        ]
        # A secure cookie does not come back over HTTP by itself.
        browser.cookies.clear()
        yield SignedIn(browser, email, answer.json()["token"], answer.headers["set-auth-token"], cookie)
