"""The statements of one owned table, each built once.

What is written is recorded in the change sequence by the same statement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlmodel import SQLModel

from app.database.statements import Statement, id_list
from app.models.naming import table_of
from app.repositories.change_statements import RecordedWrite, redacting
from app.repositories.owner import mine
from app.repositories.questions import Projection


class OwnedRow(Protocol):
    """What is asked of the row of an owned table: a named tuple with an id, a version and its public content."""

    @property
    def id(self) -> UUID: ...  # noqa: D102 (told by the class)
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def deleted_at(self) -> datetime | None: ...  # noqa: D102
    def document(self) -> dict[str, object]: ...  # noqa: D102
    def _asdict(self) -> dict[str, Any]: ...


Row = TypeVar("Row", bound=OwnedRow)


class Derived(NamedTuple):
    """A column that is written along with fields of the row and never read: made from the owner and the row."""

    fields: frozenset[str]
    make: Callable[[str, Any], object]


@dataclass(frozen=True, eq=False)
class OwnedStatements(Generic[Row]):
    """The statements of one owned table, and how its rows are read and written; the writes go with counter and change.

    Attributes:
        model: A table with `user_id`, `id`, `version` and `deleted_at`.
        row_type: The named tuple of its rows.
        texts: The fields of the public content that hold what a person wrote; a purge empties them in earlier changes.
        gathered: The fields that are no columns of the table, each with where it comes from.
        sets: Of these, the sets of ids in a table of their own, each with the statement that makes the set what it is
            to be.
        derived: The columns that are written along with fields and never read.
        encode: What the driver takes instead of the value of a field.
        decode: The value of a field, made of what the driver gives.
    """

    model: type[SQLModel]
    row_type: type[Row]
    texts: tuple[str, ...]
    gathered: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    sets: Mapping[str, Statement] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    encode: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    decode: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    _changes: dict[frozenset[str], RecordedWrite] = field(default_factory=dict)

    @cached_property
    def table(self) -> Table:
        """The table."""
        return table_of(self.model)

    @cached_property
    def columns(self) -> list[ColumnElement[Any]]:
        """What is selected for a row, in the order of its fields."""
        gathered, table = self.gathered, self.table
        return [gathered[name].label(name) if name in gathered else table.c[name] for name in self._fields]

    @cached_property
    def stored(self) -> frozenset[str]:
        """The fields that are columns of the table."""
        return frozenset(self._fields) - self.gathered.keys()

    @cached_property
    def find(self) -> Statement:
        """Selects a row by its `id`."""
        return Statement(select(*self.columns).where(*self._row))

    @cached_property
    def there(self) -> Statement:
        """Selects which of `ids` are there, each with whether it is living."""
        table = self.table
        there = select(table.c.id, table.c.deleted_at.is_(None).label("living"))
        return Statement(there.where(mine(table), table.c.id == func.any(id_list("ids"))))

    @cached_property
    def add(self) -> RecordedWrite:
        """Inserts a row."""
        written = [*(name for name in self._fields if name in self.stored), *self.derived]
        values: dict[str, Any] = {name: bindparam(name) for name in written}
        inserted = insert(self.table).values(user_id=bindparam("user_id"), **values)
        return RecordedWrite(inserted.returning(self.table.c.id))

    @cached_property
    def remove(self) -> RecordedWrite:
        """Deletes a row for good; `version` is that of the change which records it."""
        return RecordedWrite(delete(self.table).where(*self._row, self._as_it_was).returning(self.table.c.id))

    @cached_property
    def redact(self) -> Statement:
        """Empties the texts in some earlier changes of the entities `ids`."""
        return redacting(self.texts)

    def change(self, names: frozenset[str]) -> RecordedWrite:
        """Return the write that changes these columns; each set of columns is built once."""
        if (write := self._changes.get(names)) is None:
            values: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
            changed = update(self.table).where(*self._row, self._as_it_was).values(**values)
            write = self._changes[names] = RecordedWrite(changed.returning(self._id))
        return write

    def row(self, record: Any) -> Row:
        """Return the row of a record that has the fields in their order."""
        row = self.row_type(*record)
        if not self.decode:
            return row
        given = row._asdict()
        return replaced(row, **{name: decode(given[name]) for name, decode in self.decode.items()})

    @cached_property
    def rows(self) -> Projection[Row]:
        """Shows the rows of a list as they are."""
        return Projection(
            self.columns, lambda page: (page, [page.c[name] for name in self._fields]), self.row
        )

    @property
    def _fields(self) -> tuple[str, ...]:
        fields: tuple[str, ...] = self.row_type._fields  # type: ignore[attr-defined]  # A named tuple has them.
        return fields

    @property
    def _id(self) -> ColumnElement[Any]:
        return self.table.c.id

    @property
    def _row(self) -> list[ColumnElement[bool]]:
        return [mine(self.table), self.table.c.id == bindparam("id")]

    @property
    def _as_it_was(self) -> ColumnElement[bool]:
        return self.table.c.version == bindparam("version") - 1


def replaced(row: Row, **values: Any) -> Row:
    """Return a row with other values of some fields: a named tuple's `_replace`, which no protocol can describe."""
    new: Row = row._replace(**values)  # type: ignore[attr-defined]
    return new
