"""Runs migrations, each in a transaction with its version unless it says otherwise.

It decides nothing about what they do.
"""

import asyncio
import os
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from app import models
from app.database.migrate import holding_the_lock, migration_engine
from app.database.url import read_address
from app.models.naming import SCHEMA, metadata

# A module of the room registers its tables when it is imported.
for module in iter_modules(models.__path__):
    import_module(f"{models.__name__}.{module.name}")


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Tell whether a difference is looked for there: Better Auth's tables, and an application's, are their own."""
    # Spec: features/better-auth.md#BETTER-014
    return (name if kind == "schema" else parents.get("schema_name")) == SCHEMA


_PREPARATION = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
_LIMITS = ("SET LOCAL lock_timeout = '500ms'", "SET LOCAL statement_timeout = '60s'")


def _configure(**options: object) -> None:
    context.configure(
        target_metadata=metadata,
        version_table_schema=SCHEMA,
        transaction_per_migration=True,
        include_schemas=True,
        include_name=_is_ours,
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
