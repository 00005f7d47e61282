"""A database that cannot be used is told in one sentence.

Where it is and what is wrong, without its password, SQL or links.
"""

import asyncio
import os
import re
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import asyncpg
import pytest

from app.console.telling import UNUSABLE
from app.database.embedded.server import EmbeddedPostgres
from app.database.migrate import MigrationError, migrate
from app.database.url import read_address
from tests.doors.service import BACKEND, free_port
from tests.server import url_of

PASSWORD = "the secret word"
ROLES = "agendum_app, agendum_identity, agendum_search, agendum_worker, agendum_admin, agendum_eraser"
OLD_VERSION = b"server_version\x0014.9\x00"
Answer = Callable[[bytes], bytes]


async def why(url: str) -> str:
    """Return the sentence about a database that cannot be used."""
    with pytest.raises(MigrationError) as failure:
        await migrate(read_address(url))
    sentence = str(failure.value)
    assert PASSWORD not in sentence
    assert not re.search(r"\n|SELECT|CREATE ROLE [a-z]|https?://|sqlalche", sentence), sentence
    return sentence


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[int]:
    """Answer each message on a port of the loopback."""

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.Transport", transport)

        def data_received(self, data: bytes) -> None:
            self.transport.write(answer(data))

    loop = asyncio.get_running_loop()
    async with await loop.create_server(Answering, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def refuse_tls(_message: bytes) -> bytes:
    """Answer as PostgreSQL without TLS does when it is asked for that."""
    return b"N"


def welcome_as_old(message: bytes) -> bytes:
    """Let everybody in, as PostgreSQL 14 (frontend/backend protocol 3.0: authenticated, version, ready)."""
    parts = ((b"R", struct.pack("!i", 0)), (b"S", OLD_VERSION), (b"Z", b"I"))
    welcome = b"".join(kind + struct.pack("!i", len(body) + 4) + body for kind, body in parts)
    return welcome if message[:1] == b"\0" else b""


@pytest.fixture
async def superuser(own_server: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn=own_server.url)
    await connection.execute("CREATE DATABASE application")
    yield connection
    await connection.execute("DROP DATABASE application WITH (FORCE)")
    await connection.execute(f"DROP ROLE IF EXISTS limited, {ROLES}")
    await connection.close()


@pytest.fixture
def limited(own_server: EmbeddedPostgres) -> str:
    """The address of the database for a login that a test makes."""
    return own_server.url.replace(
        "postgres@/postgres", f"limited:{PASSWORD.replace(' ', '%20')}@/application"
    )


@contextmanager
def asking_for_passwords(server: EmbeddedPostgres) -> Iterator[None]:
    """Let a server ask one login for its password, until the block ends."""
    rules = server.folder / "cluster/pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all limited scram-sha-256\n{before}")
    try:
        yield
    finally:
        rules.write_text(before)


@pytest.mark.spec("OPS-043")
async def test_nobody_listens() -> None:
    port = free_port()
    assert (
        await why(f"postgresql://ada:the%20secret%20word@127.0.0.1:{port}/tasks")
        == f"nobody listens at 127.0.0.1:{port}"
    )
    assert (
        await why("postgresql://ada@/tasks?host=/nowhere/at-all")
        == "nobody listens at the socket in /nowhere/at-all"
    )


@pytest.mark.spec("OPS-043")
async def test_an_unknown_host() -> None:
    sentence = await why("postgresql://ada:the%20secret%20word@database.invalid/tasks")
    assert sentence == "there is no host database.invalid, or its name cannot be looked up"


@pytest.mark.spec("OPS-043", "OPS-013")
async def test_a_server_without_tls_that_is_demanded() -> None:
    async with listening(refuse_tls) as port:
        sentence = await why(f"postgresql://ada:the%20secret%20word@127.0.0.1:{port}/tasks?sslmode=require")
    assert sentence == f"127.0.0.1:{port} offers no TLS, which sslmode=require demands"


@pytest.mark.spec("OPS-043")
async def test_a_server_that_is_too_old() -> None:
    async with listening(welcome_as_old) as port:
        sentence = await why(f"postgresql://ada:the%20secret%20word@127.0.0.1:{port}/tasks?sslmode=disable")
    assert sentence == f"127.0.0.1:{port} runs PostgreSQL 14, and 15 or newer is needed"


@pytest.mark.spec("OPS-043")
async def test_something_else_than_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.database.migrate._CONNECT_LIMIT", 0.3)
    async with listening(lambda _message: b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        sentence = await why(f"postgresql://ada:the%20secret%20word@127.0.0.1:{port}/tasks?sslmode=disable")
    assert sentence == f"127.0.0.1:{port} does not answer as PostgreSQL does"


@pytest.mark.spec("OPS-043")
async def test_a_database_that_is_not_there() -> None:
    url = url_of("no_such_database")
    assert (
        await why(url) == f"there is no database no_such_database at the socket in {read_address(url).host}"
    )


@pytest.mark.spec("OPS-043")
async def test_a_wrong_password(
    own_server: EmbeddedPostgres, superuser: asyncpg.Connection, limited: str
) -> None:
    await superuser.execute("CREATE ROLE limited LOGIN PASSWORD 'another'")
    with asking_for_passwords(own_server):
        await superuser.execute("SELECT pg_reload_conf()")
        await asyncio.sleep(0.5)
        sentence = await why(limited)
    await superuser.execute("SELECT pg_reload_conf()")
    place = f"the socket in {read_address(own_server.url).host}"
    assert sentence == f"{place} does not know the login limited by the password of DATABASE_URL"


@pytest.mark.spec("OPS-043")
async def test_a_login_that_is_not_there(
    own_server: EmbeddedPostgres, superuser: asyncpg.Connection, limited: str
) -> None:
    assert not await superuser.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'limited')")
    place = f"the socket in {read_address(own_server.url).host}"
    assert await why(limited) == f'{place} does not let the login limited in (role "limited" does not exist)'


@pytest.mark.spec("OPS-043")
@pytest.mark.parametrize("made", [False, True])
async def test_a_login_that_may_neither_make_nor_grant_roles(
    superuser: asyncpg.Connection, limited: str, *, made: bool
) -> None:
    await superuser.execute("CREATE ROLE limited LOGIN; ALTER DATABASE application OWNER TO limited")
    for role in ROLES.split(", ") if made else ():
        await superuser.execute(f"CREATE ROLE {role}")
    sentence = await why(limited)
    assert sentence.startswith("the login limited of the socket in ")
    advice = (
        "can neither make the roles agendum_* nor become them: "
        "give it CREATEROLE, or make the roles and grant them to it"
    )
    assert advice in sentence


@pytest.mark.spec("OPS-043")
async def test_a_login_that_may_make_no_schema(superuser: asyncpg.Connection, limited: str) -> None:
    await superuser.execute("CREATE ROLE limited LOGIN CREATEROLE")
    sentence = await why(limited)
    assert sentence.endswith("may not do what a migration does (permission denied for database application)")


@pytest.mark.spec("OPS-043")
@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_the_command_says_it_and_ends(command: str) -> None:
    url = f"postgresql://ada:the%20secret%20word@127.0.0.1:{free_port()}/tasks"
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "BETTER_AUTH_SECRET": "x",
        "AGENDUM_PORT": str(free_port()),
    }
    program = [sys.executable, "-m", "app", command]
    ended = subprocess.run(program, cwd=BACKEND, env=environment, capture_output=True, text=True, check=False)
    place = url.partition("@")[2].partition("/")[0]
    said = f"agendum: the database of DATABASE_URL cannot be used: nobody listens at {place}\n"
    assert (ended.returncode, ended.stderr) == (UNUSABLE, said)
