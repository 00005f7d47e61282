"""Texts that are meant to be more than texts: SQL in questions, lines in headers, ids that pretend to be somebody."""

import itertools
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.people import Person
from tests.world import leave_role

OPENINGS = ["'", '"', "')", "'))", "\\'", "%27", "1", "-1", "title", "created_at", "*", "%", "$1", "\u02bc"]
ENDINGS = [
    " OR 1=1 --",
    " OR '1'='1",
    "; DROP TABLE agendum.task; --",
    " UNION SELECT user_id, title FROM agendum.task --",
    "); SELECT pg_sleep(30); --",
    " || (SELECT string_agg(title, ',') FROM agendum.task)",
    " ASC, (SELECT 1/0)",
    "::text::int",
    "/**/OR/**/true",
    " AND user_id IS NOT NULL",
    "' -- ",
    " RETURNING *",
    ":* | !x & <-> y",
    "[$ne]=1",
    " LIMIT ALL",
]
PAYLOADS = [f"{opening}{ending}" for opening, ending in itertools.product(OPENINGS, ENDINGS)]
# Where each list takes a text: one that sorts, one that finds, and ones that narrow.
PLACES = {
    "/api/tasks": ("sort", "q", "tag", "tag_all", "status", "priority", "category_id", "cursor"),
    "/api/categories": ("sort", "name", "cursor"),
    "/api/tags": ("sort", "name", "cursor"),
    "/api/filters": ("sort", "name"),
    "/api/trash": ("sort", "q", "cursor"),
    "/api/personal-tokens": ("sort", "cursor"),
}
LINES = "abcdefgh\r\nX-Injected: 1\r\n\r\n<html>"


async def counts(connection: asyncpg.Connection) -> list[int]:
    """Return how many rows there are of everything that is asked for, whoever has them."""
    async with connection.transaction():
        await leave_role(connection)
        return [
            await connection.fetchval(f"SELECT count(*) FROM agendum.{table}")
            for table in ("task", "category", "tag", "saved_filter")
        ]


async def fill(person: Person) -> None:
    """Give a person one of everything that lists show, so that a condition that is lost shows something."""
    await person.create_task(title="Pay rent")
    deleted = await person.create_task(title="Old rent")
    await person.client.delete(f"/api/tasks/{deleted['id']}")
    made: dict[str, dict[str, Any]] = {
        "/api/categories": {"name": "Home"},
        "/api/tags": {"name": "errand"},
        "/api/filters": {"name": "Mine", "query": {}},
    }
    for path, body in made.items():
        assert (await person.client.post(path, json=body)).status_code == 201


@pytest.mark.parametrize("path", PLACES)
async def test_no_text_in_a_question_is_more_than_a_text(
    ada: Person, bob: Person, connection: asyncpg.Connection, path: str
) -> None:
    """S46: 210 payloads; each is refused, or finds nothing, because nothing of Ada's has such a name."""
    for person in (ada, bob):
        await fill(person)
    before = await counts(connection)
    told = {"": await ada.client.get(path)}
    for number, payload in enumerate(PAYLOADS):
        place = PLACES[path][number % len(PLACES[path])]
        told[f"{place}={payload}"] = await ada.client.get(path, params={place: payload})
    assert told.pop("").status_code == 200
    shown = {
        asked: answer.text[:200]
        for asked, answer in told.items()
        if answer.status_code != 422 and not (answer.is_success and answer.json()["items"] == [])
    }
    assert shown == {}
    assert await counts(connection) == before


async def test_a_name_made_of_sql_is_a_name(ada: Person, connection: asyncpg.Connection) -> None:
    """S46: on its way in as well."""
    before = await counts(connection)
    names = PAYLOADS[::4]
    for payload in names:
        task = await ada.create_task(title=payload)
        assert task["title"] == payload
    assert await counts(connection) == [before[0] + len(names), *before[1:]]
    assert len(PAYLOADS) >= 200


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nowhere", {b"X-Request-ID": LINES.encode()}),
        ("GET", "/health/live", {b"Origin": LINES.encode()}),
        ("GET", "/docs/%0d%0aX-Injected:%201", {}),
        ("GET", "/problems/%0d%0aX-Injected:%201/", {}),
        ("GET", "/docs/?next=%0d%0aX-Injected:%201", {}),
        ("POST", "/api/tasks", {b"Idempotency-Key": LINES.encode(), b"If-Match": LINES.encode()}),
        ("POST", "/api/tasks", {b"Prefer": LINES.encode(), b"traceparent": LINES.encode()}),
    ],
)
async def test_no_line_break_reaches_a_header(
    ada: Person, method: str, path: str, headers: dict[bytes, bytes]
) -> None:
    """S42: neither from a header nor from an address."""
    body = {"title": "Pay rent"} if method == "POST" else None
    answer = await ada.client.request(method, path, headers=headers, json=body)
    assert_one_line_each(answer)


@pytest.mark.parametrize("name", ["a\r\nb", "a\nb", "a\rb", "a\u2028b", "a\x85b"])
@pytest.mark.parametrize("path", ["/api/tags", "/api/categories", "/api/filters", "/api/tasks"])
async def test_no_name_has_a_line_break(ada: Person, path: str, name: str) -> None:
    """S42: so that no format whose parts are lines can be broken by one."""
    body = {"name": name, "query": {}} if path == "/api/filters" else {"name": name, "title": name}
    if path != "/api/filters":
        body.pop("name" if path == "/api/tasks" else "title")
    answer = await ada.client.post(path, json=body)
    assert answer.status_code == 422
    assert_one_line_each(answer)


def assert_one_line_each(answer: httpx2.Response) -> None:
    """Assert that no header of an answer has more than one line, or was made by the request."""
    assert answer.status_code < 500
    assert "X-Injected" not in answer.headers
    assert [value for _name, value in answer.headers.raw if b"\r" in value or b"\n" in value] == []


async def test_a_request_id_is_nobody_and_no_key(ada: Person, bob: Person) -> None:
    """S44: two requests of one id are two requests, and it lets nobody in."""
    headers = {"X-Request-ID": "the-same-id"}
    made = [
        await person.client.post("/api/tasks", json={"title": "Pay rent"}, headers=headers)
        for person in (ada, ada, bob)
    ]
    assert [answer.status_code for answer in made] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in made}) == 3
    listed = (await ada.client.get("/api/tasks", headers=headers)).json()["items"]
    assert [item["user_id"] for item in listed if "user_id" in item] == []
    assert len(listed) == 2
