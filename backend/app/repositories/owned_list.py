"""Lists of one owner's rows in one order, by offset or by cursor; for resources that a person has few kinds of questions about."""

from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, literal_column, select, true, tuple_

from app.database.connection import Session
from app.database.statements import Statement
from app.domain.paging import COUNTED, Listing, Slice
from app.repositories.recorded_statements import OwnedStatements, Row


class OwnedList(Generic[Row]):
    """The living rows of a table, in ascending order of one column and the id.

    Args:
        statements: The statements of the table.
        by: The column that orders: text or a moment.
        within: The columns whose values limit the list, such as `task_id`.
    """

    def __init__(self, statements: OwnedStatements[Row], *, by: str, within: tuple[str, ...] = ()) -> None:
        self._statements = statements
        table = statements.table
        self._order = [table.c[by], table.c.id]
        self._place = [f"after_{column.name}" for column in self._order]
        living = [table.c[name] == bindparam(name) for name in ("user_id", *within)] + [table.c.deleted_at.is_(None)]
        self._lists = {
            (by_cursor, exact): self._build(living, by_cursor=by_cursor, exact=exact)
            for by_cursor in (False, True)
            for exact in (False, True)
        }

    async def fetch(self, session: Session, asked: Slice, **values: Any) -> Listing[Row]:
        """Fetch a slice in one statement; `values` are the owner and what limits the list."""
        # Spec: features/finding.md#FIND-001 features/finding.md#FIND-002
        place: dict[str, Any] = {"offset": asked.offset}
        if asked.after is not None:
            by_text, (first, last) = isinstance(self._order[0].type, Text), asked.after
            place = dict(zip(self._place, (first if by_text else datetime.fromisoformat(first), UUID(last)), strict=True))
        records = await session.fetch(self._lists[asked.after is not None, asked.exact], **place, **values, rows=asked.limit + 1)
        rows = [self._statements.row(tuple(record)[1:]) for record in records if record["id"] is not None]
        shown = rows[: asked.limit]
        return Listing(shown, self._position(shown[-1]) if len(rows) > asked.limit else None, records[0]["total"])

    def _position(self, row: Row) -> tuple[str, ...]:
        values = row._asdict()
        first = values[self._order[0].name]
        return (first.isoformat() if isinstance(first, datetime) else first, str(row.id))

    def _build(self, living: list[ColumnElement[bool]], *, by_cursor: bool, exact: bool) -> Statement:
        """Build the list: one statement for the rows, one more than asked, and the number of all, also when there are no rows."""
        counted: Select[Any] = select(literal_column("1")).where(*living)
        counted = counted if exact else counted.limit(COUNTED + 1)
        total = select(func.count().label("total")).select_from(counted.subquery()).subquery("counted")
        page = select(*self._statements.columns).where(*living).order_by(*self._order).limit(bindparam("rows"))
        if by_cursor:
            page = page.where(tuple_(*self._order) > tuple_(*(bindparam(name) for name in self._place)))
        else:
            page = page.offset(bindparam("offset"))
        rows = page.subquery("page")
        ordered = [rows.c[column.name] for column in self._order]
        return Statement(select(total.c.total, *rows.c).select_from(total.outerjoin(rows, true())).order_by(*ordered))
