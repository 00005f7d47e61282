"""The one way to write an owner's rows: each write is recorded in the change sequence by its own statement.

It reads nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from app.domain.changes import Action, Origin, Stamp, difference
from app.domain.errors import NameTaken, TokenInvalid
from app.repositories.change_statements import RAISE_COUNTER, THERE_IS_A_COUNTER, RecordedWrite
from app.repositories.owner import OwnerScoped
from app.repositories.recorded_statements import OwnedStatements, Row, replaced

Part = TypeVar("Part")
# A row as it was and as it is to be: without the first it is inserted, without the second it is removed for good.
Pair: TypeAlias = tuple[Row | None, Row | None]
_AT_ONCE = 500


class Recordable(Protocol):
    """The repository of what is written: what the change sequence calls it, and the statements of its table."""

    entity: ClassVar[str]
    statements: ClassVar[OwnedStatements[Any]]
    unique_name: ClassVar[str | None]

    @property
    def called(self) -> str: ...  # noqa: D102 (what one is called in a sentence)


class Recorder(OwnerScoped):
    """Writes rows of one owner and the changes that record them."""

    async def add(self, rows: Recordable, row: Row, *, now: datetime) -> Row:
        """Insert a row, and record its creation.

        Raises:
            NameTaken: A living row has this name.
        """
        await self._write(rows, [(None, row)], Stamp(Action.CREATED, now))
        return row

    async def add_each(self, rows: Recordable, new: Sequence[Row], *, now: datetime) -> None:
        """Insert rows, whatever they say of when they were made, and record the creation of each, in the given order.

        Raises:
            NameTaken: A living row has the name of one.
        """
        for some in _parts(new):
            await self._write(rows, [(None, row) for row in some], Stamp(Action.CREATED, now))

    async def change_each(
        self, rows: Recordable, pairs: Sequence[tuple[Row, Row]], stamp: Stamp
    ) -> Sequence[Row]:
        """Change rows that were read in this unit of work, and record each change, in the given order.

        Args:
            rows: The repository that they were read from.
            pairs: Each row as it was read and as it is to be; version and moment of the change are put in here.
            stamp: What happens to them, and when. Where a pair does not differ, nothing is written.

        Returns:
            The rows as they are now.

        Raises:
            NameTaken: Another living row has the name that one is to have.
        """
        # Spec: features/tasks.md#TASK-012
        done: list[Row] = []
        for some in _parts(pairs):
            revised = [(old, _revised(old, new, now=stamp.now)) for old, new in some]
            if changed := [(old, new) for old, new in revised if old is not new]:
                await self._write(rows, changed, stamp)
            done += [new for _, new in revised]
        return done

    async def remove_each(self, rows: Recordable, gone: Sequence[Row], *, now: datetime) -> None:
        """Remove rows that were read in this unit of work for good, and record for each that it is gone.

        Their earlier changes stay, with the texts emptied.
        """
        # Spec: features/trash.md#TRASH-007
        for some in _parts(gone):
            await self._write(rows, [(row, None) for row in some], Stamp(Action.PURGED, now))
            await self._redact(rows, [str(row.id) for row in some], now=now)

    async def _redact(self, rows: Recordable, ids: Sequence[str], *, now: datetime) -> None:
        """Empty what a person wrote in the earlier changes of entities, some changes at once."""
        values = {"entity": rows.entity, "ids": ids, "now": now, "rows": _AT_ONCE}
        while len(await self._fetch(rows.statements.redact, **values)) == _AT_ONCE:
            pass

    async def _write(self, rows: Recordable, pairs: Sequence[Pair[Row]], stamp: Stamp) -> None:
        """Write pairs of one form: all are insertions, or changes, or removals."""
        names = frozenset(name for old, new in pairs for name in _differing(old, new))
        values = [
            self._values(rows, old, new, names=names)
            | record_of(self._origin, (old, new), stamp, entity=rows.entity)
            for old, new in pairs
        ]
        await self._run(rows, _statement(rows, pairs[0], names), values)
        await self._set(rows, pairs)

    async def _run(self, rows: Recordable, write: RecordedWrite, values: Sequence[dict[str, Any]]) -> None:
        try:
            if len(values) > 1:
                written = await self._run_many(write, values)
            else:
                written = await self._session.fetch(write.alone, **values[0])
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != rows.unique_name:
                raise
            raise NameTaken(f"There is a {rows.called} of this name.") from error
        if len(written) != len(values):
            await self._refuse_the_gone()
            # Under the owner's lock a row stays as it was read.
            raise RuntimeError(f"a {rows.called} was not written")

    async def _refuse_the_gone(self) -> None:
        """Refuse to write for somebody whose account is deleted, and whose token is remembered elsewhere.

        Raises:
            TokenInvalid: The account has no counter any more.
        """
        # Spec: features/users.md#USER-074
        if await self._fetch_row(THERE_IS_A_COUNTER) is None:
            raise TokenInvalid("The person of this token is gone.")

    async def _run_many(self, write: RecordedWrite, values: Sequence[dict[str, Any]]) -> Sequence[Any]:
        counter = await self._fetch_row(RAISE_COUNTER, count=len(values))
        if counter is None:
            return []
        first = counter["last_seq"] - len(values) + 1
        numbered = [some | {"seq": first + place} for place, some in enumerate(values)]
        return await self._session.fetch_many(write.among_many, numbered)

    async def _set(self, rows: Recordable, pairs: Sequence[Pair[Row]]) -> None:
        """Make the sets of ids that rows keep in tables of their own what they are to be."""
        for name, statement in rows.statements.sets.items():
            values = [
                {"user_id": self.owner, "id": new.id, name: [str(member) for member in getattr(new, name)]}
                for old, new in pairs
                if new is not None and getattr(new, name) != (() if old is None else getattr(old, name))
            ]
            if values:
                await self._session.fetch_many(statement, values)

    def _values(
        self, rows: Recordable, old: Row | None, new: Row | None, *, names: frozenset[str]
    ) -> dict[str, Any]:
        """Return the columns of a row as the driver takes them, with those that are derived from the changed ones."""
        if new is None:
            return {} if old is None else {"id": old.id, "version": old.version + 1}
        statements, values = rows.statements, new._asdict()
        values |= {name: encode(values[name]) for name, encode in statements.encode.items()}
        return values | {
            name: derived.make(self.owner, new)
            for name, derived in statements.derived.items()
            if derived.fields & names
        }


class Documented(Protocol):
    """What can be said in the change sequence."""

    def document(self) -> dict[str, object]: ...  # noqa: D102 (told by the class)


def record_of(
    origin: Origin, pair: tuple[Documented | None, Documented | None], stamp: Stamp, *, entity: str
) -> dict[str, Any]:
    """Return the values of the change that records what was, what is, and who has made it so."""
    old, new = pair
    # Spec: features/changes.md#CHANGE-008
    before = after = None
    if new is not None:
        before, after = difference(None if old is None else old.document(), new.document())
    return {
        "user_id": origin.owner,
        "actor": origin.actor,
        "change_id": uuid7(),
        "entity": entity,
        "action": stamp.action.value,
        "before": _json(before),
        "after": _json(after),
        "source": origin.source.value,
        "request_id": origin.request_id,
        "now": stamp.now,
        "reverts": stamp.reverts,
    }


def _statement(rows: Recordable, pair: Pair[Row], names: frozenset[str]) -> RecordedWrite:
    statements = rows.statements
    if pair[0] is None:
        return statements.add
    if pair[1] is None:
        return statements.remove
    derived = {name for name, derived in statements.derived.items() if derived.fields & names}
    return statements.change((names & statements.stored) | derived)


def _revised(old: Row, new: Row, *, now: datetime) -> Row:
    """Return a row as it is to be with its next version, or as it was when nothing differs."""
    return old if new == old else replaced(new, version=old.version + 1, updated_at=now)


def _differing(old: Row | None, new: Row | None) -> Iterator[str]:
    """Give the names of the fields that differ; all of them for a new row."""
    if new is not None:
        before = {} if old is None else old._asdict()
        yield from (name for name, value in new._asdict().items() if old is None or value != before[name])


def _parts(whole: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """Cut what is to be written so that no part comes near the time limit of a command."""
    for begin in range(0, len(whole), _AT_ONCE):
        yield whole[begin : begin + _AT_ONCE]


def _json(document: dict[str, object] | None) -> str | None:
    return None if document is None else orjson.dumps(document, option=orjson.OPT_UTC_Z).decode()
