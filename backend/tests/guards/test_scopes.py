"""Every operation with a caller names its scope in its signature, and a caller without that scope is refused by it."""

from collections.abc import Iterable, Iterator
from uuid import UUID

import asyncpg
import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from app.dependencies.callers import BearerDependency
from app.dependencies.routing import Route
from app.dependencies.work import TaskReading, TaskWriting
from app.domain.callers import Scope
from tests.api.exchange import exchange
from tests.api.tokens import ask
from tests.guards.makers import made_for, own_body, unknown
from tests.guards.operations import ADMINISTRATION, Operation
from tests.guards.scopes import EVERY_SCOPE, Callers, every_way, limited
from tests.people import Person, access_token, joined, open_client, promote
from tests.world import world_of

SAFE = {"GET", "HEAD"}
OF_THE_ACCOUNT = ("/api/me", "/api/personal-tokens", "/auth/")


def scopes_of(routes: Iterable[BaseRoute | RouteContext]) -> dict[str, list[Scope]]:
    """Return the scopes that each route with a caller asks for, by its method and its path."""
    every = [
        (route, [*_scopes(getattr(route, "dependant", None))]) for route in iter_route_contexts(list(routes))
    ]
    return {
        f"{method} {route.path}": found for route, found in every if found for method in route.methods or ()
    }


def _scopes(dependant: Dependant | None) -> Iterator[Scope]:
    for part in dependant.dependencies if dependant else ():
        if isinstance(part.call, BearerDependency):
            yield part.call.scope
        yield from _scopes(part)


# What is of the account and of all that is in it asks for a second scope, which has tests of its own.
OF_BOTH = {"GET /api/me/export", "POST /api/me/import"}


def wrong_scopes(named: dict[str, list[Scope]]) -> list[str]:
    """Name the routes that do not ask for just one scope, or for one that does not fit address and method."""
    return [name for name, found in named.items() if found != [expected_scope(name)]]


def expected_scope(name: str) -> Scope:
    """Return the scope that an operation is to ask for."""
    method, path = name.split(" ")
    kind = "account" if path.startswith(OF_THE_ACCOUNT) else "tasks"
    kind = "users" if path.startswith(ADMINISTRATION) else kind
    return Scope(f"{kind}:{'read' if method in SAFE else 'write'}")


async def check_scope(operation: Operation, callers: Callers, *, connection: asyncpg.Connection) -> list[str]:
    """Call an operation with every scope but its own, which refuses it and changes nothing, and with its own alone."""
    scope, person = expected_scope(str(operation)), callers.person
    values, body = await made_for(person, operation), await own_body(person, operation)
    before = await world_of(connection, person.user_id)
    refused = await operation.call(callers.without[scope].client, values, body=body)
    told = f'Bearer error="insufficient_scope", scope="{scope}"'
    faults = {
        f"without {scope} it gives {refused.status_code}": refused.status_code != 403,
        "the refusal has another code": refused.content and refused.json().get("code") != "SCOPE_MISSING",
        "the refusal does not tell the scope": refused.headers.get("WWW-Authenticate") != told,
        "it changes something": await world_of(connection, person.user_id) != before,
    }
    own = await operation.call(person.client, values, body=body)
    again = await operation.call(callers.having[scope].client, values, body=body)
    faults[f"{scope} alone gives {again.status_code} {again.text}"] = is_past_scopes(again) == (
        str(operation) in OF_BOTH
    )
    faults[f"with every scope it gives {own.status_code}, so that nothing is proved"] = not own.is_success
    return [f"{operation}: {fault}" for fault, found in faults.items() if found]


def is_past_scopes(answer: httpx2.Response) -> bool:
    """Tell whether a request was refused, if it was, for something else than who is calling with which scope."""
    if answer.status_code == 403:
        return answer.json()["code"] in {"SIGN_IN_REQUIRED", "ROLE_MISSING"}
    return answer.status_code != 401


@pytest.mark.spec("AUTH-012")
def test_every_route_with_a_caller_asks_for_one_scope_that_fits(
    application: FastAPI, operations: list[Operation]
) -> None:
    named = scopes_of(application.router.routes)
    assert wrong_scopes(named) == []
    assert named.keys() == {str(operation) for operation in operations if not operation.public}


@pytest.mark.spec("AUTH-012", "AUTH-015", "TOKEN-011")
async def test_no_operation_does_anything_for_a_caller_without_its_scope(
    app: FastAPI, operations: list[Operation], connection: asyncpg.Connection
) -> None:
    """S6."""
    closed, faults = [operation for operation in operations if not operation.public], []
    for operation in closed:
        if operation.is_last:
            continue
        # Some operations end the session of whoever calls them.
        async with joined(app) as person:
            await promote(connection, person)
            async with every_way(app, person) as callers:
                faults += await check_scope(operation, callers, connection=connection)
    assert faults == []
    assert len(closed) >= 30


@pytest.mark.spec("AUTH-015")
@pytest.mark.parametrize("scope", [Scope.TASKS_READ, Scope.ACCOUNT_READ])
async def test_a_caller_may_do_what_its_one_scope_allows(app: FastAPI, ada: Person, scope: Scope) -> None:
    async with limited(app, ada, [scope]) as caller:
        answers = [await caller.client.get(path) for path in ("/api/tasks", "/api/me")]
    allowed = [200, 403] if scope is Scope.TASKS_READ else [403, 200]
    assert [answer.status_code for answer in answers] == allowed


@pytest.mark.spec("AUTH-013")
async def test_nothing_is_read_of_a_body_whose_sender_lacks_the_scope(
    app: FastAPI, ada: Person, operations: list[Operation]
) -> None:
    writes = [operation for operation in operations if operation.is_write]
    targets = [f"{write.method} {write.path.format_map(unknown(write.parameters))}" for write in writes]
    async with limited(app, ada, [Scope.TASKS_READ, Scope.ACCOUNT_READ]) as caller:
        token = caller.client.headers["Authorization"]
        answers = [await exchange(app, target, [b"x" * 1024] * 100, token=token) for target in targets]
    assert {(answer.status, answer.read, answer.closes) for answer in answers} == {(403, 0, True)}


@pytest.mark.spec("AUTH-014")
async def test_a_token_of_our_own_carries_every_scope_and_no_role_by_itself(
    app: FastAPI, ada: Person
) -> None:
    async with open_client(app) as client:
        token = access_token(app.state.runtime, ada.user_id)
        assert (await ask(client, token)).status_code == 200
    caller = await app.state.runtime.recognise(token)
    assert caller == (ada.user_id, "access_token", EVERY_SCOPE, frozenset(), UUID(ada.user_id))


def test_a_route_with_a_scope_that_does_not_fit_is_seen() -> None:
    app, router = FastAPI(docs_url=None, redoc_url=None, openapi_url=None), APIRouter(route_class=Route)

    async def careless(work: TaskReading) -> None: ...

    async def torn(work: TaskReading, write: TaskWriting) -> None: ...

    router.add_api_route("/api/careless", careless, methods=["DELETE"])
    router.add_api_route("/api/torn", torn, methods=["POST"])
    router.add_api_route("/api/careful", careless)
    app.include_router(router)
    assert wrong_scopes(scopes_of(app.router.routes)) == ["DELETE /api/careless", "POST /api/torn"]


async def test_an_operation_that_asks_for_too_little_is_seen(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    careless = Operation("POST", "/api/me", body=None)
    async with every_way(app, ada) as callers:
        faults = await check_scope(careless, callers, connection=connection)
    assert "POST /api/me: without account:write it gives 405" in faults
