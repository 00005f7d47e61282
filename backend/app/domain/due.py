"""When something is due: a date, or a wall-clock time in a named zone, and which moment that is.

No clock is read here.
"""

from datetime import UTC, date, datetime, time
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

_FIRST, _LAST = date(1900, 1, 1), date(9998, 12, 31)


class Due(NamedTuple):
    """A due date, with a time of day in an IANA time zone or without one.

    `time` is naive wall-clock time in whole seconds; `time` and `timezone` come together or not at all.
    """

    date: date
    time: time | None
    timezone: str | None


def plausible_date(day: date) -> date:
    """Return the date if a calendar can be expected to hold it.

    The first and the last date of Python mean infinity to PostgreSQL.

    Raises:
        ValueError: It is before 1900 or after 9998.
    """
    # Spec: features/tasks.md#TASK-004
    if not _FIRST <= day <= _LAST:
        raise ValueError("must be in the years 1900 to 9998")
    return day


@cache
def _zones() -> frozenset[str]:
    # These two are what the host makes of them.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def known_zone(name: str) -> str:
    """Return the name if it is one of an IANA time zone.

    Raises:
        ValueError: No zone has this name.
    """
    # Spec: features/tasks.md#TASK-004
    if name not in _zones():
        raise ValueError("must be the name of an IANA time zone")
    return name


def whole_second(wall_clock: time) -> time:
    """Return the time if it is a wall-clock time in whole seconds.

    Raises:
        ValueError: It carries an offset or a fraction of a second.
    """
    # Spec: features/tasks.md#TASK-004
    if wall_clock.tzinfo is not None:
        raise ValueError("must be a wall-clock time without an offset")
    if wall_clock.microsecond:
        raise ValueError("must not be finer than a second")
    return wall_clock


def instant(due: Due) -> datetime | None:
    """Return the moment in UTC of a due with a time, or None for one without.

    A time that the clocks skip counts as that much after they were put forward; one shown twice, as the earlier.
    """
    # Spec: features/finding.md#FIND-005
    if due.time is None or due.timezone is None:
        return None
    return datetime.combine(due.date, due.time, ZoneInfo(due.timezone)).astimezone(UTC)
