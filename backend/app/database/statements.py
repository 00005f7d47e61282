"""Statements that are built once by the query builder and compiled once for asyncpg. It runs nothing."""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, bindparam, cast, literal_column, select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import ClauseElement

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


class Statement:
    """A query with named parameters, as the text and the order of arguments that asyncpg takes.

    Args:
        clause: A statement of SQLAlchemy; its `bindparam` names are the parameters. Values go to the driver as they
            are, so JSON is given as text and moments are aware.
    """

    __slots__ = ("_constants", "_order", "sql")

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self._order: tuple[str, ...] = tuple(getattr(compiled, "positiontup", None) or ())
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """Put the values in the statement's order.

        Raises:
            KeyError: A parameter has no value.
        """
        constants = self._constants
        return [values[name] if name in values else constants[name] for name in self._order]


def there_is(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that there is a row, looked up by an index: without statistics, a join may take minutes."""
    return select(literal_column("1")).where(*conditions).offset(literal_column("0")).exists()


def id_list(name: str) -> ColumnElement[Any]:
    """Return a parameter that is a list of ids, given as texts.

    The driver would ask the database about other arrays first.
    """
    return cast(bindparam(name, type_=ARRAY(Text)), ARRAY(Uuid))
