"""Export, import and deletion while others write, at the same moment, and when the database goes away in the middle."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from app.repositories.portability import Portability
from tests.api.portable import SECTIONS, alike, brought, counts, exported, made, sample
from tests.api.tokens import ELSEWHERE
from tests.people import Person
from tests.world import world_of

# Ends the connection that writes a change of this number, as a failing server does.
DIES = """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
    CREATE TRIGGER die BEFORE INSERT ON agendum.change FOR EACH ROW WHEN (NEW.seq = %d) EXECUTE FUNCTION die()
"""
LINES = {"Accept": "application/x-ndjson"}


def many(number: int) -> dict[str, Any]:
    """Return a document with so many tasks."""
    document = sample()
    like = document["tasks"][0]
    document["tasks"] = [like | {"id": f"019aa4b2-7c1e-7d3f-9b51-{at:012x}"} for at in range(number)]
    return document | {"comments": [], "saved_filters": []}


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.spec("PORT-003")
async def test_an_export_is_as_of_one_moment(own_ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await made(own_ada, "/api/categories", name="Before")
    before, pages = await exported(own_ada), Portability.pages

    async def disturbed(self: Portability, kind: Any) -> AsyncIterator[Any]:
        async for page in pages(self, kind):
            yield page
        await own_ada.create_task()

    monkeypatch.setattr(Portability, "pages", disturbed)
    assert alike(await exported(own_ada)) == alike(before)
    monkeypatch.undo()
    assert len((await exported(own_ada))["tasks"]) == len(SECTIONS)


@pytest.mark.spec("PORT-012", "PORT-005")
async def test_the_same_document_twice_at_once_is_brought_in_once(
    own_ada: Person, own_bob: Person, witness: asyncpg.Connection
) -> None:
    document = sample()
    answers = await asyncio.gather(
        *(brought(own_ada, document) for _ in range(2)), brought(own_bob, document)
    )
    told = sorted((counts(answer.json())["created"], counts(answer.json())["equal"]) for answer in answers)
    assert told == [(0, 6), (6, 0), (6, 0)]
    assert [change["seq"] for change in await own_ada.changes()] == [*range(1, 8)]
    assert len((await world_of(witness, own_bob.user_id))["task"]) == 2


@pytest.mark.spec("PORT-017", "PORT-019")
@pytest.mark.parametrize("headers", [{}, LINES], ids=["json", "lines"])
async def test_a_database_that_goes_away_in_the_middle_of_an_import_leaves_nothing(
    own_ada: Person, witness: asyncpg.Connection, headers: dict[str, str]
) -> None:
    before = await world_of(witness, own_ada.user_id)
    await witness.execute(DIES % 900)
    response = await brought(own_ada, many(1000), headers)
    answer = lines_of(response.text)[-1] if headers else response.json()
    assert answer["status"] == 503
    assert await world_of(witness, own_ada.user_id) == before
    await witness.execute("DROP FUNCTION die CASCADE")
    assert counts((await brought(own_ada, many(1000))).json())["created"] == 1002


@pytest.mark.spec("PORT-019", "PORT-020")
async def test_an_import_tells_how_far_it_has_come(own_ada: Person, own_bob: Person) -> None:
    response = await brought(own_ada, many(1200), LINES)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/x-ndjson")
    *told, last = lines_of(response.text)
    assert [line["count"] for line in told] == [1, 2, 502, 1002, 1202]
    assert {line["total"] for line in told} == {1202}
    assert told[2] == {"done": False, "section": "tasks", "count": 502, "total": 1202}
    assert (last["done"], last["status"], counts(last["result"])["created"]) == (True, 200, 1202)
    plain = (await brought(own_bob, many(1200))).json()
    assert last["result"] == plain
    refused = await brought(own_ada, b"{}", LINES)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")


async def post_and_go(app: FastAPI, person: Person, body: bytes) -> None:
    """Send a document, and go away as soon as something of the answer has come."""
    headers = {"content-type": "application/json", "accept": LINES["Accept"]}
    headers["authorization"] = person.client.headers["Authorization"]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/api/me/import",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "server": ("agendum.test", 80),
        "client": None,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    gone, messages = asyncio.Event(), [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            gone.set()

    await app(scope, receive, send)


@pytest.mark.spec("PORT-017")
async def test_who_goes_away_before_the_last_line_has_brought_in_nothing(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    await post_and_go(own_app, own_ada, json.dumps(many(3000)).encode())
    # It waits for the lock that the import has until it is rolled back.
    assert (await own_ada.create_task())["version"] == 1
    assert len((await world_of(witness, own_ada.user_id))["task"]) == 1
    assert [change["seq"] for change in await own_ada.changes()] == [1]


@pytest.mark.spec("USER-070")
async def test_a_database_that_goes_away_in_the_middle_of_a_deletion_has_deleted_nothing(
    own_ada: Person, own_bob: Person, witness: asyncpg.Connection
) -> None:
    for person in (own_ada, own_bob):
        await brought(person, sample())
    await witness.execute("DELETE FROM agendum.password")
    await witness.execute("UPDATE agendum.account SET issuer = $1, subject = user_id", ELSEWHERE)
    before = [await world_of(witness, person.user_id) for person in (own_ada, own_bob)]
    await witness.execute(DIES % 8)
    request = ("DELETE", "/api/me")
    broken = await own_ada.client.request(*request, json={"confirm": "delete"})
    assert broken.status_code == 503
    assert [await world_of(witness, person.user_id) for person in (own_ada, own_bob)] == before
    await witness.execute("DROP FUNCTION die CASCADE")
    answers = await asyncio.gather(
        *(own_ada.client.request(*request, json={"confirm": "delete"}) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 401, 401]
    assert await world_of(witness, own_bob.user_id) == before[1]


def test_what_takes_long_is_marked(application: FastAPI) -> None:
    marked = {
        (route.path, *route.methods)  # type: ignore[attr-defined]
        for route in application.router.routes
        if getattr(getattr(route, "endpoint", None), "long_running", False)
    }
    assert marked == {("/api/me/export", "GET"), ("/api/me/import", "POST"), ("/api/me", "DELETE")}
