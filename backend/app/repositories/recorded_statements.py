"""The statements of one owned table, each built once: what is written is recorded in the change sequence by the same statement."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Table,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from app.database.statements import Statement
from app.models.change import Change, ChangeCounter
from app.repositories.owner import mine


def table_of(model: type[SQLModel]) -> Table:
    """Return the table behind a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def id_list(name: str) -> ColumnElement[Any]:
    """Return a parameter that is a list of ids, given as texts: the driver would ask the database about other arrays first."""
    return cast(bindparam(name, type_=ARRAY(Text)), ARRAY(Uuid))


class RecordedWrite:
    """A write that records itself in the change sequence: alone, raising the counter by itself, or as one of many whose numbers are given.

    Args:
        write: An insert, update or delete of one row that returns its id.
    """

    def __init__(self, write: Any) -> None:
        self.alone = _recorded(write, numbered=False)
        self.among_many = _recorded(write, numbered=True)


class OwnedStatements:
    """The statements of one owned table, each built once; the writes go together with counter and change.

    Args:
        model: A table with `user_id`, `id`, `version` and `deleted_at`.
        fields: The row's fields, in the row's order.
        gathered: The fields that are no columns of the table, each with where it comes from.
        derived: The columns that are written and never read.
        texts: The fields of the public content that hold what a person wrote; a purge empties them in earlier changes.
    """

    def __init__(
        self,
        model: type[SQLModel],
        fields: tuple[str, ...],
        *,
        gathered: dict[str, ColumnElement[Any]] | None = None,
        derived: tuple[str, ...] = (),
        texts: tuple[str, ...],
    ) -> None:
        gathered = gathered or {}
        self.table = table = table_of(model)
        self._row = [mine(table), table.c.id == bindparam("id")]
        self._changes: dict[frozenset[str], RecordedWrite] = {}
        self.stored = frozenset(fields) - gathered.keys()
        self.columns = [gathered[name].label(name) if name in gathered else table.c[name] for name in fields]
        self.find = Statement(select(*self.columns).where(*self._row))
        written = [*(name for name in fields if name in self.stored), *derived]
        values: dict[str, Any] = {name: bindparam(name) for name in written}
        self.add = RecordedWrite(insert(table).values(user_id=bindparam("user_id"), **values).returning(table.c.id))
        self.remove = RecordedWrite(delete(table).where(*self._row, self._as_it_was()).returning(table.c.id))
        self.redact = _redacting(texts)

    def change(self, names: frozenset[str]) -> RecordedWrite:
        """Return the write that changes these columns; each set of columns is built once."""
        if (write := self._changes.get(names)) is None:
            values: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
            changed = update(self.table).where(*self._row, self._as_it_was()).values(**values).returning(self.table.c.id)
            write = self._changes[names] = RecordedWrite(changed)
        return write

    def _as_it_was(self) -> ColumnElement[bool]:
        return self.table.c.version == bindparam("version") - 1


def _recorded(write: Any, *, numbered: bool) -> Statement:
    """Wrap a write so that it inserts the change in the same statement, or does neither.

    Args:
        write: It returns the id of the row.
        numbered: Whether the number is given; otherwise the same statement raises the person's counter.
    """
    # Spec: features/changes.md#CHANGE-001 features/changes.md#CHANGE-002 features/changes.md#CHANGE-007
    written = write.cte("written")
    counter = (
        update(_COUNTER)
        .where(mine(_COUNTER), select(written.c.id).exists())
        .values(last_seq=_COUNTER.c.last_seq + 1)
        .returning(_COUNTER.c.last_seq)
        .cte("counter")
    )
    values = {
        "user_id": bindparam("user_id"),
        "seq": bindparam("seq", type_=BigInteger) if numbered else counter.c.last_seq,
        "id": bindparam("change_id"),
        "entity": bindparam("entity"),
        "entity_id": bindparam("id"),
        "version": bindparam("version"),
        "action": bindparam("action"),
        "before": bindparam("before", type_=JSONB),
        "after": bindparam("after", type_=JSONB),
        "actor": bindparam("actor"),
        "source": bindparam("source"),
        "request_id": bindparam("request_id"),
        "occurred_at": bindparam("updated_at"),
        "reverts": bindparam("reverts", type_=BigInteger),
    }
    source = select(*(value.label(name) for name, value in values.items())).select_from(written if numbered else counter)
    return Statement(insert(_CHANGE).from_select(list(values), source).returning(_CHANGE.c.seq))


def _redacting(texts: tuple[str, ...]) -> Statement:
    """Build the statement that empties the texts in some earlier changes of entities that are purged, and says so there."""
    # Spec: features/changes.md#CHANGE-006
    documents = (_CHANGE.c.before, _CHANGE.c.after)
    some = (
        select(_CHANGE.c.seq)
        .where(
            mine(_CHANGE),
            _CHANGE.c.entity == bindparam("entity"),
            _CHANGE.c.entity_id == func.any(id_list("ids")),
            _CHANGE.c.redacted_at.is_(None),
            or_(*(document.has_any(cast(list(texts), ARRAY(Text))) for document in documents)),
        )
        .limit(bindparam("rows"))
    )
    emptied = {document: document.concat(_empty(document, texts)) for document in documents}
    redacted = update(_CHANGE).where(mine(_CHANGE), _CHANGE.c.seq.in_(some))
    return Statement(redacted.values({**emptied, _CHANGE.c.redacted_at: bindparam("now")}).returning(_CHANGE.c.seq))


def _empty(document: ColumnElement[Any], texts: tuple[str, ...]) -> ColumnElement[Any]:
    """Return, for those of the texts that a document has, an empty value of the same type; null stays null, and absent absent."""
    values: list[Any] = []
    for name in texts:
        kind = func.jsonb_typeof(document[name])
        empty = case((kind == "string", literal_column("'\"\"'::jsonb")), (kind == "object", literal_column("'{}'::jsonb")))
        values += [literal_column(f"'{name}'"), empty]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*values), type_=JSONB)


_COUNTER, _CHANGE = table_of(ChangeCounter), table_of(Change)
# Many rows raise the counter once: a row that one transaction updates over and over gets slower to find each time.
RAISE_COUNTER = Statement(
    update(_COUNTER)
    .where(mine(_COUNTER))
    .values(last_seq=_COUNTER.c.last_seq + bindparam("count", type_=BigInteger))
    .returning(_COUNTER.c.last_seq)
)
