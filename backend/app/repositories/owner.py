"""What every repository of an owner's rows begins with.

That is a place to run statements, and an owner that each of them is given.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, FromClause, bindparam

from app.database.connection import Session
from app.database.statements import Statement
from app.domain.changes import Origin


def mine(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row of a table belongs to the owner of the unit of work."""
    condition: ColumnElement[bool] = table.c.user_id == bindparam("user_id")
    return condition


def living(table: FromClause) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions that a row of a table belongs to the owner of the unit of work, and is not deleted."""
    return mine(table), table.c.deleted_at.is_(None)


class OwnerScoped:
    """A repository of the rows of one owner.

    Args:
        session: Where statements run.
        origin: Whose rows, and by whom and through which door they are used.

    Raises:
        ValueError: There is no owner, which would mean everybody.
    """

    def __init__(self, session: Session, origin: Origin) -> None:
        # Spec: features/isolation.md#ISO-001
        if not origin.owner:
            raise ValueError("a repository has an owner")
        self._session = session
        self._origin = origin

    @property
    def owner(self) -> str:
        """Whose rows these are."""
        return self._origin.owner

    async def _fetch(self, statement: Statement, **values: Any) -> Sequence[asyncpg.Record]:
        """Run a statement with the owner among its values, and return its rows."""
        return await self._session.fetch(statement, user_id=self.owner, **values)

    async def _fetch_row(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        """Run a statement with the owner among its values, and return its first row, or None."""
        return await self._session.fetch_row(statement, user_id=self.owner, **values)
