"""What a person can do with a task over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from dirty_equals import IsNow, IsStr

from tests.api.rows import fetch
from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
FULL = {
    "title": "Pay rent",
    "description": "Standing order\nis not possible.",
    "completed": False,
    "priority": "high",
    "due": {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"},
    "start_date": "2026-11-28",
}


async def refused_fields(person: Person, **content: Any) -> list[str]:
    """Create a task that must be refused, and return the fields that the refusal names."""
    response = await person.client.post("/api/tasks", json={"title": "Pay rent"} | content)
    assert response.status_code == 422, response.text
    return [error["field"] for error in response.json()["errors"]]


@pytest.mark.spec("TASK-001")
async def test_a_created_task_can_be_read_at_its_location(ada: Person) -> None:
    created = await ada.client.post("/api/tasks", json={"title": "Pay rent"})
    read = await ada.client.get(created.headers["Location"])
    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()


@pytest.mark.spec("TASK-001")
async def test_a_task_begins_with_defaults_and_what_the_server_writes(ada: Person) -> None:
    task = await ada.create_task()
    moment = IsNow(tz="UTC", delta=5, iso_string=True)
    assert task == {
        "id": IsStr(),
        "title": "Pay rent",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": "none",
        "due": None,
        "start_date": None,
        "category_id": None,
        "parent_id": None,
        "position": IsStr(regex="[0-9A-Za-z]{13}"),
        "tag_ids": [],
        "created_at": moment,
        "updated_at": task["created_at"],
        "deleted_at": None,
        "version": 1,
    }
    assert UUID(task["id"]).version == 7


@pytest.mark.spec("TASK-001")
async def test_a_task_keeps_everything_that_it_was_created_with(ada: Person) -> None:
    assert (await ada.create_task(**FULL)).items() >= FULL.items()


@pytest.mark.spec("TASK-009")
async def test_a_task_can_be_created_completed(ada: Person) -> None:
    task = await ada.create_task(completed=True)
    assert task["completed"] is True
    assert task["completed_at"] == task["created_at"]


@pytest.mark.spec("TASK-002")
@pytest.mark.parametrize("title", ["x", "x" * 500, " x ", "\U0001f3e0" * 500])
async def test_a_title_may_have_1_to_500_characters(ada: Person, title: str) -> None:
    assert (await ada.create_task(title=title))["title"] == title


@pytest.mark.spec("TASK-002")
@pytest.mark.parametrize(
    "title",
    [
        "",
        " ",
        "\u00a0\u3000",
        "x" * 501,
        "a\nb",
        "a\rb",
        "a\tb",
        "a\u2028b",
        "a\u2029b",
        "a\u0085b",
        "a\x7fb",
        5,
        None,
    ],
)
async def test_a_title_that_is_no_line_of_text_is_refused(ada: Person, title: object) -> None:
    assert await refused_fields(ada, title=title) == ["title"]


@pytest.mark.spec("TASK-003")
async def test_a_description_may_have_10000_characters_and_no_more(ada: Person) -> None:
    assert (await ada.create_task(description="ä" * 10_000))["description"] == "ä" * 10_000
    assert await refused_fields(ada, description="ä" * 10_001) == ["description"]


@pytest.mark.spec("TASK-003")
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "a\tb\r\nc",
        "e\u0301 is not \u00e9",
        "\u202eright\u202c",
        "\U0001f469\u200d\U0001f4bb",
        "\ufeff",
        "\uffff",
    ],
)
async def test_a_description_is_kept_exactly_as_written(ada: Person, text: str) -> None:
    task = await ada.create_task(description=text)
    read = await ada.client.get(f"/api/tasks/{task['id']}")
    assert task["description"] == read.json()["description"] == text


@pytest.mark.spec("TASK-003")
@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x1f", "\x7f", "\x9f"])
async def test_control_characters_in_a_description_are_refused(ada: Person, character: str) -> None:
    assert await refused_fields(ada, description=f"a{character}b") == ["description"]


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize("date", ["2026-12-01", "1900-01-01", "9998-12-31", "2028-02-29"])
async def test_a_due_date_stays_a_date(ada: Person, date: str) -> None:
    assert (await ada.create_task(due={"date": date}))["due"] == {
        "date": date,
        "time": None,
        "timezone": None,
    }


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize(
    ("written", "read"), [("09:00", "09:00:00"), ("23:59:59", "23:59:59"), ("00:00:00.000", "00:00:00")]
)
async def test_a_due_time_is_wall_clock_time_of_its_zone(ada: Person, written: str, read: str) -> None:
    due = {"date": "2026-03-29", "time": written, "timezone": "America/Argentina/Buenos_Aires"}
    assert (await ada.create_task(due=due))["due"] == due | {"time": read}


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize(
    ("due", "field"),
    [
        ({"date": "2026-12-01", "time": "09:00"}, "due"),
        ({"date": "2026-12-01", "timezone": "Europe/Berlin"}, "due"),
        ({"time": "09:00", "timezone": "Europe/Berlin"}, "due.date"),
        ({"date": "2026-12-01", "time": "09:00", "timezone": "Europe/Atlantis"}, "due.timezone"),
        ({"date": "2026-12-01", "time": "09:00", "timezone": "../UTC"}, "due.timezone"),
        ({"date": "2026-12-01", "time": "09:00:00.5", "timezone": "UTC"}, "due.time"),
        ({"date": "2026-12-01", "time": "09:00:00.0000001", "timezone": "UTC"}, "due.time"),
        ({"date": "2026-12-01", "time": "09:00Z", "timezone": "UTC"}, "due.time"),
        ({"date": "2026-12-01", "time": "09:00+01:00", "timezone": "UTC"}, "due.time"),
        ({"date": "2026-12-01", "hour": 9}, "due.hour"),
    ],
)
async def test_a_due_that_cannot_be_kept_is_refused(ada: Person, due: dict[str, object], field: str) -> None:
    assert await refused_fields(ada, due=due) == [field]


@pytest.mark.spec("TASK-005")
@pytest.mark.parametrize(
    "field", ["completed_at", "created_at", "updated_at", "deleted_at", "version", "user_id", "owner"]
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_fields_of_the_server_and_unknown_fields_are_refused(
    ada: Person, method: str, field: str
) -> None:
    path = "/api/tasks" if method == "POST" else f"/api/tasks/{ABSENT}"
    response = await ada.client.request(method, path, json={"title": "Pay rent", field: None})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": field, "message": "is not a known field"}]


@pytest.mark.spec("TASK-006")
async def test_the_list_shows_living_tasks_newest_first(ada: Person) -> None:
    first, second, third = [await ada.create_task(title=title) for title in ("first", "second", "third")]
    await ada.client.delete(f"/api/tasks/{second['id']}")
    page = (await ada.client.get("/api/tasks")).json()
    assert page["items"] == [third, first]
    assert page["total"] == 2


@pytest.mark.spec("TASK-006")
async def test_an_empty_list_has_no_items(ada: Person) -> None:
    response = await ada.client.get("/api/tasks")
    assert response.json() == {
        "items": [], "total": 0, "total_exact": True, "limit": 50, "offset": 0, "has_more": False, "next_cursor": None,
    }  # fmt: skip


@pytest.mark.spec("TASK-007", "TASK-011")
async def test_a_deleted_task_is_there_for_nobody(ada: Person) -> None:
    task = await ada.create_task()
    path = f"/api/tasks/{task['id']}"
    deleted = await ada.client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    afterwards = [
        await ada.client.get(path),
        await ada.client.put(path, json={"title": "x"}),
        await ada.client.patch(path, json={"title": "x"}),
        await ada.client.patch(f"{path}/complete"),
        await ada.client.delete(path),
    ]
    assert [response.status_code for response in afterwards] == [404] * 5
    assert len(await ada.changes()) == 2


@pytest.mark.spec("TASK-011")
async def test_a_deleted_task_keeps_its_row(ada: Person, connection: asyncpg.Connection) -> None:
    task = await ada.create_task(**FULL)
    await ada.client.delete(f"/api/tasks/{task['id']}")
    [row] = await fetch(
        connection,
        "select title, description, deleted_at, version from agendum.task where id = $1",
        UUID(task["id"]),
    )
    assert (row["title"], row["description"], row["version"]) == (FULL["title"], FULL["description"], 2)
    assert row["deleted_at"] >= datetime.fromisoformat(task["created_at"])


@pytest.mark.spec("TASK-008")
async def test_replacing_gives_absent_fields_their_defaults(ada: Person) -> None:
    task = await ada.create_task(**FULL | {"completed": True})
    replaced = (await ada.client.put(f"/api/tasks/{task['id']}", json={"title": "Pay less"})).json()
    expected: dict[str, Any] = {
        "title": "Pay less",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": "none",
    }
    expected |= {"due": None, "start_date": None, "category_id": None, "parent_id": None, "tag_ids": []}
    assert replaced == task | expected | {"version": 2, "updated_at": replaced["updated_at"]}
    assert replaced["updated_at"] > task["updated_at"]


@pytest.mark.spec("TASK-008")
async def test_replacing_needs_a_title(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    assert (await ada.client.put(path, json={"priority": "low"})).json()["detail"] == "title: is required"


@pytest.mark.spec("TASK-009")
async def test_completing_twice_is_the_same_as_once(ada: Person) -> None:
    task = await ada.create_task()
    path = f"/api/tasks/{task['id']}/complete"
    first = await ada.client.patch(path)
    second = await ada.client.patch(path, json={"completed": True})
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.json()["completed"] is True
    assert first.json()["completed_at"] == first.json()["updated_at"] > task["created_at"]
    assert [change["action"] for change in await ada.changes()] == ["created", "completed"]


@pytest.mark.spec("TASK-010")
async def test_reopening_clears_the_moment_of_completion(ada: Person) -> None:
    task = await ada.create_task(completed=True)
    path = f"/api/tasks/{task['id']}/complete"
    first = await ada.client.patch(path, json={"completed": False})
    second = await ada.client.patch(path, json={"completed": False})
    assert first.json() == second.json()
    assert (first.json()["completed"], first.json()["completed_at"]) == (False, None)
    assert [change["action"] for change in await ada.changes()] == ["created", "reopened"]


@pytest.mark.spec("TASK-009", "TASK-010")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_completion_by_a_write_of_the_whole_task_is_completion(ada: Person, method: str) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    completed = (await ada.client.request(method, path, json={"title": "Pay rent", "completed": True})).json()
    again = (await ada.client.request(method, path, json={"title": "Pay more", "completed": True})).json()
    reopened = (await ada.client.request(method, path, json={"title": "Pay more", "completed": False})).json()
    assert completed["completed_at"] == again["completed_at"] == completed["updated_at"]
    assert reopened["completed_at"] is None
    assert [change["action"] for change in await ada.changes()] == [
        "created",
        "completed",
        "updated",
        "reopened",
    ]


@pytest.mark.spec("TASK-012")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", FULL),
        ("PATCH", "", FULL),
        ("PATCH", "", {}),
        ("PATCH", "", {"due": FULL["due"]}),
        ("PATCH", "/complete", {"completed": False}),
    ],
)
async def test_a_write_that_changes_nothing_records_nothing(
    ada: Person, method: str, path: str, body: dict[str, object]
) -> None:
    task = await ada.create_task(**FULL)
    response = await ada.client.request(method, f"/api/tasks/{task['id']}{path}", json=body)
    assert (response.status_code, response.json()) == (200, task)
    assert len(await ada.changes()) == 1
