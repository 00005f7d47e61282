"""What a person can do with the record of changes: read it in order."""

from collections.abc import Sequence
from typing import NamedTuple

from app.models.change import ChangeRow
from app.repositories.unit_of_work import UnitOfWork


class Followed(NamedTuple):
    """Changes in their order, the number to ask after next, and whether more follow already."""

    changes: Sequence[ChangeRow]
    last: int
    has_more: bool


async def follow(work: UnitOfWork, *, after: int, limit: int) -> Followed:
    """List the changes after a number, in order."""
    # Spec: features/changes.md#CHANGE-004
    found = await work.changes.list(after=after, limit=limit + 1)
    changes = found[:limit]
    return Followed(changes, changes[-1].seq if changes else after, len(found) > limit)
