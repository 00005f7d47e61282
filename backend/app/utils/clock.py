"""The one clock: nothing else of the application reads the time of day. Durations are not its matter."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the moment, aware and in UTC."""
    return datetime.now(UTC)
