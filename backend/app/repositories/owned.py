"""The one generic repository: rows of one owner, where each write records itself in the change sequence."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

import orjson
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel
from uuid_utils.compat import uuid7

from app.database.statements import Statement
from app.domain.changes import Action, difference
from app.domain.errors import NotFound
from app.models.change import Change, ChangeCounter
from app.repositories.belonging import Belonging


class OwnedRow(Protocol):
    """What the repository asks of a row: a named tuple with an id, a version and its public content."""

    @property
    def id(self) -> UUID: ...  # noqa: D102 (told by the class)
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def deleted_at(self) -> datetime | None: ...  # noqa: D102
    def document(self) -> dict[str, object]: ...  # noqa: D102
    def _asdict(self) -> dict[str, Any]: ...


Row = TypeVar("Row", bound=OwnedRow)


def table_of(model: type[SQLModel]) -> Table:
    """Return the table behind a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


class OwnedStatements:
    """The statements of one owned table, built once: find, insert and update, the writes together with counter and change.

    Args:
        model: A table with `user_id`, `id`, `version` and `deleted_at`.
        fields: The row's columns, in the row's order.
    """

    def __init__(self, model: type[SQLModel], fields: tuple[str, ...]) -> None:
        table = table_of(model)
        mine = table.c.user_id == bindparam("user_id")
        self.columns = [table.c[name] for name in fields]
        self.find = Statement(select(*self.columns).where(mine, table.c.id == bindparam("id")))
        values: dict[str, Any] = {name: bindparam(name) for name in fields}
        added = insert(table).values(user_id=bindparam("user_id"), **values).returning(table.c.id)
        self.add = Statement(_recorded(added))
        changed = (
            update(table)
            .where(mine, table.c.id == bindparam("id"), table.c.version == bindparam("version") - 1)
            .values(**values)
            .returning(table.c.id)
        )
        self.change = Statement(_recorded(changed))


def _recorded(write: Any) -> Any:
    """Wrap a write so that it raises the person's counter and inserts the change in the same statement, or does none of it."""
    # Spec: features/changes.md#CHANGE-001 features/changes.md#CHANGE-002
    counters, changes = table_of(ChangeCounter), table_of(Change)
    written = write.cte("written")
    counter = (
        update(counters)
        .where(counters.c.user_id == bindparam("user_id"), select(written.c.id).exists())
        .values(last_seq=counters.c.last_seq + 1)
        .returning(counters.c.last_seq)
        .cte("counter")
    )
    recorded = {
        "user_id": bindparam("user_id"),
        "seq": counter.c.last_seq,
        "id": bindparam("change_id"),
        "entity": bindparam("entity"),
        "entity_id": bindparam("id"),
        "version": bindparam("version"),
        "action": bindparam("action"),
        "before": bindparam("before", type_=JSONB),
        "after": bindparam("after", type_=JSONB),
        "actor": bindparam("user_id"),
        "source": bindparam("source"),
        "request_id": bindparam("request_id"),
        "occurred_at": bindparam("updated_at"),
    }
    source = select(*(value.label(name) for name, value in recorded.items())).select_from(counter)
    return insert(changes).from_select(list(recorded), source).returning(changes.c.seq)


_CHANGE = table_of(Change)
_CREATION = Statement(
    select(_CHANGE.c.after).where(
        _CHANGE.c.user_id == bindparam("user_id"),
        _CHANGE.c.entity == bindparam("entity"),
        _CHANGE.c.entity_id == bindparam("id"),
        _CHANGE.c.version == 1,
    )
)


class Owned(Belonging, Generic[Row]):
    """The rows of one person in one table."""

    entity: ClassVar[str]
    statements: ClassVar[OwnedStatements]
    make_row: ClassVar[Callable[..., Any]]

    async def find_any(self, entity_id: UUID) -> Row | None:
        """Return the row, deleted or not, or None."""
        record = await self._session.fetch_row(self.statements.find, user_id=self._origin.user_id, id=entity_id)
        return None if record is None else self.make_row(*record)

    async def find_creation(self, entity_id: UUID) -> dict[str, Any] | None:
        """Return the content with which a row was created, or None if it never was."""
        record = await self._session.fetch_row(_CREATION, user_id=self._origin.user_id, entity=self.entity, id=entity_id)
        return None if record is None else orjson.loads(record["after"])

    async def get(self, entity_id: UUID) -> Row:
        """Return the living row.

        Raises:
            NotFound: There is none, or it is deleted, or it is somebody else's.
        """
        # Spec: features/isolation.md#ISO-004
        row = await self.find_any(entity_id)
        if row is None or row.deleted_at is not None:
            raise NotFound(f"There is no such {self.entity}.")
        return row

    async def add(self, row: Row, *, now: datetime) -> Row:
        """Insert a row and record its creation."""
        await self._write(self.statements.add, row, action=Action.CREATED, before=None, now=now)
        return row

    async def change(self, row: Row, *, action: Action, now: datetime, **values: Any) -> Row:
        """Change a row that was read in this unit of work, and record the change; values that change nothing write nothing."""
        # Spec: features/tasks.md#TASK-012
        changed = _with(row, **values)
        if changed == row:
            return row
        changed = _with(changed, version=row.version + 1, updated_at=now)
        await self._write(self.statements.change, changed, action=action, before=row.document(), now=now)
        return changed

    async def _write(self, statement: Statement, row: Row, *, action: Action, before: dict[str, object] | None, now: datetime) -> None:
        changed = difference(before, row.document())
        values = row._asdict() | {
            "user_id": self._origin.user_id,
            "change_id": uuid7(),
            "entity": self.entity,
            "action": action.value,
            "before": _json(changed.before),
            "after": _json(changed.after),
            "source": self._origin.source.value,
            "request_id": self._origin.request_id,
            "updated_at": now,
        }
        if await self._session.fetch_row(statement, **values) is None:
            # Under the person's lock a row stays as it was read, and everybody has a counter.
            raise RuntimeError(f"a {self.entity} was not written")


def _with(row: Row, **values: Any) -> Row:
    """A named tuple's `_replace`, which no protocol can describe."""
    return cast("Row", cast("Any", row)._replace(**values))


def _json(document: dict[str, object] | None) -> str | None:
    return None if document is None else orjson.dumps(document, option=orjson.OPT_UTC_Z).decode()
