"""What the services of all resources do alike: create once, and never write over what the caller has not seen.

It knows no resource.
"""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from app.domain.changes import last_writes
from app.domain.errors import EditConflict, IdTaken, Invalid, invalid_field
from app.domain.faults import FieldConflict
from app.domain.preconditions import Expected
from app.repositories.owned import Owned
from app.repositories.recorded_statements import Row
from app.repositories.unit_of_work import UnitOfWork


async def find_twin(rows: Owned[Row], row: Row, *, chosen: UUID | None, content: Iterable[str]) -> Row | None:
    """Return what is there already because it was created with the same chosen id and the same content, or None.

    Args:
        rows: Where it would be added.
        row: What would be added.
        chosen: The id, if the client chose it.
        content: The fields that the client writes.

    Raises:
        IdTaken: The id belongs to something that was created with other content.
    """
    # Spec: features/safe-writes.md#SAFE-001 features/safe-writes.md#SAFE-005 features/isolation.md#ISO-005
    if chosen is None or (created := await rows.find_creation(chosen)) is None:
        return None
    document, there = row.document(), await rows.find_any(chosen)
    # What an older release created lacks the fields that it did not know.
    if there is None or any(document[name] != created.get(name, document[name]) for name in content):
        raise IdTaken(f"The id belongs to a {rows.called} with other content.")
    return there


class Recorded(Protocol):
    """Where something is that the change sequence tells of."""

    @property
    def entity(self) -> str: ...  # noqa: D102 (told by the class)


class Settled(Protocol):
    """What has an id, a version and a public content."""

    @property
    def id(self) -> UUID | str: ...  # noqa: D102 (told by the class)
    @property
    def version(self) -> int: ...  # noqa: D102
    def document(self) -> dict[str, object]: ...  # noqa: D102


async def settle(
    work: UnitOfWork,
    rows: Recorded,
    pair: tuple[Settled, Settled],
    *,
    named: Iterable[str],
    expected: Expected,
) -> None:
    """Refuse a partial update of a row that the caller has not seen.

    It is let through if the caller asks for a merge and nobody has written one of its fields otherwise since.

    Args:
        work: Whose rows.
        rows: Where the row is.
        pair: The row as it is, and as it is to be.
        named: The fields that the caller writes.
        expected: What the caller has seen.

    Raises:
        Stale: The caller has not seen this version, and asks for no merge or has seen none before it.
        EditConflict: A field that the caller writes was written otherwise since.
    """
    # Spec: features/safe-writes.md#SAFE-009 features/safe-writes.md#SAFE-010
    row, wanted = pair
    seen = expected.seen_before(row.version) if expected.merge else None
    if expected.covers(row.version) or seen is None:
        expected.require(row.version)
    else:
        touched = last_writes(await work.changes.writes_since(rows.entity, row.id, version=seen))
        _refuse_overlaps(row.document(), wanted.document(), touched=touched, named=named)


def _refuse_overlaps(
    current: dict[str, Any], given: dict[str, Any], *, touched: dict[str, int], named: Iterable[str]
) -> None:
    """Refuse to write fields that others have written otherwise.

    `touched` has the number of the last change of each field that others have written.
    """
    # Spec: features/safe-writes.md#SAFE-010
    overlapping = [name for name in sorted(named) if name in touched and current[name] != given[name]]
    if overlapping:
        conflicts = tuple(
            FieldConflict(name, current[name], given[name], touched[name]) for name in overlapping
        )
        raise EditConflict(f"It was changed otherwise since: {', '.join(overlapping)}.", conflicts=conflicts)


def missing(field: str, entity: str) -> Invalid:
    """Return the refusal of a reference to something that is not there, or is somebody else's.

    The two are never told apart.
    """
    # Spec: features/isolation.md#ISO-008
    return invalid_field(field, f"there is no such {entity}")
