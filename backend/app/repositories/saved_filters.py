"""A person's saved filters in PostgreSQL."""

from typing import Any

import orjson

from app.domain.paging import Listing, Slice
from app.models.saved_filter import SavedFilter, SavedFilterRow
from app.repositories.owned_list import OwnedList
from app.repositories.recorded import Recorded
from app.repositories.recorded_statements import OwnedStatements


def _written(query: dict[str, Any]) -> str:
    return orjson.dumps(query).decode()


def _read(query: str) -> dict[str, Any]:
    """Return the parameters of a query in their order; PostgreSQL keeps them in an order of its own."""
    return dict(sorted(orjson.loads(query).items()))


_STATEMENTS = OwnedStatements(SavedFilter, SavedFilterRow, texts=("name", "query"), encode={"query": _written}, decode={"query": _read})
_LIST = OwnedList(_STATEMENTS, by="name")


class SavedFilters(Recorded[SavedFilterRow]):
    """The saved filters of one person."""

    entity = "saved_filter"
    statements = _STATEMENTS
    unique_name = "ux_saved_filter_user_id_name"

    async def list(self, asked: Slice) -> Listing[SavedFilterRow]:
        """List the living saved filters by name."""
        # Spec: features/saved-filters.md#FILTER-006
        return await _LIST.fetch(self._session, asked, user_id=self.owner)
