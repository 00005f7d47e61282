"""All rows of one owner, kind by kind, as they are taken out and brought in. It writes nothing."""

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select

from app.database.statements import Statement, id_list
from app.models.change import Change
from app.models.naming import table_of
from app.repositories.owned import Owned
from app.repositories.owner import OwnerScoped, mine
from app.repositories.recorded_statements import OwnedStatements, Row

PAGE = 250
_CHANGE = table_of(Change)
_MADE = Statement(
    select(_CHANGE.c.entity_id).where(
        mine(_CHANGE),
        _CHANGE.c.entity == bindparam("entity"),
        _CHANGE.c.entity_id == func.any(id_list("ids")),
        _CHANGE.c.version == 1,
    )
)


@cache
def _page(statements: OwnedStatements[Any]) -> Statement:
    table = statements.table
    rows = select(*statements.columns).where(mine(table), table.c.id >= bindparam("first"))
    return Statement(rows.order_by(table.c.id).limit(bindparam("rows")))


@cache
def _some(statements: OwnedStatements[Any]) -> Statement:
    table = statements.table
    return Statement(select(*statements.columns).where(mine(table), table.c.id == func.any(id_list("ids"))))


@cache
def _named(statements: OwnedStatements[Any], column: str) -> Statement:
    table = statements.table
    return Statement(select(table.c[column], table.c.id).where(mine(table), table.c.deleted_at.is_(None)))


class Portability(OwnerScoped):
    """The rows of one person, deleted or not."""

    async def pages(self, kind: Owned[Row]) -> AsyncIterator[Sequence[Row]]:
        """Give all rows of a kind, in the order of their ids."""
        statement, first = _page(kind.statements), 0
        while first < 2**128 and (records := await self._fetch(statement, first=UUID(int=first), rows=PAGE)):
            yield [kind.statements.row(record) for record in records]
            first = records[-1]["id"].int + 1

    async def some(self, kind: Owned[Row], ids: Iterable[UUID]) -> dict[UUID, Row]:
        """Return those of these rows that are there."""
        records = await self._fetch(_some(kind.statements), ids=[str(entity_id) for entity_id in ids])
        return {record["id"]: kind.statements.row(record) for record in records}

    async def made(self, kind: Owned[Any], ids: Iterable[UUID]) -> frozenset[UUID]:
        """Return which of these ids were ever given to something of a kind, be it purged since."""
        wanted = [str(entity_id) for entity_id in ids]
        records = await self._fetch(_MADE, entity=kind.entity, ids=wanted) if wanted else []
        return frozenset(record["entity_id"] for record in records)

    async def names(self, kind: Owned[Any], column: str) -> dict[str, UUID]:
        """Return the living rows of a kind by their names."""
        records = await self._fetch(_named(kind.statements, column))
        return {record[column]: record["id"] for record in records}
