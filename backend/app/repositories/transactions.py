"""One transaction of the database: begun with its role and its limits, committed when its block ends well.

Nothing else commits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg

from app.database.connection import Database, Session
from app.database.failures import FAILURES, LOST, NOT_ANSWERING, refusal, was_refused
from app.domain.errors import AgendumError, Busy, OutcomeUnknown, Unavailable
from app.repositories.beginnings import Beginning
from app.utils.outcomes import note_commit

Made = TypeVar("Made")
# Nobody may be there to hear a rollback, and nobody waits for one.
_UNHEARD = (TimeoutError, asyncio.CancelledError, OutcomeUnknown)


@asynccontextmanager
async def transaction(
    database: Database,
    beginning: Beginning,
    make: Callable[[Session], Made],
    *,
    owner: str | None = None,
    turn: asyncio.Semaphore | None = None,
) -> AsyncIterator[Made]:
    """Run a block in one transaction, and commit it; one that only reads ends when its block is already left.

    Args:
        database: Where connections come from.
        beginning: How it begins.
        make: Makes what the block works with.
        owner: Whose rows can be seen, where it is of somebody's rows.
        turn: What those wait at who may have only a few connections at once; it is passed before a connection is taken,
            and held as long as that is.

    Raises:
        Busy: The turn, or the owner's lock, did not come in time.
        OutcomeUnknown: The connection was lost, or time ran out, while the server was committing.
        Unavailable: The database is away, or ended the transaction.
    """
    if turn is not None:
        await _take(turn, database, busy=beginning.busy)
    try:
        connection = await _begin(database, beginning, owner)
    except BaseException:
        if turn is not None:
            turn.release()
        raise
    running = _Running(database, connection, turn, read_only=beginning.read_only)
    try:
        yield make(Session(connection))
        await running.end()
    except BaseException as failure:
        connected = database.is_connected(connection)
        await running.abandon(failure)
        if isinstance(failure, FAILURES) and (refused := refusal(failure, connected=connected)) is not None:
            raise refused from failure
        raise


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


async def _begin(database: Database, beginning: Beginning, owner: str | None) -> asyncpg.Connection:
    """Borrow a connection on which the transaction has begun, which takes one message to the server and back.

    The only lock that it may wait for is the owner's own, which earlier writes hold. It is asked for in the message
    that begins, and waited for in a second one, so that a database that does not answer is told from a lock that does
    not come.
    """
    # Spec: features/operations.md#OPS-035 features/operations.md#OPS-100 features/operations.md#OPS-103
    limits = database.limits

    def message(lock_wait: float) -> str:
        return f"BEGIN{beginning.mode};{beginning.settings(limits, owner, lock_wait=lock_wait)}"

    at_once = min(limits.lock, limits.lock_at_once)
    try:
        return await _borrow_in_time(database, message(at_once), seconds=limits.opening)
    except asyncpg.LockNotAvailableError:
        pass  # The database answers.
    try:
        return await _borrow_in_time(database, message(limits.lock), seconds=limits.opening + limits.lock)
    except asyncpg.LockNotAvailableError as failure:
        raise Busy(beginning.busy) from failure


async def _borrow_in_time(database: Database, message: str, *, seconds: float) -> asyncpg.Connection:
    """Borrow a connection and begin on it, within a time.

    Raises:
        asyncpg.LockNotAvailableError: Somebody else has the owner's lock.
        Unavailable: The database is away.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _borrow(database, message)
    except asyncpg.LockNotAvailableError:
        raise
    except FAILURES as failure:
        if (refused := refusal(failure, connected=False)) is None:
            raise
        database.missed += 1
        raise refused from failure


async def _borrow(database: Database, message: str) -> asyncpg.Connection:
    """Borrow a connection on which a transaction begins; those that died while they were idle are passed over."""
    while True:
        connection = await database.acquire()
        if await _has_begun(database, connection, message):
            return connection
        await asyncio.sleep(0)  # So that the time limit is heard even if nothing above ever waits.


async def _has_begun(database: Database, connection: asyncpg.Connection, message: str) -> bool:
    """Begin, or give the connection back; tell which, unless more is wrong than an idle connection that died."""
    try:
        await connection.execute(message)
    except BaseException as failure:
        if not isinstance(failure, asyncpg.LockNotAvailableError):
            database.discard(connection)
        await _Running(database, connection, turn=None, read_only=False).abandon(failure)
        if isinstance(failure, LOST):
            return False
        raise
    return True


class _Running:
    """A transaction that has begun: it ends once, and then its connection and its turn are given back.

    Args:
        database: Where the connection comes from.
        connection: What it runs on.
        turn: What is held as long as the connection is.
        read_only: Whether nobody waits for its end.
    """

    def __init__(
        self,
        database: Database,
        connection: asyncpg.Connection,
        turn: asyncio.Semaphore | None,
        *,
        read_only: bool,
    ) -> None:
        self._database = database
        self._connection = connection
        self._turn = turn
        self._read_only = read_only
        self._is_given_back = False

    async def end(self) -> None:
        """Commit; the end of what only reads is not waited for."""
        if self._read_only:
            await self._database.end_behind(self._finish("COMMIT;"))
            return
        await self._commit()
        await self._give_back()

    async def abandon(self, failure: BaseException) -> None:
        """Roll back."""
        if isinstance(failure, _UNHEARD):
            self._database.discard(self._connection)
            await self._give_back()
        elif self._read_only and isinstance(failure, AgendumError):
            await self._database.end_behind(self._finish("ROLLBACK;"))
        else:
            await self._finish("ROLLBACK;")

    async def _commit(self) -> None:
        """Commit, and tell a write that may have been committed from one that was not.

        Raises:
            OutcomeUnknown: COMMIT was sent, and the server neither confirmed nor refused it.
        """
        # Spec: features/safe-writes.md#SAFE-013
        if not self._database.is_connected(self._connection):
            # Nothing is sent any more, and the server rolls back what loses its connection.
            raise asyncpg.ConnectionDoesNotExistError("the connection was lost before the commit")
        # Spec: features/operations.md#OPS-115
        note_commit()
        try:
            done = await self._connection.execute("COMMIT;")
        except FAILURES as failure:
            if was_refused(failure):
                raise
            raise OutcomeUnknown(
                "Whether this was done is not known; please send it again, with the same id or "
                "Idempotency-Key, so that it is done once."
            ) from failure
        if done != "COMMIT":
            raise RuntimeError("a statement had failed, so that nothing was committed")

    async def _finish(self, word: str) -> None:
        """End the transaction, or discard its connection: the server rolls back what loses its connection."""
        try:
            await self._connection.execute(word, timeout=self._database.limits.opening)
        except FAILURES:
            self._database.discard(self._connection)
        except BaseException:
            self._database.discard(self._connection)
            raise
        finally:
            await self._give_back()

    async def _give_back(self) -> None:
        if self._is_given_back:
            return
        self._is_given_back = True
        try:
            await self._database.release(self._connection)
        finally:
            if self._turn is not None:
                self._turn.release()
