"""Prove that a walk by cursor shows once what stays, and that a cursor is of one person, list and question."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.lists import create_named, create_titled, ids, insert_tasks, page
from tests.people import Person

pytestmark = pytest.mark.broad

COLUMNS = ("created_at", "updated_at", "completed_at", "due", "start_date", "priority", "title", "position")
SORTS = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True).flatmap(
    lambda columns: st.tuples(*(st.sampled_from((column, f"-{column}")) for column in columns))
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["open", "completed"]),
        "priority": st.sampled_from(["low", "none,urgent"]),
        "no_due": st.sampled_from(["true", "false"]),
        "overdue": st.sampled_from(["true", "false"]),
        "include_hidden": st.just("true"),
        "due_before": st.just("2026-12-02"),
    },
)
DUES = st.none() | st.sampled_from(
    [
        {"date": "2020-01-01"},
        {"date": "2026-12-01"},
        {"date": "2026-12-01", "time": "09:00", "timezone": "Europe/Berlin"},
    ]
)
TASKS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Rent", "rent", "\u00c9cole", "\u00e9cole", "\U0001d504" * 500]),
        "priority": st.sampled_from(["none", "low", "urgent"]),
        "due": DUES,
        "start_date": st.none() | st.sampled_from(["2020-01-01", "2026-11-01"]),
        "completed": st.booleans(),
    }
)


@asynccontextmanager
async def undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Take back what the block does."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        yield
    finally:
        await savepoint.rollback()


async def walk(
    person: Person, query: dict[str, Any], chance: Random, *, waiting: list[str], disturbing: bool = True
) -> list[str]:
    """Walk to the end while others are added, changed and deleted; return the ids in the order of showing."""
    shown, cursor = list[str](), dict[str, str]()
    for _ in range(200):
        answer = await page(person, limit=chance.randint(1, 4), **query, **cursor)
        shown += ids(answer)
        if answer["next_cursor"] is None:
            return shown
        cursor = {"cursor": answer["next_cursor"]}
        for deed in chance.choices(["add", "change", "delete"], k=chance.randint(0, 3) if disturbing else 0):
            await disturb(person, deed, waiting)
    raise AssertionError("the walk has no end")


async def disturb(person: Person, deed: str, waiting: list[str]) -> None:
    """Add a task, or change or delete one of those that may be."""
    if deed == "add" or not waiting:
        await person.create_task(due={"date": "2020-01-01"})
    elif deed == "delete":
        await person.client.delete(f"/api/tasks/{waiting.pop()}")
    else:
        await person.client.patch(
            f"/api/tasks/{waiting.pop()}", json={"title": "Sent", "priority": "high", "due": None}
        )


@pytest.mark.spec("FIND-002", "FIND-006")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    tasks=st.lists(TASKS, min_size=1, max_size=14), sort=SORTS, filters=FILTERS, seed=st.integers(0, 2**32)
)
async def test_walking_shows_each_task_that_stays_once(
    ada: Person,
    connection: asyncpg.Connection,
    tasks: list[dict[str, Any]],
    *,
    sort: tuple[str, ...],
    filters: dict[str, str],
    seed: int,
) -> None:
    query, chance = {**filters, "sort": ",".join(sort)}, Random(seed)
    async with undone(connection):
        for task in tasks:
            await ada.create_task(**task)
        before = ids(await page(ada, limit=100, **query))
        waiting = chance.sample(before, k=chance.randint(0, len(before)))
        staying = [task_id for task_id in before if task_id not in waiting]
        shown = await walk(ada, query, chance, waiting=waiting)
    assert [task_id for task_id in shown if task_id in staying] == staying


@pytest.mark.spec("FIND-002", "FIND-009")
async def test_walking_by_rank_shows_everything_once(ada: Person) -> None:
    for number in range(12):
        await ada.create_task(title="rent " * (number % 3 + 1), description="rent " * (number % 4))
    whole = ids(await page(ada, q="rent"))
    assert await walk(ada, {"q": "rent"}, Random(0), waiting=[], disturbing=False) == whole
    assert len(set(whole)) == 12


@pytest.mark.spec("FIND-002", "FIND-006")
@pytest.mark.parametrize(
    "sort", ["priority,-due", "-priority,due", "-title,created_at", "start_date,-priority,title,-due"]
)
async def test_walking_in_mixed_directions_shows_what_is_equal_once(ada: Person, sort: str) -> None:
    dues: list[Any] = [None, {"date": "2026-12-01"}, {"date": "2026-12-02"}]
    for number in range(18):
        await ada.create_task(priority=["low", "high"][number % 2], due=dues[number % 3])
    whole = ids(await page(ada, limit=100, sort=sort))
    assert await walk(ada, {"sort": sort}, Random(0), waiting=[], disturbing=False) == whole
    assert len(set(whole)) == 18


@pytest.mark.spec("FIND-002")
async def test_walking_many_that_share_a_moment_shows_everything_once(
    ada: Person, connection: asyncpg.Connection
) -> None:
    await insert_tasks(connection, ada, 40, moments=3)
    whole = ids(await page(ada, limit=100))
    assert await walk(ada, {}, Random(0), waiting=[], disturbing=False) == whole


@pytest.mark.spec("FIND-002")
async def test_the_longest_titles_fit_into_a_cursor(ada: Person) -> None:
    for last in ("\U00010400", "\U00010401", "\U00010402"):
        await ada.create_task(title="\U0001d504\\" * 249 + '"' + last)
    first = await page(ada, sort="title,-position", limit=1)
    second = await page(ada, sort="title,-position", limit=1, cursor=first["next_cursor"])
    third = await page(ada, sort="title,-position", limit=1, cursor=second["next_cursor"])
    assert (
        len(first["next_cursor"]) > 1024,
        len(set(ids(first) + ids(second) + ids(third))),
        third["has_more"],
    ) == (True, 3, False)


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
async def test_a_cursor_says_the_total_of_its_filter(ada: Person) -> None:
    await create_titled(ada, a={"priority": "low"}, b={"priority": "low"}, c={})
    first = await page(ada, priority="low", limit=1)
    second = await page(ada, priority="low", limit=1, cursor=first["next_cursor"])
    assert [(answer["total"], answer["has_more"]) for answer in (first, second)] == [(2, True), (2, False)]


async def first_cursor(person: Person, **query: str) -> str:
    """Return the cursor of a first page of one."""
    for number in range(2):
        await person.create_task(title=f"rent {number}")
    cursor: str = (await page(person, limit=1, **query))["next_cursor"]
    return cursor


async def say(person: Person, **query: str | int) -> tuple[int, str]:
    """Return the status of a list and what is said about its cursor."""
    response = await person.client.get("/api/tasks", params=query)
    return response.status_code, response.json().get("detail", "")


REFUSED = (422, "cursor: is not a cursor of this list")


@pytest.mark.spec("FIND-002", "FIND-020")
async def test_an_altered_cursor_is_refused(ada: Person) -> None:
    """S34."""
    cursor = await first_cursor(ada)
    # The last character holds bits that no byte takes, so it has neighbours that stand for the same bytes.
    places = [*range(0, len(cursor), 7), len(cursor) - 1]
    other = [
        cursor[:at] + letter + cursor[at + 1 :] for at in places for letter in "ABCD" if letter != cursor[at]
    ]
    spelled = [
        cursor + "=",
        cursor + "==",
        cursor + "A",
        " " + cursor,
        cursor.replace(".", "!."),
        cursor.replace(".", "=."),
    ]
    for altered in [*other, *spelled, cursor[:-4], cursor[4:], "AAAA", "x", "%00", "\u20ac", "a" * 8192]:
        assert await say(ada, cursor=altered) == REFUSED, altered
    assert await say(ada, cursor="a" * 8193) == (422, "cursor: must have at most 8192 characters")


@pytest.mark.spec("FIND-002")
async def test_somebody_elses_cursor_is_refused(ada: Person, bob: Person) -> None:
    """S34."""
    assert await say(bob, cursor=await first_cursor(ada)) == REFUSED


@pytest.mark.spec("FIND-002")
@pytest.mark.parametrize(
    "other",
    [
        {"sort": "created_at"},
        {"sort": "-created_at,title"},
        {"status": "open"},
        {"priority": "none"},
        {"timezone": "Europe/Berlin"},
        {"include_hidden": "true"},
        {"include_deleted": "true"},
        {"q": "rent"},
        {"due_before": "2026-12-01"},
        {"updated_after": "2020-01-01T00:00:00Z"},
    ],
)
async def test_a_cursor_of_another_question_is_refused(ada: Person, other: dict[str, str]) -> None:
    cursor = await first_cursor(ada)
    assert await say(ada, **other, cursor=cursor) == REFUSED
    assert await say(ada, cursor=(await page(ada, limit=1, **other))["next_cursor"] or "x") == REFUSED


@pytest.mark.spec("FIND-002")
async def test_a_cursor_of_another_list_is_refused(ada: Person) -> None:
    await create_named(ada, "/api/tags", ["a", "b"])
    tags = (await ada.client.get("/api/tags?limit=1")).json()["next_cursor"]
    assert await say(ada, cursor=tags) == REFUSED
    assert (await ada.client.get("/api/tags", params={"cursor": await first_cursor(ada)})).status_code == 422


@pytest.mark.spec("FIND-002")
async def test_the_same_question_in_other_words_takes_the_cursor(ada: Person) -> None:
    cursor = await first_cursor(ada, priority="low,none", tag_match="any")
    assert (await page(ada, priority=["none", "low"], timezone="UTC", limit=5, cursor=cursor))[
        "has_more"
    ] is False


@pytest.mark.spec("FIND-002")
async def test_a_cursor_together_with_an_offset_is_refused(ada: Person) -> None:
    assert await say(ada, cursor=await first_cursor(ada), offset=1) == (
        422,
        "cursor: must not come with an offset",
    )
