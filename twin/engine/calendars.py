"""When units may work: weekly shifts, holidays, closed periods and planned maintenance, all by arithmetic on integer nanoseconds.

Times of day are local and naive; there is no daylight saving time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from twin.engine.states import MAINTENANCE, OFF_SHIFT, RUNNING
from twin.quantities import NANOSECONDS

DAY = 86_400 * NANOSECONDS  # ns
FAR = 1 << 62
"""Later than any time of a run, ns."""
SEARCH_DAYS = 3700
"""How far ahead an opening is looked for; a calendar that stays closed longer never opens."""


class WeekPattern(Protocol):
    """What a calendar of the scenario says."""

    @property
    def week(self) -> Sequence[Sequence[tuple[int, int]]]:
        """Monday to Sunday: open periods in seconds of the day."""

    @property
    def holidays(self) -> Sequence[date]:
        """Days that are closed."""

    @property
    def closed(self) -> Sequence[tuple[datetime, datetime]]:
        """Periods that are closed."""


class Calendar:
    """Open periods of a week, less holidays and closed periods."""

    def __init__(self, pattern: WeekPattern, start: datetime) -> None:
        self._week = [sorted((round(a * NANOSECONDS), round(b * NANOSECONDS)) for a, b in day) for day in pattern.week]
        midnight = datetime.combine(start.date(), datetime.min.time())
        self._offset = (start - midnight) // timedelta(microseconds=1) * 1000
        self._weekday = start.weekday()
        self._holidays = frozenset((day - start.date()).days for day in pattern.holidays)
        self._closed = [tuple((moment - start) // timedelta(microseconds=1) * 1000 for moment in period) for period in pattern.closed]
        self._intervals = lru_cache(maxsize=64)(self._open_on)
        self._never = not any(self._week)
        self._stretch = (0, 0)
        """The open period that was looked at last, from where it was looked at."""

    def _day(self, now: int) -> int:
        return (now + self._offset) // DAY

    def _open_on(self, day: int) -> list[tuple[int, int]]:
        """Open periods of one day in ns of the run, ascending, touching ones joined."""
        if day in self._holidays:
            return []
        base = day * DAY - self._offset
        pieces = [(base + a, base + b) for a, b in self._week[(self._weekday + day) % 7]]
        for begin, end in self._closed:
            pieces = [cut for a, b in pieces for cut in ((a, min(b, begin)), (max(a, end), b)) if cut[0] < cut[1]]
        joined: list[tuple[int, int]] = []
        for a, b in sorted(pieces):
            if joined and a <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
            else:
                joined.append((a, b))
        return joined

    def opens(self, now: int) -> int:
        """``now`` if open then, else the next opening; :data:`FAR` if there is none."""
        begin, end = self._stretch
        if begin <= now < end:
            return now
        if self._never:  # no week has an opening: ten years of days need not be looked at
            return FAR
        for day in range(self._day(now), self._day(now) + SEARCH_DAYS):
            for a, b in self._intervals(day):
                if now < b:
                    return max(a, now)
        return FAR

    def closes(self, now: int) -> int:
        """The end of the open period that contains ``now`` (open then)."""
        begin, end = self._stretch
        if not begin <= now < end:  # a calendar that never closes is searched once, not at each question
            end = self._closes_after(now)
            if end > now:
                self._stretch = (now, end)
        return end

    def _closes_after(self, now: int) -> int:
        end = now
        for day in range(self._day(now), self._day(now) + SEARCH_DAYS):
            for a, b in self._intervals(day):
                if a <= end < b:
                    end = b
                elif a > end:
                    return end
            if end < (day + 1) * DAY - self._offset:
                return end
        return FAR

    def day_of(self, now: int) -> tuple[int, int]:
        """The midnight that ends the date of ``now``, and for how long (ns) it is open on that date."""
        day = self._day(now)
        return (day + 1) * DAY - self._offset, sum(b - a for a, b in self._intervals(day))

    def open_between(self, begin: int, end: int) -> int:
        """For how long (ns) it is open in [begin, end)."""
        since, until = self._stretch
        if since <= begin and end <= until:
            return end - begin
        days = range(self._day(begin), self._day(end) + 1)
        return sum(max(0, min(b, end) - max(a, begin)) for day in days for a, b in self._intervals(day))

    def advance(self, now: int, duration: int) -> int:
        """When ``duration`` ns of open time have passed since ``now``; :data:`FAR` if never."""
        return advance([self], now, duration)


def advance(calendars: Sequence[Calendar], now: int, duration: int) -> int:
    """When ``duration`` ns in which all ``calendars`` are open have passed since ``now``; :data:`FAR` if never."""
    moment = now
    while moment < FAR:
        opening = max([moment, *(calendar.opens(moment) for calendar in calendars)])
        if opening > moment:
            moment = opening
            continue
        end = min([FAR, *(calendar.closes(moment) for calendar in calendars)])
        if moment + duration <= end:
            return moment + duration
        duration -= end - moment
        moment = end
    return FAR


def open_time(calendars: Sequence[Calendar], begin: int, end: int) -> int:
    """For how long (ns) all ``calendars`` are open in [begin, end): what :func:`advance` counts."""
    if not calendars:
        return end - begin
    total, moment = 0, begin
    while moment < end:
        opening = max([moment, *(calendar.opens(moment) for calendar in calendars)])
        if opening > moment:
            moment = opening
            continue
        until = min([end, *(calendar.closes(moment) for calendar in calendars)])
        total += until - moment
        moment = until
    return total


@dataclass(frozen=True)
class Maintenance:
    """Planned stops: ``duration`` long, the first at ``first``, then ``every`` so often (all ns)."""

    first: int
    every: int
    duration: int

    def opens(self, now: int) -> int:
        """``now`` if no planned stop holds then, else its end."""
        into = (now - self.first) % self.every
        return now if now < self.first or into >= self.duration else now - into + self.duration

    def closes(self, now: int) -> int:
        """The begin of the next planned stop."""
        return self.first if now < self.first else now + self.every - (now - self.first) % self.every


class Windows:
    """When a line may work: all its calendars open and no planned stop. Off-shift comes before maintenance."""

    def __init__(self, calendars: Sequence[Calendar], maintenance: Sequence[Maintenance]) -> None:
        self.calendars = list(dict.fromkeys(calendars))
        self.maintenance = list(maintenance)
        self.always = not self.calendars and not self.maintenance

    def status(self, now: int) -> tuple[int, int]:
        """The state the windows impose at ``now`` (off_shift, maintenance, or running for none) and until when it surely lasts."""
        opening, closing = now, FAR
        for calendar in self.calendars:
            opening = max(opening, calendar.opens(now))
        if opening > now:
            return OFF_SHIFT, opening
        for calendar in self.calendars:
            closing = min(closing, calendar.closes(now))
        if not self.maintenance:
            return RUNNING, closing
        serviced = max([now, *(plan.opens(now) for plan in self.maintenance)])
        if serviced > now:
            return MAINTENANCE, min(serviced, closing)
        return RUNNING, min([closing, *(plan.closes(now) for plan in self.maintenance)])

    def open_between(self, begin: int, end: int) -> int:
        """For how long (ns) they are open in [begin, end)."""
        return sum(until - since for since, until, state in self.pieces(begin, end, RUNNING) if state == RUNNING)

    def advance(self, now: int, duration: int) -> int:
        """When ``duration`` ns of open time have passed since ``now``; :data:`FAR` if never."""
        if self.always:
            return now + duration
        while now < FAR:
            imposed, until = self.status(now)
            if imposed == RUNNING:
                if now + duration <= until:
                    return now + duration
                duration -= until - now
            now = until
        return FAR

    def pieces(self, begin: int, end: int, state: int) -> Iterator[tuple[int, int, int]]:
        """Cut [begin, end) where windows open or close: (from, to, the imposed state, or ``state`` where none is)."""
        if self.always:
            yield begin, end, state
            return
        while begin < end:
            imposed, until = self.status(begin)
            until = min(until, end)
            yield begin, until, state if imposed == RUNNING else imposed
            begin = until
