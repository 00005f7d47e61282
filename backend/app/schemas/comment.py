"""Comments on the wire."""

from uuid import UUID

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.fields import CommentBody
from app.schemas.base import Input, Output, example
from app.schemas.described import ChosenId, CreatedAt, DeletedAt, Id, UpdatedAt, Version
from app.schemas.paging import SORT, ListQuery, Page, page_example
from app.schemas.sorting import CommentSorts

_CONTENT_EXAMPLE: JsonDict = {"body": "The landlord *agreed*:\n\n- half now\n- half in January"}
_BODY = "Markdown, by convention: it is kept as it was written."
COMMENT_EXAMPLE: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    "task_id": "019aa4b2-8d2f-7e40-8c62-1d7f4b2e3f50",
    **_CONTENT_EXAMPLE,
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class CommentCreate(Input):
    """A new comment, with an id of the client's choice or without."""

    model_config = example(_CONTENT_EXAMPLE)

    id: ChosenId = None
    body: CommentBody = Field(description=_BODY)


class CommentUpdate(Input):
    """A change of a comment: absent leaves."""

    # Spec: features/comments.md#COMMENT-005
    model_config = example({"body": "The landlord agreed."})

    body: CommentBody | MISSING = Field(default=MISSING, description=_BODY)


class CommentQuery(ListQuery):
    """Which comments on a task, and which part of them."""

    # Spec: features/comments.md#COMMENT-007
    sort: CommentSorts | None = Field(default=None, description=f"{SORT} `created_at` when absent.")


class CommentRead(Output):
    """A comment."""

    model_config = example(COMMENT_EXAMPLE)

    id: Id
    task_id: UUID = Field(description="The task that it is on.")
    body: str = Field(description=_BODY)
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt
    version: Version


class CommentPage(Page):
    """A page of comments."""

    model_config = page_example(COMMENT_EXAMPLE)

    items: list[CommentRead] = Field(description="The comments.")
