"""Two walls stand between people: the repository's filter and row-level security.

Each alone is enough, and the test sees it when both are down.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.database.connection import Database, Session
from app.database.url import read_address
from app.domain.changes import Action, Origin, Source, Stamp
from app.models.task import TaskRow
from app.repositories.tasks import Tasks
from app.repositories.unit_of_work import UnitOfWork, identifying, reading, writing
from app.services import task_writes
from tests.guards.makers import CANARY
from tests.guards.operations import Operation
from tests.guards.strangers import Meeting
from tests.people import Person
from tests.races.walls import take_filters_down, take_row_security_down
from tests.world import leave_role, world_of

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
STATE = (
    "SELECT current_user::text, current_setting('app.user_id', true), "
    "current_setting('statement_timeout'), pg_backend_pid()"
)


@pytest.fixture
def operations(own_operations: list[Operation]) -> list[Operation]:
    """What people do with what is theirs."""
    return own_operations


@pytest.fixture
async def one_connection(own_database: str) -> AsyncIterator[Database]:
    """A pool that lends the same physical connection every time."""
    database = Database(read_address(own_database), size=1)
    await database.open()
    yield database
    await database.close()


def origin_of(person: Person) -> Origin:
    return Origin.own(person.user_id, Source.API)


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.runtime.database
    return database


def session_of(work: UnitOfWork) -> asyncpg.Connection:
    return work.tasks._session._connection


async def leaks(meeting: Meeting, operations: list[Operation]) -> dict[str, list[str]]:
    """Return what the stranger finds or changes, by operation."""
    found = {
        str(operation): await meeting.check_path(operation)
        for operation in operations
        if operation.parameters
    }
    found |= {
        str(operation): await meeting.check_collection(operation)
        for operation in operations
        if operation.is_collection
    }
    found |= {
        f"{operation} with an id": await meeting.check_chosen_id(operation, "id")
        for operation in operations
        if "id" in operation.fields
    }
    return found


async def change_foreign_row(meeting: Meeting, app: FastAPI) -> None:
    """Change a row of the owner through the stranger's repository, as if a service had been given it."""
    created = await meeting.owner.create_task(title=CANARY)
    async with reading(database_of(app), origin_of(meeting.owner)) as work:
        row: TaskRow = await work.tasks.get(created["id"])
    async with writing(database_of(app), origin_of(meeting.stranger)) as work:
        await task_writes.change(
            work, (row, row._replace(title="Changed by a stranger")), Stamp(Action.UPDATED, NOW)
        )


@pytest.mark.spec("ISO-003")
async def test_without_the_filter_row_security_shows_and_changes_nothing(
    meeting: Meeting, operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1."""
    filtered = take_filters_down(monkeypatch)
    assert [fault for faults in (await leaks(meeting, operations)).values() for fault in faults] == []
    assert len(filtered) >= 9


@pytest.mark.spec("ISO-003", "ISO-001")
async def test_without_row_security_the_filter_shows_and_changes_nothing(
    meeting: Meeting, operations: list[Operation]
) -> None:
    """S1."""
    assert await take_row_security_down(meeting.connection) >= 11
    assert [fault for faults in (await leaks(meeting, operations)).values() for fault in faults] == []


@pytest.mark.spec("ISO-003")
async def test_without_either_the_leak_is_seen_in_every_operation(
    meeting: Meeting, operations: list[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_filters_down(monkeypatch, also_of_counters=False)
    await take_row_security_down(meeting.connection)
    assert [operation for operation, faults in (await leaks(meeting, operations)).items() if not faults] == []


@pytest.mark.spec("ISO-003")
@pytest.mark.parametrize("wall", ["filter", "row security"])
async def test_one_wall_keeps_a_repository_from_changing_a_foreign_row(
    meeting: Meeting, app: FastAPI, monkeypatch: pytest.MonkeyPatch, wall: str
) -> None:
    if wall == "row security":
        take_filters_down(monkeypatch)
    else:
        await take_row_security_down(meeting.connection)
    with pytest.raises(RuntimeError, match="not written"):
        await change_foreign_row(meeting, app)
    assert "Changed by a stranger" not in str(await world_of(meeting.connection, meeting.owner.user_id))


async def test_without_walls_a_repository_changes_a_foreign_row(
    meeting: Meeting, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_filters_down(monkeypatch, also_of_counters=False)
    await take_row_security_down(meeting.connection)
    await change_foreign_row(meeting, app)
    assert "Changed by a stranger" in str(await world_of(meeting.connection, meeting.owner.user_id))


@pytest.mark.spec("ISO-001")
async def test_a_repository_or_a_unit_of_work_without_an_owner_cannot_be_made(
    worker_connection: asyncpg.Connection,
) -> None:
    nobody, session = Origin.own("", Source.API), Session(worker_connection)
    for make in (Tasks, UnitOfWork):
        with pytest.raises(ValueError, match="owner"):
            make(session, nobody)


@pytest.mark.spec("ISO-002", "ISO-006")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO agendum.task (user_id, id, title, priority, created_at, updated_at, version)"
        " VALUES ($1, gen_random_uuid(), 'x', 'none', now(), now(), 1)",
        "UPDATE agendum.task SET user_id = $1",
        "INSERT INTO agendum.change (user_id, seq, id, entity, entity_id, version, action, actor, source, occurred_at)"
        " VALUES ($1, 99, gen_random_uuid(), 'task', gen_random_uuid(), 1, 'created', 'x', 'api', now())",
        "UPDATE agendum.change_counter SET user_id = $1",
    ],
)
async def test_no_row_can_be_written_for_or_given_to_somebody_else(
    ada: Person, bob: Person, app: FastAPI, statement: str
) -> None:
    """S1, S4."""
    await ada.create_task()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with writing(database_of(app), origin_of(ada)) as work:
            await session_of(work).execute(statement, bob.user_id)


@pytest.mark.spec("ISO-002")
@pytest.mark.parametrize(
    "statement", ["DELETE FROM agendum.change", "TRUNCATE agendum.task", "SELECT * FROM agendum.password"]
)
async def test_the_runtime_role_may_not_even_ask(ada: Person, app: FastAPI, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        async with writing(database_of(app), origin_of(ada)) as work:
            await session_of(work).execute(statement)


@pytest.mark.spec("ISO-002")
@pytest.mark.parametrize("owner", ["", "nobody", None])
async def test_the_runtime_role_without_an_owner_sees_nothing(
    ada: Person, connection: asyncpg.Connection, owner: str | None
) -> None:
    await ada.create_task()
    await leave_role(connection)
    await connection.execute(
        "SELECT set_config('role', 'agendum_app', true), set_config('app.user_id', $1, true)", owner
    )
    for table in ("account", "task", "change", "change_counter"):
        assert await connection.fetch(f"SELECT FROM agendum.{table}") == []


@pytest.mark.spec("ISO-002")
async def test_the_identity_role_sees_no_tasks_and_no_changes(app: FastAPI) -> None:
    for table in ("task", "change", "change_counter"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with identifying(database_of(app)) as directory:
                await directory._session._connection.fetch(f"SELECT FROM agendum.{table}")


async def state_of(database: Database) -> tuple[str, str | None, str, int]:
    """Borrow the connection and tell whose it is."""
    connection = await database.acquire()
    try:
        user, owner, limit, process = await connection.fetchrow(STATE)
    finally:
        await database.release(connection)
    return user, owner or None, limit, process


@pytest.mark.spec("ISO-007")
@pytest.mark.parametrize("ending", ["committed", "failed", "cancelled"])
async def test_role_and_owner_end_with_the_transaction(one_connection: Database, ending: str) -> None:
    before, origin = await state_of(one_connection), Origin.own(str(uuid7()), Source.API)

    async def work() -> str:
        async with writing(one_connection, origin) as unit:
            user: str = await session_of(unit).fetchval(
                "SELECT current_user || ' ' || current_setting('app.user_id')"
            )
            if ending != "committed":
                raise RuntimeError if ending == "failed" else asyncio.CancelledError
            return user

    result = (await asyncio.gather(work(), return_exceptions=True))[0]
    assert result == f"agendum_app {origin.owner}" or ending != "committed"
    after = await state_of(one_connection)
    # Nobody waits for the rollback of what was cancelled: its connection is closed, and the next is another.
    assert (after[:3], after[3] == before[3]) == (before[:3], ending != "cancelled")


@pytest.mark.spec("ISO-007")
async def test_a_statement_cancelled_in_flight_leaves_no_owner_behind(one_connection: Database) -> None:
    user, owner, limit, _process = await state_of(one_connection)

    async def sleep() -> None:
        async with reading(one_connection, Origin.own("somebody", Source.API)) as unit:
            await session_of(unit).fetchval("SELECT pg_sleep(20)")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sleep(), 0.3)
    assert (await state_of(one_connection))[:3] == (user, owner, limit)
