"""What a task may refer to: a category, tags and a parent, each the person's own and living. It changes nothing."""

from uuid import UUID

from app.domain.errors import invalid_field
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork
from app.services.safe_writes import missing

DEEPEST = 5


async def check(work: UnitOfWork, wanted: TaskRow, *, before: TaskRow | None = None) -> None:
    """Refuse a task that refers to what is not there, or stands where it cannot.

    Args:
        work: Whose rows.
        wanted: The task as it is to be.
        before: The task as it is; what it refers to already is not looked at again. None if it is new.

    Raises:
        Invalid: There is no such category, tag or parent, or the parent would stand below its own subtask or too deep.
    """
    # Spec: features/tasks.md#TASK-013
    if wanted.category_id is not None and (before is None or wanted.category_id != before.category_id):
        await _check_category(work, wanted.category_id)
    if wanted.tag_ids and (before is None or wanted.tag_ids != before.tag_ids):
        await _check_tags(work, wanted.tag_ids)
    if wanted.parent_id is not None and (before is None or wanted.parent_id != before.parent_id):
        levels = 0 if before is None else await work.tasks.height(before.id)
        await check_parent(work, wanted.parent_id, task_id=before and before.id, levels=levels)


async def _check_category(work: UnitOfWork, category_id: UUID) -> None:
    if await work.categories.find(category_id) is None:
        raise missing("category_id", "category")


async def _check_tags(work: UnitOfWork, tag_ids: tuple[UUID, ...]) -> None:
    if len(await work.tags.living(tag_ids)) < len(tag_ids):
        raise missing("tag_ids", "tag")


async def check_parent(work: UnitOfWork, parent_id: UUID, *, task_id: UUID | None, levels: int) -> None:
    """Refuse a parent that is not there, or below which a task cannot stand.

    Args:
        work: Whose rows.
        parent_id: The id of the parent.
        task_id: The id of the task, if it is there already.
        levels: How many levels of subtasks come with it.

    Raises:
        Invalid: There is no such parent, or it would stand below its own subtask or too deep.
    """
    # Spec: features/subtasks.md#SUB-001 features/subtasks.md#SUB-002
    if await work.tasks.find(parent_id) is None:
        raise missing("parent_id", "task")
    above = await work.tasks.ancestry(parent_id)
    if task_id in above:
        raise invalid_field("parent_id", "must not be the task itself or one of its subtasks")
    if len(above) + levels > DEEPEST:
        raise invalid_field("parent_id", f"must not make subtasks more than {DEEPEST} levels deep")
