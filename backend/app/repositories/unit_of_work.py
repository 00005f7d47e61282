"""One unit of work is one transaction: begun with its role and owner, committed when its block ends well. Nothing else commits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from typing import Any

import asyncpg
from sqlalchemy import bindparam, func, literal_column, select

from app.database.connection import OPENING_LIMIT, Database, Session
from app.database.failures import FAILURES, LOST, refusal
from app.database.statements import Statement
from app.domain.changes import Origin
from app.domain.errors import Busy
from app.repositories.accounts import Directory, Profile
from app.repositories.categories import Categories
from app.repositories.changes import Changes
from app.repositories.comments import Comments
from app.repositories.housekeeping import Leftovers, Survey
from app.repositories.idempotency_keys import IdempotencyKeys
from app.repositories.saved_filters import SavedFilters
from app.repositories.tags import Tags
from app.repositories.task_listing import TaskListing
from app.repositories.tasks import Tasks
from app.repositories.trash import Trash

_RUNTIME_ROLE, _IDENTITY_ROLE, _WORKER_ROLE = "agendum_app", "agendum_identity", "agendum_worker"
# The server's own limits, below the driver's, so that a slow statement or an abandoned transaction ends there too.
_LIMITS = {"statement_timeout": "4500", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "10000"}
# Seconds for which a write waits for earlier ones of the same person.
_TURN_LIMIT = 4.0


def _taking(role: str, *, owner: bool = False, lock: bool = False) -> Statement:
    """Build the first statement of a transaction: role, limits, owner and the person's lock, each for this transaction alone."""
    # Spec: features/isolation.md#ISO-002 features/isolation.md#ISO-003 features/isolation.md#ISO-007
    # Every key begins with the owner, so that reading a whole table for one person is never right.
    settings = {"role": role} | _LIMITS | ({"enable_seqscan": "off"} if owner else {})
    taken: list[Any] = [
        func.set_config(literal_column(f"'{name}'"), literal_column(f"'{value}'"), literal_column("true"))
        for name, value in settings.items()
    ]
    if owner:
        taken.append(func.set_config(literal_column("'app.user_id'"), bindparam("user_id"), literal_column("true")))
    if lock:
        # Spec: features/safe-writes.md#SAFE-004
        taken.append(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("user_id"), literal_column("0"))))
    return Statement(select(*taken))


_READ = _taking(_RUNTIME_ROLE, owner=True)
_WRITE = _taking(_RUNTIME_ROLE, owner=True, lock=True)
_IDENTIFY = _taking(_IDENTITY_ROLE)
_SURVEY = _taking(_WORKER_ROLE)


class UnitOfWork:
    """What one person can reach in one transaction.

    Args:
        session: Where statements run.
        origin: On whose rows, through which door, for which request.
    """

    def __init__(self, session: Session, origin: Origin) -> None:
        self._rows = (session, origin)
        self.tasks = Tasks(session, origin)

    @property
    def user_id(self) -> str:
        """Whose rows these are."""
        return self._rows[1].user_id

    @cached_property
    def task_listing(self) -> TaskListing:
        """The lists of the person's tasks."""
        return TaskListing(*self._rows)

    @cached_property
    def categories(self) -> Categories:
        """The person's categories."""
        return Categories(*self._rows)

    @cached_property
    def tags(self) -> Tags:
        """The person's tags."""
        return Tags(*self._rows)

    @cached_property
    def comments(self) -> Comments:
        """The person's comments."""
        return Comments(*self._rows)

    @cached_property
    def saved_filters(self) -> SavedFilters:
        """The person's saved filters."""
        return SavedFilters(*self._rows)

    @cached_property
    def trash(self) -> Trash:
        """The person's deleted tasks."""
        return Trash(*self._rows)

    @cached_property
    def leftovers(self) -> Leftovers:
        """What the person has had for too long."""
        return Leftovers(*self._rows)

    @cached_property
    def changes(self) -> Changes:
        """The person's change sequence."""
        return Changes(*self._rows)

    @cached_property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The answers that are kept for the person."""
        return IdempotencyKeys(*self._rows)

    @cached_property
    def profile(self) -> Profile:
        """The person's account."""
        return Profile(*self._rows)


def reading(database: Database, origin: Origin) -> AbstractAsyncContextManager[UnitOfWork]:
    """Open a unit of work that reads: a read-only transaction without the person's lock."""
    return _unit(database, lambda session: UnitOfWork(session, origin), _READ, read_only=True, values={"user_id": origin.user_id})


@asynccontextmanager
async def writing(database: Database, origin: Origin) -> AsyncIterator[UnitOfWork]:
    """Open a unit of work that writes: it holds the person's lock until it ends, so that a person's writes are serial.

    Within this process they wait for one another before they take a connection, so that one person cannot hold them all.

    Raises:
        Busy: The person's earlier writes take too long.
    """
    # Spec: features/safe-writes.md#SAFE-006
    turn = database.turn(origin.user_id)
    try:
        async with asyncio.timeout(_TURN_LIMIT):
            await turn.acquire()
    except TimeoutError as error:
        raise Busy("Your earlier writes are still running; please try again shortly.") from error
    try:
        values = {"user_id": origin.user_id}
        async with _unit(database, lambda session: UnitOfWork(session, origin), _WRITE, read_only=False, values=values) as work:
            yield work
    finally:
        turn.release()


def identifying(database: Database) -> AbstractAsyncContextManager[Directory]:
    """Open the directory of people, under the role that sees nothing else."""
    return _unit(database, Directory, _IDENTIFY, read_only=False, values={})


def surveying(database: Database) -> AbstractAsyncContextManager[Survey]:
    """Open the survey of what is too old, under the role that sees nothing but owners and moments."""
    return _unit(database, Survey, _SURVEY, read_only=True, values={})


async def answers(database: Database) -> None:
    """Ask the database for an answer.

    Raises:
        Unavailable: It does not give one.
    """
    async with identifying(database):
        return


@asynccontextmanager
async def _unit(
    database: Database, make: Callable[[Session], Any], first: Statement, *, read_only: bool, values: dict[str, Any]
) -> AsyncIterator[Any]:
    connection, transaction = await _begin(database, read_only=read_only)
    try:
        session = Session(connection)
        await session.fetch_row(first, **values)
        yield make(session)
        await transaction.commit()
    except BaseException as failure:
        connected = not connection.is_closed()
        await _abandon(database, connection, transaction, failure=failure)
        if isinstance(failure, FAILURES) and (refused := refusal(failure, connected=connected)) is not None:
            raise refused from failure
        raise
    finally:
        await database.release(connection)


async def _begin(database: Database, *, read_only: bool) -> tuple[asyncpg.Connection, Any]:
    """Borrow a connection and begin, within the time that a request may spend on it."""
    try:
        async with asyncio.timeout(OPENING_LIMIT):
            return await _borrow(database, read_only=read_only)
    except FAILURES as failure:
        if (refused := refusal(failure, connected=False)) is None:
            raise
        raise refused from failure


async def _borrow(database: Database, *, read_only: bool) -> tuple[asyncpg.Connection, Any]:
    """Borrow a connection on which a transaction begins; those that died while they were idle are passed over."""
    while True:
        connection = await database.acquire()
        transaction = connection.transaction(readonly=read_only)
        if await _has_begun(database, connection, transaction):
            return connection, transaction
        await asyncio.sleep(0)  # So that the time limit is heard even if nothing above ever waits.


async def _has_begun(database: Database, connection: asyncpg.Connection, transaction: Any) -> bool:
    """Begin, or give the connection back; tell which, unless more is wrong than an idle connection that died."""
    try:
        await transaction.start()
    except BaseException as failure:
        database.discard(connection)
        await database.release(connection)
        if isinstance(failure, LOST):
            return False
        raise
    return True


async def _abandon(database: Database, connection: asyncpg.Connection, transaction: Any, *, failure: BaseException) -> None:
    """Roll back; a connection that cannot even do that is thrown away, and the server rolls back what loses its connection."""
    if isinstance(failure, TimeoutError | asyncio.CancelledError):
        # Nobody may be there to hear a rollback, and nobody waits for one.
        database.discard(connection)
        return
    try:
        async with asyncio.timeout(OPENING_LIMIT):
            await transaction.rollback()
    except FAILURES:
        database.discard(connection)
    except BaseException:
        database.discard(connection)
        raise
