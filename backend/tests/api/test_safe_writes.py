"""Writes that can be repeated, that change only what they name, and that leave nothing behind when they are refused."""

import asyncio
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from tests.api.rows import count_rows
from tests.people import Person, make_person

CONTENT: dict[str, Any] = {
    "title": "Pay rent",
    "description": "by transfer",
    "priority": "low",
    "due": {"date": "2026-12-01"},
}


def chosen(**content: Any) -> dict[str, Any]:
    """Return a task with an id of the client's choice."""
    return {"id": str(uuid7())} | CONTENT | content


def copied(response: httpx2.Response) -> tuple[int, str, str]:
    """Return what copies of one request must have in common."""
    return response.status_code, response.headers["Location"], response.text


@pytest.mark.spec("SAFE-001")
async def test_the_same_create_again_has_one_effect_and_the_same_answer(ada: Person) -> None:
    body = chosen()
    answers = [copied(await ada.client.post("/api/tasks", json=body)) for _ in range(3)]
    assert answers[0][:2] == (201, f"/api/tasks/{body['id']}")
    assert len(set(answers)) == 1
    assert len(await ada.changes()) == 1


@pytest.mark.spec("SAFE-001")
async def test_a_create_that_only_spells_out_the_defaults_is_the_same(ada: Person) -> None:
    short = {"id": str(uuid7()), "title": "Pay rent", "due": {"date": "2026-12-01"}}
    full = short | {
        "description": None,
        "completed": False,
        "priority": "none",
        "due": {"date": "2026-12-01", "time": None, "timezone": None},
    }
    first, second = [await ada.client.post("/api/tasks", json=body) for body in (short, full)]
    assert copied(first) == copied(second)


@pytest.mark.spec("SAFE-001")
@pytest.mark.parametrize(
    "other",
    [
        {"title": "Pay more"},
        {"description": None},
        {"priority": "high"},
        {"completed": True},
        {"due": None},
        {"due": {"date": "2026-12-02"}},
    ],
)
async def test_other_content_under_the_same_id_is_refused(ada: Person, other: dict[str, Any]) -> None:
    body = chosen()
    created = await ada.client.post("/api/tasks", json=body)
    refused = await ada.client.post("/api/tasks", json=body | other)
    assert (refused.status_code, refused.json()["code"]) == (409, "ID_TAKEN")
    assert (await ada.client.get(f"/api/tasks/{body['id']}")).json() == created.json()
    assert len(await ada.changes()) == 1


@pytest.mark.spec("SAFE-001")
async def test_a_late_copy_of_a_create_gives_the_task_as_it_is_now(ada: Person) -> None:
    body = chosen()
    await ada.client.post("/api/tasks", json=body)
    updated = await ada.client.patch(f"/api/tasks/{body['id']}", json={"title": "Pay more"})
    again = await ada.client.post("/api/tasks", json=body)
    assert (again.status_code, again.json()) == (201, updated.json())
    assert len(await ada.changes()) == 2


@pytest.mark.spec("SAFE-001")
async def test_a_late_copy_of_a_create_does_not_bring_a_deleted_task_back(ada: Person) -> None:
    body = chosen()
    await ada.client.post("/api/tasks", json=body)
    await ada.client.delete(f"/api/tasks/{body['id']}")
    again = await ada.client.post("/api/tasks", json=body)
    assert again.status_code == 201
    assert again.json()["deleted_at"] is not None
    assert (await ada.client.get(f"/api/tasks/{body['id']}")).status_code == 404
    assert len(await ada.changes()) == 2


@pytest.mark.spec("SAFE-001")
async def test_two_people_may_choose_the_same_id(ada: Person, bob: Person) -> None:
    body = chosen()
    answers = [
        await person.client.post("/api/tasks", json=body | {"title": person.user_id}) for person in (ada, bob)
    ]
    assert [(answer.status_code, answer.json()["title"]) for answer in answers] == [
        (201, ada.user_id),
        (201, bob.user_id),
    ]


@pytest.mark.spec("SAFE-002")
@pytest.mark.parametrize(
    "body",
    [
        {"title": "Pay more"},
        {"description": None},
        {"priority": "urgent"},
        {"due": None},
        {"due": {"date": "2027-01-01"}},
    ],
)
async def test_an_update_changes_only_what_it_names(ada: Person, body: dict[str, Any]) -> None:
    task = await ada.create_task(**CONTENT)
    updated = (await ada.client.patch(f"/api/tasks/{task['id']}", json=body)).json()
    expected = body if not body.get("due") else {"due": {"time": None, "timezone": None} | body["due"]}
    assert updated == task | expected | {"version": 2, "updated_at": updated["updated_at"]}


@pytest.mark.spec("SAFE-002")
@pytest.mark.parametrize("field", ["title", "completed", "priority"])
async def test_null_for_a_field_that_cannot_be_empty_is_refused(ada: Person, field: str) -> None:
    task = await ada.create_task(**CONTENT)
    response = await ada.client.patch(f"/api/tasks/{task['id']}", json={"description": "other", field: None})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.spec("SAFE-003")
async def test_refused_writes_leave_no_row_no_number_and_no_change(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    body = chosen()
    await ada.client.post("/api/tasks", json=body)
    before = await count_rows(connection)
    refused = [
        await ada.client.post("/api/tasks", json=body | {"title": "other"}),
        await ada.client.post("/api/tasks", json={"title": ""}),
        await ada.client.post("/api/tasks", content=b"{", headers={"Content-Type": "application/json"}),
        await bob.client.put(f"/api/tasks/{body['id']}", json={"title": "mine"}),
        await bob.client.delete(f"/api/tasks/{body['id']}"),
    ]
    assert [response.status_code for response in refused] == [409, 422, 400, 404, 404]
    assert await count_rows(connection) == before
    assert (await ada.create_task())["version"] == 1
    assert [change["seq"] for change in await ada.changes()] == [1, 2]


@pytest.mark.spec("SAFE-003")
async def test_a_write_that_fails_half_way_leaves_nothing(
    ada: Person, connection: asyncpg.Connection
) -> None:
    before = await count_rows(connection)
    await connection.execute("alter table agendum.change add constraint never check (action <> 'created')")
    failed = await ada.client.post("/api/tasks", json={"title": "Pay rent"})
    assert failed.status_code == 500
    assert await count_rows(connection) == before


@pytest.mark.spec("SAFE-003")
async def test_a_write_is_committed_before_its_response_begins(own_app: FastAPI, own_database: str) -> None:
    seen: list[int] = []
    person = await make_person(own_app)
    observer = await asyncpg.connect(dsn=own_database)

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        async def looking(message: Any) -> None:
            if message["type"] == "http.response.start":
                seen.append(await observer.fetchval("select count(*) from agendum.change"))
            await send(message)

        await own_app(scope, receive, looking)

    transport = httpx2.ASGITransport(app=watching)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://agendum.test", headers=person.client.headers
    ) as client:
        response = await client.post("/api/tasks", json={"title": "Pay rent"})
    await person.client.aclose()
    await observer.close()
    assert (response.status_code, seen) == (201, [1])


@pytest.mark.spec("SAFE-004")
async def test_concurrent_writes_to_one_task_are_all_applied(own_app: FastAPI) -> None:
    ada = await make_person(own_app)
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    bodies = [{"title": f"title {number}"} for number in range(12)] + [
        {"description": f"text {number}"} for number in range(12)
    ]
    responses = await asyncio.gather(*(ada.client.patch(path, json=body) for body in bodies))
    task, changes = (await ada.client.get(path)).json(), await ada.changes()
    await ada.client.aclose()
    assert {response.status_code for response in responses} == {200}
    assert sorted(response.json()["version"] for response in responses) == list(range(2, 26))
    assert [change["version"] for change in changes] == list(range(1, 26))
    assert (task["version"], task["title"][:5], task["description"][:4]) == (25, "title", "text")


@pytest.mark.spec("SAFE-005")
async def test_concurrent_copies_of_a_create_have_one_effect_and_equal_answers(own_app: FastAPI) -> None:
    ada, body = await make_person(own_app), chosen()
    answers = await asyncio.gather(*(ada.client.post("/api/tasks", json=body) for _ in range(24)))
    changes = await ada.changes()
    await ada.client.aclose()
    assert len({copied(answer) for answer in answers}) == 1
    assert answers[0].status_code == 201
    assert [change["seq"] for change in changes] == [1]
