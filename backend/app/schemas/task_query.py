"""What the task list can be asked for, in an address or in a saved filter.

It says which questions are well formed, and answers none.
"""

from enum import StrEnum
from typing import Annotated

from annotated_types import Len
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
)

from app.domain.fields import MOST_NAMED_TAGS, NAME_LENGTH, DueDate, Moment, ZoneName
from app.domain.priority import Priority
from app.domain.search import MOST_WORDS, words
from app.domain.text import storable
from app.schemas.base import Input
from app.schemas.paging import PageQuery
from app.schemas.query_fields import IdOrNone, QueryFlag, several
from app.schemas.sorting import TaskSorts

_LONGEST_QUESTION = 200


def _question(text: str) -> str:
    if not (asked := words(storable(text))):
        raise ValueError("must contain a word")
    if len(asked) > MOST_WORDS:
        raise ValueError(f"must have at most {MOST_WORDS} words")
    return text


def _by_urgency(priorities: list[Priority]) -> list[Priority]:
    return [priority for priority in Priority if priority in priorities]


def _distinct(texts: list[str]) -> list[str]:
    return sorted(set(texts))


Priorities = Annotated[list[Priority], BeforeValidator(several), Len(1, 20), AfterValidator(_by_urgency)]
TagNames = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), AfterValidator(storable)]],
    BeforeValidator(several),
    Len(1, MOST_NAMED_TAGS),
    AfterValidator(_distinct),
]
SearchWords = Annotated[
    str, StringConstraints(min_length=1, max_length=_LONGEST_QUESTION), AfterValidator(_question)
]


class TaskStatus(StrEnum):
    """Whether a task is done."""

    OPEN = "open"
    COMPLETED = "completed"


class TagMatch(StrEnum):
    """Whether one of several tags is enough, or all are needed."""

    ANY = "any"
    ALL = "all"


class TaskFilter(Input):
    """Which tasks, in which order; what is absent does not matter."""

    # Spec: features/finding.md#FIND-003
    status: TaskStatus | None = Field(default=None, description="Open, or completed.")
    priority: Priorities | None = Field(default=None, description="One of these priorities.")
    category_id: IdOrNone | None = Field(
        default=None, description="In this category; `none`: in no category."
    )
    tag: TagNames | None = Field(default=None, description="Tags, each by its id or by its name.")
    tag_match: TagMatch = Field(default=TagMatch.ANY, description="Whether one of the tags is enough.")
    parent_id: IdOrNone | None = Field(
        default=None, description="A direct subtask of this task; `none`: of no task."
    )
    due_before: DueDate | None = Field(default=None, description="Due on an earlier date.")
    due_after: DueDate | None = Field(default=None, description="Due on a later date.")
    overdue: QueryFlag | None = Field(default=None, description="Open and past its due date or time, or not.")
    no_due: QueryFlag | None = Field(default=None, description="Without a due date, or with one.")
    updated_after: Moment | None = Field(default=None, description="Changed after this moment.")
    include_deleted: QueryFlag = Field(default=False, description="List what is in the trash as well.")
    include_hidden: QueryFlag = Field(
        default=False, description="List tasks as well whose start date has not come."
    )
    q: SearchWords | None = Field(
        default=None,
        description="Words of the title, the description or a comment; the last may be a beginning.",
    )
    sort: TaskSorts | None = Field(
        default=None, description="Columns, with `-` for descending; `-created_at`, or the best match first."
    )
    timezone: ZoneName = Field(default="UTC", description="The time zone whose day is today.")


class TaskQuery(TaskFilter, PageQuery):
    """Which tasks, and which part of them."""
