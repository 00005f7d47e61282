"""What the task list can be asked for, in an address or in a saved filter. It says which questions are well formed, and answers none."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from annotated_types import Len
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    ValidationError,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.domain.fields import MOST_NAMED_TAGS, NAME_LENGTH, DueDate, Moment, ZoneName
from app.domain.priority import Priority
from app.domain.search import MOST_WORDS, words
from app.domain.sorting import COLUMNS, MOST_COLUMNS, TaskSort
from app.domain.text import storable
from app.schemas.base import Input
from app.schemas.paging import PageQuery

NONE = "none"
_MOST_PARTS, _LONGEST_QUESTION = 100, 200


def _several(value: object) -> object:
    """Take values that are separated by commas, repeated, or in a list."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list):
        return given
    parts = [part for item in given for part in _parts(item)]
    if len(parts) > _MOST_PARTS:
        # Refused at once, before each of them is looked at.
        raise ValueError(f"must have at most {_MOST_PARTS} values")
    return parts


def _parts(item: object) -> list[Any]:
    return item.split(",") if isinstance(item, str) else [item]


def _flag(value: object) -> object:
    known = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in known:
        return known[value]
    raise ValueError("must be true or false")


def _place(value: object) -> UUID | str:
    if isinstance(value, UUID) or value == NONE:
        return value
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"must be a UUID, or {NONE}") from None


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


def _columns(sort: list[str]) -> list[str]:
    """Refuse a column that lists are not sorted by, or that is named twice, by its name."""
    # Spec: features/finding.md#FIND-006
    names = [text.removeprefix("-") for text in sort]
    faults = {name: "is not a column to sort by" for name in names if name not in COLUMNS}
    faults |= {name: "is named twice" for name in names if names.count(name) > 1}
    if faults:
        told = {name: PydanticCustomError("value_error", "{error}", {"error": fault}) for name, fault in faults.items()}
        raise ValidationError.from_exception_data(
            "sort", [InitErrorDetails(type=error, loc=(name,), input=None) for name, error in told.items()]
        )
    return sort


Flag = Annotated[bool, BeforeValidator(_flag)]
Place = Annotated[
    UUID | Literal["none"],
    PlainValidator(_place, json_schema_input_type=UUID | Literal["none"]),
    PlainSerializer(str, when_used="json"),
]
Priorities = Annotated[list[Priority], BeforeValidator(_several), Len(1, 20), AfterValidator(_by_urgency)]
TagNames = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), AfterValidator(storable)]],
    BeforeValidator(_several),
    Len(1, MOST_NAMED_TAGS),
    AfterValidator(_distinct),
]
_SortNames = Annotated[list[TaskSort], Len(1, MOST_COLUMNS)]
Sorts = Annotated[list[str], BeforeValidator(_several, json_schema_input_type=_SortNames), Len(1, MOST_COLUMNS), AfterValidator(_columns)]
Question = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_QUESTION), AfterValidator(_question)]


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
    category_id: Place | None = Field(default=None, description="In this category; `none`: in no category.")
    tag: TagNames | None = Field(default=None, description="Tags, each by its id or by its name.")
    tag_match: TagMatch = Field(default=TagMatch.ANY, description="Whether one of the tags is enough.")
    parent_id: Place | None = Field(default=None, description="A direct subtask of this task; `none`: of no task.")
    due_before: DueDate | None = Field(default=None, description="Due on an earlier date.")
    due_after: DueDate | None = Field(default=None, description="Due on a later date.")
    overdue: Flag | None = Field(default=None, description="Open and past its due date or time, or not.")
    no_due: Flag | None = Field(default=None, description="Without a due date, or with one.")
    updated_after: Moment | None = Field(default=None, description="Changed after this moment.")
    include_deleted: Flag = Field(default=False, description="List what is in the trash as well.")
    include_hidden: Flag = Field(default=False, description="List tasks as well whose start date has not come.")
    q: Question | None = Field(default=None, description="Words of the title, the description or a comment; the last may be a beginning.")
    sort: Sorts | None = Field(default=None, description="Columns, with `-` for descending; `-created_at`, or the best match first.")
    timezone: ZoneName = Field(default="UTC", description="The time zone whose day is today.")


class TaskQuery(TaskFilter, PageQuery):
    """Which tasks, and which part of them."""
