"""How fast trucks come: the cumulated rate of arrivals over time, and its inverse.

With the rate r(t) = f(t)/m(t), m the mean gap in force and f the product of seasons and trends of the amount, the next truck after t0 comes when
r has summed up to the gap that was drawn, as a share of its mean: a change of the rate acts at once. A closed gate is a rate of 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.engine.calendars import DAY, FAR, Calendar
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.quadrature import integral, inverse_integral
from twin.engine.streams import Stream
from twin.scenario.distributions import Distribution
from twin.scenario.equilibrium import beyond, first_gap
from twin.scenario.fields import CLOCK, OPEN_DAYS, EveryCounts, counted_by
from twin.scenario.supply import LEAST_FACTOR, Campaign, Season, Trend

PARTS_OF_A_PERIOD = 4
"""Into so many parts a season's period is cut, so that the integral over each is exact to rounding."""


@dataclass(frozen=True)
class Stretch:
    """A time [begin, end), ns, in which the mean gap is ``mean`` s, and ``weight`` s are counted for each second; 0 while the gate is closed."""

    begin: int
    end: int
    mean: float
    weight: float


class PendingGap(Protocol):
    """What a row of arrivals remembers of the gap that runs: of ``gap`` s, drawn from one of mean ``mean``, ``left`` s were left at ``since`` ns."""

    planned: int
    since: int
    left: float
    mean: float
    gap: float


class _Sum:
    """A running sum that keeps what rounding loses (Neumaier)."""

    def __init__(self) -> None:
        self.high = self.low = 0.0

    def add(self, value: float) -> None:
        total = self.high + value
        large, small = (self.high, value) if abs(self.high) >= abs(value) else (value, self.high)
        self.low += (large - total) + small
        self.high = total

    @property
    def value(self) -> float:
        return self.high + self.low


class Pace:
    """The rate of one row of arrivals. Gaps are in s, as drawn; ``mean`` is the mean of what they were drawn from."""

    def __init__(self, calendar: Calendar | None, counts: EveryCounts | None, horizon: int) -> None:
        self.calendar, self.counts, self.horizon = calendar, counts, horizon
        self._every: Distribution
        self._campaigns: list[tuple[int, int, int, Distribution | None]] = []
        self._seasons: list[tuple[float, int, int]] = []
        self._trends: list[tuple[float, int]] = []
        self._turns: list[int] = []
        self._longest = FAR

    def set(self, every: Distribution, campaigns: Sequence[Campaign] = (), varied: Sequence[Season | Trend] = ()) -> None:
        """The rate from now on: a mean gap, campaigns with gaps of their own, seasons and trends of the amount."""
        self._every = every
        moments = [(nanoseconds(c.begin), nanoseconds(c.length), nanoseconds(c.repeat or 0.0), c.every) for c in campaigns]
        self._campaigns = moments if any(c.every is not None for c in campaigns) else []
        self._seasons = [(v.amplitude, max(1, nanoseconds(v.period)), nanoseconds(v.peak)) for v in varied if isinstance(v, Season)]
        self._trends = [(v.change, max(1, nanoseconds(v.per))) for v in varied if isinstance(v, Trend) and v.change != 0.0]
        self._turns = [round((LEAST_FACTOR - 1.0) / change * per) for change, per in self._trends if change < 0.0]
        turning = math.fsum(1.0 / period for _, period, _ in self._seasons)
        self._longest = max(1, int(1.0 / turning / PARTS_OF_A_PERIOD)) if self._seasons else FAR

    def every(self, now: int) -> Distribution:
        """What a gap that begins at ``now`` is drawn from."""
        for begin, length, repeat, every in self._campaigns:
            if _holds(now, begin, length, repeat):
                return every if every is not None else self._every
        return self._every

    @property
    def _steady(self) -> bool:
        return not (self._campaigns or self._seasons or self._trends)

    def reaches(self, since: int, gap: float, mean: float) -> int:
        """When a gap of ``gap`` s that began at ``since`` ns is over; :data:`~twin.engine.calendars.FAR` if not before the horizon."""
        if self._steady and (self.calendar is None or self._counts(self._every.mean) == CLOCK):
            return since + nanoseconds(gap * (self._every.mean / mean))
        spent = _Sum()
        for stretch in self._stretches(since):
            scale = mean / stretch.mean * stretch.weight
            if scale <= 0.0:
                continue
            needed = (gap - spent.value) / scale
            whole = self._amount(stretch.begin, stretch.end)
            if nanoseconds(needed - whole) <= 0:
                return min(stretch.begin + self._after(stretch, needed), stretch.end)
            spent.add(whole * scale)
        return FAR

    def opens(self, moment: int) -> int:
        """``moment`` if the gate is open then, else when it opens."""
        return self.calendar.opens(moment) if self.calendar is not None else moment

    def admits(self, planned: int) -> int:
        """When a truck that is due at ``planned`` comes: at once, or where closed time counts, when the gate opens."""
        if self.calendar is None or planned >= self.horizon or self._counts(self.every(planned).mean) != CLOCK:
            return planned
        return self.opens(planned)

    def passed(self, since: int, now: int, mean: float) -> float:
        """How much of a gap of mean ``mean`` has passed from ``since`` to ``now``, s."""
        if self._steady and (self.calendar is None or self._counts(self._every.mean) == CLOCK):
            return (now - since) / NANOSECONDS * (mean / self._every.mean)
        spent = _Sum()
        for stretch in self._stretches(since):
            if stretch.begin >= now:
                break
            if stretch.weight > 0.0:
                spent.add(self._amount(stretch.begin, min(stretch.end, now)) * (mean / stretch.mean * stretch.weight))
        return spent.value

    def redraw(self, pending: PendingGap, now: int, stream: Stream, first: bool) -> bool:
        """Draw a gap that is not over by ``now`` anew, given that; ``first``: it is the first of its row. Returns whether it was."""
        if pending.left < 0.0 or pending.planned <= now:
            return False
        every = self.every(pending.since)
        scale, before = pending.mean / every.mean, pending.gap - pending.left
        spent = before + self.passed(pending.since, now, pending.mean)
        pending.gap = beyond(lambda u: scale * (first_gap(every, u) if first else every.inverse(u)), spent, stream.uniform())
        pending.left = pending.gap - before
        return True

    def take_up(self, pending: PendingGap, now: int, stream: Stream) -> None:
        """Draw a gap that began at ``planned``, when the last truck came, and is not over by ``now``."""
        pending.since = min(pending.planned, now)
        every = self.every(pending.since)
        pending.mean = every.mean
        pending.gap = pending.left = beyond(every.inverse, self.passed(pending.since, now, every.mean), stream.uniform())

    def expected(self, upto: int) -> float:
        """How many trucks come up to ``upto`` ns, in the mean."""
        return self.passed(0, upto, 1.0)

    def _counts(self, mean: float) -> EveryCounts:
        return counted_by(mean, self.counts)

    def _stretches(self, since: int) -> Iterator[Stretch]:
        """Cut the time from ``since`` to the horizon where the rate jumps, and finely enough where it turns."""
        now = since
        while now < self.horizon:
            mean = self.every(now).mean
            end = min(self.horizon, now + self._longest, *(turn for turn in self._turns if turn > now), *self._boundaries(now))
            weight = 1.0
            if self.calendar is not None and (counts := self._counts(mean)) != CLOCK:
                opening = self.calendar.opens(now)
                if opening > now:
                    end, weight = min(self.horizon, opening), 0.0
                else:
                    end = min(end, self.calendar.closes(now))
                    if counts == OPEN_DAYS:
                        midnight, open_time = self.calendar.day_of(now)
                        end, weight = min(end, midnight), DAY / open_time
            yield Stretch(now, end, mean, weight)
            now = end

    def _boundaries(self, now: int) -> Iterator[int]:
        """When each campaign next begins or ends."""
        for begin, length, repeat, _ in self._campaigns:
            if now < begin:
                yield begin
            elif repeat:
                round_begin = now - (now - begin) % repeat
                yield round_begin + (length if now < round_begin + length < round_begin + repeat else repeat)
            elif now < begin + length:
                yield begin + length

    def _factor(self, base: int, x: float) -> float:
        """The product of seasons and trends ``x`` s after ``base`` ns; phases are taken exactly, in integers."""
        factor = 1.0
        for amplitude, period, peak in self._seasons:
            phase = (base - peak) % period
            factor *= 1.0 + amplitude * math.cos(2.0 * math.pi * ((phase + x * NANOSECONDS) / period))
        for change, per in self._trends:
            factor *= max(LEAST_FACTOR, 1.0 + change * ((base + x * NANOSECONDS) / per))
        return factor

    def _amount(self, begin: int, end: int) -> float:
        """The integral of the factor over a stretch, s."""
        length = (end - begin) / NANOSECONDS
        return integral(lambda x: self._factor(begin, x), length) if self._seasons or self._trends else length

    def _after(self, stretch: Stretch, needed: float) -> int:
        """How many ns into a stretch the factor has summed up to ``needed`` s."""
        if needed <= 0.0:
            return 0
        if not (self._seasons or self._trends):
            return nanoseconds(needed)
        length = (stretch.end - stretch.begin) / NANOSECONDS
        return nanoseconds(inverse_integral(lambda x: self._factor(stretch.begin, x), needed, length))


def _holds(now: int, begin: int, length: int, repeat: int) -> bool:
    since = now - begin
    return since >= 0 and (since % repeat if repeat else since) < length
