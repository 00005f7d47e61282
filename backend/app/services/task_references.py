"""What a task may refer to: a category, tags and a parent, each the person's own and living. It changes nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.domain.errors import invalid_field
from app.repositories.unit_of_work import UnitOfWork
from app.services.safe_writes import missing

DEEPEST = 5


def are_in(content: Mapping[str, Any]) -> bool:
    """Tell whether content refers to anything."""
    return bool(content.get("category_id") or content.get("tag_ids") or content.get("parent_id"))


async def check(work: UnitOfWork, content: Mapping[str, Any], *, task_id: UUID | None = None, levels: int | None = None) -> None:
    """Refuse what a task with this content cannot refer to.

    Args:
        work: Whose rows.
        content: Fields of the task, of which the references are looked at.
        task_id: The id of the task, if it is there already.
        levels: How many levels of subtasks come with it; those that are living now when not given.

    Raises:
        Invalid: There is no such category, tag or parent, or the parent would stand below its own subtask or too deep.
    """
    # Spec: features/tasks.md#TASK-013
    if content.get("category_id") is not None and await work.categories.find(content["category_id"]) is None:
        raise missing("category_id", "category")
    if content.get("tag_ids") and not await work.tags.are_there(content["tag_ids"]):
        raise missing("tag_ids", "tag")
    if content.get("parent_id") is not None:
        await _check_parent(work, content["parent_id"], task_id=task_id, levels=levels)


async def _check_parent(work: UnitOfWork, parent_id: UUID, *, task_id: UUID | None, levels: int | None) -> None:
    # Spec: features/subtasks.md#SUB-001 features/subtasks.md#SUB-002
    if await work.tasks.find(parent_id) is None:
        raise missing("parent_id", "task")
    above = await work.tasks.ancestry(parent_id)
    if task_id in above:
        raise invalid_field("parent_id", "must not be the task itself or one of its subtasks")
    if levels is None:
        levels = 0 if task_id is None else await work.tasks.height(task_id)
    if len(above) + levels > DEEPEST:
        raise invalid_field("parent_id", f"must not make subtasks more than {DEEPEST} levels deep")
