"""Who is meant when somebody is made an administrator, and what becomes of it."""

from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from app.domain.account_errors import LastAdministrator
from app.domain.changes import Source
from app.domain.errors import NotFound
from app.models.account import UserRow
from app.repositories.administration import acting, administering
from app.runtime import Runtime
from app.services import administration
from tests.api.administrators import acts, told
from tests.api.rows import fetch
from tests.people import Person


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    """The parts over the transaction of this test."""
    runtime: Runtime = app.state.runtime
    return runtime


async def change(runtime: Runtime, person: Person, *, grants: bool) -> UserRow:
    """Grant or revoke the role at the console."""
    now, origin = runtime.clock(), acting(administration.CONSOLE, Source.CONSOLE)
    act = administration.grant if grants else administration.revoke
    async with administering(runtime.database, origin, now=now) as work:
        return await act(work, UUID(person.user_id), now=now)


@pytest.mark.spec("ADMIN-001")
@pytest.mark.parametrize("form", ["{}@example.com", "{}@EXAMPLE.com", " Ada <{}@example.com>", "{}"])
async def test_somebody_is_meant_by_the_e_mail_of_a_registration_or_by_the_id(
    runtime: Runtime, ada: Person, form: str
) -> None:
    assert str(await administration.identify(runtime.identity, form.format(ada.user_id))) == ada.user_id


@pytest.mark.spec("ADMIN-001")
@pytest.mark.parametrize(
    "named",
    [
        "nobody@example.com",
        "nobody",
        "",
        "@",
        "a@b@c",
        "administration",
        "é\udcff@x.test",
        "x@" + "y" * 9000,
        "\0@x",
    ],
)
async def test_whoever_is_nobody_is_not_found(runtime: Runtime, named: str) -> None:
    with pytest.raises(NotFound):
        await administration.identify(runtime.identity, named)


@pytest.mark.spec("ADMIN-001")
async def test_somebody_of_another_issuer_is_not_meant_by_an_e_mail(
    runtime: Runtime, ada: Person, connection: asyncpg.Connection
) -> None:
    await fetch(connection, "UPDATE agendum.account SET issuer = 'elsewhere' WHERE user_id = $1", ada.user_id)
    with pytest.raises(NotFound):
        await administration.identify(runtime.identity, f"{ada.user_id}@example.com")
    assert (await change(runtime, ada, grants=True)).role == "admin"


@pytest.mark.spec("ADMIN-001", "ADMIN-002", "ADMIN-010")
async def test_the_role_is_granted_and_revoked_and_each_is_recorded_once(
    runtime: Runtime, ada: Person, bob: Person
) -> None:
    await change(runtime, ada, grants=True)
    for _ in range(2):
        await change(runtime, bob, grants=True)
    recorded = await acts(ada)
    assert [(one["entity_id"], one["actor"], one["after"]) for one in recorded] == [
        (person.user_id, "console", {"role": "admin"}) for person in (ada, bob)
    ]
    assert {one["source"] for one in recorded} == {"console"}
    await change(runtime, ada, grants=False)
    runtime.forget(ada.user_id)
    assert told(await ada.client.get("/api/users")) == (403, "ROLE_MISSING")


@pytest.mark.spec("ADMIN-009")
async def test_the_last_administrator_is_not_revoked(
    runtime: Runtime, ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    for person in (ada, bob):
        await change(runtime, person, grants=True)
    await fetch(connection, "UPDATE agendum.account SET disabled_at = now() WHERE user_id = $1", bob.user_id)
    with pytest.raises(LastAdministrator):
        await change(runtime, ada, grants=False)
    # One who is disabled does not count, and need not stay.
    assert (await change(runtime, bob, grants=False)).role == "user"


@pytest.mark.spec("ADMIN-001")
async def test_nobody_is_made_an_administrator_who_is_not_there(runtime: Runtime, ada: Person) -> None:
    nobody = Person("019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f", ada.client)
    with pytest.raises(NotFound):
        await change(runtime, nobody, grants=True)
