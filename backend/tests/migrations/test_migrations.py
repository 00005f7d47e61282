"""Migrate from nothing to the newest schema and back, by several at once, and without a difference from the models."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Index, text
from sqlalchemy.schema import CreateIndex
from uuid_utils.compat import uuid7

from app.database.migrate import LOCK, SCRIPTS, MigrationError, migrate
from app.database.url import read_address
from app.models import account, category, change, comment, idempotency_key, saved_filter, tag, task  # noqa: F401 (they register their tables)
from app.models.naming import SCHEMA, metadata
from tests.foreign_sessions import Shape, begin_session, grants, make_tables
from tests.migrations.databases import (
    BACKEND,
    ask,
    catalogue_of,
    configuration,
    downgrade,
    migrate_elsewhere,
    within,
)
from tests.server import copy_database, drop_database, url_of

NOTES = BACKEND.parent / "specs/database/migrations"
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'agendum'"
# Columns, constraints, indexes and rights of what is outside of our schema.
FOREIGN = """
    SELECT a.attrelid::regclass || ' ' || a.attname || ' ' || format_type(a.atttypid, NULL) || ' ' || a.attnotnull
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT relname || ' ' || relacl::text || relrowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relacl IS NOT NULL
    ORDER BY 1
"""
ROLES = (
    "SELECT count(*) FROM pg_roles "
    "WHERE rolname IN ('agendum_app', 'agendum_identity', 'agendum_search', 'agendum_worker', 'agendum_admin', "
    "'agendum_eraser')"
)


@pytest.fixture
def script() -> ScriptDirectory:
    return ScriptDirectory(str(SCRIPTS))


def differences(connection: Connection) -> list[Any]:
    """List what the models have and the database has not, and the other way round."""

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return name == SCHEMA if kind == "schema" else name != "alembic_version"

    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_schemas": True,
        "include_name": ours,
    }
    found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    # Alembic cannot compare expressions; the indexes that have any are made anew from the models, and compared as
    # PostgreSQL prints them.
    expressions = {
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if _has_expression(index)
    }
    known = [
        difference
        for difference in found
        if not (str(difference[0]).endswith("_index") and difference[1].name in expressions)
    ]
    return known + [name for name in sorted(expressions) if not _is_made_alike(connection, name)]


def _has_expression(index: Index) -> bool:
    return any(not isinstance(part, Column) for part in index.expressions)


def _is_made_alike(connection: Connection, name: str) -> bool:
    [index] = [index for table in metadata.tables.values() for index in table.indexes if index.name == name]
    query = text(f"SELECT pg_get_indexdef(to_regclass('{SCHEMA}.{name}'))")
    before = connection.scalar(query)
    connection.execute(text(f"DROP INDEX IF EXISTS {SCHEMA}.{name}"))
    connection.execute(CreateIndex(index))
    return bool(connection.scalar(query) == before)


@pytest.mark.spec("OPS-020")
async def test_everything_is_made_from_nothing_and_only_once(empty: str, own_database: str) -> None:
    for _time in range(2):
        await migrate(read_address(empty))
    assert await catalogue_of(empty) == await catalogue_of(own_database)


async def test_going_back_to_the_beginning_leaves_the_roles_and_can_be_repeated(empty: str) -> None:
    address = read_address(empty)
    await migrate(address)
    before = await catalogue_of(empty)
    for _time in range(2):
        await within(empty, downgrade)
        assert (await ask(empty, TABLES), await ask(empty, ROLES)) == (1, 6)
        await migrate(address)
        assert await catalogue_of(empty) == before


@pytest.mark.spec("BETTER-014")
async def test_better_auths_tables_are_left_as_they_are(empty: str) -> None:
    async with connected(empty) as connection:
        await make_tables(connection, Shape(bans=True), grant=False)
        token = await begin_session(connection, Shape())
        before = await connection.fetch(FOREIGN)
        assert len(before) > 20
        for _time in range(2):
            await migrate(read_address(empty))
            await connection.execute(grants(Shape(bans=True)))
            assert await within(empty, proposed_elsewhere) == []
            await within(empty, downgrade)
            granted = await connection.fetch(FOREIGN)
            assert [line for line in granted if "agendum" not in line[0]] == before
        assert await connection.fetchval("SELECT token FROM session") == token
    assert {table.schema for table in metadata.tables.values()} == {SCHEMA}


def proposed_elsewhere(connection: Connection) -> list[Any]:
    """List what Alembic would change outside of our schema, as `env.py` configures it."""
    config = configuration(connection)
    script = ScriptDirectory.from_config(config)
    proposed: list[Any] = []

    def compare(_revision: object, context: MigrationContext) -> list[Any]:
        proposed.extend(
            difference
            for difference in compare_metadata(context, metadata)
            if getattr(difference[1], "schema", SCHEMA) != SCHEMA
        )
        return []

    with EnvironmentContext(config, script, fn=compare):
        script.run_env()
    return proposed


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the superuser for as long as the block lasts."""
    connection = await asyncpg.connect(dsn=url)
    yield connection
    await connection.close()


def test_there_is_one_way_from_the_beginning_to_one_head(script: ScriptDirectory) -> None:
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert len(script.get_heads()) == len(script.get_bases()) == 1
    assert sorted(revisions, reverse=True) == revisions == sorted(set(revisions), reverse=True)


def test_every_migration_has_its_note_and_every_note_its_migration(script: ScriptDirectory) -> None:
    modules = [Path(revision.path).stem for revision in script.walk_revisions()]
    assert sorted(note.stem for note in NOTES.glob("*.md")) == sorted(
        module.replace("_", "-") for module in modules
    )


async def test_the_models_are_what_the_migrations_make(own_database: str) -> None:
    assert len(metadata.tables) >= 5
    assert await within(own_database, differences) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE agendum.task DROP COLUMN description",
        "ALTER TABLE agendum.task ADD COLUMN surprise text",
        "ALTER TABLE agendum.task ALTER COLUMN title DROP NOT NULL",
        "DROP INDEX agendum.ix_task_user_id_created_at_id",
        "DROP INDEX agendum.ix_task_user_id_due_id",
        "DO $$ BEGIN DROP INDEX agendum.ix_task_user_id_due_id; "
        "CREATE INDEX ix_task_user_id_due_id ON agendum.task (user_id, (due_date + 1), id); END $$",
        "CREATE TABLE agendum.surprise (id uuid)",
    ],
)
async def test_a_difference_between_models_and_database_is_seen(own_database: str, statement: str) -> None:
    await ask(own_database, statement)
    assert len(await within(own_database, differences)) >= 1


@pytest.mark.spec("OPS-020")
async def test_processes_that_migrate_at_once_wait_for_one_another(empty: str) -> None:
    processes = [migrate_elsewhere(empty) for _process in range(3)]
    endings = [await asyncio.to_thread(process.communicate) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], endings
    assert await ask(empty, TABLES) == len(metadata.tables) + 1


@pytest.mark.spec("OPS-020")
async def test_databases_of_one_server_that_are_migrated_at_once_share_the_roles(empty: str) -> None:
    other = f"empty_{uuid7().hex}"
    await copy_database("template0", other)
    processes = [migrate_elsewhere(url) for url in (empty, url_of(other))]
    endings = [await asyncio.to_thread(process.communicate) for process in processes]
    await drop_database(other)
    assert [process.returncode for process in processes] == [0, 0], endings


@pytest.mark.spec("OPS-020")
async def test_a_database_of_a_newer_release_is_left_as_it_is(own_database: str) -> None:
    await ask(own_database, "UPDATE agendum.alembic_version SET version_num = '9999'")
    before = await catalogue_of(own_database)
    assert await migrate(read_address(own_database)) == "9999"
    assert await ask(own_database, "SELECT version_num FROM agendum.alembic_version") == "9999"
    assert await catalogue_of(own_database) == before


@pytest.mark.spec("OPS-020")
async def test_a_newer_release_that_migrates_at_the_same_time_is_noticed(
    own_database: str, script: ScriptDirectory
) -> None:
    revision = await ask(own_database, "SELECT version_num FROM agendum.alembic_version")
    await ask(own_database, "DELETE FROM agendum.alembic_version")
    other = await asyncpg.connect(dsn=own_database)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await other.execute("INSERT INTO agendum.alembic_version VALUES ('9999')")
        ours = asyncio.create_task(migrate(read_address(own_database)))
        await asyncio.sleep(0.3)
        assert not ours.done()
    await other.close()
    assert (await ours, revision) == ("9999", script.get_current_head())


@pytest.mark.spec("OPS-020")
async def test_scripts_that_are_not_there_are_told(
    own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.migrate.SCRIPTS", tmp_path / "none")
    with pytest.raises(MigrationError, match="Path doesn't exist"):
        await migrate(read_address(own_database))


async def test_a_migration_that_fails_leaves_nothing(empty: str) -> None:
    await ask(empty, "CREATE SCHEMA agendum CREATE TABLE change (surprise int)")
    with pytest.raises(MigrationError, match="already exists"):
        await migrate(read_address(empty))
    assert await ask(empty, TABLES) == 1


async def test_a_database_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(MigrationError):
        await migrate(read_address("postgresql://postgres@127.0.0.1:1/nowhere"))


@pytest.mark.spec("OPS-020")
async def test_tasks_of_the_release_before_get_a_place_their_words_and_their_moment(
    first_release: str,
) -> None:
    connection = await asyncpg.connect(dsn=first_release)
    await connection.execute(
        "INSERT INTO agendum.account VALUES ('ada', 'agendum', 'ada', NULL, NULL, now(), now())"
    )
    await connection.executemany(
        "INSERT INTO agendum.task "
        "(user_id, id, title, priority, due_date, due_time, due_timezone, created_at, updated_at, version) "
        "VALUES ('ada', gen_random_uuid(), $1, 'none', '2026-12-01', $2, $3, "
        "now() - make_interval(mins => $4), now(), 1)",
        [("Later", time(9), "Europe/Berlin", 1), ("Earlier", None, None, 2)],
    )
    await migrate(read_address(first_release))
    rows = await connection.fetch("SELECT title, due_at, search::text FROM agendum.task ORDER BY position")
    await connection.close()
    assert [row["title"] for row in rows] == ["Earlier", "Later"]
    assert [row["due_at"] for row in rows] == [None, datetime(2026, 12, 1, 8, tzinfo=UTC)]
    assert all(f"/{row['title'].lower()}':1A" in row["search"] for row in rows)
