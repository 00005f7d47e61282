"""What part of a list is asked for, and what is answered. It knows no columns and no signatures."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Position = tuple[str, ...]
COUNTED = 1000


class Slice(NamedTuple):
    """The part of a list that is asked for; `after` is the position behind which it begins, or None for `offset`."""

    limit: int
    offset: int
    after: Position | None
    exact: bool


class Listing(NamedTuple, Generic[Item]):
    """A slice of a list.

    `items` are rows, or texts of JSON objects; `last` is the position of the last of them if more follow, else None;
    `total` counts all, past 1000 only when that was asked for.
    """

    items: Sequence[Item]
    last: Position | None
    total: int
