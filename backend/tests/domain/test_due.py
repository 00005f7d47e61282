"""When something is due: names of zones, and wall-clock times in whole seconds."""

import datetime
from zoneinfo import available_timezones

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.due import known_zone, plausible_date, whole_second
from app.domain.fields import DueDate, DueTime

DATES: TypeAdapter[datetime.date] = TypeAdapter(DueDate)
TIMES: TypeAdapter[datetime.time] = TypeAdapter(DueTime)
DAY, NOON = datetime.date(2026, 12, 1), datetime.time(12, 0)


@pytest.mark.spec("TASK-004")
def test_every_zone_of_iana_is_known() -> None:
    of_the_host = {"localtime", "Factory"}
    assert {known_zone(name) for name in available_timezones() - of_the_host} == available_timezones() - of_the_host
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
    "value", [datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC), 86400, "86400", "2026-12-01T00:00:00", None, b"2026-12-01"]
)
def test_a_moment_is_no_date(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a date such as 2026-12-01"):
        DATES.validate_python(value)


@pytest.mark.spec("TASK-004")
@pytest.mark.parametrize("value", [datetime.timedelta(hours=9), 3600, "3600", "9:00", "09:00:00.0000001", "09:00+0100", None, b"09:00"])
def test_a_duration_is_no_time(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a time such as 09:00"):
        TIMES.validate_python(value)
