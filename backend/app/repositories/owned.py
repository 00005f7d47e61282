"""The generic repository: the rows of one owner in one table. Reading is here; what writes is the recorder."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, Generic
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, bindparam, select

from app.database.statements import Statement
from app.domain.errors import NotFound
from app.domain.paging import Listing, Slice
from app.domain.sorting import Sort
from app.models.change import Change
from app.models.naming import table_of
from app.repositories.listing import ListedTable, Lists
from app.repositories.owner import mine
from app.repositories.questions import Condition, Question
from app.repositories.recorded_statements import OwnedStatements, Row

_CHANGE = table_of(Change)
_CREATION = Statement(
    select(_CHANGE.c.after).where(
        mine(_CHANGE),
        _CHANGE.c.entity == bindparam("entity"),
        _CHANGE.c.entity_id == bindparam("id"),
        _CHANGE.c.version == 1,
    )
)


class Owned(Lists, Generic[Row]):
    """The rows of one owner in one table.

    Attributes:
        entity: Their name in the change sequence.
        statements: The statements of the table.
        listed: The lists of the table.
        filters: What lists can be narrowed by, each with the parameter of its name.
        unique_name: The index that keeps a name from being given twice, if there is one.
        used_by: The condition that something living refers to a row of the table, if anything can.
        held_by: The condition that keeps a deleted row of the table, however old, from being purged, if there is one.
    """

    entity: ClassVar[str]
    statements: ClassVar[OwnedStatements[Any]]
    listed: ClassVar[ListedTable]
    filters: ClassVar[Mapping[str, Condition]] = {}
    unique_name: ClassVar[str | None] = None
    used_by: ClassVar[ColumnElement[bool] | None] = None
    held_by: ClassVar[ColumnElement[bool] | None] = None

    @property
    def called(self) -> str:
        """What one of them is called in a sentence."""
        return self.entity.replace("_", " ")

    async def find_any(self, entity_id: UUID) -> Row | None:
        """Return the row, deleted or not, or None."""
        record = await self._fetch_row(self.statements.find, id=entity_id)
        return None if record is None else self.statements.row(record)

    async def find(self, entity_id: UUID) -> Row | None:
        """Return the living row, or None."""
        row = await self.find_any(entity_id)
        return None if row is None or row.deleted_at is not None else row

    async def find_creation(self, entity_id: UUID) -> dict[str, Any] | None:
        """Return the content with which a row was created, or None if it never was."""
        record = await self._fetch_row(_CREATION, entity=self.entity, id=entity_id)
        return None if record is None else orjson.loads(record["after"])

    async def get(self, entity_id: UUID) -> Row:
        """Return the living row.

        Raises:
            NotFound: There is none, or it is deleted, or it is somebody else's.
        """
        # Spec: features/isolation.md#ISO-004
        if (row := await self.find(entity_id)) is None:
            raise NotFound(f"There is no such {self.called}.")
        return row

    async def list(self, asked: Slice, *, sorts: tuple[Sort, ...], **wanted: Any) -> Listing[Row]:
        """List living rows.

        Args:
            asked: Which part of the list.
            sorts: How it is sorted; the id breaks ties.
            wanted: What it is narrowed by, of `filters`, each with its value.
        """
        # Spec: features/tags.md#TAG-004 features/categories.md#CAT-004 features/comments.md#COMMENT-003
        # Spec: features/saved-filters.md#FILTER-006
        given = [self.filters[name].given(**{name: value}) for name, value in wanted.items()]
        question = Question([_alive(self.statements).given(), *given], sorts)
        return await self._list(self.listed, question, asked, show=self.statements.rows)

    async def there(self, ids: Iterable[UUID]) -> dict[UUID, bool]:
        """Return which of these ids are those of rows that are not purged, each with whether it is living."""
        wanted = [str(entity_id) for entity_id in {*ids}]
        records = await self._fetch(self.statements.there, ids=wanted) if wanted else []
        return {record["id"]: record["living"] for record in records}

    async def living(self, ids: Iterable[UUID]) -> frozenset[UUID]:
        """Return which of these ids are those of living rows."""
        there = await self.there(ids)
        return frozenset(entity_id for entity_id, is_living in there.items() if is_living)

    async def is_used(self, entity_id: UUID) -> bool:
        """Tell whether something living refers to a row."""
        if self.used_by is None:
            return False
        return bool(await self._fetch(_used(self.statements, self.used_by), id=entity_id))


@cache
def _alive(statements: OwnedStatements[Any]) -> Condition:
    return Condition(statements.table.c.deleted_at.is_(None))


@cache
def _used(statements: OwnedStatements[Any], used_by: ColumnElement[bool]) -> Statement:
    """Build the statement that finds a row if something living refers to it."""
    table = statements.table
    return Statement(select(table.c.id).where(mine(table), table.c.id == bindparam("id"), used_by))
