"""Input that is meant to break something.

It is refused with a problem body, or kept exactly, and never a fault of ours.
"""

import json
from typing import Any

import asyncpg
import httpx2
import pytest

from app.dependencies.bodies import SMALL_BODY
from tests.api.rows import count_rows
from tests.people import Person

pytestmark = pytest.mark.broad

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 100_000 + b"]" * 100_000
TEXTS = {
    "bidirectional": "\u202eevil\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069",
    "four bytes": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00010348 \U0010ffff",
    "combining": "Zalgo" + "\u0301\u0316\u20dd" * 30,
    "not normal": "e\u0301 \u00e9 \ufb01 \u212b \u1100\u1161",
    "quotes": "'; drop table task; -- \" \\ $1 %s {0} ${x} \\u0000",
    "markup": "<script>alert(1)</script> &amp; {{7*7}}",
    "invisible": "a\u200b\u2060\ufeff\u00ad",
    "nonsense": "\ufffe\uffff\ufdd0 \ufffd",
    "surrounded": "  spaces  ",
}
# JSON texts in the place of one value.
IMPOSSIBLE_DATES = [
    '"2026-02-30"',
    '"2027-02-29"',
    '"2026-13-01"',
    '"0000-01-01"',
    '"10000-01-01"',
    '"0001-01-01"',
    '"1899-12-31"',
    '"9999-01-01"',
    '"9999-12-31"',
    '"-0001-01-01"',
    '"+002026-12-01"',
]
OTHER_DATES = [
    '"2026-1-1"',
    '"20261201"',
    '"2026-W49-2"',
    '"2026-12-01T00:00:00Z"',
    '"2026-12-01T00:00:00"',
    '"86400"',
    '"-86400"',
    '"86400.0"',
    '"1e9"',
    '""',
]
DATES = [
    *IMPOSSIBLE_DATES,
    *OTHER_DATES,
    '" 2026-12-01"',
    '"2026-12-01\\n"',
    '"\uff12\uff10\uff12\uff16-12-01"',
    *["0", "86400", "1.5", "true", "null", "[]", "{}"],
]
IMPOSSIBLE_TIMES = [
    '"24:00"',
    '"23:60"',
    '"23:59:60"',
    '"9:00"',
    '"09"',
    '"-1:00"',
    '"T09:00"',
    '"3600"',
    '""',
]
TIMES = [
    *IMPOSSIBLE_TIMES,
    *['"09:00:00.0000001"', '"09:00:00.1"', '"09:00Z"', '"09:00-00:00"'],
    '"09:00 "',
    *["3600", "1.5", "true", "[]"],
]
ZONES = [
    *['""', '"../../etc/passwd"', '"/etc/localtime"', '"europe/berlin"', '"UTC+1"', '"+01:00"', '"Europe"'],
    '"UTC "',
    '"' + "x" * 100_000 + '"',
    "1",
    "[]",
]
FLAGS = ['"true"', '"false"', '"yes"', "1", "0", "1.0", "null", "[]"]
IDS = ["5", "true", '""', '"x"', '"019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4"', "[]"]
# In UTF-8 unless the name says otherwise; each in the place of a value of a task.
BODIES: dict[str, bytes] = {
    "invalid UTF-8": b'{"title":"\xff\xfe"}',
    "overlong UTF-8": b'{"title":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"title":"\xed\xa0\x80"}',
    "UTF-16": '{"title":"a"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"title":"a"}'.encode("utf-16-be"),
    "UTF-32": '{"title":"a"}'.encode("utf-32"),
    "raw NUL": b'{"title":"a\0b"}',
    "raw line break": b'{"title":"a\nb"}',
    "deep array": b'{"title":' + DEEP + b"}",
    "deep object": b'{"title":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "deep unknown": b'{"title":"a","x":' + DEEP + b"}",
    "deep and alone": DEEP,
    "unclosed": b"[" * 500_000,
    "5,000 digits": b'{"title":' + b"9" * 5000 + b"}",
    "5,000 digits in a description": b'{"title":"a","description":-' + b"9" * 5000 + b"}",
    "past 64 bits": b'{"title":"a","id":' + b"9" * 20 + b"}",
    "huge exponent": b'{"title":1e400}',
    "NaN": b'{"title":NaN}',
    "infinity": b'{"title":"a","completed":-Infinity}',
    "NaN under an unknown name": b'{"title":"a","x":NaN}',
    "escaped NUL": b'{"title":"a\\u0000b"}',
    "escaped NUL in a description": b'{"title":"a","description":"\\u0000"}',
    "escaped NUL in a zone": b'{"title":"a","due":{"date":"2026-12-01","time":"09:00","timezone":"UTC\\u0000"}}',
    "lone surrogate": b'{"title":"\\ud800"}',
    "lone low surrogate": b'{"title":"a","description":"x\\udfff"}',
    "surrogates the wrong way round": b'{"title":"\\udc00\\ud800"}',
    "lone surrogate in a priority": b'{"title":"a","priority":"\\ud800"}',
    "lone surrogate in a date": b'{"title":"a","due":{"date":"\\ud800"}}',
    "lone surrogate in a time": b'{"title":"a","due":{"date":"2026-12-01","time":"\\ud800","timezone":"UTC"}}',
    "lone surrogate in a zone": b'{"title":"a","due":{"date":"2026-12-01","time":"09:00","timezone":"\\ud800"}}',
    "lone surrogate in an id": b'{"title":"a","id":"\\ud800"}',
    "lone surrogate in a name": b'{"title":"a","\\ud800":1}',
    "lone surrogate in an inner name": b'{"title":"a","due":{"date":"2026-12-01","\\udfff":1}}',
    "NUL in a name": b'{"title":"a","\\u0000":1}',
    "long name": b'{"title":"a","' + b"k" * 500_000 + b'":1}',
    "empty name": b'{"title":"a","":1}',
    "prototype": b'{"title":"a","__proto__":{"completed":true}}',
    "many names": json.dumps({"title": "a"} | {f"name{number}": 1 for number in range(5_000)}).encode(),
    **{f"date {date}": b'{"title":"a","due":{"date":' + date.encode() + b"}}" for date in DATES},
    **{
        f"time {time}": b'{"title":"a","due":{"date":"2026-12-01","timezone":"UTC","time":'
        + time.encode()
        + b"}}"
        for time in TIMES
    },
    **{
        f"zone {zone}": b'{"title":"a","due":{"date":"2026-12-01","time":"09:00","timezone":'
        + zone.encode()
        + b"}}"
        for zone in ZONES
    },
    **{f"completed {flag}": b'{"title":"a","completed":' + flag.encode() + b"}" for flag in FLAGS},
    **{
        f"title {title}": b'{"title":' + title.encode() + b"}"
        for title in ("5", "1.5", "true", "null", '["a"]', '{"a":1}')
    },
    **{f"id {text}": b'{"title":"a","id":' + text.encode() + b"}" for text in IDS},
}


def assert_refused(response: httpx2.Response, about: object) -> None:
    """Assert that a request was refused with a problem body that blames the client."""
    assert 400 <= response.status_code < 500, (about, response.text[:300])
    if response.request.method != "HEAD":
        assert response.headers["Content-Type"] == "application/problem+json", about
        assert response.json()["status"] == response.status_code, about


@pytest.mark.spec("OPS-003", "TASK-003", "TASK-004")
@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_is_refused_and_writes_nothing(
    ada: Person, connection: asyncpg.Connection, name: str
) -> None:
    """S31, S32, S33."""
    before = await count_rows(connection)
    assert_refused(await ada.client.post("/api/tasks", content=BODIES[name], headers=JSON), name)
    assert await count_rows(connection) == before


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(
    "name", ["invalid UTF-8", "UTF-16", "deep array", "deep and alone", "5,000 digits", "raw NUL", "unclosed"]
)
@pytest.mark.parametrize(
    "target",
    [
        "PUT /api/tasks/{}",
        "PATCH /api/tasks/{}",
        "PATCH /api/tasks/{}/complete",
        "POST /api/tasks/bulk",
        "POST /auth/register",
        "POST /auth/login",
    ],
)
async def test_what_no_parser_can_read_is_malformed_everywhere(ada: Person, name: str, target: str) -> None:
    method, path = target.format((await ada.create_task())["id"]).split()
    response = await ada.client.request(method, path, content=BODIES[name], headers=JSON)
    too_large = path.startswith("/auth") and len(BODIES[name]) > SMALL_BODY
    told = response.status_code, response.json()["code"]
    assert told == ((413, "BODY_TOO_LARGE") if too_large else (400, "MALFORMED_REQUEST"))


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_changes_no_task(ada: Person, name: str) -> None:
    task = await ada.create_task(description="as it was")
    path = f"/api/tasks/{task['id']}"
    for method, below in (("PUT", ""), ("PATCH", ""), ("PATCH", "/complete")):
        assert_refused(
            await ada.client.request(method, path + below, content=BODIES[name], headers=JSON), (name, method)
        )
    assert (await ada.client.get(path)).json() == task


@pytest.mark.spec("TASK-003")
@pytest.mark.parametrize("name", TEXTS)
async def test_strange_text_comes_back_exactly(ada: Person, name: str) -> None:
    """S32."""
    task = await ada.create_task(title=TEXTS[name], description=TEXTS[name])
    read = (await ada.client.get(f"/api/tasks/{task['id']}")).json()
    [change] = await ada.changes()
    assert {task["title"], read["title"], read["description"], change["after"]["title"]} == {TEXTS[name]}


@pytest.mark.spec("OPS-003")
async def test_a_byte_order_mark_is_ignored(ada: Person) -> None:
    marked = await ada.client.post("/api/tasks", content=b'\xef\xbb\xbf{"title":"a"}', headers=JSON)
    assert (marked.status_code, marked.json()["title"]) == (201, "a")


@pytest.mark.spec("USER-001", "OPS-003")
@pytest.mark.parametrize(
    "value",
    [
        b'"\\ud800"',
        b'"\\ud800@example.com"',
        b'"a\\u0000@example.com"',
        b'"' + b"a" * 15_000 + b'@example.com"',
        b"5",
        b"[]",
    ],
)
@pytest.mark.parametrize("field", [b"email", b"password", b"name"])
async def test_hostile_credentials_are_refused(
    client: httpx2.AsyncClient, connection: asyncpg.Connection, field: bytes, value: bytes
) -> None:
    fields: dict[bytes, bytes] = {
        b"email": b'"ada@example.com"',
        b"password": b'"correct horse"',
        b"name": b'"Ada"',
    }
    fields[field] = value
    body = b"{" + b",".join(b'"' + name + b'":' + text for name, text in fields.items()) + b"}"
    storable_password = field == b"password" and value == b'"a\\u0000@example.com"'
    before = await count_rows(connection)
    response = await client.post("/auth/register", content=body, headers=JSON)
    assert storable_password or await count_rows(connection) == before
    assert response.status_code == (201 if storable_password else 422)


@pytest.mark.spec("FIND-001", "OPS-001")
@pytest.mark.parametrize(
    "query",
    [
        "limit=%00",
        "limit=%ff",
        "limit=%ED%A0%80",
        "limit=\u0665",
        "limit=NaN",
        "limit=true",
        "limit[]=5",
        "limit=5;offset=5",
        "limit=0x10",
        "%00=1",
        "%ED%A0%80=1",
        "cursor=%00",
        "cursor=%ff",
        "cursor=" + "a" * 60_000,
        "offset=" + "9" * 5000,
        "a=1&" * 5000,
        "limit=" + "9" * 60_000,
        "offset=1e5",
    ],
)
async def test_a_hostile_query_is_refused(ada: Person, query: str) -> None:
    assert_refused(await ada.client.get(f"/api/tasks?{query}"), query[:50])


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    "name",
    [
        "%00",
        "%ff",
        "%ED%A0%80",
        "..%2f..",
        "'%20or%201=1",
        "9" * 5000,
        "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f%00",
        "\u0660" * 36,
        "%0d%0aX:1",
    ],
)
async def test_a_hostile_id_is_refused(ada: Person, name: str) -> None:
    for method in ("GET", "DELETE", "HEAD"):
        assert_refused(await ada.client.request(method, f"/api/tasks/{name}"), (method, name[:50]))
    for method, path in (("PUT", ""), ("PATCH", ""), ("PATCH", "/complete")):
        assert_refused(
            await ada.client.request(method, f"/api/tasks/{name}{path}", json={}), (method, name[:50])
        )


@pytest.mark.spec("OPS-004", "OPS-008")
@pytest.mark.parametrize(
    "header",
    [
        "X-Request-ID",
        "Origin",
        "Accept",
        "Content-Type",
        "Content-Length",
        "Host",
        "Cookie",
        "If-Match",
        "Range",
        "Expect",
    ],
)
@pytest.mark.parametrize(
    "value",
    [b"", b"\xff\xfe", b"\0", b"a\r\nX-Injected: 1", b"x" * 60_000, b"-1", b"null", "\u202e".encode()],
)
async def test_a_hostile_header_is_never_a_fault_of_ours(
    client: httpx2.AsyncClient, header: str, value: bytes
) -> None:
    """S32, S42."""
    for method, path in (("GET", "/health/live"), ("POST", "/auth/login"), ("GET", "/docs/assets/docs.js")):
        response = await client.request(
            method, path, headers={header.encode(): value}, content=b"{}" if method == "POST" else None
        )
        assert response.status_code < 500, (method, path)
        assert "X-Injected" not in response.headers
        assert value == b"null" or len(value) < 3 or value not in response.content


@pytest.mark.spec("OPS-001")
async def test_hostile_preflights_are_answered(client: httpx2.AsyncClient) -> None:
    for origin in (b"null", b"\xff", b"x" * 60_000, b"http://evil.example"):
        headers: Any = {
            b"Origin": origin,
            b"Access-Control-Request-Method": b"\xff",
            b"Access-Control-Request-Headers": b"\xff, " * 1000,
        }
        assert_refused(await client.options("/api/tasks", headers=headers), origin[:20])
