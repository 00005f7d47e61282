"""The parameters of an endpoint are found as FastAPI finds them, whether FastAPI does it or we do."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from app.dependencies.bodies import Bodies
from app.dependencies.routing import Route
from app.dependencies.solving import is_direct
from app.http.problems import answer_problems
from app.middleware.envelope import Envelope
from tests.people import open_client

ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
FASTAPI_ALONE = {
    "/auth/register",
    "/auth/login",
    "/auth/logout",
    "/auth/refresh",
    "/health/live",
    "/health/ready",
}


class Note(BaseModel, extra="forbid"):
    """A body."""

    text: str
    stars: int = 0


class Asked(BaseModel, extra="forbid"):
    """A query."""

    limit: int = 5
    word: list[str] = []


async def asked(request: Request, query: Annotated[Asked, Query()]) -> str:
    """Give what is asked for."""
    return f"{request.method} {query!r}"


async def read(number: UUID, request: Request, words: Annotated[str, Depends(asked)]) -> Response:
    return Response(f"{number} {request.url.query} {words}")


async def write(number: UUID, body: Note | None = None) -> Response:
    return Response(f"{number} {body!r}")


async def listen(accept: Annotated[str, Header()]) -> Response:
    return Response(accept)


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the same endpoints by routes of FastAPI's and by routes of ours."""
    app = FastAPI()
    app.state.bodies, app.state.runtime = Bodies(), application.state.runtime
    for prefix, kind in (("/theirs", APIRoute), ("/ours", Route)):
        router = APIRouter(prefix=prefix, route_class=kind)
        router.add_api_route("/{number}", read)
        router.add_api_route("/{number}", write, methods=["PUT"])
        router.add_api_route("/ear/listen", listen)
        app.router.routes.extend(router.routes)
    answer_problems(app)
    app.add_middleware(Envelope, production=False)
    async with open_client(app, {"X-Request-ID": "the-same-id"}) as anybody:
        yield anybody


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", ID, None),
        ("GET", f"{ID}?limit=7&word=a&word=b", None),
        ("GET", "no-id", None),
        ("GET", f"no-id?limit=x&{'more=1&' * 3}", None),
        ("GET", f"{ID}?limit=&unknown=1", None),
        ("PUT", ID, None),
        ("PUT", ID, b"null"),
        ("PUT", ID, b'{"text": "a", "stars": 3}'),
        ("PUT", "no-id", b'{"text": 5, "more": 1}'),
        ("PUT", ID, b"[]"),
        ("PUT", ID, b'"text"'),
        ("PUT", ID, b"0"),
        ("GET", "ear/listen", None),
        ("DELETE", ID, None),
    ],
)
async def test_an_endpoint_gets_what_fastapi_would_give_it(
    client: httpx2.AsyncClient, method: str, path: str, body: bytes | None
) -> None:
    headers = {} if body is None else {"Content-Type": "application/json"}
    theirs, ours = [
        await client.request(method, f"/{whose}/{path}", content=body, headers=headers)
        for whose in ("theirs", "ours")
    ]
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)


def test_fastapi_alone_answers_where_it_shapes_what_is_answered(application: FastAPI) -> None:
    routes = [context.original_route for context in iter_route_contexts(application.router.routes)]
    left: list[Any] = [
        route for route in routes if isinstance(route, Route) and not is_direct(route.dependant)
    ]
    assert {route.path for route in left} == FASTAPI_ALONE


def test_what_asks_for_more_is_left_to_fastapi() -> None:
    assert not is_direct(Route("/listen", listen).dependant)
    assert is_direct(Route("/{number}", read).dependant)
