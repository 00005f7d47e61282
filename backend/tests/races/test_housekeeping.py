"""The worker that purges what has been kept too long.

On a database where transactions really commit, and beside others.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.config import Settings
from app.database.connection import Database
from app.database.url import read_address
from app.main import create_app
from app.services import trash
from app.workers import housekeeping
from tests.conftest import PATIENT
from tests.people import Person, joined

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=31)
CANARY = "canary-7f3a"
_TRASHED = """
    INSERT INTO agendum.task (user_id, id, title, priority, created_at, updated_at, deleted_at, version, parent_id)
    SELECT $1, gen_random_uuid(), 'Task ' || number, 'none', now(), now(), now(), 1, $3
    FROM generate_series(1, $2) number
"""


async def fill(
    witness: asyncpg.Connection, person: Person, number: int, *, parent_id: str | None = None
) -> None:
    await witness.execute(_TRASHED, person.user_id, number, parent_id)


async def counted(witness: asyncpg.Connection, person: Person) -> tuple[int, int]:
    """Return how many tasks a person has, and how many changes that purged one through the worker's door."""
    tasks = await witness.fetchval("SELECT count(*) FROM agendum.task WHERE user_id = $1", person.user_id)
    purges = (
        "SELECT count(*) FROM agendum.change WHERE user_id = $1 AND action = 'purged' AND source = 'worker'"
    )
    return tasks, await witness.fetchval(purges, person.user_id)


async def tidy(database: Database, *, now: datetime) -> None:
    """Let the worker have a round in which nothing fails."""
    with capture_logs() as logs:
        await housekeeping.tidy(database, now=now)
    assert logs == []


async def make(person: Person, path: str, **content: Any) -> str:
    """Create something and return its address."""
    response = await person.client.post(path, json=content)
    assert response.status_code == 201, response.text
    return f"{path}/{response.json()['id']}"


async def delete(person: Person, *addresses: str) -> None:
    for address in addresses:
        assert (await person.client.delete(address)).status_code == 204


async def kinds_left(witness: asyncpg.Connection) -> dict[str, int]:
    """Return how many rows there are of what can be purged."""
    tables = ("task", "task_tag", "category", "tag", "comment", "saved_filter", "idempotency_key")
    return {
        table: number
        for table in tables
        if (number := await witness.fetchval(f"SELECT count(*) FROM agendum.{table}"))
    }


@pytest.mark.spec("TRASH-008")
async def test_what_was_deleted_more_than_30_days_ago_is_purged(own_ada: Person, database: Database) -> None:
    """S37."""
    parent = await own_ada.create_task()
    await own_ada.create_task(parent_id=parent["id"])
    living = await own_ada.create_task()
    await delete(own_ada, f"/api/tasks/{parent['id']}")
    await tidy(database, now=NOW + timedelta(days=30))
    assert (await own_ada.client.get("/api/trash")).json()["total"] == 2
    await tidy(database, now=LATER)
    assert (await own_ada.client.get("/api/trash")).json()["total"] == 0
    assert (await own_ada.client.get("/api/tasks")).json()["items"] == [living]
    changes = [change for change in await own_ada.changes() if change["source"] == "worker"]
    assert [
        (change["action"], change["before"], change["after"], change["request_id"]) for change in changes
    ] == [("purged", None, None, None)] * 2
    assert changes[-1]["entity_id"] == parent["id"]


@pytest.mark.spec("TRASH-008")
async def test_everything_that_can_be_deleted_is_purged_in_the_end(
    own_ada: Person, database: Database, witness: asyncpg.Connection
) -> None:
    category, tag = (
        await make(own_ada, "/api/categories", name="Home"),
        await make(own_ada, "/api/tags", name="home"),
    )
    task = await own_ada.create_task(category_id=category[-36:], tag_ids=[tag[-36:]])
    for table, number, columns, values in (
        ("comment", 1500, "task_id, body, search", "$2::uuid, 'Done?', ''"),
        ("saved_filter", 1, "name, query", "$2::text, '{}'"),
    ):
        own = f"INSERT INTO agendum.{table} (user_id, id, created_at, updated_at, deleted_at, version, {columns})"
        rows = f"SELECT $1, gen_random_uuid(), now(), now(), CASE number WHEN 1 THEN now() END, 1, {values}"
        await witness.execute(
            f"{own} {rows} FROM generate_series(1, {number}) number", own_ada.user_id, task["id"]
        )
    await delete(own_ada, f"/api/tasks/{task['id']}", category, tag)
    await tidy(database, now=LATER)
    assert await kinds_left(witness) == {}
    purged = await witness.fetch(
        "SELECT entity FROM agendum.change WHERE action = 'purged' AND source = 'worker'"
    )
    assert Counter(row["entity"] for row in purged) == {
        "comment": 1500,
        "task": 1,
        "saved_filter": 1,
        "category": 1,
        "tag": 1,
    }


@pytest.mark.spec("TRASH-008")
async def test_a_comment_is_purged_without_its_task(
    own_ada: Person, database: Database, witness: asyncpg.Connection
) -> None:
    task = await own_ada.create_task()
    for deleted_at in (NOW, NOW + timedelta(days=3), None):
        await witness.execute(
            "INSERT INTO agendum.comment"
            " (user_id, id, task_id, body, created_at, updated_at, deleted_at, version, search)"
            " VALUES ($1, $2, $3, 'Done?', now(), now(), $4, 1, '')",
            *(own_ada.user_id, uuid7(), task["id"], deleted_at),
        )
    await tidy(database, now=LATER)
    assert await kinds_left(witness) == {"task": 1, "comment": 2}
    assert [change["entity"] for change in await own_ada.changes()] == ["task", "comment"]


@pytest.mark.spec("TRASH-008")
@pytest.mark.parametrize("where", ["living", "trash"])
async def test_a_category_or_a_tag_that_a_task_refers_to_stays(
    own_ada: Person, database: Database, witness: asyncpg.Connection, where: str
) -> None:
    category, tag = (
        await make(own_ada, "/api/categories", name="Home"),
        await make(own_ada, "/api/tags", name="home"),
    )
    task = await own_ada.create_task(category_id=category[-36:], tag_ids=[tag[-36:]])
    moments = {"category": NOW, "tag": NOW, "task": NOW + timedelta(days=5) if where == "trash" else None}
    for table, moment in moments.items():
        await witness.execute(f"UPDATE agendum.{table} SET deleted_at = $1", moment)
    await tidy(database, now=LATER)
    assert await kinds_left(witness) == {"task": 1, "task_tag": 1, "category": 1, "tag": 1}
    assert [change["action"] for change in await own_ada.changes()] == ["created"] * 3
    assert task["version"] == 1


@pytest.mark.spec("TRASH-006", "TRASH-008")
@pytest.mark.parametrize("deleted", [NOW + timedelta(days=5), None])
async def test_what_is_below_and_not_too_old_stays(
    own_ada: Person, database: Database, witness: asyncpg.Connection, deleted: datetime | None
) -> None:
    parent = await own_ada.create_task()
    child = await own_ada.create_task(parent_id=parent["id"])
    # As a release that knows no subtasks deletes.
    await witness.execute(
        "UPDATE agendum.task SET deleted_at = CASE WHEN id = $1 THEN $2 ELSE $3::timestamptz END",
        parent["id"],
        NOW,
        deleted,
    )
    await tidy(database, now=LATER)
    rows = await witness.fetch("SELECT id::text, parent_id, deleted_at FROM agendum.task")
    assert [tuple(row) for row in rows] == [(child["id"], None, deleted)]


@pytest.mark.spec("TRASH-008")
async def test_kept_answers_are_removed_after_24_hours_without_a_change(
    own_ada: Person, database: Database, witness: asyncpg.Connection
) -> None:
    for number in range(3):
        await own_ada.client.post(
            "/api/tasks", json={"title": "Pay rent"}, headers={"Idempotency-Key": f"key-{number}"}
        )
    await witness.execute(
        "UPDATE agendum.idempotency_key SET created_at = $1 WHERE key = 'key-0'", NOW - timedelta(hours=1)
    )
    await tidy(database, now=NOW + timedelta(hours=23, minutes=30))
    assert [
        row["key"] for row in await witness.fetch("SELECT key FROM agendum.idempotency_key ORDER BY key")
    ] == ["key-1", "key-2"]
    await tidy(database, now=LATER)
    assert await kinds_left(witness) == {"task": 3}
    assert len(await own_ada.changes()) == 3


@pytest.mark.spec("TRASH-009")
async def test_two_workers_at_once_purge_each_task_once(
    own_ada: Person, own_bob: Person, own_database: str, database: Database
) -> None:
    witness = await asyncpg.connect(dsn=own_database)
    for person in (own_ada, own_bob):
        await fill(witness, person, 1200)
    async with another(own_database) as other:
        await asyncio.gather(*(housekeeping.tidy(one, now=LATER) for one in (database, other)))
    assert [await counted(witness, person) for person in (own_ada, own_bob)] == [(0, 1200)] * 2
    assert await witness.fetchval("SELECT max(last_seq) FROM agendum.change_counter") == 1200
    await witness.close()


@asynccontextmanager
async def another(address: str) -> AsyncIterator[Database]:
    """Give a pool as another process would have it."""
    database = Database(read_address(address), size=4)
    await database.open()
    yield database
    await database.close()


@pytest.mark.spec("TRASH-009")
async def test_a_worker_that_is_stopped_leaves_whole_bites(
    own_ada: Person, database: Database, witness: asyncpg.Connection
) -> None:
    top = await own_ada.create_task()
    await fill(witness, own_ada, 2500, parent_id=top["id"])
    await delete(own_ada, f"/api/tasks/{top['id']}")
    work = asyncio.create_task(housekeeping.tidy(database, now=LATER))
    await until(lambda: counted(witness, own_ada), lambda numbers: numbers[0] < 2501)
    work.cancel()
    await asyncio.wait([work])
    left, purged = await counted(witness, own_ada)
    assert (work.cancelled(), left + purged, purged % trash.BITE) == (True, 2501, 0)
    assert 0 < purged < 2501
    await tidy(database, now=LATER)
    assert await counted(witness, own_ada) == (0, 2501)


@pytest.mark.spec("TRASH-009")
@pytest.mark.parametrize("ends", ["stopped", "refused"])
async def test_a_bite_that_ends_in_the_middle_leaves_nothing(
    own_ada: Person, database: Database, witness: asyncpg.Connection, ends: str
) -> None:
    await fill(witness, own_ada, 800)
    database.limits = PATIENT if ends == "stopped" else replace(PATIENT, lock=0.5)
    async with witness.transaction():
        # The last one that it comes to is held: 799 are removed by then, and nobody else sees that.
        await witness.execute("SELECT FROM agendum.task ORDER BY deleted_at DESC, id DESC LIMIT 1 FOR UPDATE")
        work = asyncio.create_task(housekeeping.tidy(database, now=LATER))
        await asyncio.wait([work], timeout=1 if ends == "stopped" else None)
        assert work.cancel() is (ends == "stopped")
        await asyncio.wait([work])
    assert await counted(witness, own_ada) == (800, 0)
    await tidy(database, now=LATER)
    assert await counted(witness, own_ada) == (0, 800)


@pytest.mark.spec("TRASH-009")
async def test_the_failure_of_one_person_does_not_keep_the_others_from_being_purged(
    own_ada: Person, own_bob: Person, database: Database, witness: asyncpg.Connection
) -> None:
    first, second = sorted((own_ada, own_bob), key=lambda person: person.user_id)
    for person in (first, second):
        await person.client.delete(f"/api/tasks/{(await person.create_task(title=CANARY))['id']}")
    await witness.execute(
        f"ALTER TABLE agendum.change ADD CHECK (user_id <> '{first.user_id}' OR action <> 'purged')"
    )
    with capture_logs() as logs:
        await housekeeping.tidy(database, now=LATER)
    assert [await counted(witness, person) for person in (first, second)] == [(1, 0), (0, 1)]
    [entry] = logs
    assert entry == {
        "event": "housekeeping failed",
        "error": "CheckViolationError",
        "user_id": first.user_id,
        "log_level": "error",
    }


@pytest.mark.spec("TRASH-009")
async def test_more_people_than_are_asked_for_at_once_are_purged(
    own_app: FastAPI, database: Database, witness: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "_PEOPLE_AT_ONCE", 2)
    for _ in range(5):
        async with joined(own_app) as person:
            await fill(witness, person, 1)
    await tidy(database, now=LATER)
    assert await kinds_left(witness) == {}


@pytest.mark.spec("TRASH-009")
async def test_an_absent_database_is_a_warning_and_no_end() -> None:
    database = Database(read_address("postgresql://nobody@127.0.0.1:1/nowhere"), size=1)
    await database.open()
    with capture_logs() as logs:
        await housekeeping.tidy(database, now=LATER)
    await database.close()
    assert logs == [{"event": "housekeeping failed", "error": "Unavailable", "log_level": "warning"}]


class LeavingDatabase(Database):
    """A database that lends one connection and is away after that."""

    left = False

    async def acquire(self) -> asyncpg.Connection:
        """Lend a connection, or fail as the network does."""
        if self.left:
            raise ConnectionRefusedError
        self.left = True
        return await super().acquire()


@pytest.mark.spec("TRASH-009")
async def test_a_database_that_goes_away_ends_the_round(
    own_app: FastAPI, own_database: str, witness: asyncpg.Connection
) -> None:
    for _ in range(5):
        async with joined(own_app) as person:
            await fill(witness, person, 1)
    database = LeavingDatabase(read_address(own_database), size=1)
    await database.open()
    with capture_logs() as logs:
        await housekeeping.tidy(database, now=LATER)
    await database.close()
    assert [(entry["error"], "user_id" in entry) for entry in logs] == [
        ("Unavailable", True),
        ("Unavailable", False),
    ]


@pytest.mark.spec("TRASH-009")
async def test_the_service_keeps_house_while_it_runs_and_stops_at_once(
    own_ada: Person, own_database: str, witness: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_FIRST", (0.0, 0.0))
    monkeypatch.setattr(housekeeping, "_USUAL", (0.01, 0.01))
    serving = create_app(
        Settings(DATABASE_URL=own_database, BETTER_AUTH_SECRET="a secret for tests alone, 0123456789")
    )

    async def old_task() -> None:
        await fill(witness, own_ada, 1)
        await witness.execute("UPDATE agendum.task SET deleted_at = $1", NOW - timedelta(days=31))

    async with serving.router.lifespan_context(serving):
        await old_task()
        await until(lambda: counted(witness, own_ada), lambda numbers: numbers == (0, 1))
        await old_task()
        await until(lambda: counted(witness, own_ada), lambda numbers: numbers == (0, 2))
    assert not [task for task in asyncio.all_tasks() if "_keep_house" in repr(task)]
    await old_task()
    await asyncio.sleep(0.2)
    assert await counted(witness, own_ada) == (1, 2)


Numbers = tuple[int, int]


async def until(look: Callable[[], Awaitable[Numbers]], right: Callable[[Numbers], bool]) -> None:
    """Look again and again for up to five seconds."""
    for _look in range(1000):
        if right(await look()):
            return
        await asyncio.sleep(0.005)
    raise AssertionError(await look())
