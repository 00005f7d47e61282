"""What becomes of the tasks in a category that is deleted."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.api.undoing import made
from tests.people import Person

PATH = "/api/categories"


async def task_of(person: Person, task: dict[str, Any]) -> dict[str, Any]:
    """Read a task as it is now."""
    read: dict[str, Any] = (await person.client.get(f"/api/tasks/{task['id']}")).json()
    return read


@pytest.mark.spec("CAT-008")
@pytest.mark.parametrize("query", ["", "?tasks=keep"])
async def test_tasks_leave_a_category_that_is_deleted(ada: Person, query: str) -> None:
    category, other = await made(ada, "category"), await made(ada, "category", name="Garden")
    tasks = [await ada.create_task(category_id=category["id"], completed=number == 1) for number in range(3)]
    bystander = await ada.create_task(category_id=other["id"], parent_id=tasks[0]["id"])
    await ada.client.delete(f"{PATH}/{category['id']}{query}")
    for task in tasks:
        now = await task_of(ada, task)
        assert now == task | {"category_id": None, "version": 2, "updated_at": now["updated_at"]}
    assert await task_of(ada, bystander) == bystander
    changes = await ada.changes(after=6)
    assert [(change["entity"], change["action"]) for change in changes] == [("task", "updated")] * 3 + [
        ("category", "deleted")
    ]
    assert [change["entity_id"] for change in changes] == [task["id"] for task in tasks] + [category["id"]]
    assert (changes[0]["before"], changes[0]["after"]) == (
        {"category_id": category["id"]},
        {"category_id": None},
    )
    assert changes[3]["after"] == {"deleted_at": changes[3]["occurred_at"]}


@pytest.mark.spec("CAT-009")
async def test_tasks_go_to_the_trash_with_their_subtasks(ada: Person) -> None:
    category, other = await made(ada, "category"), await made(ada, "category", name="Garden")
    root = await ada.create_task(category_id=category["id"])
    child = await ada.create_task(category_id=other["id"], parent_id=root["id"])
    grandchild = await ada.create_task(category_id=category["id"], parent_id=child["id"])
    bystander = await ada.create_task(category_id=other["id"])
    parent = await ada.create_task()
    below = await ada.create_task(category_id=category["id"], parent_id=parent["id"])
    await ada.client.delete(f"{PATH}/{category['id']}?tasks=trash")
    changes = await ada.changes(after=8)
    assert [change["action"] for change in changes] == ["deleted"] * 5
    assert [change["entity_id"] for change in changes] == [
        task["id"] for task in (grandchild, child, below, root, category)
    ]
    assert [await task_of(ada, task) for task in (bystander, parent)] == [bystander, parent]
    assert (await ada.client.get("/api/tasks")).json()["total"] == 2


@pytest.mark.spec("CAT-008", "CAT-009")
@pytest.mark.parametrize("fate", ["keep", "trash"])
async def test_what_is_in_the_trash_keeps_its_category(
    ada: Person, connection: asyncpg.Connection, fate: str
) -> None:
    category = await made(ada, "category")
    task = await ada.create_task(category_id=category["id"])
    await ada.client.delete(f"/api/tasks/{task['id']}")
    await ada.client.delete(f"{PATH}/{category['id']}?tasks={fate}")
    [row] = await fetch(
        connection, "select category_id, version from agendum.task where id = $1", UUID(task["id"])
    )
    assert (row["category_id"], row["version"]) == (UUID(category["id"]), 2)
    assert [change["entity"] for change in await ada.changes(after=3)] == ["category"]


@pytest.mark.spec("CAT-008", "CAT-009")
@pytest.mark.parametrize("query", ["tasks=burn", "tasks=", "tasks=KEEP", "task=trash"])
async def test_another_fate_of_the_tasks_is_refused(ada: Person, query: str) -> None:
    category = await made(ada, "category")
    response = await ada.client.delete(f"{PATH}/{category['id']}?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, query.partition("=")[0])
    assert (await ada.client.get(f"{PATH}/{category['id']}")).json() == category


@pytest.mark.spec("CAT-008", "CAT-009")
@pytest.mark.parametrize(("fate", "left"), [("keep", 1201), ("trash", 0)])
async def test_a_category_of_many_tasks_is_deleted_at_once(
    ada: Person, connection: asyncpg.Connection, *, fate: str, left: int
) -> None:
    category = await made(ada, "category")
    row = "$1, gen_random_uuid(), 'Pay rent', 'none', now(), now(), 1, $2::uuid"
    columns = "user_id, id, title, priority, created_at, updated_at, version, category_id"
    query = f"insert into agendum.task ({columns}) select {row} from generate_series(1, 1201)"
    await fetch(connection, query, ada.user_id, category["id"])
    assert (await ada.client.delete(f"{PATH}/{category['id']}?tasks={fate}")).status_code == 204
    assert (await ada.client.get("/api/tasks?count=exact&limit=1")).json()["total"] == left
    numbers = await fetch(
        connection, "select seq from agendum.change where user_id = $1 order by seq", ada.user_id
    )
    assert [record["seq"] for record in numbers] == list(range(1, 1204))
