"""Generated from the OpenAPI document: no operation of administration does anything for whoever is no administrator."""

from collections.abc import Mapping

import asyncpg
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.dependencies.administration import OfAdministrators
from app.domain.callers import Scope
from app.models.account import ADMINISTRATION
from tests.guards.makers import made_for, unknown
from tests.guards.operations import Operation
from tests.guards.scopes import EVERY_SCOPE, limited
from tests.guards.strangers import told_apart
from tests.people import Person, promote
from tests.world import World, world_of

INSUFFICIENT = 'Bearer error="insufficient_scope"'


@pytest.fixture
def of_administrators(operations: list[Operation]) -> list[Operation]:
    """What only administrators may call."""
    return [operation for operation in operations if operation.is_administration]


@pytest.fixture
async def admin(ada: Person, connection: asyncpg.Connection) -> Person:
    await promote(connection, ada)
    return ada


async def everything(connection: asyncpg.Connection, *people: str) -> list[World]:
    """Return all that these people and administration have."""
    return [await world_of(connection, owner) for owner in (ADMINISTRATION, *people)]


async def refusal_of(
    operation: Operation, person: Person, values: Mapping[str, str], *, others: Mapping[str, str]
) -> list[str]:
    """Call with the id of somebody, and with others: both are refused, and cannot be told apart."""
    known = await operation.call(person.client, values)
    unknown_id = await operation.call(person.client, others)
    faults = {
        f"it gives {known.status_code}": known.status_code != 403,
        "the code is another": known.json().get("code") != "ROLE_MISSING",
        "the header does not tell": known.headers.get("WWW-Authenticate") != INSUFFICIENT,
        "a known id and an unknown one can be told apart": told_apart(known, unknown_id),
    }
    return [f"{operation}: {fault}" for fault, found in faults.items() if found]


@pytest.mark.spec("ADMIN-004")
async def test_somebody_without_the_role_is_refused_whatever_is_named_and_changes_nothing(
    admin: Person, bob: Person, connection: asyncpg.Connection, of_administrators: list[Operation]
) -> None:
    """S6."""
    for operation in of_administrators:
        values = await made_for(admin, operation)
        people = (bob.user_id, *values.values())
        before = await everything(connection, *people)
        for others in (unknown(values), dict.fromkeys(values, "no-id-at-all")):
            assert await refusal_of(operation, bob, values, others=others) == []
        assert await everything(connection, *people) == before
        assert (await operation.call(admin.client, values)).is_success, operation
    assert len(of_administrators) >= 6


@pytest.mark.spec("ADMIN-004", "AUTH-012")
async def test_an_administrator_without_the_scope_is_refused_and_changes_nothing(
    app: FastAPI, admin: Person, connection: asyncpg.Connection, of_administrators: list[Operation]
) -> None:
    scopes = EVERY_SCOPE - {Scope.USERS_READ, Scope.USERS_WRITE}
    async with limited(app, admin, scopes) as caller:
        for operation in of_administrators:
            values = await made_for(admin, operation)
            before = await everything(connection, *values.values())
            refused = await operation.call(caller.client, values)
            assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING"), operation
            assert await everything(connection, *values.values()) == before


@pytest.mark.spec("ADMIN-004")
async def test_a_credential_of_an_administrator_that_carries_no_role_is_refused(
    app: FastAPI, admin: Person, of_administrators: list[Operation]
) -> None:
    async with limited(app, admin, EVERY_SCOPE) as caller:
        answers = [
            await operation.call(caller.client, unknown(operation.parameters))
            for operation in of_administrators
        ]
    assert {answer.json()["code"] for answer in answers} == {"ROLE_MISSING"}


@pytest.mark.spec("ADMIN-005")
async def test_nobody_is_not_there(admin: Person, of_administrators: list[Operation]) -> None:
    with_id = [operation for operation in of_administrators if operation.parameters]
    for operation in with_id:
        for values in (unknown(operation.parameters), {"user_id": str(ADMINISTRATION)}):
            answer = await operation.call(admin.client, values)
            assert answer.status_code == (422 if values["user_id"] == ADMINISTRATION else 404), operation
    assert len(with_id) >= 4


def test_the_role_is_asked_for_below_these_addresses_and_nowhere_else(
    application: FastAPI, of_administrators: list[Operation]
) -> None:
    asking = {
        f"{method} {route.path}"
        for route in iter_route_contexts(list(application.router.routes))
        for part in getattr(getattr(route, "dependant", None), "dependencies", ())
        if isinstance(part.call, OfAdministrators)
        for method in route.methods or ()
    }
    assert asking == {str(operation) for operation in of_administrators}
