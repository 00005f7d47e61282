"""Pages of a list: how many of how many, and from where."""

import asyncpg
import pytest

from tests.api.lists import insert_tasks, page
from tests.people import Person


@pytest.mark.spec("FIND-001")
async def test_a_list_has_50_tasks_unless_told_otherwise(ada: Person, connection: asyncpg.Connection) -> None:
    await insert_tasks(connection, ada, 101)
    pages = [await page(ada), await page(ada, limit=100), await page(ada, limit=1)]
    assert [(len(answer["items"]), answer["limit"]) for answer in pages] == [(50, 50), (100, 100), (1, 1)]
    assert {(answer["total"], answer["total_exact"], answer["has_more"]) for answer in pages} == {
        (101, True, True)
    }


@pytest.mark.spec("FIND-001")
async def test_an_offset_passes_over_the_newest(ada: Person) -> None:
    tasks = [await ada.create_task(title=str(number)) for number in range(5)][::-1]
    pages = [await page(ada, limit=2, offset=offset) for offset in (0, 2, 4, 5, 1_000_000)]
    assert [answer["items"] for answer in pages] == [tasks[:2], tasks[2:4], tasks[4:], [], []]
    assert [answer["has_more"] for answer in pages] == [True, True, False, False, False]
    assert [(answer["total"], answer["offset"]) for answer in pages] == [
        (5, 0),
        (5, 2),
        (5, 4),
        (5, 5),
        (5, 1_000_000),
    ]


@pytest.mark.spec("FIND-001")
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=1e1",
        "offset=-1",
        "offset=1000001",
        "offset=x",
        "count=all",
        "count=",
        "cursor=",
        "order=title",
        "Limit=5",
        "limit=5&limit=50",
        "count=exact&count=exact",
        "status=open&status=open",
        f"limit={'9' * 5000}",
        f"offset={2**64}",
    ],
)
async def test_other_values_and_unknown_parameters_are_refused(ada: Person, query: str) -> None:
    """S34."""
    response = await ada.client.get(f"/api/tasks?{query}")
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (
        422,
        [query.partition("=")[0]],
    )


@pytest.mark.spec("FIND-001")
@pytest.mark.parametrize(("number", "total", "exact"), [(1000, 1000, True), (1001, 1000, False)])
async def test_a_total_is_exact_up_to_1000(
    ada: Person, connection: asyncpg.Connection, *, number: int, total: int, exact: bool
) -> None:
    await insert_tasks(connection, ada, number)
    answer = await page(ada, limit=1)
    assert (answer["total"], answer["total_exact"]) == (total, exact)
    assert (await page(ada, limit=1, offset=number))["total"] == total


@pytest.mark.spec("FIND-001")
async def test_an_exact_total_is_given_to_who_asks(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await insert_tasks(connection, ada, 1002)
    await insert_tasks(connection, bob, 3)
    first = await page(ada, count="exact")
    second = await page(ada, count="exact", cursor=first["next_cursor"])
    assert {(answer["total"], answer["total_exact"]) for answer in (first, second)} == {(1002, True)}
