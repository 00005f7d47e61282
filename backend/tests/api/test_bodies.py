"""Bodies: how much of one is read, of whom and when, what it may say, and what a refused one has cost."""

import asyncio

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.dependencies import bodies
from tests.api.exchange import Slow, exchange
from tests.guards.makers import made_for, own_body, unknown
from tests.guards.operations import Operation
from tests.people import Person, promote

pytestmark = pytest.mark.broad

MEBIBYTE = 1024 * 1024
SMALL = 16 * 1024
JSON = {"Content-Type": "application/json"}
TWICE = {"field": "body", "message": "must not have the same name twice in one object"}


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def writes(operations: list[Operation]) -> list[Operation]:
    """Every operation that changes something and asks who is calling."""
    return [operation for operation in operations if operation.is_write]


@pytest.mark.spec("OPS-030", "AUTH-009")
@pytest.mark.parametrize("credential", [None, "Bearer x.y.z", "Basic eDp5"])
async def test_nothing_is_read_of_a_body_whose_sender_is_not_known(
    app: FastAPI, writes: list[Operation], credential: str | None
) -> None:
    targets = [f"{write.method} {write.path.format_map(unknown(write.parameters))}" for write in writes]
    answers = [await exchange(app, target, [b"x" * MEBIBYTE] * 50, token=credential) for target in targets]
    assert {(answer.status, answer.read, answer.closes) for answer in answers} == {(401, 0, True)}
    assert len(answers) >= 20


@pytest.mark.spec("OPS-030")
@pytest.mark.parametrize(
    ("length", "closes"),
    [(b"20", False), (b"65536", False), (b"65537", True), (b"9999999999", True), (None, True)],
)
async def test_a_connection_is_closed_only_for_a_long_rest(
    app: FastAPI, length: bytes | None, *, closes: bool
) -> None:
    answer = await exchange(app, "POST /api/tasks", [b"{}"], length=length)
    assert (answer.status, answer.read, answer.closes) == (401, 0, closes)


@pytest.mark.spec("OPS-030")
async def test_a_body_that_was_read_whole_closes_nothing(app: FastAPI, ada: Person) -> None:
    answer = await exchange(
        app, "POST /api/tasks", [b'{"title":', b'"Pay rent"}'], token=ada.client.headers["Authorization"]
    )
    assert (answer.status, answer.read, answer.closes) == (201, 2, False)


@pytest.mark.spec("OPS-002")
@pytest.mark.parametrize("excess", [0, 1])
async def test_a_body_may_have_a_mebibyte_and_no_more(ada: Person, excess: int) -> None:
    """S30."""
    body = b'{"title":"a"}'.ljust(MEBIBYTE + excess)
    response = await ada.client.post("/api/tasks", content=body, headers=JSON)
    assert response.status_code == (413 if excess else 201)
    assert not excess or told(response)[1] == "BODY_TOO_LARGE"


@pytest.mark.spec("OPS-002")
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
async def test_a_body_of_nobody_is_small(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person, path: str
) -> None:
    for headers in ({}, dict(ada.client.headers)):
        answers = [
            await client.post(path, content=b'{"x":1}'.ljust(SMALL + excess), headers=JSON | headers)
            for excess in (0, 1)
        ]
        assert [told(answer) for answer in answers] == [(422, "VALIDATION_ERROR"), (413, "BODY_TOO_LARGE")]
    assert (await exchange(app, f"POST {path}", [b"x" * 10_000] * 5)).read == 2


@pytest.mark.spec("OPS-002")
@pytest.mark.parametrize(
    ("length", "chunks", "status", "read"),
    [
        (b"1048577", [b"{}"], 413, 0),
        (b"99999999999999999999999", [b" " * MEBIBYTE, b"x", b"x"], 413, 2),
        (b"10", [b" " * MEBIBYTE, b"x", b"x"], 413, 2),
        (None, [b" " * 600_000] * 5, 413, 2),
        (b"x", [b"{}"], 422, 1),
        (b"-5", [b"{", b"}"], 422, 2),
    ],
)
async def test_what_a_body_announces_is_not_believed(
    app: FastAPI, ada: Person, length: bytes, chunks: list[bytes], *, status: int, read: int
) -> None:
    """S30."""
    answer = await exchange(
        app, "POST /api/tasks", chunks, length=length, token=ada.client.headers["Authorization"]
    )
    assert (answer.status, answer.read) == (status, read)


@pytest.mark.spec("OPS-002")
async def test_a_body_that_breaks_off_is_never_acted_upon(app: FastAPI, ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}/complete"
    assert await exchange(
        app, f"PATCH {path}", [b""], token=ada.client.headers["Authorization"], breaks_off=True
    ) == ([], 1)
    assert len(await ada.changes()) == 1


@pytest.mark.spec("OPS-002")
async def test_a_body_that_does_not_arrive_is_408(
    app: FastAPI, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.01)
    slow = Slow(ada, b"{")
    await slow.send(app)
    assert (slow.status, slow.code, (b"connection", b"close") in slow.headers) == (
        408,
        "REQUEST_TIMEOUT",
        True,
    )


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(
    "body", [b"{", b"{'title': 'a'}", b'{"title":"a",}', b'{"title":"a"} x', b"title=a", b"\x80", b"{" * 1000]
)
async def test_a_body_that_is_not_json_is_malformed(ada: Person, body: bytes) -> None:
    response = await ada.client.post("/api/tasks", content=body, headers=JSON)
    assert (told(response), response.json()["errors"]) == ((400, "MALFORMED_REQUEST"), [])


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1" * 5000, "01", "+1", "1.", "\u0661", "'a'", "undefined", '"\t"'],
)
async def test_what_only_some_parsers_take_for_json_is_malformed(ada: Person, value: str) -> None:
    """S31."""
    for body in (f'{{"title":{value}}}', f'{{"title":"a","x":[{value}]}}'):
        assert told(await ada.client.post("/api/tasks", content=body.encode(), headers=JSON)) == (
            400,
            "MALFORMED_REQUEST",
        )


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
        None,
    ],
)
async def test_a_body_of_another_content_type_is_refused(ada: Person, kind: str | None) -> None:
    """S27."""
    headers = {} if kind is None else {"Content-Type": kind}
    response = await ada.client.post("/api/tasks", content=b'{"title":"a"}', headers=headers)
    assert told(response) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.tasks+json"]
)
async def test_a_body_is_json_by_each_of_its_content_types(ada: Person, kind: str) -> None:
    response = await ada.client.post("/api/tasks", content=b'{"title":"a"}', headers={"Content-Type": kind})
    assert response.status_code == 201


@pytest.mark.spec("OPS-033")
@pytest.mark.parametrize(
    "body",
    [
        '{"title":"a","title":"a"}',
        '{"title":"a","t\\u0069tle":"b"}',
        '{"title":"a","due":{"date":"2026-12-01","date":"2026-12-02"}}',
        '{"title":"a","canary":[{"x":{"canary":1,"canary":2}}]}',
    ],
)
async def test_a_name_that_is_there_twice_is_refused_at_any_depth(ada: Person, body: str) -> None:
    """S31."""
    response = await ada.client.post("/api/tasks", content=body.encode(), headers=JSON)
    assert (told(response), response.json()["errors"]) == ((422, "VALIDATION_ERROR"), [TWICE])
    assert "canary" not in response.text
    assert await ada.changes() == []


@pytest.mark.spec("OPS-033", "BULK-001")
async def test_an_operation_of_a_batch_cannot_be_two(ada: Person) -> None:
    task = await ada.create_task()
    body = f'{{"operations":[{{"op":"complete","id":"{task["id"]}","op":"delete"}}]}}'
    response = await ada.client.post("/api/tasks/bulk", content=body.encode(), headers=JSON)
    assert (response.status_code, response.json()["errors"]) == (422, [TWICE])
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.spec("OPS-033")
async def test_no_operation_takes_a_name_twice(
    ada: Person, client: httpx2.AsyncClient, operations: list[Operation]
) -> None:
    with_body = [operation for operation in operations if operation.body is not None]
    for operation in with_body:
        path = operation.path.format_map(unknown(operation.parameters))
        sender = client if operation.public else ada.client
        response = await sender.request(operation.method, path, content=b'{"x":1,"x":1}', headers=JSON)
        assert (response.status_code, response.json()["errors"]) == (422, [TWICE]), operation
    assert len(with_body) >= 15


@pytest.mark.spec("OPS-034")
async def test_what_takes_no_body_refuses_any_and_does_nothing(
    ada: Person, writes: list[Operation], connection: asyncpg.Connection
) -> None:
    await promote(connection, ada)
    without = [operation for operation in writes if operation.body is None]
    for operation in without:
        path = operation.path.format_map(await made_for(ada, operation))
        changes = len(await ada.changes())
        for body in (b"{}", b'{"ids":[]}', b"x" * (MEBIBYTE + 1)):
            assert told(await ada.client.request(operation.method, path, content=body, headers=JSON)) == (
                413,
                "BODY_TOO_LARGE",
            ), operation
        assert len(await ada.changes()) == changes
        assert (await ada.client.request(operation.method, path, content=b"", headers=JSON)).is_success, (
            operation
        )
    assert len(without) >= 9


@pytest.mark.spec("OPS-034")
async def test_what_takes_no_body_takes_an_empty_one_in_chunks(app: FastAPI, ada: Person) -> None:
    target, token = (
        f"DELETE /api/tasks/{(await ada.create_task())['id']}",
        ada.client.headers["Authorization"],
    )
    assert (await exchange(app, target, [b"", b"x", b"x"], token=token)).read == 2
    answers = [await exchange(app, target, [b"", b""], token=token, kind=b"text/plain") for _time in range(2)]
    assert [answer.status for answer in answers] == [204, 404]


@pytest.mark.spec("OPS-034")
async def test_the_body_of_a_read_is_not_read(app: FastAPI, ada: Person) -> None:
    for body in ([b"{"], [b"x" * MEBIBYTE] * 50):
        answer = await exchange(app, "GET /api/tasks", body, token=ada.client.headers["Authorization"])
        assert (answer.status, answer.read, answer.closes) == (200, 0, True)


@pytest.mark.spec("OPS-032")
@pytest.mark.parametrize(
    ("target", "body", "headers", "status"),
    [
        ("POST /api/tasks", b" " * (MEBIBYTE + 1), {}, 413),
        ("POST /api/tasks", b"{}", {"Content-Type": "text/plain"}, 415),
        ("POST /api/tasks", b"{", {}, 400),
        ("POST /api/tasks", b'{"title":"a","title":"b"}', {}, 422),
        ("POST /api/tasks", b'{"title":""}', {}, 422),
        ("POST /api/tasks", b'{"title":"a"}', {"Idempotency-Key": ""}, 422),
        ("POST /api/tasks", b'{"title":"a"}', {"If-Match": '"1"'}, 422),
        ("POST /api/tasks/bulk", b'{"operations":[]}', {}, 422),
        ("PATCH /api/tasks/{id}", b'{"title":""}', {"Idempotency-Key": "8e03978e"}, 422),
        ("PATCH /api/tasks/{id}", b"{}", {"If-Match": "1"}, 422),
        ("PATCH /api/tasks/none", b"{}", {}, 422),
        ("DELETE /api/tasks/{id}", b"{}", {}, 413),
        ("DELETE /api/categories/{id}?tasks=burn", b"", {}, 422),
        ("GET /api/tasks?limit=0", b"", {}, 422),
        ("GET /api/tasks/none", b"", {}, 422),
    ],
)
async def test_a_request_that_is_refused_for_what_it_says_has_cost_no_transaction(
    ada: Person,
    connection: asyncpg.Connection,
    target: str,
    *,
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    await ada.client.get("/api/me")
    statements: list[str] = []
    with connection.query_logger(lambda record: statements.append(record.query)):
        method, path = target.format(id=uuid7()).split()
        answer = await ada.client.request(method, path, content=body, headers=JSON | headers)
        await asyncio.sleep(0)
    assert (answer.status_code, statements) == (status, [])


@pytest.mark.spec("OPS-032", "OPS-034")
async def test_what_is_said_well_is_carried_out(
    ada: Person, writes: list[Operation], connection: asyncpg.Connection
) -> None:
    await promote(connection, ada)
    for operation in writes:
        if operation.is_last:
            continue  # It has tests of its own.
        values, body = await made_for(ada, operation), await own_body(ada, operation)
        assert (await operation.call(ada.client, values, body=body)).is_success, operation
