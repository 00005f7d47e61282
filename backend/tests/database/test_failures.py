"""What a failing database means to the caller: away, not storable, or a fault of ours."""

import asyncpg
import pytest

from app.database.failures import refusal
from app.domain.errors import Invalid, Unavailable


@pytest.mark.spec("OPS-012")
@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.PostgresConnectionError(),
        asyncpg.TooManyConnectionsError(),
        asyncpg.AdminShutdownError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.QueryCanceledError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.InvalidPasswordError(),
        asyncpg.InvalidCatalogNameError(),
        asyncpg.ReadOnlySQLTransactionError(),
        asyncpg.DiskFullError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_database_that_cannot_answer_now_is_away(failure: BaseException) -> None:
    assert isinstance(refusal(failure, connected=True), Unavailable)


@pytest.mark.spec("OPS-012")
@pytest.mark.parametrize("complaint", [asyncpg.InterfaceError("the connection is closed"), asyncpg.InternalClientError("unexpected state")])
def test_what_the_driver_complains_of_is_ours_while_the_connection_is_there(complaint: Exception) -> None:
    assert refusal(complaint, connected=True) is None
    assert isinstance(refusal(complaint, connected=False), Unavailable)


@pytest.mark.spec("TASK-003")
def test_text_that_cannot_be_stored_is_the_callers() -> None:
    assert isinstance(refusal(asyncpg.CharacterNotInRepertoireError(), connected=True), Invalid)
    assert isinstance(refusal(asyncpg.UntranslatableCharacterError(), connected=True), Invalid)


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.UniqueViolationError(),
        asyncpg.CheckViolationError(),
        asyncpg.UndefinedTableError(),
        asyncpg.InsufficientPrivilegeError(),
        asyncpg.DataError(),
        asyncpg.NumericValueOutOfRangeError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_anything_else_is_a_fault_of_ours(failure: BaseException) -> None:
    assert refusal(failure, connected=True) is None
