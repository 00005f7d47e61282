"""A person's comments in PostgreSQL."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import bindparam, func, literal_column, select, true, tuple_

from app.database.statements import Statement, id_list
from app.domain.search import vector
from app.models.comment import Comment, CommentRow
from app.repositories.listing import ListedTable, moments
from app.repositories.owner import mine
from app.repositories.questions import Condition
from app.repositories.recorded import Recorded
from app.repositories.recorded_statements import Derived, OwnedStatements


def _vector(owner: str, comment: CommentRow) -> str:
    # Spec: features/finding.md#FIND-008
    return vector(owner, important="", other=comment.body)


_STATEMENTS = OwnedStatements(
    Comment, CommentRow, texts=("body",), derived={"search": Derived(frozenset({"body"}), _vector)}
)
_TABLE = _STATEMENTS.table
_BEGINNING: dict[str, Any] = {
    "task_id": UUID(int=0),
    "created_at": datetime.min.replace(tzinfo=UTC),
    "id": UUID(int=0),
}


def _below() -> Statement:
    """Build a page of all comments on some tasks, looked up task by task.

    Without statistics, another join may take minutes.
    """
    task_ids = select(func.unnest(id_list("task_ids")).label("id")).subquery("ids")
    # In order, so that the comments of a later task are not read before those of an earlier one are done.
    task = select(task_ids.c.id).order_by(task_ids.c.id).offset(literal_column("0")).subquery("task")
    table = _STATEMENTS.table
    key = (table.c.task_id, table.c.created_at, table.c.id)
    later = tuple_(*key) > tuple_(*(bindparam(column.name) for column in key))
    theirs = select(*_STATEMENTS.columns).where(mine(table), table.c.task_id == task.c.id, later)
    comment = theirs.offset(literal_column("0")).correlate(task).lateral("comment")
    page = select(*comment.c).select_from(task.join(comment, true()))
    return Statement(page.order_by(task.c.id, comment.c.created_at, comment.c.id).limit(bindparam("rows")))


_BELOW = _below()


class Comments(Recorded[CommentRow]):
    """The comments of one person."""

    entity = "comment"
    statements = _STATEMENTS
    listed = ListedTable(_TABLE, moments(_TABLE))
    filters: ClassVar[Mapping[str, Condition]] = {
        "task_id": Condition(_TABLE.c.task_id == bindparam("task_id"))
    }

    async def below(self, task_ids: Iterable[UUID], *, at_once: int) -> AsyncIterator[Sequence[CommentRow]]:
        """Walk through all comments on some tasks, deleted or not, so many at once.

        Comments that were given already may be removed meanwhile.
        """
        ids, after = [str(task_id) for task_id in task_ids], _BEGINNING
        while records := await self._fetch(_BELOW, task_ids=ids, rows=at_once, **after):
            yield [CommentRow(*record) for record in records]
            after = {name: records[-1][name] for name in _BEGINNING}
