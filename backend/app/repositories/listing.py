"""Lists of an owner's rows, in one statement: under conditions, sorted, from an offset or a cursor, with a count.

Each shape of a question is built once, when it is first asked, and kept; values are parameters. It knows no table.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.util import ClauseAdapter

from app.database.statements import Statement
from app.domain.paging import COUNTED, Listing, Slice
from app.domain.sorting import Sort
from app.repositories.owner import OwnerScoped, mine
from app.repositories.questions import Condition, FoundIn, Item, Projection, Question

DirectedKey = tuple[ColumnElement[Any], bool]
_SHAPES = 256
_COUNTED: ColumnElement[Any] = literal_column(str(COUNTED + 1))


class Shape(NamedTuple):
    """A question without its values, of which there are few: each is one statement."""

    conditions: tuple[Condition, ...]
    sorts: tuple[Sort, ...]
    projection: Projection[Any]
    by_cursor: bool
    exact: bool


def moments(table: Table) -> dict[str, tuple[ColumnElement[Any], ...]]:
    """Return the sort keys that every owned table has: when a row was created, and when it was changed last."""
    return {name: (table.c[name],) for name in ("created_at", "updated_at")}


class ListedTable:
    """The statements of the lists of one table.

    Args:
        table: An owned table.
        sort_keys: What each name of a sort means: expressions that are never null, in the words of an index where there
            is one.
        row_id: What breaks ties, if not the column `id`.
        among: Which rows are listed at all, if not those of the owner of the unit of work.
    """

    def __init__(
        self,
        table: Table,
        sort_keys: Mapping[str, tuple[ColumnElement[Any], ...]],
        *,
        row_id: ColumnElement[Any] | None = None,
        among: ColumnElement[bool] | None = None,
    ) -> None:
        self._sort_keys = sort_keys
        self._row_id = table.c.id if row_id is None else row_id
        self._among = mine(table) if among is None else among
        self.statement = lru_cache(maxsize=_SHAPES)(self._build)

    def keys(self, sorts: tuple[Sort, ...]) -> list[DirectedKey]:
        """Return what rows are ordered by, each with whether it descends; the id does as the first of them."""
        keys = [(key, sort.descending) for sort in sorts for key in self._sort_keys[sort.column]]
        return [*keys, (self._row_id, sorts[0].descending)]

    def _build(self, shape: Shape) -> Statement:
        """Build the statement of a list: the rows, one more than asked, and beside them the number of all.

        The number is there also when there are no rows.
        """
        # Spec: features/finding.md#FIND-007
        rows, counted, keys = self._rows(shape)
        counted = counted if shape.exact else counted.limit(_COUNTED)
        total = select(func.count().label("total")).select_from(counted.subquery()).subquery("counted")
        page = _part(rows, keys, by_cursor=shape.by_cursor).subquery("page")
        # What is shown is made outside of the limited part, so that rows which are passed over cost nothing.
        joined, shown = shape.projection.shown(page)
        places = [page.c[f"key_{number}"] for number in range(len(keys))]
        listed = select(total.c.total, *(cast(place, Text) for place in places), *shown)
        listed = listed.select_from(total.outerjoin(joined, true()))
        return Statement(listed.order_by(*_directed(places, keys)))

    def _rows(self, shape: Shape) -> tuple[Select[Any], Select[Any], list[DirectedKey]]:
        """Return the rows that are asked for, the same to be counted, and what the rows are sorted by."""
        keys, columns = self.keys(shape.sorts), shape.projection.columns
        where = [self._among, *(condition.clause for condition in shape.conditions)]
        one: ColumnElement[Any] = literal_column("1").label("one")
        found = next((condition for condition in shape.conditions if isinstance(condition, FoundIn)), None)
        if found is None:
            return select(*columns).where(*where), select(one).where(*where), keys
        rows, keys = _found_rows(found, columns, where, keys=keys)
        return rows, _look_up(found.source, [one], where), keys


class Lists(OwnerScoped):
    """Gives lists of one owner's rows."""

    async def _list(
        self, listed: ListedTable, question: Question, asked: Slice, *, show: Projection[Item]
    ) -> Listing[Item]:
        """Fetch a slice of a list in one statement."""
        # Spec: features/finding.md#FIND-001 features/finding.md#FIND-002
        names = [f"after_{number}" for number in range(len(listed.keys(question.sorts)))]
        by_cursor = asked.after is not None
        conditions = tuple(given.condition for given in question.given)
        shape = Shape(conditions, question.sorts, show, by_cursor, asked.exact)
        values = {name: value for given in question.given for name, value in given.values.items()}
        values |= zip(names, asked.after or (), strict=by_cursor)
        values |= {"offset": asked.offset, "rows": asked.limit + 1}
        records = await self._fetch(listed.statement(shape), **values)
        # Where there are no rows, there is one record, with the total and nothing else; the last of the keys is the id.
        found = [tuple(record) for record in records if record[len(names)] is not None]
        page = found[: asked.limit]
        last = page[-1][1 : len(names) + 1] if len(found) > asked.limit else None
        return Listing([show.item(record[len(names) + 1 :]) for record in page], last, records[0]["total"])


def _found_rows(
    found: FoundIn,
    columns: Sequence[ColumnElement[Any]],
    where: list[ColumnElement[bool]],
    *,
    keys: list[DirectedKey],
) -> tuple[Select[Any], list[DirectedKey]]:
    """Return the rows that something else finds, and what they are sorted by."""
    if keys[0][0] is found.rank:
        # Sorted before they are looked up, so that none is looked up behind the page.
        ordered = _directed([found.rank, found.row_id], [keys[0], keys[-1]])
        best = select(found.source).order_by(*ordered).subquery("best")
        moved = [ClauseAdapter(best).traverse(clause) for clause in where]
        places = [best.c[str(column.key)] for column in (found.rank, found.row_id)]
        return _look_up(best, columns, moved), [(place, keys[0][1]) for place in places]
    labels = [key.label(f"sorted_{number}") for number, (key, _) in enumerate(keys)]
    rows = _look_up(found.source, [*columns, *labels], where)
    sorted_by = list(rows.selected_columns)[-len(keys) :]
    return rows, [(place, descending) for place, (_, descending) in zip(sorted_by, keys, strict=True)]


def _look_up(
    found: FromClause, columns: Sequence[ColumnElement[Any]], where: list[ColumnElement[bool]]
) -> Select[Any]:
    """Look up each row that is found by its id, as it is asked for.

    The planner does not know how many are found, and would rather read all rows of the owner; behind OFFSET it cannot.
    """
    row = select(*columns).where(*where).offset(literal_column("0")).correlate(found).lateral("found_row")
    return select(*row.c).select_from(found.join(row, true()))


def _part(rows: Select[Any], keys: list[DirectedKey], *, by_cursor: bool) -> Select[Any]:
    """Limit rows to a page, with what they are sorted by beside them."""
    ordered = rows.add_columns(*(key.label(f"key_{number}") for number, (key, _) in enumerate(keys)))
    ordered = ordered.order_by(*_directed([key for key, _ in keys], keys)).limit(bindparam("rows"))
    return ordered.where(*_behind(keys)) if by_cursor else ordered.offset(bindparam("offset"))


def _directed(columns: Sequence[ColumnElement[Any]], keys: list[DirectedKey]) -> list[ColumnElement[Any]]:
    return [
        column.desc() if descending else column.asc()
        for column, (_, descending) in zip(columns, keys, strict=True)
    ]


def _behind(keys: list[DirectedKey]) -> list[ColumnElement[bool]]:
    """Return the conditions for standing behind a position.

    That is one comparison of rows, or in mixed directions one comparison for each column.
    """
    # Spec: features/finding.md#FIND-002
    places = [
        cast(cast(bindparam(f"after_{number}"), Text), key.type) for number, (key, _) in enumerate(keys)
    ]
    columns, descending = [key for key, _ in keys], {direction for _, direction in keys}
    if len(descending) == 1:
        ours, given = tuple_(*columns), tuple_(*places)
        return [ours < given if descending.pop() else ours > given]
    alternatives = []
    for number, (key, down) in enumerate(keys):
        equal = [earlier == place for earlier, place in zip(columns[:number], places, strict=False)]
        alternatives.append(and_(*equal, key < places[number] if down else key > places[number]))
    # Said of the first column once more, so that an index is entered at the position.
    return [columns[0] <= places[0] if keys[0][1] else columns[0] >= places[0], or_(*alternatives)]
