"""Brings a database to the newest schema, under a lock and past a pooler.

What the steps are is in `app/migrations/`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, event, text
from sqlalchemy.engine.events import ConnectionEvents
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.failures import FAILURES
from app.database.reasons import OLDEST, OldServerError, reason
from app.database.url import Address

SCRIPTS = Path(__file__).resolve().parents[1] / "migrations"
# Seconds between the attempts of a step that loses a lock: two minutes in all.
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, *(4.0,) * 29)

LOCK = 4710330171
_TRY_LOCK = f"SELECT pg_try_advisory_xact_lock({LOCK})"
_LOCK_PAUSE = 0.5
# For each transaction. Whoever wants a lock behind ours waits as long as we do, so that we wait shortly; and less than
# the second after which PostgreSQL looks for a deadlock, so that of two who wait for each other we are the one that
# gives up. A setting that the server does not know is passed over.
_LIMITS = {
    "lock_timeout": "500ms",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "tcp_keepalives_idle": "60",
}
_LIMIT = (
    "SELECT set_config(name, value, true) "
    "FROM (VALUES {values}) AS wanted (name, value) JOIN pg_settings USING (name)"
)
# The catalogue is open to a login that may use nothing in the schema.
_IS_PREPARED = (
    "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'agendum' AND tablename = 'alembic_version')"
)
_REVISION = "SELECT version_num FROM agendum.alembic_version"
_CONNECT_LIMIT = 10.0
# What PostgreSQL says to one who has waited for a lock too long, and to the loser of a deadlock.
_LOST = frozenset({asyncpg.LockNotAvailableError.sqlstate, asyncpg.DeadlockDetectedError.sqlstate})


class MigrationError(Exception):
    """The database cannot be reached or migrated; the text says why and holds no password."""


class StuckError(MigrationError):
    """A step of a migration did not get its locks."""

    def __init__(self) -> None:
        super().__init__(
            "a migration has tried for two minutes to lock a table that others keep in use: end long transactions, "
            "such as a dump, and start again; it goes on where it stopped"
        )


def migration_engine(address: Address) -> AsyncEngine:
    """Return an engine over the direct address, whose transactions have the time limits of a migration.

    It keeps no connection.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=partial(_connect, address), poolclass=NullPool
    )
    event.listen(engine.sync_engine, ConnectionEvents.begin.__name__, _limit)
    return engine


async def migrate(address: Address) -> str | None:
    """Apply the missing migrations.

    Several processes may call it at once. A migration that was interrupted is continued.

    A login that may only serve needs no more than to read the version, as long as nothing is missing.

    Returns:
        The revision of the database if a newer release has migrated it, which is left as it is; otherwise None.

    Raises:
        MigrationError: The database is away, or refuses a step.
    """
    # Spec: features/operations.md#OPS-020
    engine = migration_engine(address)
    try:
        ours = _revisions()
        if await _revision(engine) in (None, *ours[1:]):
            async with holding_the_lock(address):
                # Whoever held the lock may have been of a newer release.
                await _go_on(engine, behind=(None, *ours[1:]))
        reached = await _revision(engine)
    except (SQLAlchemyError, OldServerError, *FAILURES) as failure:
        raise MigrationError(reason(failure, address)) from failure
    except CommandError as failure:
        raise MigrationError(str(failure)) from failure
    finally:
        await engine.dispose()
    return None if reached in ours else reached


@asynccontextmanager
async def holding_the_lock(address: Address) -> AsyncIterator[None]:
    """Hold the lock that one process at a time has while it migrates this database, until the block ends.

    The lock belongs to a transaction that stays open, because a pooler keeps nothing longer than that. It holds no
    snapshot and no lock of a table, so that only other processes that migrate wait for it. Those ask for the lock over
    and over: one that waited for it inside of a statement would keep an index from being finished.
    """
    # Spec: features/operations.md#OPS-020
    async with AsyncExitStack() as held:
        holder = await _connect(address)
        held.push_async_callback(holder.close, timeout=_CONNECT_LIMIT)
        while not await _has_locked(holder, held):  # noqa: ASYNC110 (another process has the lock, and no event tells)
            await asyncio.sleep(_LOCK_PAUSE)
        yield


def lost_a_lock(failure: DBAPIError) -> bool:
    """Tell whether a statement gave up waiting for a lock, or was the victim of a deadlock."""
    return getattr(failure.orig, "sqlstate", None) in _LOST


async def _has_locked(holder: asyncpg.Connection, held: AsyncExitStack) -> bool:
    """Begin a transaction that has the lock, to be ended with what else is held, or none."""
    async with AsyncExitStack() as begun:
        await begun.enter_async_context(holder.transaction())
        if not await holder.fetchval(_TRY_LOCK):
            return False
        # An answer keeps its snapshot, for which an index would wait, until the next question that is not prepared.
        await holder.execute(_limits())
        await held.enter_async_context(begun.pop_all())
        return True


async def _go_on(engine: AsyncEngine, *, behind: tuple[str | None, ...]) -> None:
    """Run what is missing; a migration that loses a lock in its last transaction is gone on with."""
    for pause in (0.0, *PAUSES):
        await asyncio.sleep(pause)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(_upgrade, behind)
        except DBAPIError as failure:
            if not lost_a_lock(failure):
                raise
    raise StuckError


def _upgrade(connection: Connection, behind: tuple[str | None, ...]) -> None:
    with connection.begin():
        revision = _reached(connection)
    if revision in behind:
        config = _configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


def _revisions() -> list[str]:
    """Return the revisions of this release, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()]


async def _revision(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return await connection.run_sync(_reached)


def _reached(connection: Connection) -> str | None:
    if not connection.scalar(text(_IS_PREPARED)):
        return None
    revision: str | None = connection.scalar(text(_REVISION))
    return revision


def _limit(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return
    connection.exec_driver_sql(_limits())


def _limits() -> str:
    return _LIMIT.format(values=", ".join(f"('{name}', '{value}')" for name, value in _LIMITS.items()))


async def _connect(address: Address) -> asyncpg.Connection:
    connection = await asyncpg.connect(timeout=_CONNECT_LIMIT, **address.direct().connect_arguments())
    version = connection.get_server_version()
    if version.major < OLDEST:
        connection.terminate()
        raise OldServerError(str(version.major))
    return connection
