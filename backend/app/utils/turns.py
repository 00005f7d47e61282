"""Places that only a few may have at once, for each name.

It is for one event loop, and forgets a name that nobody waits for.
"""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """Lines in which those who want the same thing wait for one another.

    Args:
        places: How many of a line may pass at once.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._lines: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def line(self, name: str) -> asyncio.Semaphore:
        """Return the line of a name; it lasts as long as somebody holds it."""
        if (line := self._lines.get(name)) is None:
            line = self._lines[name] = asyncio.Semaphore(self._places)
        return line

    def __len__(self) -> int:
        """Count the lines that somebody holds."""
        return len(self._lines)
