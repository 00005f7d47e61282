"""What a person can do with saved filters over HTTP."""

from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from dirty_equals import IsNow, IsStr
from uuid_utils.compat import uuid7

from tests.api.lists import refused_fields
from tests.api.rows import fetch
from tests.people import Person

pytestmark = pytest.mark.broad

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
PATH = "/api/filters"
QUERY = {"status": "open"}
NO_LISTS: list[object] = [[], "", [[]], [None], [5], {}, 5]


async def create(person: Person, name: str = "Open", **content: Any) -> dict[str, Any]:
    """Create a saved filter and return what the API answered."""
    response = await person.client.post(PATH, json={"name": name, "query": QUERY} | content)
    assert response.status_code == 201, response.text
    saved: dict[str, Any] = response.json()
    return saved


async def names(person: Person) -> list[str]:
    """Return the names of a person's saved filters in the order of the list."""
    return [saved["name"] for saved in (await person.client.get(PATH)).json()["items"]]


@pytest.mark.spec("FILTER-001")
async def test_a_created_filter_can_be_read_at_its_location(ada: Person) -> None:
    created = await ada.client.post(PATH, json={"name": "Open", "query": QUERY})
    read = await ada.client.get(created.headers["Location"])
    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()
    assert created.headers["ETag"] == read.headers["ETag"] == '"1"'


@pytest.mark.spec("FILTER-001")
async def test_a_filter_begins_with_what_the_server_writes(ada: Person) -> None:
    saved = await create(ada)
    assert saved == {
        "id": IsStr(),
        "name": "Open",
        "query": QUERY,
        "created_at": IsNow(tz="UTC", delta=5, iso_string=True),
        "updated_at": saved["created_at"],
        "deleted_at": None,
        "version": 1,
    }
    assert UUID(saved["id"]).version == 7


@pytest.mark.spec("FILTER-001")
async def test_the_same_create_again_has_one_effect_and_the_same_answer(ada: Person) -> None:
    query = {"status": "open", "due_before": "2026-12-01", "q": "rent", "sort": "-due,title"}
    body = {"id": str(uuid7()), "name": "Open", "query": query}
    answers = [await ada.client.post(PATH, json=body) for _ in range(2)]
    other = await ada.client.post(PATH, json=body | {"query": {}})
    assert answers[0].text == answers[1].text
    assert [answer.status_code for answer in answers] == [201, 201]
    assert (other.status_code, other.json()["code"]) == (409, "ID_TAKEN")
    assert len(await ada.changes()) == 1


@pytest.mark.spec("FILTER-001", "FILTER-010")
async def test_a_late_copy_of_a_create_may_refer_to_what_has_gone(ada: Person) -> None:
    category = (await ada.client.post("/api/categories", json={"name": "Household"})).json()
    body = {"id": str(uuid7()), "name": "Open", "query": {"category_id": category["id"]}}
    first = await ada.client.post(PATH, json=body)
    await ada.client.delete(f"/api/categories/{category['id']}")
    assert (await ada.client.post(PATH, json=body)).text == first.text


@pytest.mark.spec("FILTER-001", "FILTER-007", "FILTER-008")
async def test_each_write_of_a_filter_is_recorded(ada: Person) -> None:
    saved = await create(ada)
    await ada.client.patch(f"{PATH}/{saved['id']}", json={"query": {"status": "completed"}})
    await ada.client.delete(f"{PATH}/{saved['id']}")
    created, updated, deleted = changes = await ada.changes()
    assert [(change["entity"], change["action"]) for change in changes] == [
        ("saved_filter", name) for name in ("created", "updated", "deleted")
    ]
    assert (created["before"], created["after"]) == (
        None,
        {key: saved[key] for key in ("name", "query", "created_at", "deleted_at")},
    )
    assert (updated["before"], updated["after"]) == ({"query": QUERY}, {"query": {"status": "completed"}})
    assert (deleted["before"], deleted["after"]) == (
        {"deleted_at": None},
        {"deleted_at": deleted["occurred_at"]},
    )


@pytest.mark.spec("FILTER-002")
@pytest.mark.parametrize(
    "name", ["x", "\u6f22" * 200, " x ", "'; drop table saved_filter; --", "<script>", "\u202eevil"]
)
async def test_a_name_is_stored_exactly_as_written(ada: Person, name: str) -> None:
    assert (await create(ada, name))["name"] == name
    assert await names(ada) == [name]


@pytest.mark.spec("FILTER-002")
@pytest.mark.parametrize(
    "name", ["", " ", "\u3000", "x" * 201, "a\nb", "a\0b", "a\x7fb", "a\u2028b", 5, None, [], {}]
)
async def test_a_name_that_is_no_line_of_text_is_refused(ada: Person, name: object) -> None:
    saved = await create(ada)
    assert refused_fields(await ada.client.post(PATH, json={"name": name, "query": QUERY})) == ["name"]
    assert refused_fields(await ada.client.patch(f"{PATH}/{saved['id']}", json={"name": name})) == ["name"]
    assert len(await ada.changes()) == 1


@pytest.mark.spec("FILTER-002")
@pytest.mark.parametrize("field", ["version", "created_at", "deleted_at", "user_id", "sort"])
async def test_fields_of_the_server_and_unknown_fields_are_refused(ada: Person, field: str) -> None:
    response = await ada.client.post(PATH, json={"name": "Open", "query": QUERY, field: None})
    assert response.json()["errors"] == [{"field": field, "message": "is not a known field"}]


@pytest.mark.spec("FILTER-003")
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *[
            ("limit", 5),
            ("offset", 0),
            ("cursor", "x"),
            ("count", "exact"),
            ("order", "title"),
            ("Status", "open"),
        ],
        *[
            ("status", "closed"),
            ("status", 5),
            ("priority", "extreme"),
            ("sort", "password"),
            ("sort", "title;drop"),
        ],
        *[
            ("category_id", "x"),
            ("parent_id", 5),
            ("due_before", "tomorrow"),
            ("due_after", 86400),
            ("updated_after", "2026-12-01T00:00:00"),
            *product(("tag", "priority", "sort"), NO_LISTS),
        ],
        *[
            ("overdue", "perhaps"),
            ("no_due", []),
            ("timezone", "Europe/Atlantis"),
            ("tag_match", "some"),
            ("q", "w " * 17),
            ("q", "?!"),
        ],
    ],
)
async def test_a_query_is_validated_as_the_list_does(ada: Person, parameter: str, value: object) -> None:
    saved = await create(ada)
    refused = [
        await ada.client.post(PATH, json={"name": "Bad", "query": {parameter: value}}),
        await ada.client.patch(f"{PATH}/{saved['id']}", json={"query": {parameter: value}}),
    ]
    assert [refused_fields(response)[0].split(".")[:2] for response in refused] == [["query", parameter]] * 2
    assert len(await ada.changes()) == 1


@pytest.mark.spec("FILTER-003")
@pytest.mark.parametrize("query", [None, [], "status=open", 5, {str(number): 1 for number in range(101)}])
async def test_a_query_is_an_object_of_few_fields(ada: Person, query: object) -> None:
    assert refused_fields(await ada.client.post(PATH, json={"name": "Bad", "query": query})) == ["query"]
    assert refused_fields(await ada.client.post(PATH, json={"name": "Bad"})) == ["query"]


@pytest.mark.spec("FILTER-003")
async def test_parameters_at_their_defaults_are_not_kept(ada: Person) -> None:
    saved = await create(ada, query={"include_deleted": False, "tag_match": "any", "status": "open"})
    assert saved["query"] == {"status": "open"}
    assert (await create(ada, "All", query={}))["query"] == {}


@pytest.mark.spec("FILTER-004", "ISO-008")
@pytest.mark.parametrize("parameter", ["category_id", "parent_id", "tag"])
async def test_a_query_refers_to_what_is_the_persons_own(ada: Person, bob: Person, parameter: str) -> None:
    foreign = {
        "category_id": (await bob.client.post("/api/categories", json={"name": "Bob's"})).json()["id"],
        "tag": (await bob.client.post("/api/tags", json={"name": "bob"})).json()["id"],
        "parent_id": (await bob.create_task())["id"],
    }
    saved = await create(ada)
    for name, path in (("POST", PATH), ("PATCH", f"{PATH}/{saved['id']}")):
        queries = [{parameter: foreign[parameter]}, {parameter: ABSENT}]
        answers = [
            await ada.client.request(name, path, json={"name": "Bad", "query": query}) for query in queries
        ]
        assert refused_fields(answers[0]) == [f"query.{parameter}"]
        assert answers[0].json() | {"request_id": ""} == answers[1].json() | {"request_id": ""}
    assert len(await ada.changes()) == 1


@pytest.mark.spec("FILTER-005")
async def test_a_name_is_given_once(ada: Person, bob: Person) -> None:
    await create(ada, "Open")
    other = await create(ada, "open")
    refused = [
        await ada.client.post(PATH, json={"name": "Open", "query": {}}),
        await ada.client.patch(f"{PATH}/{other['id']}", json={"name": "Open"}),
    ]
    assert [(response.status_code, response.json()["code"]) for response in refused] == [
        (409, "NAME_TAKEN")
    ] * 2
    assert "_" not in refused[0].json()["detail"]
    assert len(await ada.changes()) == 2
    assert (await create(bob, "Open"))["name"] == "Open"


@pytest.mark.spec("FILTER-005")
async def test_the_name_of_a_deleted_filter_is_free(ada: Person) -> None:
    first = await create(ada)
    await ada.client.delete(f"{PATH}/{first['id']}")
    assert (await create(ada))["id"] != first["id"]


@pytest.mark.spec("FILTER-006")
async def test_the_list_shows_living_filters_by_name_in_pages(ada: Person, bob: Person) -> None:
    created = {name: await create(ada, name) for name in ("c", "a", "e", "b", "d")}
    await create(bob, "f")
    await ada.client.delete(f"{PATH}/{(await create(ada, 'g'))['id']}")
    first = (await ada.client.get(PATH, params={"limit": 2})).json()
    second = (await ada.client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    last = (await ada.client.get(PATH, params={"limit": 2, "offset": 4})).json()
    assert first["items"] + second["items"] + last["items"] == [created[name] for name in "abcde"]
    assert [(page["total"], page["has_more"]) for page in (first, second, last)] == [
        (5, True),
        (5, True),
        (5, False),
    ]


@pytest.mark.spec("FILTER-007")
@pytest.mark.parametrize("body", [{"name": "Other"}, {"query": {"status": "completed"}}, {"query": {}}, {}])
async def test_an_update_changes_only_what_it_names(ada: Person, body: dict[str, Any]) -> None:
    saved = await create(ada)
    updated = (await ada.client.patch(f"{PATH}/{saved['id']}", json=body)).json()
    assert updated == saved | body | {"version": 2 if body else 1, "updated_at": updated["updated_at"]}
    assert (await ada.client.get(f"{PATH}/{saved['id']}")).json() == updated
    assert len(await ada.changes()) == updated["version"]


@pytest.mark.spec("FILTER-007", "SAFE-008")
async def test_a_write_of_an_older_version_is_refused(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    await ada.client.patch(path, json={"query": {}})
    stale = {"If-Match": '"1"'}
    refused = [
        await ada.client.patch(path, json={"name": "Other"}, headers=stale),
        await ada.client.delete(path, headers=stale),
    ]
    assert [(response.status_code, response.headers["ETag"]) for response in refused] == [(412, '"2"')] * 2
    assert (await ada.client.delete(path, headers={"If-Match": '"2"'})).status_code == 204


@pytest.mark.spec("FILTER-007", "SAFE-009", "SAFE-010")
async def test_an_update_of_an_older_version_merges_on_request(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    await ada.client.patch(path, json={"query": {}})
    merging = {"If-Match": '"1"', "Prefer": "merge"}
    merged = await ada.client.patch(path, json={"name": "Other"}, headers=merging)
    refused = await ada.client.patch(path, json={"query": {"status": "completed"}}, headers=merging)
    assert (merged.status_code, merged.json()["name"], merged.json()["query"]) == (200, "Other", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "EDIT_CONFLICT")
    assert refused.json()["conflicts"] == [
        {"field": "query", "current": {}, "given": {"status": "completed"}, "seq": 2}
    ]


@pytest.mark.spec("FILTER-008")
async def test_a_deleted_filter_is_there_for_nobody_and_keeps_its_row(
    ada: Person, connection: asyncpg.Connection
) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    deleted = await ada.client.delete(path)
    afterwards = [
        await ada.client.get(path),
        await ada.client.get(f"{path}/tasks"),
        await ada.client.patch(path, json={"name": "x"}),
        await ada.client.delete(path),
    ]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [response.status_code for response in afterwards] == [404] * 4
    [row] = await fetch(
        connection, "select name, version from agendum.saved_filter where user_id = $1", ada.user_id
    )
    assert row == {"name": "Open", "version": 2}
