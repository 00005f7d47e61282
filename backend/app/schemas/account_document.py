"""Everything of a person as one JSON document, as it is taken out and brought in.

A thing has here what its change in the sequence says of its content, its id, and the moment of its last change.
"""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from app.domain.fields import (
    Color,
    CommentBody,
    Description,
    DueDate,
    DueTime,
    Flag,
    Language,
    Moment,
    Name,
    PersonName,
    TagIds,
    TagName,
    Title,
    ZoneName,
)
from app.domain.ordering import LONGEST, known_key
from app.domain.priority import Priority
from app.domain.text import storable
from app.domain.week import Weekday
from app.schemas.base import Output
from app.schemas.task_query import TaskFilter

FORMAT, FORMAT_VERSION = "agendum", 1
# The lists of the document, in their order: what is referred to goes before what refers to it.
SECTIONS = ("categories", "tags", "tasks", "comments", "saved_filters")


def _query(given: dict[str, Any]) -> dict[str, Any]:
    try:
        read = TaskFilter.model_validate(given)
    except ValidationError:
        raise ValueError("must be a query of the task list") from None
    return dict(sorted(read.model_dump(mode="json", exclude_defaults=True).items()))


Id = Annotated[UUID, Field(description="Its id.")]
PlacedAt = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST),
    AfterValidator(known_key),
    Field(description="Its place in the manual order."),
]
CreatedAt = Annotated[Moment, Field(description="When it was created.")]
UpdatedAt = Annotated[Moment, Field(description="When it was last changed.")]
DeletedAt = Annotated[Moment | None, Field(description="When it was deleted, or null while it is alive.")]
Query = Annotated[
    dict[str, Any],
    AfterValidator(_query),
    WithJsonSchema(
        {"type": "object", "patternProperties": {"^[a-z_]{1,30}$": {}}, "additionalProperties": False}
    ),
    Field(description="The parameters of the task list that are not at their defaults."),
]


class Part(Output):
    """A part of the document: all of its fields are there, and no others."""

    model_config = ConfigDict(extra="forbid")


class ProfilePart(Part):
    """The profile; id, e-mail and the moment of creation tell whose document it is, and are not brought in."""

    id: Annotated[str, StringConstraints(max_length=255)] = Field(description="The person's id.")
    email: Annotated[str, StringConstraints(max_length=2048), AfterValidator(storable)] | None = Field(
        description="The e-mail address, or null."
    )
    name: PersonName | None = Field(description="What to call the person, or null.")
    time_zone: ZoneName | None = Field(description="The IANA time zone, or null.")
    language: Language | None = Field(description="The language as a BCP 47 tag, or null.")
    week_start: Weekday = Field(description="The day on which the week begins.")
    created_at: CreatedAt


class CategoryPart(Part):
    """A category."""

    id: Id
    name: Name = Field(description="The name.")
    color: Color | None = Field(description="The color, or null.")
    position: PlacedAt
    archived: Flag = Field(description="Whether it is out of the way.")
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt


class TagPart(Part):
    """A tag."""

    id: Id
    name: TagName = Field(description="The name.")
    color: Color | None = Field(description="The color, or null.")
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt


class DuePart(Part):
    """When a task is due."""

    date: DueDate = Field(description="The day.")
    time: DueTime | None = Field(description="The wall-clock time on that day, or null.")
    timezone: ZoneName | None = Field(description="The IANA time zone of the time, or null without one.")

    @model_validator(mode="after")
    def _time_and_zone_together(self) -> Self:
        if (self.time is None) != (self.timezone is None):
            raise ValueError("time and timezone must be given together")
        return self


class TaskPart(Part):
    """A task."""

    id: Id
    title: Title = Field(description="What is to be done.")
    description: Description | None = Field(description="More about it, or null.")
    completed_at: Moment | None = Field(description="When it was completed, or null while it is open.")
    priority: Priority = Field(description="How urgent it is.")
    due: DuePart | None = Field(description="When it is due, or null.")
    start_date: DueDate | None = Field(description="The day until which lists leave it out, or null.")
    category_id: UUID | None = Field(description="The category that it is in, or null.")
    parent_id: UUID | None = Field(description="The task that it is a subtask of, or null.")
    position: PlacedAt
    tag_ids: TagIds = Field(description="The ids of its tags.")
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt


class CommentPart(Part):
    """A comment on a task."""

    id: Id
    task_id: UUID = Field(description="The task that it is on.")
    body: CommentBody = Field(description="What it says.")
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt


class SavedFilterPart(Part):
    """A saved filter."""

    id: Id
    name: Name = Field(description="The name.")
    query: Query
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt


_CREATED: JsonDict = {
    "created_at": "2019-05-04T08:30:00.123456Z",
    "updated_at": "2020-05-04T08:30:00Z",
    "deleted_at": None,
}
_CATEGORY, _TAG, _TASK = (f"019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4{digit}" for digit in "abc")


class AccountDocument(Part):
    """Everything of a person at one moment, what is in the trash included."""

    # Spec: features/portability.md#PORT-001
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "format": FORMAT,
                    "format_version": FORMAT_VERSION,
                    "exported_at": "2026-11-21T09:00:00Z",
                    "profile": {
                        "id": "019aa4b2-0000-7000-8000-000000000001",
                        "email": "ada@example.com",
                        "name": "Ada",
                        "time_zone": "Europe/Berlin",
                        "language": "de",
                        "week_start": "monday",
                        "created_at": "2019-05-04T08:00:00Z",
                    },
                    "categories": [
                        {
                            "id": _CATEGORY,
                            "name": "Household of the document",
                            "color": "#3366ff",
                            "position": "7zzzXq2mA4c9K",
                            "archived": False,
                            **_CREATED,
                        }
                    ],
                    "tags": [{"id": _TAG, "name": "errand of the document", "color": None, **_CREATED}],
                    "tasks": [
                        {
                            "id": _TASK,
                            "title": "Pay rent",
                            "description": None,
                            "completed_at": "2020-05-04T08:30:00Z",
                            "priority": "high",
                            "due": {"date": "2020-05-05", "time": "09:00:00", "timezone": "Europe/Berlin"},
                            "start_date": None,
                            "category_id": _CATEGORY,
                            "parent_id": None,
                            "position": "7zzzXq2mA4c9K",
                            "tag_ids": [_TAG],
                            **_CREATED,
                        }
                    ],
                    "comments": [],
                    "saved_filters": [],
                }
            ]
        },
    )

    format: Literal["agendum"] = Field(description="What the document is: `agendum`.")
    format_version: Literal[1] = Field(description="The version of the format: 1.")
    exported_at: Moment = Field(description="As of when everything is.")
    profile: ProfilePart = Field(description="The person's profile.")
    categories: list[CategoryPart] = Field(description="The categories, by their ids.")
    tags: list[TagPart] = Field(description="The tags, by their ids.")
    tasks: list[TaskPart] = Field(description="The tasks, by their ids.")
    comments: list[CommentPart] = Field(description="The comments, by their ids.")
    saved_filters: list[SavedFilterPart] = Field(description="The saved filters, by their ids.")
