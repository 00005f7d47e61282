"""Generated from the OpenAPI document.

No write has its effect twice, and none is done over what its caller has not seen.
"""

from collections.abc import Iterator

import asyncpg
import pytest
from fastapi import FastAPI

from tests.guards.operations import Operation
from tests.guards.writes import Writer
from tests.people import Person, promote

# What keeps no answers: with that to a change of password, a fingerprint would be kept by which the password could be
# guessed; and after a logout everywhere the same token is refused.
KEYLESS = {
    *("POST /auth/password", "POST /auth/logout-all", "POST /auth/email", "POST /auth/verify-email/send"),
}
# What is no change of the person's things, and so in no change sequence.
UNRECORDED = {"DELETE /auth/sessions/{session_id}"}


@pytest.fixture
async def writer(app: FastAPI, ada: Person, connection: asyncpg.Connection) -> Writer:
    await promote(connection, ada)
    async with app.state.runtime.identity.open_register() as directory:
        # The first act of an administrator makes its owner, whatever becomes of the act.
        await directory.open_administration(now=app.state.runtime.clock())
    return Writer(ada, connection)


@pytest.fixture
def surprises(app: FastAPI) -> Iterator[FastAPI]:
    """The application with a write that knows nothing of keys and conditions."""
    known = list(app.router.routes)

    @app.post("/api/surprises/{task_id}")
    async def surprise(task_id: str) -> dict[str, str]:
        return {"id": task_id}

    yield app
    app.router.routes[:] = known


@pytest.mark.spec("SAFE-011")
async def test_no_write_that_is_sent_again_has_its_effect_twice(
    writer: Writer, operations: list[Operation]
) -> None:
    writes = [
        operation
        for operation in operations
        if operation.is_write and not operation.is_last and str(operation) not in KEYLESS
    ]
    assert [str(operation) for operation in writes if "Idempotency-Key" not in operation.headers] == []
    writes = [operation for operation in writes if str(operation) not in UNRECORDED]
    assert [fault for operation in writes for fault in await writer.check_replay(operation)] == []
    assert len(writes) >= 10


@pytest.mark.spec("SAFE-008")
async def test_no_write_is_done_over_a_version_that_nobody_has_seen(
    writer: Writer, operations: list[Operation]
) -> None:
    conditional = [
        operation for operation in operations if "If-Match" in operation.headers and not operation.is_last
    ]
    assert [fault for operation in conditional for fault in await writer.check_condition(operation)] == []
    assert len(conditional) >= 7


@pytest.mark.spec("SAFE-008")
async def test_every_other_write_refuses_a_condition_instead_of_ignoring_it(
    writer: Writer, operations: list[Operation]
) -> None:
    others = [
        operation for operation in operations if operation.is_write and "If-Match" not in operation.headers
    ]
    assert [fault for operation in others for fault in await writer.check_no_condition(operation)] == []
    assert len(others) >= 6


@pytest.mark.spec("SAFE-008")
def test_what_replaces_updates_or_deletes_one_thing_takes_a_condition(operations: list[Operation]) -> None:
    without = [
        operation for operation in operations if operation.is_write and "If-Match" not in operation.headers
    ]
    assert {str(operation) for operation in without if operation.method != "POST"} == {
        "DELETE /api/trash",
        # A session has no version: there is nothing of it that somebody could not have seen.
    }
    assert [str(operation) for operation in without if "Prefer" in operation.headers] == []
    stale = [
        operation for operation in operations if "412" in operation.statuses and operation not in without
    ]
    assert stale == [operation for operation in operations if "If-Match" in operation.headers]


@pytest.mark.spec("SAFE-007")
async def test_no_read_sends_again_what_is_known(writer: Writer, operations: list[Operation]) -> None:
    reads = [operation for operation in operations if "304" in operation.statuses]
    assert [fault for operation in reads for fault in await writer.check_read(operation)] == []
    assert len(reads) >= 3


async def test_a_write_that_knows_no_keys_and_no_conditions_is_seen(
    surprises: FastAPI, writer: Writer
) -> None:
    surprise = Operation("POST", "/api/surprises/{task_id}", ("task_id",), {})
    assert surprises is not None
    assert await writer.check_replay(surprise) == [
        "POST /api/surprises/{task_id}: the first has no effect, so that nothing is proved",
        "POST /api/surprises/{task_id}: the second is not said to be a replay",
    ]
    assert await writer.check_condition(surprise) == [
        "POST /api/surprises/{task_id}: an unknown version gives 200",
        "POST /api/surprises/{task_id}: an unknown version is not called stale",
    ]
    assert await writer.check_no_condition(surprise) == [
        "POST /api/surprises/{task_id}: a condition gives 200",
        "POST /api/surprises/{task_id}: the condition is not named",
    ]


async def test_a_read_without_an_entity_tag_is_seen(writer: Writer) -> None:
    tree = Operation("GET", "/api/tasks/{task_id}/tree", ("task_id",))
    assert await writer.check_read(tree) == [
        "GET /api/tasks/{task_id}/tree: the entity tag is none",
        "GET /api/tasks/{task_id}/tree: what is known gives 200",
        "GET /api/tasks/{task_id}/tree: what is known is sent again",
    ]
