"""The stranger test, generated from the OpenAPI document: no operation shows or changes what is somebody else's.

An operation with an id that nobody has told `makers.py` how to make fails here.
"""

from typing import Any

import asyncpg
import pytest

from tests.guards.makers import CANARY, CHOSEN, DOCUMENTS, NO_IDS, RECIPES, REFERENCES, SIGNED_IN
from tests.guards.operations import UNSAID, Operation, names_like_ids
from tests.guards.strangers import ANSWERED, Meeting
from tests.people import Person

UPDATE = Operation(
    "PATCH",
    "/api/tasks/{task_id}",
    ("task_id",),
    {"title": "Changed"},
    places={"category_id": lambda _: {"title": "x"}},
)


@pytest.fixture
def operations(own_operations: list[Operation]) -> list[Operation]:
    """What people do with what is theirs."""
    return own_operations


def references(operations: list[Operation]) -> list[tuple[Operation, str]]:
    """List the places in bodies where an id refers to something."""
    return [
        (operation, place)
        for operation in operations
        for place in operation.places
        if place not in CHOSEN and str(operation) not in DOCUMENTS
    ]


@pytest.mark.spec("ISO-004")
async def test_a_foreign_id_and_no_id_give_the_same_404_and_change_nothing(
    meeting: Meeting, operations: list[Operation]
) -> None:
    """S1."""
    with_id = [operation for operation in operations if operation.parameters]
    assert {name for operation in with_id for name in operation.parameters} <= RECIPES.keys() | SIGNED_IN
    assert [fault for operation in with_id for fault in await meeting.check_path(operation)] == []
    assert len(with_id) >= 5


@pytest.mark.spec("ISO-004")
async def test_what_does_not_belong_together_is_not_there(
    meeting: Meeting, operations: list[Operation]
) -> None:
    """S2."""
    nested = [operation for operation in operations if len(operation.parameters) > 1]
    assert [fault for operation in nested for fault in await meeting.check_mixed_path(operation)] == []


@pytest.mark.spec("ISO-005")
async def test_a_foreign_id_can_be_chosen_as_if_it_were_free(
    meeting: Meeting, operations: list[Operation]
) -> None:
    chosen = [(operation, place) for operation in operations for place in operation.places if place in CHOSEN]
    assert {place for _operation, place in chosen} == CHOSEN
    assert [
        fault for operation, place in chosen for fault in await meeting.check_chosen_id(operation, place)
    ] == []


@pytest.mark.spec("ISO-008")
async def test_a_foreign_id_in_a_body_is_refused_as_one_that_does_not_exist(
    meeting: Meeting, operations: list[Operation]
) -> None:
    """S3."""
    referring = references(operations)
    assert [
        fault for operation, place in referring for fault in await meeting.check_reference(operation, place)
    ] == []
    assert len(referring) >= 10


@pytest.mark.spec("ISO-008")
async def test_a_foreign_id_in_a_query_is_refused_as_one_that_does_not_exist(
    meeting: Meeting, operations: list[Operation]
) -> None:
    """S3."""
    asking = [(operation, name) for operation in operations for name in operation.queries]
    assert [fault for operation, name in asking for fault in await meeting.check_query(operation, name)] == []


def test_whatever_looks_like_an_id_is_called_with_a_foreign_one(
    openapi: dict[str, Any], operations: list[Operation]
) -> None:
    called = {
        place.rpartition(".")[2]
        for operation in operations
        for place in (*operation.places, *operation.queries)
    }
    assert (names_like_ids(openapi) - NO_IDS) | UNSAID <= called
    assert called <= REFERENCES.keys()
    assert ANSWERED.keys() <= called


@pytest.mark.spec("ISO-001")
async def test_no_collection_shows_what_is_somebody_elses(
    meeting: Meeting, operations: list[Operation]
) -> None:
    """S1."""
    collections = [operation for operation in operations if operation.is_collection]
    assert [fault for operation in collections for fault in await meeting.check_collection(operation)] == []
    assert len(collections) >= 3


@pytest.mark.spec("ISO-005")
async def test_two_people_with_one_id_each_have_their_own_task(ada: Person, bob: Person) -> None:
    task = await ada.create_task(title=CANARY)
    await bob.create_task(id=task["id"], title="Bob's own")
    await bob.client.delete(f"/api/tasks/{task['id']}")
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task


async def test_an_operation_that_answers_the_stranger_is_seen(
    ada: Person, connection: asyncpg.Connection
) -> None:
    assert await Meeting(ada, ada, connection).check_path(UPDATE) == [
        "PATCH /api/tasks/{task_id}: a foreign id gives 200",
        "PATCH /api/tasks/{task_id}: a foreign id and a random one can be told apart",
        "PATCH /api/tasks/{task_id}: a foreign id shows what is its owner's",
        "PATCH /api/tasks/{task_id}: the stranger changed what is the owner's",
    ]


async def test_an_operation_that_refuses_its_owner_is_seen(meeting: Meeting) -> None:
    unknown = Operation("GET", "/api/surprises/{task_id}", ("task_id",))
    assert await meeting.check_path(unknown) == [
        "GET /api/surprises/{task_id}: the owner gets 404, so that nothing is proved"
    ]


async def test_an_operation_that_asks_only_for_a_part_of_its_address_is_seen(meeting: Meeting) -> None:
    loose = Operation("PATCH", "/api/tasks/{task_id}?{tag_id}", ("task_id", "tag_id"), {"title": "Changed"})
    assert await meeting.check_mixed_path(loose) == [
        "PATCH /api/tasks/{task_id}?{tag_id}: another task_id of one's own gives 200",
        "PATCH /api/tasks/{task_id}?{tag_id}: another tag_id of one's own gives 200",
        "PATCH /api/tasks/{task_id}?{tag_id}: another tag_id of the owner's gives 200",
        "PATCH /api/tasks/{task_id}?{tag_id}: what does not belong together was changed",
    ]


async def test_an_id_that_is_not_free_is_seen(ada: Person, connection: asyncpg.Connection) -> None:
    create = Operation(
        "POST", "/api/tasks", places={"id": lambda value: {"id": value, "title": "Other content"}}
    )
    assert "POST /api/tasks: a foreign id gives 409" in await Meeting(ada, ada, connection).check_chosen_id(
        create, "id"
    )


async def test_a_reference_that_nobody_looks_at_is_seen(meeting: Meeting) -> None:
    assert await meeting.check_reference(UPDATE, "category_id") == [
        "PATCH /api/tasks/{task_id}: a foreign category_id gives 200",
        "PATCH /api/tasks/{task_id}: a foreign category_id changed something",
    ]


async def test_a_query_that_finds_what_is_the_owners_is_seen(
    ada: Person, connection: asyncpg.Connection
) -> None:
    search = Operation("GET", "/api/tasks/{task_id}", ("task_id",), queries={"parent_id": str})
    assert await Meeting(ada, ada, connection).check_query(search, "parent_id") == [
        "GET /api/tasks/{task_id}: a foreign parent_id gives 200",
        "GET /api/tasks/{task_id}: a foreign parent_id shows what is its owner's",
    ]


async def test_a_collection_that_shows_the_strangers_is_seen(
    ada: Person, connection: asyncpg.Connection
) -> None:
    collection = Operation("GET", "/api/tasks")
    assert await Meeting(ada, ada, connection).check_collection(collection) == [
        "GET /api/tasks: the stranger finds what is the owner's"
    ]


async def test_a_parameter_that_nobody_can_make_fails(meeting: Meeting) -> None:
    with pytest.raises(KeyError, match="surprise_id"):
        await meeting.check_path(Operation("GET", "/api/surprises/{surprise_id}", ("surprise_id",)))


def test_a_name_that_looks_like_an_id_is_found_wherever_it_stands() -> None:
    inner = {"type": "object", "properties": {"owner_id": {"type": "string"}, "title": {}}}
    body = {
        "type": "object",
        "properties": {
            "parts": {"items": {"anyOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]}}
        },
    }
    asked = {
        "parameters": [{"name": "list_id", "in": "query"}],
        "requestBody": {"content": {"application/json": {"schema": body}}},
    }
    document = {"paths": {"/": {"get": asked}}, "components": {"schemas": {"Part": inner}}}
    assert names_like_ids(document) == {"owner_id", "list_id"}
