"""Manual order by fractional keys: between two keys there is always another, so a move writes one row.

A key is a text over the digits 0-9A-Za-z that compares by its bytes (COLLATE "C") and never ends in the smallest digit.
This module knows no rows and no clock.
"""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.errors import NoRoom

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LONGEST = 1000
_BASE = len(DIGITS)
# How many digits of a key say when a row was made, what chance adds, and what a row adds to a place it moves to.
_MOMENT, _CHANCE, _OWN = 9, 4, 6
_WIDTH = _MOMENT + _CHANCE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = re.compile("[0-9A-Za-z]*[1-9A-Za-z]")


def known_key(key: str) -> str:
    """Return the key if it is one.

    Raises:
        ValueError: It is none, or too long.
    """
    # Spec: features/portability.md#PORT-010
    if len(key) > LONGEST or not _KEY.fullmatch(key):
        raise ValueError("must be a position as it is read")
    return key


def initial(moment: datetime, entity_id: UUID) -> str:
    """Return the key of a new row, behind everything that was made before it.

    Args:
        moment: When it is made, aware.
        entity_id: Its id, which tells apart what is made in the same microsecond.

    Raises:
        ValueError: The moment is before 1970 or after 2398.
    """
    # Spec: features/ordering.md#ORDER-001
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    if not 0 <= microseconds < _BASE**_MOMENT:
        raise ValueError("must be in the years 1970 to 2398")
    return _written(microseconds, _MOMENT) + _own_digits(entity_id, _CHANCE)


def place(before: str | None, after: str | None, *, entity_id: UUID) -> str:
    """Return a key between two, as `between` does, that ends in digits of the row's own id.

    The place between two keys is given again when who stood there has gone to the trash, and may come back: their keys
    must differ.

    Args:
        before: The key in front of the place, or None for the very beginning.
        after: The key behind the place, or None for the very end.
        entity_id: The id of the row.

    Raises:
        NoRoom: It would be longer than 1000 digits.
        ValueError: There is no place between the two, or one of them is no key.
    """
    # Spec: features/ordering.md#ORDER-003
    key = between(before, after)
    # Behind a beginning of `after` not all digits stand ahead of it; behind any other key ahead of it they do.
    while after is not None and after.startswith(key):
        key = between(before, key)
    return _short_enough(key + _own_digits(entity_id, _OWN))


def between(before: str | None, after: str | None) -> str:
    """Return a key that is strictly between two.

    Args:
        before: The key in front of the place, or None for the very beginning.
        after: The key behind the place, or None for the very end.

    Raises:
        NoRoom: It would be longer than 1000 digits.
        ValueError: There is no place between the two, or one of them is no key.
    """
    # Spec: features/ordering.md#ORDER-001 features/ordering.md#ORDER-002
    if any(key is not None and not _KEY.fullmatch(key) for key in (before, after)):
        raise ValueError("must be a key that does not end in 0")
    if before is None or after is None:
        key = _beyond(before, after) or _midpoint(before or "", after)
    elif before < after:
        key = _midpoint(before, after)
    else:
        raise ValueError("must be two keys in their order")
    return _short_enough(key)


def _short_enough(key: str) -> str:
    if len(key) > LONGEST:
        raise NoRoom("There is no room left at this place; move the tasks beside it first.")
    return key


def _beyond(before: str | None, after: str | None) -> str | None:
    """Return the next key of the usual width outside of one key, or None where the numbers end."""
    if (before is None) == (after is None):
        raise ValueError("must be one key or two")
    step = -1 if before is None else 1
    number = _number(before or after or "") + step
    if number % _BASE == 0:
        number += step
    return _written(number, _WIDTH) if 0 < number < _BASE**_WIDTH else None


def _midpoint(before: str, after: str | None) -> str:
    """Return a short key in the middle between two; None is behind all keys."""
    middle = ""
    while True:
        place = len(middle)
        low = _digit(before, place)
        high = _BASE if after is None else _digit(after, place)
        if high - low > 1:
            # Rounded so that a gap that shrinks towards either end lasts six moves for each digit.
            return middle + DIGITS[(low + high + (low == 0)) // 2]
        if high > low and after is not None:
            if len(after) > place + 1:
                return after[: place + 1]
            after = None
        middle += DIGITS[low]


def _digit(key: str, place: int) -> int:
    return DIGITS.index(key[place]) if place < len(key) else 0


def _number(key: str) -> int:
    """Return the first digits of a key as a number."""
    number = 0
    for place in range(_WIDTH):
        number = number * _BASE + _digit(key, place)
    return number


def _own_digits(entity_id: UUID, width: int) -> str:
    """Return digits of an id's random part, of which the last is not the smallest."""
    chance, last = divmod(entity_id.int % (_BASE ** (width - 1) * (_BASE - 1)), _BASE - 1)
    return _written(chance, width - 1) + DIGITS[1 + last]


def _written(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, last = divmod(number, _BASE)
        digits = DIGITS[last] + digits
    return digits
