"""A person's categories in PostgreSQL, and the tasks that are in them."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select

from app.database.statements import Statement, there_is
from app.models.category import Category, CategoryRow
from app.models.task import TaskRow
from app.repositories.listing import ListedTable, moments
from app.repositories.neighbours import HasNeighbours, neighbours_in
from app.repositories.owner import living, mine
from app.repositories.questions import Condition, containing_in_any_case
from app.repositories.recorded import Recorded
from app.repositories.recorded_statements import OwnedStatements
from app.repositories.tasks import Tasks

_STATEMENTS = OwnedStatements(Category, CategoryRow, texts=("name",))
_TABLE = _STATEMENTS.table
_TASK = Tasks.statements.table
_IN_CATEGORY = (mine(_TASK), _TASK.c.category_id == bindparam("id"), _TASK.c.deleted_at.is_(None))
_TASKS = Statement(
    select(*Tasks.statements.columns).where(*_IN_CATEGORY).order_by(_TASK.c.position, _TASK.c.id)
)
# No chain of parents is as long as this; it ends a walk even if one should be closed.
_FARTHEST: ColumnElement[int] = literal_column("50")


def _trees() -> Statement:
    """Build the walk from the tasks in a category to all that is below them.

    A task that is reached by several ways has the distance of the longest of them.
    """
    walk = (
        select(_TASK.c.id, literal_column("0").label("distance"))
        .where(*_IN_CATEGORY)
        .cte("walk", recursive=True)
    )
    step = select(_TASK.c.id, walk.c.distance + literal_column("1")).join(
        walk, _TASK.c.parent_id == walk.c.id
    )
    walk = walk.union_all(step.where(mine(_TASK), walk.c.distance < _FARTHEST))
    reached = (
        select(walk.c.id, func.max(walk.c.distance).label("distance")).group_by(walk.c.id).subquery("reached")
    )
    living = (mine(_TASK), _TASK.c.deleted_at.is_(None))
    tasks = select(*Tasks.statements.columns).join(reached, reached.c.id == _TASK.c.id).where(*living)
    return Statement(tasks.order_by(reached.c.distance, _TASK.c.position, _TASK.c.id))


_TREES = _trees()


class Categories(Recorded[CategoryRow], HasNeighbours):
    """The categories of one person."""

    entity = "category"
    statements = _STATEMENTS
    neighbours = neighbours_in(_TABLE)
    listed = ListedTable(
        _TABLE, {"position": (_TABLE.c.position,), "name": (_TABLE.c.name,), **moments(_TABLE)}
    )
    filters: ClassVar[Mapping[str, Condition]] = {
        "name": containing_in_any_case(_TABLE.c.name, "name"),
        "archived": Condition(_TABLE.c.archived == bindparam("archived")),
    }
    unique_name = "ux_category_user_id_name"
    used_by = there_is(*living(_TASK), _TASK.c.category_id == _TABLE.c.id)
    held_by = there_is(mine(_TASK), _TASK.c.category_id == _TABLE.c.id)

    async def tasks(self, category_id: UUID) -> Sequence[TaskRow]:
        """Return the living tasks in a category, in their manual order."""
        return await self._tasks(_TASKS, category_id)

    async def trees(self, category_id: UUID) -> Sequence[TaskRow]:
        """Return the living tasks in a category and all that is living below them, in whatever category.

        Parents come first.
        """
        return await self._tasks(_TREES, category_id)

    async def _tasks(self, statement: Statement, category_id: UUID) -> Sequence[TaskRow]:
        records = await self._fetch(statement, id=category_id)
        return [Tasks.statements.row(record) for record in records]
