"""A batch refers to what it creates by temporary ids: where they may stand, and what is none."""

import asyncpg
import pytest

from tests.api.batches import ABSENT, Operation, carried_out, create, read, refused, send
from tests.people import Person


@pytest.mark.spec("BULK-004", "BULK-003")
async def test_a_batch_creates_a_parent_with_children_and_grandchildren(ada: Person) -> None:
    response = await send(
        ada,
        create("Trip", temp_id="trip"),
        create("Train", temp_id="train_1-A", parent_id="trip"),
        create("Seat", parent_id="train_1-A"),
        {"op": "update", "id": "train_1-A", "task": {"priority": "high"}},
    )
    answer = response.json()
    trip, train, seat, _ = [result["id"] for result in answer["results"]]
    assert answer["temp_ids"] == {"trip": trip, "train_1-A": train}
    assert [result["temp_id"] for result in answer["results"]] == ["trip", "train_1-A", None, None]
    tree = (await ada.client.get(f"/api/tasks/{trip}/tree")).json()
    assert (tree["children"][0]["id"], tree["children"][0]["priority"]) == (train, "high")
    assert [child["id"] for child in tree["children"][0]["children"]] == [seat]


@pytest.mark.spec("BULK-004")
@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_task_moves_beside_one_that_the_batch_creates(ada: Person, place: str) -> None:
    task = await ada.create_task()
    results = await carried_out(
        ada,
        create(temp_id="a"),
        create(temp_id="b"),
        {"op": "move", "id": task["id"], place: "a"},
        {"op": "move", "id": "b", place: task["id"]},
    )
    first, moved, second = [results[index]["task"]["position"] for index in (0, 2, 3)]
    assert (second < moved < first) if place == "before" else (first < moved)
    assert (moved < second) == (place == "after")


@pytest.mark.spec("BULK-004")
async def test_a_parent_that_the_batch_creates_can_be_given_to_what_is_there(ada: Person) -> None:
    task = await ada.create_task()
    results = await carried_out(
        ada, create(temp_id="a"), {"op": "update", "id": task["id"], "task": {"parent_id": "a"}}
    )
    assert (await read(ada, task["id"]))["parent_id"] == results[0]["id"]


@pytest.mark.spec("BULK-004")
@pytest.mark.parametrize(
    ("operation", "field"),
    [
        (create(parent_id="later"), "operations.1.task.parent_id"),
        (create(temp_id="own", parent_id="own"), "operations.1.task.parent_id"),
        (create(temp_id="known"), "operations.1.temp_id"),
        ({"op": "update", "id": "later", "task": {}}, "operations.1.id"),
        ({"op": "update", "id": "known", "task": {"parent_id": "later"}}, "operations.1.task.parent_id"),
        ({"op": "move", "id": "known", "before": "later"}, "operations.1.before"),
        ({"op": "move", "id": "known", "after": "later"}, "operations.1.after"),
        ({"op": "delete", "id": "Known"}, "operations.1.id"),
    ],
)
async def test_a_temporary_id_is_defined_once_and_before_it_is_used(
    ada: Person, connection: asyncpg.Connection, operation: Operation, field: str
) -> None:
    problem = await refused(ada, connection, create(temp_id="known"), operation, create(temp_id="later"))
    assert (problem["status"], problem["code"]) == (422, "VALIDATION_ERROR")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert "later" not in problem["detail"].lower()


@pytest.mark.spec("BULK-004", "BULK-008")
@pytest.mark.parametrize(
    "temp_id", ["", "a b", "a\n", "\u00e9", "a" * 65, "0" * 32, ABSENT, ABSENT.upper(), 5]
)
async def test_what_is_no_temporary_id_is_refused(
    ada: Person, connection: asyncpg.Connection, temp_id: object
) -> None:
    definition = await refused(
        ada, connection, {"op": "create", "temp_id": temp_id, "task": {"title": "Pay rent"}}
    )
    assert (definition["status"], definition["errors"][0]["field"]) == (422, "operations.0.temp_id")


@pytest.mark.spec("BULK-004", "BULK-008")
@pytest.mark.parametrize("reference", ["", "a b", "a" * 65, 5, ["a"], f"{ABSENT}0 "])
async def test_what_is_neither_an_id_nor_a_temporary_one_is_refused_once(
    ada: Person, connection: asyncpg.Connection, reference: object
) -> None:
    problem = await refused(ada, connection, create(parent_id=reference))
    assert problem["errors"] == [
        {"field": "operations.0.task.parent_id", "message": "must be a UUID or a temporary id"}
    ]
