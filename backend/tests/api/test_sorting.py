"""In which order a list is shown: each column both ways, absent values, several columns, and ties."""

from typing import Any

import pytest

from tests.api.lists import create_titled, ids, page, refused, titles
from tests.people import Person

pytestmark = pytest.mark.broad

BERLIN = {"date": "2026-12-01", "time": "09:00", "timezone": "Europe/Berlin"}
# What each column makes of tasks that are created in the order c, a, d, b.
CONTENTS: dict[str, dict[str, dict[str, Any]]] = {
    "created_at": {"a": {}, "b": {}, "c": {}},
    "completed_at": {"a": {"completed": True}, "b": {"completed": True}, "c": {}},
    "due": {
        "c": {"due": {"date": "2026-12-01"}},
        "a": {"due": {"date": "2026-11-30"}},
        "d": {},
        "b": {"due": BERLIN},
    },
    "start_date": {"c": {}, "a": {"start_date": "2020-01-01"}, "b": {"start_date": "2020-01-02"}},
    "priority": {
        "c": {"priority": "medium"},
        "a": {"priority": "none"},
        "e": {"priority": "urgent"},
        "d": {"priority": "high"},
        "b": {"priority": "low"},
    },
    "title": {"c": {}, "a": {}, "B": {}},
    "position": {"a": {}, "b": {}, "c": {}},
}


@pytest.mark.spec("FIND-006")
@pytest.mark.parametrize("column", CONTENTS)
async def test_a_column_sorts_both_ways_with_what_is_absent_last(ada: Person, column: str) -> None:
    contents = CONTENTS[column]
    await create_titled(ada, **contents)
    expected = sorted(contents, key=str.lower)
    assert await titles(ada, sort=column) == expected
    assert await titles(ada, sort=f"-{column}") == expected[::-1]


@pytest.mark.spec("FIND-006")
async def test_what_was_changed_last_is_found_by_its_moment(ada: Person) -> None:
    tasks = await create_titled(ada, a={}, b={}, c={})
    await ada.client.patch(f"/api/tasks/{tasks['b']}", json={"priority": "low"})
    assert (await titles(ada, sort="-updated_at"), await titles(ada, sort="updated_at")) == (
        ["b", "c", "a"],
        ["a", "c", "b"],
    )


@pytest.mark.spec("FIND-006")
async def test_a_move_changes_the_manual_order(ada: Person) -> None:
    tasks = await create_titled(ada, a={}, b={}, c={})
    await ada.client.post(f"/api/tasks/{tasks['c']}/move", json={"before": tasks["a"]})
    assert (await titles(ada, sort="position"), await titles(ada, sort="-position")) == (
        ["c", "a", "b"],
        ["b", "a", "c"],
    )


@pytest.mark.spec("FIND-006")
async def test_titles_sort_without_regard_to_letter_case(ada: Person) -> None:
    await create_titled(ada, **{title: {} for title in ("b", "A", "\u00c9", "a2", "B2", "\u00e92")})
    assert await titles(ada, sort="title") == ["A", "a2", "b", "B2", "\u00c9", "\u00e92"]


@pytest.mark.spec("FIND-006")
async def test_the_newest_is_first_unless_told_otherwise(ada: Person) -> None:
    await create_titled(ada, a={}, b={}, c={})
    assert await titles(ada) == await titles(ada, sort="-created_at") == ["c", "b", "a"]


@pytest.mark.spec("FIND-006")
async def test_later_columns_decide_what_earlier_ones_leave_open(ada: Person) -> None:
    await create_titled(
        ada,
        low1={"priority": "low", "due": {"date": "2026-12-01"}},
        high2={"priority": "high", "due": {"date": "2026-12-02"}},
        high1={"priority": "high", "due": {"date": "2026-12-01"}},
        low9={"priority": "low"},
    )
    assert await titles(ada, sort="priority,due") == ["low1", "low9", "high1", "high2"]
    assert await titles(ada, sort=["-priority", "due"]) == ["high1", "high2", "low1", "low9"]
    assert await titles(ada, sort="priority,-due") == ["low9", "low1", "high2", "high1"]
    assert await titles(ada, sort="-due,-priority") == ["low9", "high2", "high1", "low1"]


@pytest.mark.spec("FIND-006")
@pytest.mark.parametrize(
    "sort",
    [
        "priority",
        "-priority",
        "priority,-start_date",
        "-priority,start_date",
        "title,due,-priority,completed_at",
    ],
)
async def test_ties_are_broken_by_id_in_the_direction_of_the_first_column(ada: Person, sort: str) -> None:
    tasks = [(await ada.create_task())["id"] for _ in range(5)]
    assert ids(await page(ada, sort=sort)) == sorted(tasks, reverse=sort.startswith("-"))


@pytest.mark.spec("FIND-006")
@pytest.mark.parametrize(
    ("sort", "faults"),
    [
        ("password", {"sort.password": "is not a column to sort by"}),
        ("due,user_id", {"sort.user_id": "is not a column to sort by"}),
        ("-id", {"sort.id": "is not a column to sort by"}),
        ("rank", {"sort.rank": "is not a column to sort by"}),
        ("Due", {"sort.Due": "is not a column to sort by"}),
        ("--due", {"sort.(unnamed)": "is not a column to sort by"}),
        ("+due", {"sort.(unnamed)": "is not a column to sort by"}),
        ("due desc", {"sort.(unnamed)": "is not a column to sort by"}),
        ("due;select 1", {"sort.(unnamed)": "is not a column to sort by"}),
        ("", {"sort.(unnamed)": "is not a column to sort by"}),
        ("due,", {"sort.(unnamed)": "is not a column to sort by"}),
        ("due,due", {"sort.due": "is named twice"}),
        ("due,-due", {"sort.due": "is named twice"}),
        ("due,title,priority,position,created_at", {"sort": "must have at most 4 values"}),
    ],
)
async def test_other_columns_are_refused_by_name(ada: Person, sort: str, *, faults: dict[str, str]) -> None:
    response = await ada.client.get("/api/tasks", params={"sort": sort})
    assert {error["field"]: error["message"] for error in response.json()["errors"]} == faults
    assert (response.status_code, "select" in response.text) == (422, False)


@pytest.mark.spec("FIND-006")
async def test_a_column_that_is_repeated_is_refused(ada: Person) -> None:
    assert await refused(ada, "sort=due&sort=-due") == {"sort.due": "is named twice"}
