"""Moving things by hand, alike for everything that has a manual order. It finds the place and writes nothing."""

from typing import Protocol
from uuid import UUID

from app.domain.ordering import place
from app.services.safe_writes import missing


class Placed(Protocol):
    """What has a place in a manual order."""

    @property
    def id(self) -> UUID: ...  # noqa: D102 (told by the class)
    @property
    def position(self) -> str: ...  # noqa: D102


class Destination(Protocol):
    """Where something is moved to: right before or right after another one, of which one is given."""

    @property
    def before(self) -> UUID | None: ...  # noqa: D102 (told by the class)
    @property
    def after(self) -> UUID | None: ...  # noqa: D102


class HasNeighbours(Protocol):
    """A repository of what has a manual order."""

    @property
    def entity(self) -> str: ...  # noqa: D102 (told by the class)
    async def find(self, entity_id: UUID, /) -> Placed | None: ...  # noqa: D102
    async def next_position(self, position: str, *, without: UUID, ahead: bool) -> str | None: ...  # noqa: D102


async def position_at(rows: HasNeighbours, row: Placed, destination: Destination) -> str:
    """Return the position of a row that is moved; its own, if it stands there already.

    Raises:
        Invalid: The other one is not there, or is the row itself.
        NoRoom: The place is used up.
    """
    # Spec: features/ordering.md#ORDER-001
    ahead = destination.before is not None
    field, anchor_id = ("before", destination.before) if ahead else ("after", destination.after)
    anchor = None if anchor_id is None or anchor_id == row.id else await rows.find(anchor_id)
    if anchor is None:
        raise missing(field, f"other {rows.entity}")
    beyond = await rows.next_position(anchor.position, without=row.id, ahead=ahead)
    low, high = (beyond, anchor.position) if ahead else (anchor.position, beyond)
    if (low is None or low < row.position) and (high is None or row.position < high):
        return row.position
    return place(low, high, entity_id=row.id)
