"""Counts how often something has died lately, and says how a process ended. It starts and ends nothing."""

import time
from collections import deque

# So many deaths within so many seconds mean that starting it again would not help.
MOST_DEATHS = 3
_WINDOW = 60.0


class Deaths:
    """The deaths of one thing within the last minute."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque(maxlen=MOST_DEATHS)

    def add(self) -> int:
        """Count one more death, and return how many there were within the last minute."""
        now = time.monotonic()
        self._moments.append(now)
        return sum(1 for moment in self._moments if now - moment < _WINDOW)


def how_it_ended(status: int) -> str:
    """Return how a process ended, as the rest of a sentence.

    Args:
        status: Its exit status; the negative number of the signal, where a signal ended it.
    """
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
