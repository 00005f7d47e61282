"""Databases that a test of migrations starts from."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from app.database.embedded.server import EmbeddedPostgres
from tests.migrations.databases import upgrade, within
from tests.server import copy_database, drop_database, url_of


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedPostgres]:
    """A server of its own, because the roles of a shared one were made by its superuser."""
    folder = Path(tempfile.mkdtemp(prefix="agendum-login-"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "postgres", {"fsync": "off"}) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture
async def empty() -> AsyncIterator[str]:
    """The address of a database in which nothing has been made."""
    name = f"empty_{uuid7().hex}"
    await copy_database("template0", name)
    yield url_of(name)
    await drop_database(name)


@pytest.fixture
async def first_release(empty: str) -> str:
    """The address of a database as release 0001 leaves it, with nobody in it."""
    await within(empty, partial(upgrade, to="0001"))
    return empty
