"""What can be reached in one transaction, and as whom: a person's own rows, or the directory of people.

It ends no transaction.
"""

from contextlib import AbstractAsyncContextManager
from functools import partial

from app.database.connection import Database
from app.domain.changes import Origin
from app.repositories.accounts import Profile
from app.repositories.beginnings import Beginning
from app.repositories.better_auth import BetterAuthSessions, SessionTables
from app.repositories.changes import Changes
from app.repositories.erasure import Erasure
from app.repositories.everybody import Directory, Survey
from app.repositories.housekeeping import Leftovers
from app.repositories.idempotency_keys import IdempotencyKeys
from app.repositories.kinds import OwnedKinds, RowsOf
from app.repositories.known_tokens import KnownTokens
from app.repositories.outgoing_mail import OutgoingMail
from app.repositories.portability import Portability
from app.repositories.recorder import Recorder
from app.repositories.sessions import Sessions
from app.repositories.task_search import TaskSearch
from app.repositories.transactions import transaction
from app.repositories.trash import Trash

_RUNTIME_ROLE, _IDENTITY_ROLE, _WORKER_ROLE = "agendum_app", "agendum_identity", "agendum_worker"
_ERASER_ROLE = "agendum_eraser"


_READ = Beginning(
    _RUNTIME_ROLE, read_only=True, busy="Your earlier reads are still running; please try again shortly."
)
_SNAPSHOT = _READ._replace(snapshot=True)
_WRITE = Beginning(
    _RUNTIME_ROLE,
    read_only=False,
    locks_owner=True,
    busy="Your earlier writes are still running; please try again shortly.",
)
_TEND = Beginning(_RUNTIME_ROLE, read_only=False)
_IDENTIFY, _REGISTER = (Beginning(_IDENTITY_ROLE, read_only=read_only) for read_only in (True, False))
_ERASE = _WRITE._replace(role=_ERASER_ROLE)
_SURVEY = Beginning(_WORKER_ROLE, read_only=True)


class UnitOfWork(OwnedKinds):
    """What can be reached of one owner in one transaction.

    Args:
        session: Where statements run.
        origin: Whose rows, and by whom and through which door they are used.

    Attributes:
        ends_credentials: Whether a credential of the owner ends with it, so that nobody may be remembered by one.
    """

    ends_credentials = False
    recorder = RowsOf(Recorder)
    task_search = RowsOf(TaskSearch)
    trash = RowsOf(Trash)
    leftovers = RowsOf(Leftovers)
    changes = RowsOf(Changes)
    idempotency_keys = RowsOf(IdempotencyKeys)
    profile = RowsOf(Profile)
    sessions = RowsOf(Sessions)
    mail = RowsOf(OutgoingMail)
    portability = RowsOf(Portability)


def reading(database: Database, origin: Origin) -> AbstractAsyncContextManager[UnitOfWork]:
    """Open a unit of work that reads: a read-only transaction without the person's lock.

    One person's reads have half of the process's connections at most, and wait for one another without one.
    """
    # Spec: features/operations.md#OPS-036
    turn = database.reads.line(origin.owner)
    return transaction(database, _READ, partial(UnitOfWork, origin=origin), owner=origin.owner, turn=turn)


def snapshot(database: Database, origin: Origin) -> AbstractAsyncContextManager[UnitOfWork]:
    """Open a unit of work that reads, and in which everything is as it was at one moment."""
    # Spec: features/portability.md#PORT-003
    turn = database.reads.line(origin.owner)
    return transaction(database, _SNAPSHOT, partial(UnitOfWork, origin=origin), owner=origin.owner, turn=turn)


def writing(database: Database, origin: Origin) -> AbstractAsyncContextManager[UnitOfWork]:
    """Open a unit of work that writes: it holds the person's lock until it ends, so that a person's writes are serial.

    Within this process they wait for one another before they take a connection, so one person cannot hold them all.
    """
    # Spec: features/safe-writes.md#SAFE-006
    turn = database.writes.line(origin.owner)
    return transaction(database, _WRITE, partial(UnitOfWork, origin=origin), owner=origin.owner, turn=turn)


def tending(database: Database, origin: Origin) -> AbstractAsyncContextManager[UnitOfWork]:
    """Open a unit of work for what is no change of a person's things, without the person's lock."""
    return transaction(database, _TEND, partial(UnitOfWork, origin=origin), owner=origin.owner)


def erasing(database: Database, origin: Origin) -> AbstractAsyncContextManager[Erasure]:
    """Open a person's account to erase it, under the person's lock and the role that can do nothing else."""
    turn = database.writes.line(origin.owner)
    return transaction(database, _ERASE, partial(Erasure, origin=origin), owner=origin.owner, turn=turn)


def identifying(database: Database) -> AbstractAsyncContextManager[Directory]:
    """Open the directory of people to look somebody up, under the role that sees nothing else."""
    return transaction(database, _IDENTIFY, Directory)


def registering(database: Database) -> AbstractAsyncContextManager[Directory]:
    """Open the directory of people to add somebody, under the role that sees nothing else."""
    return transaction(database, _REGISTER, Directory)


def looking_up_tokens(database: Database) -> AbstractAsyncContextManager[KnownTokens]:
    """Open everybody's personal tokens to look one up by its digest, under the role that knows people."""
    return transaction(database, _IDENTIFY, KnownTokens)


def noting_use(database: Database) -> AbstractAsyncContextManager[KnownTokens]:
    """Open everybody's personal tokens to note that one is used, under the role that knows people."""
    return transaction(database, _REGISTER, KnownTokens)


def looking_up_sessions(
    database: Database, tables: SessionTables
) -> AbstractAsyncContextManager[BetterAuthSessions]:
    """Open the sessions of Better Auth, under the role that sees nothing else of its tables."""
    # Spec: features/better-auth.md#BETTER-011
    return transaction(database, _IDENTIFY, partial(BetterAuthSessions, tables=tables))


def surveying(database: Database) -> AbstractAsyncContextManager[Survey]:
    """Open the survey of what is too old, under the role that sees nothing but owners and moments."""
    return transaction(database, _SURVEY, Survey)


async def answers(database: Database) -> None:
    """Ask the database for an answer.

    Raises:
        Unavailable: It does not give one.
    """
    async with identifying(database):
        return
