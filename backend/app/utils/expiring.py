"""A bounded cache whose entries expire.

The least recently used entry is dropped first. It is for one event loop and has no lock.
"""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ExpiringMemory(Generic[Value]):
    """Remembers values for a while.

    Args:
        size: The most entries that are kept.
        clock: A monotonic clock, in seconds.

    Attributes:
        forgotten: How often values were forgotten: what was found out before may not be kept after.
    """

    def __init__(self, size: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._size = size
        self._clock = clock
        self.forgotten = 0
        self._entries: OrderedDict[bytes, tuple[float, Value]] = OrderedDict()

    def recall(self, key: bytes) -> Value | None:
        """Return the value, or None if there is none any more."""
        if (entry := self._entries.get(key)) is None:
            return None
        until, value = entry
        if self._clock() >= until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def keep(self, key: bytes, value: Value, *, seconds: float) -> None:
        """Remember a value for that many seconds."""
        self._entries[key] = (self._clock() + seconds, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def forget(self, is_meant: Callable[[Value], bool]) -> None:
        """Forget the values that are meant."""
        self.forgotten += 1
        for key in [key for key, (_, value) in self._entries.items() if is_meant(value)]:
            del self._entries[key]
