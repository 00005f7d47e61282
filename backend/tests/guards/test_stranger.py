"""The stranger test, generated from the OpenAPI document: no operation shows or changes what is somebody else's.

An operation with a path parameter or a chosen id that nobody has told `strangers.py` how to make fails here.
"""

import asyncpg
import pytest

from tests.guards.operations import Operation
from tests.guards.strangers import CANARY, CHOSEN_IDS, MAKERS, Meeting
from tests.people import Person


def chosen_ids(operation: Operation) -> list[str]:
    """List the fields of a body that name an id."""
    return sorted(name for name in operation.fields if name == "id" or name.endswith("_id"))


@pytest.mark.spec("ISO-004")
async def test_a_foreign_id_and_no_id_give_the_same_404_and_change_nothing(meeting: Meeting, operations: list[Operation]) -> None:
    with_id = [operation for operation in operations if operation.parameters]
    assert {name for operation in with_id for name in operation.parameters} <= MAKERS.keys()
    assert [fault for operation in with_id for fault in await meeting.check_path(operation)] == []
    assert len(with_id) >= 5


@pytest.mark.spec("ISO-005")
async def test_a_foreign_id_can_be_chosen_as_if_it_were_free(meeting: Meeting, operations: list[Operation]) -> None:
    chosen = [(operation, name) for operation in operations for name in chosen_ids(operation)]
    assert {name for _operation, name in chosen} == CHOSEN_IDS.keys()
    assert [fault for operation, name in chosen for fault in await meeting.check_chosen_id(operation, name)] == []


@pytest.mark.spec("ISO-001")
async def test_no_collection_shows_what_is_somebody_elses(meeting: Meeting, operations: list[Operation]) -> None:
    collections = [operation for operation in operations if operation.is_collection]
    assert [fault for operation in collections for fault in await meeting.check_collection(operation)] == []
    assert len(collections) >= 3


@pytest.mark.spec("ISO-005")
async def test_two_people_with_one_id_each_have_their_own_task(ada: Person, bob: Person) -> None:
    task = await ada.create_task(title=CANARY)
    await bob.create_task(id=task["id"], title="Bob's own")
    await bob.client.delete(f"/api/tasks/{task['id']}")
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task


async def test_an_operation_that_answers_the_stranger_is_seen(ada: Person, connection: asyncpg.Connection) -> None:
    update = Operation("PATCH", "/api/tasks/{task_id}", ("task_id",), {"title": "Changed"})
    assert await Meeting(ada, ada, connection).check_path(update) == [
        "PATCH /api/tasks/{task_id}: a foreign id gives 200",
        "PATCH /api/tasks/{task_id}: a foreign id and a random one can be told apart",
        "PATCH /api/tasks/{task_id}: a foreign id shows what is its owner's",
        "PATCH /api/tasks/{task_id}: the stranger changed what is the owner's",
    ]


async def test_an_operation_that_refuses_its_owner_is_seen(meeting: Meeting) -> None:
    unknown = Operation("GET", "/api/surprises/{task_id}", ("task_id",))
    assert await meeting.check_path(unknown) == ["GET /api/surprises/{task_id}: the owner gets 404, so that nothing is proved"]


async def test_an_id_that_is_not_free_is_seen(ada: Person, connection: asyncpg.Connection) -> None:
    create = Operation("POST", "/api/tasks", (), {"title": "Other content"})
    assert "POST /api/tasks: a foreign id gives 409" in await Meeting(ada, ada, connection).check_chosen_id(create, "id")


async def test_a_collection_that_shows_the_strangers_is_seen(ada: Person, connection: asyncpg.Connection) -> None:
    collection = Operation("GET", "/api/tasks")
    assert await Meeting(ada, ada, connection).check_collection(collection) == ["GET /api/tasks: the stranger finds what is the owner's"]


async def test_a_parameter_that_nobody_can_make_fails(meeting: Meeting) -> None:
    with pytest.raises(KeyError, match="surprise_id"):
        await meeting.check_path(Operation("GET", "/api/surprises/{surprise_id}", ("surprise_id",)))
