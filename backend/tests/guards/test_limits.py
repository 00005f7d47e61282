"""Every operation takes from the budget of its person, of its address, or both; health alone takes from none."""

from collections.abc import Iterable

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from app.config import Limit
from app.dependencies.limits import Admission, heavy
from app.dependencies.routing import Route
from app.dependencies.work import TaskReading, TaskWriting
from tests.guards.operations import Operation
from tests.guards.test_authentication import asks_for_caller, names_of

FREE = {"GET /health/live", "GET /health/ready"}
HEAVY = {"POST /api/tasks/bulk", "GET /api/me/export", "POST /api/me/import", "DELETE /api/me"}
OF_PEOPLE = {Limit.READ, Limit.WRITE, Limit.HEAVY}


def admissions_of(routes: Iterable[BaseRoute | RouteContext]) -> dict[str, Admission]:
    """Return what the requests of each route take from, by its method and its path."""
    return {
        name: route.original_route.admission
        for route in iter_route_contexts(list(routes))
        if isinstance(route.original_route, Route)
        for name in names_of(route)
    }


def unlimited(routes: list[BaseRoute]) -> set[str]:
    """Name the routes without a limit that they should have."""
    callers = {
        name for route in iter_route_contexts(routes) if asks_for_caller(route) for name in names_of(route)
    }
    return {
        name
        for name, admission in admissions_of(routes).items()
        if (admission.person in OF_PEOPLE) != (name in callers)
        or (admission.address is Limit.AUTH) != (" /auth/" in name)
        or not any(admission)
    }


@pytest.mark.spec("LIMIT-001", "LIMIT-002")
def test_only_health_has_no_limit(application: FastAPI, operations: list[Operation]) -> None:
    assert unlimited(application.router.routes) == FREE
    assert {str(operation) for operation in operations} <= admissions_of(application.router.routes).keys()


@pytest.mark.spec("LIMIT-001")
def test_a_route_is_of_its_method_unless_it_is_marked(application: FastAPI) -> None:
    people = {name: limits.person for name, limits in admissions_of(application.router.routes).items()}
    assert {name for name, limit in people.items() if limit is Limit.HEAVY} == HEAVY
    assert all(
        limit is (Limit.READ if name.startswith("GET ") else Limit.WRITE)
        for name, limit in people.items()
        if limit is not None and name not in HEAVY
    )


@pytest.mark.spec("LIMIT-006")
def test_the_document_tells_of_the_limit_with_every_operation_that_has_one(
    openapi: dict[str, dict[str, dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]]]],
) -> None:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            is_free = f"{method.upper()} {path}" in FREE
            assert ("429" in operation["responses"]) is not is_free
            for answer in operation["responses"].values():
                assert ({"RateLimit", "RateLimit-Policy"} <= answer["headers"].keys()) is not is_free


def test_a_route_without_a_limit_is_seen() -> None:
    app, router = FastAPI(openapi_url=None), APIRouter(route_class=Route)

    @router.get("/open")
    async def forgetful() -> None: ...

    @router.get("/read")
    async def read(work: TaskReading) -> None: ...

    @router.put("/authority")
    @heavy
    async def write(work: TaskWriting) -> None: ...

    app.router.routes.extend(router.routes)
    assert unlimited(app.router.routes) == {"GET /open"}
    assert admissions_of(app.router.routes)["PUT /authority"] == Admission(None, Limit.HEAVY)
