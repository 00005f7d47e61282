"""The statements of the task list: each shape of a question is built once, when it is first asked, and kept. Values are parameters."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.database.statements import Statement
from app.domain.paging import COUNTED, Listing, Slice
from app.domain.sorting import Sort
from app.models.category import Category
from app.models.naming import table_of
from app.models.tag import Tag
from app.models.task import TaskRow
from app.repositories.owner import OwnerScoped, mine
from app.repositories.task_conditions import FOUND, SORT_KEYS, TASK, condition_of, values_of
from app.repositories.task_json import as_json, task_fields

_TAG = table_of(Tag)
_SHAPES = 256
_COLUMNS = [TASK.c[name] for name in TaskRow._fields if name != "tag_ids"]
_COUNTED: ColumnElement[Any] = literal_column(str(COUNTED + 1))

DirectedKey = tuple[ColumnElement[Any], bool]


class Shape(NamedTuple):
    """What a list asks for, without the values.

    `conditions` are names that `condition_of` knows, `sorts` name columns or `rank`; `found`: only what words find; `exact`: count all.
    """

    conditions: frozenset[str]
    sorts: tuple[Sort, ...]
    found: bool
    by_cursor: bool
    exact: bool


def _there(table: Table, parameter: str) -> ColumnElement[bool]:
    return exists().where(mine(table), table.c.id == bindparam(parameter), table.c.deleted_at.is_(None))


def _tags(column: ColumnElement[Any]) -> ColumnElement[Any]:
    named = bindparam("tags", type_=ARRAY(Text))
    own = (mine(_TAG), _TAG.c.deleted_at.is_(None))
    meant = or_(_TAG.c.folded_name == func.any(named), cast(_TAG.c.id, Text) == func.any(named))
    return func.array(select(column).where(*own, meant).order_by(_TAG.c.id).scalar_subquery())


_REFERENCES = Statement(
    select(
        # A plan for the usual tag or category is slow for one that many tasks have: from here on, plans are made for the values.
        func.set_config(literal_column("'plan_cache_mode'"), literal_column("'force_custom_plan'"), literal_column("true")),
        _there(table_of(Category), "category_id").label("category"),
        _there(TASK, "parent_id").label("parent"),
        _tags(cast(_TAG.c.id, Text)).label("ids"),
        _tags(_TAG.c.folded_name).label("names"),
    )
)


def place_names(sorts: tuple[Sort, ...]) -> list[str]:
    """Return the parameters of a position in a list that is sorted so; the values are texts."""
    return [f"after_{number}" for number in range(len(_keys(sorts)))]


@lru_cache(maxsize=_SHAPES)
def statement_of(shape: Shape) -> Statement:
    """Build the list: one statement for the rows, one more than asked, and the number of all, also when there are no rows."""
    # Spec: features/finding.md#FIND-007
    keys, source = _keys(shape.sorts), TASK.join(FOUND, FOUND.c.task_id == TASK.c.id) if shape.found else TASK
    where = [mine(TASK), *(condition_of(name) for name in sorted(shape.conditions))]
    counted: Select[Any] = select(literal_column("1")).select_from(source).where(*where)
    counted = counted if shape.exact else counted.limit(_COUNTED)
    total = select(func.count().label("total")).select_from(counted.subquery()).subquery("counted")
    # The JSON is built outside of the limited part, so that rows which are passed over cost nothing.
    rows = _part(select(*_COLUMNS).select_from(source).where(*where), keys, by_cursor=shape.by_cursor).subquery("page")
    fields, places = task_fields(rows), _places(rows, keys)
    shown = select(total.c.total, as_json(fields).label("body"), *(cast(place, Text) for place in places))
    listed = total.outerjoin(rows.join(fields, true()), true())
    return Statement(shown.select_from(listed).order_by(*_directed(places, keys)))


def _part(tasks: Select[Any], keys: list[DirectedKey], *, by_cursor: bool) -> Select[Any]:
    """Limit the tasks to a page, with what they are sorted by beside them."""
    ordered = tasks.add_columns(*(key.label(f"key_{number}") for number, (key, _) in enumerate(keys)))
    ordered = ordered.order_by(*_directed([key for key, _ in keys], keys)).limit(bindparam("rows"))
    return ordered.where(*_behind(keys)) if by_cursor else ordered.offset(bindparam("offset"))


def _places(rows: FromClause, keys: list[DirectedKey]) -> list[ColumnElement[Any]]:
    return [rows.c[f"key_{number}"] for number in range(len(keys))]


def _directed(columns: Sequence[ColumnElement[Any]], keys: list[DirectedKey]) -> list[ColumnElement[Any]]:
    return [column.desc() if descending else column.asc() for column, (_, descending) in zip(columns, keys, strict=True)]


def _keys(sorts: tuple[Sort, ...]) -> list[DirectedKey]:
    """Return what the rows are ordered by, each with whether it is descending; the id breaks ties in the direction of the first column."""
    keys = [(key, sort.descending) for sort in sorts for key in SORT_KEYS[sort.column]]
    return [*keys, (TASK.c.id, sorts[0].descending)]


def _behind(keys: list[DirectedKey]) -> list[ColumnElement[bool]]:
    """Return the conditions for standing behind a position: one comparison of rows, or, in mixed directions, one for each column."""
    # Spec: features/finding.md#FIND-002
    places = [cast(cast(bindparam(f"after_{number}"), Text), key.type) for number, (key, _) in enumerate(keys)]
    columns, descending = [key for key, _ in keys], {direction for _, direction in keys}
    if len(descending) == 1:
        mine, given = tuple_(*columns), tuple_(*places)
        return [mine < given if descending.pop() else mine > given]
    alternatives = []
    for number, (key, down) in enumerate(keys):
        equal = [earlier == place for earlier, place in zip(columns[:number], places, strict=False)]
        alternatives.append(and_(*equal, key < places[number] if down else key > places[number]))
    # Said of the first column once more, so that an index is entered at the position.
    return [columns[0] <= places[0] if keys[0][1] else columns[0] >= places[0], or_(*alternatives)]


class Question(NamedTuple):
    """What a list asks for: the conditions with their values, the sort, and the words, as the text of a `tsquery`."""

    conditions: frozenset[str]
    values: dict[str, Any]
    sorts: tuple[Sort, ...]
    query: str | None


class References(NamedTuple):
    """Which of the things that a question names are there: the category, the parent, and the tags, each as id and folded name."""

    category: bool
    parent: bool
    tags: list[tuple[str, str]]


class TaskSearch(OwnerScoped):
    """The lists of one person's tasks."""

    async def fetch(self, question: Question, asked: Slice) -> Listing[str]:
        """Fetch a slice, each task as the text of its JSON, in one statement."""
        # Spec: features/finding.md#FIND-001 features/finding.md#FIND-006 features/finding.md#FIND-009
        # Spec: features/finding.md#FIND-010
        names, by_cursor = place_names(question.sorts), asked.after is not None
        shape = Shape(question.conditions, question.sorts, question.query is not None, by_cursor, asked.exact)
        place: dict[str, Any] = dict(zip(names, asked.after or (), strict=by_cursor)) | {"offset": asked.offset}
        values = values_of(question.values) | place | {"query": question.query, "rows": asked.limit + 1}
        records = await self._fetch(statement_of(shape), **values)
        found = [record for record in records if record["body"] is not None]
        shown = found[: asked.limit]
        last = tuple(shown[-1])[-len(names) :] if len(found) > asked.limit else None
        return Listing([record["body"] for record in shown], last, records[0]["total"])

    async def references(self, *, category_id: UUID | None, parent_id: UUID | None, tags: Sequence[str]) -> References:
        """Look up what a question names; tags are texts of ids or folded names."""
        values = {"category_id": category_id, "parent_id": parent_id, "tags": list(tags)}
        record = await self._fetch_row(_REFERENCES, **values)
        if record is None:
            raise RuntimeError("a statement without a table gave no row")
        return References(record["category"], record["parent"], list(zip(record["ids"], record["names"], strict=True)))
