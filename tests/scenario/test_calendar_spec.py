from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from twin.scenario.calendars import CalendarSpec, read_moment

HOUR = 3600


def test_days_and_groups_of_days_are_joined_and_a_single_day_overrides() -> None:
    spec = CalendarSpec.read({"weekdays": ["06:00-22:00"], "saturday": "06:00-14:00", "friday": ["06:00-12:00", "13:00-18:00"]})
    assert spec.week[0] == ((6 * HOUR, 22 * HOUR),)
    assert spec.week[4] == ((6 * HOUR, 12 * HOUR), (13 * HOUR, 18 * HOUR))
    assert spec.week[5] == ((6 * HOUR, 14 * HOUR),)
    assert spec.week[6] == ()
    assert spec.open_per_week == (4 * 16 + 11 + 8) * HOUR


def test_a_period_past_midnight_is_cut_there() -> None:
    spec = CalendarSpec.read({"weekdays": ["22:00-06:00"]})
    assert spec.week[0] == ((22 * HOUR, 24 * HOUR),)
    assert spec.week[1] == ((0, 6 * HOUR), (22 * HOUR, 24 * HOUR))
    assert spec.week[5] == ((0, 6 * HOUR),)
    assert CalendarSpec.read({"sunday": ["22:00-06:00"]}).week[0] == ((0, 6 * HOUR),)


def test_a_whole_day_is_00_to_24() -> None:
    assert CalendarSpec.read({"daily": ["00:00-24:00"]}).open_per_week == 7 * 24 * HOUR
    assert CalendarSpec.read({"daily": ["22:00-24:00"]}).week[0] == ((22 * HOUR, 24 * HOUR),)


def test_holidays_and_closed_periods() -> None:
    spec = CalendarSpec.read({"daily": ["06:00-22:00"], "holidays": ["2026-12-25", "2026-05-01"], "closed": [{"from": "2026-08-03", "to": "2026-08-14"}]})
    assert spec.holidays == (date(2026, 5, 1), date(2026, 12, 25))
    assert spec.closed == ((datetime(2026, 8, 3), datetime(2026, 8, 15)),)
    exact = CalendarSpec.read({"daily": ["06:00-22:00"], "closed": [{"from": "2026-08-03T10:00", "to": "2026-08-03T12:00"}]})
    assert exact.closed == ((datetime(2026, 8, 3, 10), datetime(2026, 8, 3, 12)),)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("always", "a mapping of days"),
        ({}, "no open period at all"),
        ({"holidays": ["2026-12-25"]}, "no open period at all"),
        ({"mondays": ["06:00-22:00"]}, "did you mean 'monday'?"),
        ({"monday": ["6-22"]}, "a period is needed"),
        ({"monday": ["06:00-25:00"]}, "a period is needed"),
        ({"monday": ["06:00-06:00"]}, "a period is needed"),
        ({"monday": ["24:00-06:00"]}, "a period is needed"),
        ({"monday": 5}, "a list of periods"),
        ({"monday": ["06:00-12:00", "11:00-13:00"]}, "periods of monday overlap"),
        ({"sunday": ["22:00-06:00"], "monday": ["05:00-12:00"]}, "periods of monday overlap"),
        ({"monday": ["06:00-12:00"], "holidays": ["2026-02-30"]}, "no such date"),
        ({"monday": ["06:00-12:00"], "holidays": "2026-02-03"}, "a list of dates"),
        ({"monday": ["06:00-12:00"], "closed": ["2026-02-03"]}, "{from: date, to: date}"),
        ({"monday": ["06:00-12:00"], "closed": [{"from": "2026-02-03", "to": "2026-02-01"}]}, "'to' must be after 'from'"),
    ],
)
def test_what_is_no_calendar_is_refused(written: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CalendarSpec.read(written)


@pytest.mark.parametrize(
    "text", ["2026-1-5", "2026-01-05T06:00Z", "2026-01-05T06:00+01:00", "05.01.2026", "1800-01-01", "2026-13-01", 5, None, "2026-01-05T25:00"]
)
def test_what_is_no_moment_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="date"):
        read_moment(text)
