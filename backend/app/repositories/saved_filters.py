"""A person's saved filters in PostgreSQL."""

from collections.abc import Callable
from typing import Any, ClassVar

import orjson

from app.domain.changes import Entity
from app.domain.paging import Listing, Slice
from app.models.saved_filter import SavedFilter, SavedFilterRow
from app.repositories.owned import Owned
from app.repositories.owned_list import OwnedList
from app.repositories.recorded_statements import OwnedStatements

_FIELDS = SavedFilterRow._fields
_QUERY = _FIELDS.index("query")
_STATEMENTS = OwnedStatements(SavedFilter, _FIELDS, texts=("name", "query"))


def _row(*values: Any) -> SavedFilterRow:
    """Return the row of a record; PostgreSQL keeps the parameters of a query in an order of its own."""
    return SavedFilterRow(*values)._replace(query=dict(sorted(orjson.loads(values[_QUERY]).items())))


_LIST = OwnedList(_STATEMENTS, _row, by="name")


class SavedFilters(Owned[SavedFilterRow]):
    """The saved filters of one person."""

    entity = Entity.SAVED_FILTER
    statements = _STATEMENTS
    make_row: ClassVar[Callable[..., SavedFilterRow]] = staticmethod(_row)
    unique_name = "ux_saved_filter_user_id_name"

    async def list(self, asked: Slice) -> Listing[SavedFilterRow]:
        """List the living saved filters by name."""
        # Spec: features/saved-filters.md#FILTER-006
        return await _LIST.fetch(self._session, asked, user_id=self.owner)

    def _values(self, row: SavedFilterRow, names: frozenset[str]) -> dict[str, Any]:
        return super()._values(row, names) | {"query": orjson.dumps(row.query).decode()}
