"""What lists of tasks can be sorted by. It knows no columns of a table."""

from typing import NamedTuple

COLUMNS = ("created_at", "updated_at", "completed_at", "due", "start_date", "priority", "title", "position")
MOST_COLUMNS = 4


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
