"""What stands below a person's deleted tasks in PostgreSQL. It purges nothing itself."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, literal_column, select, true

from app.database.statements import Statement, id_list
from app.models.task import TaskRow
from app.repositories.owner import OwnerScoped, mine
from app.repositories.tasks import Tasks

_TASK = Tasks.statements.table
_COLUMNS = Tasks.statements.columns


def _children() -> Statement:
    """Build the list of the subtasks of some tasks, looked up parent by parent.

    Without statistics, another join may take minutes.
    """
    parent = select(func.unnest(id_list("ids")).label("id")).subquery("parent")
    theirs = select(*_COLUMNS).where(mine(_TASK), _TASK.c.parent_id == parent.c.id)
    child = theirs.offset(literal_column("0")).correlate(parent).lateral("child")
    return Statement(select(*child.c).select_from(parent.join(child, true())).order_by(child.c.id))


_CHILDREN = _children()


class Trash(OwnerScoped):
    """The deleted tasks of one person."""

    async def others_below(self, rows: Iterable[TaskRow]) -> Sequence[TaskRow]:
        """Return the subtasks of tasks, deleted or not, that are not among these tasks themselves."""
        ids = {row.id for row in rows}
        records = await self._fetch(_CHILDREN, ids=[str(task_id) for task_id in ids])
        return [Tasks.statements.row(record) for record in records if record["id"] not in ids]
