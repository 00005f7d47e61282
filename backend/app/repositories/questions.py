"""What a list can be asked: conditions on its rows, how they are sorted, and what is shown of each. It runs nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, FromClause, Text, bindparam, cast, func, literal_column

from app.domain.sorting import Sort

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Condition:
    """What a list can be narrowed by.

    Attributes:
        clause: The condition on a row; its parameters are given when it is asked.
    """

    clause: ColumnElement[bool]

    def given(self, **values: Any) -> "Given":
        """Return the condition with the values of its parameters."""
        return Given(self, values)


@dataclass(frozen=True, eq=False)
class FoundIn(Condition):
    """That a row is found by something else, which knows how well: `clause` joins the two by their ids.

    Attributes:
        source: What finds rows: their ids, and a rank that is a sort key of the table.
        row_id: The column of the ids.
        rank: The column of the ranks.
    """

    source: FromClause
    row_id: ColumnElement[Any]
    rank: ColumnElement[Any]


class Given(NamedTuple):
    """A condition with the values of its parameters."""

    condition: Condition
    values: Mapping[str, Any]


class Question(NamedTuple):
    """What a list is asked: conditions that all hold, and how it is sorted. The id breaks ties."""

    given: Sequence[Given]
    sorts: tuple[Sort, ...]


@dataclass(frozen=True, eq=False)
class Projection(Generic[Item]):
    """What a list shows of each row.

    Attributes:
        columns: What is selected of the table.
        shown: Gives, for the page that they are selected into, what it is joined with, and the columns that are shown.
        item: Makes an item of the values of those columns.
    """

    columns: Sequence[ColumnElement[Any]]
    shown: Callable[[FromClause], tuple[FromClause, Sequence[ColumnElement[Any]]]]
    item: Callable[[Sequence[Any]], Item]


def containing(name: ColumnElement[Any], parameter: str) -> Condition:
    """Return the condition that a text contains another."""
    return Condition(func.strpos(name, cast(bindparam(parameter), Text)) > literal_column("0"))


def containing_in_any_case(name: ColumnElement[Any], parameter: str) -> Condition:
    """Return the condition that a text contains another, whatever the database takes for their letter case."""
    part = func.lower(cast(bindparam(parameter), Text))
    return Condition(func.strpos(func.lower(name), part) > literal_column("0"))
