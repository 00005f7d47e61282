"""What a failing database means to the caller. It names no table and no statement."""

import asyncio

import asyncpg

from app.domain.errors import AgendumError, Invalid, Unavailable

NOT_ANSWERING = "The database is not answering; please try again shortly."
# The driver's own failures, the network's, and a time limit of ours that ran out.
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
# How a connection shows that it died while it was idle: nothing comes, or the server's farewell is read as the answer
# (an intervention), or just before the question (an internal error of the driver).
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    asyncio.TimeoutError,
)
# What the driver says of a connection that is gone, and also of one that was used wrongly.
_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError)
# It answers, and somebody else holds what is needed; among them are deadlocks.
_HELD = (asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError)
_UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


def refusal(failure: BaseException, *, connected: bool) -> AgendumError | None:
    """Tell what refusal a failure of the database amounts to, or None if it is a fault of ours.

    Args:
        failure: One of `FAILURES`.
        connected: Whether the connection was still there: then what the driver complains of is how we used it.
    """
    # Spec: features/operations.md#OPS-012 features/operations.md#OPS-035
    if isinstance(failure, _UNSTORABLE):
        return Invalid("The text holds characters that cannot be stored.")
    if isinstance(failure, _HELD):
        return Unavailable("The database is busy; please try again shortly.")
    if isinstance(failure, _AWAY) or (isinstance(failure, _DRIVER) and not connected):
        return Unavailable(NOT_ANSWERING)
    return None


def was_refused(failure: BaseException) -> bool:
    """Tell whether the server refused a command and said so, so that it had no effect.

    Anything else leaves it open: a connection that was lost, a time limit that ran out, and a server's farewell, which
    is FATAL and may follow upon what it has already done.
    """
    # Spec: features/safe-writes.md#SAFE-013
    unknown = isinstance(failure, asyncpg.StatementCompletionUnknownError)
    return isinstance(failure, asyncpg.PostgresError) and failure.severity_en == "ERROR" and not unknown
