"""Subtasks: a task below another, five levels deep, without cycles."""

from typing import Any

import pytest

from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


async def chain(person: Person, length: int) -> list[str]:
    """Create tasks of which each is the parent of the next, and return their ids, the top first."""
    ids: list[str] = []
    for _ in range(length):
        ids.append((await person.create_task(parent_id=ids[-1] if ids else None))["id"])
    return ids


async def put_below(person: Person, task_id: str, parent_id: str | None) -> tuple[int, list[str]]:
    """Give a task a parent; return the status and the fields at fault."""
    response = await person.client.patch(f"/api/tasks/{task_id}", json={"parent_id": parent_id})
    return response.status_code, [error["field"] for error in response.json().get("errors", [])]


async def tree(person: Person, task_id: str) -> Any:
    """Return the titles of a tree as nested lists."""

    def titles(node: Any) -> Any:
        return [node["title"], *(titles(child) for child in node["children"])]

    response = await person.client.get(f"/api/tasks/{task_id}/tree")
    assert response.status_code == 200, response.text
    return titles(response.json())


@pytest.mark.spec("SUB-001")
async def test_a_task_can_be_put_below_another_and_taken_out_again(ada: Person) -> None:
    parent, child = [(await ada.create_task())["id"] for _ in range(2)]
    assert (await put_below(ada, child, parent), await put_below(ada, child, None)) == ((200, []), (200, []))
    assert [change["after"] for change in await ada.changes(after=2)] == [
        {"parent_id": parent},
        {"parent_id": None},
    ]


@pytest.mark.spec("SUB-001", "TASK-013")
async def test_a_parent_that_is_absent_deleted_or_foreign_is_refused_alike(ada: Person, bob: Person) -> None:
    task, deleted, foreign = (
        (await ada.create_task())["id"],
        (await ada.create_task())["id"],
        (await bob.create_task())["id"],
    )
    await ada.client.delete(f"/api/tasks/{deleted}")
    before = await ada.changes()
    answers = [
        await ada.client.patch(f"/api/tasks/{task}", json={"parent_id": parent})
        for parent in (ABSENT, deleted, foreign)
    ]
    answers += [
        await ada.client.post("/api/tasks", json={"title": "Below", "parent_id": parent})
        for parent in (ABSENT, deleted, foreign)
    ]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (422, "parent_id: there is no such task")
    }
    assert await ada.changes() == before


@pytest.mark.spec("SUB-001")
@pytest.mark.parametrize("below", [0, 1, 2])
async def test_no_task_stands_below_itself(ada: Person, below: int) -> None:
    ids = await chain(ada, 3)
    assert await put_below(ada, ids[0], ids[below]) == (422, ["parent_id"])


@pytest.mark.spec("SUB-002")
async def test_subtasks_stand_at_most_five_levels_deep(ada: Person) -> None:
    ids = await chain(ada, 6)
    refused = await ada.client.post("/api/tasks", json={"title": "Too deep", "parent_id": ids[-1]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "parent_id")


@pytest.mark.spec("SUB-002")
async def test_what_stands_below_a_task_counts_when_it_is_moved(ada: Person) -> None:
    upper, lower = await chain(ada, 4), await chain(ada, 3)
    assert await put_below(ada, lower[0], upper[3]) == (422, ["parent_id"])
    assert await put_below(ada, lower[0], upper[2]) == (200, [])


@pytest.mark.spec("SUB-002", "TRASH-003")
async def test_subtasks_in_the_trash_do_not_make_a_task_too_deep_and_come_back_without_it(
    ada: Person,
) -> None:
    upper, (leaf, below) = await chain(ada, 5), await chain(ada, 2)
    await ada.client.delete(f"/api/tasks/{below}")
    assert await put_below(ada, leaf, upper[-1]) == (200, [])
    restored = await ada.client.post(f"/api/trash/{below}/restore")
    assert (restored.status_code, restored.json()["parent_id"]) == (200, None)


@pytest.mark.spec("SUB-002", "TRASH-003")
async def test_a_family_that_is_restored_is_as_deep_as_all_that_comes_back(ada: Person) -> None:
    upper, family = await chain(ada, 4), await chain(ada, 3)
    assert await put_below(ada, family[0], upper[2]) == (200, [])
    await ada.client.delete(f"/api/tasks/{family[0]}")
    [higher] = await chain(ada, 1)
    assert await put_below(ada, upper[0], higher) == (200, [])
    restored = await ada.client.post(f"/api/trash/{family[0]}/restore")
    assert (restored.status_code, restored.json()["parent_id"]) == (200, None)
    assert [
        len(await tree(ada, family[0])),
        (await ada.client.get(f"/api/tasks/{family[2]}")).status_code,
    ] == [2, 200]


@pytest.mark.spec("SUB-003")
async def test_completing_a_parent_leaves_its_subtasks_open(ada: Person) -> None:
    parent, child = await chain(ada, 2)
    await ada.client.patch(f"/api/tasks/{parent}/complete")
    assert (await ada.client.get(f"/api/tasks/{child}")).json()["completed"] is False


@pytest.mark.spec("SUB-004")
async def test_deleting_a_task_deletes_what_is_below_it_and_records_each_before_its_parent(
    ada: Person,
) -> None:
    ids = await chain(ada, 3)
    other = await ada.create_task()
    assert (await ada.client.delete(f"/api/tasks/{ids[0]}")).status_code == 204
    deleted = await ada.changes(after=4)
    assert [(change["seq"], change["action"], change["entity_id"]) for change in deleted] == [
        (5 + place, "deleted", task_id) for place, task_id in enumerate(reversed(ids))
    ]
    assert len({str(change["after"]) for change in deleted}) == 1
    assert (await ada.client.get(f"/api/tasks/{other['id']}")).status_code == 200


@pytest.mark.spec("SUB-005")
async def test_a_tree_shows_every_level_in_manual_order(ada: Person) -> None:
    top = (await ada.create_task(title="top"))["id"]
    first, second = [
        (await ada.create_task(title=title, parent_id=top))["id"] for title in ("first", "second")
    ]
    await ada.create_task(title="below", parent_id=first, start_date="2999-01-01")
    gone = (await ada.create_task(title="gone", parent_id=top))["id"]
    await ada.client.delete(f"/api/tasks/{gone}")
    await ada.client.post(f"/api/tasks/{second}/move", json={"before": first})
    assert await tree(ada, top) == ["top", ["second"], ["first", ["below"]]]
    assert await tree(ada, first) == ["first", ["below"]]


@pytest.mark.spec("SUB-005")
async def test_a_node_of_a_tree_is_what_reading_the_task_gives(ada: Person) -> None:
    parent, child = await chain(ada, 2)
    node = (await ada.client.get(f"/api/tasks/{parent}/tree")).json()
    for task_id, shown in ((parent, node), (child, node["children"][0])):
        assert {name: value for name, value in shown.items() if name != "children"} == (
            await ada.client.get(f"/api/tasks/{task_id}")
        ).json()


@pytest.mark.spec("SUB-005")
async def test_there_is_no_tree_of_a_deleted_task(ada: Person) -> None:
    parent, child = await chain(ada, 2)
    await ada.client.delete(f"/api/tasks/{parent}")
    assert {
        (await ada.client.get(f"/api/tasks/{task_id}/tree")).status_code
        for task_id in (parent, child, ABSENT)
    } == {404}
