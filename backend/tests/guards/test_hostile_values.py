"""Values that are meant to break something, at every place of every request that may have one.

Each is refused with a problem body, or kept exactly; none is a fault of ours.
"""

import json
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.guards.hostile import (
    DEEPEST,
    MOMENTS,
    NESTED,
    NUMBERS,
    TEXTS,
    Leaf,
    leaves_of,
    queries_of,
    quoted,
)
from tests.guards.makers import DOCUMENTS, made_for, unknown
from tests.guards.operations import Document, Operation
from tests.people import Person, promote
from tests.world import world_of

JSON = {"Content-Type": "application/json"}
# No text: what these are of is what they look like.
SHAPED = ("date", "date-time", "time")
# A problem body says what is wrong, and nothing of what was sent.
LONGEST_PROBLEM = 8_000


def fault_of(answer: httpx2.Response, *, refused: bool = False) -> str | None:
    """Tell what is wrong with an answer, if anything is."""
    if answer.status_code == 429 or answer.status_code >= 500 or (refused and answer.is_success):
        return f"gives {answer.status_code}"
    if answer.is_error and answer.headers["Content-Type"] != "application/problem+json":
        return f"is refused in {answer.headers['Content-Type']}"
    return "is repeated" if answer.is_error and len(answer.content) > LONGEST_PROBLEM else None


Answers = dict[tuple[str, str, str], httpx2.Response]


async def answers_of(person: Person, places: list[tuple[Operation, Leaf]], values: dict[str, str]) -> Answers:
    """Send each JSON text at each place; the answers are known by operation, place and name of the text."""
    once = {str(operation): operation for operation, _leaf in places}
    paths = {
        name: operation.path.format_map(await made_for(person, operation)) for name, operation in once.items()
    }
    return {
        (str(operation), leaf.place, name): await person.client.request(
            operation.method, paths[str(operation)], content=leaf.body(value), headers=JSON
        )
        for operation, leaf in places
        for name, value in values.items()
    }


def faults_in(answers: Answers, *, refused: bool = False) -> list[str]:
    """Tell which answers are amiss."""
    faults = {" ".join(what): fault_of(answer, refused=refused) for what, answer in answers.items()}
    return [f"{what} {fault}" for what, fault in faults.items() if fault]


@pytest.fixture
async def admin(ada: Person, connection: asyncpg.Connection) -> Person:
    """Somebody who may call everything."""
    await promote(connection, ada)
    return ada


@pytest.fixture
def places(openapi: Document, operations: list[Operation]) -> list[tuple[Operation, Leaf]]:
    """Every place in every body."""
    return [(operation, leaf) for operation in operations for leaf in leaves_of(openapi, operation)]


async def test_no_text_in_a_body_is_a_fault_of_ours(
    admin: Person, places: list[tuple[Operation, Leaf]]
) -> None:
    """S32, S35: it is refused, or comes back exactly."""
    answers = await answers_of(admin, places, {name: json.dumps(text) for name, text in TEXTS.items()})
    kept = [
        (TEXTS[name], answer.json()[place])
        for (_operation, place, name), answer in answers.items()
        if answer.is_success and place in answer.json()
    ]
    assert faults_in(answers) == []
    assert [pair for pair in kept if pair[0] != pair[1]] == []
    assert len(kept) >= 15
    assert len(places) >= 100


async def test_no_number_is_taken_that_nothing_can_hold(
    admin: Person, places: list[tuple[Operation, Leaf]]
) -> None:
    """S33."""
    assert faults_in(await answers_of(admin, places, NUMBERS), refused=True) == []


async def test_no_moment_is_taken_that_no_calendar_has(
    admin: Person, places: list[tuple[Operation, Leaf]]
) -> None:
    """S33."""
    shaped = [(operation, leaf) for operation, leaf in places if leaf.schema.get("format") in SHAPED]
    values = {name: json.dumps(text) for name, text in MOMENTS.items()}
    assert faults_in(await answers_of(admin, shaped, values), refused=True) == []
    assert len(shaped) >= 15


async def test_nothing_nests_deeper_than_what_is_described(
    admin: Person, places: list[tuple[Operation, Leaf]]
) -> None:
    """S31, S35: no body of ours is 64 deep, so that whatever is, is refused, however deep it is."""
    assert faults_in(await answers_of(admin, places, NESTED), refused=True) == []
    once = {str(operation): (operation, leaf) for operation, leaf in places}
    assert faults_in(await answers_of(admin, list(once.values()), DEEPEST), refused=True) == []


async def test_no_value_in_a_query_is_a_fault_of_ours(
    admin: Person, openapi: Document, operations: list[Operation]
) -> None:
    """S32, S33, S34, S35."""
    numbers = {"trillion": "1000000000000", "billion": "1000000000", "minus": "-1", "none": "0"}
    moments = {name: MOMENTS[name] for name in ("year 0", "year 10000", "offset")}
    values = TEXTS | NUMBERS | numbers | moments
    asked = [(operation, name) for operation in operations for name in queries_of(openapi, operation)]
    answers = {
        f"{operation} {name}: {what}": await admin.client.request(
            operation.method,
            f"{operation.path.format_map(unknown(operation.parameters))}?{name}={quoted(value)}",
        )
        for operation, name in asked
        for what, value in values.items()
    }
    faults = {what: fault_of(answer) for what, answer in answers.items()}
    assert [f"{what} {fault}" for what, fault in faults.items() if fault] == []
    assert len(asked) >= 40


async def test_no_value_in_a_path_is_a_fault_of_ours(admin: Person, operations: list[Operation]) -> None:
    """S32, S33."""
    named = [(operation, name) for operation in operations for name in operation.parameters]
    answers = {
        f"{operation} {name}: {what}": await admin.client.request(
            operation.method, operation.path.format_map(unknown(operation.parameters) | {name: quoted(value)})
        )
        for operation, name in named
        for what, value in (TEXTS | NUMBERS).items()
    }
    faults = {what: fault_of(answer, refused=True) for what, answer in answers.items()}
    assert [f"{what} {fault}" for what, fault in faults.items() if fault] == []
    assert len(named) >= 20


# What a client might write that only the server may, with values that nothing else has.
FORGED: dict[str, Any] = {
    "created_at": "2001-01-01T00:00:01Z",
    "updated_at": "2001-01-01T00:00:02Z",
    "deleted_at": "2001-01-01T00:00:03Z",
    "completed_at": "2001-01-01T00:00:04Z",
    "version": 987_654_321,
    "actor_id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    "role": "forged-administrator",
    "roles": ["forged-administrator"],
    "is_admin": "forged-true",
}


def written_into(body: Any, name: str, value: Any) -> list[Any]:
    """Return a body several times: each time another object in it has one more field."""
    if isinstance(body, list):
        return [
            [*body[:place], made, *body[place + 1 :]]
            for place, inner in enumerate(body)
            for made in written_into(inner, name, value)
        ]
    if not isinstance(body, dict):
        return []
    deeper = [body | {key: made} for key, inner in body.items() for made in written_into(inner, name, value)]
    return [body | {name: value}, *deeper]


async def test_no_write_takes_what_only_the_server_writes(
    admin: Person, bob: Person, operations: list[Operation], connection: asyncpg.Connection
) -> None:
    """S4: mass assignment. It is refused, or passed over as what a read has given; it is never stored."""
    writes = [operation for operation in operations if operation.is_write and operation.body is not None]
    refused, before = 0, await world_of(connection, bob.user_id)
    for operation in writes:
        values = await made_for(admin, operation)
        for name, value in (FORGED | {"user_id": bob.user_id, "owner_id": bob.user_id}).items():
            # What a document tells of the past keeps its moments.
            past = str(operation) in DOCUMENTS and name.endswith("_at")
            for body in () if past else written_into(operation.body, name, value):
                answer = await operation.call(admin.client, values, body=body)
                assert answer.status_code < 500, (operation, name)
                refused += answer.status_code == 422
    rows = str(await world_of(connection, admin.user_id))
    assert [word for word in ("2001-01-01", "987654321", "forged", bob.user_id) if word in rows] == []
    assert await world_of(connection, bob.user_id) == before
    assert refused >= 100


def test_a_leaf_has_a_body_around_it(openapi: Document, operations: list[Operation]) -> None:
    [create] = [operation for operation in operations if str(operation) == "POST /api/tasks"]
    leaves = {leaf.place: leaf for leaf in leaves_of(openapi, create)}
    assert json.loads(leaves["due.time"].body("[1]"))["due"]["time"] == [1]
    assert leaves["title"].body("NaN") == b'{"title": NaN}'
