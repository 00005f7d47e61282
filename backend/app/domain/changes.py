"""The vocabulary of the change sequence, and what differs between two states. Numbers are given by the repository."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

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
    """On whose rows, through which door and for which request something is done; `user_id` is opaque text."""

    user_id: str
    source: Source
    request_id: str | None


class Difference(NamedTuple):
    """The fields that differ, as they were and as they are; `before` is None for a creation."""

    before: dict[str, object] | None
    after: dict[str, object]


def difference(before: Document | None, after: Document) -> Difference:
    """Tell what differs between two documents of one kind, field by field."""
    # Spec: features/changes.md#CHANGE-005
    if before is None:
        return Difference(None, dict(after))
    changed = [name for name in after if before[name] != after[name]]
    return Difference({name: before[name] for name in changed}, {name: after[name] for name in changed})
