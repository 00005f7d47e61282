"""Tags on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.fields import Color, TagName
from app.schemas.base import Input, Output, example
from app.schemas.paging import Page, page_example

_CONTENT: JsonDict = {"name": "errand", "color": "#33aa66"}
TAG_EXAMPLE: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    **_CONTENT,
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class TagCreate(Input):
    """A new tag, with an id of the client's choice or without."""

    # Spec: features/tags.md#TAG-002
    model_config = example(_CONTENT)

    id: UUID | None = Field(default=None, description="A UUID chosen by the client makes the request safe to repeat.")
    name: TagName
    color: Color | None = None


class TagUpdate(Input):
    """A change of some fields: absent leaves, null clears."""

    # Spec: features/tags.md#TAG-006
    model_config = example({"name": "errands", "color": None})

    name: TagName | MISSING = MISSING
    color: Color | None | MISSING = MISSING


class TagRead(Output):
    """A tag."""

    model_config = example(TAG_EXAMPLE)

    id: UUID
    name: str
    color: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int


class TagPage(Page):
    """A page of tags."""

    model_config = page_example(TAG_EXAMPLE)

    items: list[TagRead]
