"""Lists of what is no task are narrowed, sorted and walked as the list of tasks is: one mechanism, the same rules."""

from typing import Any

import pytest

from tests.api.lists import create_named
from tests.people import Person

NAMES = ["Garden", "errand", "Big errands", "Work"]
NAMED = ["/api/tags", "/api/categories", "/api/filters"]
KINDS = [*NAMED, "/api/tasks/{task_id}/comments"]


async def made(person: Person, path: str) -> tuple[str, list[str]]:
    """Make one thing for each name, in their order; return the address of their list and their ids."""
    if path == "/api/filters":
        answers = [await person.client.post(path, json={"name": name, "query": {}}) for name in NAMES]
        return path, [answer.json()["id"] for answer in answers]
    if path in NAMED:
        return path, await create_named(person, path, NAMES)
    path = path.format(task_id=(await person.create_task())["id"])
    answers = [await person.client.post(path, json={"body": name}) for name in NAMES]
    return path, [answer.json()["id"] for answer in answers]


async def items(person: Person, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return the items of a page."""
    response = await person.client.get(path, params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def walked(person: Person, path: str, **query: Any) -> list[str]:
    """Return the ids of a list, walked one by one."""
    ids, cursor = list[str](), dict[str, str]()
    for _ in range(len(NAMES) + 1):
        answer = (await person.client.get(path, params={"limit": 1, **query, **cursor})).json()
        ids += [item["id"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            return ids
        cursor = {"cursor": answer["next_cursor"]}
    raise AssertionError("the walk has no end")


@pytest.mark.spec("TAG-009", "CAT-010", "FILTER-011")
@pytest.mark.parametrize("path", NAMED)
@pytest.mark.parametrize("part", ["ERRAND", "rand"])
async def test_a_list_is_narrowed_to_names_that_contain_a_text(ada: Person, path: str, part: str) -> None:
    await made(ada, path)
    found = await items(ada, path, name=part, sort="created_at")
    assert [item["name"] for item in found] == ["errand", "Big errands"]
    assert (await ada.client.get(path, params={"name": part})).json()["total"] == 2


@pytest.mark.spec("TAG-009", "CAT-010", "FILTER-011")
@pytest.mark.parametrize("path", NAMED)
@pytest.mark.parametrize("part", ["%", "_", "'", "\\", "\u00df"])
async def test_a_part_of_a_name_is_text_and_no_pattern(ada: Person, path: str, part: str) -> None:
    """S35, S46."""
    await made(ada, path)
    assert await items(ada, path, name=part) == []


@pytest.mark.spec("TAG-009")
@pytest.mark.parametrize(
    "name",
    [
        "Stra\u00dfe",
        "\u1f48\u03b4\u03c5\u03c3\u03c3\u03b5\u03cd\u03c2",
        "\ufb01ne",
        "\u01c5",
        "A\u0308pfel",
        "\u0130",
    ],
)
async def test_a_tag_is_found_by_its_own_name_whatever_its_letters(ada: Person, name: str) -> None:
    await create_named(ada, "/api/tags", ["plain", name])
    for written in {name, name.upper(), name.casefold()}:
        assert [item["name"] for item in await items(ada, "/api/tags", name=written)] == [name]


@pytest.mark.spec("TAG-009", "CAT-010", "COMMENT-007", "FILTER-011")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["created_at", "updated_at"])
async def test_every_list_is_walked_by_moments_in_both_directions(
    ada: Person, kind: str, column: str
) -> None:
    path, ids = await made(ada, kind)
    field = "body" if "comments" in path else "name"
    assert (await ada.client.patch(f"{path}/{ids[0]}", json={field: "Yard"})).status_code == 200
    order = ids if column == "created_at" else [*ids[1:], ids[0]]
    assert await walked(ada, path, sort=column) == order
    assert await walked(ada, path, sort=f"-{column}") == order[::-1]


@pytest.mark.spec("TAG-009", "CAT-010", "FILTER-011")
@pytest.mark.parametrize("path", NAMED)
async def test_names_are_walked_in_both_directions(ada: Person, path: str) -> None:
    await made(ada, path)
    by_name = [item["id"] for item in await items(ada, path, sort="name")]
    assert await walked(ada, path, sort="name") == by_name
    assert await walked(ada, path, sort="-name") == by_name[::-1]
    assert await walked(ada, path, sort="-name,created_at") == by_name[::-1]


@pytest.mark.spec("CAT-010")
async def test_categories_are_listed_with_or_without_those_out_of_the_way(ada: Person) -> None:
    path, ids = await made(ada, "/api/categories")
    await ada.client.patch(f"{path}/{ids[1]}", json={"archived": True})
    assert [item["id"] for item in await items(ada, path, archived="true")] == [ids[1]]
    assert [item["id"] for item in await items(ada, path, archived="false", sort="-position")] == [
        ids[3],
        ids[2],
        ids[0],
    ]
    assert [item["id"] for item in await items(ada, path)] == ids


@pytest.mark.spec("TAG-009", "CAT-010", "COMMENT-007", "FILTER-011")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=color", "sort.color"),
        ("sort=created_at,-created_at", "sort.created_at"),
        ("sort=", "sort.(unnamed)"),
        ("order=name", "order"),
    ],
)
async def test_what_a_list_does_not_take_is_refused_by_its_name(
    ada: Person, kind: str, query: str, field: str
) -> None:
    path, _ids = await made(ada, kind)
    response = await ada.client.get(f"{path}?{query}")
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])


@pytest.mark.spec("FIND-002", "TAG-009")
async def test_a_cursor_holds_for_the_filter_and_the_sort_that_it_was_given_with(ada: Person) -> None:
    path, _ids = await made(ada, "/api/tags")
    cursor = (await ada.client.get(path, params={"limit": 1, "name": "errand"})).json()["next_cursor"]
    for other in ({}, {"name": "rand"}, {"name": "errand", "sort": "-name"}):
        response = await ada.client.get(path, params={"cursor": cursor, **other})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "cursor")
    assert len(await items(ada, path, cursor=cursor, name="errand")) == 1


@pytest.mark.spec("ISO-004", "TAG-009")
@pytest.mark.parametrize("kind", NAMED)
async def test_nobody_finds_names_of_somebody_else(ada: Person, bob: Person, kind: str) -> None:
    path, _ids = await made(ada, kind)
    assert await items(bob, path, name="errand") == []
