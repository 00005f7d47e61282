"""Requests that are sent again with an `Idempotency-Key`: the first answer comes again, and nothing happens twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.api.keyed import NOBODYS_ID, create, replayed, send, told
from tests.api.rows import fetch
from tests.people import Person
from tests.world import leave_role, world_of

KEPT = "select status, created_at from agendum.idempotency_key where user_id = $1"


@pytest.mark.spec("SAFE-011")
async def test_a_request_that_is_sent_again_gets_the_first_answer_and_has_no_further_effect(
    ada: Person,
) -> None:
    first, *copies = [await create(ada) for _ in range(3)]
    assert (first.status_code, first.headers["ETag"], replayed(first)) == (201, '"1"', False)
    assert "Idempotency-Replayed" not in first.headers
    assert [told(copy) for copy in copies] == [told(first)] * 2
    assert all(replayed(copy) for copy in copies)
    assert len(await ada.changes()) == 1


@pytest.mark.spec("SAFE-011")
@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("PUT", "", {"title": "Pay more"}),
        ("PATCH", "", {"title": "Pay more"}),
        ("PATCH", "/complete", None),
        ("PATCH", "/tags", {"remove": []}),
        ("DELETE", "", None),
    ],
)
async def test_every_unsafe_method_takes_a_key(ada: Person, method: str, below: str, body: Any) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}{below}"
    first = await send(ada, method, path, body=body)
    after = await ada.changes()
    second = await send(ada, method, path, body=body)
    assert first.is_success
    assert (told(second), replayed(second)) == (told(first), True)
    assert await ada.changes() == after


@pytest.mark.spec("SAFE-011")
async def test_the_first_answer_comes_again_whatever_has_happened_since(ada: Person) -> None:
    first = await create(ada)
    await ada.client.patch(first.headers["Location"], json={"title": "Pay more"})
    await ada.client.delete(first.headers["Location"])
    assert told(await create(ada)) == told(first)


@pytest.mark.spec("SAFE-011")
async def test_a_deletion_without_a_body_is_replayed_as_such(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    first, second = [await send(ada, "DELETE", path) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in (first, second)] == [(204, b"")] * 2
    assert "Content-Type" not in second.headers
    assert (await ada.client.delete(path)).status_code == 404


@pytest.mark.spec("SAFE-011")
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/tasks", {"title": ""}, 422),
        ("POST", "/api/tasks", {"title": "Pay rent", "category_id": NOBODYS_ID}, 422),
        ("PATCH", f"/api/tasks/{NOBODYS_ID}", {"title": "Pay more"}, 404),
        ("PATCH", "/api/tasks/{id}", {"title": None}, 422),
        ("PATCH", "/api/tasks/not-an-id", {"title": "Pay more"}, 422),
        ("POST", "/api/tasks", {"id": "{id}", "title": "Pay more"}, 409),
    ],
)
async def test_a_refusal_is_not_kept(
    ada: Person, connection: asyncpg.Connection, method: str, path: str, *, body: dict[str, Any], status: int
) -> None:
    task = await ada.create_task()
    body = body | ({"id": task["id"]} if "id" in body else {})
    for _copy in range(2):
        refused = await send(ada, method, path.format_map(task), body=body)
        assert (refused.status_code, replayed(refused)) == (status, False)
        assert refused.json()["code"] != "IDEMPOTENCY_KEY_REUSED"
    assert (await world_of(connection, ada.user_id))["idempotency_key"] == []
    assert (await create(ada)).status_code == 201


@pytest.mark.spec("SAFE-011", "SAFE-008")
async def test_a_stale_write_keeps_nothing_so_that_the_key_serves_the_next_try(ada: Person) -> None:
    path = (await create(ada, "another")).headers["Location"]
    answers = [
        await send(ada, "PATCH", path, body={"title": "Pay more"}, **{"If-Match": seen})
        for seen in ('"7"', '"1"', '"1"')
    ]
    assert [(answer.status_code, replayed(answer)) for answer in answers] == [
        (412, False),
        (200, False),
        (200, True),
    ]
    assert told(answers[1]) == told(answers[2])


@pytest.mark.spec("SAFE-011")
async def test_a_body_that_cannot_be_read_keeps_nothing(ada: Person) -> None:
    headers = {"Idempotency-Key": "8e03978e", "Content-Type": "application/json"}
    broken = await ada.client.post("/api/tasks", content=b"{", headers=headers)
    assert broken.status_code == 400
    assert not replayed(await create(ada))


@pytest.mark.spec("SAFE-011")
@pytest.mark.parametrize(("hours", "again"), [(23, True), (25, False)])
async def test_an_answer_is_kept_for_a_day(
    ada: Person, connection: asyncpg.Connection, hours: int, *, again: bool
) -> None:
    first = await create(ada)
    await leave_role(connection)
    await connection.execute(
        "update agendum.idempotency_key set created_at = created_at - make_interval(hours => $1)", hours
    )
    second = await create(ada)
    assert (replayed(second), told(second) == told(first)) == (again, again)
    third = await create(ada)
    assert (replayed(third), told(third)) == (True, told(second))


@pytest.mark.spec("SAFE-011")
async def test_a_key_that_is_too_old_serves_any_request(ada: Person, connection: asyncpg.Connection) -> None:
    await create(ada)
    await leave_role(connection)
    await connection.execute("update agendum.idempotency_key set created_at = created_at - interval '1 day'")
    assert (await create(ada, title="Pay more")).status_code == 201
    [kept] = await fetch(connection, KEPT, ada.user_id)
    assert kept["created_at"] > datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.spec("SAFE-011", "SAFE-003")
async def test_a_write_that_fails_keeps_nothing(ada: Person, connection: asyncpg.Connection) -> None:
    await leave_role(connection)
    await connection.execute("alter table agendum.change add constraint never check (action <> 'created')")
    assert (await create(ada)).status_code == 500
    await leave_role(connection)
    await connection.execute("alter table agendum.change drop constraint never")
    assert (await world_of(connection, ada.user_id))["idempotency_key"] == []
    assert [replayed(await create(ada)) for _ in range(2)] == [False, True]


@pytest.mark.spec("SAFE-011", "SAFE-003")
async def test_what_cannot_be_kept_has_no_effect(ada: Person, connection: asyncpg.Connection) -> None:
    await leave_role(connection)
    await connection.execute("alter table agendum.idempotency_key add constraint never check (status <> 201)")
    assert (await create(ada)).status_code == 500
    world = await world_of(connection, ada.user_id)
    assert (world["task"], world["change"], world["idempotency_key"]) == ([], [], [])


@pytest.mark.spec("SAFE-014")
@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("DELETE", "/api/tasks/{id}", None, 404),
        ("PATCH", "/api/tasks/{id}", {"title": "Pay more"}, 412),
        ("POST", "/api/categories", {"name": "Home"}, 409),
        ("POST", "/api/tags", {"name": "home"}, 409),
    ],
)
async def test_a_repetition_is_no_victim_of_what_the_first_request_has_done(
    ada: Person, connection: asyncpg.Connection, method: str, path: str, *, body: Any, refusal: int
) -> None:
    path, headers = path.format_map(await ada.create_task()), {"If-Match": '"1"'} if "{id}" in path else {}
    first = await send(ada, method, path, body=body, **headers)
    world = await world_of(connection, ada.user_id)
    again = await send(ada, method, path, body=body, **headers)
    assert (told(again), replayed(again), first.is_success) == (told(first), True, True)
    assert (await send(ada, method, path, key="another", body=body, **headers)).status_code == refusal
    assert await world_of(connection, ada.user_id) == world


@pytest.mark.spec("SAFE-014")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/tasks", {"title": "Pay more", "category_id": NOBODYS_ID}),
        ("PATCH", f"/api/tasks/{NOBODYS_ID}", {"title": "Pay more"}),
        ("DELETE", f"/api/tasks/{NOBODYS_ID}", None),
        ("POST", "/api/categories", {"name": "Home"}),
        ("POST", "/api/categories", {"name": "Work"}),
    ],
)
async def test_that_a_key_was_used_is_told_before_any_other_refusal(
    ada: Person, method: str, path: str, body: Any
) -> None:
    assert (await ada.client.post("/api/categories", json={"name": "Home"})).status_code == 201
    await create(ada)
    before = await ada.changes()
    refused = await send(ada, method, path, body=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await ada.changes() == before
    assert (await create(ada, "another")).status_code == 201
    assert [change["seq"] for change in await ada.changes()] == [1, 2, 3]


@pytest.mark.spec("SAFE-014")
async def test_a_repetition_that_would_fail_is_answered_as_the_first_was(
    ada: Person, connection: asyncpg.Connection
) -> None:
    first = await create(ada)
    await leave_role(connection)
    await connection.execute(
        "alter table agendum.change add constraint never check (action <> 'created') not valid"
    )
    again, other = await create(ada), await create(ada, "another")
    assert (told(again), replayed(again)) == (told(first), True)
    assert (other.status_code, len(await ada.changes())) == (500, 1)


@pytest.mark.spec("SAFE-011")
async def test_a_chosen_id_and_a_key_go_together(ada: Person) -> None:
    chosen = str(uuid7())
    answers = [await create(ada, key, id=chosen) for key in ("a", "b", "a", "b")]
    assert [replayed(answer) for answer in answers] == [False, False, True, True]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(await ada.changes()) == 1


@pytest.mark.spec("SAFE-011")
async def test_a_read_takes_no_key(ada: Person) -> None:
    await create(ada)
    answers = [await send(ada, "GET", "/api/tasks") for _ in range(2)]
    assert [(answer.status_code, replayed(answer)) for answer in answers] == [(200, False)] * 2


@pytest.mark.spec("SAFE-011")
async def test_a_login_is_never_kept_because_it_holds_a_token(
    client: httpx2.AsyncClient, connection: asyncpg.Connection
) -> None:
    account = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
    headers = {"Idempotency-Key": "8e03978e"}
    registered = [await client.post("/auth/register", json=account, headers=headers) for _ in range(2)]
    credentials = {"email": account["email"], "password": account["password"]}
    logins = [await client.post("/auth/login", json=credentials, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in (*registered, *logins)] == [201, 409, 200, 200]
    assert not any(replayed(answer) for answer in (*registered, *logins))
    assert await fetch(connection, "select * from agendum.idempotency_key") == []


@pytest.mark.spec("SAFE-011")
async def test_a_kept_answer_has_its_content_and_no_header_of_the_moment(
    ada: Person, connection: asyncpg.Connection
) -> None:
    first, second = [await create(ada) for _ in range(2)]
    [row] = await fetch(connection, "select key, status, headers::text, body from agendum.idempotency_key")
    assert (row["key"], row["status"], row["body"]) == ("8e03978e", 201, first.content)
    assert "authorization" not in row["headers"].lower()
    assert "x-request-id" not in row["headers"].lower()
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
