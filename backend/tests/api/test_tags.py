"""What a person can do with tags over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from dirty_equals import IsNow, IsStr
from uuid_utils.compat import uuid7

from app.domain.fields import folded
from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
PATH = "/api/tags"


async def create(person: Person, name: str = "errand", **content: Any) -> dict[str, Any]:
    """Create a tag and return what the API answered."""
    response = await person.client.post(PATH, json={"name": name} | content)
    assert response.status_code == 201, response.text
    tag: dict[str, Any] = response.json()
    return tag


async def ids_of(person: Person, *names: str) -> list[str]:
    """Create tags and return their ids."""
    return [(await create(person, name))["id"] for name in names]


async def names(person: Person) -> list[str]:
    """Return the names of a person's tags in the order of the list."""
    return [tag["name"] for tag in (await person.client.get(PATH)).json()["items"]]


@pytest.mark.spec("TAG-001")
async def test_a_created_tag_can_be_read_at_its_location(ada: Person) -> None:
    created = await ada.client.post(PATH, json={"name": "errand"})
    read = await ada.client.get(created.headers["Location"])
    assert (created.status_code, read.status_code) == (201, 200)
    assert read.json() == created.json()
    assert created.headers["ETag"] == read.headers["ETag"] == '"1"'


@pytest.mark.spec("TAG-001")
async def test_a_tag_begins_with_defaults_and_what_the_server_writes(ada: Person) -> None:
    tag = await create(ada)
    assert tag == {
        "id": IsStr(),
        "name": "errand",
        "color": None,
        "created_at": IsNow(tz="UTC", delta=5, iso_string=True),
        "updated_at": tag["created_at"],
        "deleted_at": None,
        "version": 1,
    }
    assert UUID(tag["id"]).version == 7


@pytest.mark.spec("TAG-001")
async def test_the_same_create_again_has_one_effect_and_the_same_answer(ada: Person) -> None:
    body = {"id": str(uuid7()), "name": "errand", "color": "#AABBCC"}
    answers = [await ada.client.post(PATH, json=body) for _ in range(2)]
    other = await ada.client.post(PATH, json=body | {"name": "Errand"})
    assert answers[0].text == answers[1].text
    assert [answer.status_code for answer in answers] == [201, 201]
    assert (other.status_code, other.json()["code"]) == (409, "ID_TAKEN")
    assert len(await ada.changes()) == 1


@pytest.mark.spec("TAG-001", "TAG-006")
async def test_creating_and_changing_a_tag_are_recorded(ada: Person) -> None:
    tag = await create(ada, color="#3366ff")
    await ada.client.patch(f"{PATH}/{tag['id']}", json={"name": "ERRAND"})
    created, updated = await ada.changes()
    fields = ("name", "color", "created_at", "deleted_at")
    assert (created["entity"], created["action"], created["entity_id"]) == ("tag", "created", tag["id"])
    assert (created["before"], created["after"]) == (None, {field: tag[field] for field in fields})
    assert (updated["entity"], updated["action"], updated["version"]) == ("tag", "updated", 2)
    assert (updated["before"], updated["after"]) == ({"name": "errand"}, {"name": "ERRAND"})


@pytest.mark.spec("TAG-002")
@pytest.mark.parametrize(
    "name",
    [
        "x",
        "x" * 200,
        " x ",
        "\u6f22" * 200,
        "\u00df" * 200,
        "'; drop table tag; --",
        "<b>",
        "e\u0301",
        "\u202eevil",
        "a\uff0cb",
        "#1",
    ],
)
async def test_a_name_is_stored_exactly_as_written(ada: Person, name: str) -> None:
    tag = await create(ada, name)
    assert tag["name"] == name
    assert await names(ada) == [name]


@pytest.mark.spec("TAG-002")
@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u3000",
        "x" * 201,
        "a\nb",
        "a\0b",
        "a\x7fb",
        "a\u2028b",
        5,
        None,
        [],
        ",",
        "a,b",
        "\ufdfa" * 200,
    ],
)
async def test_a_name_that_is_no_tag_is_refused(ada: Person, name: object) -> None:
    tag = await create(ada)
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{tag['id']}")):
        response = await ada.client.request(method, path, json={"name": name})
        assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (
            422,
            ["name"],
        )
    assert len(await ada.changes()) == 1


@pytest.mark.spec("TAG-002")
@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}"])
async def test_a_name_that_could_be_an_id_is_refused(ada: Person, form: str) -> None:
    for name in (form.format(ABSENT), form.format(ABSENT.upper()), form.format(ABSENT.replace("-", ""))):
        response = await ada.client.post(PATH, json={"name": name})
        assert (response.status_code, response.json()["errors"]) == (
            422,
            [{"field": "name", "message": "must not look like a UUID"}],
        )
    assert (await create(ada, ABSENT[:-1]))["name"] == ABSENT[:-1]


@pytest.mark.spec("TAG-002")
async def test_a_long_name_of_many_kinds_of_letters_can_be_kept(ada: Person) -> None:
    varied = "".join(chr(0x10400 + number % 40) + chr(0x20000 + 37 * number) for number in range(100))
    assert len(folded(varied).encode()) == 800
    assert (await create(ada, varied))["name"] == varied


@pytest.mark.spec("TAG-002")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("color", color) for color in ("", "red", "#fff", "#3366fg", "#3366ff0", 5)],
        *[
            (field, None)
            for field in ("folded_name", "version", "created_at", "deleted_at", "user_id", "tasks")
        ],
        ("id", "x"),
    ],
)
async def test_other_values_and_fields_are_refused(ada: Person, field: str, value: object) -> None:
    response = await ada.client.post(PATH, json={"name": "errand", field: value})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])
    assert await ada.changes() == []


@pytest.mark.spec("TAG-003")
@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("errand", "ERRAND"),
        ("\u00e9", "E\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("\uff21", "a"),
        ("\ufb01t", "FIT"),
        ("\u03c3", "\u03c2"),
    ],
)
async def test_a_name_is_given_once_in_any_letter_case(
    ada: Person, bob: Person, name: str, same: str
) -> None:
    await create(ada, name)
    other = await create(ada, "other")
    refused = [
        await ada.client.post(PATH, json={"name": same}),
        await ada.client.patch(f"{PATH}/{other['id']}", json={"name": same}),
    ]
    assert [(response.status_code, response.json()["code"]) for response in refused] == [
        (409, "NAME_TAKEN")
    ] * 2
    assert len(await ada.changes()) == 2
    assert (await create(bob, same))["name"] == same


@pytest.mark.spec("TAG-003")
async def test_the_name_of_a_deleted_tag_is_free(ada: Person) -> None:
    first = await create(ada)
    await ada.client.delete(f"{PATH}/{first['id']}")
    assert (await create(ada, "Errand"))["id"] != first["id"]


@pytest.mark.spec("TAG-003")
async def test_a_tag_may_change_the_letter_case_of_its_name(ada: Person) -> None:
    tag = await create(ada)
    response = await ada.client.patch(f"{PATH}/{tag['id']}", json={"name": "Errand"})
    assert (response.status_code, response.json()["name"]) == (200, "Errand")


@pytest.mark.spec("TAG-004")
async def test_the_list_shows_living_tags_by_name(ada: Person, bob: Person) -> None:
    for name in ("b", "C", "a", "D"):
        await create(ada, name)
    await create(bob, "e")
    gone = await create(ada, "bb")
    await ada.client.delete(f"{PATH}/{gone['id']}")
    assert await names(ada) == ["a", "b", "C", "D"]


@pytest.mark.spec("TAG-004")
@pytest.mark.parametrize("letter", ["x", "\u6f22"])
async def test_the_list_comes_in_pages(ada: Person, letter: str) -> None:
    created = [await create(ada, letter * 199 + str(number)) for number in range(5)]
    first = (await ada.client.get(PATH, params={"limit": 2})).json()
    second = (await ada.client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    last = (await ada.client.get(PATH, params={"limit": 2, "offset": 4})).json()
    assert first["items"] + second["items"] + last["items"] == created
    assert [(page["total"], page["has_more"]) for page in (first, second, last)] == [
        (5, True),
        (5, True),
        (5, False),
    ]


@pytest.mark.spec("TAG-006")
@pytest.mark.parametrize("body", [{"name": "shop"}, {"color": None}, {"color": "#000000"}, {}])
async def test_an_update_changes_only_what_it_names(ada: Person, body: dict[str, Any]) -> None:
    tag = await create(ada, color="#3366ff")
    task = await ada.create_task(tag_ids=[tag["id"]])
    updated = (await ada.client.patch(f"{PATH}/{tag['id']}", json=body)).json()
    assert updated == tag | body | {"version": 2 if body else 1, "updated_at": updated["updated_at"]}
    assert (await ada.client.get(f"/api/tasks/{task['id']}")).json() == task
    assert len(await ada.changes()) == 3 if body else 2


@pytest.mark.spec("TAG-006", "SAFE-008")
async def test_a_write_of_an_older_version_is_refused(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    await ada.client.patch(path, json={"color": "#000000"})
    stale = {"If-Match": '"1"'}
    refused = [
        await ada.client.patch(path, json={"name": "shop"}, headers=stale),
        await ada.client.delete(path, headers=stale),
    ]
    assert [(response.status_code, response.headers["ETag"]) for response in refused] == [(412, '"2"')] * 2
    assert (await ada.client.delete(path, headers={"If-Match": '"2"'})).status_code == 204


@pytest.mark.spec("TAG-006", "SAFE-009", "SAFE-010")
async def test_an_update_of_an_older_version_merges_on_request(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    await ada.client.patch(path, json={"name": "shop"})
    merging = {"If-Match": '"1"', "Prefer": "merge"}
    merged = await ada.client.patch(path, json={"color": "#000000"}, headers=merging)
    refused = await ada.client.patch(path, json={"name": "post"}, headers=merging)
    assert (merged.status_code, merged.json()["name"], merged.json()["color"]) == (200, "shop", "#000000")
    assert (refused.status_code, refused.json()["code"]) == (409, "EDIT_CONFLICT")
    assert refused.json()["conflicts"] == [{"field": "name", "current": "shop", "given": "post", "seq": 2}]


@pytest.mark.spec("TAG-007")
async def test_a_deleted_tag_is_there_for_nobody(ada: Person) -> None:
    path = f"{PATH}/{(await create(ada))['id']}"
    deleted = await ada.client.delete(path)
    afterwards = [
        await ada.client.get(path),
        await ada.client.patch(path, json={"name": "x"}),
        await ada.client.delete(path),
    ]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [response.status_code for response in afterwards] == [404] * 3
    assert len(await ada.changes()) == 2
