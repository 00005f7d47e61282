"""Many writes of tasks in one request: all of them, or none."""

from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.api.batches import ABSENT, PATH, Operation, carried_out, create, read, refused, send
from tests.api.rows import count_rows
from tests.api.test_statement_counts import count
from tests.people import Person


async def make(person: Person, kind: str) -> str:
    """Create a task, a category or a tag and return its id."""
    name = f"A {uuid7()}"
    response = await person.client.post(
        f"/api/{kind}", json={"title": name} if kind == "tasks" else {"name": name}
    )
    assert response.status_code == 201, response.text
    made: str = response.json()["id"]
    return made


@pytest.mark.spec("BULK-001", "BULK-003")
async def test_operations_are_carried_out_in_order_and_each_has_its_result(ada: Person) -> None:
    [first, second] = [(await ada.create_task())["id"] for _ in range(2)]
    results = await carried_out(
        ada,
        create("Pay more", priority="high"),
        {"op": "update", "id": first, "task": {"title": "Pay less"}},
        {"op": "complete", "id": first},
        {"op": "complete", "id": first, "completed": False},
        {"op": "move", "id": second, "before": first},
        {"op": "delete", "id": first},
    )
    assert [result["op"] for result in results] == [
        "create",
        "update",
        "complete",
        "complete",
        "move",
        "delete",
    ]
    assert [result["id"] for result in results[1:]] == [first, first, first, second, first]
    assert [result["task"] and result["task"]["version"] for result in results] == [1, 2, 3, 4, 2, None]
    assert results[0]["task"] == await read(ada, results[0]["id"])
    assert (results[2]["task"]["completed"], results[3]["task"]["completed"]) == (True, False)
    assert results[4]["task"] == await read(ada, second)
    assert (await ada.client.get(f"/api/tasks/{first}")).status_code == 404


@pytest.mark.spec("BULK-002")
async def test_tags_are_added_and_removed(ada: Person) -> None:
    task_id, kept, gone, new = (await ada.create_task())["id"], *[await make(ada, "tags") for _ in range(3)]
    await carried_out(ada, {"op": "tag", "id": task_id, "add": [kept, gone]})
    [result] = await carried_out(ada, {"op": "tag", "id": task_id, "add": [new], "remove": [gone]})
    assert result["task"]["tag_ids"] == sorted([kept, new])


@pytest.mark.spec("BULK-002")
async def test_each_operation_records_its_change_and_numbers_follow_one_another(ada: Person) -> None:
    task_id = (await ada.create_task())["id"]
    await carried_out(
        ada,
        create(),
        {"op": "complete", "id": task_id},
        {"op": "complete", "id": task_id},
        {"op": "delete", "id": task_id},
    )
    changes = await ada.changes(after=1)
    assert [(change["seq"], change["action"]) for change in changes] == [
        (2, "created"),
        (3, "completed"),
        (4, "deleted"),
    ]


@pytest.mark.spec("BULK-001", "BULK-008")
@pytest.mark.parametrize(
    ("operation", "field"),
    [
        (create(""), "operations.1.task.title"),
        (create(due={"date": "2026-12-01", "time": "09:00"}), "operations.1.task.due"),
        (create(position="7"), "operations.1.task.position"),
        ({"op": "create"}, "operations.1.task"),
        ({"op": "purge", "id": ABSENT}, "operations.1.op"),
        ({"id": ABSENT}, "operations.1.op"),
        ({"op": ["create"]}, "operations.1.op"),
        (5, "operations.1"),
        (None, "operations.1"),
        ({"op": "delete"}, "operations.1.id"),
        ({"op": "delete", "id": "trip", "task": {}}, "operations.1.task"),
        ({"op": "update", "id": ABSENT, "version": 0, "task": {}}, "operations.1.version"),
        ({"op": "update", "id": ABSENT, "version": True, "task": {}}, "operations.1.version"),
        ({"op": "update", "id": ABSENT, "version": 2**63, "task": {}}, "operations.1.version"),
        ({"op": "move", "id": ABSENT}, "operations.1"),
        ({"op": "tag", "id": ABSENT, "add": ["work"]}, "operations.1.add.0"),
        ({"op": "delete", "id": ABSENT} | {f"field{number}": 1 for number in range(200)}, "operations.1"),
    ],
)
async def test_a_fault_of_the_body_is_named_by_its_place(
    ada: Person, connection: asyncpg.Connection, operation: Operation, field: str
) -> None:
    problem = await refused(ada, connection, create(), operation)
    assert (problem["status"], [error["field"] for error in problem["errors"]]) == (422, [field])


@pytest.mark.spec("BULK-001")
@pytest.mark.parametrize("operations", [[], [create()] * 101, [{}] * 200_000, {}, "create", None])
async def test_any_other_number_of_operations_is_refused(
    ada: Person, connection: asyncpg.Connection, operations: object
) -> None:
    """S37."""
    before = await count_rows(connection)
    response = await ada.client.post(PATH, json={"operations": operations})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "operations")
    assert await count_rows(connection) == before


async def test_a_batch_of_more_than_a_megabyte_is_refused(ada: Person) -> None:
    response = await send(ada, *[create(description="x" * 10_000)] * 100, create(description="x" * 60_000))
    assert (response.status_code, await ada.changes()) == (413, [])


@pytest.mark.spec("BULK-006", "BULK-002")
async def test_100_tasks_are_created_in_their_order_by_one_statement_each(
    ada: Person, connection: asyncpg.Connection
) -> None:
    titles = [f"Task {number:03}" for number in range(100)]
    await ada.client.get("/api/me")
    body = {"operations": [create(title) for title in titles]}
    assert await count(ada, connection, method="POST", path=PATH, body=body) == (200, 101)
    newest = (await ada.client.get("/api/tasks?limit=100")).json()["items"]
    assert [task["title"] for task in reversed(newest)] == titles
    assert [task["title"] for task in sorted(newest, key=lambda task: task["position"])] == titles
    assert [change["seq"] for change in await ada.changes()] == list(range(1, 101))


async def never_there(_ada: Person, _bob: Person) -> Operation:
    return {"op": "complete", "id": str(uuid7())}


async def somebody_elses(_ada: Person, bob: Person) -> Operation:
    return {"op": "complete", "id": (await bob.create_task())["id"]}


async def deleted(ada: Person, _bob: Person) -> Operation:
    task = await ada.create_task()
    await ada.client.delete(f"/api/tasks/{task['id']}")
    return {"op": "delete", "id": task["id"]}


@pytest.mark.spec("BULK-007")
@pytest.mark.parametrize("build", [never_there, somebody_elses, deleted])
async def test_what_is_not_there_is_named_by_its_index(
    ada: Person, bob: Person, connection: asyncpg.Connection, build: Any
) -> None:
    problem = await refused(ada, connection, create(), create(), await build(ada, bob))
    assert (problem["status"], problem["code"], problem["detail"]) == (
        404,
        "NOT_FOUND",
        "operations.2: There is no such task.",
    )
    assert problem["errors"] == [{"field": "operations.2", "message": "There is no such task."}]


@pytest.mark.spec("BULK-007")
@pytest.mark.parametrize(
    ("name", "kind"), [("parent_id", "tasks"), ("category_id", "categories"), ("tag_ids", "tags")]
)
async def test_a_reference_to_somebody_elses_is_refused_like_one_to_nothing(
    ada: Person, bob: Person, connection: asyncpg.Connection, *, name: str, kind: str
) -> None:
    """S3."""
    ids = [await make(bob, kind), str(uuid7())]
    contents: list[dict[str, Any]] = [
        {name: [entity_id] if name == "tag_ids" else entity_id} for entity_id in ids
    ]
    foreign, missing = [await refused(ada, connection, create(), create(**content)) for content in contents]
    assert foreign | {"request_id": ""} == missing | {"request_id": ""}
    assert (foreign["status"], [error["field"] for error in foreign["errors"]]) == (
        422,
        [f"operations.1.task.{name}"],
    )


@pytest.mark.spec("BULK-007")
async def test_an_id_that_is_taken_is_named_by_its_index(ada: Person, connection: asyncpg.Connection) -> None:
    task = await ada.create_task()
    problem = await refused(
        ada, connection, {"op": "complete", "id": task["id"]}, create("Pay more", id=task["id"])
    )
    assert (problem["status"], problem["code"], problem["errors"][0]["field"]) == (
        409,
        "ID_TAKEN",
        "operations.1",
    )
    assert await read(ada, task["id"]) == task


@pytest.mark.spec("BULK-005", "BULK-007")
async def test_a_stale_version_is_named_by_its_index_with_the_one_that_there_is(
    ada: Person, connection: asyncpg.Connection
) -> None:
    task = await ada.create_task()
    await ada.client.patch(f"/api/tasks/{task['id']}/complete")
    stale = {"op": "update", "id": task["id"], "version": 1, "task": {"title": "Pay more"}}
    problem = await refused(ada, connection, create(), stale)
    assert (problem["status"], problem["code"], problem["etag"]) == (412, "STALE", '"2"')
    assert problem["detail"].startswith("operations.1: ")


@pytest.mark.spec("BULK-005")
@pytest.mark.parametrize(
    "rest", [{"op": "complete"}, {"op": "delete"}, {"op": "tag", "add": []}, {"op": "update", "task": {}}]
)
async def test_every_operation_on_a_task_takes_a_version(
    ada: Person, connection: asyncpg.Connection, rest: Operation
) -> None:
    task_id = (await ada.create_task())["id"]
    problem = await refused(ada, connection, rest | {"id": task_id, "version": 7})
    assert (problem["status"], problem["etag"]) == (412, '"1"')
    assert (await send(ada, rest | {"id": task_id, "version": 1})).status_code == 200


@pytest.mark.spec("BULK-005", "BULK-002")
async def test_a_task_can_be_changed_twice_each_time_from_the_version_it_has_by_then(ada: Person) -> None:
    task_id = (await ada.create_task())["id"]
    updates = [
        {"op": "update", "id": task_id, "version": number, "task": {"title": f"Rent {number}"}}
        for number in (1, 2)
    ]
    results = await carried_out(ada, *updates)
    assert [(result["task"]["version"], result["task"]["title"]) for result in results] == [
        (2, "Rent 1"),
        (3, "Rent 2"),
    ]


@pytest.mark.spec("BULK-005")
async def test_a_batch_has_no_version_of_its_own(ada: Person) -> None:
    response = await send(ada, create(), **{"If-Match": '"7"'})
    assert (response.status_code, response.json()["errors"][0]["field"], "ETag" in response.headers) == (
        422,
        "If-Match",
        False,
    )


@pytest.mark.spec("BULK-001")
async def test_a_batch_with_a_key_is_carried_out_once(ada: Person) -> None:
    answers = [
        await send(ada, create(temp_id="a"), create(parent_id="a"), **{"Idempotency-Key": "batch"})
        for _ in range(2)
    ]
    assert answers[0].text == answers[1].text
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(await ada.changes()) == 2


@pytest.mark.spec("BULK-002")
async def test_the_same_batch_again_with_chosen_ids_changes_nothing(ada: Person) -> None:
    batch = [
        create(id=str(uuid7()), temp_id="a"),
        create(id=str(uuid7()), temp_id="b", parent_id="a"),
        {"op": "complete", "id": "a"},
    ]
    first, second = [(await send(ada, *batch)).json() for _ in range(2)]
    assert first["temp_ids"] == second["temp_ids"]
    assert len(await ada.changes()) == 3
