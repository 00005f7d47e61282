"""The data of a bench run: the same people and tasks each time, so that every request can be worked out from a number.

It writes straight into the tables as their owner, and must stay within their constraints.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg

from app.domain.due import Due, instant
from app.domain.ordering import initial
from app.domain.search import vector
from app.models.account import OWN_ISSUER

Row = tuple[object, ...]

PEOPLE = 1_000
TASKS_EACH = 200
HEAVY, HEAVY_TASKS = PEOPLE, 100_000
LIGHT, LIGHT_TASKS = PEOPLE + 1, 100
EVERYBODY = PEOPLE + 2

_HEAVY_EACH_ROUND = HEAVY_TASKS // TASKS_EACH
_ROWS_EACH_ROUND = PEOPLE + _HEAVY_EACH_ROUND + 1
_START = datetime(2025, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=60)
_DESCRIPTION = "Bring the printed copies, ask for the second signature and note what was agreed."
_COMMENT = "The office called: the signature is still missing, and they ask for a copy by post."
_PRIORITIES = ("none", "none", "low", "medium", "high", "urgent")
_VERBS = ("Prepare", "Review", "Send", "Sign", "Book", "Cancel", "Collect")
_THINGS = (
    "quarterly report",
    "rent contract",
    "insurance claim",
    "travel plan",
    "tax return",
    "garden order",
    "school form",
    "bike repair",
)
_CATEGORIES, _TAGS = 4, 10
_TABLES = ("account", "session", "change_counter", "category", "tag", "task", "task_tag", "comment", "change")
_TASK_COLUMNS = (
    *("user_id", "id", "title", "description", "priority", "due_date", "due_time", "due_timezone", "due_at"),
    *("completed_at", "created_at", "updated_at", "version", "category_id", "position", "search"),
)
# The driver copies in binary, and knows no binary form of search words.
_STAGE = (
    "CREATE TEMPORARY TABLE staged (LIKE agendum.{table}); "
    "ALTER TABLE staged ALTER search DROP DEFAULT, ALTER search TYPE text"
)
_UNSTAGE = "INSERT INTO agendum.{table} ({columns}) SELECT {selected} FROM staged"
_INDEXES = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid = $1::text::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def user_id(person: int) -> str:
    """Return the user id of a person; `HEAVY` is the number of who has 100,000 tasks, `LIGHT` of who has 100."""
    return str(uuid5(NAMESPACE_URL, f"person-{person}"))


def task_id(person: int, index: int) -> UUID:
    """Return the id of an ordinary person's task: a UUIDv7 of the moment at which the task was made."""
    return _uuid_at(_position(person, index))


def is_completed(index: int) -> bool:
    """Tell whether the tasks with this index are completed at the start: each fourth one is."""
    return index % 4 == 3


async def seed(connection: asyncpg.Connection) -> None:
    """Fill the migrated, empty tables, then settle them so that no maintenance falls into the measurement."""
    account = ("user_id", "issuer", "subject", "email", "name", "created_at", "updated_at")
    moments = ("created_at", "updated_at", "version")
    await _copy(connection, "account", columns=account, rows=_accounts())
    session = ("user_id", "id", "seed", "generation", "rotations", "created_at", "last_seen_at", "expires_at")
    await _copy(connection, "session", columns=session, rows=_sessions())
    await _copy(connection, "change_counter", columns=("user_id", "last_seq"), rows=_counters())
    await _copy(
        connection,
        "category",
        columns=("user_id", "id", "name", "position", "archived", *moments),
        rows=_categories(),
    )
    await _copy(connection, "tag", columns=("user_id", "id", "name", "folded_name", *moments), rows=_tags())
    await _copy_searched(connection, "task", columns=_TASK_COLUMNS, rows=_tasks())
    await _copy(connection, "task_tag", columns=("user_id", "task_id", "tag_id"), rows=_links())
    await _copy_searched(
        connection,
        "comment",
        columns=("user_id", "id", "task_id", "body", *moments, "search"),
        rows=_comments(),
    )
    for table in _TABLES:
        await connection.execute(f"VACUUM (ANALYZE) agendum.{table}", timeout=120)
    await connection.execute("CHECKPOINT")


async def _copy(
    connection: asyncpg.Connection, table: str, *, columns: tuple[str, ...], rows: Iterator[Row]
) -> None:
    await connection.copy_records_to_table(
        table, schema_name="agendum", columns=columns, records=rows, timeout=120
    )


async def _copy_searched(
    connection: asyncpg.Connection, table: str, *, columns: tuple[str, ...], rows: Iterator[Row]
) -> None:
    """Fill a table that has search words, without its indexes, which are quicker to build on what is there."""
    indexes = await connection.fetch(_INDEXES, f"agendum.{table}")
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute(_STAGE.format(table=table))
    await connection.copy_records_to_table("staged", columns=columns, records=rows, timeout=120)
    selected = ", ".join("search::tsvector" if column == "search" else column for column in columns)
    await connection.execute(
        _UNSTAGE.format(table=table, columns=", ".join(columns), selected=selected), timeout=120
    )
    await connection.execute("DROP TABLE staged")
    for index in indexes:
        await connection.execute(index["definition"], timeout=120)


def _accounts() -> Iterator[Row]:
    for person in range(EVERYBODY):
        owner = user_id(person)
        yield owner, OWN_ISSUER, owner, f"person{person}@example.com", f"Person {person}", _START, _START


def _sessions() -> Iterator[Row]:
    """Give each person a session, whose id is the person's, and which outlasts every run."""
    for owner in map(user_id, range(EVERYBODY)):
        yield owner, UUID(owner), bytes(32), 1, [], _START, _START, datetime(9999, 1, 1, tzinfo=UTC)


def _counters() -> Iterator[Row]:
    for person in range(EVERYBODY):
        yield user_id(person), {HEAVY: HEAVY_TASKS, LIGHT: LIGHT_TASKS}.get(person, TASKS_EACH)


def _categories() -> Iterator[Row]:
    for owner in map(user_id, range(EVERYBODY)):
        for number in range(_CATEGORIES):
            entity_id = _part(owner, "category", number)
            position = initial(_START + number * _STEP, entity_id)
            yield owner, entity_id, f"List {number}", position, False, _START, _START, 1


def _tags() -> Iterator[Row]:
    for owner in map(user_id, range(EVERYBODY)):
        for number in range(_TAGS):
            yield owner, _part(owner, "tag", number), f"tag{number}", f"tag{number}", _START, _START, 1


def _tasks() -> Iterator[Row]:
    return (_task(owner, index, position) for owner, index, position in _places())


def _links() -> Iterator[Row]:
    """Give two tags to each task."""
    tags = {
        owner: [_part(owner, "tag", number) for number in range(_TAGS)]
        for owner in map(user_id, range(EVERYBODY))
    }
    return chain.from_iterable(
        (
            (owner, _uuid_at(position), tags[owner][number])
            for number in (index % _TAGS, (index + 1 + index // 7 % (_TAGS - 1)) % _TAGS)
        )
        for owner, index, position in _places()
    )


def _comments() -> Iterator[Row]:
    """Give a comment to each tenth task."""
    for owner, index, position in _places():
        if index % 10 == 4:
            made, words = _made_at(position), vector(owner, important="", other=_COMMENT)
            yield owner, _part(owner, "comment", position), _uuid_at(position), _COMMENT, made, made, 1, words


def _places() -> Iterator[tuple[str, int, int]]:
    """Give owner, index and position in the order of the heap.

    The heap holds one task of everybody, then the heavy person's share, and so on.
    """
    owners = [user_id(person) for person in range(EVERYBODY)]
    for index in range(TASKS_EACH):
        for person in range(PEOPLE):
            yield owners[person], index, _position(person, index)
        for share in range(_HEAVY_EACH_ROUND):
            yield owners[HEAVY], index * _HEAVY_EACH_ROUND + share, index * _ROWS_EACH_ROUND + PEOPLE + share
        if index < LIGHT_TASKS:
            yield owners[LIGHT], index, index * _ROWS_EACH_ROUND + PEOPLE + _HEAVY_EACH_ROUND


def _task(owner: str, index: int, position: int) -> Row:
    """Make one row of `_TASK_COLUMNS`; everything but ids, owners and moments depends on the index alone."""
    made, entity_id = _made_at(position), _uuid_at(position)
    description = _DESCRIPTION if index % 2 else None
    clock, zone = (time(9, 30), "Europe/Amsterdam") if index % 3 == 2 else (None, None)
    due = Due(date(2026, 1, 1) + timedelta(days=index % 1000), clock, zone) if index % 3 else None
    completed_at = made + _STEP if is_completed(index) else None
    title = f"{_VERBS[index % len(_VERBS)]} the {_THINGS[index // 3 % len(_THINGS)]}, part {index}"
    content = title, description, _PRIORITIES[index // 5 % len(_PRIORITIES)]
    place = _part(owner, "category", index % 5) if index % 5 < _CATEGORIES else None, initial(made, entity_id)
    words = vector(owner, important=title, other=description or "")
    days = (*(due or (None, None, None)), due and instant(due))
    return owner, entity_id, *content, *days, completed_at, made, made, 1, *place, words


def _part(owner: str, kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{owner}-{kind}-{number}")


def _position(person: int, index: int) -> int:
    return index * _ROWS_EACH_ROUND + person


def _made_at(position: int) -> datetime:
    return _START + position * _STEP


def _uuid_at(position: int) -> UUID:
    milliseconds = int(_made_at(position).timestamp()) * 1000
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | position)
