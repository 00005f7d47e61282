"""The data of a bench run: the same people and tasks each time, so that every request can be worked out from a number.

It writes straight into the tables as their owner, and must stay within their constraints.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg

from app.models.account import OWN_ISSUER

Row = tuple[object, ...]

PEOPLE = 1_000
TASKS_EACH = 200
HEAVY = PEOPLE
HEAVY_TASKS = 100_000

_HEAVY_EACH_ROUND = HEAVY_TASKS // TASKS_EACH
_ROWS_EACH_ROUND = PEOPLE + _HEAVY_EACH_ROUND
_START = datetime(2025, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=60)
_DESCRIPTION = "Bring the printed copies, ask for the second signature and note what was agreed."
_PRIORITIES = ("none", "none", "low", "medium", "high", "urgent")
_ACCOUNT_COLUMNS = ("user_id", "issuer", "subject", "email", "name", "created_at", "updated_at")
_TASK_COLUMNS = (
    *("user_id", "id", "title", "description", "priority", "due_date", "due_time", "due_timezone"),
    *("completed_at", "created_at", "updated_at", "version"),
)


def user_id(person: int) -> str:
    """The user id of a person; `HEAVY` is the number of the one with 100,000 tasks."""
    return str(uuid5(NAMESPACE_URL, f"person-{person}"))


def task_id(person: int, index: int) -> UUID:
    """The id of an ordinary person's task: a UUIDv7 of the moment at which the task was made."""
    return _uuid_at(_position(person, index))


def is_completed(index: int) -> bool:
    """Tell whether the tasks with this index are completed at the start: each fourth one is."""
    return index % 4 == 3


async def seed(connection: asyncpg.Connection) -> None:
    """Fill the migrated, empty tables, then settle them so that no maintenance falls into the measurement."""
    await _copy(connection, "account", columns=_ACCOUNT_COLUMNS, rows=_accounts())
    await _copy(connection, "change_counter", columns=("user_id", "last_seq"), rows=_counters())
    await _copy(connection, "task", columns=_TASK_COLUMNS, rows=_tasks())
    for table in ("account", "change_counter", "task", "change"):
        await connection.execute(f"VACUUM (ANALYZE) agendum.{table}")
    await connection.execute("CHECKPOINT")


async def _copy(connection: asyncpg.Connection, table: str, *, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    await connection.copy_records_to_table(table, schema_name="agendum", columns=columns, records=rows, timeout=120)


def _accounts() -> Iterator[Row]:
    for person in range(PEOPLE + 1):
        owner = user_id(person)
        yield owner, OWN_ISSUER, owner, f"person{person}@example.com", f"Person {person}", _START, _START


def _counters() -> Iterator[Row]:
    for person in range(PEOPLE + 1):
        yield user_id(person), HEAVY_TASKS if person == HEAVY else TASKS_EACH


def _tasks() -> Iterator[Row]:
    """Give the rows in the order of the heap: one task of everybody, the heavy person's share in between, and so on."""
    owners = [user_id(person) for person in range(PEOPLE + 1)]
    for index in range(TASKS_EACH):
        for person in range(PEOPLE):
            yield _task(owners[person], index, _position(person, index))
        for share in range(_HEAVY_EACH_ROUND):
            yield _task(owners[HEAVY], index, index * _ROWS_EACH_ROUND + PEOPLE + share)


def _task(owner: str, index: int, position: int) -> Row:
    """Make one row of `_TASK_COLUMNS`; everything but its moments depends on the index alone."""
    made = _made_at(position)
    description = _DESCRIPTION if index % 2 else None
    due_date = date(2026, 1, 1) + timedelta(days=index) if index % 3 else None
    due_time, due_zone = (time(9, 30), "Europe/Amsterdam") if index % 3 == 2 else (None, None)
    completed_at = made + _STEP if is_completed(index) else None
    title = f"Prepare the quarterly report, part {index}"
    priority = _PRIORITIES[index % len(_PRIORITIES)]
    return owner, _uuid_at(position), title, description, priority, due_date, due_time, due_zone, completed_at, made, made, 1


def _position(person: int, index: int) -> int:
    return index * _ROWS_EACH_ROUND + person


def _made_at(position: int) -> datetime:
    return _START + position * _STEP


def _uuid_at(position: int) -> UUID:
    milliseconds = int(_made_at(position).timestamp()) * 1000
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | position)
