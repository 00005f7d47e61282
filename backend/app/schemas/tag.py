"""Tags on the wire."""

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.fields import Color, TagName
from app.schemas.base import Input, Output, example
from app.schemas.described import ChosenId, CreatedAt, DeletedAt, Id, UpdatedAt, Version
from app.schemas.paging import NAME_PART, SORT, ListQuery, Page, page_example
from app.schemas.query_fields import PartOfFoldedName
from app.schemas.sorting import NamedSorts

_CONTENT_EXAMPLE: JsonDict = {"name": "errand", "color": "#33aa66"}
_NAME, _COLOR = (
    "The name, on one line and without a comma; letter case does not tell two tags apart.",
    "A color such as `#33aa66`, or null.",
)
TAG_EXAMPLE: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    **_CONTENT_EXAMPLE,
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class TagCreate(Input):
    """A new tag, with an id of the client's choice or without."""

    # Spec: features/tags.md#TAG-002
    model_config = example(_CONTENT_EXAMPLE)

    id: ChosenId = None
    name: TagName = Field(description=_NAME)
    color: Color | None = Field(default=None, description=_COLOR)


class TagUpdate(Input):
    """A change of some fields: absent leaves, null clears."""

    # Spec: features/tags.md#TAG-006
    model_config = example({"name": "errands", "color": None})

    name: TagName | MISSING = Field(default=MISSING, description=_NAME)
    color: Color | None | MISSING = Field(default=MISSING, description=_COLOR)


class TagQuery(ListQuery):
    """Which tags, and which part of them."""

    # Spec: features/tags.md#TAG-009
    name: PartOfFoldedName | None = Field(default=None, description=NAME_PART)
    sort: NamedSorts | None = Field(default=None, description=f"{SORT} `name` when absent.")


class TagRead(Output):
    """A tag."""

    model_config = example(TAG_EXAMPLE)

    id: Id
    name: str = Field(description=_NAME)
    color: str | None = Field(description=_COLOR)
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt
    version: Version


class TagPage(Page):
    """A page of tags."""

    model_config = page_example(TAG_EXAMPLE)

    items: list[TagRead] = Field(description="The tags.")
