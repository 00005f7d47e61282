"""Documents that cannot be brought in: each is refused by its JSON Pointer, and nothing of it stays."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.dependencies import documents
from tests.api.portable import SECTIONS, Document, brought, exported, sample
from tests.api.rows import count_rows
from tests.people import Person

Spoil = Callable[[Document], object]
LONG = "x" * 10_001


def task_id(number: int) -> str:
    return str(UUID(int=number))


def chain(document: Document, *parents: int | None) -> None:
    """Make tasks of which each has the parent of that number."""
    like = document["tasks"][0] | {"category_id": None, "tag_ids": [], "deleted_at": None}
    tasks = [
        like | {"id": task_id(number), "parent_id": None if parent is None else task_id(parent)}
        for number, parent in enumerate(parents)
    ]
    document.update(tasks=tasks, comments=[])


def with_field(section: str, field: str, value: Any) -> Spoil:
    return lambda document: document[section][0].update({field: value})


FAULTS: list[tuple[str, Spoil]] = [
    ("/format", lambda document: document.update(format="todoist")),
    ("/format_version", lambda document: document.update(format_version=2)),
    ("/exported_at", lambda document: document.update(exported_at="yesterday")),
    ("", lambda document: document.update(surprise=1)),
    *(
        (f"/{name}", lambda document, name=name: document.pop(name))
        for name in ("format", "profile", *SECTIONS)
    ),
    ("/tasks", lambda document: document.update(tasks={})),
    ("/tasks/0", lambda document: document["tasks"].insert(0, 7)),
    ("/tasks/0", lambda document: document["tasks"].insert(0, [[]])),
    ("/tasks/2/id", lambda document: document["tasks"].append(document["tasks"][0])),
    ("/tasks/0/user_id", with_field("tasks", "user_id", "x")),
    ("/tasks/0/version", with_field("tasks", "version", 3)),
    ("/tasks/0/title", with_field("tasks", "title", "")),
    ("/tasks/0/title", with_field("tasks", "title", "a\x00b")),
    ("/tasks/0/description", with_field("tasks", "description", LONG)),
    ("/tasks/0/priority", with_field("tasks", "priority", "most")),
    ("/tasks/0/created_at", with_field("tasks", "created_at", "2020-01-01")),
    ("/tasks/0/completed_at", with_field("tasks", "completed_at", 1)),
    ("/tasks/0/position", with_field("tasks", "position", "a0")),
    ("/tasks/0/position", with_field("tasks", "position", "z" * 1001)),
    (
        "/tasks/0/due/timezone",
        with_field("tasks", "due", {"date": "2026-01-01", "time": "09:00", "timezone": "X"}),
    ),
    ("/tasks/0/tag_ids", with_field("tasks", "tag_ids", ["00000000-0000-4000-8000-00000000000f"])),
    ("/comments/0/body", with_field("comments", "body", "")),
    ("/saved_filters/0/query", with_field("saved_filters", "query", {"surprise": 1})),
    ("/categories/0/color", with_field("categories", "color", "red")),
    ("/profile/week_start", lambda document: document["profile"].update(week_start="someday")),
    ("/profile/role", lambda document: document["profile"].update(role="admin")),
    (
        "/tags/1/name",
        lambda document: document["tags"].append(document["tags"][0] | {"id": task_id(1), "name": "ERRAND"}),
    ),
    ("/tasks/0/parent_id", lambda document: chain(document, 0)),
    ("/tasks/0/parent_id", lambda document: chain(document, 1, 2, 0)),
    ("/tasks/6/parent_id", lambda document: chain(document, None, 0, 1, 2, 3, 4, 5)),
    ("/tasks/7/parent_id", lambda document: chain(document, None, 0, 1, 2, 3, 4, None, 5)),
]


@pytest.mark.spec("PORT-010", "PORT-011", "PORT-017")
@pytest.mark.parametrize(("pointer", "spoil"), FAULTS)
async def test_what_breaks_a_rule_is_named_by_its_pointer_and_nothing_is_brought_in(
    bob: Person, connection: asyncpg.Connection, pointer: str, spoil: Spoil
) -> None:
    document = sample()
    spoil(document)
    before = await count_rows(connection)
    response = await brought(bob, document)
    assert response.status_code == 422, response.text
    assert pointer in [error["field"] for error in response.json()["errors"]], response.text
    assert await count_rows(connection) == before


@pytest.mark.spec("PORT-011")
async def test_five_levels_below_a_task_are_brought_in(bob: Person) -> None:
    document = sample()
    chain(document, 1, 2, 3, 4, 5, None)
    assert (await brought(bob, document)).json()["tasks"]["created"] == 6


@pytest.mark.spec("PORT-014")
async def test_a_task_does_not_come_to_stand_too_deep_below_one_that_is_here(
    bob: Person,
) -> None:
    document = sample()
    chain(document, 1, 2, 3, 4, 5, None)
    await brought(bob, document)
    chain(document, *[None] * 6, 0, 6)
    answer = (await brought(bob, document | {"tasks": document["tasks"][6:]})).json()
    assert [(noted["id"], noted["dropped"]) for noted in answer["noted"]] == [(task_id(6), ["parent_id"])]
    assert (await bob.client.get(f"/api/tasks/{task_id(7)}")).json()["parent_id"] == task_id(6)


@pytest.mark.spec("PORT-010", "PORT-005")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        *(
            (content, 422)
            for content in (b"{}", b'{"format":"agendum","format":"agendum"}', b'{"tasks":[{"a":1,"a":2}]}')
        ),
        *(
            (content, 400)
            for content in (b"[]", b"7", b"{", b'{"tasks":[', b'{"tasks":[{}', b'{"tasks":NaN}', b"{}x")
        ),
        *(
            (content, 400)
            for content in (b'{"tasks":' + b"[" * 100_000, b'{"a":"\xff"}', b'{"tasks":[1 2]}', b'{"a" 1}')
        ),
        *(
            (content, 400)
            for content in (b'{"a":' + b"1" * 5000 + b"}", b"{7:1}", b'{"a":1,}', b'{"tasks":[1,]}')
        ),
        (b"", 422),
        (b'{"tasks":["' + b"x" * 3_000_000 + b'"]}', 422),
    ],
)
async def test_what_is_no_document_is_refused(
    ada: Person, connection: asyncpg.Connection, content: bytes, status: int
) -> None:
    before = await count_rows(connection)
    response = await brought(ada, content)
    assert response.status_code == status, response.text
    assert await count_rows(connection) == before
    assert b"xxx" not in response.content


@pytest.mark.spec("PORT-010")
async def test_no_more_than_twenty_faults_are_told(ada: Person) -> None:
    document = await exported(ada)
    document["tasks"] = [{"title": ""}] * 1000
    assert len((await brought(ada, document)).json()["errors"]) == 20


def lead_nowhere(document: Document, count: int) -> None:
    """Give tasks so many tags that are not there, 20 each."""
    like, ids = document["tasks"][0], [str(uuid4()) for _ in range(count)]
    document["tasks"] = [
        like | {"id": str(uuid4()), "tag_ids": ids[first : first + 20]} for first in range(0, count, 20)
    ]
    document.update(comments=[])


@pytest.mark.spec("PORT-021")
async def test_the_account_is_asked_until_20_ids_are_missing(
    ada: Person, connection: asyncpg.Connection
) -> None:
    asked: list[str] = []
    document = sample()
    lead_nowhere(document, 2000)
    with connection.query_logger(lambda record: asked.append(record.query)):
        response = await brought(ada, document)
        # The driver tells its loggers when the loop comes round.
        await asyncio.sleep(0)
    errors = response.json()["errors"]
    assert (response.status_code, len(errors)) == (422, 20)
    assert {error["field"] for error in errors} == {"/tasks/0/tag_ids"}
    assert len([query for query in asked if "FROM agendum.tag" in query]) == 1, asked


@pytest.mark.spec("PORT-021")
async def test_more_ids_that_lead_nowhere_than_100_000_are_refused_at_the_first_of_them(ada: Person) -> None:
    document = sample()
    lead_nowhere(document, 100_021)
    document["tasks"][-1]["title"] = ""
    response = await brought(ada, document)
    [error] = response.json()["errors"]
    message = "must not refer to more than 100,000 ids that are not given before it"
    assert (response.status_code, error["field"]) == (422, "/tasks/5000/tag_ids"), response.text
    assert error["message"] == message


@pytest.mark.spec("PORT-021")
async def test_ids_that_are_given_later_count_until_then(
    bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.account_document.MOST_AHEAD", 1)
    document = sample()
    chain(document, 1, None, 3, None)
    assert (await brought(bob, document, dry_run=True)).json()["tasks"]["created"] == 4
    chain(document, 1, 2, None)
    assert (await brought(bob, document, dry_run=True)).json()["tasks"]["created"] == 3
    chain(document, 2, 3, None, None)
    [error] = (await brought(bob, document)).json()["errors"]
    assert error["field"] == "/tasks/1/parent_id"


@pytest.mark.spec("PORT-005")
async def test_a_document_beyond_the_limit_is_413_and_one_of_another_type_415(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.dumps(await exported(ada)).encode()
    assert (await brought(ada, document, {"Content-Type": "text/plain"})).status_code == 415
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", len(document))
    assert (await brought(ada, document)).status_code == 200
    assert (await brought(ada, document + b" ")).status_code == 413

    async def pieces() -> Any:
        yield document
        yield b" "

    headers = {"Content-Type": "application/json"}
    assert (await ada.client.post("/api/me/import", content=pieces(), headers=headers)).status_code == 413


@pytest.mark.spec("PORT-005")
async def test_a_second_document_of_one_person_waits_for_its_turn_and_nobody_elses_does(
    ada: Person, bob: Person, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dependencies.bodies.TURN_LIMIT", 0.05)
    leave = await app.state.bodies.documents.enter(ada.user_id)
    busy = await ada.client.get("/api/me/export")
    assert (busy.status_code, busy.json()["code"]) == (503, "BUSY")
    assert (await bob.client.get("/api/me/export")).status_code == 200
    leave()
    for _ in range(3):
        assert (await ada.client.get("/api/me/export")).status_code == 200
        assert (await brought(ada, b"{}")).status_code == 422
