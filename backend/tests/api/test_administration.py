"""What administrators do with people, and what is recorded of it."""

from dataclasses import replace
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.database.connection import Database
from app.database.url import read_address
from tests.api.administrators import PUBLIC, act, acts, told
from tests.api.rows import fetch
from tests.guards.makers import CANARY
from tests.people import Person, joined, promote
from tests.world import world_of

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"


@pytest.fixture
async def admin(ada: Person, connection: asyncpg.Connection) -> Person:
    await promote(connection, ada)
    return ada


@pytest.fixture
async def second(app: FastAPI, connection: asyncpg.Connection) -> Any:
    """Another administrator."""
    async with joined(app) as person:
        await promote(connection, person)
        yield person


@pytest.mark.spec("ADMIN-005")
async def test_a_person_is_told_by_what_administrators_need_and_no_more(admin: Person, bob: Person) -> None:
    await bob.create_task(title=CANARY)
    answer = await admin.client.get(f"/api/users/{bob.user_id}")
    assert (answer.status_code, answer.json().keys(), answer.headers["ETag"]) == (200, PUBLIC, '"1"')
    expected = {"id": bob.user_id, "issuer": "agendum", "email": f"{bob.user_id}@example.com", "role": "user"}
    assert answer.json().items() >= expected.items()
    again = await admin.client.get(f"/api/users/{bob.user_id}", headers={"If-None-Match": '"1"'})
    assert again.status_code == 304


@pytest.mark.spec("ADMIN-005")
async def test_people_are_listed_from_the_longest_here_and_walked_by_cursor(
    admin: Person, bob: Person
) -> None:
    first = (await admin.client.get("/api/users?limit=1&count=exact")).json()
    assert (first["total"], first["has_more"], [user["id"] for user in first["items"]]) == (
        2,
        True,
        [admin.user_id],
    )
    assert first["items"][0].keys() == PUBLIC
    second = (await admin.client.get(f"/api/users?limit=1&cursor={first['next_cursor']}")).json()
    assert ([user["id"] for user in second["items"]], second["next_cursor"]) == ([bob.user_id], None)


@pytest.mark.spec("ADMIN-005")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("email=EXAMPLE.com", "ada bob"),
        ("email={bob}", "bob"),
        ("email=%25", ""),
        ("disabled=true", "bob"),
        ("disabled=false", "ada"),
        ("role=admin", "ada"),
        ("role=user&disabled=true", "bob"),
        ("sort=-created_at", "bob ada"),
        ("sort=email", "ada bob"),
        ("sort=-email,created_at", "bob ada"),
    ],
)
async def test_people_are_narrowed_and_sorted(admin: Person, bob: Person, query: str, expected: str) -> None:
    await act(admin, bob, "disable")
    names = {admin.user_id: "ada", bob.user_id: "bob"}
    found = (await admin.client.get(f"/api/users?{query.format(bob=bob.user_id)}")).json()
    assert " ".join(names[user["id"]] for user in found["items"]) == expected
    assert found["total"] == len(expected.split())


@pytest.mark.spec("ADMIN-005")
@pytest.mark.parametrize(
    "query", ["sort=password", "role=root", "disabled=maybe", "email=", "user_id=1", "email=%00", "sort=name"]
)
async def test_what_a_list_of_people_does_not_know_is_refused(admin: Person, query: str) -> None:
    assert told(await admin.client.get(f"/api/users?{query}")) == (422, "VALIDATION_ERROR")


@pytest.mark.spec("ADMIN-005")
@pytest.mark.parametrize(
    "user_id", ["administration", "1", "%00", "' OR 1=1", "x" * 5000, "..%2f..", "%F0%9F%98%80"]
)
@pytest.mark.parametrize("verb", ["", "/disable", "/enable", "/revoke-sessions"])
async def test_an_id_that_is_none_is_refused(admin: Person, user_id: str, verb: str) -> None:
    method = "POST" if verb else "GET"
    answer = await admin.client.request(method, f"/api/users/{user_id}{verb}")
    assert answer.status_code in (404, 422), answer.text
    assert await acts(admin) == []


@pytest.mark.spec("ADMIN-006", "AUTH-016")
async def test_somebody_who_is_disabled_is_refused_at_once(admin: Person, bob: Person) -> None:
    """S23."""
    await bob.create_task()
    answer = await act(admin, bob, "disable")
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert told(await bob.client.get("/api/tasks")) == (401, "ACCOUNT_DISABLED")


@pytest.mark.spec("ADMIN-006")
async def test_disabling_twice_is_the_same_as_once(admin: Person, bob: Person) -> None:
    first, second = [(await act(admin, bob, "disable")).json() for _ in range(2)]
    assert first == second
    assert len(await acts(admin)) == 1


@pytest.mark.spec("ADMIN-007")
async def test_somebody_who_is_enabled_has_everything_back(admin: Person, bob: Person) -> None:
    task = await bob.create_task()
    await act(admin, bob, "disable")
    assert (await act(admin, bob, "enable")).json()["disabled_at"] is None
    assert (await bob.client.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.spec("ADMIN-008")
async def test_what_somebody_has_logged_in_with_is_refused_at_once(admin: Person, bob: Person) -> None:
    assert (await bob.client.get("/api/me")).status_code == 200
    assert (await act(admin, bob, "revoke-sessions")).status_code == 200
    assert told(await bob.client.get("/api/me")) == (401, "INVALID_TOKEN")


@pytest.mark.spec("ADMIN-006", "ADMIN-007")
async def test_nobody_disables_or_enables_the_own_account(admin: Person, second: Person) -> None:
    for verb in ("disable", "enable"):
        assert told(await act(admin, admin, verb)) == (409, "OWN_ACCOUNT")
    assert (second.user_id, await acts(admin)) == (second.user_id, [])


@pytest.mark.spec("ADMIN-014")
async def test_an_administrator_who_is_remembered_does_nothing_after_being_disabled(
    admin: Person, second: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    # As in another process, which has heard of nothing yet.
    assert (await second.client.get("/api/users")).status_code == 200
    await fetch(
        connection, "UPDATE agendum.account SET disabled_at = now() WHERE user_id = $1", second.user_id
    )
    before = await world_of(connection, second.user_id)
    for person, verb in ((second, "enable"), (bob, "disable"), (bob, "revoke-sessions")):
        assert told(await act(second, person, verb)) == (401, "ACCOUNT_DISABLED")
    assert await world_of(connection, second.user_id) == before
    assert await acts(admin) == []


@pytest.mark.spec("ADMIN-014")
async def test_one_whose_role_was_taken_does_nothing_although_it_is_remembered(
    admin: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    assert (await admin.client.get("/api/users")).status_code == 200
    await fetch(connection, "UPDATE agendum.account SET role = 'user' WHERE user_id = $1", admin.user_id)
    assert told(await act(admin, bob, "disable")) == (403, "ROLE_MISSING")


@pytest.mark.spec("ADMIN-010", "ADMIN-012")
async def test_what_is_done_is_recorded_with_who_did_it(admin: Person, second: Person, bob: Person) -> None:
    made = [
        await act(admin, bob, "disable"),
        await act(second, bob, "enable"),
        await act(admin, bob, "revoke-sessions"),
    ]
    recorded = await acts(admin)
    assert [(one["seq"], one["actor"], one["entity_id"], one["version"]) for one in recorded] == [
        (1, admin.user_id, bob.user_id, 2),
        (2, second.user_id, bob.user_id, 3),
        (3, admin.user_id, bob.user_id, 4),
    ]
    assert [one["request_id"] for one in recorded] == [answer.headers["X-Request-ID"] for answer in made]
    assert [[*one["after"]] for one in recorded] == [["disabled_at"], ["disabled_at"], ["tokens_valid_from"]]
    assert recorded[0]["after"] == {"disabled_at": made[0].json()["disabled_at"]}
    assert recorded[0]["before"] == {"disabled_at": None}
    assert {one["source"] for one in recorded} == {"api"}
    page = (await admin.client.get("/api/audit?after=1&limit=1")).json()
    assert ([one["seq"] for one in page["items"]], page["last"], page["has_more"]) == ([2], 2, True)


@pytest.mark.spec("ADMIN-010")
async def test_what_is_done_is_in_nobodys_own_sequence(admin: Person, bob: Person) -> None:
    await act(admin, bob, "disable")
    await act(admin, bob, "enable")
    assert (await admin.changes(), await bob.changes()) == ([], [])


@pytest.mark.spec("ADMIN-010")
async def test_what_is_refused_is_not_recorded_and_takes_no_number(admin: Person, bob: Person) -> None:
    assert told(await act(admin, bob, "disable", **{"If-Match": '"7"'})) == (412, "STALE")
    await act(admin, bob, "disable", **{"If-Match": '"1"'})
    assert [one["seq"] for one in await acts(admin)] == [1]


@pytest.mark.spec("ADMIN-010", "SAFE-011")
async def test_one_key_of_two_administrators_is_two_keys(admin: Person, second: Person, bob: Person) -> None:
    key = {"Idempotency-Key": "the-same"}
    first = await act(admin, bob, "revoke-sessions", **key)
    other = await act(second, bob, "revoke-sessions", **key)
    again = await act(admin, bob, "revoke-sessions", **key)
    assert (first.json()["version"], other.json()["version"], again.json()["version"]) == (2, 3, 2)
    assert ["Idempotency-Replayed" in answer.headers for answer in (first, other, again)] == [
        False,
        False,
        True,
    ]
    assert told(await act(admin, bob, "disable", **key)) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(await acts(admin)) == 2


@pytest.mark.spec("ADMIN-012")
async def test_administration_is_nobody(admin: Person, bob: Person, connection: asyncpg.Connection) -> None:
    await act(admin, bob, "disable")
    [owner] = await fetch(connection, "SELECT user_id, kind FROM agendum.account WHERE kind <> 'person'")
    assert owner == {"user_id": "administration", "kind": "administration"}
    listed = (await admin.client.get("/api/users")).json()
    assert {user["id"] for user in listed["items"]} == {admin.user_id, bob.user_id}


@pytest.mark.spec("ADMIN-001")
async def test_no_request_gives_a_role(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    """S4."""
    new = {"email": f"{uuid7()}@example.com", "password": "correct horse battery", "name": "Eve"}
    assert told(await client.post("/auth/register", json=new | {"role": "admin"})) == (
        422,
        "VALIDATION_ERROR",
    )
    headers = {"Role": "admin", "X-Role": "admin", "X-Roles": "admin", "X-Forwarded-User": "administration"}
    assert (await client.post("/auth/register?role=admin", json=new, headers=headers)).status_code == 201
    assert told(await ada.client.get("/api/users?role=admin", headers=headers)) == (403, "ROLE_MISSING")
    assert (await ada.client.patch("/api/me", json={"role": "admin"})).status_code in (405, 422)
    assert await fetch(connection, "SELECT FROM agendum.account WHERE role = 'admin'") == []


@pytest.mark.spec("ADMIN-010", "OPS-012")
async def test_while_the_database_is_away_nothing_is_done_and_it_is_said(
    app: FastAPI, admin: Person, bob: Person
) -> None:
    assert (await admin.client.get("/api/users")).status_code == 200
    there = app.state.runtime
    async with replace(there, database=Database(read_address(NOWHERE), size=1)) as away:
        app.state.runtime = away
        answers = [await act(admin, bob, verb) for verb in ("disable", "enable", "revoke-sessions")]
        answers += [await admin.client.get(path) for path in ("/api/users", "/api/audit")]
    app.state.runtime = there
    assert {told(answer) for answer in answers} == {(503, "UNAVAILABLE")}
    assert await acts(admin) == []
