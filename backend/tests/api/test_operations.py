"""What those who run and watch the service rely on: request ids, log lines, headers and health."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from dirty_equals import IsPositiveFloat
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.config import Environment, Settings
from app.main import create_app
from tests.conftest import BorrowedDatabase
from tests.people import Person, open_client, using

pytestmark = pytest.mark.broad

CANARY = "canary-7f3a"
ORIGIN = "https://app.example.com"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
MakeApp = Callable[..., FastAPI]
Logs = list[MutableMapping[str, Any]]


class SilentDatabase(BorrowedDatabase):
    """A database that never answers."""

    async def acquire(self) -> asyncpg.Connection:
        """Wait in vain."""
        return await asyncio.Event().wait()


@pytest.fixture
def app_with(app: FastAPI, settings: Settings) -> MakeApp:
    """Make an application with more settings over the transaction of the test, with a route that fails."""

    def make(**more: object) -> FastAPI:
        made = create_app(settings.model_copy(update=more))
        made.state.runtime = using(made.state.runtime, app.state.runtime.database)

        @made.get("/broken/{word}")
        async def fail(word: str) -> None:
            raise RuntimeError(f"the word is {word}")

        return made

    return make


@pytest.fixture
def logs() -> Iterator[Logs]:
    with capture_logs() as captured:
        yield captured


@pytest.fixture
async def browser(app_with: MakeApp) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that allows one origin."""
    async with open_client(app_with(cors_origins=(ORIGIN,))) as client:
        yield client


async def every_kind_of_answer(client: httpx2.AsyncClient) -> list[httpx2.Response]:
    """Return an answer of every kind, the failure and the preflight included."""
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    return [
        await client.get("/health/live"),
        await client.get("/docs/assets/docs.js"),
        await client.get("/openapi.json"),
        await client.get("/api/tasks/"),
        await client.get("/api/me"),
        await client.get("/nowhere"),
        await client.put("/api/me"),
        await client.post("/auth/login", content=b"{", headers={"Content-Type": "application/json"}),
        await client.post("/auth/login", content=b"x" * 2**21),
        await client.post("/auth/login", content=b"x", headers={"Content-Type": "text/plain"}),
        await client.post("/auth/login", json={}),
        await client.get("/broken/word"),
        await client.options("/api/tasks", headers=preflight),
        await client.options("/api/tasks", headers=preflight | {"Origin": "https://evil.example"}),
    ]


KINDS = [200, 200, 200, 404, 401, 404, 405, 400, 413, 415, 422, 500, 200, 403]


@pytest.mark.spec("OPS-004")
@pytest.mark.parametrize("given", ["a" * 8, "A-b_c.9" * 9, "x" * 64, "019aa4b2-9d10-7c4e-8a41-5b7d2f6e9c01"])
async def test_a_request_id_goes_everywhere(ada: Person, logs: Logs, given: str) -> None:
    created = await ada.client.post("/api/tasks", json={"title": "Pay rent"}, headers={"X-Request-ID": given})
    refused = await ada.client.post("/api/tasks", json={}, headers={"X-Request-ID": given})
    [change] = await ada.changes()
    assert (
        created.headers["X-Request-ID"]
        == refused.headers["X-Request-ID"]
        == refused.json()["request_id"]
        == given
    )
    assert change["request_id"] == given
    assert [entry["request_id"] for entry in logs[:2]] == [given, given]


@pytest.mark.spec("OPS-004")
@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "short-7",
        "x" * 65,
        "with space",
        "semi;colon",
        "caf\u00e9-caf\u00e9",
        "line\nbreak-x",
        "id-12345\n",
        "<script>x",
    ],
)
async def test_another_request_id_is_replaced(client: httpx2.AsyncClient, given: str | None) -> None:
    """S44."""
    response = await client.get(
        "/nowhere", headers={} if given is None else {b"X-Request-ID": given.encode()}
    )
    assert UUID(response.headers["X-Request-ID"]).version == 7
    assert response.json()["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.spec("OPS-005")
async def test_a_request_writes_one_line_with_its_route_template(ada: Person, logs: Logs) -> None:
    task = await ada.create_task()
    logs.clear()
    response = await ada.client.patch(f"/api/tasks/{task['id']}/complete?x={CANARY}")
    assert logs == [
        {
            "event": "request",
            "log_level": "info",
            "method": "PATCH",
            "route": "/api/tasks/{task_id}/complete",
            "status": 200,
            "ms": IsPositiveFloat(),
            "request_id": response.headers["X-Request-ID"],
            "user_id": ada.user_id,
            "trace_id": None,
        }
    ]


@pytest.mark.spec("OPS-005")
async def test_the_level_of_a_line_is_that_of_its_status(app_with: MakeApp, logs: Logs) -> None:
    async with open_client(app_with(cors_origins=(ORIGIN,))) as client:
        await every_kind_of_answer(client)
    lines = [entry for entry in logs if entry["event"] == "request"]
    levels = ["info" if status < 400 else "warning" if status < 500 else "error" for status in KINDS]
    assert [(line["status"], line["log_level"]) for line in lines] == list(zip(KINDS, levels, strict=True))
    assert {line["user_id"] for line in lines} == {None}


@pytest.mark.spec("OPS-005")
async def test_no_credential_and_no_text_of_a_person_is_logged(
    app_with: MakeApp, logs: Logs, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    account = {"email": f"{CANARY}@example.com", "password": f"{CANARY} password", "name": CANARY}
    async with open_client(app_with()) as client:
        await client.post("/auth/register", json=account)
        token = (
            await client.post("/auth/login", json={name: account[name] for name in ("email", "password")})
        ).json()["access_token"]
        await client.post("/auth/login", json=account)
        client.headers["Authorization"] = f"Bearer {token}"
        task = (await client.post("/api/tasks", json={"title": CANARY, "description": CANARY})).json()
        await client.patch(
            f"/api/tasks/{task['id']}?note={CANARY}", json={"title": f"{CANARY}\n", CANARY: CANARY}
        )
        await client.get(f"/broken/{CANARY}", headers={"X-Request-ID": "the id of a request"})
        await client.get(
            f"/{CANARY}", headers={"Cookie": f"session={CANARY}", "Authorization": f"Bearer {CANARY}"}
        )
    # The client of this test logs its own requests.
    foreign = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx2")]
    written = f"{logs} {foreign} {capfd.readouterr()}"
    assert len(logs) == 8
    assert CANARY not in written
    assert token not in written


@pytest.mark.spec("OPS-006")
@pytest.mark.parametrize("debug", [False, True])
async def test_a_stack_trace_is_logged_only_in_debug_mode(
    app_with: MakeApp, logs: Logs, *, debug: bool
) -> None:
    async with open_client(app_with(debug=debug)) as client:
        response = await client.get("/broken/word")
    failure = next(entry for entry in logs if entry["event"] == "unexpected")
    assert (failure["log_level"], failure["error"], failure["request_id"]) == (
        "error",
        "RuntimeError",
        response.headers["X-Request-ID"],
    )
    assert failure["where"].startswith("test_operations.py:")
    assert isinstance(failure["exc_info"], RuntimeError) is debug


@pytest.mark.spec("OPS-007")
async def test_every_kind_of_answer_carries_the_security_headers(browser: httpx2.AsyncClient) -> None:
    """S28."""
    answers = await every_kind_of_answer(browser)
    assert [answer.status_code for answer in answers] == KINDS
    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY, answer.request.url
        assert "Strict-Transport-Security" not in answer.headers
        assert "X-Request-ID" in answer.headers


@pytest.mark.spec("OPS-007")
async def test_production_demands_strict_transport(app_with: MakeApp) -> None:
    """S28."""
    async with open_client(app_with(environment=Environment.PRODUCTION)) as client:
        answers = [await client.get(path) for path in ("/health/live", "/docs", "/nowhere", "/broken/word")]
    assert {answer.headers["Strict-Transport-Security"] for answer in answers} == {
        "max-age=31536000; includeSubDomains"
    }


@pytest.mark.spec("OPS-010", "OPS-011")
async def test_a_living_service_is_ready_when_its_database_answers(client: httpx2.AsyncClient) -> None:
    answers = [await client.get("/health/live"), await client.get("/health/ready")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": "ok"})] * 2


@pytest.mark.spec("OPS-010", "OPS-011")
async def test_a_service_whose_database_is_silent_lives_and_is_not_ready(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    app.state.runtime = using(app.state.runtime, SilentDatabase(connection))
    began = perf_counter()
    async with open_client(app) as client:
        live, ready = await client.get("/health/live"), await client.get("/health/ready")
    assert (live.status_code, ready.status_code, ready.headers["Retry-After"]) == (200, 503, "1")
    assert ready.json()["code"] == "UNAVAILABLE"
    assert 0.9 < perf_counter() - began < 1.6


@pytest.mark.spec("OPS-011", "OPS-012")
async def test_a_database_that_is_not_there_is_told_at_once(settings: Settings) -> None:
    away = create_app(
        Settings(DATABASE_URL="postgresql://127.0.0.1:1/none", BETTER_AUTH_SECRET=settings.secret)
    )
    async with away.router.lifespan_context(away), open_client(away) as client:
        began = perf_counter()
        answers = [
            await client.get("/health/ready"),
            await client.post("/auth/login", json={"email": "ada@example.com", "password": CANARY}),
        ]
        assert perf_counter() - began < 2
        assert (await client.get("/health/live")).status_code == 200
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(503, "1")] * 2


@pytest.mark.spec("OPS-016")
async def test_the_application_starts_and_stops_as_its_server_asks(settings: Settings) -> None:
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    answered: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(asked)

    async def send(message: Any) -> None:
        answered.append(message["type"])

    await create_app(settings)({"type": "lifespan", "state": {}}, receive, send)
    assert answered == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
