"""Which way PostgreSQL takes to a page of tasks, for a person with 100,000 of them: never by reading a whole table.

The statements are those that the repositories run, with their values; looked at are both the plan for these values and
the one for any.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from app.database.connection import Database, Session
from app.database.statements import Statement
from app.database.url import read_address
from app.domain.changes import Origin, Source
from app.domain.paging import Listing, Position, Slice
from app.domain.search import query
from app.repositories.unit_of_work import UnitOfWork, reading
from app.schemas.task_query import TaskFilter
from app.services import task_search, trash
from tests.races.crowd import HEAVY, USUAL, fill
from tests.server import copy_database, drop_database, run, url_of

NOW = datetime.now(UTC)
SORTS = ("created_at", "updated_at", "completed_at", "due", "start_date", "priority", "title", "position")
QUESTIONS: dict[str, dict[str, Any]] = {
    **{sign + name: {"sort": f"{sign}{name}"} for name in SORTS for sign in ("", "-")},
    "as it comes": {},
    "open by due": {"status": "open", "sort": "due"},
    "open": {"status": "open"},
    "completed": {"status": "completed", "sort": "-completed_at"},
    "urgent": {"priority": "urgent"},
    "urgent open by due": {"priority": "high,urgent", "status": "open", "sort": "due"},
    "no category": {"category_id": "none"},
    "tag": {"tag": "tag 1"},
    "some tags": {"tag": "tag 5,tag 6"},
    "all tags": {"tag": "tag 1,tag 5", "tag_match": "all"},
    "no parent": {"parent_id": "none"},
    "due range": {
        "due_after": str((NOW - timedelta(days=3)).date()),
        "due_before": str((NOW + timedelta(days=5)).date()),
    },
    "overdue": {"overdue": "true", "sort": "due"},
    "not overdue": {"overdue": "false"},
    "no due": {"no_due": "true"},
    "changed": {"updated_after": (NOW - timedelta(days=2)).isoformat(), "sort": "-updated_at"},
    "words": {"q": "word7"},
    "words by due": {"q": "task word7", "sort": "due"},
    "common word": {"q": "task"},
    "words and filters": {"q": "word7", "status": "completed", "priority": "none,high"},
    "mixed": {"sort": "-priority,due"},
    "deleted as well": {"include_deleted": "true", "include_hidden": "true"},
}
# What leads to the page, or to the number of all.
INDEXES = {
    **{sign + name: f"ix_task_user_id_{name}_id" for name in SORTS for sign in ("", "-")},
    "as it comes": "ix_task_user_id_created_at_id",
    "open by due": "ix_task_user_id_open_due_id",
    "completed": "ix_task_user_id_completed_at_id",
    "category": "ix_task_user_id_category_id_created_at_id",
    "due range": "ix_task_user_id_due_id",
    "overdue": "ix_task_user_id_open_due_id",
    "changed": "ix_task_user_id_updated_at_id",
    "trash": "ix_task_user_id_deleted_at_id",
    "parent": "ix_task_user_id_parent_id_id",
}
# What words find, as somebody would ask who knows nothing of indexes.
_MATCHING = """
    SELECT task.id FROM agendum.task WHERE user_id = $1 AND deleted_at IS NULL
        AND (start_date IS NULL OR start_date <= current_date) AND search @@ $2::text::tsquery
"""
_BEST_FIRST = "ORDER BY ts_rank(search, $2::text::tsquery) DESC, id DESC LIMIT 200"
PLAIN = {
    "common word": f"{_MATCHING} {_BEST_FIRST}",
    "words": f"{_MATCHING} {_BEST_FIRST}",
    "words by due": f"{_MATCHING} ORDER BY due_date NULLS LAST, due_time NULLS LAST, id LIMIT 200",
    "words and filters": f"""
        {_MATCHING} AND completed_at IS NOT NULL AND priority IN ('none', 'high') {_BEST_FIRST}
    """,
}
Node = dict[str, Any]


class Noting(Session):
    """Runs statements, and remembers the last one."""

    last: tuple[str, list[Any]]

    async def fetch(self, statement: Statement, **values: Any) -> Sequence[asyncpg.Record]:
        """Run a statement and return its rows."""
        self.last = statement.sql, statement.arguments(values)
        return await super().fetch(statement, **values)


# One worker fills the database, which takes a while, and asks all of it.
pytestmark = pytest.mark.xdist_group("crowd")


@pytest.fixture(scope="session")
def crowded(template: str) -> Iterator[str]:
    """The address of a database with many tasks."""
    name = f"crowded_{uuid7().hex}"
    run(copy_database(template, name))
    run(_fill(url_of(name)))
    yield url_of(name)
    run(drop_database(name))


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(dsn=url)
    await fill(connection)
    await connection.close()


@pytest.fixture
async def database(crowded: str) -> AsyncIterator[Database]:
    pool = Database(read_address(crowded), size=1)
    await pool.open()
    yield pool
    await pool.close()


async def found(work: UnitOfWork, name: str, *, after: Position | None = None) -> Listing[str]:
    """Return a slice of what a question lists."""
    asked = Slice(20, 0, after, exact=False)
    if name == "trash":
        return await trash.browse(work, asked, show=task_search.AS_JSON)
    question = QUESTIONS.get(name) or await _question(work, name)
    return await task_search.browse(
        work, TaskFilter.model_validate(question), asked, now=NOW, show=task_search.AS_JSON
    )


async def _question(work: UnitOfWork, name: str) -> dict[str, Any]:
    """Return a question that names something of the person's."""
    if name == "as it comes":
        return {}
    column = {"category": "category_id", "parent": "parent_id"}[name]
    query = f"SELECT {column}::text FROM agendum.task WHERE {column} IS NOT NULL ORDER BY 1 LIMIT 1"
    return {column: await work.tasks._session._connection.fetchval(query)}


async def plans_of(database: Database, person: str, name: str) -> list[Node]:
    """Return the plans for the first page and the next one, each for its values and for any."""
    async with reading(database, Origin.own(person, Source.API)) as work:
        session = Noting(work.tasks._session._connection)
        noting = UnitOfWork(session, Origin.own(person, Source.API))
        first = await found(noting, name)
        plans = [*await _explain(session)]
        if first.last is not None:
            await found(noting, name, after=first.last)
            plans += await _explain(session)
    return plans


async def _explain(session: Noting) -> list[Node]:
    statement, values = session.last
    connection = session._connection
    custom = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE asked AS {statement}")
    generic = await connection.fetchval(
        f"EXPLAIN (FORMAT JSON) EXECUTE asked ({', '.join(map(_literal, values))})"
    )
    await connection.execute("DEALLOCATE asked")
    await connection.execute("SET LOCAL plan_cache_mode = auto")
    return [orjson.loads(plan)[0]["Plan"] for plan in (custom, generic)]


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    text = "{" + ",".join(f'"{item}"' for item in value) + "}" if isinstance(value, list) else str(value)
    return "'" + text.replace("'", "''") + "'"


def nodes(plan: Node) -> Iterator[Node]:
    """Give every node of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def read_whole(plan: Node) -> list[str]:
    """List the tables that a plan reads from one end to the other."""
    return [node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"]


def bounds(plan: Node, index: str) -> list[str]:
    """List what a plan asks of an index."""
    return [node.get("Index Cond", "") for node in nodes(plan) if node.get("Index Name") == index]


def indexes(plan: Node) -> list[str]:
    """List the indexes that a plan reads."""
    return sorted({node["Index Name"] for node in nodes(plan) if "Index Name" in node})


@pytest.mark.spec("FIND-007")
@pytest.mark.parametrize("person", [HEAVY, USUAL])
async def test_no_table_is_read_as_a_whole(database: Database, person: str) -> None:
    for name in (*QUESTIONS, "category", "parent", "trash"):
        for plan in await plans_of(database, person, name):
            assert read_whole(plan) == [], name


@pytest.mark.spec("FIND-007")
@pytest.mark.parametrize("person", [HEAVY, USUAL])
async def test_no_page_waits_for_a_bitmap_or_for_another_process(database: Database, person: str) -> None:
    for name in (*QUESTIONS, "category", "parent", "trash"):
        for plan in await plans_of(database, person, name):
            kinds = {node["Node Type"] for node in nodes(plan)}
            assert not kinds & {"Bitmap Heap Scan", "Gather", "Gather Merge"}, name


@pytest.mark.spec("FIND-007")
async def test_each_sort_and_the_common_filters_have_their_index(database: Database) -> None:
    for name, index in INDEXES.items():
        for plan in await plans_of(database, HEAVY, name):
            assert bounds(plan, index), name


@pytest.mark.spec("FIND-007")
@pytest.mark.parametrize("sort", [sign + name for name in SORTS for sign in ("", "-")])
async def test_a_cursor_is_where_the_index_begins(database: Database, sort: str) -> None:
    """S34: a late page costs what the first does."""
    _first, _first_generic, *following = await plans_of(database, HEAVY, sort)
    index = INDEXES[sort]
    assert [any("ROW(" in bound for bound in bounds(plan, index)) for plan in following] == [True, True]
    assert not any(
        node["Node Type"] == "Sort" and node["Plan Rows"] > 200 for plan in following for node in nodes(plan)
    )


@pytest.mark.spec("FIND-007")
async def test_completed_tasks_are_found_without_passing_over_the_open_ones(database: Database) -> None:
    for plan in await plans_of(database, HEAVY, "completed"):
        assert any("'infinity'" in bound and "<" in bound for bound in bounds(plan, INDEXES["completed"]))


@pytest.mark.spec("FIND-007")
@pytest.mark.parametrize("name", ["open", "open by due", "urgent open by due"])
async def test_open_tasks_are_counted_in_their_index_alone(database: Database, name: str) -> None:
    for plan in await plans_of(database, HEAVY, name):
        read = [node["Node Type"] for node in nodes(plan) if node.get("Index Name") == INDEXES["open by due"]]
        assert "Index Only Scan" in read


@pytest.mark.spec("FIND-007", "FIND-010")
@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
async def test_words_are_looked_up_in_their_indexes_alone(crowded: str, mode: str) -> None:
    """S35."""
    connection = await asyncpg.connect(dsn=crowded)
    function = "'agendum.found_tasks(tsquery)'::regprocedure"
    body = await connection.fetchval(f"SELECT prosrc FROM pg_proc WHERE oid = {function}")
    async with connection.transaction():
        await connection.execute(f"SET LOCAL role agendum_search; SET LOCAL app.user_id = '{HEAVY}'")
        await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE asked (tsquery) AS {body.replace('query', '$1')}")
        asked = f"EXECUTE asked ({_literal(query(HEAVY, 'word7'))})"
        explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {asked}")
    await connection.close()
    plan = orjson.loads(explained)[0]["Plan"]
    assert read_whole(plan) == []
    assert indexes(plan) == ["ix_comment_search", "ix_task_search"]


@pytest.mark.spec("FIND-007")
@pytest.mark.parametrize("person", [HEAVY, USUAL])
async def test_what_words_find_is_looked_up_one_by_one(database: Database, person: str) -> None:
    for name in ("words", "words by due", "words and filters"):
        for plan in await plans_of(database, person, name):
            assert indexes(plan) == ["pk_task", "pk_task_tag"], name


@pytest.mark.spec("FIND-007", "FIND-009")
async def test_no_task_is_looked_up_behind_the_page_of_the_best(database: Database) -> None:
    async with reading(database, Origin.own(HEAVY, Source.API)) as work:
        session = Noting(work.tasks._session._connection)
        page = await found(UnitOfWork(session, Origin.own(HEAVY, Source.API)), "common word")
        statement, values = session.last
        explained = await session._connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    plan = orjson.loads(explained)[0]["Plan"]
    looked_up = [node["Actual Loops"] for node in nodes(plan) if node.get("Index Name") == "pk_task"]
    # Those that are counted, and those of the page with one more; a few are in the trash or wait for their day.
    assert (page.total, len(looked_up)) == (1001, 2)
    assert sum(looked_up) < 1_300


@pytest.mark.spec("FIND-001", "FIND-008", "FIND-009")
@pytest.mark.parametrize("name", ["common word", "words", "words by due", "words and filters"])
async def test_words_find_what_a_plain_statement_finds(crowded: str, database: Database, name: str) -> None:
    connection = await asyncpg.connect(dsn=crowded)
    records = await connection.fetch(PLAIN[name], HEAVY, query(HEAVY, QUESTIONS[name]["q"]))
    await connection.close()
    expected = [str(record["id"]) for record in records]
    listed: list[str] = []
    after = None
    for _page in range(5):
        async with reading(database, Origin.own(HEAVY, Source.API)) as work:
            page = await found(work, name, after=after)
        listed += [orjson.loads(item)["id"] for item in page.items]
        if (after := page.last) is None:
            break
    assert len(expected) >= len(listed) >= 50
    assert listed == expected[: len(listed)]


@pytest.mark.spec("FIND-007")
async def test_a_table_that_is_read_as_a_whole_is_seen(crowded: str) -> None:
    connection = await asyncpg.connect(dsn=crowded)
    plan = await connection.fetchval("EXPLAIN (FORMAT JSON) SELECT count(description) FROM agendum.task")
    await connection.close()
    assert read_whole(orjson.loads(plan)[0]["Plan"]) == ["task"]


@pytest.mark.spec("FIND-007")
async def test_plans_are_made_for_any_owner_until_a_tag_is_named(database: Database) -> None:
    async with reading(database, Origin.own(HEAVY, Source.API)) as work:
        connection = work.tasks._session._connection
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
        await work.task_search.look_up_names(category_id=None, parent_id=None, tags=["errand"])
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"


@pytest.mark.spec("FIND-007")
async def test_words_of_somebody_new_to_the_statistics_are_looked_up_by_id(
    crowded: str, database: Database
) -> None:
    person = str(uuid7())
    connection = await asyncpg.connect(dsn=crowded)
    account = "INSERT INTO agendum.account (user_id, issuer, subject, created_at, updated_at)"
    await connection.execute(f"{account} VALUES ($1, 'new', $1, now(), now())", person)
    await connection.execute(f"INSERT INTO agendum.change_counter VALUES ('{person}', 0)")
    await connection.close()
    for name in ("words", "words by due", "words and filters"):
        *_, generic = await plans_of(database, person, name)
        assert indexes(generic) == ["pk_task", "pk_task_tag"], name
