"""Find tasks by words: in titles, descriptions and comments, in any case, best first, never somebody else's."""

from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.lists import create_titled, page, refused, titles
from tests.people import Person
from tests.races.walls import take_filters_down, take_row_security_down

pytestmark = pytest.mark.broad

HOSTILE = [
    "'; drop table agendum.task; --",
    "rent' | 'x",
    "rent & !rent",
    "!rent",
    "rent <-> pay",
    "rent:*A",
    "(rent",
    'rent"',
    "rent\\",
    "rent\u2028pay",
    "%rent%",
    "r_nt",
    "rent\u200bpay",
    "RENT\ufe0f",
    "\u202erent",
    "$1 rent",
    "rent::text",
]


async def comment(person: Person, task_id: str, body: str) -> str:
    """Write a comment and return its address."""
    response = await person.client.post(f"/api/tasks/{task_id}/comments", json={"body": body})
    assert response.status_code == 201, response.text
    return f"/api/tasks/{task_id}/comments/{response.json()['id']}"


@pytest.mark.spec("FIND-008")
@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("rent", True),
        ("RENT", True),
        ("pay rent", True),
        ("rent   pay", True),
        ("ren", True),
        ("pay ren", True),
        ("pa rent", False),
        ("ent", False),
        ("rent bill", False),
        ("standing", True),
        ("order rent", True),
        ("cafe", True),
        ("CAF\u00c9", True),
        ("cafe\u0301", True),
        ("stra\u00dfe", True),
        ("STRASSE", True),
        ("lodz", True),
        ("2026", True),
        ("snake", True),
        ("snake_case", True),
        ("case-snake", True),
        ("rents", False),
    ],
)
async def test_all_words_are_found_in_any_case_and_without_accents(
    ada: Person, question: str, *, found: bool
) -> None:
    await ada.create_task(
        title="Pay Rent caf\u00e9 Stra\u00dfe",
        description="A standing order, 2026 in \u0141\u00f3d\u017a: snake_case",
    )
    await ada.create_task(title="Something else")
    answer = await page(ada, q=question)
    assert (len(answer["items"]), answer["total"]) == ((1, 1) if found else (0, 0))


@pytest.mark.spec("FIND-008")
async def test_what_is_changed_is_found_by_its_new_words_alone(ada: Person) -> None:
    tasks = await create_titled(ada, rent={"description": "landlord"})
    await ada.client.patch(f"/api/tasks/{tasks['rent']}", json={"title": "bill"})
    assert [
        len(await titles(ada, q=question)) for question in ("rent", "bill", "landlord", "bill landlord")
    ] == [0, 1, 1, 1]
    await ada.client.patch(f"/api/tasks/{tasks['rent']}", json={"description": None})
    assert await titles(ada, q="landlord") == []


@pytest.mark.spec("FIND-008")
async def test_a_task_is_found_by_a_comment_until_that_is_deleted(ada: Person) -> None:
    tasks = await create_titled(ada, rent={}, bill={})
    address = await comment(ada, tasks["rent"], "The *landlord* called about keys")
    await comment(ada, tasks["rent"], "The landlord again")
    assert await titles(ada, q="landlord") == await titles(ada, q="KEYS land") == ["rent"]
    assert await titles(ada, q="rent landlord") == []
    await ada.client.patch(address, json={"body": "Nobody called"})
    assert (await titles(ada, q="keys"), await titles(ada, q="nobody")) == ([], ["rent"])
    await ada.client.delete(address)
    assert (await titles(ada, q="nobody"), (await page(ada, q="landlord"))["total"]) == ([], 1)


@pytest.mark.spec("FIND-009")
async def test_the_best_comes_first_unless_sorted(ada: Person) -> None:
    tasks = await create_titled(
        ada,
        once={"description": "rent"},
        twice={"description": "rent, and rent"},
        rent={},
        commented={},
        other={"description": "Nothing"},
    )
    await comment(ada, tasks["commented"], "rent rent rent rent rent rent")
    ranked = await titles(ada, q="rent")
    assert (ranked[0], set(ranked[1:])) == ("rent", {"once", "twice", "commented"})
    assert ranked.index("twice") < ranked.index("once")
    assert await titles(ada, q="rent", sort="created_at") == ["once", "twice", "rent", "commented"]


@pytest.mark.spec("FIND-009")
async def test_what_is_equally_good_comes_newest_first(ada: Person) -> None:
    tasks = [(await ada.create_task(title="rent"))["id"] for _ in range(4)]
    assert [task["id"] for task in (await page(ada, q="rent"))["items"]] == sorted(tasks, reverse=True)


@pytest.mark.spec("FIND-008", "FIND-004")
async def test_words_narrow_down_what_is_listed_anyway(ada: Person) -> None:
    tasks = await create_titled(
        ada,
        gone={"description": "rent"},
        waiting={"description": "rent", "start_date": "9998-12-31"},
        rent={},
    )
    await comment(ada, tasks["gone"], "rent")
    await ada.client.delete(f"/api/tasks/{tasks['gone']}")
    assert await titles(ada, q="rent") == ["rent"]
    assert set(await titles(ada, q="rent", include_deleted="true", include_hidden="true")) == {
        "gone",
        "waiting",
        "rent",
    }
    assert await titles(ada, q="rent", status="completed") == []


@pytest.mark.spec("FIND-010")
@pytest.mark.parametrize("down", ["no wall", "row security", "the filter"])
async def test_nobody_finds_somebody_elses_words(
    ada: Person, bob: Person, connection: asyncpg.Connection, *, monkeypatch: pytest.MonkeyPatch, down: str
) -> None:
    theirs = await bob.create_task(title="rent", description="secret")
    await comment(bob, theirs["id"], "hidden")
    await ada.create_task(title="bill")
    if down == "row security":
        await take_row_security_down(connection)
    elif down == "the filter":
        take_filters_down(monkeypatch)
    assert [
        (await page(ada, q=question))["total"] for question in ("rent", "secret", "hidden", "s", "r h")
    ] == [0] * 5
    assert [await titles(bob, q=question) for question in ("rent", "secret", "hidden")] == [["rent"]] * 3


@pytest.mark.spec("FIND-008")
@pytest.mark.parametrize("question", HOSTILE)
async def test_operators_are_no_more_than_what_stands_between_words(ada: Person, question: str) -> None:
    await ada.create_task(title="rent pay")
    response = await ada.client.get("/api/tasks", params={"q": question})
    assert response.status_code == 200, response.text
    assert response.json()["total"] <= 1
    assert await titles(ada) == ["rent pay"]


@pytest.mark.spec("FIND-008")
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=210))
async def test_any_text_is_answered_or_refused(ada: Person, question: str) -> None:
    """S35, S46."""
    response = await ada.client.get("/api/tasks", params={"q": question})
    assert response.status_code in (200, 422), response.text


@pytest.mark.spec("FIND-008")
async def test_a_text_finds_what_holds_it(ada: Person) -> None:
    words = " ".join(f"word{number}" for number in range(16))
    await ada.create_task(title=words)
    assert await titles(ada, q=words) == [words]


@pytest.mark.spec("FIND-008")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("q=", "must not be empty"),
        ("q=%20", "must contain a word"),
        ("q=!%3F...%26*", "must contain a word"),
        ("q=%F0%9F%8F%A0", "must contain a word"),
        ("q=a%00b", "must not contain control characters"),
        (f"q={'x' * 201}", "must have at most 200 characters"),
        (f"q={'x+' * 17}", "must have at most 16 words"),
    ],
)
async def test_a_question_that_asks_nothing_is_refused(ada: Person, query: str, *, message: str) -> None:
    assert await refused(ada, query) == {"q": message}


@pytest.mark.spec("FIND-008")
async def test_the_longest_question_is_answered(ada: Person) -> None:
    assert await titles(ada, q="x" * 200) == []


@pytest.mark.spec("FIND-008")
async def test_a_page_of_what_is_found_is_as_the_task_itself(ada: Person) -> None:
    created: dict[str, Any] = await ada.create_task(title="rent", due={"date": "2026-12-01"})
    assert (await page(ada, q="rent"))["items"] == [created]
