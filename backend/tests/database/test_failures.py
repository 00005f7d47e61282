"""What a failing database means to the caller: away, not storable, or a fault of ours."""

import asyncpg
import pytest

from app.database.failures import refusal, was_refused
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
@pytest.mark.parametrize(
    "complaint",
    [asyncpg.InterfaceError("the connection is closed"), asyncpg.InternalClientError("unexpected state")],
)
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


@pytest.mark.spec("OPS-035")
@pytest.mark.parametrize("failure", [asyncpg.LockNotAvailableError(), asyncpg.DeadlockDetectedError()])
def test_a_database_that_answers_and_is_held_by_others_is_busy(failure: BaseException) -> None:
    refused = refusal(failure, connected=True)
    assert refused is not None
    assert (refused.code, refused.detail) == (
        "UNAVAILABLE",
        "The database is busy; please try again shortly.",
    )


def said(code: str, severity: str) -> BaseException:
    """Return what the driver makes of a server's answer."""
    failure: BaseException = asyncpg.PostgresError.new({"S": severity, "V": severity, "C": code, "M": "no"})
    return failure


@pytest.mark.spec("SAFE-013")
def test_only_an_error_that_the_server_says_is_a_refusal() -> None:
    assert [was_refused(said(code, "ERROR")) for code in ("23505", "40001", "57014")] == [True] * 3
    assert [was_refused(said(code, "FATAL")) for code in ("57P01", "25P03", "08P01")] == [False] * 3
    assert not was_refused(said("40003", "ERROR"))
    assert [
        was_refused(lost)
        for lost in (asyncpg.ConnectionDoesNotExistError(), TimeoutError(), ConnectionResetError())
    ] == [False] * 3
