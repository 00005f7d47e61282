"""What every list takes in its query."""

from typing import Literal

from pydantic import Field

from app.domain.fields import LARGEST_NUMBER
from app.schemas.base import Input


class PageQuery(Input):
    """Which part of a list: by offset, or by the cursor of the page before."""

    # Spec: features/finding.md#FIND-001
    limit: int = Field(default=50, ge=1, le=100, description="How many at most.")
    offset: int = Field(default=0, ge=0, le=1_000_000, description="How many to pass over; not together with a cursor.")
    cursor: str | None = Field(default=None, min_length=1, max_length=1024, description="The `next_cursor` of the page before.")
    count: Literal["capped", "exact"] = Field(default="capped", description="Whether to count past 1000.")


class ChangeQuery(Input):
    """Which part of the change sequence."""

    after: int = Field(default=0, ge=0, le=LARGEST_NUMBER, description="The number after which to begin.")
    limit: int = Field(default=100, ge=1, le=100, description="How many at most.")
