"""Brings a database to the newest schema, under a lock and past a pooler. What the steps are is in `migrations/`."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.failures import FAILURES
from app.database.url import Address

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = "SELECT pg_advisory_xact_lock(4710330171)"
# The catalogue is open to a login that may use nothing in the schema.
_IS_PREPARED = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'agendum' AND tablename = 'alembic_version')"
_REVISION = "SELECT version_num FROM agendum.alembic_version"
_CONNECT_LIMIT = 10.0


class MigrationError(Exception):
    """The database cannot be reached or migrated; the text says why and holds no password."""


def migration_engine(address: Address) -> AsyncEngine:
    """Return an engine over the direct address; it keeps no connection."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(timeout=_CONNECT_LIMIT, **address.direct().connect_arguments())

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


async def migrate(address: Address) -> str | None:
    """Apply the missing migrations, all in one transaction; several processes may call it at once.

    A login that may only serve needs no more than to read the version, as long as nothing is missing.

    Returns:
        The revision of the database if a newer release has migrated it, which is left as it is; otherwise None.

    Raises:
        MigrationError: The database is away, or refuses a step.
    """
    # Spec: features/operations.md#OPS-020
    engine = migration_engine(address)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    except (SQLAlchemyError, CommandError, *FAILURES) as failure:
        raise MigrationError(f"{type(failure).__name__}: {failure}") from failure
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> str | None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    ours = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    behind = (None, *ours[1:])
    if _revision(connection) in behind:
        connection.execute(text(LOCK))
        # Whoever held the lock may have been of a newer release.
        if _revision(connection) in behind:
            command.upgrade(config, "head")
    reached = _revision(connection)
    return None if reached in ours else reached


def _revision(connection: Connection) -> str | None:
    if not connection.scalar(text(_IS_PREPARED)):
        return None
    revision: str | None = connection.scalar(text(_REVISION))
    return revision
