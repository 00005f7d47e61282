"""What every list takes in its query."""

from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from app.domain.fields import LARGEST_NUMBER
from app.schemas.base import Input, Output, example


class Counting(StrEnum):
    """How far the items of a list are counted: to 1000, or to the end."""

    CAPPED = "capped"
    EXACT = "exact"


NAME_PART = "Only those whose name contains this, in whatever letter case."
SORT = "Columns, with `-` for descending; the id breaks ties."


class PageQuery(Input):
    """Which part of a list: by offset, or by the cursor of the page before."""

    # Spec: features/finding.md#FIND-001
    limit: int = Field(default=50, ge=1, le=100, description="How many at most.")
    offset: int = Field(
        default=0, ge=0, le=1_000_000, description="How many to pass over; not together with a cursor."
    )
    cursor: str | None = Field(
        default=None, min_length=1, max_length=8192, description="The `next_cursor` of the page before."
    )
    count: Counting = Field(default=Counting.CAPPED, description="Whether to count past 1000.")


class ListQuery(PageQuery):
    """Which rows, in which order, and which part of them.

    A list adds its `sort`, and a field for each of its filters.
    """

    sort: list[str] | None = None

    def wanted(self) -> dict[str, Any]:
        """Return the filters that are given, by their names, each with its value."""
        return self.model_dump(exclude={"sort", *PageQuery.model_fields}, exclude_none=True)


class ChangeQuery(Input):
    """Which part of the change sequence."""

    after: int = Field(default=0, ge=0, le=LARGEST_NUMBER, description="The number after which to begin.")
    limit: int = Field(default=100, ge=1, le=100, description="How many at most.")


class Page(Output):
    """What every page says beside its items."""

    total: int = Field(
        description="How many there are; 1000 when there are more and `count=exact` was not asked for."
    )
    total_exact: bool = Field(description="Whether `total` is all of them.")
    limit: int = Field(description="How many were asked for at most.")
    offset: int = Field(description="How many were passed over.")
    has_more: bool = Field(description="Whether more follow.")
    next_cursor: str | None = Field(description="Give it as `cursor` to go on; null at the end.")


def page_example(item: JsonDict) -> ConfigDict:
    """Return the configuration that shows a page of one item in the documentation of a shape."""
    return example(
        {
            "items": [item],
            "total": 1,
            "total_exact": True,
            "limit": 50,
            "offset": 0,
            "has_more": False,
            "next_cursor": None,
        }
    )
