"""What a person can do with saved filters.

Each function refuses first, then changes, then returns the row; it commits nothing itself.
"""

from datetime import datetime
from hashlib import blake2s
from typing import Any, TypeVar
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from app.domain.changes import Action, Stamp
from app.domain.errors import Invalid, invalid_field
from app.domain.faults import FieldError
from app.domain.paging import Listing, Position, Slice
from app.domain.preconditions import Expected
from app.domain.sorting import read_sorts
from app.models.saved_filter import SavedFilterRow
from app.repositories.questions import Projection
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.saved_filter import SavedFilterCreate, SavedFilterQuery, SavedFilterUpdate
from app.schemas.task_query import TaskFilter
from app.services import safe_writes, task_search

_USUALLY = ("name",)
Item = TypeVar("Item")
_CONTENT = ("name", "query")


async def create(work: UnitOfWork, body: SavedFilterCreate, *, now: datetime) -> SavedFilterRow:
    """Keep a query under a name; the same id again with the same content gives the filter that is there.

    Raises:
        IdTaken: The id belongs to a filter that was created with other content.
        NameTaken: Another living filter has this name.
        Invalid: The query refers to something that is not there.
    """
    # Spec: features/saved-filters.md#FILTER-001 features/saved-filters.md#FILTER-005
    # What was created before may refer to what has gone since.
    if body.id is None or await work.saved_filters.find_any(body.id) is None:
        await _check(work, body.query, now=now)
    saved = SavedFilterRow(
        id=body.id or uuid7(),
        **_values(body.model_dump(mode="json", include=set(_CONTENT), exclude_defaults=True)),
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
    )
    there = await safe_writes.find_twin(work.saved_filters, saved, chosen=body.id, content=_CONTENT)
    return there or await work.saved_filters.add(saved, now=now)


async def browse(work: UnitOfWork, query: SavedFilterQuery, asked: Slice) -> Listing[SavedFilterRow]:
    """List the living saved filters by name."""
    return await work.saved_filters.list(asked, sorts=read_sorts(query.sort or _USUALLY), **query.wanted())


async def read(work: UnitOfWork, filter_id: UUID) -> SavedFilterRow:
    """Return a living saved filter."""
    # Spec: features/saved-filters.md#FILTER-008
    return await work.saved_filters.get(filter_id)


async def update(
    work: UnitOfWork, filter_id: UUID, body: SavedFilterUpdate, *, now: datetime, expected: Expected
) -> SavedFilterRow:
    """Rename a saved filter, or replace its query as a whole.

    Raises:
        NameTaken: Another living filter has this name.
        Invalid: The query refers to something that is not there.
    """
    # Spec: features/saved-filters.md#FILTER-005 features/saved-filters.md#FILTER-007
    saved = await work.saved_filters.get(filter_id)
    content = _values(body.model_dump(mode="json", exclude_defaults=True))
    wanted = saved._replace(**content)
    await safe_writes.settle(work, work.saved_filters, (saved, wanted), named=content, expected=expected)
    # What a query that stays refers to may have gone since.
    if isinstance(body.query, TaskFilter) and content["query"] != saved.query:
        await _check(work, body.query, now=now)
    return await work.saved_filters.change(saved, wanted, Stamp(Action.UPDATED, now))


async def delete(work: UnitOfWork, filter_id: UUID, *, now: datetime, expected: Expected) -> None:
    """Delete a saved filter."""
    # Spec: features/saved-filters.md#FILTER-008
    saved = await work.saved_filters.get(filter_id)
    expected.require(saved.version)
    await work.saved_filters.change(saved, saved._replace(deleted_at=now), Stamp(Action.DELETED, now))


async def browse_tasks(
    work: UnitOfWork, filter_id: UUID, asked: Slice, *, now: datetime, show: Projection[Item]
) -> Listing[Item]:
    """List the tasks that a saved filter lists, as the list of tasks does.

    Raises:
        Invalid: The query refers to what has gone since, or the cursor is of another query.
    """
    # Spec: features/saved-filters.md#FILTER-009 features/saved-filters.md#FILTER-010
    saved = await work.saved_filters.get(filter_id)
    digest = blake2s(orjson.dumps(saved.query), digest_size=8).hexdigest()
    part = asked._replace(after=_position_within(asked.after, digest))
    try:
        found = await task_search.browse(
            work, TaskFilter.model_validate(saved.query), part, now=now, show=show
        )
    except Invalid as refusal:
        raise _of_query(refusal) from refusal
    return found if found.last is None else found._replace(last=(digest, *found.last))


async def _check(work: UnitOfWork, wanted: TaskFilter, *, now: datetime) -> None:
    # Spec: features/saved-filters.md#FILTER-004
    try:
        await task_search.check(work, wanted, now=now)
    except Invalid as refusal:
        raise _of_query(refusal) from refusal


def _of_query(refusal: Invalid) -> Invalid:
    """Return what is wrong with a query as what is wrong with the field that holds it."""
    errors = tuple(FieldError(f"query.{error.field}", error.message) for error in refusal.errors)
    return Invalid(f"query.{refusal.detail}", errors=errors)


def _values(content: dict[str, Any]) -> dict[str, Any]:
    """Return content with the parameters of its query in their order, as they come back from the database."""
    return content | ({"query": dict(sorted(content["query"].items()))} if "query" in content else {})


def _position_within(after: Position | None, digest: str) -> Position | None:
    """Return a position without the digest of its query: the address stays the same when the query is replaced."""
    if after is None:
        return None
    if after[0] != digest:
        raise invalid_field("cursor", "is not a cursor of this list")
    return after[1:]
