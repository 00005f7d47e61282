"""What lists can be sorted by. It knows no columns of a table."""

from collections.abc import Iterable
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


class NamedSort(StrEnum):
    """A column that things with a name are sorted by, with `-` for descending."""

    NAME = "name"
    NAME_DESCENDING = "-name"
    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"


class CategorySort(StrEnum):
    """A column that categories are sorted by, with `-` for descending."""

    POSITION = "position"
    POSITION_DESCENDING = "-position"
    NAME = "name"
    NAME_DESCENDING = "-name"
    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"


class CommentSort(StrEnum):
    """A column that comments are sorted by, with `-` for descending."""

    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"


class UserSort(StrEnum):
    """A column that people are sorted by, with `-` for descending."""

    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    EMAIL = "email"
    EMAIL_DESCENDING = "-email"


class Sort(NamedTuple):
    """One column of a sort, and its direction."""

    column: str
    descending: bool


def read_sorts(written: Iterable[str]) -> tuple[Sort, ...]:
    """Read the columns of a sort: the name of each, after `-` for descending."""
    # Spec: features/finding.md#FIND-006
    return tuple(Sort(text.removeprefix("-"), text.startswith("-")) for text in written)
