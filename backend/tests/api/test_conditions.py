"""Entity tags, conditions and merges.

Nobody writes over what they have not seen, and nobody is sent again what they have.
"""

from typing import Any

import asyncpg
import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.people import Person
from tests.world import world_of

pytestmark = pytest.mark.broad

DUE = {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"}
# Every kind of write of a task that is there: method, what follows its address, and the body.
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "", {"title": "Pay more"}),
    ("PATCH", "", {"title": "Pay more"}),
    ("DELETE", "", None),
    ("PATCH", "/complete", None),
    ("PATCH", "/tags", {"add": "a tag"}),
    ("POST", "/move", {"after": "another task"}),
]
GARBAGE = ["3", '"1', "", '"1" "2"', "*, *", 'w/"1"']


async def write(
    person: Person, task: dict[str, Any], kind: tuple[str, str, Any], **headers: str
) -> httpx2.Response:
    """Write a task in one way; the tag and the other task that this takes are made before."""
    method, below, body = kind
    if below == "/tags":
        body = {
            "add": [(await person.client.post("/api/tags", json={"name": f"errand {uuid7()}"})).json()["id"]]
        }
    if below == "/move":
        body = {"after": (await person.create_task())["id"]}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await person.client.request(method, f"/api/tasks/{task['id']}{below}", json=body, headers=names)


async def patch(
    person: Person, task: dict[str, Any], content: dict[str, Any], **headers: str
) -> httpx2.Response:
    """Update a task partially, under a condition."""
    return await write(person, task, ("PATCH", "", content), **headers)


async def changed(person: Person, **content: Any) -> dict[str, Any]:
    """Return a task as it was before somebody changed it."""
    task = await person.create_task()
    assert (await patch(person, task, content)).status_code == 200
    return task


@pytest.mark.spec("SAFE-007")
async def test_what_is_created_and_what_is_read_carries_its_version(ada: Person) -> None:
    created = await ada.client.post("/api/tasks", json={"title": "Pay rent"})
    read = await ada.client.get(created.headers["Location"])
    assert created.headers["ETag"] == read.headers["ETag"] == '"1"'


@pytest.mark.spec("SAFE-007")
@pytest.mark.parametrize("kind", WRITES)
async def test_the_answer_to_every_write_carries_the_new_version(
    ada: Person, kind: tuple[str, str, Any]
) -> None:
    task = await ada.create_task()
    written = await write(ada, task, kind)
    assert written.is_success
    if kind[0] == "DELETE":
        assert (written.content, "ETag" in written.headers) == (b"", False)
    else:
        assert written.headers["ETag"] == f'"{written.json()["version"]}"' == '"2"'


@pytest.mark.spec("SAFE-007")
@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"9", "1"', "*", ', "1"'])
async def test_a_read_of_what_is_known_is_304_without_a_body(ada: Person, known: str) -> None:
    task = await ada.create_task()
    answer = await ada.client.get(f"/api/tasks/{task['id']}", headers={"If-None-Match": known})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')
    assert not {"Content-Type", "Content-Length"} & answer.headers.keys()


@pytest.mark.spec("SAFE-007")
async def test_several_header_lines_are_one_list(ada: Person) -> None:
    task = await ada.create_task()
    lines = [("If-None-Match", '"7"'), ("If-None-Match", '"1"')]
    assert (await ada.client.get(f"/api/tasks/{task['id']}", headers=lines)).status_code == 304
    matches = [("If-Match", '"7"'), ("If-Match", '"1"')]
    assert (
        await ada.client.patch(f"/api/tasks/{task['id']}", json={"title": "Pay more"}, headers=matches)
    ).status_code == 200


@pytest.mark.spec("SAFE-007")
@pytest.mark.parametrize("known", ['"1"', '"3"', '""', '"02"', 'W/"1", "22"'])
async def test_a_read_of_what_has_changed_is_answered_whole(ada: Person, known: str) -> None:
    task = await changed(ada, title="Pay more")
    answer = await ada.client.get(f"/api/tasks/{task['id']}", headers={"If-None-Match": known})
    assert (answer.status_code, answer.headers["ETag"], answer.json()["title"]) == (200, '"2"', "Pay more")


@pytest.mark.spec("SAFE-007")
@pytest.mark.parametrize("known", ['"1"', "*"])
async def test_a_condition_on_what_is_not_there_or_somebody_elses_is_404(
    ada: Person, bob: Person, known: str
) -> None:
    task = await ada.create_task()
    for person, task_id in ((bob, task["id"]), (ada, str(uuid7()))):
        answer = await person.client.get(f"/api/tasks/{task_id}", headers={"If-None-Match": known})
        assert (answer.status_code, "ETag" in answer.headers) == (404, False)


@pytest.mark.spec("SAFE-007", "SAFE-008")
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize("garbage", GARBAGE)
async def test_what_is_no_list_of_tags_is_refused_by_the_name_of_its_header(
    ada: Person, header: str, garbage: str
) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    method, body = ("PATCH", {"title": "Pay more"}) if header == "If-Match" else ("GET", None)
    refused = await ada.client.request(method, path, json=body, headers={header: garbage})
    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [{"field": header, "message": 'must be * or entity tags such as "3"'}],
    )
    assert len(await ada.changes()) == 1


@pytest.mark.spec("SAFE-008")
@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("seen", ['"1"', '"9", "1"', "*"])
async def test_a_write_of_what_was_seen_succeeds(ada: Person, kind: tuple[str, str, Any], seen: str) -> None:
    task = await ada.create_task()
    assert (await write(ada, task, kind, If_Match=seen)).is_success


@pytest.mark.spec("SAFE-008")
@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("seen", ['"1"', '"1", "3"', 'W/"2"', '"02"', '""', '"99999999999999999999"'])
async def test_a_write_of_what_was_not_seen_is_refused_and_changes_nothing(
    ada: Person, connection: asyncpg.Connection, kind: tuple[str, str, Any], seen: str
) -> None:
    task = await changed(ada, title="Pay more")
    path, before = f"/api/tasks/{task['id']}", (await ada.client.get(f"/api/tasks/{task['id']}")).json()
    refused = await write(ada, task, kind, If_Match=seen)
    assert (refused.status_code, refused.json()["code"], refused.headers["ETag"]) == (412, "STALE", '"2"')
    assert (await ada.client.get(path)).json() == before
    assert [change["version"] for change in await ada.changes() if change["entity_id"] == task["id"]] == [
        1,
        2,
    ]
    assert len((await world_of(connection, ada.user_id))["idempotency_key"]) == 0


@pytest.mark.spec("SAFE-008")
@pytest.mark.parametrize("kind", WRITES)
async def test_a_condition_of_reads_is_refused_on_a_write(ada: Person, kind: tuple[str, str, Any]) -> None:
    task = await ada.create_task()
    response = await write(ada, task, kind, If_None_Match="*")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "If-None-Match")
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.spec("SAFE-008")
async def test_a_write_that_would_change_nothing_is_refused_too_when_it_is_stale(ada: Person) -> None:
    task = await changed(ada, completed=True)
    assert (await write(ada, task, ("PATCH", "/complete", None), If_Match='"1"')).status_code == 412
    assert (await patch(ada, task, {}, If_Match='"1"')).status_code == 412


@pytest.mark.spec("SAFE-008", "ISO-004")
@pytest.mark.parametrize("kind", WRITES)
async def test_a_condition_tells_nobody_of_somebody_elses_version(
    ada: Person, bob: Person, kind: tuple[str, str, Any]
) -> None:
    task = await ada.create_task()
    answers = [
        await write(bob, {"id": task_id}, kind, If_Match='"7"') for task_id in (task["id"], str(uuid7()))
    ]
    assert [(answer.status_code, "ETag" in answer.headers) for answer in answers] == [(404, False)] * 2


@pytest.mark.spec("SAFE-009")
@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ({"title": "Pay more"}, {"description": "by hand"}),
        ({"title": "Pay more", "priority": "high"}, {"due": DUE}),
        ({"due": DUE}, {"completed": True}),
        ({"completed": True}, {"title": "Pay more", "start_date": "2026-11-28"}),
        ({"description": "by hand"}, {}),
    ],
)
async def test_a_stale_update_of_other_fields_is_merged(
    ada: Person, theirs: dict[str, Any], mine: dict[str, Any]
) -> None:
    task = await changed(ada, **theirs)
    merged = await patch(ada, task, mine, If_Match='"1"', Prefer="merge")
    assert merged.status_code == 200
    assert {name: merged.json()[name] for name in theirs | mine} == theirs | mine
    assert merged.headers["ETag"] == ('"3"' if mine else '"2"')


@pytest.mark.spec("SAFE-010")
@pytest.mark.parametrize(
    ("field", "theirs", "mine"),
    [
        ("title", "Pay more", "Pay less"),
        ("description", "by hand", None),
        ("priority", "high", "low"),
        ("due", DUE, {"date": "2026-12-01", "time": None, "timezone": None}),
        ("due", DUE, None),
        ("completed", True, False),
        ("start_date", "2026-11-28", "2026-11-29"),
    ],
)
async def test_a_field_that_was_written_otherwise_is_a_conflict_with_both_values(
    ada: Person, field: str, theirs: Any, mine: Any
) -> None:
    task = await changed(ada, **{field: theirs})
    refused = await patch(ada, task, {field: mine, "parent_id": None}, If_Match='"1"', Prefer="merge")
    assert (refused.status_code, refused.json()["code"]) == (409, "EDIT_CONFLICT")
    assert refused.json()["conflicts"] == [{"field": field, "current": theirs, "given": mine, "seq": 2}]
    assert field in refused.json()["detail"]
    assert [change["seq"] for change in await ada.changes()] == [1, 2]


@pytest.mark.spec("SAFE-010")
async def test_a_conflict_names_every_field_with_the_last_change_of_it(ada: Person) -> None:
    task = await ada.create_task()
    for content in ({"title": "A"}, {"priority": "low", "title": "B"}, {"title": "C"}, {"description": "x"}):
        await patch(ada, task, content)
    mine = {"title": "mine", "priority": "high", "start_date": "2026-11-28"}
    refused = await patch(ada, task, mine, If_Match='"1"', Prefer="merge")
    assert [(conflict["field"], conflict["seq"]) for conflict in refused.json()["conflicts"]] == [
        ("priority", 3),
        ("title", 4),
    ]


@pytest.mark.spec("SAFE-010")
async def test_a_field_that_was_changed_and_changed_back_is_as_it_was_only_for_who_writes_the_same(
    ada: Person,
) -> None:
    task = await changed(ada, title="Pay more")
    await patch(ada, task, {"title": "Pay rent"})
    assert (await patch(ada, task, {"title": "Pay less"}, If_Match='"1"', Prefer="merge")).json()[
        "code"
    ] == "EDIT_CONFLICT"
    assert (await patch(ada, task, {"title": "Pay rent"}, If_Match='"1"', Prefer="merge")).json()[
        "version"
    ] == 3


@pytest.mark.spec("SAFE-009")
@pytest.mark.parametrize(
    "content", [{"title": "Pay more"}, {"due": DUE}, {"completed": True}, {"description": None}]
)
async def test_the_same_value_is_no_conflict(ada: Person, content: dict[str, Any]) -> None:
    task = await changed(ada, **content)
    merged = await patch(ada, task, content, If_Match='"1"', Prefer="merge")
    assert (merged.status_code, merged.json()["version"]) == (
        200,
        1 if content == {"description": None} else 2,
    )


@pytest.mark.spec("SAFE-009")
async def test_tags_merge_as_one_field(ada: Person) -> None:
    first, second = [
        (await ada.client.post("/api/tags", json={"name": name})).json()["id"] for name in ("one", "two")
    ]
    task = await changed(ada, tag_ids=[first])
    assert (await patch(ada, task, {"title": "Pay more"}, If_Match='"1"', Prefer="merge")).status_code == 200
    assert (
        await patch(ada, task, {"tag_ids": [first, first]}, If_Match='"1"', Prefer="merge")
    ).status_code == 200
    refused = await patch(ada, task, {"tag_ids": [second]}, If_Match='"1"', Prefer="merge")
    assert refused.json()["conflicts"] == [
        {"field": "tag_ids", "current": [first], "given": [second], "seq": 4}
    ]


@pytest.mark.spec("SAFE-009")
@pytest.mark.parametrize(
    "preference", ["merge", "Merge", "return=minimal, merge", "respond-async;a=b,MERGE;c"]
)
async def test_a_merge_is_asked_for_among_other_preferences(ada: Person, preference: str) -> None:
    task = await changed(ada, title="Pay more")
    assert (
        await patch(ada, task, {"description": "by hand"}, If_Match='"1"', Prefer=preference)
    ).status_code == 200


@pytest.mark.spec("SAFE-008", "SAFE-009")
@pytest.mark.parametrize("preference", [None, "return=minimal", "merger", 'a="merge, merge"', "merge=never"])
async def test_nobody_is_merged_who_does_not_ask_for_it(ada: Person, preference: str | None) -> None:
    task = await changed(ada, title="Pay more")
    headers = {} if preference is None else {"Prefer": preference}
    refused = await patch(ada, task, {"description": "by hand"}, If_Match='"1"', **headers)
    assert (refused.status_code, refused.json()["code"]) == (412, "STALE")


@pytest.mark.spec("SAFE-009")
@pytest.mark.parametrize("seen", ['"3"', '"9"', 'W/"1"', '"one"', '"0"'])
async def test_a_version_that_never_was_is_no_base_for_a_merge(ada: Person, seen: str) -> None:
    task = await changed(ada, title="Pay more")
    refused = await patch(ada, task, {"description": "by hand"}, If_Match=seen, Prefer="merge")
    assert (refused.status_code, refused.headers["ETag"]) == (412, '"2"')


@pytest.mark.spec("SAFE-009")
async def test_a_merge_starts_from_the_newest_version_that_was_seen(ada: Person) -> None:
    task = await changed(ada, title="Pay more")
    await patch(ada, task, {"priority": "high"})
    assert (
        await patch(ada, task, {"title": "mine"}, If_Match='"1", "2", "9"', Prefer="merge")
    ).status_code == 200


@pytest.mark.spec("SAFE-009")
@pytest.mark.parametrize("kind", WRITES)
async def test_every_partial_update_is_merged_and_nothing_else(
    ada: Person, kind: tuple[str, str, Any]
) -> None:
    task = await changed(ada, description="by hand")
    response = await write(ada, task, kind, If_Match='"1"', Prefer="merge")
    assert response.status_code == (200 if kind[0] == "PATCH" else 412)


@pytest.mark.spec("SAFE-010")
async def test_a_completion_that_was_written_otherwise_is_a_conflict(ada: Person) -> None:
    task = await ada.create_task()
    for completed in (True, False):
        await ada.client.patch(f"/api/tasks/{task['id']}/complete", json={"completed": completed})
    response = await write(ada, task, ("PATCH", "/complete", None), If_Match='"1"', Prefer="merge")
    assert (response.status_code, response.json()["conflicts"][0]["field"]) == (409, "completed")


@pytest.mark.spec("SAFE-009")
async def test_a_merge_that_breaks_a_rule_is_refused_as_any_other_update(ada: Person) -> None:
    task = await changed(ada, title="Pay more")
    child = await ada.create_task(parent_id=task["id"])
    refused = await patch(ada, task, {"parent_id": child["id"]}, If_Match='"1"', Prefer="merge")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "parent_id")
