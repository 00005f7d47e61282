"""A person's deleted tasks in PostgreSQL: the list of them, and what they refer to or what refers to them. It purges nothing itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, literal_column, select, true, tuple_

from app.database.statements import Statement, id_list
from app.domain.paging import COUNTED, Listing, Slice
from app.models.task import TaskRow
from app.repositories.owner import OwnerScoped, mine
from app.repositories.task_json import as_json, task_fields
from app.repositories.tasks import Tasks

_TASK = Tasks.statements.table
_COLUMNS = Tasks.statements.columns
_TRASHED = (mine(_TASK), _TASK.c.deleted_at.is_not(None))
_LATEST = (_TASK.c.deleted_at.desc(), _TASK.c.id.desc())


def _listing(*, by_cursor: bool, exact: bool) -> Statement:
    """Build the list: one statement for the rows, one more than asked, and the number of all, also when there are no rows."""
    counted: Select[Any] = select(literal_column("1")).where(*_TRASHED)
    counted = counted if exact else counted.limit(COUNTED + 1)
    total = select(func.count().label("total")).select_from(counted.subquery()).subquery("counted")
    page = select(_TASK).where(*_TRASHED).order_by(*_LATEST).limit(bindparam("rows"))
    if by_cursor:
        page = page.where(tuple_(_TASK.c.deleted_at, _TASK.c.id) < tuple_(bindparam("deleted_at"), bindparam("id")))
    else:
        page = page.offset(bindparam("offset"))
    rows = page.subquery("page")
    fields = task_fields(rows)
    found = total.outerjoin(rows.join(fields, true()), true())
    shown = select(total.c.total, rows.c.deleted_at, rows.c.id, as_json(fields).label("body")).select_from(found)
    return Statement(shown.order_by(rows.c.deleted_at.desc(), rows.c.id.desc()))


_LISTINGS = {(by_cursor, exact): _listing(by_cursor=by_cursor, exact=exact) for by_cursor in (False, True) for exact in (False, True)}


def _children() -> Statement:
    """Build the list of the subtasks of some tasks, looked up parent by parent: without statistics, another join may take minutes."""
    parent = select(func.unnest(id_list("ids")).label("id")).subquery("parent")
    theirs = select(*_COLUMNS).where(mine(_TASK), _TASK.c.parent_id == parent.c.id)
    child = theirs.offset(literal_column("0")).correlate(parent).lateral("child")
    return Statement(select(*child.c).select_from(parent.join(child, true())).order_by(child.c.id))


_CHILDREN = _children()


class Trash(OwnerScoped):
    """The deleted tasks of one person."""

    async def list(self, asked: Slice) -> Listing[str]:
        """List the deleted tasks, latest deleted first, each as the text of its JSON."""
        # Spec: features/trash.md#TRASH-001 features/finding.md#FIND-001 features/finding.md#FIND-002
        place: dict[str, Any] = {"offset": asked.offset}
        if asked.after is not None:
            place = {"deleted_at": datetime.fromisoformat(asked.after[0]), "id": UUID(asked.after[1])}
        statement = _LISTINGS[asked.after is not None, asked.exact]
        records = await self._fetch(statement, rows=asked.limit + 1, **place)
        found = [record for record in records if record["id"] is not None]
        shown = found[: asked.limit]
        last = (shown[-1]["deleted_at"].isoformat(), str(shown[-1]["id"])) if len(found) > asked.limit else None
        return Listing([record["body"] for record in shown], last, records[0]["total"])

    async def others_below(self, rows: Iterable[TaskRow]) -> Sequence[TaskRow]:
        """Return the subtasks of tasks, deleted or not, that are not among these tasks themselves."""
        ids = {row.id for row in rows}
        records = await self._fetch(_CHILDREN, ids=[str(task_id) for task_id in ids])
        return [Tasks.statements.row(record) for record in records if record["id"] not in ids]
