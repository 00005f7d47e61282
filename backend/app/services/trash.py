"""What a person, and time, can do with what is deleted: bring it back, or purge it.

What is purged cannot be brought back by anything.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from app.domain.changes import Action, Stamp
from app.domain.errors import Invalid, NotFound
from app.domain.paging import Listing, Slice
from app.domain.preconditions import Expected
from app.domain.sorting import Sort
from app.models.task import TaskRow
from app.repositories import task_conditions as conditions
from app.repositories.everybody import Survey
from app.repositories.questions import Projection, Question
from app.repositories.unit_of_work import UnitOfWork
from app.services import idempotency, mailing, sessions, task_references, task_writes

Item = TypeVar("Item")
KEPT_FOR = timedelta(days=30)
BITE = 1000
_PEOPLE_AT_ONCE = 1000
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


async def browse(work: UnitOfWork, asked: Slice, *, show: Projection[Item]) -> Listing[Item]:
    """List the tasks in the trash, latest deleted first, as rows or as texts of JSON."""
    # Spec: features/trash.md#TRASH-001
    question = Question([conditions.DELETED.given()], (Sort("deleted_at", descending=True),))
    return await work.task_search.list(question, asked, show=show)


async def restore(work: UnitOfWork, task_id: UUID, *, now: datetime, expected: Expected) -> TaskRow:
    """Bring a task back, with the subtasks that were deleted with it, and without what it refers to that is gone."""
    # Spec: features/trash.md#TRASH-002
    tree = await _in_trash(work, task_id)
    expected.require(tree[0].version)
    family = _going_along(tree, lambda row: row.deleted_at == tree[0].deleted_at)
    values = await living_references(work, family)
    pairs = [
        (row, row._replace(deleted_at=None, **living)) for row, living in zip(family, values, strict=True)
    ]
    restored = await task_writes.change_each(work, pairs, Stamp(Action.RESTORED, now))
    return restored[0]


async def purge(work: UnitOfWork, task_id: UUID, *, now: datetime, expected: Expected) -> None:
    """Remove a task in the trash for good, with everything in the trash below it."""
    # Spec: features/trash.md#TRASH-004
    tree = await _in_trash(work, task_id)
    expected.require(tree[0].version)
    await _purge_tasks(work, _going_along(tree, lambda row: row.deleted_at is not None)[::-1], now=now)


async def empty(work: UnitOfWork, *, now: datetime) -> None:
    """Remove everything in the trash for good."""
    # Spec: features/trash.md#TRASH-005
    last: TaskRow | None = None
    while (tasks := await _next_in_trash(work, after=last)) or last is not None:
        await _purge_tasks(work, tasks, now=now)
        # At the end it begins anew, for what was passed over because of the subtasks that are gone now.
        last = tasks[-1] if len(tasks) == BITE else None


async def purge_old(work: UnitOfWork, *, now: datetime) -> int:
    """Purge some of what has been deleted or kept for too long, and return how many rows that were.

    When that is 0, nothing is left to purge.
    """
    # Spec: features/trash.md#TRASH-008 features/trash.md#TRASH-009
    before = now - KEPT_FOR
    old = await work.leftovers.rows(work.tasks, before=before, limit=BITE)
    await _purge_tasks(work, old, now=now)
    count = len(old)
    for rows in work.recorded_kinds():
        some = await work.leftovers.rows(rows, before=before, limit=BITE - count)
        await rows.remove_each(some, now=now)
        count += len(some)
    count += await work.leftovers.forget_answers(before=now - idempotency.KEPT_FOR, limit=BITE - count)
    count += await work.leftovers.forget_mail(before=now - mailing.KEPT_FOR, limit=BITE)
    # Spec: features/sessions.md#SESSION-017
    return count + await work.sessions.forget(before=now - sessions.KEPT_FOR, limit=BITE)


async def owners_of_old(survey: Survey, *, after: str, now: datetime) -> Sequence[str]:
    """Return, in order, the next people who have something for `purge_old`; the first of them for an empty `after`."""
    return await survey.owners(
        after=after,
        limit=_PEOPLE_AT_ONCE,
        deleted=now - KEPT_FOR,
        kept=now - idempotency.KEPT_FOR,
        ended=now - sessions.KEPT_FOR,
        mailed=now - mailing.KEPT_FOR,
    )


async def _next_in_trash(work: UnitOfWork, *, after: TaskRow | None) -> Sequence[TaskRow]:
    return await work.leftovers.rows(work.tasks, before=_END_OF_TIME, after=after, limit=BITE)


async def _in_trash(work: UnitOfWork, task_id: UUID) -> Sequence[TaskRow]:
    """Return a task in the trash and everything below it, deleted or not, each before its subtasks.

    Raises:
        NotFound: It is not in the trash, or is somebody else's.
    """
    tree = await work.tasks.subtree(task_id)
    if not tree or tree[0].deleted_at is None:
        raise NotFound("There is no such task.")
    return tree


def _going_along(tree: Sequence[TaskRow], goes: Callable[[TaskRow], bool]) -> Sequence[TaskRow]:
    """Return the first task of a tree, and all below it that go along with their parents, each before its subtasks."""
    going = {tree[0].id: tree[0]}
    for row in tree[1:]:
        if row.parent_id in going and goes(row):
            going[row.id] = row
    return list(going.values())


async def living_references(work: UnitOfWork, family: Sequence[TaskRow]) -> Sequence[dict[str, Any]]:
    """Return what each task refers to, as far as that is there; the first alone has a parent outside of the family."""
    # Spec: features/trash.md#TRASH-003
    categories = await work.categories.living(
        row.category_id for row in family if row.category_id is not None
    )
    tags = await work.tags.living(tag_id for row in family for tag_id in row.tag_ids)
    kept: list[dict[str, Any]] = [
        {
            "category_id": row.category_id if row.category_id in categories else None,
            "tag_ids": tuple(tag_id for tag_id in row.tag_ids if tag_id in tags),
        }
        for row in family
    ]
    kept[0]["parent_id"] = await _parent_of(work, family)
    return kept


async def _parent_of(work: UnitOfWork, family: Sequence[TaskRow]) -> UUID | None:
    """Return the parent of the first task of a family.

    It is None if the parent is gone, or if the family would stand too deep below it.
    """
    task = family[0]
    distance: dict[UUID | None, int] = {task.id: 0}
    for row in family[1:]:
        distance[row.id] = distance[row.parent_id] + 1
    if task.parent_id is not None:
        try:
            await task_references.check_parent(
                work, task.parent_id, task_id=task.id, levels=max(distance.values())
            )
        except Invalid:
            return None
    return task.parent_id


async def _purge_tasks(work: UnitOfWork, tasks: Sequence[TaskRow], *, now: datetime) -> None:
    """Remove tasks, subtasks before their parents, each with its comments.

    A task that is below them and stays loses its parent.
    """
    # Spec: features/trash.md#TRASH-004 features/trash.md#TRASH-006
    for begin in range(0, len(tasks), BITE):
        some = tasks[begin : begin + BITE]
        async for comments in work.comments.below((task.id for task in some), at_once=BITE):
            await work.comments.remove_each(comments, now=now)
        staying = await work.trash.others_below(some)
        pairs = [(row, row._replace(parent_id=None)) for row in staying]
        await task_writes.change_each(work, pairs, Stamp(Action.UPDATED, now))
        await task_writes.purge(work, some, now=now)
