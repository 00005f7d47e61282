"""The login in `DATABASE_URL` need not be a superuser: on hosted databases it may make roles and owns its database, and no more."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.database.embedded import EmbeddedPostgres
from app.database.migrate import migrate
from app.database.url import read_address
from app.main import create_app
from tests.people import make_person, open_client


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server of its own, because the roles of a shared one were made by its superuser."""
    folder = Path(tempfile.mkdtemp(prefix="agendum-login-"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "postgres", {"fsync": "off"}) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture
async def url(server: EmbeddedPostgres) -> str:
    """The address of an empty database that its ordinary login owns."""
    connection = await asyncpg.connect(dsn=server.url)
    await connection.execute("CREATE ROLE ordinary LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS")
    await connection.execute("CREATE DATABASE application OWNER ordinary")
    await connection.close()
    return server.url.replace("postgres@/postgres", "ordinary@/application")


@pytest.fixture
async def app(url: str) -> AsyncIterator[FastAPI]:
    await migrate(read_address(url))
    app = create_app(Settings(DATABASE_URL=url, BETTER_AUTH_SECRET="a secret for tests alone, 0123456789"))
    async with app.router.lifespan_context(app):
        yield app


@pytest.mark.spec("ISO-002", "OPS-020")
async def test_an_ordinary_login_migrates_and_serves_and_sees_nobody_else(app: FastAPI, url: str) -> None:
    ada, bob = await make_person(app), await make_person(app)
    task = await ada.create_task()
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task
    assert (await bob.client.get(f"/api/tasks/{task['id']}")).status_code == 404
    connection = await asyncpg.connect(dsn=url)
    assert await connection.fetch("SELECT FROM agendum.task") == []
    await connection.close()
    await migrate(read_address(url))
    async with open_client(app) as client:
        assert (await client.get("/health/ready")).status_code == 200
    for person in (ada, bob):
        await person.client.aclose()
