"""Neighbours in a manual order, for the repositories of what has one.

Where something is to go is decided by services.
"""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Table, bindparam, literal_column, select

from app.database.statements import Statement
from app.repositories.owner import OwnerScoped, mine


def neighbours_in(table: Table) -> dict[bool, Statement]:
    """Build the statements that find the next position in a table, ahead of a position (True) or behind it."""
    return {ahead: _neighbour(table, ahead=ahead) for ahead in (False, True)}


def _neighbour(table: Table, *, ahead: bool) -> Statement:
    place = table.c.position
    beyond = place < bindparam("position") if ahead else place > bindparam("position")
    others = (mine(table), table.c.deleted_at.is_(None), table.c.id != bindparam("id"))
    return Statement(
        select(place)
        .where(*others, beyond)
        .order_by(place.desc() if ahead else place)
        .limit(literal_column("1"))
    )


class HasNeighbours(OwnerScoped):
    """Rows of one person in a manual order."""

    neighbours: ClassVar[Mapping[bool, Statement]]

    async def next_position(self, position: str, *, without: UUID, ahead: bool) -> str | None:
        """Return the position of the next living row behind a position, or ahead of it, leaving out one row.

        At the end of the order that is None.
        """
        record = await self._fetch_row(self.neighbours[ahead], position=position, id=without)
        return None if record is None else record[0]
