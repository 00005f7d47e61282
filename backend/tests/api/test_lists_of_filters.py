"""Which tasks a saved filter lists, page by page, and what it says when it refers to what has gone."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.api.lists import refused_fields
from tests.api.undoing import made
from tests.people import Person

pytestmark = pytest.mark.broad
PATH = "/api/filters"


async def titles(person: Person, **query: Any) -> list[str]:
    """Save a query and return the titles of the tasks that it lists."""
    saved = await made(person, "saved_filter", name=str(uuid7()), query=query)
    response = await person.client.get(f"{PATH}/{saved['id']}/tasks")
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json()["items"]]


@pytest.mark.spec("FILTER-009")
async def test_a_filter_lists_what_the_list_would(ada: Person, bob: Person) -> None:
    tag = (await ada.client.post("/api/tags", json={"name": "errand"})).json()
    category = (await ada.client.post("/api/categories", json={"name": "Household"})).json()
    parent = await ada.create_task(title="a", priority="high", due={"date": "2026-12-02"})
    await ada.create_task(title="b", completed=True, tag_ids=[tag["id"]])
    await ada.create_task(title="c", priority="low", due={"date": "2026-12-01"}, category_id=category["id"])
    await ada.create_task(title="d", parent_id=parent["id"])
    await bob.create_task(title="bob's")
    assert await titles(ada) == ["d", "c", "b", "a"]
    assert await titles(ada, status="completed") == ["b"]
    assert await titles(ada, priority=["high", "low"], sort="due") == ["c", "a"]
    assert await titles(ada, tag=["ERRAND"]) == await titles(ada, tag=[tag["id"]]) == ["b"]
    assert await titles(ada, category_id=category["id"]) == ["c"]
    assert await titles(ada, category_id="none", parent_id="none", sort="title") == ["a", "b"]
    assert await titles(ada, parent_id=parent["id"]) == ["d"]
    assert await titles(ada, due_before="2026-12-02") == ["c"]
    assert await titles(ada, no_due=True, sort="-title") == ["d", "b"]


@pytest.mark.spec("FILTER-009")
async def test_a_page_of_a_filter_is_a_page_of_the_list(ada: Person) -> None:
    for title in "dbca":
        await ada.create_task(title=title)
    saved = await made(ada, "saved_filter", query={"sort": "title"})
    path = f"{PATH}/{saved['id']}/tasks"
    first = (await ada.client.get(path, params={"limit": 3})).json()
    listed = (await ada.client.get("/api/tasks", params={"sort": "title", "limit": 3})).json()
    second = (await ada.client.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert first | {"next_cursor": ""} == listed | {"next_cursor": ""}
    assert [task["title"] for task in first["items"] + second["items"]] == list("abcd")
    assert (first["total"], second["has_more"]) == (4, False)


@pytest.mark.spec("FILTER-009")
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000000000", "offset=-1", "cursor=x", "status=open", "sort=title"]
)
async def test_a_filter_takes_no_parameters_but_those_of_paging(ada: Person, query: str) -> None:
    saved = await made(ada, "saved_filter")
    response = await ada.client.get(f"{PATH}/{saved['id']}/tasks?{query}")
    assert refused_fields(response) == [query.partition("=")[0]]


@pytest.mark.spec("FILTER-009", "FIND-002")
async def test_a_cursor_does_not_outlive_the_query(ada: Person) -> None:
    for title in "ab":
        await ada.create_task(title=title)
    saved, other = (
        await made(ada, "saved_filter", query={"sort": "title"}),
        await made(ada, "saved_filter", name="Other", query={"sort": "-title"}),
    )
    cursor = (await ada.client.get(f"{PATH}/{saved['id']}/tasks", params={"limit": 1})).json()["next_cursor"]
    renamed = await ada.client.patch(f"{PATH}/{saved['id']}", json={"name": "Renamed"})
    walked = await ada.client.get(f"{PATH}/{saved['id']}/tasks", params={"cursor": cursor})
    await ada.client.patch(f"{PATH}/{saved['id']}", json={"query": {"sort": "-title"}})
    assert (renamed.status_code, [task["title"] for task in walked.json()["items"]]) == (200, ["b"])
    for place in (f"{PATH}/{saved['id']}/tasks", f"{PATH}/{other['id']}/tasks"):
        assert refused_fields(await ada.client.get(place, params={"cursor": cursor})) == ["cursor"]


@pytest.mark.spec("FILTER-010")
async def test_a_filter_that_refers_to_what_has_gone_says_so(ada: Person) -> None:
    category = (await ada.client.post("/api/categories", json={"name": "Household"})).json()
    saved = await made(ada, "saved_filter", query={"category_id": category["id"]})
    path = f"{PATH}/{saved['id']}"
    await ada.client.delete(f"/api/categories/{category['id']}")
    assert refused_fields(await ada.client.get(f"{path}/tasks")) == ["query.category_id"]
    assert (await ada.client.get(path)).status_code == 200
    assert (await ada.client.patch(path, json={"name": "Renamed"})).status_code == 200
    assert (await ada.client.patch(path, json={"query": {}})).status_code == 200
    assert (await ada.client.get(f"{path}/tasks")).status_code == 200


@pytest.mark.spec("FILTER-005", "FILTER-007")
@pytest.mark.parametrize("whole", [False, True])
async def test_a_filter_that_refers_to_what_has_gone_is_renamed(ada: Person, *, whole: bool) -> None:
    category = (await ada.client.post("/api/categories", json={"name": "Household"})).json()
    saved = await made(ada, "saved_filter", query={"category_id": category["id"]})
    await ada.client.delete(f"/api/categories/{category['id']}")
    body = {"name": "Renamed"} | ({"query": saved["query"]} if whole else {})
    renamed = await ada.client.patch(f"{PATH}/{saved['id']}", json=body)
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["query"]) == (
        200,
        "Renamed",
        saved["query"],
    )
    other = await ada.client.patch(
        f"{PATH}/{saved['id']}", json={"query": saved["query"] | {"status": "open"}}
    )
    assert refused_fields(other) == ["query.category_id"]
