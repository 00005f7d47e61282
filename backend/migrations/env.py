"""Runs migrations in one transaction, under a lock, with the server's time limits set; it decides nothing about what they do."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text

from app.database.migrate import LOCK, migration_engine
from app.database.url import read_address
from app.models import account, category, change, comment, idempotency_key, saved_filter, tag, task  # noqa: F401 (they register their tables)
from app.models.naming import SCHEMA, metadata

_PREPARATION = (
    LOCK,
    "SET LOCAL lock_timeout = '2s'",
    "SET LOCAL statement_timeout = '60s'",
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
)


def _configure(**options: object) -> None:
    context.configure(target_metadata=metadata, version_table_schema=SCHEMA, **options)  # type: ignore[arg-type]


def _run(connection: Connection) -> None:
    for statement in _PREPARATION:
        connection.execute(text(statement))
    _configure(connection=connection)
    context.run_migrations()


async def _connect_and_run() -> None:
    engine = migration_engine(read_address(os.environ["DATABASE_URL"]))
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


if context.is_offline_mode():
    _configure(literal_binds=True, dialect_name="postgresql")
    with context.begin_transaction():
        for line in _PREPARATION:
            context.execute(line)
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    asyncio.run(_connect_and_run())
