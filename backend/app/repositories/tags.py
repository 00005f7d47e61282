"""A person's tags in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Select, bindparam, literal_column, select, true

from app.database.statements import Statement, there_is
from app.models.naming import table_of
from app.models.tag import Tag, TagRow
from app.models.task import TaskRow, TaskTag
from app.repositories.listing import ListedTable, moments
from app.repositories.owner import living, mine
from app.repositories.questions import Condition, containing
from app.repositories.recorded import Recorded
from app.repositories.recorded_statements import OwnedStatements
from app.repositories.tasks import Tasks

_STATEMENTS = OwnedStatements(Tag, TagRow, texts=("name",))
_TABLE = _STATEMENTS.table
_TASK, _LINK = Tasks.statements.table, table_of(TaskTag)


def _marked() -> Select[Any]:
    """Build the list of the tasks with a tag.

    Each is looked up by its id, because without statistics another join takes minutes for thousands of tasks.
    """
    link = table_of(TaskTag).alias("link")
    one = (mine(_TASK), _TASK.c.id == link.c.task_id, _TASK.c.deleted_at.is_(None))
    task = (
        select(*Tasks.statements.columns)
        .where(*one)
        .offset(literal_column("0"))
        .correlate(link)
        .lateral("task")
    )
    marked = (
        select(*task.c)
        .select_from(link.join(task, true()))
        .where(mine(link), link.c.tag_id == bindparam("id"))
    )
    return marked.order_by(task.c.position, task.c.id)


_TASKS = Statement(_marked())
_LIVING = there_is(*living(_TASK), _TASK.c.id == _LINK.c.task_id)


class Tags(Recorded[TagRow]):
    """The tags of one person."""

    entity = "tag"
    statements = _STATEMENTS
    listed = ListedTable(_TABLE, {"name": (_TABLE.c.folded_name,), **moments(_TABLE)})
    filters: ClassVar[Mapping[str, Condition]] = {"name": containing(_TABLE.c.folded_name, "name")}
    unique_name = "ux_tag_user_id_folded_name"
    used_by = there_is(mine(_LINK), _LINK.c.tag_id == _TABLE.c.id, _LIVING)
    held_by = there_is(mine(_LINK), _LINK.c.tag_id == _TABLE.c.id)

    async def tasks(self, tag_id: UUID) -> Sequence[TaskRow]:
        """Return the living tasks that have a tag, in their manual order."""
        records = await self._fetch(_TASKS, id=tag_id)
        return [Tasks.statements.row(record) for record in records]
