"""The set of tags that a task has: which they may be, how they change, and what a deletion takes from it."""

from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.api.lists import create_named
from tests.api.rows import fetch
from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
PATH = "/api/tags"


@pytest.mark.spec("TAG-007", "TAG-005", "TASK-013", "ISO-008")
async def test_a_task_has_living_tags_of_its_own_person(ada: Person, bob: Person) -> None:
    [own, gone], [foreign] = (
        await create_named(ada, PATH, ["own", "gone"]),
        await create_named(bob, PATH, ["Bob's"]),
    )
    await ada.client.delete(f"{PATH}/{gone}")
    task = await ada.create_task(tag_ids=[own])
    answers = []
    for tag_id in (foreign, gone, ABSENT):
        answers.append(
            await ada.client.post("/api/tasks", json={"title": "Pay rent", "tag_ids": [own, tag_id]})
        )
        answers.append(await ada.client.patch(f"/api/tasks/{task['id']}/tags", json={"add": [tag_id]}))
    assert [(answer.status_code, answer.json()["errors"][0]["field"]) for answer in answers] == [
        (422, "tag_ids"),
        (422, "add"),
    ] * 3
    assert len({str(answer.json() | {"request_id": ""}) for answer in answers[::2]}) == 1
    assert len({str(answer.json() | {"request_id": ""}) for answer in answers[1::2]}) == 1
    assert (await ada.client.get("/api/tasks")).json()["items"] == [task]


@pytest.mark.spec("TAG-008")
async def test_deleting_a_tag_takes_it_from_every_living_task(ada: Person) -> None:
    [kept, doomed] = await create_named(ada, PATH, ["kept", "doomed"])
    tasks = [await ada.create_task(tag_ids=tag_ids) for tag_ids in ([doomed], [kept, doomed], [kept])]
    await ada.client.delete(f"{PATH}/{doomed}")
    after = [(await ada.client.get(f"/api/tasks/{task['id']}")).json() for task in tasks]
    assert [(task["tag_ids"], task["version"]) for task in after] == [([], 2), ([kept], 2), ([kept], 1)]
    changes = await ada.changes(after=5)
    assert [(change["entity"], change["action"]) for change in changes] == [
        ("task", "updated"),
        ("task", "updated"),
        ("tag", "deleted"),
    ]
    assert [change["entity_id"] for change in changes] == [tasks[0]["id"], tasks[1]["id"], doomed]
    assert (changes[1]["before"], changes[1]["after"]) == (
        {"tag_ids": sorted([kept, doomed])},
        {"tag_ids": [kept]},
    )


@pytest.mark.spec("TAG-008")
async def test_what_is_in_the_trash_keeps_its_tags(ada: Person, connection: asyncpg.Connection) -> None:
    [tag] = await create_named(ada, PATH, ["errand"])
    task = await ada.create_task(tag_ids=[tag])
    await ada.client.delete(f"/api/tasks/{task['id']}")
    await ada.client.delete(f"{PATH}/{tag}")
    query = "select tag_id from agendum.task_tag where task_id = $1"
    assert await fetch(connection, query, UUID(task["id"])) == [{"tag_id": UUID(tag)}]
    assert [change["entity"] for change in await ada.changes(after=3)] == ["tag"]


@pytest.mark.spec("TAG-008")
async def test_a_tag_of_many_tasks_is_deleted_at_once(ada: Person, connection: asyncpg.Connection) -> None:
    [tag] = await create_named(ada, PATH, ["errand"])
    row = "$1, gen_random_uuid(), 'Pay rent', 'none', now(), now(), 1"
    columns = "user_id, id, title, priority, created_at, updated_at, version"
    await fetch(
        connection,
        f"insert into agendum.task ({columns}) select {row} from generate_series(1, 1201)",
        ada.user_id,
    )
    link = (
        "insert into agendum.task_tag (user_id, task_id, tag_id)"
        " select user_id, id, $2::uuid from agendum.task where user_id = $1"
    )
    await fetch(connection, link, ada.user_id, tag)
    assert (await ada.client.delete(f"{PATH}/{tag}")).status_code == 204
    assert await fetch(connection, "select 1 from agendum.task_tag where user_id = $1", ada.user_id) == []
    numbers = await fetch(
        connection, "select seq from agendum.change where user_id = $1 order by seq", ada.user_id
    )
    assert [record["seq"] for record in numbers] == list(range(1, 1204))


@pytest.mark.spec("TAG-005")
async def test_two_clients_who_change_tags_do_not_overwrite_one_another(ada: Person) -> None:
    [first, second, third] = await create_named(ada, PATH, ["first", "second", "third"])
    path = f"/api/tasks/{(await ada.create_task(tag_ids=[first]))['id']}/tags"
    await ada.client.patch(path, json={"add": [second]})
    changed = (await ada.client.patch(path, json={"add": [third], "remove": [first]})).json()
    assert (changed["tag_ids"], changed["version"]) == (sorted([second, third]), 3)
    [change] = await ada.changes(after=5)
    assert (change["before"], change["after"]) == (
        {"tag_ids": sorted([first, second])},
        {"tag_ids": sorted([second, third])},
    )


@pytest.mark.spec("TAG-005")
async def test_changing_tags_to_what_they_are_records_nothing(ada: Person) -> None:
    [present, absent] = await create_named(ada, PATH, ["present", "absent"])
    task = await ada.create_task(tag_ids=[present, present])
    for body in ({"add": [present]}, {"remove": [absent, ABSENT]}, {"add": [absent], "remove": [absent]}, {}):
        response = await ada.client.patch(f"/api/tasks/{task['id']}/tags", json=body)
        assert (response.status_code, response.json()) == (200, task)
    assert len(await ada.changes()) == 3


@pytest.mark.spec("TAG-005")
async def test_a_task_has_at_most_100_tags(ada: Person) -> None:
    tags = await create_named(ada, PATH, map(str, range(101)))
    task = await ada.create_task(tag_ids=tags[:100])
    path = f"/api/tasks/{task['id']}/tags"
    refused = [
        await ada.client.patch(path, json={"add": tags[100:]}),
        await ada.client.patch(path, json={"add": tags}),
        await ada.client.post("/api/tasks", json={"title": "Pay rent", "tag_ids": tags}),
        await ada.client.post(
            "/api/tasks", json={"title": "Pay rent", "tag_ids": [str(uuid7()) for _ in range(10_000)]}
        ),
    ]
    assert [response.status_code for response in refused] == [422] * 4
    assert [response.json()["errors"][0]["field"] for response in refused] == [
        "add",
        "add",
        "tag_ids",
        "tag_ids",
    ]
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task
    swapped = await ada.client.patch(path, json={"add": tags[100:], "remove": tags[:1]})
    assert len(swapped.json()["tag_ids"]) == 100
