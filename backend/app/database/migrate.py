"""Brings a database to the newest schema, under a lock and past a pooler. What the steps are is in `migrations/`."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.failures import FAILURES
from app.database.url import Address

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_CONNECT_LIMIT = 10.0


class MigrationError(Exception):
    """The database cannot be reached or migrated; the text says why and holds no password."""


def migration_engine(address: Address) -> AsyncEngine:
    """Return an engine over the direct address; it keeps no connection."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(timeout=_CONNECT_LIMIT, **address.direct().connect_arguments())

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


async def migrate(address: Address) -> None:
    """Apply the missing migrations, all in one transaction; several processes may call it at once.

    Raises:
        MigrationError: The database is away, or refuses a step.
    """
    # Spec: features/operations.md#OPS-020
    engine = migration_engine(address)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except (SQLAlchemyError, *FAILURES) as failure:
        raise MigrationError(f"{type(failure).__name__}: {failure}") from failure
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
