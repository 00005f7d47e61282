"""Categories on the wire."""

from enum import StrEnum

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.fields import Color, Flag, Name
from app.schemas.base import YOUR_ID, Input, Output, example
from app.schemas.described import ChosenId, CreatedAt, DeletedAt, Id, Position, UpdatedAt, Version
from app.schemas.paging import NAME_PART, SORT, ListQuery, Page, page_example
from app.schemas.query_fields import PartOfName, QueryFlag
from app.schemas.sorting import CategorySorts
from app.schemas.task import Move

_CONTENT_EXAMPLE: JsonDict = {"name": "Household", "color": "#3366ff", "archived": False}
_NAME, _COLOR = "The name, on one line.", "A color such as `#3366ff`, or null."
_ARCHIVED = "Whether it is out of the way."
CATEGORY_EXAMPLE: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    **_CONTENT_EXAMPLE,
    "position": "7zzzXq2mA4c9K",
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class CategoryCreate(Input):
    """A new category, with an id of the client's choice or without."""

    # Spec: features/categories.md#CAT-002
    model_config = example(_CONTENT_EXAMPLE)

    id: ChosenId = None
    name: Name = Field(description=_NAME)
    color: Color | None = Field(default=None, description=_COLOR)
    archived: Flag = Field(default=False, description=_ARCHIVED)


class CategoryUpdate(Input):
    """A change of some fields: absent leaves, null clears."""

    # Spec: features/categories.md#CAT-006
    model_config = example({"name": "House and garden", "color": None})

    name: Name | MISSING = Field(default=MISSING, description=_NAME)
    color: Color | None | MISSING = Field(default=MISSING, description=_COLOR)
    archived: Flag | MISSING = Field(default=MISSING, description=_ARCHIVED)


class CategoryMove(Move):
    """A place in the manual order: right before or right after another category."""

    model_config = example({"after": YOUR_ID})


class TasksOfCategory(StrEnum):
    """What becomes of the tasks in a category that is deleted."""

    KEEP = "keep"
    TRASH = "trash"


class CategoryDeletion(Input):
    """What becomes of the tasks in a category that is deleted."""

    # Spec: features/categories.md#CAT-008 features/categories.md#CAT-009
    tasks: TasksOfCategory = Field(
        default=TasksOfCategory.KEEP,
        description="`keep` takes the tasks out of the category; `trash` moves them to the trash, with their subtasks.",
    )


class CategoryQuery(ListQuery):
    """Which categories, and which part of them."""

    # Spec: features/categories.md#CAT-010
    name: PartOfName | None = Field(default=None, description=NAME_PART)
    archived: QueryFlag | None = Field(
        default=None, description="Only those that are out of the way, or that are not."
    )
    sort: CategorySorts | None = Field(default=None, description=f"{SORT} `position` when absent.")


class CategoryRead(Output):
    """A category."""

    model_config = example(CATEGORY_EXAMPLE)

    id: Id
    name: str = Field(description=_NAME)
    color: str | None = Field(description=_COLOR)
    archived: bool = Field(description=_ARCHIVED)
    position: Position
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt
    version: Version


class CategoryPage(Page):
    """A page of categories."""

    model_config = page_example(CATEGORY_EXAMPLE)

    items: list[CategoryRead] = Field(description="The categories.")
