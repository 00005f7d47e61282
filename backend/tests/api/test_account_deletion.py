"""Deleting one's own account: who may, what is left, and that nothing of anybody else's is touched."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.domain.callers import Credential, Scope
from app.repositories.erasure import erased_tables
from tests.api.portable import live, made
from tests.api.rows import fetch
from tests.api.tokens import ELSEWHERE, ask, serving, shared
from tests.guards.scopes import EVERY_SCOPE, limited
from tests.people import Person, open_client
from tests.world import world_of

PASSWORD, CANARY = "correct horse battery", "kestrel"
KEPT = {"account", "change"}
CONFIRMED = {"confirm": "delete"}


async def joined(app: FastAPI, email: str = f"{CANARY}@example.com") -> Person:
    """Register and log in as a person does."""
    async with open_client(app) as client:
        body = {"email": email, "password": PASSWORD, "name": f"Ada {CANARY}"}
        registered = await client.post("/auth/register", json=body)
        assert registered.status_code == 201, registered.text
        login = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    return Person(registered.json()["id"], open_client(app, headers))


async def leave(person: Person, body: Any = None, **headers: str) -> httpx2.Response:
    body = {"password": PASSWORD} if body is None else body
    return await person.client.request("DELETE", "/api/me", json=body, headers=headers)


async def dumped(connection: asyncpg.Connection) -> dict[str, str]:
    """Return every column of every row of every table, as text."""
    tables = await fetch(
        connection, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'agendum'"
    )
    names = [table["table_name"] for table in tables]
    return {
        name: str(await fetch(connection, f'SELECT t::text FROM agendum."{name}" t ORDER BY 1'))
        for name in names
    }


async def marked(app: FastAPI) -> Person:
    """Return somebody who has left a mark in every table."""
    person = await joined(app)
    task = await live(person)
    await made(person, f"/api/tasks/{task['id']}/comments", body=CANARY)
    headers = {"Idempotency-Key": CANARY, "X-Request-ID": CANARY * 2}
    await person.client.post("/api/tasks", json={"title": CANARY}, headers=headers)
    await made(person, "/api/filters", name=CANARY, query={"q": CANARY})
    await person.client.patch("/api/me", json={"name": CANARY * 2})
    return person


def tables_with(dump: dict[str, str], text: str) -> set[str]:
    """Name the tables in which a text is found."""
    return {name for name, rows in dump.items() if text in rows}


@pytest.mark.spec("USER-070", "USER-072")
async def test_nothing_of_a_person_is_left_and_nobody_elses_is_touched(
    app: FastAPI, bob: Person, connection: asyncpg.Connection
) -> None:
    ada = await marked(app)
    await live(bob)
    bobs = await world_of(connection, bob.user_id)
    assert tables_with(await dumped(connection), CANARY) >= {"account", "change", "idempotency_key", "task"}
    assert (await leave(ada)).status_code == 204
    dump = await dumped(connection)
    assert tables_with(dump, CANARY) == set()
    assert tables_with(dump, ada.user_id) == KEPT
    assert await world_of(connection, bob.user_id) == bobs


@pytest.mark.spec("USER-072")
async def test_the_frame_of_the_sequence_stays_and_ends_with_the_purge_of_the_account(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    ada = await marked(app)
    before = await ada.changes()
    await leave(ada)
    query = "SELECT * FROM agendum.change WHERE user_id = $1 ORDER BY seq"
    *rows, last = await fetch(connection, query, ada.user_id)
    assert [(row["seq"], row["entity"], str(row["entity_id"]), row["action"]) for row in rows] == [
        (change["seq"], change["entity"], change["entity_id"], change["action"]) for change in before
    ]
    told = (last["seq"], last["entity"], last["action"], str(last["entity_id"]))
    assert told == (len(before) + 1, "account", "purged", ada.user_id)
    assert all(row["before"] is row["after"] is row["request_id"] is None for row in (*rows, last))
    assert all(row["redacted_at"] is not None for row in rows)


@pytest.mark.spec("USER-072")
async def test_what_stays_of_an_account_says_nothing_of_its_person(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    ada = await joined(app)
    await ada.client.patch(
        "/api/me", json={"time_zone": "Europe/Berlin", "language": "de", "week_start": "sunday"}
    )
    await leave(ada)
    (row,) = await fetch(connection, "SELECT * FROM agendum.account WHERE user_id = $1", ada.user_id)
    stays = {name: value for name, value in row.items() if value is not None and not name.endswith("_at")}
    assert stays == {
        "user_id": ada.user_id,
        "issuer": "deleted",
        "subject": ada.user_id,
        "kind": "person",
        "role": "user",
        "week_start": "monday",
        "own_fields": [],
        "version": 3,
    }
    assert row["deleted_at"] == row["updated_at"] > row["created_at"]


NOT_CONFIRMED: list[tuple[Any, int]] = [
    ({}, 422),
    ([], 422),
    *(({"password": wrong}, 401) for wrong in ("wrong", PASSWORD + " ", "x" * 256)),
    *((wrong, 422) for wrong in (CONFIRMED, {"password": ""}, {"password": None}, {"password": 1})),
    *((wrong, 422) for wrong in ({"password": "x" * 257}, {"password": PASSWORD, "user_id": "x"})),
]


@pytest.mark.spec("USER-071")
@pytest.mark.parametrize(("body", "status"), NOT_CONFIRMED)
async def test_an_account_with_a_password_is_not_deleted_without_it(
    app: FastAPI, connection: asyncpg.Connection, body: Any, status: int
) -> None:
    ada = await joined(app)
    await ada.create_task()
    before = await world_of(connection, ada.user_id)
    assert (await leave(ada, body)).status_code == status
    assert await world_of(connection, ada.user_id) == before
    assert (await ada.client.get("/api/me")).status_code == 200


@pytest.mark.spec("USER-071")
async def test_a_credential_that_others_carry_about_deletes_no_account(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    ada = await joined(app)
    async with limited(app, ada, EVERY_SCOPE - {Scope.ACCOUNT_WRITE}) as caller:
        assert (await leave(caller)).json()["code"] == "SCOPE_MISSING"
    runtime = app.state.runtime
    async with limited(app, ada, EVERY_SCOPE) as caller:
        for key, (until, remembered) in [*runtime.callers._entries.items()]:
            runtime.callers._entries[key] = (until, remembered._replace(credential=Credential.PERSONAL_TOKEN))
        assert (await leave(caller)).json()["code"] == "SIGN_IN_REQUIRED"
    assert len((await world_of(connection, ada.user_id))["password"]) == 1


@pytest.mark.spec("USER-076")
async def test_a_deletion_takes_a_condition_and_no_key(app: FastAPI) -> None:
    ada = await joined(app)
    stale = await leave(ada, **{"If-Match": '"7"'})
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"1"')
    keyed = await leave(ada, **{"Idempotency-Key": "again"})
    assert (keyed.status_code, keyed.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert (await leave(ada, **{"If-Match": '"1"'})).status_code == 204


@pytest.mark.spec("USER-074", "USER-075")
async def test_every_token_stops_at_once_and_the_e_mail_is_free_again(app: FastAPI) -> None:
    ada = await joined(app)
    other = ada.client.headers["Authorization"].removeprefix("Bearer ")
    async with open_client(app) as client:
        assert (await ask(client, other)).status_code == 200
        assert (await leave(ada)).status_code == 204
        assert [(await ask(client, other)).status_code, (await leave(ada)).status_code] == [401, 401]
        login = {"email": f"{CANARY}@example.com", "password": PASSWORD}
        assert (await client.post("/auth/login", json=login)).status_code == 401
    again = await joined(app)
    assert again.user_id != ada.user_id
    assert (await again.client.get("/api/tasks")).json()["items"] == []


@pytest.mark.spec("USER-074")
async def test_whoever_is_still_remembered_elsewhere_writes_nothing_any_more(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    ada = await joined(app)
    async with limited(app, ada, EVERY_SCOPE) as elsewhere:
        kept = dict(app.state.runtime.callers._entries)
        await leave(ada)
        app.state.runtime.callers._entries.update(kept)
        before = await dumped(connection)
        answers = [
            await elsewhere.client.post("/api/tasks", json={"title": CANARY}),
            await elsewhere.client.patch("/api/me", json={"name": CANARY}),
            await elsewhere.client.get("/api/me"),
            await elsewhere.client.get("/api/me/export"),
        ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert await dumped(connection) == before


@pytest.fixture
async def elsewhere(settings: Settings, connection: asyncpg.Connection) -> AsyncIterator[httpx2.AsyncClient]:
    more = {"shared_secret_issuer": ELSEWHERE}
    async with serving(settings.model_copy(update=more), connection) as client:
        yield client


@pytest.mark.spec("USER-071", "USER-075")
async def test_who_comes_by_another_issuer_confirms_by_a_word_and_comes_back_as_somebody_new(
    elsewhere: httpx2.AsyncClient,
) -> None:
    headers = {"Authorization": f"Bearer {shared(name=CANARY)}"}
    first = (await elsewhere.get("/api/me", headers=headers)).json()["id"]
    refused = await elsewhere.request("DELETE", "/api/me", json={"password": PASSWORD}, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "confirm")
    gone = await elsewhere.request("DELETE", "/api/me", json=CONFIRMED, headers=headers)
    assert gone.status_code == 204
    assert (await elsewhere.get("/api/me", headers=headers)).json()["id"] != first


@pytest.mark.spec("USER-072")
async def test_a_token_for_what_stays_of_an_account_means_nobody(
    app: FastAPI, settings: Settings, connection: asyncpg.Connection
) -> None:
    ada = await joined(app)
    await leave(ada)
    async with serving(settings.model_copy(update={"shared_secret_issuer": "deleted"}), connection) as client:
        assert (await ask(client, shared("deleted", sub=ada.user_id))).status_code == 401


@pytest.mark.spec("USER-073")
async def test_every_table_with_an_owner_is_erased_and_may_be(connection: asyncpg.Connection) -> None:
    owned = await fetch(
        connection,
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'agendum' AND column_name = 'user_id'",
    )
    names = {row["table_name"] for row in owned}
    assert {table.name for table in erased_tables()} == names - KEPT - {"change_counter"}
    for name in names - KEPT:
        rights = "has_table_privilege('agendum_eraser', $1, 'DELETE')"
        policy = "EXISTS (SELECT FROM pg_policies WHERE tablename = $2 AND policyname = $2 || '_eraser')"
        (found,) = await fetch(connection, f"SELECT {rights} AND {policy} AS ok", f"agendum.{name}", name)
        assert found["ok"], name


@pytest.mark.spec("USER-073")
async def test_the_eraser_reads_and_changes_nothing_else(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await live(ada)
    await live(bob)
    await connection.execute(f"SET LOCAL role = agendum_eraser; SET LOCAL app.user_id = '{ada.user_id}'")
    for query in (
        "SELECT password_hash FROM agendum.password",
        "SELECT title FROM agendum.task",
        "SELECT before FROM agendum.change",
        "SELECT email FROM agendum.account",
        "UPDATE agendum.task SET title = ''",
        "INSERT INTO agendum.tag SELECT * FROM agendum.tag",
        "DELETE FROM agendum.account",
        "DELETE FROM agendum.change",
        "UPDATE agendum.change SET seq = seq + 1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(query)
    assert await connection.execute("DELETE FROM agendum.comment") == "DELETE 2"
    assert len((await world_of(connection, bob.user_id))["comment"]) == 2
