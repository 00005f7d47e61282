"""A bounded pool of connections. It lends them and takes them back; it begins and ends no transaction."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import asyncpg

from app.database.failures import FAILURES
from app.database.statements import Statement
from app.database.url import Address
from app.utils.metrics import Metrics
from app.utils.turns import Turns

# Seconds of an idle connection's life, below the five minutes after which Neon suspends.
_IDLE_LIMIT = 240.0


@dataclass(frozen=True)
class Limits:
    """How many seconds the waiting of a request may take.

    Attributes:
        opening: What it may spend in all before the database has answered it once.
        command: What one command may take.
        turn: What it waits for earlier requests of the same person in this process.
        lock: What it waits for a lock of the database.
        lock_at_once: What of it the message that begins a transaction waits for the owner's lock.
    """

    opening: float = 1.5
    command: float = 5.0
    turn: float = 4.0
    lock: float = 2.0
    lock_at_once: float = 0.25

    @cached_property
    def server(self) -> str:
        """The time limits that the server keeps for a transaction, in the form of settings.

        They are below the driver's limits, so that a slow statement or an abandoned transaction ends there too.
        """
        seconds = {
            "statement_timeout": self.command * 0.9,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.command * 2,
        }
        return "".join(f"SET LOCAL {name} = {round(limit * 1000)};" for name, limit in seconds.items())


class Session:
    """A borrowed connection, on which statements run.

    Args:
        connection: The driver's connection, inside a transaction of the unit of work.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: Statement, **values: Any) -> Sequence[asyncpg.Record]:
        """Run a statement and return its rows."""
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(
            statement.sql, *statement.arguments(values)
        )
        return rows

    async def fetch_row(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        """Run a statement and return its first row, or None."""
        return await self._connection.fetchrow(statement.sql, *statement.arguments(values))

    async def fetch_many(
        self, statement: Statement, values: Sequence[dict[str, Any]]
    ) -> Sequence[asyncpg.Record]:
        """Run a statement once for each set of values, in one exchange, and return the rows of all of them."""
        rows: Sequence[asyncpg.Record] = await self._connection.fetchmany(
            statement.sql, [statement.arguments(some) for some in values]
        )
        return rows


class Database:
    """The pool.

    Connections are made when they are first needed, so that the service starts, and comes back, without its database.

    Args:
        address: Where the database is.
        size: How many connections may be open at once.
        limits: How long waiting may take.
        metrics: Where lent connections are counted.
    """

    def __init__(
        self, address: Address, *, size: int, limits: Limits | None = None, metrics: Metrics | None = None
    ) -> None:
        self.limits = limits or Limits()
        self._address = address
        self._metrics = metrics or Metrics()
        self._size = size
        self._pool: asyncpg.Pool | None = None
        # Whoever waits for a connection gets one in turn: the pool gives it to whoever happens to ask when one is free.
        self._places = asyncio.Semaphore(size)
        # Where one person's requests of this process wait before they take a connection; reads may take half of them.
        self.reads = Turns(max(1, size // 2))
        self.writes = Turns(1)
        # How often a transaction could not begin.
        self.missed = 0
        self._endings: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Make the pool; no connection is made yet."""
        self._pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._size,
            # A connection that is used is never closed for its age: that would happen between a commit and its answer.
            max_queries=sys.maxsize,
            max_inactive_connection_lifetime=_IDLE_LIMIT,
            timeout=self.limits.opening,
            command_timeout=self.limits.command,
            reset=_nothing_to_reset,
            server_settings={"application_name": "agendum"},
            **self._address.connect_arguments(),
        )

    async def close(self) -> None:
        """Close every connection, waiting a few seconds for those in use."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(self.limits.command):
                await self.settle()
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
            await self.settle()

    async def end_behind(self, ending: Coroutine[Any, Any, None]) -> None:
        """Let a transaction end while its answer is on its way.

        Args:
            ending: Ends it, handles its own failures, and gives the connection back.
        """
        # Spec: features/operations.md#OPS-102
        task = asyncio.create_task(ending)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def settle(self) -> None:
        """Wait for the transactions that end while their answers are on their way."""
        if self._endings:
            await asyncio.wait(self._endings)

    async def acquire(self) -> asyncpg.Connection:
        """Borrow a connection.

        Raises:
            asyncpg.InterfaceError: The pool is not open.
        """
        if self._pool is None:
            raise asyncpg.InterfaceError("the pool is not open")
        # Spec: features/operations.md#OPS-104
        began = perf_counter()
        await self._places.acquire()
        try:
            connection = await self._pool.acquire()
        except BaseException:
            self._places.release()
            raise
        self._metrics.lend_connection(waited=perf_counter() - began)
        return connection

    async def release(self, connection: asyncpg.Connection) -> None:
        """Give a connection back; one that is closed is replaced when the next is needed.

        What was committed stays committed, so that this never fails: a connection that cannot be given back is closed.
        """
        if self._pool is None:
            return
        try:
            await self._pool.release(connection, timeout=self.limits.opening)
        except FAILURES:
            self.discard(connection)
        finally:
            self._metrics.take_connection_back()
            self._places.release()

    def is_connected(self, connection: asyncpg.Connection) -> bool:
        """Tell whether a borrowed connection is still there.

        The pool takes one back by itself when it notices that it died.
        """
        try:
            return not connection.is_closed()
        except asyncpg.InterfaceError:
            return False

    def discard(self, connection: asyncpg.Connection) -> None:
        """Close a connection at once, with whatever it was doing; it is still to be given back."""
        # The pool may have noticed before us that it is closed, and then refuses to close it.
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """Reset nothing, because a transaction keeps nothing beyond its end."""
