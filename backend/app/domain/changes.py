"""The vocabulary of the change sequence, and what differs between two states. Numbers are given by the repository."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

Document = Mapping[str, object]


class Action(StrEnum):
    """What happened to an entity."""

    CREATED = "created"
    UPDATED = "updated"
    COMPLETED = "completed"
    REOPENED = "reopened"
    MOVED = "moved"
    DELETED = "deleted"
    RESTORED = "restored"
    PURGED = "purged"
    REVERTED = "reverted"


class Source(StrEnum):
    """The door that a change came through."""

    API = "api"
    CONSOLE = "console"
    WORKER = "worker"


class Origin(NamedTuple):
    """Whose rows something is done to, by whom, through which door and for which request.

    Owner and actor are opaque ids. They are the same as long as people work in rows of their own; in a shared space the
    owner is the space, and the actor one of its members.
    """

    owner: str
    actor: str
    source: Source
    request_id: str | None

    @classmethod
    def own(cls, person: str, source: Source, request_id: str | None = None) -> Self:
        """Return the origin of what is done to a person's own rows, by or for that person."""
        return cls(person, person, source, request_id)


class Stamp(NamedTuple):
    """What the changes of one write have in common.

    That is what happens, when, and the number of the change that the write undoes, if it undoes one.
    """

    action: Action
    now: datetime
    reverts: int | None = None


class Difference(NamedTuple):
    """The fields that differ, as they were and as they are; `before` is None for a creation."""

    before: dict[str, object] | None
    after: dict[str, object]


class Write(NamedTuple):
    """The fields that one change of an entity has written.

    `reverts` is the number of the change that it undid, if it undid one.
    """

    seq: int
    reverts: int | None
    fields: Sequence[str]


def last_writes(writes: Sequence[Write]) -> dict[str, int]:
    """Return, for each field, the number of the last write of it; writes are given in their order."""
    return {field: write.seq for write in writes for field in write.fields}


def standing_writes(writes: Sequence[Write]) -> dict[str, int]:
    """Return the number of the last write of each field, for the fields of which some write has not been undone.

    An undoing and the write that it undid cancel each other, unless the undoing was undone itself, and so on.

    Args:
        writes: All writes of one entity after some moment, in their order.
    """
    # Spec: features/undo.md#UNDO-005
    of_field: defaultdict[str, list[Write]] = defaultdict(list)
    for write in writes:
        for field in write.fields:
            of_field[field].append(write)
    return {field: some[-1].seq for field, some in of_field.items() if _any_stands(some)}


def _any_stands(writes: Sequence[Write]) -> bool:
    known = {write.seq for write in writes}
    undone: set[int] = set()
    for write in reversed(writes):
        if write.seq in undone:
            continue
        if write.reverts not in known:
            return True
        undone.add(write.reverts)
    return False


def discards(before: Document | None) -> bool:
    """Tell whether undoing a change moves to the trash, which is where what was created or restored came from."""
    return before is None or before.get("deleted_at") is not None


def restores(before: Document | None) -> bool:
    """Tell whether undoing a change brings back from the trash."""
    return before is not None and "deleted_at" in before and before["deleted_at"] is None


def difference(before: Document | None, after: Document) -> Difference:
    """Tell what differs between two documents of one kind, field by field."""
    # Spec: features/changes.md#CHANGE-005
    if before is None:
        return Difference(None, dict(after))
    changed = [name for name in after if before[name] != after[name]]
    return Difference({name: before[name] for name in changed}, {name: after[name] for name in changed})
