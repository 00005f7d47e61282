"""Measures how long something takes on a machine that has other work.

What the machine itself kept us waiting does not count.
"""

import asyncio
import time
from types import TracebackType
from typing import Self

_TICK = 0.01


class Stopwatch:
    """Counts seconds for as long as its block lasts, without those for which the event loop was not let run."""

    async def __aenter__(self) -> Self:
        self._began, self._late = time.monotonic(), 0.0
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = time.monotonic()
        self._ticking.cancel()
        await asyncio.wait([self._ticking])

    @property
    def seconds(self) -> float:
        """Return what has been counted so far."""
        return getattr(self, "_ended", time.monotonic()) - self._began - self._late

    async def _tick(self) -> None:
        while True:
            expected = time.monotonic() + _TICK
            await asyncio.sleep(_TICK)
            self._late += max(0.0, time.monotonic() - expected)
