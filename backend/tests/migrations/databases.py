"""Databases on the way from one revision to another: how they are filled, asked and migrated. It judges nothing."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from app.database.migrate import SCRIPTS, migration_engine
from app.database.url import read_address
from spec_tools.catalogue import read_catalogue

BACKEND = SCRIPTS.parents[1]
MIGRATE = (
    "import asyncio, sys; from app.database import migrate, url; "
    "asyncio.run(migrate.migrate(url.read_address(sys.argv[1])))"
)
FILL = """
    INSERT INTO agendum.task (
        user_id, id, title, description, priority, due_date, due_time, due_timezone, created_at, updated_at, version
    )
    SELECT 'person' || n % $1::int, gen_random_uuid(), 'Prepare report ' || n, 'Bring the printed copies.', 'none',
        CASE WHEN n % 2 = 0 THEN date '2026-12-01' + n % 300 END, CASE WHEN n % 4 = 0 THEN time '09:00' END,
        CASE WHEN n % 4 = 0 THEN 'Europe/Berlin' END, now() - make_interval(secs => n), now(), 1
    FROM generate_series(1, $2::int) AS n
"""
JOIN = """
    WITH person AS (
        INSERT INTO agendum.account SELECT 'person' || n, 'agendum', 'person' || n, NULL, NULL, now(), now()
        FROM generate_series(0, $1::int - 1) AS n RETURNING user_id
    )
    INSERT INTO agendum.change_counter SELECT user_id, 0 FROM person
"""
# What a migration to 0002 must have given every task.
UNFINISHED = """
    SELECT count(*) FROM agendum.task
    WHERE (
        search = '' OR (due_time IS NULL) <> (due_at IS NULL) OR position IS NULL
        OR due_at <> (due_date + due_time) AT TIME ZONE due_timezone
        OR NOT search @@ (substr(strip(search)::text, 2, 11) || lower(split_part(title, ' ', 1)))::tsquery
    )
"""


async def ask(url: str, query: str, *values: object) -> Any:
    """Return the first value of a query's answer."""
    connection = await asyncpg.connect(dsn=url)
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


async def wait_until(url: str, query: str, *values: object) -> None:
    """Ask until the answer is true."""
    for _attempt in range(3_000):
        if await ask(url, query, *values):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never true: {query}")


async def within(url: str, act: Callable[[Connection], Any]) -> Any:
    """Do something on a connection of the engine that migrates."""
    engine = migration_engine(read_address(url))
    async with engine.connect() as connection:
        result = await connection.run_sync(act)
    await engine.dispose()
    return result


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, *, to: str) -> None:
    """Go on to a revision, and no further."""
    command.upgrade(configuration(connection), to)


def downgrade(connection: Connection) -> None:
    """Go back to the beginning."""
    command.downgrade(configuration(connection), "base")


async def fill(url: str, *, people: int, tasks: int) -> None:
    """Write people and tasks in the shape of release 0001: person0, person1 and so on have as many tasks each."""
    connection = await asyncpg.connect(dsn=url)
    await connection.execute(JOIN, people)
    await connection.execute(FILL, people, tasks)
    await connection.close()


async def catalogue_of(url: str) -> Any:
    """Return the schema as the catalogue has it."""
    connection = await asyncpg.connect(dsn=url)
    try:
        return await read_catalogue(connection)
    finally:
        await connection.close()


def migrate_elsewhere(url: str) -> subprocess.Popen[str]:
    """Migrate in another process."""
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE, url], cwd=BACKEND, stderr=subprocess.PIPE, text=True
    )
