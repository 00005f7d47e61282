"""The login in `DATABASE_URL` need not be a superuser.

On hosted databases it may make roles and owns its database, and no more.
"""

from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.database.embedded.server import EmbeddedPostgres
from app.database.migrate import MigrationError, migrate
from app.database.url import read_address
from app.main import create_app
from tests.migrations.databases import UNFINISHED, ask, fill, upgrade, within
from tests.people import make_person, open_client


@pytest.fixture
async def url(own_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The address of an empty database that its ordinary login owns, on a server that knows no role of ours."""
    connection = await asyncpg.connect(dsn=own_server.url)
    await connection.execute("CREATE ROLE ordinary LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS")
    await connection.execute("CREATE DATABASE application OWNER ordinary")
    yield own_server.url.replace("postgres@/postgres", "ordinary@/application")
    await connection.execute("DROP DATABASE application WITH (FORCE)")
    await connection.execute(
        "DROP ROLE IF EXISTS serving, agendum_app, agendum_identity, agendum_search, agendum_worker, agendum_admin, "
        "agendum_eraser"
    )
    await connection.execute("DROP ROLE ordinary")
    await connection.close()


@pytest.fixture
async def app(url: str) -> AsyncIterator[FastAPI]:
    await migrate(read_address(url))
    app = create_app(Settings(DATABASE_URL=url, BETTER_AUTH_SECRET="a secret for tests alone, 0123456789"))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def serving(url: str) -> str:
    """The address of a migrated database for a login that may take our roles, and nothing else."""
    await migrate(read_address(url))
    owner = await asyncpg.connect(dsn=url)
    await owner.execute("CREATE ROLE serving LOGIN")
    roles = "agendum_app, agendum_identity, agendum_worker, agendum_admin, agendum_eraser"
    await owner.execute(f"GRANT {roles} TO serving")
    await owner.close()
    return url.replace("ordinary@", "serving@")


@pytest.mark.spec("OPS-020")
async def test_a_login_that_may_change_nothing_serves_a_migrated_database(serving: str) -> None:
    assert await migrate(read_address(serving)) is None
    app = create_app(
        Settings(DATABASE_URL=serving, BETTER_AUTH_SECRET="a secret for tests alone, 0123456789")
    )
    async with app.router.lifespan_context(app):
        ada = await make_person(app)
        await ada.create_task()
        await ada.client.aclose()


@pytest.mark.spec("OPS-020")
async def test_a_login_that_may_change_nothing_is_told_when_something_is_missing(
    serving: str, url: str
) -> None:
    owner = await asyncpg.connect(dsn=url)
    await owner.execute("DELETE FROM agendum.alembic_version")
    await owner.close()
    with pytest.raises(MigrationError, match="permission denied"):
        await migrate(read_address(serving))


@pytest.mark.spec("ISO-002", "OPS-020")
@pytest.mark.parametrize("power", ["LOGIN", "SUPERUSER", "BYPASSRLS"])
@pytest.mark.parametrize(
    "role",
    [
        "agendum_app",
        "agendum_identity",
        "agendum_search",
        "agendum_worker",
        "agendum_admin",
        "agendum_eraser",
    ],
)
async def test_a_role_of_ours_that_was_made_with_power_is_refused(
    own_server: EmbeddedPostgres, url: str, role: str, power: str
) -> None:
    superuser = await asyncpg.connect(dsn=own_server.url)
    await superuser.execute(f"CREATE ROLE {role} {power}")
    await superuser.close()
    with pytest.raises(MigrationError, match=f"the role {role} is there already"):
        await migrate(read_address(url))


@pytest.mark.spec("OPS-020")
async def test_roles_that_were_granted_before_need_no_right_to_grant_them(
    own_server: EmbeddedPostgres, url: str
) -> None:
    superuser = await asyncpg.connect(dsn=own_server.url)
    for role in (
        "agendum_app",
        "agendum_identity",
        "agendum_search",
        "agendum_worker",
        "agendum_admin",
        "agendum_eraser",
    ):
        await superuser.execute(f"CREATE ROLE {role}; GRANT {role} TO ordinary")
    await superuser.close()
    assert await migrate(read_address(url)) is None


@pytest.mark.spec("ISO-002", "OPS-040")
async def test_an_ordinary_login_migrates_rows_that_it_may_not_see(
    own_server: EmbeddedPostgres, url: str
) -> None:
    await within(url, partial(upgrade, to="0001"))
    superuser = own_server.url.replace("/postgres?", "/application?")
    await fill(superuser, people=3, tasks=1_200)
    await migrate(read_address(url))
    assert await ask(superuser, "SELECT count(*) FROM agendum.task") == 1_200
    assert await ask(superuser, UNFINISHED) == 0
    assert await ask(url, "SELECT count(*) FROM agendum.task") == 0


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
