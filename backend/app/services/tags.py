"""What a person can do with tags.

Each function refuses first, then changes, then returns the row; it commits nothing itself.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.changes import Action, Stamp, discards
from app.domain.fields import folded
from app.domain.paging import Listing, Slice
from app.domain.preconditions import Expected
from app.domain.sorting import read_sorts
from app.models.tag import TagRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.tag import TagCreate, TagQuery, TagUpdate
from app.services import safe_writes, task_writes

_USUALLY = ("name",)
_CONTENT = ("name", "color")


async def create(work: UnitOfWork, body: TagCreate, *, now: datetime) -> TagRow:
    """Add a tag; the same id again with the same content gives the tag that is there.

    Raises:
        IdTaken: The id belongs to a tag that was created with other content.
        NameTaken: Another living tag has this name, in whatever letter case.
    """
    # Spec: features/tags.md#TAG-001 features/tags.md#TAG-003
    tag = TagRow(
        id=body.id or uuid7(),
        name=body.name,
        folded_name=folded(body.name),
        color=body.color,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
    )
    there = await safe_writes.find_twin(work.tags, tag, chosen=body.id, content=_CONTENT)
    return there or await work.tags.add(tag, now=now)


async def browse(work: UnitOfWork, query: TagQuery, asked: Slice) -> Listing[TagRow]:
    """List the living tags by name."""
    return await work.tags.list(asked, sorts=read_sorts(query.sort or _USUALLY), **query.wanted())


async def read(work: UnitOfWork, tag_id: UUID) -> TagRow:
    """Return a living tag."""
    # Spec: features/tags.md#TAG-007
    return await work.tags.get(tag_id)


async def update(
    work: UnitOfWork, tag_id: UUID, body: TagUpdate, *, now: datetime, expected: Expected
) -> TagRow:
    """Change the named fields of a tag and leave the others; the tasks that have it are not touched.

    Raises:
        NameTaken: Another living tag has this name, in whatever letter case.
    """
    # Spec: features/tags.md#TAG-003 features/tags.md#TAG-006
    tag, content = await work.tags.get(tag_id), body.model_dump()
    wanted = _with(tag, content)
    await safe_writes.settle(work, work.tags, (tag, wanted), named=content, expected=expected)
    return await work.tags.change(tag, wanted, Stamp(Action.UPDATED, now))


async def delete(work: UnitOfWork, tag_id: UUID, *, now: datetime, expected: Expected) -> None:
    """Take a tag away from every living task, and delete it."""
    # Spec: features/tags.md#TAG-008
    tag = await work.tags.get(tag_id)
    expected.require(tag.version)
    pairs = [(task, task.without_tag(tag_id)) for task in await work.tags.tasks(tag_id)]
    await task_writes.change_each(work, pairs, Stamp(Action.UPDATED, now))
    await work.tags.change(tag, tag._replace(deleted_at=now), Stamp(Action.DELETED, now))


async def undo(work: UnitOfWork, tag: TagRow, before: Mapping[str, Any] | None, *, stamp: Stamp) -> None:
    """Put back what a change of a tag has written, given its fields before; what was created goes to the trash."""
    # Spec: features/undo.md#UNDO-002
    if discards(before):
        await work.tags.put_back(tag, before, stamp)
    else:
        await work.tags.change(tag, _with(tag, before or {}), stamp)


def _with(tag: TagRow, content: Mapping[str, Any]) -> TagRow:
    """Return a tag with other content; the folded name follows the name."""
    wanted = tag._replace(**content)
    return wanted._replace(folded_name=folded(wanted.name))
