"""What the filters of the task list leave in it, one by one and together, and which questions are refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from tests.api.lists import create_named, create_titled, page, refused, titles
from tests.people import Person, joined

pytestmark = pytest.mark.broad

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
BERLIN = {"date": "2026-12-01", "time": "09:00", "timezone": "Europe/Berlin"}
NIL_TAGS = ",".join("abcdefghijk")


def due(date: str) -> dict[str, Any]:
    """Return the content of a task that is due on a day."""
    return {"due": {"date": date}}


@pytest.fixture
async def eve(app: FastAPI) -> AsyncIterator[Person]:
    """Somebody who lives on the last day of November 2026."""
    with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC)):
        async with joined(app) as person:
            yield person


@pytest.mark.spec("FIND-003")
async def test_a_status_is_open_or_completed(ada: Person) -> None:
    await create_titled(ada, done={"completed": True}, open={})
    assert await titles(ada, status="open") == ["open"]
    assert await titles(ada, status="completed") == ["done"]


@pytest.mark.spec("FIND-003")
async def test_priorities_are_one_or_several_by_comma_or_repeated(ada: Person) -> None:
    await create_titled(
        ada, none={}, low={"priority": "low"}, high={"priority": "high"}, urgent={"priority": "urgent"}
    )
    assert await titles(ada, priority="low") == ["low"]
    assert await titles(ada, priority="low,urgent") == ["urgent", "low"]
    assert await titles(ada, priority=["low", "urgent,none"]) == ["urgent", "low", "none"]
    assert await titles(ada, priority=["low", "low"]) == ["low"]
    assert await titles(ada, priority="medium") == []


@pytest.mark.spec("FIND-003")
async def test_a_category_is_that_one_or_none(ada: Person) -> None:
    home, work = await create_named(ada, "/api/categories", ["Home", "Work"])
    await create_titled(ada, home={"category_id": home}, work={"category_id": work}, free={})
    assert await titles(ada, category_id=home) == ["home"]
    assert await titles(ada, category_id=work.upper()) == ["work"]
    assert await titles(ada, category_id="none") == ["free"]


@pytest.mark.spec("FIND-003")
async def test_a_parent_is_the_direct_one_or_none(ada: Person) -> None:
    top = await ada.create_task(title="top")
    middle = await ada.create_task(title="middle", parent_id=top["id"])
    await ada.create_task(title="bottom", parent_id=middle["id"])
    assert await titles(ada, parent_id=top["id"]) == ["middle"]
    assert await titles(ada, parent_id="none") == ["top"]


@pytest.mark.spec("FIND-003")
async def test_tags_are_any_or_all_by_name_or_by_id(ada: Person) -> None:
    errand, garden, _shop = await create_named(ada, "/api/tags", ["Errand", "Stra\u00dfe", "shop"])
    await create_titled(ada, one={"tag_ids": [errand]}, both={"tag_ids": [errand, garden]}, none={})
    assert await titles(ada, tag="ERRAND") == ["both", "one"]
    assert await titles(ada, tag=garden.upper()) == ["both"]
    assert await titles(ada, tag="shop") == []
    assert await titles(ada, tag="errand,STRASSE") == ["both", "one"]
    assert await titles(ada, tag=[errand, "strasse"], tag_match="all") == ["both"]
    assert await titles(ada, tag=[errand, "errand", "eRRand"], tag_match="all") == ["both", "one"]
    assert await titles(ada, tag="errand,shop", tag_match="all") == []


@pytest.mark.spec("FIND-003")
async def test_due_dates_are_before_and_after_others(ada: Person) -> None:
    await create_titled(ada, first=due("2026-12-01"), timed={"due": BERLIN}, last=due("2026-12-03"), none={})
    assert await titles(ada, due_before="2026-12-01") == []
    assert await titles(ada, due_before="2026-12-02") == ["timed", "first"]
    assert await titles(ada, due_after="2026-12-01") == ["last"]
    assert await titles(ada, due_after="2026-11-30", due_before="2026-12-03") == ["timed", "first"]
    assert await titles(ada, due_after="2026-12-03") == []


@pytest.mark.spec("FIND-003")
async def test_a_due_date_is_there_or_not(ada: Person) -> None:
    await create_titled(ada, due=due("2026-12-01"), none={})
    assert (await titles(ada, no_due="true"), await titles(ada, no_due="false")) == (["none"], ["due"])


@pytest.mark.spec("FIND-005")
@pytest.mark.parametrize(
    ("moment", "overdue"),
    [("2026-12-01T07:59:59", []), ("2026-12-01T08:00:00", []), ("2026-12-01T08:00:00.000001", ["rent"])],
)
async def test_a_time_has_passed_right_after_it_in_its_own_zone(
    app: FastAPI, moment: str, *, overdue: list[str]
) -> None:
    with time_machine.travel(datetime.fromisoformat(moment).replace(tzinfo=UTC), tick=False):
        async with joined(app) as person:
            await create_titled(
                person, rent={"due": BERLIN}, done={"due": BERLIN, "completed": True}, none={}
            )
            for zone in ("UTC", "Pacific/Auckland", "Pacific/Pago_Pago"):
                assert await titles(person, overdue="true", timezone=zone) == overdue
                assert await titles(person, overdue="false", timezone=zone, sort="title") == sorted(
                    {"done", "none", "rent"} - {*overdue}
                )


@pytest.mark.spec("FIND-005")
@pytest.mark.parametrize(
    ("moment", "passed"),
    [
        ("2026-12-01T10:59:59.999999", set()),
        ("2026-12-01T11:00:00", {"Pacific/Auckland"}),
        ("2026-12-01T23:59:59", {"Pacific/Auckland"}),
        ("2026-12-02T00:00:00", {"Pacific/Auckland", "UTC"}),
        ("2026-12-02T10:59:59", {"Pacific/Auckland", "UTC"}),
        ("2026-12-02T11:00:00", {"Pacific/Auckland", "UTC", "Pacific/Pago_Pago"}),
    ],
)
async def test_a_date_has_passed_at_its_end_where_the_caller_is(
    app: FastAPI, moment: str, *, passed: set[str]
) -> None:
    zones = ("Pacific/Auckland", "UTC", "Pacific/Pago_Pago")
    with time_machine.travel(datetime.fromisoformat(moment).replace(tzinfo=UTC), tick=False):
        async with joined(app) as person:
            await create_titled(person, rent=due("2026-12-01"), later=due("2027-01-01"))
            overdue = {zone: await titles(person, overdue="true", timezone=zone) for zone in zones}
            others = {zone: await titles(person, overdue="false", timezone=zone) for zone in zones}
    assert overdue == {zone: ["rent"] if zone in passed else [] for zone in zones}
    assert others == {zone: ["later"] if zone in passed else ["later", "rent"] for zone in zones}


@pytest.mark.spec("FIND-003")
async def test_changes_are_after_a_moment_with_any_offset(ada: Person) -> None:
    old, new = await ada.create_task(title="old"), await ada.create_task(title="new")
    moment = datetime.fromisoformat(old["updated_at"])
    assert await titles(ada, updated_after=old["updated_at"]) == ["new"]
    assert await titles(ada, updated_after=(moment - timedelta(microseconds=1)).isoformat()) == ["new", "old"]
    assert await titles(ada, updated_after=new["updated_at"]) == []
    east = (moment + timedelta(hours=9)).replace(tzinfo=None).isoformat() + "+09:00"
    assert await titles(ada, updated_after=east) == ["new"]
    assert [
        task["title"] for task in (await ada.client.get(f"/api/tasks?updated_after={east}")).json()["items"]
    ] == ["new"]


@pytest.mark.spec("FIND-004")
async def test_deleted_tasks_are_left_out_unless_asked_for(ada: Person) -> None:
    gone = await create_titled(ada, gone={}, here={})
    await ada.client.delete(f"/api/tasks/{gone['gone']}")
    assert (await titles(ada), await titles(ada, include_deleted="false")) == (["here"], ["here"])
    assert await titles(ada, include_deleted="true") == ["here", "gone"]
    assert (await page(ada, include_deleted="true", status="open"))["total"] == 2


@pytest.mark.spec("FIND-004")
async def test_tasks_wait_for_their_start_date_where_the_caller_is(eve: Person) -> None:
    await create_titled(
        eve,
        now={"start_date": "2026-11-30"},
        tomorrow={"start_date": "2026-12-01"},
        later={"start_date": "2026-12-02"},
    )
    assert await titles(eve) == ["now"]
    assert await titles(eve, timezone="Pacific/Auckland") == ["tomorrow", "now"]
    assert await titles(eve, include_hidden="true") == ["later", "tomorrow", "now"]
    assert (await page(eve))["total"] == 1


@pytest.mark.spec("FIND-003")
async def test_all_filters_that_are_given_must_hold(ada: Person) -> None:
    [home] = await create_named(ada, "/api/categories", ["Home"])
    [errand] = await create_named(ada, "/api/tags", ["errand"])
    place = {"category_id": home, "parent_id": (await ada.create_task(title="top"))["id"]}
    fits = place | {"tag_ids": [errand], "priority": "high"} | due("2020-01-02")
    others: dict[str, dict[str, Any]] = {
        "done": {"completed": True},
        "calm": {"priority": "low"},
        "bare": {"tag_ids": []},
        "later": due("2020-01-03"),
        "homeless": {"category_id": None},
        "orphan": {"parent_id": None},
    }
    contents = {"fits": fits} | {title: fits | other for title, other in others.items()}
    await create_titled(ada, **contents)
    labels = {"tag": "errand", "tag_match": "all", "priority": "high,urgent", "status": "open"}
    days = {"overdue": "true", "no_due": "false", "due_before": "2020-01-03", "due_after": "2020-01-01"}
    answer = await page(ada, **place, **labels, **days, q="fit", sort="due")
    assert ([task["title"] for task in answer["items"]], answer["total"]) == (["fits"], 1)


@pytest.mark.spec("FIND-003", "ISO-008")
@pytest.mark.parametrize(
    ("parameter", "path", "entity"),
    [
        ("category_id", "/api/categories", "category"),
        ("parent_id", "/api/tasks", "task"),
        ("tag", "/api/tags", "tag"),
    ],
)
async def test_what_is_not_there_is_refused_as_what_is_somebody_elses(
    ada: Person, bob: Person, *, parameter: str, path: str, entity: str
) -> None:
    content = {"title" if entity == "task" else "name": "Rent"}
    theirs, gone = [(await person.client.post(path, json=content)).json()["id"] for person in (bob, ada)]
    await ada.client.delete(f"{path}/{gone}")
    for value in (theirs, gone, ABSENT, uuid7()):
        assert await refused(ada, f"{parameter}={value}") == {parameter: f"there is no such {entity}"}


@pytest.mark.spec("FIND-003")
async def test_the_name_of_somebody_elses_tag_is_refused(ada: Person, bob: Person) -> None:
    await create_named(bob, "/api/tags", ["errand"])
    await create_named(ada, "/api/tags", ["shop"])
    assert (
        await refused(ada, "tag=errand")
        == await refused(ada, "tag=shop,errand")
        == {"tag": "there is no such tag"}
    )


@pytest.mark.spec("FIND-003")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        *[
            ("status=Open", "status"),
            ("status=open,completed", "status"),
            ("status=", "status"),
            ("status=open&status=completed", "status"),
        ],
        *[
            ("priority=highest", "priority.0"),
            ("priority=low,", "priority.1"),
            ("priority=", "priority.0"),
            ("priority=low,%20high", "priority.1"),
        ],
        *[
            (f"{name}={value}", name)
            for name in ("category_id", "parent_id")
            for value in ("x", "", "None", "null", "0", "%00", f"{ABSENT}1")
        ],
        *[
            ("tag=", "tag.0"),
            (f"tag={'x' * 201}", "tag.0"),
            ("tag=a%00", "tag.0"),
            (f"tag={NIL_TAGS}", "tag"),
            ("tag_match=some", "tag_match"),
        ],
        *[
            (f"{name}={value}", name)
            for name in ("due_before", "due_after")
            for value in ("2026-02-30", "today", "1764547200", "9999-12-31")
        ],
        *[
            (f"{name}={value}", name)
            for name in ("overdue", "no_due", "include_deleted", "include_hidden")
            for value in ("1", "0", "yes", "on", "True", "", "none")
        ],
        *[
            (f"updated_after={value}", "updated_after")
            for value in (
                "2026-12-01",
                "2026-12-01T09:00:00",
                "2026-13-01T09:00:00Z",
                "1764547200",
                "0001-01-01T00:00:00Z",
                "now",
                "",
            )
        ],
        *[
            ("timezone=Berlin", "timezone"),
            ("timezone=", "timezone"),
            ("timezone=%2B01:00", "timezone"),
            ("timezone=localtime", "timezone"),
        ],
        *[("title=Rent", "title"), ("user_id=x", "user_id"), ("Status=open", "Status"), ("q=a&q=b", "q")],
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(ada: Person, query: str, *, field: str) -> None:
    await create_named(ada, "/api/tags", NIL_TAGS.split(","))
    faults = await refused(ada, query)
    assert list(faults) == [field]
    assert "9999-12-31" not in str(faults)


@pytest.mark.spec("FIND-003")
@pytest.mark.parametrize(("number", "most"), [(11, 10), (100, 10), (101, 100), (10_000, 100)])
async def test_ten_thousand_tags_are_refused_at_once(ada: Person, number: int, *, most: int) -> None:
    words = [str(word) for word in range(number)]
    for query in (f"tag={','.join(words)}", "&".join(f"tag={word}" for word in words[:5_000])):
        assert await refused(ada, query) == {"tag": f"must have at most {most} values"}


@pytest.mark.spec("FIND-003")
async def test_every_fault_is_told(ada: Person) -> None:
    faults = await refused(ada, "status=x&priority=x&sort=x&limit=0&colour=x&overdue=x")
    assert set(faults) == {"status", "priority.0", "sort.x", "limit", "colour", "overdue"}
