"""What a read gives can be sent back as it is: tried for everything that the OpenAPI document replaces."""

import datetime
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from tests.api.test_cursors import undone
from tests.guards.operations import Operation
from tests.people import Person

pytestmark = pytest.mark.broad

JSON = {"Content-Type": "application/json"}
ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(9998, 12, 31)).map(str)
TIMES = st.times().map(lambda time: time.strftime("%H:%M:%S"))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
# What may be there, for each address of a collection; tags, a category and a parent are made by the test.
CONTENTS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "/api/tasks": st.fixed_dictionaries(
        {"title": LINES.map(lambda text: f"x{text}")},
        optional={
            "description": st.none() | LINES,
            "completed": st.booleans(),
            "priority": st.sampled_from(["none", "low", "medium", "high", "urgent"]),
            "due": st.none()
            | st.fixed_dictionaries({"date": DATES})
            | st.fixed_dictionaries({"date": DATES, "time": TIMES, "timezone": ZONES}),
            "start_date": st.none() | DATES,
            "category_id": st.just("a category"),
            "parent_id": st.just("a task"),
            "tag_ids": st.just(["a tag", "another tag"]),
        },
    )
}
# Other values of what the server writes, as a read of another moment might have given them.
ELSEWHEN = st.fixed_dictionaries(
    {},
    optional={
        "position": LINES,
        "version": st.integers(1, 2**40),
        "created_at": st.just("2020-02-29T23:59:59.999999+14:00"),
        "updated_at": st.just("2020-02-29T23:59:59Z"),
        "completed_at": st.none() | st.just("2020-02-29T23:59:59Z"),
        "deleted_at": st.none() | st.just("2020-02-29T23:59:59Z"),
    },
)


async def with_own(person: Person, content: dict[str, Any]) -> dict[str, Any]:
    """Put things of the person's own where content names some."""
    made: dict[str, Any] = {}
    if "category_id" in content:
        category = await person.client.post("/api/categories", json={"name": str(uuid7())})
        made["category_id"] = category.json()["id"]
    if "parent_id" in content:
        made["parent_id"] = (await person.create_task())["id"]
    if "tag_ids" in content:
        tags = [await person.client.post("/api/tags", json={"name": f"tag {uuid7()}"}) for _ in range(2)]
        made["tag_ids"] = [tag.json()["id"] for tag in tags]
    return content | made


@pytest.mark.spec("TASK-008")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(contents=st.fixed_dictionaries(dict(CONTENTS)), elsewhen=ELSEWHEN)
async def test_what_a_read_gives_can_be_sent_back_and_changes_nothing(
    ada: Person,
    connection: asyncpg.Connection,
    contents: dict[str, dict[str, Any]],
    *,
    elsewhen: dict[str, Any],
) -> None:
    for path, content in contents.items():
        async with undone(connection):
            created = await ada.client.post(path, json=await with_own(ada, content))
            assert created.status_code == 201, created.text
            read = await ada.client.get(created.headers["Location"])
            numbered = len(await ada.changes())
            back = await ada.client.put(
                created.headers["Location"],
                content=read.content,
                headers={"Content-Type": "application/json"},
            )
            again = await ada.client.put(created.headers["Location"], json=read.json() | elsewhen)
            afterwards = len(await ada.changes())
        assert (back.status_code, back.json()) == (200, read.json())
        assert (again.status_code, again.json()) == (200, read.json())
        assert (back.headers["ETag"], afterwards) == (read.headers["ETag"], numbered)


def test_everything_that_can_be_replaced_is_tried(operations: list[Operation]) -> None:
    assert {
        operation.path.rpartition("/")[0] for operation in operations if operation.method == "PUT"
    } == CONTENTS.keys()


@pytest.mark.spec("TASK-008")
async def test_what_is_sent_back_with_one_change_changes_that_alone(ada: Person) -> None:
    task = await ada.create_task(completed=True)
    back = await ada.client.put(f"/api/tasks/{task['id']}", json=task | {"title": "Pay less"})
    assert back.json() == task | {"title": "Pay less", "version": 2, "updated_at": back.json()["updated_at"]}
    assert [change["after"].keys() for change in await ada.changes()][1] >= {"title"}


@pytest.mark.spec("TASK-008")
async def test_another_id_than_that_of_the_address_is_refused(ada: Person, bob: Person) -> None:
    mine, other, foreign = await ada.create_task(), await ada.create_task(), await bob.create_task()
    for task_id in (ID, other["id"], foreign["id"]):
        refused = await ada.client.put(f"/api/tasks/{mine['id']}", json=mine | {"id": task_id, "title": "x"})
        assert (refused.status_code, refused.json()["detail"]) == (422, "id: must be that of the address")
    assert len(await ada.changes()) == 2


@pytest.mark.spec("TASK-008")
@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "1"},
        {"created_at": 0},
        {"created_at": None},
        {"deleted_at": "yesterday"},
        {"position": 1},
        {"user_id": ID},
    ],
)
async def test_what_no_read_gives_is_refused(ada: Person, wrong: dict[str, Any]) -> None:
    task = await ada.create_task()
    refused = await ada.client.put(f"/api/tasks/{task['id']}", json=task | wrong)
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, [*wrong])
