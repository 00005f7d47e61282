"""A person's saved filters in PostgreSQL."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from app.models.saved_filter import SavedFilter, SavedFilterRow
from app.repositories.listing import ListedTable, moments
from app.repositories.questions import Condition, containing_in_any_case
from app.repositories.recorded import Recorded
from app.repositories.recorded_statements import OwnedStatements


def _written(query: dict[str, Any]) -> str:
    return orjson.dumps(query).decode()


def _read(query: str) -> dict[str, Any]:
    """Return the parameters of a query in their order; PostgreSQL keeps them in an order of its own."""
    return dict(sorted(orjson.loads(query).items()))


_STATEMENTS = OwnedStatements(
    SavedFilter, SavedFilterRow, texts=("name", "query"), encode={"query": _written}, decode={"query": _read}
)
_TABLE = _STATEMENTS.table


class SavedFilters(Recorded[SavedFilterRow]):
    """The saved filters of one person."""

    entity = "saved_filter"
    statements = _STATEMENTS
    listed = ListedTable(_TABLE, {"name": (_TABLE.c.name,), **moments(_TABLE)})
    filters: ClassVar[Mapping[str, Condition]] = {"name": containing_in_any_case(_TABLE.c.name, "name")}
    unique_name = "ux_saved_filter_user_id_name"
