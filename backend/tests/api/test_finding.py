"""Lists: what may be asked, how many there are, and walking by cursor while tasks come and go."""

from random import Random
from typing import Any

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.people import Person

_COLUMNS = "user_id, id, title, priority, created_at, updated_at, version"


async def insert_tasks(connection: asyncpg.Connection, person: Person, number: int, *, moments: int = 1) -> None:
    """Insert tasks that were created at that many moments, so that many share one."""
    row = "$1, gen_random_uuid(), 'Pay rent', 'none', now() - make_interval(hours => number % $3::int), now(), 1"
    query = f"insert into agendum.task ({_COLUMNS}) select {row} from generate_series(1, $2::int) number"
    await fetch(connection, query, person.user_id, number, moments)


async def page(person: Person, **query: str | int) -> dict[str, Any]:
    """Return a page of a person's tasks."""
    response = await person.client.get("/api/tasks", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of a page."""
    return [task["id"] for task in answer["items"]]


@pytest.mark.spec("FIND-001")
async def test_a_list_has_50_tasks_unless_told_otherwise(ada: Person, connection: asyncpg.Connection) -> None:
    await insert_tasks(connection, ada, 101)
    pages = [await page(ada), await page(ada, limit=100), await page(ada, limit=1)]
    assert [(len(answer["items"]), answer["limit"]) for answer in pages] == [(50, 50), (100, 100), (1, 1)]
    assert {(answer["total"], answer["total_exact"], answer["has_more"]) for answer in pages} == {(101, True, True)}


@pytest.mark.spec("FIND-001")
async def test_an_offset_passes_over_the_newest(ada: Person) -> None:
    tasks = [await ada.create_task(title=str(number)) for number in range(5)][::-1]
    pages = [await page(ada, limit=2, offset=offset) for offset in (0, 2, 4, 5, 1_000_000)]
    assert [answer["items"] for answer in pages] == [tasks[:2], tasks[2:4], tasks[4:], [], []]
    assert [answer["has_more"] for answer in pages] == [True, True, False, False, False]
    assert [(answer["total"], answer["offset"]) for answer in pages] == [(5, 0), (5, 2), (5, 4), (5, 5), (5, 1_000_000)]


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
        "limit=5&limit=500",
        f"limit={'9' * 5000}",
        f"offset={2**64}",
    ],
)
async def test_other_values_and_unknown_parameters_are_refused(ada: Person, query: str) -> None:
    response = await ada.client.get(f"/api/tasks?{query}")
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [query.partition("=")[0]])


@pytest.mark.spec("FIND-001")
@pytest.mark.parametrize(("number", "total", "exact"), [(1000, 1000, True), (1001, 1000, False)])
async def test_a_total_is_exact_up_to_1000(ada: Person, connection: asyncpg.Connection, *, number: int, total: int, exact: bool) -> None:
    await insert_tasks(connection, ada, number)
    answer = await page(ada, limit=1)
    assert (answer["total"], answer["total_exact"]) == (total, exact)
    assert (await page(ada, limit=1, offset=number))["total"] == total


@pytest.mark.spec("FIND-001")
async def test_an_exact_total_is_given_to_who_asks(ada: Person, bob: Person, connection: asyncpg.Connection) -> None:
    await insert_tasks(connection, ada, 1002)
    await insert_tasks(connection, bob, 3)
    first = await page(ada, count="exact")
    second = await page(ada, count="exact", cursor=first["next_cursor"])
    assert {(answer["total"], answer["total_exact"]) for answer in (first, second)} == {(1002, True)}


@pytest.mark.spec("FIND-002")
@pytest.mark.parametrize("seed", range(8))
async def test_walking_shows_each_task_once_while_others_come_and_go(ada: Person, connection: asyncpg.Connection, seed: int) -> None:
    chance = Random(seed)
    await insert_tasks(connection, ada, chance.randint(5, 40), moments=chance.randint(1, 6))
    before = ids(await page(ada, limit=100))
    doomed = set(chance.sample(before, k=len(before) // 3))
    waiting, shown = sorted(doomed), list[str]()
    cursor: dict[str, str] = {}
    while True:
        answer = await page(ada, limit=chance.randint(1, 5), **cursor)
        shown += ids(answer)
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
        for victim in [waiting.pop() for _ in range(min(len(waiting), chance.randint(0, 3)))]:
            await ada.client.delete(f"/api/tasks/{victim}")
        for _ in range(chance.randint(0, 2)):
            await ada.create_task()
    assert len(shown) == len(set(shown))
    assert [task for task in shown if task not in doomed] == [task for task in before if task not in doomed]
    assert shown == [task for task in before if task in set(shown)]


@pytest.mark.spec("FIND-002")
async def test_the_last_page_has_no_cursor(ada: Person) -> None:
    for _ in range(4):
        await ada.create_task()
    first = await page(ada, limit=2)
    second = await page(ada, limit=2, cursor=first["next_cursor"])
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)
    assert len(set(ids(first) + ids(second))) == 4


@pytest.mark.spec("FIND-002")
async def test_a_cursor_outlives_the_task_that_it_points_at(ada: Person) -> None:
    tasks = [await ada.create_task() for _ in range(3)][::-1]
    first = await page(ada, limit=1)
    await ada.client.delete(f"/api/tasks/{tasks[0]['id']}")
    assert (await page(ada, cursor=first["next_cursor"]))["items"] == tasks[1:]


@pytest.mark.spec("FIND-002")
async def test_an_altered_cursor_is_refused(ada: Person) -> None:
    for _ in range(2):
        await ada.create_task()
    cursor: str = (await page(ada, limit=1))["next_cursor"]
    other = [cursor[:place] + ("B" if cursor[place] == "A" else "A") + cursor[place + 1 :] for place in range(0, len(cursor) - 1, 7)]
    for altered in [*other, cursor[:-4], cursor[4:], "AAAA", "x", "%00", "\u20ac", "a" * 1024, "a" * 1025]:
        response = await ada.client.get("/api/tasks", params={"cursor": altered})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "cursor"), altered
        assert altered not in response.text or len(altered) < 5


@pytest.mark.spec("FIND-002")
async def test_somebody_elses_cursor_is_refused(ada: Person, bob: Person) -> None:
    for _ in range(2):
        await ada.create_task()
    cursor = (await page(ada, limit=1))["next_cursor"]
    assert (await bob.client.get("/api/tasks", params={"cursor": cursor})).status_code == 422


@pytest.mark.spec("FIND-002")
async def test_a_cursor_together_with_an_offset_is_refused(ada: Person) -> None:
    for _ in range(2):
        await ada.create_task()
    cursor = (await page(ada, limit=1))["next_cursor"]
    response = await ada.client.get("/api/tasks", params={"cursor": cursor, "offset": 1})
    assert (response.status_code, response.json()["detail"]) == (422, "cursor: must not come with an offset")
