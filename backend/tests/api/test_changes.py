"""The change sequence: one record for each write that changes something, numbered without a gap, readable in order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from dirty_equals import IsNow, IsStr
from fastapi import FastAPI

from app.domain.changes import Origin, Source
from app.domain.preconditions import ANY
from app.repositories.unit_of_work import writing
from app.schemas.task import Completion
from app.services import tasks
from tests.api.rows import fetch
from tests.people import Person, make_person

Write = Callable[[Person, str], Awaitable[Any]]
WRITES: dict[str, Write] = {
    "updated": lambda person, path: person.client.put(path, json={"title": "Pay more"}),
    "completed": lambda person, path: person.client.patch(f"{path}/complete"),
    "reopened": lambda person, path: person.client.patch(path, json={"completed": False}),
    "deleted": lambda person, path: person.client.delete(path),
}


async def follow(person: Person, total: int) -> list[int]:
    """Read the sequence while others write, until it has `total` numbers, and return them as they came."""
    seen: list[int] = []
    last = 0
    while len(seen) < total:
        page = (await person.client.get("/api/changes", params={"after": last, "limit": 7})).json()
        seen += [change["seq"] for change in page["items"]]
        last = page["last"]
    return seen


@pytest.mark.spec("CHANGE-001", "CHANGE-005")
async def test_a_creation_records_the_whole_task(ada: Person) -> None:
    response = await ada.client.post("/api/tasks", json={"title": "Pay rent", "due": {"date": "2026-12-01"}})
    task = response.json()
    not_content = {"id", "updated_at", "version"}
    assert await ada.changes() == [
        {
            "seq": 1,
            "entity": "task",
            "entity_id": task["id"],
            "version": 1,
            "action": "created",
            "before": None,
            "after": {name: value for name, value in task.items() if name not in not_content},
            "source": "api",
            "request_id": response.headers["X-Request-ID"],
            "occurred_at": task["created_at"],
            "reverts": None,
            "redacted_at": None,
        }
    ]


@pytest.mark.spec("CHANGE-001")
@pytest.mark.parametrize("action", WRITES)
async def test_each_write_records_exactly_one_change(ada: Person, action: str) -> None:
    task = await ada.create_task(completed=action == "reopened")
    await WRITES[action](ada, f"/api/tasks/{task['id']}")
    [change] = await ada.changes(after=1)
    assert (change["seq"], change["action"], change["version"], change["entity_id"]) == (
        2,
        action,
        2,
        task["id"],
    )
    assert change["occurred_at"] == IsNow(tz="UTC", delta=5, iso_string=True)


@pytest.mark.spec("CHANGE-001")
async def test_a_change_names_its_actor_and_its_door(ada: Person, connection: asyncpg.Connection) -> None:
    await ada.create_task()
    [row] = await fetch(connection, "select * from agendum.change where user_id = $1", ada.user_id)
    assert (row["actor"], row["source"], row["published_at"]) == (ada.user_id, "api", None)
    assert isinstance(row["id"], UUID)
    assert row["id"].version == 7


@pytest.mark.spec("CHANGE-005")
@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        ({"title": "Pay more"}, {"title": "Pay rent"}, {"title": "Pay more"}),
        ({"title": "Pay rent", "priority": "high"}, {"priority": "none"}, {"priority": "high"}),
        ({"due": None}, {"due": {"date": "2026-12-01", "time": None, "timezone": None}}, {"due": None}),
        (
            {"completed": True},
            {"completed": False, "completed_at": None},
            {"completed": True, "completed_at": IsStr()},
        ),
    ],
)
async def test_a_difference_names_only_what_differs(ada: Person, body: Any, before: Any, after: Any) -> None:
    task = await ada.create_task(due={"date": "2026-12-01"})
    await ada.client.patch(f"/api/tasks/{task['id']}", json=body)
    [change] = await ada.changes(after=1)
    assert (change["before"], change["after"]) == (before, after)


@pytest.mark.spec("CHANGE-005")
async def test_a_deletion_names_the_moment_alone(ada: Person) -> None:
    task = await ada.create_task()
    await ada.client.delete(f"/api/tasks/{task['id']}")
    [change] = await ada.changes(after=1)
    assert (change["before"], change["after"]) == (
        {"deleted_at": None},
        {"deleted_at": change["occurred_at"]},
    )


@pytest.mark.spec("CHANGE-002")
async def test_numbers_have_no_gap_and_belong_to_one_person(ada: Person, bob: Person) -> None:
    for person in (ada, bob, ada, ada, bob):
        await person.create_task()
        await person.client.post("/api/tasks", json={"title": ""})
    assert [change["seq"] for change in await ada.changes()] == [1, 2, 3]
    assert [change["seq"] for change in await bob.changes()] == [1, 2]


@pytest.mark.spec("CHANGE-003", "CHANGE-002")
async def test_a_reader_beside_many_writers_misses_nothing(own_app: FastAPI) -> None:
    ada = await make_person(own_app)
    async with asyncio.timeout(30):
        seen, *_ = await asyncio.gather(
            follow(ada, 60), *(ada.create_task(title=str(number)) for number in range(60))
        )
    await ada.client.aclose()
    assert seen == list(range(1, 61))


@pytest.mark.spec("CHANGE-004")
async def test_changes_come_in_pages_that_lead_to_the_next(ada: Person) -> None:
    for _ in range(5):
        await ada.create_task()
    pages = [
        (await ada.client.get("/api/changes", params={"after": after, "limit": 2})).json()
        for after in (0, 2, 4, 5)
    ]
    assert [[change["seq"] for change in page["items"]] for page in pages] == [[1, 2], [3, 4], [5], []]
    assert [page["last"] for page in pages] == [2, 4, 5, 5]
    assert [page["has_more"] for page in pages] == [True, True, False, False]


@pytest.mark.spec("CHANGE-004")
async def test_a_page_has_100_changes_unless_told_otherwise(
    ada: Person, connection: asyncpg.Connection
) -> None:
    row = "$1, number, gen_random_uuid(), 'task', gen_random_uuid(), 1, 'created', $1, 'api', now()"
    columns = "user_id, seq, id, entity, entity_id, version, action, actor, source, occurred_at"
    await fetch(
        connection,
        f"insert into agendum.change ({columns}) select {row} from generate_series(1, 600) number",
        ada.user_id,
    )
    pages = [
        (await ada.client.get(f"/api/changes{query}")).json()
        for query in ("", "?limit=50", "?after=550&limit=100")
    ]
    assert [(len(page["items"]), page["last"], page["has_more"]) for page in pages] == [
        (100, 100, True),
        (50, 50, True),
        (50, 600, False),
    ]


@pytest.mark.spec("CHANGE-004")
@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", f"after={2**63}", "limit=0", "limit=101", "before=3", "after="]
)
async def test_other_questions_are_refused(ada: Person, query: str) -> None:
    response = await ada.client.get(f"/api/changes?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, query.partition("=")[0])


@pytest.mark.spec("CHANGE-004")
async def test_asking_after_a_number_that_is_yet_to_come_is_an_empty_page(ada: Person) -> None:
    page = (await ada.client.get("/api/changes", params={"after": 2**63 - 1})).json()
    assert page == {"items": [], "last": 2**63 - 1, "has_more": False}


@pytest.mark.spec("CHANGE-008")
async def test_a_change_names_who_made_it_beside_whose_row_it_is_of(
    ada: Person, bob: Person, app: FastAPI, connection: asyncpg.Connection
) -> None:
    task = await ada.create_task()
    async with writing(
        app.state.runtime.database, Origin(ada.user_id, bob.user_id, Source.CONSOLE, None)
    ) as work:
        await tasks.set_completion(work, UUID(task["id"]), Completion(), now=datetime.now(UTC), expected=ANY)
    rows = await fetch(
        connection, "SELECT user_id, actor, source FROM agendum.change WHERE entity = 'task' ORDER BY seq"
    )
    assert [tuple(row.values()) for row in rows] == [
        (ada.user_id, ada.user_id, "api"),
        (ada.user_id, bob.user_id, "console"),
    ]
    assert await bob.changes() == []
