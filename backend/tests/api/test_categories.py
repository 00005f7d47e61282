"""What a person can do with categories over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from dirty_equals import IsNow, IsStr
from uuid_utils.compat import uuid7

from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
PATH = "/api/categories"


async def create(person: Person, name: str = "Household", **content: Any) -> dict[str, Any]:
    """Create a category and return what the API answered."""
    response = await person.client.post(PATH, json={"name": name} | content)
    assert response.status_code == 201, response.text
    category: dict[str, Any] = response.json()
    return category


async def names(person: Person) -> list[str]:
    """Return the names of a person's categories in the order of the list."""
    return [category["name"] for category in (await person.client.get(PATH)).json()["items"]]


@pytest.mark.spec("CAT-001")
async def test_a_created_category_can_be_read_at_its_location(ada: Person) -> None:
    created = await ada.client.post(PATH, json={"name": "Household"})
    read = await ada.client.get(created.headers["Location"])
    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()
    assert created.headers["ETag"] == read.headers["ETag"] == '"1"'


@pytest.mark.spec("CAT-001")
async def test_a_category_begins_with_defaults_and_what_the_server_writes(ada: Person) -> None:
    category = await create(ada)
    assert category == {
        "id": IsStr(),
        "name": "Household",
        "color": None,
        "archived": False,
        "position": IsStr(),
        "created_at": IsNow(tz="UTC", delta=5, iso_string=True),
        "updated_at": category["created_at"],
        "deleted_at": None,
        "version": 1,
    }
    assert UUID(category["id"]).version == 7


@pytest.mark.spec("CAT-001")
async def test_the_same_create_again_has_one_effect_and_the_same_answer(ada: Person) -> None:
    body = {"id": str(uuid7()), "name": "Household", "color": "#AABBCC"}
    answers = [await ada.client.post(PATH, json=body) for _ in range(2)]
    other = await ada.client.post(PATH, json=body | {"archived": True})
    assert answers[0].text == answers[1].text
    assert [answer.status_code for answer in answers] == [201, 201]
    assert (other.status_code, other.json()["code"]) == (409, "ID_TAKEN")
    assert len(await ada.changes()) == 1


@pytest.mark.spec("CAT-001", "CAT-006")
async def test_creating_and_changing_a_category_are_recorded(ada: Person) -> None:
    category = await create(ada, color="#3366ff")
    await ada.client.patch(f"{PATH}/{category['id']}", json={"name": "House", "archived": True})
    created, updated = await ada.changes()
    fields = ("name", "color", "position", "archived", "created_at", "deleted_at")
    assert (created["entity"], created["action"], created["entity_id"]) == (
        "category",
        "created",
        category["id"],
    )
    assert (created["before"], created["after"]) == (None, {field: category[field] for field in fields})
    assert (updated["entity"], updated["action"], updated["version"]) == ("category", "updated", 2)
    assert updated["before"] == {"name": "Household", "archived": False}
    assert updated["after"] == {"name": "House", "archived": True}


@pytest.mark.spec("CAT-002")
@pytest.mark.parametrize(
    "name",
    [
        "x",
        "x" * 200,
        " x ",
        "\U0001f3e0" * 200,
        "'; drop table category; --",
        "<script>",
        "e\u0301",
        "\u202eevil",
        "a\u200bb",
    ],
)
async def test_a_name_is_stored_exactly_as_written(ada: Person, name: str) -> None:
    category = await create(ada, name)
    assert category["name"] == name
    assert await names(ada) == [name]


@pytest.mark.spec("CAT-002")
@pytest.mark.parametrize(
    "name", ["", " ", "\u3000", "x" * 201, "a\nb", "a\0b", "a\x7fb", "a\u2028b", "a\u0085b", 5, None, [], {}]
)
async def test_a_name_that_is_no_line_of_text_is_refused(ada: Person, name: object) -> None:
    category = await create(ada)
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{category['id']}")):
        response = await ada.client.request(method, path, json={"name": name})
        assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (
            422,
            ["name"],
        )
    assert len(await ada.changes()) == 1


@pytest.mark.spec("CAT-002")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("color", color)
            for color in ("", "red", "#fff", "#3366fg", "#3366ff\n", "#3366ff0", "3366ff", "#\uff13366ff", 5)
        ],
        *[("archived", flag) for flag in ("true", 1, None)],
        *[(field, None) for field in ("position", "version", "created_at", "deleted_at", "user_id", "owner")],
        ("id", "x"),
    ],
)
async def test_other_values_and_fields_are_refused(ada: Person, field: str, value: object) -> None:
    response = await ada.client.post(PATH, json={"name": "Household", field: value})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])
    assert await ada.changes() == []


@pytest.mark.spec("CAT-002")
async def test_a_colour_is_answered_in_lower_case(ada: Person) -> None:
    assert (await create(ada, color="#AbCdEf"))["color"] == "#abcdef"


@pytest.mark.spec("CAT-003")
async def test_a_name_is_given_once(ada: Person, bob: Person) -> None:
    await create(ada, "Household")
    other = await create(ada, "household")
    refused = [
        await ada.client.post(PATH, json={"name": "Household"}),
        await ada.client.patch(f"{PATH}/{other['id']}", json={"name": "Household"}),
    ]
    assert [(response.status_code, response.json()["code"]) for response in refused] == [
        (409, "NAME_TAKEN")
    ] * 2
    assert await names(ada) == ["Household", "household"]
    assert len(await ada.changes()) == 2
    assert (await create(bob, "Household"))["name"] == "Household"


@pytest.mark.spec("CAT-003")
async def test_the_name_of_a_deleted_category_is_free(ada: Person) -> None:
    first = await create(ada)
    await ada.client.delete(f"{PATH}/{first['id']}")
    assert (await create(ada))["id"] != first["id"]


@pytest.mark.spec("CAT-003")
async def test_a_category_may_be_given_its_own_name(ada: Person) -> None:
    category = await create(ada)
    response = await ada.client.patch(f"{PATH}/{category['id']}", json={"name": "Household"})
    assert (response.status_code, response.json()) == (200, category)


@pytest.mark.spec("CAT-004")
async def test_the_list_shows_living_categories_in_manual_order(ada: Person, bob: Person) -> None:
    first, second, third = [await create(ada, name, archived=name == "b") for name in ("c", "b", "a")]
    await create(bob, "d")
    await ada.client.delete(f"{PATH}/{third['id']}")
    page = (await ada.client.get(PATH)).json()
    assert (page["items"], page["total"], page["has_more"]) == ([first, second], 2, False)


@pytest.mark.spec("CAT-004")
async def test_the_list_comes_in_pages(ada: Person, bob: Person) -> None:
    created = [await create(ada, str(number)) for number in range(5)]
    first = (await ada.client.get(PATH, params={"limit": 2})).json()
    second = (await ada.client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    last = (await ada.client.get(PATH, params={"limit": 2, "offset": 4})).json()
    assert first["items"] + second["items"] + last["items"] == created
    assert [(page["total"], page["has_more"]) for page in (first, second, last)] == [
        (5, True),
        (5, True),
        (5, False),
    ]
    assert (await bob.client.get(PATH, params={"cursor": first["next_cursor"]})).status_code == 422
    assert (await ada.client.get(PATH, params={"sort": "color"})).json()["errors"][0]["field"] == "sort.color"


@pytest.mark.spec("CAT-005")
async def test_a_deleted_category_is_there_for_nobody(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    other = await create(ada, "Garden")
    deleted = await ada.client.delete(path)
    afterwards = [
        await ada.client.get(path),
        await ada.client.patch(path, json={"name": "x"}),
        await ada.client.post(f"{path}/move", json={"after": other["id"]}),
        await ada.client.delete(path),
    ]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [response.status_code for response in afterwards] == [404] * 4
    assert len(await ada.changes()) == 3


@pytest.mark.spec("CAT-005", "TASK-013", "ISO-008")
async def test_a_task_is_in_a_living_category_of_its_own_person(ada: Person, bob: Person) -> None:
    foreign, gone = await create(bob, "Bob's"), await create(ada, "Gone")
    await ada.client.delete(f"{PATH}/{gone['id']}")
    bodies = [
        {"title": "Pay rent", "category_id": category_id}
        for category_id in (foreign["id"], gone["id"], ABSENT)
    ]
    answers = [
        (await ada.client.post("/api/tasks", json=body)).json() | {"request_id": ""} for body in bodies
    ]
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0]["status"], answers[0]["errors"][0]["field"]) == (422, "category_id")
    assert (await ada.client.get("/api/tasks")).json()["total"] == 0


@pytest.mark.spec("CAT-006")
@pytest.mark.parametrize(
    "body", [{"name": "House"}, {"color": None}, {"color": "#000000"}, {"archived": True}]
)
async def test_an_update_changes_only_what_it_names(ada: Person, body: dict[str, Any]) -> None:
    category = await create(ada, color="#3366ff")
    updated = (await ada.client.patch(f"{PATH}/{category['id']}", json=body)).json()
    assert updated == category | body | {"version": 2, "updated_at": updated["updated_at"]}


@pytest.mark.spec("CAT-006", "SAFE-008")
async def test_an_update_of_an_older_version_is_refused(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    other = await create(ada, "Garden")
    await ada.client.patch(path, json={"archived": True})
    stale = {"If-Match": '"1"'}
    refused = [
        await ada.client.patch(path, json={"name": "House"}, headers=stale),
        await ada.client.post(f"{path}/move", json={"after": other["id"]}, headers=stale),
        await ada.client.delete(path, headers=stale),
    ]
    assert [(response.status_code, response.headers["ETag"]) for response in refused] == [(412, '"2"')] * 3
    assert (
        await ada.client.patch(path, json={"name": "House"}, headers={"If-Match": '"2"'})
    ).status_code == 200


@pytest.mark.spec("CAT-006", "SAFE-009", "SAFE-010")
async def test_an_update_of_an_older_version_merges_on_request(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    await ada.client.patch(path, json={"name": "House"})
    merging = {"If-Match": '"1"', "Prefer": "merge"}
    merged = await ada.client.patch(path, json={"color": "#000000"}, headers=merging)
    refused = await ada.client.patch(path, json={"name": "Garden"}, headers=merging)
    assert (merged.status_code, merged.json()["name"], merged.json()["color"]) == (200, "House", "#000000")
    assert (refused.status_code, refused.json()["code"]) == (409, "EDIT_CONFLICT")
    assert refused.json()["conflicts"] == [{"field": "name", "current": "House", "given": "Garden", "seq": 2}]


@pytest.mark.spec("CAT-007")
@pytest.mark.parametrize(
    ("moved", "place", "anchor", "order"),
    [
        ("c", "before", "a", "cabd"),
        ("a", "after", "d", "bcda"),
        ("d", "after", "a", "adbc"),
        ("b", "before", "d", "acbd"),
    ],
)
async def test_a_category_moves_to_a_place(
    ada: Person, moved: str, *, place: str, anchor: str, order: str
) -> None:
    ids = {name: (await create(ada, name))["id"] for name in "abcd"}
    response = await ada.client.post(f"{PATH}/{ids[moved]}/move", json={place: ids[anchor]})
    assert response.status_code == 200
    assert "".join(await names(ada)) == order
    [change] = await ada.changes(after=4)
    assert (change["entity_id"], change["action"], change["after"]) == (
        ids[moved],
        "moved",
        {"position": response.json()["position"]},
    )


@pytest.mark.spec("CAT-007")
async def test_a_category_that_is_there_already_stays(ada: Person) -> None:
    first, second = [await create(ada, name) for name in "ab"]
    response = await ada.client.post(f"{PATH}/{second['id']}/move", json={"after": first["id"]})
    assert response.json() == second
    assert len(await ada.changes()) == 2


@pytest.mark.spec("CAT-007", "ISO-008")
async def test_a_move_beside_what_is_not_there_is_refused(ada: Person, bob: Person) -> None:
    category, gone, foreign = await create(ada, "a"), await create(ada, "b"), await create(bob, "c")
    await ada.client.delete(f"{PATH}/{gone['id']}")
    path = f"{PATH}/{category['id']}/move"
    for anchor in (category["id"], gone["id"], foreign["id"], ABSENT):
        response = await ada.client.post(path, json={"before": anchor})
        assert (response.status_code, response.json()["errors"]) == (
            422,
            [{"field": "before", "message": "there is no such other category"}],
        )
    for body in ({}, {"before": ABSENT, "after": ABSENT}, {"after": "x"}):
        assert (await ada.client.post(path, json=body)).status_code == 422
    assert (await ada.client.get(f"{PATH}/{category['id']}")).json() == category
