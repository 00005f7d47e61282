"""How a write of any owned table is recorded in the change sequence: by the same statement.

It knows no table but that of changes.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import HasCTE

from app.database.statements import Statement, id_list
from app.models.change import Change, ChangeCounter
from app.models.naming import table_of
from app.repositories.owner import mine

_COUNTER, _CHANGE = table_of(ChangeCounter), table_of(Change)


class RecordedWrite:
    """A write that records itself: alone, raising the counter by itself, or as one of many whose numbers are given.

    Args:
        write: An insert, update or delete of one row that returns its id.
    """

    def __init__(self, write: HasCTE) -> None:
        self.alone = _recorded(write, numbered=False)
        self.among_many = _recorded(write, numbered=True)


def _recorded(write: HasCTE, *, numbered: bool) -> Statement:
    """Wrap a write so that it inserts the change in the same statement, or does neither.

    Args:
        write: It returns the id of the row.
        numbered: Whether the number is given; otherwise the same statement raises the owner's counter.
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
        "occurred_at": bindparam("now"),
        "reverts": bindparam("reverts", type_=BigInteger),
    }
    source = select(*(value.label(name) for name, value in values.items()))
    source = source.select_from(written if numbered else counter)
    return Statement(insert(_CHANGE).from_select(list(values), source).returning(_CHANGE.c.seq))


def redacting(texts: tuple[str, ...]) -> Statement:
    """Build the statement that empties the texts in some earlier changes of entities that are purged.

    It marks those changes as redacted.
    """
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
    return Statement(
        redacted.values({**emptied, _CHANGE.c.redacted_at: bindparam("now")}).returning(_CHANGE.c.seq)
    )


def _empty(document: ColumnElement[Any], texts: tuple[str, ...]) -> ColumnElement[Any]:
    """Return an empty value of the same type for each of the texts that a document has; null and absent stay."""
    values: list[ColumnElement[Any]] = []
    for name in texts:
        kind = func.jsonb_typeof(document[name])
        empty = case(
            (kind == "string", literal_column("'\"\"'::jsonb")),
            (kind == "object", literal_column("'{}'::jsonb")),
        )
        values += [literal_column(f"'{name}'"), empty]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*values), type_=JSONB)


# Many rows raise the counter once: a row that one transaction updates over and over gets slower to find each time.
RAISE_COUNTER = Statement(
    update(_COUNTER)
    .where(mine(_COUNTER))
    .values(last_seq=_COUNTER.c.last_seq + bindparam("count", type_=BigInteger))
    .returning(_COUNTER.c.last_seq)
)
THERE_IS_A_COUNTER = Statement(select(_COUNTER.c.last_seq).where(mine(_COUNTER)))
