"""A person's tags in PostgreSQL."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import bindparam, func, literal_column, select, true

from app.database.statements import Statement, id_list
from app.domain.changes import Entity
from app.domain.paging import Listing, Slice
from app.models.naming import table_of
from app.models.tag import Tag, TagRow
from app.models.task import TaskRow, TaskTag
from app.repositories.owned import Owned
from app.repositories.owned_list import OwnedList
from app.repositories.owner import mine
from app.repositories.recorded_statements import OwnedStatements
from app.repositories.tasks import Tasks

_STATEMENTS = OwnedStatements(Tag, TagRow._fields, texts=("name",))
_TABLE = _STATEMENTS.table
_LIST = OwnedList(_STATEMENTS, TagRow, by="folded_name")
_TASK = Tasks.statements.table


def _marked() -> Statement:
    """Build the list of the tasks with a tag. Each is looked up by its id: without statistics, another join takes minutes for thousands."""
    link = table_of(TaskTag).alias("link")
    one = (mine(_TASK), _TASK.c.id == link.c.task_id, _TASK.c.deleted_at.is_(None))
    task = select(*Tasks.statements.columns).where(*one).offset(literal_column("0")).correlate(link).lateral("task")
    marked = select(*task.c).select_from(link.join(task, true())).where(mine(link), link.c.tag_id == bindparam("id"))
    return Statement(marked.order_by(task.c.position, task.c.id))


_TASKS = _marked()
_COUNT = Statement(
    select(func.count().label("count")).where(
        mine(_TABLE),
        _TABLE.c.id == func.any(id_list("ids")),
        _TABLE.c.deleted_at.is_(None),
    )
)


class Tags(Owned[TagRow]):
    """The tags of one person."""

    entity = Entity.TAG
    statements = _STATEMENTS
    make_row: ClassVar[Callable[..., TagRow]] = TagRow
    unique_name = "ux_tag_user_id_folded_name"

    async def list(self, asked: Slice) -> Listing[TagRow]:
        """List the living tags by name, without regard to letter case."""
        # Spec: features/tags.md#TAG-004
        return await _LIST.fetch(self._session, asked, user_id=self.owner)

    async def tasks(self, tag_id: UUID) -> Sequence[TaskRow]:
        """Return the living tasks that have a tag, in their manual order."""
        records = await self._fetch(_TASKS, id=tag_id)
        return [Tasks.make_row(*record) for record in records]

    async def are_there(self, tag_ids: Iterable[UUID]) -> bool:
        """Tell whether each of these ids is that of a living tag."""
        wanted = set(tag_ids)
        record = await self._fetch_row(_COUNT, ids=[str(tag_id) for tag_id in wanted])
        return record is not None and bool(record["count"] == len(wanted))
