"""What part of a list is asked for, and what is answered. It knows no columns and no signatures."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row")

Position = tuple[str, ...]
COUNTED = 1000


class Slice(NamedTuple):
    """The part of a list that is asked for.

    `after` is the position behind which it begins, or None for `offset`; `mark` makes the opaque cursor of a position.
    """

    limit: int
    offset: int
    after: Position | None
    exact: bool
    mark: Callable[[Position], str]


class Listing(NamedTuple, Generic[Row]):
    """The rows of a slice, whether more follow, and how many there are in all (no more than are counted, unless asked)."""

    items: Sequence[Row]
    more: bool
    total: int
