"""Saved filters on the wire."""

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.fields import Name
from app.schemas.base import Input, Output, example
from app.schemas.described import ChosenId, CreatedAt, DeletedAt, Id, UpdatedAt, Version
from app.schemas.paging import NAME_PART, SORT, ListQuery, Page, page_example
from app.schemas.query_fields import PartOfName
from app.schemas.sorting import NamedSorts
from app.schemas.task_query import TaskFilter

_CONTENT_EXAMPLE: JsonDict = {
    "name": "Urgent today",
    "query": {"priority": ["high", "urgent"], "sort": ["due"], "status": "open"},
}
_NAME, _QUERY = "The name, on one line.", "What the task list is asked for, as its parameters are."
SAVED_FILTER_EXAMPLE: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    **_CONTENT_EXAMPLE,
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class SavedFilterCreate(Input):
    """A new saved filter, with an id of the client's choice or without."""

    # Spec: features/saved-filters.md#FILTER-002 features/saved-filters.md#FILTER-003
    model_config = example(_CONTENT_EXAMPLE)

    id: ChosenId = None
    name: Name = Field(description=_NAME)
    query: TaskFilter = Field(description=_QUERY)


class SavedFilterUpdate(Input):
    """A change of some fields: absent leaves; a query is replaced as a whole."""

    # Spec: features/saved-filters.md#FILTER-007
    model_config = example({"name": "Urgent"})

    name: Name | MISSING = Field(default=MISSING, description=_NAME)
    query: TaskFilter | MISSING = Field(default=MISSING, description=_QUERY)


class SavedFilterQuery(ListQuery):
    """Which saved filters, and which part of them."""

    # Spec: features/saved-filters.md#FILTER-011
    name: PartOfName | None = Field(default=None, description=NAME_PART)
    sort: NamedSorts | None = Field(default=None, description=f"{SORT} `name` when absent.")


class SavedFilterRead(Output):
    """A saved filter."""

    model_config = example(SAVED_FILTER_EXAMPLE)

    id: Id
    name: str = Field(description=_NAME)
    query: dict[str, object] = Field(
        description="The parameters of the task list that are not at their defaults."
    )
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: DeletedAt
    version: Version


class SavedFilterPage(Page):
    """A page of saved filters."""

    model_config = page_example(SAVED_FILTER_EXAMPLE)

    items: list[SavedFilterRead] = Field(description="The saved filters.")
