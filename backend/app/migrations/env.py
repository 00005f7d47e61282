"""Runs migrations, each in a transaction with its version unless it says otherwise; it decides nothing about what they do."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text

from app.database.migrate import holding_the_lock, migration_engine
from app.database.url import read_address
from app.models import account, category, change, comment, idempotency_key, saved_filter, tag, task  # noqa: F401 (they register their tables)
from app.models.naming import SCHEMA, metadata

_PREPARATION = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
_LIMITS = ("SET LOCAL lock_timeout = '500ms'", "SET LOCAL statement_timeout = '60s'")


def _configure(**options: object) -> None:
    context.configure(
        target_metadata=metadata,
        version_table_schema=SCHEMA,
        transaction_per_migration=True,
        **options,  # type: ignore[arg-type]
    )


def _run(connection: Connection) -> None:
    _configure(connection=connection)
    connection.execute(text(_PREPARATION))
    context.run_migrations()


async def _connect_and_run() -> None:
    address = read_address(os.environ["DATABASE_URL"])
    engine = migration_engine(address)
    async with holding_the_lock(address), engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


if context.is_offline_mode():
    _configure(literal_binds=True, dialect_name="postgresql")
    for line in (*_LIMITS, _PREPARATION):
        context.execute(line)
    context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    asyncio.run(_connect_and_run())
