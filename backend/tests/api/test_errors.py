"""Errors: one body for each of them, the right headers, nothing leaked and nothing of the input repeated."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from dirty_equals import IsStr
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from structlog.testing import capture_logs

from app.config import Settings
from app.main import create_app
from app.middleware.body_limit import BodyLimit
from app.middleware.envelope import Envelope
from tests.people import Person, open_client, using

MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}
CANARY = "canary-7f3a"


def problem(response: httpx2.Response) -> dict[str, Any]:
    """Return the problem body of a response, having asserted that it is a complete one."""
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert body["status"] == response.status_code
    assert body["type"] == "/problems/" + body["code"].lower().replace("_", "-")
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


async def exchange(
    app: FastAPI, chunks: list[bytes], *, path: str = "/auth/register", length: bytes | None = None
) -> tuple[list[Any], int]:
    """Post chunks as a server would, with an announced length; return the messages of the answer, and how many chunks were read."""
    sent: list[Any] = []
    left = list(chunks)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)} if left else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")] + ([] if length is None else [(b"content-length", length)])
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "root_path": "", "headers": headers}
    await app(scope | {"http_version": "1.1", "scheme": "http", "server": ("agendum.test", 80), "client": None}, receive, send)
    return sent, len(chunks) - len(left)


@pytest.mark.spec("OPS-002")
async def test_a_body_that_breaks_off_is_never_acted_upon(app: FastAPI, ada: Person) -> None:
    task = await ada.create_task()
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": b"", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", ada.client.headers["Authorization"].encode())]
    path = f"/api/tasks/{task['id']}/complete"
    scope = {"type": "http", "method": "PATCH", "path": path, "query_string": b"", "root_path": "", "headers": headers}
    await app(scope | {"http_version": "1.1", "scheme": "http", "server": ("agendum.test", 80), "client": None}, receive, send)
    assert sent == []
    assert len(await ada.changes()) == 1


@pytest.mark.spec("OPS-002")
async def test_a_body_that_does_not_arrive_is_408() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(10)

    async def send(message: Any) -> None:
        sent.append(message)

    async def unreachable(_scope: Any, _receive: Any, _send: Any) -> None:
        pytest.fail("half a body was handed on")

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await Envelope(BodyLimit(unreachable, patience=0.01), production=False)(scope, receive, send)
    assert sent[0]["status"] == 408
    assert b"REQUEST_TIMEOUT" in sent[1]["body"]


@pytest.fixture
def failing(app: FastAPI, settings: Settings) -> FastAPI:
    """An application with routes that fail, below a path that no other route has."""
    broken = create_app(settings)
    broken.state.runtime = using(broken.state.runtime, app.state.runtime.database)

    @broken.get("/broken/{word}")
    async def fail(word: str) -> None:
        raise RuntimeError(f"{CANARY} {word}")

    @broken.post("/broken/half-way")
    async def fail_half_way() -> StreamingResponse:
        return StreamingResponse(words())

    async def words() -> AsyncIterator[str]:
        yield "the first word"
        raise RuntimeError(CANARY)

    return broken


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    "path", ["/nowhere", "/apis", "/api/task", "/api/tasks/a/b", "/docs/assets/none.js", "/docs/assets/", "/\u00e4/%00/%ff", "/health"]
)
async def test_an_unknown_address_is_a_problem(client: httpx2.AsyncClient, path: str) -> None:
    body = problem(await client.get(path))
    assert (body["status"], body["code"], body["detail"]) == (404, "NOT_FOUND", "There is nothing at this address.")


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/tasks", {"GET", "POST"}),
        ("/api/tasks/019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f", {"GET", "PUT", "PATCH", "DELETE"}),
        ("/api/tasks/019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f/complete", {"PATCH"}),
        ("/api/me", {"GET"}),
        ("/auth/login", {"POST"}),
        ("/docs", {"GET"}),
        ("/docs/assets/docs.js", {"GET", "HEAD"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ],
)
async def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(
    client: httpx2.AsyncClient, path: str, allowed: set[str]
) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"} - allowed:
        response = await client.request(method, path)
        assert (problem(response)["status"], problem(response)["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize("body", [b"{", b"{'title': 'a'}", b'{"title":"a",}', b'{"title":"a"} x', b"title=a", b"\x80", b"{" * 1000])
async def test_a_body_that_is_not_json_is_malformed(ada: Person, body: bytes) -> None:
    answer = problem(await ada.client.post("/api/tasks", content=body, headers=JSON))
    assert (answer["status"], answer["code"], answer["errors"]) == (400, "MALFORMED_REQUEST", [])


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "", None]
)
async def test_a_body_of_another_content_type_is_refused(ada: Person, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = problem(await ada.client.post("/api/tasks", content=b'{"title":"a"}', headers=headers))
    assert (answer["status"], answer["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.tasks+json"])
async def test_a_body_is_json_by_each_of_its_content_types(ada: Person, kind: str) -> None:
    response = await ada.client.post("/api/tasks", content=b'{"title":"a"}', headers={"Content-Type": kind})
    assert response.status_code == 201


@pytest.mark.spec("OPS-002")
@pytest.mark.parametrize("excess", [0, 1])
async def test_a_body_may_have_a_mebibyte_and_no_more(ada: Person, excess: int) -> None:
    body = b'{"title":"a"}'.ljust(MEBIBYTE + excess)
    response = await ada.client.post("/api/tasks", content=body, headers=JSON)
    assert response.status_code == (413 if excess else 201)
    assert not excess or problem(response)["code"] == "BODY_TOO_LARGE"


@pytest.mark.spec("OPS-002")
@pytest.mark.parametrize(
    ("length", "chunks", "status", "read"),
    [
        (b"1048577", [b"{}"], 413, 0),
        (b"99999999999999999999999", [b"x" * MEBIBYTE, b"x", b"x"], 413, 2),
        (b"10", [b"x" * MEBIBYTE, b"x", b"x"], 413, 2),
        (None, [b"x" * 600_000] * 5, 413, 2),
        (b"x", [b"{}"], 422, 1),
        (b"-5", [b"{", b"}"], 422, 2),
    ],
)
async def test_what_a_body_announces_is_not_believed(app: FastAPI, length: bytes, chunks: list[bytes], *, status: int, read: int) -> None:
    sent, taken = await exchange(app, chunks, length=length)
    assert (sent[0]["status"], taken) == (status, read)


@pytest.mark.spec("OPS-002")
async def test_a_body_that_is_too_large_is_refused_before_anything_else(client: httpx2.AsyncClient) -> None:
    response = await client.post("/api/tasks", content=b"x" * (MEBIBYTE + 1), headers={"Content-Type": "text/plain"})
    assert (problem(response)["status"], response.headers["Connection"]) == (413, "close")


@pytest.mark.spec("OPS-001")
async def test_a_refused_field_is_named_with_its_rule(ada: Person) -> None:
    answer = problem(await ada.client.post("/api/tasks", json={"title": "", "priority": "x", "due": {"date": 5}}))
    assert (answer["code"], answer["title"]) == ("VALIDATION_ERROR", "Validation failed")
    assert answer["detail"] == "title: must not be empty"
    assert [error["field"] for error in answer["errors"]] == ["title", "priority", "due.date"]
    assert answer["errors"][1] == {"field": "priority", "message": "must be 'none', 'low', 'medium', 'high' or 'urgent'"}


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"a"', b"5", b"true"])
async def test_a_body_that_is_no_object_is_refused_as_a_whole(ada: Person, body: bytes) -> None:
    answer = problem(await ada.client.post("/api/tasks", content=body, headers=JSON))
    assert (answer["status"], [error["field"] for error in answer["errors"]]) == (422, ["body"])


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    "content",
    [
        {"title": CANARY * 100},
        {"title": f"{CANARY}\n"},
        {"title": {CANARY: CANARY}},
        {"description": f"{CANARY}\0"},
        {"priority": CANARY},
        {"completed": CANARY},
        {"id": CANARY},
        {"due": CANARY},
        {"due": {"date": CANARY}},
        {"due": {"date": "2026-12-01", "time": CANARY, "timezone": CANARY}},
        {f"<script>{CANARY}</script>": 1},
        {f"{CANARY} {CANARY}": 1},
        {f"\n{CANARY}": 1},
        {f"{CANARY}\u202e": 1},
        {CANARY * 10: 1},
    ],
)
async def test_no_answer_repeats_the_refused_input(ada: Person, content: dict[str, Any]) -> None:
    response = await ada.client.post("/api/tasks", json={"title": "Pay rent"} | content)
    assert problem(response)["status"] == 422
    assert CANARY not in response.text


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
async def test_no_answer_repeats_an_email_or_a_password(client: httpx2.AsyncClient, path: str) -> None:
    for body in ({"email": CANARY, "password": CANARY}, {"email": f"{CANARY}@example.com", "password": CANARY * 50, "name": ""}):
        response = await client.post(path, json=body)
        assert problem(response)["status"] in (401, 422)
        assert CANARY not in response.text


@pytest.mark.spec("OPS-001")
async def test_a_body_of_very_many_fields_is_refused_as_a_whole(ada: Person) -> None:
    response = await ada.client.post("/api/tasks", json={f"field_{number}": 1 for number in range(50_000)})
    assert problem(response)["errors"] == [{"field": "body", "message": "has too many fields"}]


@pytest.mark.spec("OPS-001")
async def test_a_great_many_faults_are_told_in_part(ada: Person) -> None:
    response = await ada.client.post("/api/tasks", json={f"field_{number}": 1 for number in range(100)})
    assert len(problem(response)["errors"]) == 20


@pytest.mark.spec("OPS-001")
async def test_an_unexpected_failure_leaks_nothing(failing: FastAPI) -> None:
    async with open_client(failing) as client:
        response = await client.get("/broken/word")
    assert problem(response) == {
        "type": "/problems/internal-error",
        "title": "Internal error",
        "status": 500,
        "detail": "Something went wrong on our side; the request id helps to find it.",
        "code": "INTERNAL_ERROR",
        "errors": [],
        "request_id": IsStr(),
    }


@pytest.mark.spec("OPS-001")
async def test_a_failure_after_the_answer_began_adds_nothing_to_it(failing: FastAPI) -> None:
    with capture_logs() as logs:
        sent, _ = await exchange(failing, [b""], path="/broken/half-way")
    assert [message.get("status", message.get("body")) for message in sent] == [200, b"the first word"]
    assert [entry["event"] for entry in logs] == ["unexpected", "request"]


@pytest.mark.spec("OPS-001")
async def test_every_refusal_is_a_problem(ada: Person, client: httpx2.AsyncClient) -> None:
    body = {"id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f", "title": "Pay rent"}
    await ada.client.post("/api/tasks", json=body)
    refusals = [
        await client.get("/api/me"),
        await ada.client.get("/api/tasks/019aa4b2-0000-7000-8000-000000000000"),
        await ada.client.post("/api/tasks", json=body | {"title": "other"}),
        await ada.client.get("/api/tasks/x"),
    ]
    assert [problem(response)["status"] for response in refusals] == [401, 404, 409, 422]
