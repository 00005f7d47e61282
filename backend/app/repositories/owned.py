"""The one generic repository: rows of one owner, where each write records itself in the change sequence."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import bindparam, select
from uuid_utils.compat import uuid7

from app.database.statements import Statement
from app.domain.changes import Action, Entity, difference
from app.domain.errors import NameTaken, NotFound
from app.models.change import Change
from app.models.naming import table_of
from app.repositories.owner import OwnerScoped, mine
from app.repositories.recorded_statements import RAISE_COUNTER, OwnedStatements, RecordedWrite


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
Part = TypeVar("Part")
_AT_ONCE = 500


_CHANGE = table_of(Change)
_CREATION = Statement(
    select(_CHANGE.c.after).where(
        mine(_CHANGE),
        _CHANGE.c.entity == bindparam("entity"),
        _CHANGE.c.entity_id == bindparam("id"),
        _CHANGE.c.version == 1,
    )
)


class Owned(OwnerScoped, Generic[Row]):
    """The rows of one person in one table.

    `entity` is their name in the change sequence, `unique_name` the index that keeps a name from being given twice.
    """

    entity: ClassVar[Entity]
    statements: ClassVar[OwnedStatements]
    make_row: ClassVar[Callable[..., Any]]
    unique_name: ClassVar[str | None] = None

    async def find_any(self, entity_id: UUID) -> Row | None:
        """Return the row, deleted or not, or None."""
        record = await self._fetch_row(self.statements.find, id=entity_id)
        return None if record is None else self.make_row(*record)

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
            raise NotFound(f"There is no such {self.entity.replace('_', ' ')}.")
        return row

    async def add(self, row: Row, *, now: datetime) -> Row:
        """Insert a row and record its creation."""
        names = self.statements.stored
        values = self._values(row, names) | self._record(Action.CREATED, None, row.document(), now=now)
        await self._run(self.statements.add, [values])
        return row

    async def change(self, row: Row, *, action: Action, now: datetime, reverts: int | None = None, **values: Any) -> Row:
        """Change a row that was read in this unit of work, and record the change; values that change nothing write nothing.

        Args:
            row: The row as it is.
            action: What happens to it.
            now: The moment.
            reverts: The number of the change that this one undoes, if it undoes one.
            values: The columns that are written.
        """
        # Spec: features/tasks.md#TASK-012
        changed = await self.change_each([(row, values)], action=action, now=now, reverts=reverts)
        return changed[0]

    async def change_each(
        self, wanted: Sequence[tuple[Row, dict[str, Any]]], *, action: Action, now: datetime, reverts: int | None = None
    ) -> Sequence[Row]:
        """Change rows that were read in this unit of work, each to values of its own, and record each change, in the given order."""
        done: list[Row] = []
        for some in _parts(wanted):
            raised = [(row, self._raised(row, values, now=now)) for row, values in some]
            if changes := [(old, new) for old, new in raised if old is not new]:
                await self._write(changes, action=action, now=now, reverts=reverts)
            done += [new for _, new in raised]
        return done

    def _raised(self, row: Row, values: dict[str, Any], *, now: datetime) -> Row:
        """Return the row with these values and its next version, or the row itself when nothing differs."""
        new = _with(row, **values)
        return row if new == row else _with(new, version=row.version + 1, updated_at=now)

    async def remove_each(self, rows: Iterable[Row], *, now: datetime) -> None:
        """Remove rows that were read in this unit of work for good, and record for each that it is gone.

        Its earlier changes stay, with their texts emptied.
        """
        # Spec: features/trash.md#TRASH-007
        for some in _parts(list(rows)):
            values = [self._values(_with(row, version=row.version + 1), frozenset()) for row in some]
            await self._run(self.statements.remove, [value | self._record(Action.PURGED, None, None, now=now) for value in values])
            await self._redact([str(row.id) for row in some], now=now)

    async def _redact(self, ids: Sequence[str], *, now: datetime) -> None:
        """Empty what a person wrote in the earlier changes of entities, some changes at once."""
        values = {"entity": self.entity, "ids": ids, "now": now, "rows": _AT_ONCE}
        while len(await self._fetch(self.statements.redact, **values)) == _AT_ONCE:
            pass

    async def _write(self, changes: Sequence[tuple[Row, Row]], *, action: Action, now: datetime, reverts: int | None = None) -> None:
        names = frozenset(name for old, new in changes for name in _differing(old, new)) & self.statements.stored
        derived = self._derived(changes[0][1], names).keys()
        values = [
            self._values(new, names) | self._record(action, old.document(), new.document(), now=now) | {"reverts": reverts}
            for old, new in changes
        ]
        await self._run(self.statements.change(names.union(derived)), values)

    async def _run(self, write: RecordedWrite, values: Sequence[dict[str, Any]]) -> None:
        try:
            written = await self._run_many(write, values) if len(values) > 1 else await self._session.fetch(write.alone, **values[0])
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != self.unique_name:
                raise
            raise NameTaken(f"There is a {self.entity.replace('_', ' ')} of this name.") from error
        if len(written) != len(values):
            # Under the person's lock a row stays as it was read, and everybody has a counter.
            raise RuntimeError(f"a {self.entity} was not written")

    async def _run_many(self, write: RecordedWrite, values: Sequence[dict[str, Any]]) -> Sequence[Any]:
        counter = await self._fetch_row(RAISE_COUNTER, count=len(values))
        first = counter["last_seq"] - len(values) + 1 if counter is not None else 0
        return await self._session.fetch_many(write.among_many, [some | {"seq": first + place} for place, some in enumerate(values)])

    def _values(self, row: Row, names: frozenset[str]) -> dict[str, Any]:
        return row._asdict() | self._derived(row, names)

    def _derived(self, row: Row, names: frozenset[str]) -> dict[str, Any]:
        """Return the columns that are written along with these, made from the row; a table that has any says so."""
        del row, names
        return {}

    def _record(
        self, action: Action, before: dict[str, object] | None, after: dict[str, object] | None, *, now: datetime
    ) -> dict[str, Any]:
        # Spec: features/changes.md#CHANGE-008
        old, new = (None, None) if after is None else difference(before, after)
        return {
            "user_id": self.owner,
            "actor": self._origin.actor,
            "change_id": uuid7(),
            "entity": self.entity,
            "action": action.value,
            "before": _json(old),
            "after": _json(new),
            "source": self._origin.source.value,
            "request_id": self._origin.request_id,
            "updated_at": now,
            "reverts": None,
        }


def _parts(whole: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """Cut what is to be written so that no part comes near the time limit of a command."""
    for begin in range(0, len(whole), _AT_ONCE):
        yield whole[begin : begin + _AT_ONCE]


def _differing(old: Row, new: Row) -> Iterator[str]:
    before = old._asdict()
    return (name for name, value in new._asdict().items() if value != before[name])


def _with(row: Row, **values: Any) -> Row:
    """A named tuple's `_replace`, which no protocol can describe."""
    return cast("Row", cast("Any", row)._replace(**values))


def _json(document: dict[str, object] | None) -> str | None:
    return None if document is None else orjson.dumps(document, option=orjson.OPT_UTC_Z).decode()
