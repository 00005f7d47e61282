"""Which part of a list a route is asked for.

A cursor holds for the person, the address and the filter that it was given with.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from fastapi import Depends, Query, Request

from app.dependencies.callers import caller_of
from app.dependencies.parts import runtime_of
from app.domain.errors import invalid_field
from app.domain.paging import Position, Slice
from app.schemas.paging import Counting, ListQuery, PageQuery
from app.schemas.task_query import TaskFilter, TaskQuery
from app.utils.cursors import CursorSigner, InvalidCursorError

_PAGE_FIELDS = {*PageQuery.model_fields}
_SEVERAL = {"priority", "sort", "tag"}


Asked = TypeVar("Asked", bound=ListQuery)


class PageRequest(NamedTuple):
    """A request for a page of a list: the part that is asked for, and what signs the cursor of a position in it."""

    part: Slice
    sign: Callable[[Position], str]


async def page_request(request: Request, query: PageQuery, *, of: str = "") -> PageRequest:
    """Return what page is asked for; its cursors hold for this person, this address and this filter (`of`) alone.

    Raises:
        Invalid: The cursor is not one of these, or comes with an offset; or a parameter of one value is given twice.
    """
    # Spec: features/finding.md#FIND-002
    _refuse_repeated(request)
    caller = await caller_of(request)
    cursors, scope = runtime_of(request).cursors, f"{caller.person_id}\0{request.scope['path']}\0{of}"
    after = None if query.cursor is None else _position(cursors, scope, query)
    part = Slice(query.limit, query.offset, after, query.count is Counting.EXACT)
    return PageRequest(part, partial(cursors.sign, scope))


def _refuse_repeated(request: Request) -> None:
    names = [name for name, _ in request.query_params.multi_items() if name not in _SEVERAL]
    if len(set(names)) < len(names):
        # Spec: features/finding.md#FIND-001
        raise invalid_field(next(name for name in names if names.count(name) > 1), "must be given once")


def _position(cursors: CursorSigner, scope: str, query: PageQuery) -> Position:
    if query.offset:
        raise invalid_field("cursor", "must not come with an offset")
    try:
        return cursors.read(scope, query.cursor or "")
    except InvalidCursorError as error:
        raise invalid_field("cursor", str(error)) from error


async def page(request: Request, query: Annotated[PageQuery, Query()]) -> PageRequest:
    """Return what page of a list is asked for."""
    return await page_request(request, query)


class ListRequest(NamedTuple, Generic[Asked]):
    """What is asked of a list: which rows in which order, and a page of them."""

    query: Asked
    page: PageRequest


def asked_with(shape: type[Asked]) -> Callable[..., Coroutine[Any, Any, ListRequest[Asked]]]:
    """Return the dependency that gives what is asked of a list with parameters of this shape."""

    async def list_request(request: Request, query: Annotated[shape, Query()]) -> ListRequest[Asked]:  # type: ignore[valid-type]
        given: Asked = query
        of = given.model_dump_json(exclude=_PAGE_FIELDS, exclude_defaults=True)
        # As the release before signs the cursors of a whole list, so that walks go on while it is replaced.
        return ListRequest(given, await page_request(request, given, of="" if of == "{}" else of))

    return list_request


class TaskSearch(NamedTuple):
    """What is asked of the task list: a filter, a page of what it lists, and the moment of asking."""

    filter: TaskFilter
    page: PageRequest
    now: datetime


async def task_search(request: Request, query: Annotated[TaskQuery, Query()]) -> TaskSearch:
    """Return what is asked of the task list."""
    of = query.model_dump_json(exclude=_PAGE_FIELDS, exclude_defaults=True)
    return TaskSearch(query, await page_request(request, query, of=of), runtime_of(request).clock())


Page = Annotated[PageRequest, Depends(page)]
Search = Annotated[TaskSearch, Depends(task_search)]
