"""What a person can do with the comments on a task over HTTP."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from dirty_equals import IsNow, IsStr
from uuid_utils.compat import uuid7

from tests.api.rows import fetch
from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


@pytest.fixture
async def path(ada: Person) -> str:
    """The address of the comments on a task of Ada's."""
    return f"/api/tasks/{(await ada.create_task())['id']}/comments"


async def create(person: Person, path: str, body: str = "half now", **content: Any) -> dict[str, Any]:
    """Create a comment and return what the API answered."""
    response = await person.client.post(path, json={"body": body} | content)
    assert response.status_code == 201, response.text
    comment: dict[str, Any] = response.json()
    return comment


async def touch(person: Person, path: str) -> list[httpx2.Response]:
    """Read, change and delete what is at an address."""
    return [
        await person.client.get(path),
        await person.client.patch(path, json={"body": "x"}),
        await person.client.delete(path),
    ]


@pytest.mark.spec("COMMENT-001")
async def test_a_created_comment_can_be_read_at_its_location(ada: Person, path: str) -> None:
    created = await ada.client.post(path, json={"body": "half now"})
    read = await ada.client.get(created.headers["Location"])
    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()
    assert created.headers["ETag"] == read.headers["ETag"] == '"1"'
    assert (
        await ada.client.get(created.headers["Location"], headers={"If-None-Match": '"1"'})
    ).status_code == 304


@pytest.mark.spec("COMMENT-001")
async def test_a_comment_says_what_it_is_on(ada: Person) -> None:
    task = await ada.create_task()
    comment = await create(ada, f"/api/tasks/{task['id']}/comments")
    assert comment == {
        "id": IsStr(),
        "task_id": task["id"],
        "body": "half now",
        "created_at": IsNow(tz="UTC", delta=5, iso_string=True),
        "updated_at": comment["created_at"],
        "deleted_at": None,
        "version": 1,
    }
    assert UUID(comment["id"]).version == 7
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.spec("COMMENT-001")
async def test_the_same_create_again_has_one_effect_and_the_same_answer(ada: Person, path: str) -> None:
    body = {"id": str(uuid7()), "body": "half now"}
    other_path = f"/api/tasks/{(await ada.create_task())['id']}/comments"
    answers = [await ada.client.post(path, json=body) for _ in range(2)]
    refused = [
        await ada.client.post(path, json=body | {"body": "all now"}),
        await ada.client.post(other_path, json=body),
    ]
    assert answers[0].text == answers[1].text
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "ID_TAKEN")] * 2
    assert len(await ada.changes()) == 3


@pytest.mark.spec("COMMENT-001", "COMMENT-005", "COMMENT-006")
async def test_each_write_of_a_comment_is_recorded(ada: Person, path: str) -> None:
    comment = await create(ada, path)
    await ada.client.patch(f"{path}/{comment['id']}", json={"body": "all now"})
    await ada.client.delete(f"{path}/{comment['id']}")
    created, updated, deleted = changes = await ada.changes(after=1)
    assert [(change["entity"], change["action"]) for change in changes] == [
        ("comment", name) for name in ("created", "updated", "deleted")
    ]
    assert {change["entity_id"] for change in changes} == {comment["id"]}
    assert (created["before"], created["after"]) == (
        None,
        {key: comment[key] for key in ("task_id", "body", "created_at", "deleted_at")},
    )
    assert (updated["before"], updated["after"]) == ({"body": "half now"}, {"body": "all now"})
    assert (deleted["before"], deleted["after"]) == (
        {"deleted_at": None},
        {"deleted_at": deleted["occurred_at"]},
    )


@pytest.mark.spec("COMMENT-002")
@pytest.mark.parametrize(
    "text",
    [
        "x",
        "\u6f22" * 10_000,
        " \n# Title\r\n\n- [x] *done*\t`code`\n",
        "<script>alert(1)</script> [a](javascript:alert(1)) &amp;",
        "'; drop table comment; -- $1 %s {0} \\u0000 \\",
        "e\u0301 is not \u00e9",
        "\u202eright\u202c \U0001f469\u200d\U0001f4bb \ufeff\uffff",
        "word " * 2000,
        " ".join(f"word{number}" for number in range(1000)),
    ],
)
async def test_a_text_is_kept_exactly_as_written(ada: Person, path: str, text: str) -> None:
    comment = await create(ada, path, text)
    read = await ada.client.get(f"{path}/{comment['id']}")
    assert comment["body"] == read.json()["body"] == text
    assert (await ada.client.get(path)).json()["items"] == [comment]


@pytest.mark.spec("COMMENT-002")
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\t\r\n",
        "\u3000",
        "\u200b\ufeff",
        "x" * 10_001,
        "a\0b",
        "a\x01b",
        "a\x0bb",
        "a\x7fb",
        "a\x9fb",
        5,
        None,
        [],
        {},
    ],
)
async def test_a_text_that_cannot_be_kept_is_refused(ada: Person, path: str, text: object) -> None:
    comment = await create(ada, path)
    for method, place in (("POST", path), ("PATCH", f"{path}/{comment['id']}")):
        response = await ada.client.request(method, place, json={"body": text})
        assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (
            422,
            ["body"],
        )
    assert len(await ada.changes()) == 2


@pytest.mark.spec("COMMENT-002")
async def test_an_unpaired_surrogate_is_refused(ada: Person, path: str) -> None:
    response = await ada.client.post(
        path, content=rb'{"body": "a\ud800b"}', headers={"Content-Type": "application/json"}
    )
    assert 400 <= response.status_code < 500
    assert (await ada.client.get(path)).json()["total"] == 0


@pytest.mark.spec("COMMENT-002", "COMMENT-005")
@pytest.mark.parametrize(
    "field", ["task_id", "version", "created_at", "updated_at", "deleted_at", "user_id", "author", "search"]
)
async def test_fields_of_the_server_and_unknown_fields_are_refused(
    ada: Person, path: str, field: str
) -> None:
    comment = await create(ada, path)
    for method, place in (("POST", path), ("PATCH", f"{path}/{comment['id']}")):
        response = await ada.client.request(method, place, json={"body": "all now", field: ABSENT})
        assert response.json()["errors"] == [{"field": field, "message": "is not a known field"}]
    assert len(await ada.changes()) == 2


@pytest.mark.spec("COMMENT-003")
async def test_the_list_shows_living_comments_oldest_first(ada: Person, path: str) -> None:
    first, second, third = [await create(ada, path, text) for text in ("c", "b", "a")]
    await create(ada, f"/api/tasks/{(await ada.create_task())['id']}/comments", "elsewhere")
    await ada.client.delete(f"{path}/{second['id']}")
    await ada.client.patch(f"{path}/{first['id']}", json={"body": "edited"})
    page = (await ada.client.get(path)).json()
    assert ([comment["body"] for comment in page["items"]], page["items"][1], page["total"]) == (
        ["edited", "a"],
        third,
        2,
    )


@pytest.mark.spec("COMMENT-003")
async def test_the_list_comes_in_pages(ada: Person, path: str) -> None:
    created = [await create(ada, path, str(number)) for number in range(5)]
    first = (await ada.client.get(path, params={"limit": 2})).json()
    second = (await ada.client.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    last = (await ada.client.get(path, params={"limit": 2, "offset": 4})).json()
    assert first["items"] + second["items"] + last["items"] == created
    assert [(page["total"], page["has_more"]) for page in (first, second, last)] == [
        (5, True),
        (5, True),
        (5, False),
    ]


@pytest.mark.spec("COMMENT-003")
async def test_a_cursor_is_of_the_comments_on_one_task(ada: Person, path: str) -> None:
    for _ in range(2):
        await create(ada, path)
    cursor = (await ada.client.get(path, params={"limit": 1})).json()["next_cursor"]
    other = f"/api/tasks/{(await ada.create_task())['id']}/comments"
    assert (await ada.client.get(other, params={"cursor": cursor})).status_code == 422
    assert (await ada.client.get(path, params={"sort": "body"})).json()["errors"][0]["field"] == "sort.body"


@pytest.mark.spec("COMMENT-004")
async def test_a_comment_is_reached_below_its_own_task_alone(ada: Person, path: str) -> None:
    """S2."""
    comment, other = await create(ada, path), await ada.create_task()
    responses = await touch(ada, f"/api/tasks/{other['id']}/comments/{comment['id']}")
    assert [(response.status_code, response.json()["detail"]) for response in responses] == [
        (404, "There is no such comment.")
    ] * 3
    assert (await ada.client.get(f"{path}/{comment['id']}")).json() == comment


@pytest.mark.spec("COMMENT-004")
async def test_the_comments_of_a_deleted_task_are_there_for_nobody(ada: Person, path: str) -> None:
    comment = await create(ada, path)
    await ada.client.delete(path.removesuffix("/comments"))
    body = {"id": comment["id"], "body": comment["body"]}
    responses = [
        *await touch(ada, f"{path}/{comment['id']}"),
        await ada.client.get(path),
        await ada.client.post(path, json=body),
    ]
    assert [(response.status_code, response.json()["detail"]) for response in responses] == [
        (404, "There is no such task.")
    ] * 5
    assert len(await ada.changes()) == 3


@pytest.mark.spec("COMMENT-004", "ISO-004")
async def test_nobody_comments_on_somebody_elses_task(ada: Person, bob: Person, path: str) -> None:
    comment = await create(ada, path)
    own = f"/api/tasks/{(await bob.create_task())['id']}/comments"
    foreign = [await bob.client.post(path, json={"body": "mine"}), await bob.client.get(path)]
    below_own = await touch(bob, f"{own}/{comment['id']}")
    assert [response.status_code for response in foreign + below_own] == [404] * 5
    assert (await ada.client.get(path)).json()["items"] == [comment]


@pytest.mark.spec("COMMENT-005")
async def test_an_edited_comment_keeps_its_place(ada: Person, path: str) -> None:
    comment = await create(ada, path)
    edited = (await ada.client.patch(f"{path}/{comment['id']}", json={"body": "all now"})).json()
    assert edited == comment | {"body": "all now", "version": 2, "updated_at": edited["updated_at"]}
    assert edited["updated_at"] > comment["updated_at"]


@pytest.mark.spec("COMMENT-005")
@pytest.mark.parametrize("body", [{}, {"body": "half now"}])
async def test_an_edit_that_changes_nothing_records_nothing(
    ada: Person, path: str, body: dict[str, str]
) -> None:
    comment = await create(ada, path)
    response = await ada.client.patch(f"{path}/{comment['id']}", json=body)
    assert (response.status_code, response.json()) == (200, comment)
    assert len(await ada.changes()) == 2


@pytest.mark.spec("COMMENT-005", "SAFE-008")
async def test_a_write_of_an_older_version_is_refused(ada: Person, path: str) -> None:
    place = f"{path}/{(await create(ada, path))['id']}"
    await ada.client.patch(place, json={"body": "all now"})
    stale = {"If-Match": '"1"'}
    refused = [
        await ada.client.patch(place, json={"body": "x"}, headers=stale),
        await ada.client.delete(place, headers=stale),
    ]
    assert [(response.status_code, response.headers["ETag"]) for response in refused] == [(412, '"2"')] * 2
    assert (await ada.client.delete(place, headers={"If-Match": '"2"'})).status_code == 204


@pytest.mark.spec("COMMENT-005", "SAFE-009", "SAFE-010")
async def test_two_edits_of_one_text_do_not_merge_unless_they_agree(ada: Person, path: str) -> None:
    place = f"{path}/{(await create(ada, path))['id']}"
    await ada.client.patch(place, json={"body": "all now"})
    merging = {"If-Match": '"1"', "Prefer": "merge"}
    same = await ada.client.patch(place, json={"body": "all now"}, headers=merging)
    other = await ada.client.patch(place, json={"body": "never"}, headers=merging)
    assert (same.status_code, same.json()["version"]) == (200, 2)
    assert (other.status_code, other.json()["code"]) == (409, "EDIT_CONFLICT")
    assert other.json()["conflicts"] == [{"field": "body", "current": "all now", "given": "never", "seq": 3}]


@pytest.mark.spec("COMMENT-006")
async def test_a_deleted_comment_is_there_for_nobody_and_keeps_its_row(
    ada: Person, path: str, connection: asyncpg.Connection
) -> None:
    comment = await create(ada, path)
    deleted = await ada.client.delete(f"{path}/{comment['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [response.status_code for response in await touch(ada, f"{path}/{comment['id']}")] == [404] * 3
    [row] = await fetch(
        connection, "select body, deleted_at, version from agendum.comment where id = $1", UUID(comment["id"])
    )
    assert (row["body"], row["version"], row["deleted_at"] is None) == ("half now", 2, False)
