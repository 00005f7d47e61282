"""What lists of tasks can be sorted by. It knows no columns of a table."""

from enum import StrEnum
from typing import NamedTuple

MOST_COLUMNS = 4


class TaskSort(StrEnum):
    """A column that tasks are sorted by, with `-` for descending."""

    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"
    COMPLETED_AT = "completed_at"
    COMPLETED_AT_DESCENDING = "-completed_at"
    DUE = "due"
    DUE_DESCENDING = "-due"
    START_DATE = "start_date"
    START_DATE_DESCENDING = "-start_date"
    PRIORITY = "priority"
    PRIORITY_DESCENDING = "-priority"
    TITLE = "title"
    TITLE_DESCENDING = "-title"
    POSITION = "position"
    POSITION_DESCENDING = "-position"


COLUMNS = tuple(sort.value for sort in TaskSort if not sort.startswith("-"))


class Sort(NamedTuple):
    """One column of a sort, and its direction."""

    column: str
    descending: bool


def read_sort(written: str) -> Sort:
    """Read one column of a sort: its name, after `-` for descending.

    Raises:
        ValueError: It is no column to sort by.
    """
    # Spec: features/finding.md#FIND-006
    sort = Sort(written.removeprefix("-"), written.startswith("-"))
    if sort.column not in COLUMNS:
        raise ValueError(f"must be of {', '.join(COLUMNS)}, each with - for descending")
    return sort
