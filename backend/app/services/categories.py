"""What a person can do with categories.

Each function refuses first, then changes, then returns the row; it commits nothing itself.
"""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.changes import Action, Stamp
from app.domain.ordering import initial
from app.domain.paging import Listing, Slice
from app.domain.preconditions import Expected
from app.domain.sorting import read_sorts
from app.models.category import CategoryRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.category import (
    CategoryCreate,
    CategoryDeletion,
    CategoryMove,
    CategoryQuery,
    CategoryUpdate,
    TasksOfCategory,
)
from app.services import safe_writes, task_writes
from app.services.ordering import position_at

_USUALLY = ("position",)
_CONTENT = ("name", "color", "archived")


async def create(work: UnitOfWork, body: CategoryCreate, *, now: datetime) -> CategoryRow:
    """Add a category at the end; the same id again with the same content gives the category that is there.

    Raises:
        IdTaken: The id belongs to a category that was created with other content.
        NameTaken: Another living category has this name.
    """
    # Spec: features/categories.md#CAT-001 features/categories.md#CAT-003
    category = _new(body, body.id or uuid7(), now=now)
    there = await safe_writes.find_twin(work.categories, category, chosen=body.id, content=_CONTENT)
    return there or await work.categories.add(category, now=now)


async def browse(work: UnitOfWork, query: CategoryQuery, asked: Slice) -> Listing[CategoryRow]:
    """List the living categories in their manual order."""
    return await work.categories.list(asked, sorts=read_sorts(query.sort or _USUALLY), **query.wanted())


async def read(work: UnitOfWork, category_id: UUID) -> CategoryRow:
    """Return a living category."""
    # Spec: features/categories.md#CAT-005
    return await work.categories.get(category_id)


async def update(
    work: UnitOfWork, category_id: UUID, body: CategoryUpdate, *, now: datetime, expected: Expected
) -> CategoryRow:
    """Change the named fields of a category and leave the others.

    Raises:
        NameTaken: Another living category has this name.
    """
    # Spec: features/categories.md#CAT-003 features/categories.md#CAT-006
    category, content = await work.categories.get(category_id), body.model_dump()
    wanted = category._replace(**content)
    await safe_writes.settle(work, work.categories, (category, wanted), named=content, expected=expected)
    return await work.categories.change(category, wanted, Stamp(Action.UPDATED, now))


async def move(
    work: UnitOfWork, category_id: UUID, body: CategoryMove, *, now: datetime, expected: Expected
) -> CategoryRow:
    """Put a category right before or right after another one in the manual order.

    Raises:
        Invalid: The other one is not there, or is the category itself.
        NoRoom: The place is used up.
    """
    # Spec: features/categories.md#CAT-007
    category = await work.categories.get(category_id)
    expected.require(category.version)
    position = await position_at(work.categories, category, body)
    return await work.categories.change(
        category, category._replace(position=position), Stamp(Action.MOVED, now)
    )


async def delete(
    work: UnitOfWork, category_id: UUID, asked: CategoryDeletion, *, now: datetime, expected: Expected
) -> None:
    """Delete a category; its living tasks leave it, or go to the trash with their subtasks."""
    category = await work.categories.get(category_id)
    expected.require(category.version)
    if asked.tasks is TasksOfCategory.TRASH:
        # Spec: features/categories.md#CAT-009
        doomed = await work.categories.trees(category_id)
        # Subtasks first, as when a task is deleted.
        pairs = [(task, task._replace(deleted_at=now)) for task in reversed(doomed)]
        await task_writes.change_each(work, pairs, Stamp(Action.DELETED, now))
    else:
        # Spec: features/categories.md#CAT-008
        kept = await work.categories.tasks(category_id)
        pairs = [(task, task._replace(category_id=None)) for task in kept]
        await task_writes.change_each(work, pairs, Stamp(Action.UPDATED, now))
    await work.categories.change(category, category._replace(deleted_at=now), Stamp(Action.DELETED, now))


def _new(body: CategoryCreate, category_id: UUID, *, now: datetime) -> CategoryRow:
    return CategoryRow(
        id=category_id,
        name=body.name,
        color=body.color,
        position=initial(now, category_id),
        archived=body.archived,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
    )
