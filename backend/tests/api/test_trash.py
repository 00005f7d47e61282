"""The trash lists what was deleted, and gives it back together with what was deleted with it."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.api.test_statement_counts import count
from tests.api.trashing import delete, family, fill, last_changes, page, titles
from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


async def restore(person: Person, task: dict[str, Any]) -> dict[str, Any]:
    response = await person.client.post(f"/api/trash/{task['id']}/restore")
    assert (response.status_code, response.headers["ETag"]) == (200, f'"{response.json()["version"]}"')
    restored: dict[str, Any] = response.json()
    return restored


@pytest.mark.spec("TRASH-001")
async def test_the_trash_lists_what_was_deleted_latest_first(ada: Person) -> None:
    tasks = [await ada.create_task(title=title) for title in ("kept", "early", "late")]
    await delete(ada, *tasks[1:])
    answer = await page(ada)
    assert [(item["title"], item["version"], item["deleted_at"] is not None) for item in answer["items"]] == [
        ("late", 2, True),
        ("early", 2, True),
    ]
    assert {key: answer[key] for key in answer if key != "items"} == {
        "total": 2,
        "total_exact": True,
        "limit": 50,
        "offset": 0,
        "has_more": False,
        "next_cursor": None,
    }


@pytest.mark.spec("TRASH-001")
async def test_an_item_of_the_trash_is_a_task_as_the_api_shows_it(ada: Person) -> None:
    tag = (await ada.client.post("/api/tags", json={"name": "home"})).json()
    due = {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"}
    task = await ada.create_task(description="by hand", due=due, tag_ids=[tag["id"]], start_date="2026-11-01")
    await delete(ada, task)
    [item] = (await page(ada))["items"]
    assert item == task | {"version": 2, "updated_at": item["deleted_at"], "deleted_at": item["deleted_at"]}


@pytest.mark.spec("TRASH-001")
@pytest.mark.parametrize("at_once", [1, 4, 100])
async def test_walking_the_trash_shows_each_task_once(
    ada: Person, connection: asyncpg.Connection, at_once: int
) -> None:
    await fill(connection, ada, 23, at_once=at_once)
    shown, cursor = list[str](), dict[str, str]()
    while True:
        answer = await page(ada, limit=5, **cursor)
        shown += [item["id"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    assert shown == [item["id"] for item in (await page(ada, limit=100))["items"]]
    assert shown[10:15] == [item["id"] for item in (await page(ada, limit=5, offset=10))["items"]]
    assert len(set(shown)) == 23


@pytest.mark.spec("TRASH-001")
async def test_the_total_of_the_trash_is_exact_when_that_is_asked_for(
    ada: Person, connection: asyncpg.Connection
) -> None:
    await fill(connection, ada, 1002)
    answers = [
        await page(ada, limit=1, **query)
        for query in ({}, {"count": "exact"}, {"count": "exact", "offset": 2000})
    ]
    assert [(answer["total"], answer["total_exact"]) for answer in answers] == [
        (1000, False),
        (1002, True),
        (1002, True),
    ]


@pytest.mark.spec("TRASH-001")
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000000000", "offset=-1", "cursor=x", "count=all", "sort=password"]
)
async def test_the_trash_refuses_what_lists_refuse(ada: Person, query: str) -> None:
    response = await ada.client.get(f"/api/trash?{query}")
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (
        422,
        [query.partition("=")[0]],
    )


@pytest.mark.spec("TRASH-001")
async def test_a_cursor_of_another_list_or_person_is_refused(ada: Person, bob: Person) -> None:
    tasks = [await ada.create_task() for _ in range(4)]
    await delete(ada, *tasks[:2])
    mine = (await page(ada, limit=1))["next_cursor"]
    other = (await ada.client.get("/api/tasks?limit=1")).json()["next_cursor"]
    answers = [
        await person.client.get("/api/trash", params={"cursor": cursor})
        for person, cursor in ((ada, other), (bob, mine))
    ]
    assert [answer.status_code for answer in answers] == [422, 422]


@pytest.mark.spec("TRASH-002")
async def test_a_restored_task_is_as_it_was(ada: Person) -> None:
    task = await ada.create_task(description="by hand", priority="high")
    await delete(ada, task)
    [deleted] = (await page(ada))["items"]
    restored = await restore(ada, task)
    assert restored == task | {"version": 3, "updated_at": restored["updated_at"]}
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == restored
    assert await titles(ada) == []
    assert await last_changes(ada, 1) == [
        ("restored", task["id"], {"deleted_at": deleted["deleted_at"]}, {"deleted_at": None})
    ]


@pytest.mark.spec("TRASH-002")
async def test_what_was_deleted_together_comes_back_together(ada: Person) -> None:
    tasks = await family(ada)
    await delete(ada, tasks[0])
    assert (await restore(ada, tasks[0]))["title"] == "first"
    assert await titles(ada) == []
    assert [(action, task_id) for action, task_id, _, _ in await last_changes(ada, 3)] == [
        ("restored", task["id"]) for task in tasks
    ]
    back = [(await ada.client.get(f"/api/tasks/{task['id']}")).json() for task in tasks]
    assert [task["parent_id"] for task in back] == [task["parent_id"] for task in tasks]


@pytest.mark.spec("TRASH-002")
async def test_a_subtask_that_was_deleted_before_stays_in_the_trash_with_its_own(ada: Person) -> None:
    first, second, _third = await family(ada)
    await ada.create_task(title="other", parent_id=first["id"])
    await delete(ada, second, first)
    await restore(ada, first)
    assert sorted(await titles(ada)) == ["second", "third"]
    assert (await restore(ada, second))["parent_id"] == first["id"]
    assert await titles(ada) == []


@pytest.mark.spec("TRASH-002")
async def test_a_part_of_what_was_deleted_together_comes_back_by_itself(ada: Person) -> None:
    first, second, third = await family(ada)
    await delete(ada, first)
    restored = await restore(ada, second)
    assert (restored["title"], restored["parent_id"]) == ("second", None)
    assert (await ada.client.get(f"/api/tasks/{third['id']}")).json()["parent_id"] == second["id"]
    assert (await restore(ada, first))["title"] == "first"
    assert (await ada.client.get(f"/api/tasks/{second['id']}")).json() == restored


@pytest.mark.spec("TRASH-002")
async def test_what_is_not_in_the_trash_is_restored_and_purged_by_nobody(ada: Person, bob: Person) -> None:
    living, mine, foreign = await ada.create_task(), await ada.create_task(), await bob.create_task()
    await delete(ada, mine)
    await delete(bob, foreign)
    before = [await ada.changes(), await bob.changes()]
    for task_id in (living["id"], foreign["id"], ABSENT):
        answers = [
            await ada.client.post(f"/api/trash/{task_id}/restore"),
            await ada.client.delete(f"/api/trash/{task_id}"),
        ]
        assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [
            (404, "There is no such task.")
        ] * 2
    assert [await ada.changes(), await bob.changes()] == before
    assert [item["id"] for item in (await page(bob))["items"]] == [foreign["id"]]


@pytest.mark.parametrize(("method", "path"), [("POST", "x/restore"), ("DELETE", "x"), ("DELETE", "%00")])
async def test_what_is_no_id_is_refused(ada: Person, method: str, path: str) -> None:
    assert (await ada.client.request(method, f"/api/trash/{path}")).status_code == 422


@pytest.mark.spec("TRASH-002", "SAFE-008")
@pytest.mark.parametrize(("method", "below", "success"), [("POST", "/restore", 200), ("DELETE", "", 204)])
async def test_the_trash_is_changed_only_as_it_was_seen(
    ada: Person, method: str, below: str, success: int
) -> None:
    task = await ada.create_task()
    await delete(ada, task)
    path, before = f"/api/trash/{task['id']}{below}", await ada.changes()
    stale = await ada.client.request(method, path, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["ETag"], await ada.changes()) == (412, '"2"', before)
    assert (await ada.client.request(method, path, headers={"If-Match": '"2"'})).status_code == success


@pytest.mark.spec("TRASH-002", "SAFE-011")
async def test_a_restore_that_is_sent_again_is_answered_again(ada: Person) -> None:
    task, key = await ada.create_task(), {"Idempotency-Key": "restore-1"}
    await delete(ada, task)
    answers = [await ada.client.post(f"/api/trash/{task['id']}/restore", headers=key) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, answers[0].text)] * 2
    assert len(await ada.changes()) == 3


@pytest.mark.spec("TRASH-003")
async def test_a_task_whose_parent_is_gone_comes_back_without_one(ada: Person) -> None:
    first, second, _third = await family(ada)
    await delete(ada, second, first)
    moment = next(task["deleted_at"] for task in (await page(ada))["items"] if task["title"] == "second")
    assert (await restore(ada, second))["parent_id"] is None
    [change, below] = await last_changes(ada, 2)
    assert change[2:] == (
        {"deleted_at": moment, "parent_id": first["id"]},
        {"deleted_at": None, "parent_id": None},
    )
    assert below[2:] == ({"deleted_at": moment}, {"deleted_at": None})


@pytest.mark.spec("TRASH-003")
@pytest.mark.parametrize(("above", "fits"), [(3, True), (4, False)])
async def test_a_task_that_would_stand_too_deep_comes_back_without_a_parent(
    ada: Person, connection: asyncpg.Connection, above: int, *, fits: bool
) -> None:
    first, second, _third = await family(ada)
    await delete(ada, second)
    # The service refuses to move a parent too deep for its deleted subtasks; only an older release could have.
    parent_id: str | None = None
    for _ in range(above):
        parent_id = (await ada.create_task(parent_id=parent_id))["id"]
    await fetch(
        connection, "update agendum.task set parent_id = $2 where id = $1", UUID(first["id"]), UUID(parent_id)
    )
    assert (await restore(ada, second))["parent_id"] == (first["id"] if fits else None)


@pytest.mark.spec("TRASH-003")
async def test_a_category_and_tags_that_are_gone_are_dropped(ada: Person) -> None:
    category = (await ada.client.post("/api/categories", json={"name": "Home"})).json()
    tags = [
        (await ada.client.post("/api/tags", json={"name": name})).json()["id"] for name in ("kept", "gone")
    ]
    task = await ada.create_task(category_id=category["id"], tag_ids=tags)
    below = await ada.create_task(parent_id=task["id"], category_id=category["id"])
    await delete(ada, task)
    assert (await ada.client.delete(f"/api/categories/{category['id']}")).status_code == 204
    assert (await ada.client.delete(f"/api/tags/{tags[1]}")).status_code == 204
    restored = await restore(ada, task)
    assert (restored["category_id"], restored["tag_ids"]) == (None, tags[:1])
    assert (await ada.client.get(f"/api/tasks/{below['id']}")).json()["category_id"] is None
    [change, _] = await last_changes(ada, 2)
    assert (change[0], change[2]["category_id"], change[3]["category_id"]) == (
        "restored",
        category["id"],
        None,
    )


@pytest.mark.spec("TRASH-003")
async def test_a_category_and_tags_that_are_there_are_kept(ada: Person) -> None:
    category = (await ada.client.post("/api/categories", json={"name": "Home"})).json()
    tag = (await ada.client.post("/api/tags", json={"name": "kept"})).json()
    task = await ada.create_task(category_id=category["id"], tag_ids=[tag["id"]])
    await delete(ada, task)
    restored = await restore(ada, task)
    assert restored == task | {"version": 3, "updated_at": restored["updated_at"]}


@pytest.mark.parametrize(
    ("method", "below", "expected"),
    [
        ("GET", "", (200, 2)),
        ("POST", "/{id}/restore", (200, 3)),
        ("DELETE", "/{id}", (204, 6)),
        ("DELETE", "", (204, 7)),
    ],
)
async def test_the_price_of_the_trash(
    ada: Person, connection: asyncpg.Connection, method: str, below: str, *, expected: tuple[int, int]
) -> None:
    task = await ada.create_task()
    await delete(ada, task)
    assert await count(ada, connection, method=method, path=f"/api/trash{below.format_map(task)}") == expected
