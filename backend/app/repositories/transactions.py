"""One transaction of the database: begun with its role and its limits, committed when its block ends well. Nothing else commits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import asyncpg

from app.database.connection import Database, Session
from app.database.failures import FAILURES, LOST, NOT_ANSWERING, refusal, was_refused
from app.database.statements import Statement
from app.domain.errors import Busy, OutcomeUnknown, Unavailable

Made = TypeVar("Made")


class Beginning(NamedTuple):
    """How a transaction begins.

    Attributes:
        first: Its first statement.
        read_only: Whether it only reads, so that it does not matter what becomes of its end.
        busy: What somebody is told whose earlier requests take too long.
    """

    first: Statement
    read_only: bool
    busy: str = ""


@asynccontextmanager
async def transaction(
    database: Database,
    beginning: Beginning,
    make: Callable[[Session], Made],
    *,
    values: Mapping[str, Any],
    turn: asyncio.Semaphore | None = None,
) -> AsyncIterator[Made]:
    """Run a block in one transaction, and commit it.

    Args:
        database: Where connections come from.
        beginning: How it begins.
        make: Makes what the block works with.
        values: The parameters of the first statement.
        turn: What those wait at who may have only a few connections at once; it is passed before a connection is taken.

    Raises:
        Busy: The turn, or the lock that the first statement takes, did not come in time.
        OutcomeUnknown: The connection was lost, or time ran out, while the server was committing.
        Unavailable: The database is away, or ended the transaction.
    """
    if turn is not None:
        await _take(turn, database, busy=beginning.busy)
    try:
        connection, running = await _begin(database, read_only=beginning.read_only)
        try:
            session = Session(connection)
            await _open(session, beginning, {**database.limits.server, **values})
            yield make(session)
            await _commit(database, connection, running, read_only=beginning.read_only)
        except BaseException as failure:
            connected = database.is_connected(connection)
            await _abandon(database, connection, running, failure=failure)
            if isinstance(failure, FAILURES) and (refused := refusal(failure, connected=connected)) is not None:
                raise refused from failure
            raise
        finally:
            await database.release(connection)
    finally:
        if turn is not None:
            turn.release()


async def _take(turn: asyncio.Semaphore, database: Database, *, busy: str) -> None:
    """Wait for one's turn without a connection; where nobody waits, nothing is waited for."""
    # Spec: features/safe-writes.md#SAFE-006 features/operations.md#OPS-036
    if not turn.locked():
        await turn.acquire()
        return
    missed = database.missed
    try:
        async with asyncio.timeout(database.limits.turn):
            await turn.acquire()
    except TimeoutError as error:
        raise Busy(busy) from error
    if database.missed != missed:
        # Those before have waited for the database in vain; whoever stood behind them has waited long enough.
        turn.release()
        raise Unavailable(NOT_ANSWERING)


async def _begin(database: Database, *, read_only: bool) -> tuple[asyncpg.Connection, Any]:
    """Borrow a connection and begin, within the time that a request may spend on it."""
    try:
        async with asyncio.timeout(database.limits.opening):
            return await _borrow(database, read_only=read_only)
    except FAILURES as failure:
        if (refused := refusal(failure, connected=False)) is None:
            raise
        database.missed += 1
        raise refused from failure


async def _borrow(database: Database, *, read_only: bool) -> tuple[asyncpg.Connection, Any]:
    """Borrow a connection on which a transaction begins; those that died while they were idle are passed over."""
    while True:
        connection = await database.acquire()
        running = connection.transaction(readonly=read_only)
        if await _has_begun(database, connection, running):
            return connection, running
        await asyncio.sleep(0)  # So that the time limit is heard even if nothing above ever waits.


async def _has_begun(database: Database, connection: asyncpg.Connection, running: Any) -> bool:
    """Begin, or give the connection back; tell which, unless more is wrong than an idle connection that died."""
    try:
        await running.start()
    except BaseException as failure:
        database.discard(connection)
        await database.release(connection)
        if isinstance(failure, LOST):
            return False
        raise
    return True


async def _open(session: Session, beginning: Beginning, values: Mapping[str, Any]) -> None:
    """Run the first statement. The only lock that it may wait for is the person's own, which earlier writes hold."""
    # Spec: features/operations.md#OPS-035
    try:
        await session.fetch_row(beginning.first, **values)
    except asyncpg.LockNotAvailableError as failure:
        raise Busy(beginning.busy) from failure


async def _commit(database: Database, connection: asyncpg.Connection, running: Any, *, read_only: bool) -> None:
    """Commit, and tell a write that may have been committed from one that was not.

    Raises:
        OutcomeUnknown: COMMIT was sent, and the server neither confirmed nor refused it.
    """
    # Spec: features/safe-writes.md#SAFE-013
    if not database.is_connected(connection):
        # Nothing is sent any more, and the server rolls back what loses its connection.
        raise asyncpg.ConnectionDoesNotExistError("the connection was lost before the commit")
    try:
        await running.commit()
    except FAILURES as failure:
        if read_only or was_refused(failure):
            raise
        raise OutcomeUnknown(
            "Whether this was done is not known; please send it again, with the same id or Idempotency-Key, so that it is done once."
        ) from failure


async def _abandon(database: Database, connection: asyncpg.Connection, running: Any, *, failure: BaseException) -> None:
    """Roll back; a connection that cannot even do that is thrown away, and the server rolls back what loses its connection."""
    if isinstance(failure, TimeoutError | asyncio.CancelledError | OutcomeUnknown):
        # Nobody may be there to hear a rollback, and nobody waits for one.
        database.discard(connection)
        return
    try:
        async with asyncio.timeout(database.limits.opening):
            await running.rollback()
    except FAILURES:
        database.discard(connection)
    except BaseException:
        database.discard(connection)
        raise
