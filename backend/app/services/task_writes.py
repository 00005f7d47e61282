"""Every write of a task passes here, from whichever service.

What goes along with one, in the same transaction, has this one place.
"""

from collections.abc import Sequence
from datetime import datetime

from app.domain.changes import Stamp
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork


async def add(work: UnitOfWork, task: TaskRow, *, now: datetime) -> TaskRow:
    """Insert a task with its tags, and record its creation."""
    return await work.recorder.add(work.tasks, task, now=now)


async def add_each(work: UnitOfWork, tasks: Sequence[TaskRow], *, now: datetime) -> None:
    """Insert tasks with their tags, whenever they were made, and record the creation of each, in the given order."""
    await work.recorder.add_each(work.tasks, tasks, now=now)


async def change(work: UnitOfWork, pair: tuple[TaskRow, TaskRow], stamp: Stamp) -> TaskRow:
    """Change a task, and record the change; without a difference nothing is written.

    Args:
        work: Whose tasks.
        pair: The task as it was read in this unit of work, and as it is to be; its next version is given by the
            repository.
        stamp: What happens to it, and when.

    Returns:
        The task as it is now.
    """
    changed = await change_each(work, [pair], stamp)
    return changed[0]


async def change_each(
    work: UnitOfWork, pairs: Sequence[tuple[TaskRow, TaskRow]], stamp: Stamp
) -> Sequence[TaskRow]:
    """Change tasks, and record each change, in the given order.

    Each pair is a task as it was read and as it is to be.
    """
    return await work.recorder.change_each(work.tasks, pairs, stamp)


async def purge(work: UnitOfWork, tasks: Sequence[TaskRow], *, now: datetime) -> None:
    """Remove tasks for good, and record that they are gone; nothing may refer to them any more."""
    await work.recorder.remove_each(work.tasks, tasks, now=now)
