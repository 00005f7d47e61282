"""Errors: one body for each of them, the right headers, nothing leaked and nothing of the input repeated."""

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
from tests.api.exchange import exchange
from tests.people import Person, open_client, using

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
    "path",
    [
        "/nowhere",
        "/apis",
        "/api/task",
        "/api/tasks/a/b",
        "/docs/assets/none.js",
        "/docs/assets/",
        "/\u00e4/%00/%ff",
        "/health",
    ],
)
async def test_an_unknown_address_is_a_problem(client: httpx2.AsyncClient, path: str) -> None:
    body = problem(await client.get(path))
    assert (body["status"], body["code"], body["detail"]) == (
        404,
        "NOT_FOUND",
        "There is nothing at this address.",
    )


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/tasks", {"GET", "POST"}),
        ("/api/tasks/019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f", {"GET", "PUT", "PATCH", "DELETE"}),
        ("/api/tasks/019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f/complete", {"PATCH"}),
        ("/api/me", {"GET", "PATCH", "DELETE"}),
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


@pytest.mark.spec("OPS-001")
async def test_a_refused_field_is_named_with_its_rule(ada: Person) -> None:
    answer = problem(
        await ada.client.post("/api/tasks", json={"title": "", "priority": "x", "due": {"date": 5}})
    )
    assert (answer["code"], answer["title"]) == ("VALIDATION_ERROR", "Validation failed")
    assert answer["detail"] == "title: must not be empty"
    assert [error["field"] for error in answer["errors"]] == ["title", "priority", "due.date"]
    assert answer["errors"][1] == {
        "field": "priority",
        "message": "must be 'none', 'low', 'medium', 'high' or 'urgent'",
    }


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
    """S40."""
    response = await ada.client.post("/api/tasks", json={"title": "Pay rent"} | content)
    assert problem(response)["status"] == 422
    assert CANARY not in response.text


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
async def test_no_answer_repeats_an_email_or_a_password(client: httpx2.AsyncClient, path: str) -> None:
    for body in (
        {"email": CANARY, "password": CANARY},
        {"email": f"{CANARY}@example.com", "password": CANARY * 50, "name": ""},
    ):
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
    """S40."""
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
        answer = await exchange(failing, "POST /broken/half-way", [b""])
    assert [message.get("status", message.get("body")) for message in answer.sent] == [200, b"the first word"]
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
