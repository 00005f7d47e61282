"""Every operation asks who is calling, unless it stands on the short public list below."""

from collections.abc import Iterable, Iterator

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from app.dependencies.callers import BearerDependency
from app.dependencies.routing import Route
from app.dependencies.work import TaskReading
from tests.guards.operations import Operation
from tests.people import Person

OPERATIONS = {
    "POST /auth/register",
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/logout",
    "POST /auth/password-reset",
    "POST /auth/password-reset/confirm",
    "POST /auth/verify-email",
    "GET /health/live",
    "GET /health/ready",
}
# For people, and for programs that find their way; outside of the document.
PAGES = {
    "GET /",
    *(
        f"{method} /auth/links/{page}"
        for method in ("GET", "POST")
        for page in ("verify-email", "password-reset", "invitation")
    ),
    "GET /api",
    "GET /docs",
    "GET /docs/",
    "GET /favicon.ico",
    "GET /metrics",  # It asks for a token of its own.
    "GET /openapi.json",
    "GET /problems",
    "GET /problems/",
    "GET /problems/{kind}",
    "GET /robots.txt",
    "HEAD /openapi.json",
    "MOUNT /docs/assets",
}
PUBLIC = OPERATIONS | PAGES
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
UNKNOWN_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


def open_routes(routes: Iterable[BaseRoute | RouteContext]) -> set[str]:
    """Name every way into the application that asks for no caller."""
    return {
        name
        for route in iter_route_contexts(list(routes))
        if not asks_for_caller(route)
        for name in names_of(route)
    }


def names_of(route: RouteContext) -> Iterator[str]:
    """Name a route by method and path; what serves a whole tree is a mount."""
    for method in route.methods or {"MOUNT"}:
        yield f"{method} {route.path}"


def asks_for_caller(route: RouteContext) -> bool:
    """Tell whether a route depends on the caller, at any depth."""
    return _asks(getattr(route, "dependant", None))


def _asks(dependant: Dependant | None) -> bool:
    return dependant is not None and (
        isinstance(dependant.call, BearerDependency) or any(_asks(part) for part in dependant.dependencies)
    )


def other_routes(routes: Iterable[BaseRoute | RouteContext]) -> set[str]:
    """Name the routes that FastAPI handles alone.

    It reads a body of any size, and opens rows before it looks at what was said.
    """
    return {
        name for route in iter_route_contexts(list(routes)) if _is_plain(route) for name in names_of(route)
    }


def _is_plain(route: RouteContext) -> bool:
    made = route.original_route
    return isinstance(made, APIRoute) and not isinstance(made, Route)


@pytest.fixture
def closed(operations: list[Operation]) -> list[Operation]:
    """What is not on the public list."""
    return [operation for operation in operations if str(operation) not in PUBLIC]


@pytest.mark.spec("AUTH-009")
def test_only_the_public_list_asks_for_no_caller(application: FastAPI) -> None:
    """S6."""
    assert open_routes(application.router.routes) == PUBLIC


@pytest.mark.spec("AUTH-009")
async def test_an_operation_without_a_token_is_401(
    client: httpx2.AsyncClient, closed: list[Operation]
) -> None:
    """S6."""
    answers = {
        str(operation): await operation.call(client, dict.fromkeys(operation.parameters, UNKNOWN_ID))
        for operation in closed
    }
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 401} == {}
    assert {answer.json()["code"] for answer in answers.values()} == {"UNAUTHENTICATED"}
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {"Bearer"}


def test_the_document_asks_for_a_token_where_the_application_does(operations: list[Operation]) -> None:
    assert {str(operation) for operation in operations if operation.public} == OPERATIONS


@pytest.mark.spec("AUTH-009")
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "ANYTHING"])
async def test_no_other_method_is_a_way_in(
    client: httpx2.AsyncClient, closed: list[Operation], method: str
) -> None:
    """S6."""
    paths = {
        operation.path.format_map(dict.fromkeys(operation.parameters, UNKNOWN_ID)) for operation in closed
    }
    answers = {path: await client.request(method, path) for path in paths}
    assert {
        path: answer.status_code for path, answer in answers.items() if answer.status_code not in (401, 405)
    } == {}


@pytest.mark.spec("AUTH-009")
@pytest.mark.parametrize("header", OVERRIDES)
async def test_no_header_turns_a_method_into_another(
    ada: Person, client: httpx2.AsyncClient, header: str
) -> None:
    """S6, S43."""
    task = await ada.create_task()
    path = f"/api/tasks/{task['id']}"
    assert (await ada.client.get(path, headers={header: "DELETE"})).json() == task
    assert (await ada.client.get(path, params={"_method": "DELETE"})).json() == task
    assert (await client.get(path, headers={header: "OPTIONS"})).status_code == 401
    assert (await client.post("/health/live", headers={header: "GET"})).status_code == 405


@pytest.mark.spec("OPS-030", "OPS-032")
def test_every_route_of_the_api_knows_its_caller_first_and_opens_rows_last(application: FastAPI) -> None:
    pages = {page for page in PAGES if page.startswith(("GET ", "POST ")) and page != "GET /openapi.json"}
    assert other_routes(application.router.routes) == pages


def test_a_route_of_another_class_is_seen() -> None:
    app, router = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), APIRouter(prefix="/outer")

    async def read(work: TaskReading) -> None: ...

    router.add_api_route("/careless", read)
    router.add_api_route("/careful", read, route_class_override=Route)
    app.include_router(router)
    assert other_routes(app.router.routes) == {"GET /outer/careless"}


async def test_a_route_without_a_caller_is_seen_at_any_depth() -> None:
    app, outer, inner = (
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        APIRouter(prefix="/outer"),
        APIRouter(prefix="/inner"),
    )

    async def forgetful() -> None: ...

    async def careful(work: TaskReading) -> None: ...

    inner.add_api_route("/open", forgetful, methods=["PUT"])
    inner.add_api_route("/closed", careful)
    outer.include_router(inner)
    app.include_router(outer)
    app.mount("/files", StaticFiles(directory="."))
    assert open_routes(app.router.routes) == {"PUT /outer/inner/open", "MOUNT /files"}
