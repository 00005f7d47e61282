"""The PostgreSQL server of a test run, and the databases in it.

One template, migrated once for each worker, and copies of it.
"""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

from app.database.embedded.server import EmbeddedPostgres
from app.database.migrate import migrate
from app.database.url import read_address

SERVER_URL = "TEST_SERVER_URL"
# A test server may lose its data with the machine; it may not lose time.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


class TestServer:
    """A server for one run, in a folder of its own directly below the system's temporary folder."""

    __test__ = False

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="agendum-tests-"))
        self._folder.chmod(0o755)
        self._server = EmbeddedPostgres(self._folder / "postgres", _FAST)

    def start(self) -> None:
        """Start the server and tell its address to the workers, which are processes below this one."""
        os.environ[SERVER_URL] = self._server.start()

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._server.stop()
        shutil.rmtree(self._folder)


def url_of(database: str) -> str:
    """Return the address of a database of the run's server."""
    return os.environ[SERVER_URL].replace("/postgres?", f"/{database}?")


async def connect(database: str) -> asyncpg.Connection:
    """Connect as the server's superuser."""
    return await asyncpg.connect(dsn=url_of(database))


async def copy_database(template: str, name: str) -> None:
    """Make a database as a copy of another that nobody uses at the moment."""
    await _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


async def drop_database(name: str) -> None:
    """Drop a database with whoever is still connected to it."""
    await _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def make_template(name: str) -> None:
    """Make an empty database and migrate it."""
    await _administer(f'CREATE DATABASE "{name}"')
    await migrate(read_address(url_of(name)))


async def _administer(statement: str) -> None:
    connection = await connect("postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def run(coroutine: Any) -> Any:
    """Run a coroutine outside of any event loop."""
    return asyncio.run(coroutine)
