"""A person's tasks in PostgreSQL."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Select, bindparam, func, literal_column, select, true, tuple_

from app.database.statements import Statement
from app.domain.paging import COUNTED, Listing, Slice
from app.models.task import Task, TaskRow
from app.repositories.owned import Owned, OwnedStatements, table_of
from app.repositories.task_json import as_json, task_fields

_STATEMENTS = OwnedStatements(Task, TaskRow._fields)


def _listing(*, by_cursor: bool, exact: bool) -> Statement:
    """Build the list: one statement for the rows, one more than asked, and the number of all, also when there are no rows."""
    table = table_of(Task)
    living = (table.c.user_id == bindparam("user_id"), table.c.deleted_at.is_(None))
    counted: Select[Any] = select(literal_column("1")).where(*living)
    counted = counted if exact else counted.limit(COUNTED + 1)
    total = select(func.count().label("total")).select_from(counted.subquery()).subquery("counted")
    page = select(*_STATEMENTS.columns).where(*living).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(bindparam("rows"))
    if by_cursor:
        page = page.where(tuple_(table.c.created_at, table.c.id) < tuple_(bindparam("created_at"), bindparam("id")))
    else:
        page = page.offset(bindparam("offset"))
    # The JSON is built outside of the limited part, so that rows which are passed over cost nothing.
    rows = page.subquery("page")
    fields = task_fields(rows)
    found = total.outerjoin(rows.join(fields, true()), true())
    shown = select(total.c.total, rows.c.created_at, rows.c.id, as_json(fields).label("body")).select_from(found)
    return Statement(shown.order_by(rows.c.created_at.desc(), rows.c.id.desc()))


_LISTINGS = {(by_cursor, exact): _listing(by_cursor=by_cursor, exact=exact) for by_cursor in (False, True) for exact in (False, True)}


class Tasks(Owned[TaskRow]):
    """The tasks of one person."""

    entity = "task"
    statements = _STATEMENTS
    make_row: ClassVar[Callable[..., TaskRow]] = TaskRow

    async def list(self, asked: Slice) -> Listing:
        """List the living tasks, newest first, each as the text of its JSON."""
        # Spec: features/tasks.md#TASK-006 features/finding.md#FIND-001 features/finding.md#FIND-002
        place: dict[str, Any] = {"offset": asked.offset}
        if asked.after is not None:
            place = {"created_at": datetime.fromisoformat(asked.after[0]), "id": UUID(asked.after[1])}
        statement = _LISTINGS[asked.after is not None, asked.exact]
        records = await self._session.fetch(statement, user_id=self._origin.user_id, rows=asked.limit + 1, **place)
        found = [record for record in records if record["id"] is not None]
        shown = found[: asked.limit]
        last = (shown[-1]["created_at"].isoformat(), str(shown[-1]["id"])) if len(found) > asked.limit else None
        return Listing([record["body"] for record in shown], last, records[0]["total"])
