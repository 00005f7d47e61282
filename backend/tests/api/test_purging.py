"""Purging a task and emptying the trash: what goes for good, what stays, and what is recorded of it."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from app.services import trash
from tests.api.rows import count_rows, fetch
from tests.api.trashing import CANARY, delete, family, fill, last_changes, page, purge, titles
from tests.people import Person

_COMMENTS = """
    INSERT INTO agendum.comment (user_id, id, task_id, body, created_at, updated_at, deleted_at, version, search)
    SELECT $1, gen_random_uuid(), $3, $4, now(), now(), CASE number WHEN 1 THEN now() END, 1, ''
    FROM generate_series(1, $2) number
"""


@pytest.mark.spec("TRASH-004")
async def test_purging_takes_everything_below_and_records_each(
    ada: Person, connection: asyncpg.Connection
) -> None:
    first, second, third = await family(ada)
    kept = await ada.create_task(title="kept")
    await delete(ada, third, first, kept)
    await purge(ada, first)
    assert await titles(ada) == ["kept"]
    assert await last_changes(ada, 3) == [
        ("purged", task["id"], None, None) for task in (third, second, first)
    ]
    assert (await fetch(connection, "select id from agendum.task where id <> $1", UUID(kept["id"]))) == []


@pytest.mark.spec("TRASH-004", "TRASH-005")
@pytest.mark.parametrize("below", ["/{id}", ""])
async def test_comments_and_tagging_go_with_a_purged_task(
    ada: Person, connection: asyncpg.Connection, below: str
) -> None:
    tag = (await ada.client.post("/api/tags", json={"name": "home"})).json()
    task, kept = await ada.create_task(tag_ids=[tag["id"]]), await ada.create_task()
    for among, number in ((task, 1500), (await ada.create_task(parent_id=task["id"]), 2), (kept, 3)):
        await add_comments(connection, ada, among, number=number)
    await delete(ada, task)
    assert (await ada.client.delete(f"/api/trash{below.format_map(task)}")).status_code == 204
    rows = await count_rows(connection)
    assert (rows["task"], rows["task_tag"], rows["comment"], rows["tag"]) == (1, 0, 3, 1)
    purged = await fetch(
        connection,
        "select entity, entity_id, before, after from agendum.change where action = 'purged' order by seq",
    )
    assert sorted(change["entity"] for change in purged) == ["comment"] * 1502 + ["task"] * 2
    assert len({change["entity_id"] for change in purged}) == 1504
    assert {change["before"] or change["after"] for change in purged} == {None}


@pytest.mark.spec("TRASH-006")
async def test_a_living_task_below_a_purged_one_stays_and_loses_its_parent(
    ada: Person, connection: asyncpg.Connection
) -> None:
    first, second, third = await family(ada)
    # As a release that knows no subtasks deletes.
    await fetch(
        connection,
        "update agendum.task set deleted_at = now() where id = any($1)",
        [UUID(task["id"]) for task in (first, third)],
    )
    await purge(ada, first)
    assert (await ada.client.get(f"/api/tasks/{second['id']}")).json()["parent_id"] is None
    assert await last_changes(ada, 2) == [
        ("updated", second["id"], {"parent_id": first["id"]}, {"parent_id": None}),
        ("purged", first["id"], None, None),
    ]
    assert await titles(ada) == ["third"]


@pytest.mark.spec("TRASH-005")
@pytest.mark.parametrize("bite", [1, 2, trash.BITE])
async def test_emptying_takes_everything_in_the_trash_and_nothing_else(
    ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, bite: int
) -> None:
    monkeypatch.setattr(trash, "BITE", bite)
    tasks, living, foreign = await family(ada), await ada.create_task(title="living"), await bob.create_task()
    await delete(ada, tasks[1], tasks[0])
    await delete(bob, foreign)
    assert (await ada.client.delete("/api/trash")).status_code == 204
    assert (await ada.client.get("/api/tasks")).json()["items"] == [living]
    assert (await titles(ada), len(await titles(bob))) == ([], 1)
    assert sorted(last[1] for last in await last_changes(ada, 3)) == sorted(task["id"] for task in tasks)
    assert (await ada.client.delete("/api/trash")).status_code == 204
    assert len(await ada.changes()) == 10


@pytest.mark.spec("TRASH-005", "TRASH-006")
async def test_emptying_leaves_a_living_task_below(ada: Person, connection: asyncpg.Connection) -> None:
    first, second, third = await family(ada)
    await fetch(
        connection,
        "update agendum.task set deleted_at = now() where id = any($1)",
        [UUID(task["id"]) for task in (first, third)],
    )
    assert (await ada.client.delete("/api/trash")).status_code == 204
    [left] = (await ada.client.get("/api/tasks")).json()["items"]
    assert (left["id"], left["parent_id"]) == (second["id"], None)


@pytest.mark.spec("TRASH-005")
async def test_a_large_trash_is_emptied_in_one_go(ada: Person, connection: asyncpg.Connection) -> None:
    await fill(connection, ada, 2300, at_once=100)
    assert (await ada.client.delete("/api/trash")).status_code == 204
    assert (await page(ada))["total"] == 0
    [numbers] = await fetch(
        connection, "select count(*), max(seq) from agendum.change where user_id = $1", ada.user_id
    )
    assert (numbers["count"], numbers["max"]) == (2300, 2300)


@pytest.mark.spec("TRASH-007")
async def test_what_is_purged_is_gone_and_its_id_is_not_free(ada: Person) -> None:
    task = await ada.create_task(id=str(uuid7()), title=CANARY)
    await delete(ada, task)
    await purge(ada, task)
    path = f"/api/trash/{task['id']}"
    answers = [
        await ada.client.get(f"/api/tasks/{task['id']}"),
        await ada.client.post(f"{path}/restore"),
        await ada.client.delete(path),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    for title in (CANARY, "other"):
        again = await ada.client.post("/api/tasks", json={"id": task["id"], "title": title})
        assert (again.status_code, again.json()["code"]) == (409, "ID_TAKEN")
    assert len(await ada.changes()) == 3


@pytest.mark.spec("TRASH-007", "CHANGE-006")
async def test_of_what_is_purged_nothing_that_was_written_is_kept(
    ada: Person, connection: asyncpg.Connection
) -> None:
    task = await ada.create_task(title=CANARY, description=CANARY)
    await add_comments(connection, ada, task, number=2)
    await delete(ada, task)
    await purge(ada, task)
    holding = {}
    for table in await count_rows(connection):
        if table != "numbers":
            rows = await fetch(
                connection, f"select row::text from agendum.{table} row where row::text like '%{CANARY}%'"
            )
            holding[table] = len(rows)
    assert {table: number for table, number in holding.items() if number} == {}
    assert (await ada.changes())[-1]["after"] is None


async def add_comments(
    connection: asyncpg.Connection, person: Person, task: dict[str, Any], *, number: int
) -> None:
    """Put comments below a task, past the API, the first of them deleted."""
    await fetch(connection, _COMMENTS, person.user_id, number, UUID(task["id"]), CANARY)
