"""Calendars and planned stops by arithmetic, against minute-by-minute brute force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.engine.calendars import FAR, Calendar, Maintenance, Windows
from twin.engine.states import MAINTENANCE, OFF_SHIFT, RUNNING

MIN = 60 * 10**9
START = datetime(2026, 1, 7, 5, 30)


@dataclass
class Pattern:
    week: list[list[tuple[int, int]]]
    holidays: list[date]
    closed: list[tuple[datetime, datetime]]


def is_open(pattern: Pattern, minute: int) -> bool:
    moment = START + timedelta(minutes=minute)
    second = moment.hour * 3600 + moment.minute * 60
    return (
        moment.date() not in pattern.holidays
        and any(a <= second < b for a, b in pattern.week[moment.weekday()])
        and not any(begin <= moment < end for begin, end in pattern.closed)
    )


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    week = []
    for _ in range(7):
        cuts = sorted(draw(st.lists(st.integers(0, 48), max_size=4, unique=True)))
        week.append([(a * 1800, b * 1800) for a, b in zip(cuts[::2], cuts[1::2], strict=False)])
    holidays = [START.date() + timedelta(days=d) for d in draw(st.lists(st.integers(0, 9), max_size=2))]
    closed = []
    if draw(st.booleans()):
        begin = START + timedelta(minutes=30 * draw(st.integers(0, 300)))
        closed.append((begin, begin + timedelta(minutes=30 * draw(st.integers(1, 100)))))
    return Pattern(week, holidays, closed)


@settings(max_examples=60, deadline=None)
@given(pattern=patterns(), minute=st.integers(0, 8 * 1440))
def test_opening_and_closing_agree_with_the_minutes(pattern: Pattern, minute: int) -> None:
    calendar = Calendar(pattern, START)
    horizon = minute + 9 * 1440
    opening = next((m for m in range(minute, horizon) if is_open(pattern, m)), None)
    found = calendar.opens(minute * MIN)
    if opening is not None:
        assert found == opening * MIN
        closing = next((m for m in range(opening, horizon + 1440) if not is_open(pattern, m)), None)
        if closing is not None:
            assert calendar.closes(found) == closing * MIN
    else:
        assert found >= horizon * MIN


@settings(max_examples=40, deadline=None)
@given(pattern=patterns(), minute=st.integers(0, 3000), duration=st.integers(1, 600))
def test_advancing_counts_open_minutes(pattern: Pattern, minute: int, duration: int) -> None:
    moment, left = minute, duration
    while left and moment < minute + 30 * 1440:
        left -= is_open(pattern, moment)
        moment += 1
    found = Calendar(pattern, START).advance(minute * MIN, duration * MIN)
    assert found == moment * MIN if not left else found > moment * MIN


def test_a_calendar_that_never_opens() -> None:
    calendar = Calendar(Pattern([[] for _ in range(7)], [], []), START)
    assert calendar.opens(0) == FAR
    assert calendar.advance(0, 1) == FAR


def test_a_calendar_that_is_always_open() -> None:
    calendar = Calendar(Pattern([[(0, 86400)] for _ in range(7)], [], []), START)
    assert calendar.opens(12345) == 12345
    assert calendar.closes(12345) == FAR


def test_a_calendar_that_never_closes_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten years of days are looked at for its closing; each further question must not look at them again."""
    calendar = Calendar(Pattern([[(0, 86400)] for _ in range(7)], [], []), START)
    assert calendar.closes(5) == FAR
    monkeypatch.setattr(calendar, "_intervals", lambda day: pytest.fail(f"day {day} is looked at again"))
    assert calendar.closes(10**15) == FAR
    never = Calendar(Pattern([[] for _ in range(7)], [], []), START)
    monkeypatch.setattr(never, "_intervals", lambda day: pytest.fail(f"day {day} is looked at"))
    assert never.opens(5) == FAR


def test_periods_that_touch_are_one() -> None:
    calendar = Calendar(Pattern([[(0, 3600), (3600, 7200)] for _ in range(7)], [], []), datetime(2026, 1, 5))
    assert calendar.closes(0) == 120 * MIN


def test_planned_stops() -> None:
    plan = Maintenance(first=100, every=50, duration=10)
    assert [plan.opens(t) for t in (0, 99, 100, 109, 110, 150, 155, 160)] == [0, 99, 110, 110, 110, 160, 160, 160]
    assert [plan.closes(t) for t in (0, 99, 110, 149, 160)] == [100, 100, 150, 150, 200]


def test_windows_cut_an_interval_where_shifts_and_planned_stops_begin_and_end() -> None:
    calendar = Calendar(Pattern([[(6 * 3600, 8 * 3600)] for _ in range(7)], [], []), datetime(2026, 1, 5))
    hour = 60 * MIN
    windows = Windows([calendar], [Maintenance(first=7 * hour, every=1000 * hour, duration=3 * hour)])
    pieces = list(windows.pieces(5 * hour, 31 * hour, RUNNING))
    assert pieces == [
        (5 * hour, 6 * hour, OFF_SHIFT),
        (6 * hour, 7 * hour, RUNNING),
        (7 * hour, 8 * hour, MAINTENANCE),
        (8 * hour, 30 * hour, OFF_SHIFT),
        (30 * hour, 31 * hour, RUNNING),
    ]
