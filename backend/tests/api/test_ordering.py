"""The manual order over HTTP: moves, their refusals, and what a move leaves alone."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from tests.api.rows import fetch
from tests.people import Person, make_person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


async def make(person: Person, count: int) -> list[str]:
    """Create tasks and return their ids in the order of their making."""
    return [(await person.create_task())["id"] for _ in range(count)]


async def move(person: Person, task_id: str, **place: str) -> Any:
    """Move a task, and return the answer."""
    return await person.client.post(f"/api/tasks/{task_id}/move", json=place)


async def order(person: Person) -> list[str]:
    """Return the ids of the person's tasks by their positions."""
    items = (await person.client.get("/api/tasks", params={"limit": 100})).json()["items"]
    return [item["id"] for item in sorted(items, key=lambda item: (item["position"], item["id"]))]


@pytest.mark.spec("ORDER-001")
async def test_new_tasks_stand_at_the_end(ada: Person) -> None:
    ids = await make(ada, 5)
    assert await order(ada) == ids


@pytest.mark.spec("ORDER-001")
async def test_a_task_moves_before_and_after_another_and_nothing_else_changes(ada: Person) -> None:
    first, second, third = await make(ada, 3)
    assert (await move(ada, third, before=second)).status_code == 200
    assert await order(ada) == [first, third, second]
    assert (await move(ada, first, after=second)).status_code == 200
    assert await order(ada) == [third, second, first]
    assert [
        (change["action"], change["entity_id"], [*change["after"]]) for change in await ada.changes(after=3)
    ] == [
        ("moved", third, ["position"]),
        ("moved", first, ["position"]),
    ]


@pytest.mark.spec("ORDER-001")
async def test_many_moves_give_the_order_of_a_plain_list(ada: Person) -> None:
    ids, chance = await make(ada, 6), random.Random(3)
    for _ in range(60):
        task_id, anchor = chance.sample(ids, 2)
        place = chance.choice(["before", "after"])
        assert (await move(ada, task_id, **{place: anchor})).status_code == 200
        ids.remove(task_id)
        ids.insert(ids.index(anchor) + (place == "after"), task_id)
    assert await order(ada) == ids


@pytest.mark.spec("ORDER-001", "TASK-012")
@pytest.mark.parametrize(("moved", "place", "anchor"), [(1, "after", 0), (0, "before", 1), (2, "after", 1)])
async def test_a_move_to_where_it_stands_already_changes_nothing(
    ada: Person, moved: int, place: str, anchor: int
) -> None:
    ids = await make(ada, 3)
    response = await move(ada, ids[moved], **{place: ids[anchor]})
    assert (response.status_code, response.json()["version"]) == (200, 1)
    assert await ada.changes(after=3) == []


@pytest.mark.spec("ORDER-001", "ISO-008")
async def test_another_task_that_is_absent_deleted_foreign_or_the_same_is_refused_alike(
    ada: Person, bob: Person
) -> None:
    (task, deleted), [foreign] = await make(ada, 2), await make(bob, 1)
    await ada.client.delete(f"/api/tasks/{deleted}")
    answers = [await move(ada, task, after=anchor) for anchor in (ABSENT, deleted, foreign, task)]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (422, "after: there is no such other task")
    }


@pytest.mark.spec("ORDER-001")
@pytest.mark.parametrize(
    "body", [{}, {"before": ABSENT, "after": ABSENT}, {"before": None}, {"before": 1}, {"below": ABSENT}]
)
async def test_a_move_to_no_place_or_to_two_is_refused(ada: Person, body: dict[str, Any]) -> None:
    [task] = await make(ada, 1)
    assert (await move(ada, task, **body)).status_code == 422


@pytest.mark.spec("ORDER-003")
async def test_who_comes_back_from_the_trash_does_not_share_a_place(ada: Person) -> None:
    for _ in range(12):
        low, high, first, second = await make(ada, 4)
        assert (await move(ada, first, after=low)).status_code == 200
        await ada.client.delete(f"/api/tasks/{first}")
        assert (await move(ada, second, after=low)).status_code == 200
        assert (await ada.client.post(f"/api/trash/{first}/restore")).status_code == 200
        assert (await move(ada, high, after=first)).status_code == 200
        stand = await order(ada)
        assert stand.index(high) == stand.index(first) + 1
    assert (
        len({item["position"] for item in (await ada.client.get("/api/tasks?limit=100")).json()["items"]})
        == 48
    )


@pytest.mark.spec("ORDER-002")
async def test_a_place_that_is_used_up_is_refused_and_nothing_is_moved(
    ada: Person, connection: asyncpg.Connection
) -> None:
    first, second, third = await make(ada, 3)
    for task_id, position in ((first, "8" + "0" * 998 + "1"), (second, "8" + "0" * 998 + "2")):
        await fetch(connection, "update agendum.task set position = $2 where id = $1", task_id, position)
    refused = await move(ada, third, after=first)
    assert (refused.status_code, refused.json()["code"]) == (409, "NO_ROOM")
    assert await ada.changes(after=3) == []
    assert (await move(ada, third, before=first)).status_code == 200


@pytest.mark.spec("ORDER-001")
async def test_concurrent_moves_all_count_and_leave_no_two_at_one_place(own_app: FastAPI) -> None:
    ada = await make_person(own_app)
    ids = await make(ada, 12)
    answers = await asyncio.gather(*(move(ada, task_id, after=ids[0]) for task_id in ids[1:]))
    assert {answer.status_code for answer in answers} == {200}
    items = (await ada.client.get("/api/tasks")).json()["items"]
    assert len({item["position"] for item in items}) == 12
    assert (await order(ada))[0] == ids[0]
    await ada.client.aclose()
