"""Doors beside the JSON door: each says its errors in its own dialect, and all have the same envelope."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from app.config import Settings
from app.main import create_app
from app.middleware.beside import Door
from app.middleware.last_net import Dialect
from app.runtime import Runtime
from tests.api.test_errors import problem
from tests.people import open_client, using

pytestmark = pytest.mark.broad

XML, JSON = "application/xml", "application/json"
FORBIDDEN = b'<error xmlns="DAV:"><need-privileges/></error>'
CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
REFUSED = {"jsonrpc": "2.0", "id": 7, "error": {"code": -32600, "message": "Invalid Request"}}


def calendar_door(runtime: Runtime) -> Door:
    """Make a door that speaks XML, and knows the process that it is in."""

    async def forbid(_request: Request) -> Response:
        return Response(FORBIDDEN, 403, media_type=XML)

    async def put(request: Request) -> Response:
        return Response(await request.body(), 201, {"X-Moment": runtime.clock().isoformat()}, "text/calendar")

    async def fail(_request: Request) -> Response:
        raise RuntimeError("the canary sings")

    async def speak_plainly(_request: Request) -> Response:
        return PlainTextResponse("no such collection", 404)

    routes = [Route("/forbidden", forbid), Route("/put", put, methods=["PUT"]), Route("/fail", fail)]
    application = Starlette(routes=[*routes, Route("/plain", speak_plainly)])
    return Door(
        application, Dialect(XML, lambda status, name: f'<error status="{status}" id="{name}"/>'.encode())
    )


def tool_door(_runtime: Runtime) -> Door:
    """Make a door that speaks JSON-RPC."""

    async def refuse(_request: Request) -> Response:
        return Response(orjson.dumps(REFUSED), 400, media_type=JSON)

    application = Starlette(routes=[Route("/", refuse, methods=["POST"])])
    return Door(application, Dialect(JSON, lambda status, _name: orjson.dumps({"error": {"code": -status}})))


@pytest.fixture
def doors(app: FastAPI, settings: Settings) -> FastAPI:
    """An application with three doors, over the transaction of this test."""
    made = create_app(settings, beside={"/dav": calendar_door, "/mcp": tool_door})
    made.state.runtime = using(made.state.runtime, app.state.runtime.database)
    return made


@pytest.fixture
async def client(doors: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(doors) as anybody:
        yield anybody


def assert_enveloped(answer: httpx2.Response) -> None:
    """Assert that an answer has what every answer of the process has."""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.headers["X-Request-ID"]) >= 8


@pytest.mark.spec("OPS-090")
async def test_an_xml_door_says_its_own_errors(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/dav/forbidden", headers={"X-Request-ID": "a-request"})
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (403, XML, FORBIDDEN)
    assert answer.headers["X-Request-ID"] == "a-request"
    assert_enveloped(answer)


@pytest.mark.spec("OPS-090")
async def test_a_json_rpc_door_says_its_own_errors(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/mcp/", json={"jsonrpc": "1.0"})
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()) == (400, JSON, REFUSED)
    assert_enveloped(answer)


@pytest.mark.spec("OPS-090")
async def test_a_door_takes_bodies_that_are_no_json(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/dav/put", content=CALENDAR, headers={"Content-Type": "text/calendar"})
    assert (answer.status_code, answer.content) == (201, CALENDAR)
    assert answer.headers["X-Moment"].endswith("+00:00")


@pytest.mark.spec("OPS-091")
async def test_what_a_door_does_not_answer_is_said_in_its_dialect(client: httpx2.AsyncClient) -> None:
    with capture_logs() as logs:
        answers = [await client.get(f"/dav/{path}") for path in ("fail", "plain", "nowhere")]
    assert [answer.status_code for answer in answers] == [500, 404, 404]
    for answer in answers:
        told = f'<error status="{answer.status_code}" id="{answer.headers["X-Request-ID"]}"/>'
        assert (answer.text, answer.headers["Content-Type"]) == (told, XML)
        assert_enveloped(answer)
    assert "canary" not in f"{logs}"
    assert [entry["status"] for entry in logs if entry["event"] == "request"] == [500, 404, 404]


@pytest.mark.spec("OPS-001", "OPS-090")
@pytest.mark.parametrize("path", ["/nowhere", "/davy", "/api/nowhere", "/"])
async def test_an_address_of_no_other_door_is_the_json_doors(client: httpx2.AsyncClient, path: str) -> None:
    answer: dict[str, Any] = problem(await client.delete(path))
    assert answer["status"] == (405 if path == "/" else 404)


@pytest.mark.spec("OPS-090")
async def test_the_json_door_is_as_it_is_alone(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    assert problem(await client.get("/api/tasks"))["code"] == "UNAUTHENTICATED"
