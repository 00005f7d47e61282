"""What a failing database means to the caller. It names no table and no statement."""

import asyncio

import asyncpg

from app.domain.errors import AgendumError, Busy, Invalid, Unavailable

# The driver's own failures, the network's, and a time limit of ours that ran out.
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
# How a connection shows that it died while it was idle: nothing comes, or the server's farewell is read as the answer (an intervention), or
# just before the question (an internal error of the driver).
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
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    asyncio.TimeoutError,
)
# What the driver says of a connection that is gone, and also of one that was used wrongly.
_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError)
_UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


def refusal(failure: BaseException, *, connected: bool) -> AgendumError | None:
    """Tell what refusal a failure of the database amounts to, or None if it is a fault of ours.

    Args:
        failure: One of `FAILURES`.
        connected: Whether the connection was still there: then what the driver complains of is how we used it.
    """
    # Spec: features/operations.md#OPS-012
    if isinstance(failure, _UNSTORABLE):
        return Invalid("The text holds characters that cannot be stored.")
    if isinstance(failure, asyncpg.LockNotAvailableError):
        return Busy("Your earlier writes are still running; please try again shortly.")
    if isinstance(failure, _AWAY) or (isinstance(failure, _DRIVER) and not connected):
        return Unavailable("The database is not answering; please try again shortly.")
    return None
