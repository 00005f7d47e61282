"""When something is due: names of zones, wall-clock times in whole seconds, and the moment of both."""

import datetime
from zoneinfo import available_timezones

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.due import Due, instant, known_zone, plausible_date, whole_second
from app.domain.fields import DueDate, DueTime

DATES: TypeAdapter[datetime.date] = TypeAdapter(DueDate)
TIMES: TypeAdapter[datetime.time] = TypeAdapter(DueTime)
DAY, NOON = datetime.date(2026, 12, 1), datetime.time(12, 0)


@pytest.mark.spec("TASK-004")
def test_every_zone_of_iana_is_known() -> None:
    of_the_host = {"localtime", "Factory"}
    assert {
        known_zone(name) for name in available_timezones() - of_the_host
    } == available_timezones() - of_the_host
    assert {"Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"} <= available_timezones()


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "europe/berlin",
        "Europe/Berlin ",
        "Europe",
        "+01:00",
        "../UTC",
        "localtime",
        "Factory",
        "/etc/localtime",
        "posixrules",
        "UTC\0",
        "\ud800",
    ],
)
def test_any_other_name_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="IANA time zone"):
        known_zone(name)


@pytest.mark.spec("TASK-004")
def test_a_time_is_wall_clock_time_in_whole_seconds() -> None:
    assert whole_second(datetime.time(23, 59, 59)) == datetime.time(23, 59, 59)
    with pytest.raises(ValueError, match="without an offset"):
        whole_second(datetime.time(9, 0, tzinfo=datetime.UTC))
    with pytest.raises(ValueError, match="finer than a second"):
        whole_second(datetime.time(9, 0, 0, 1))


@pytest.mark.spec("TASK-004")
def test_a_date_is_one_that_a_calendar_can_hold() -> None:
    """S33."""
    for day in (datetime.date(1900, 1, 1), datetime.date(9998, 12, 31)):
        assert plausible_date(day) is day
    for day in (datetime.date.min, datetime.date(1899, 12, 31), datetime.date(9999, 1, 1), datetime.date.max):
        with pytest.raises(ValueError, match="1900 to 9998"):
            plausible_date(day)


@pytest.mark.spec("TASK-004")
def test_a_date_and_a_time_may_come_as_what_they_are() -> None:
    assert (DATES.validate_python(DAY), TIMES.validate_python(NOON)) == (DAY, NOON)
    assert (DATES.validate_python("2026-12-01"), TIMES.validate_python("12:00")) == (DAY, NOON)


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC),
        86400,
        "86400",
        "2026-12-01T00:00:00",
        None,
        b"2026-12-01",
    ],
)
def test_a_moment_is_no_date(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a date such as 2026-12-01"):
        DATES.validate_python(value)


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize(
    "value",
    [datetime.timedelta(hours=9), 3600, "3600", "9:00", "09:00:00.0000001", "09:00+0100", None, b"09:00"],
)
def test_a_duration_is_no_time(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a time such as 09:00"):
        TIMES.validate_python(value)


@pytest.mark.spec("FIND-005")
@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (Due(DAY, NOON, "UTC"), "2026-12-01T12:00:00"),
        (Due(DAY, NOON, "Europe/Berlin"), "2026-12-01T11:00:00"),
        # The clocks go from 02:00 to 03:00 and, in autumn, from 03:00 back to 02:00; both at 01:00 UTC.
        (Due(datetime.date(2026, 3, 29), datetime.time(1, 59, 59), "Europe/Berlin"), "2026-03-29T00:59:59"),
        (Due(datetime.date(2026, 3, 29), datetime.time(2, 0), "Europe/Berlin"), "2026-03-29T01:00:00"),
        (Due(datetime.date(2026, 3, 29), datetime.time(2, 30), "Europe/Berlin"), "2026-03-29T01:30:00"),
        (Due(datetime.date(2026, 3, 29), datetime.time(3, 0), "Europe/Berlin"), "2026-03-29T01:00:00"),
        (Due(datetime.date(2026, 10, 25), datetime.time(2, 30), "Europe/Berlin"), "2026-10-25T00:30:00"),
        (Due(datetime.date(2026, 10, 25), datetime.time(3, 0), "Europe/Berlin"), "2026-10-25T02:00:00"),
        (Due(DAY, NOON, "Asia/Kathmandu"), "2026-12-01T06:15:00"),
        (Due(datetime.date(1900, 1, 1), datetime.time(0, 0), "Africa/Monrovia"), "1900-01-01T00:43:08"),
        # A day that a zone has left out.
        (Due(datetime.date(2011, 12, 30), NOON, "Pacific/Apia"), "2011-12-30T22:00:00"),
    ],
)
def test_a_due_time_is_a_moment(due: Due, expected: str) -> None:
    moment = instant(due)
    assert moment == datetime.datetime.fromisoformat(expected).replace(tzinfo=datetime.UTC)
    assert moment.tzinfo is datetime.UTC


@pytest.mark.spec("FIND-005")
def test_a_due_date_alone_is_no_moment() -> None:
    assert instant(Due(DAY, None, None)) is None


@pytest.mark.spec("FIND-005")
@pytest.mark.parametrize("day", [datetime.date(1900, 1, 1), datetime.date(9998, 12, 31)])
def test_every_zone_has_a_moment_at_both_ends_of_the_calendar(day: datetime.date) -> None:
    for zone in available_timezones() - {"localtime", "Factory"}:
        for wall_clock in (datetime.time.min, datetime.time(23, 59, 59)):
            moment = instant(Due(day, wall_clock, known_zone(zone)))
            assert moment is not None
            assert abs(
                moment.replace(tzinfo=None) - datetime.datetime.combine(day, wall_clock)
            ) < datetime.timedelta(days=1)
