"""What every operation answers: what it has declared and nothing else, as JSON, and from reading nothing comes."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx2
import pytest

from spec_tools.documentation import SHOWN_ON_PURPOSE, _is_private
from tests.guards.makers import made_for, own_body
from tests.guards.operations import Document, Operation, _variants
from tests.people import Person, promote
from tests.world import world_of

JSON_TYPES = ("application/json", "application/problem+json")
MARKUP = "<script>alert(1)</script>"
Names = list[tuple[str, str]]


def undeclared(document: Document, schema: Document, value: Any, *, place: str = "") -> Iterator[str]:
    """Name every field of an answer that its schema does not know."""
    variants = _variants(document, schema)
    if isinstance(value, list):
        inner: Document = next((variant["items"] for variant in variants if "items" in variant), {})
        for item in value:
            yield from undeclared(document, inner, item, place=f"{place}[]")
    if isinstance(value, dict):
        known = {name: kind for variant in variants for name, kind in variant.get("properties", {}).items()}
        # What a schema leaves open, such as the state of a row in a change, is open.
        is_open = any(variant.get("additionalProperties") for variant in variants)
        for name, item in value.items():
            if name not in known and not is_open:
                yield f"{place}.{name}"
            yield from undeclared(document, known.get(name, {"additionalProperties": True}), item, place=name)


def names_in(value: Any) -> Iterator[str]:
    """Give the name of every field at any depth."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names_in(inner)
    yield from value if isinstance(value, dict) else ()


def schema_of(document: Document, operation: Operation, answer: httpx2.Response) -> Document:
    """Return what the document says of an answer's body."""
    described = document["paths"][operation.path][operation.method.lower()]["responses"]
    response = described[str(answer.status_code)]
    content = response.get("content") or document["components"]["responses"][response["$ref"][23:]]["content"]
    schema: Document = content[answer.headers["Content-Type"]]["schema"]
    return schema


@pytest.fixture
async def admin(ada: Person, connection: asyncpg.Connection) -> Person:
    """Somebody who may call everything."""
    await promote(connection, ada)
    return ada


@pytest.fixture
async def answers(admin: Person, operations: list[Operation]) -> list[tuple[Operation, httpx2.Response]]:
    """What the owner gets from every operation below /api; what takes the account away comes last."""
    below = [operation for operation in operations if operation.path.startswith("/api/")]
    below.sort(key=lambda operation: (operation.method == "DELETE", operation.path == "/api/me"))
    return [
        (
            operation,
            await operation.call(
                admin.client, await made_for(admin, operation), body=await own_body(admin, operation)
            ),
        )
        for operation in below
    ]


async def test_an_answer_has_only_what_is_declared_and_no_secret(
    openapi: Document, answers: list[tuple[Operation, httpx2.Response]]
) -> None:
    """S5."""
    told = [(operation, answer) for operation, answer in answers if answer.is_success and answer.content]
    surplus = [
        f"{operation}: {name}"
        for operation, answer in told
        for name in undeclared(openapi, schema_of(openapi, operation, answer), answer.json())
    ]
    secret = [
        f"{operation}: {name}"
        for operation, answer in told
        for name in set(names_in(answer.json()))
        if _is_private(name) and (str(operation), name) not in SHOWN_ON_PURPOSE
    ]
    assert (surplus, secret) == ([], [])
    assert len(told) >= 30


async def test_no_answer_is_anything_but_json(answers: list[tuple[Operation, httpx2.Response]]) -> None:
    """S29."""
    kinds = {answer.headers["Content-Type"] for _operation, answer in answers if answer.content}
    assert kinds <= set(JSON_TYPES)
    assert {answer.headers["X-Content-Type-Options"] for _operation, answer in answers} == {"nosniff"}


@pytest.mark.parametrize("wanted", ["text/html", "text/html;q=1, application/json;q=0", "image/svg+xml"])
async def test_markup_never_comes_back_as_a_page(ada: Person, wanted: str) -> None:
    """S29: whatever a browser asks for."""
    task = await ada.create_task(title=MARKUP)
    asked = {"Accept": wanted}
    answers = [
        await ada.client.get(f"/api/tasks/{task['id']}", headers=asked),
        await ada.client.get("/api/tasks", params={"q": "script"}, headers=asked),
        await ada.client.get("/api/tasks", params={MARKUP: MARKUP}, headers=asked),
        await ada.client.get(f"/api/tasks/{MARKUP}", headers=asked),
        await ada.client.get(f"/{MARKUP}", headers=asked),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 404, 404]
    assert {answer.headers["Content-Type"] for answer in answers} == set(JSON_TYPES)
    assert [MARKUP in answer.text for answer in answers] == [True, True, False, False, False]


async def test_reading_changes_nothing(
    admin: Person, operations: list[Operation], connection: asyncpg.Connection
) -> None:
    """S27: what another page can make a browser fetch has no effect."""
    reads = [operation for operation in operations if operation.method in ("GET", "HEAD")]
    for operation in reads:
        values = {} if operation.public else await made_for(admin, operation)
        before = await world_of(connection, admin.user_id)
        answer = await operation.call(admin.client, values)
        assert answer.status_code < 500, operation
        assert await world_of(connection, admin.user_id) == before, operation
    assert len(reads) >= 15


def test_a_field_that_is_not_declared_is_seen_at_any_depth() -> None:
    schema: Document = {"properties": {"items": {"items": {"properties": {"id": {}}}}}}
    answer = {"items": [{"id": 1, "password": 2}], "hash": 3}
    assert list(undeclared({}, schema, answer)) == ["items[].password", ".hash"]
