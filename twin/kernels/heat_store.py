"""A store of heat between events: what it holds, what it has lost, when it is full or empty. Exact in time: no steps.

While neither full nor empty it holds E with dE/dt = p - r E - c: p the power given to it, r its rate of loss, c its fixed loss. A hot-water tank with a sharp
boundary between a hot zone above a cold one is such a store, see :func:`two_zone_tank`. At a bound its content stands still and the power that it takes or
gives is limited by :meth:`HeatStore.most_taken` and :meth:`HeatStore.most_given`.

The content is worked out from the last event only, never from a look at it: e^a e^b is not e^(a+b) in the last bit, so a run whose record steps are cut
otherwise would be another run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NANOSECONDS = 1_000_000_000
"""Of a second; the clock of a run counts them."""
FREE, FULL, EMPTY = "free", "full", "empty"
ROUNDING = 1e-9
"""Share of the capacity by which a content may miss a bound because an instant is rounded up to a nanosecond; it is put on the bound, and booked."""


@dataclass(frozen=True)
class StoreData:
    """``capacity`` J above an empty store; ``rate`` 1/s, loss in proportion to the content; ``fixed`` W, loss whenever there is any."""

    capacity: float
    rate: float = 0.0
    fixed: float = 0.0


@dataclass(frozen=True)
class Tank:
    """A standing cylinder: ``diameter`` and ``height`` m, ``conductance`` of its insulation W/m2K, temperatures in any one unit (°C or K), water as given."""

    diameter: float
    height: float
    conductance: float
    hot: float
    cold: float
    around: float
    density: float = 971.8
    specific_heat: float = 4195.0


def two_zone_tank(tank: Tank) -> StoreData:
    """Return the store that a tank of hot water over cold is, its boundary sharp and moving.

    Empty is a tank full of water at ``cold``. The wall of the hot zone grows with the content, which gives ``rate`` = 4 U / (d rho c); the wall at ``cold`` and
    both ends lose what they always lose, ``fixed``, which stands for as long as there is hot water. Against 200 layers, a week: losses .2 % apart.

    10 m by 20 m, .3 W/m2K, 95, 60 and 10 °C: 62.257873 MWh, 2.94355657e-8/s, 12.6056405 kW.
    """
    end = math.pi * tank.diameter**2 / 4.0
    side = math.pi * tank.diameter * tank.height
    volume_heat = tank.density * tank.specific_heat * end * tank.height
    fixed = tank.conductance * (side * (tank.cold - tank.around) + end * (tank.hot + tank.cold - 2.0 * tank.around))
    return StoreData(volume_heat * (tank.hot - tank.cold), tank.conductance * side / volume_heat, fixed)


@dataclass
class HeatStore:
    """A store at its last event.

    ``content`` J at ``since`` ns; ``power`` W given to it since then (negative: taken from it); ``mode``: free, full or empty. ``lost`` J up to ``since``;
    ``rounded`` J that were added where a bound was reached between two nanoseconds. At any time content - first content = energy given - lost + rounded.
    """

    data: StoreData
    content: float
    since: int = 0
    power: float = 0.0
    mode: str = FREE
    lost: float = 0.0
    rounded: float = 0.0

    def at(self, now: int) -> float:
        """Return the content at ``now`` (ns, not before the last event), J."""
        if self.mode != FREE:
            return self.content
        seconds, rest = (now - self.since) / NANOSECONDS, self.power - self.data.fixed
        if self.data.rate == 0.0:
            return self.content + rest * seconds
        return self.content - (rest / self.data.rate - self.content) * math.expm1(-self.data.rate * seconds)

    def lost_by(self, now: int) -> float:
        """Return what has been lost from the beginning to ``now``, J; an integral of its own, not what is missing in the balance."""
        data, seconds = self.data, (now - self.since) / NANOSECONDS
        if self.mode != FREE:  # it stands still: all that it is given goes
            return self.lost + self.power * seconds
        if data.rate == 0.0:
            return self.lost + data.fixed * seconds
        tends_to = (self.power - data.fixed) / data.rate
        share = -math.expm1(-data.rate * seconds)
        return self.lost + data.rate * tends_to * seconds + (self.content - tends_to) * share + data.fixed * seconds

    def loss_power(self, content: float) -> float:
        """Return what it loses at a content, W; an empty store loses nothing."""
        return self.data.rate * content + self.data.fixed if content > 0.0 else 0.0

    def most_taken(self, now: int) -> float:
        """Return the most power that it takes at ``now`` for longer than an instant, W: what a full store loses, else any."""
        content = self._on_bound(self.at(now))
        return math.inf if content < self.data.capacity else self.loss_power(content)

    def most_given(self, now: int) -> float:
        """Return the most power that it gives at ``now``, W: nothing when empty, else any."""
        return math.inf if self._on_bound(self.at(now)) > 0.0 else 0.0

    def give(self, now: int, power: float) -> int | None:
        """From ``now`` on it is given ``power`` W; return when it will be full or empty, ns, None for never.

        A full store given more than it loses takes no more than that, an empty one gives nothing; what it is given below its fixed loss is lost. What it really
        takes is :attr:`power` then.
        """
        self.lost = self.lost_by(now)
        content = self.at(now)
        self.content = self._on_bound(content)
        self.rounded += self.content - content
        self.since, data = now, self.data
        if self.content >= data.capacity and power >= self.loss_power(self.content):
            self.mode, self.power = FULL, self.loss_power(self.content)
        elif self.content <= 0.0 and power <= data.fixed:
            self.mode, self.power = EMPTY, max(power, 0.0)
        else:
            self.mode, self.power = FREE, power
        return self.next_bound()

    def next_bound(self) -> int | None:
        """Return when it will be full or empty if nothing changes, ns, rounded up; None for never."""
        if self.mode != FREE:
            return None
        rising = self.power - self.loss_rate() > 0.0
        bound = self.data.capacity if rising else 0.0
        seconds = self._seconds_to(bound)
        return None if seconds is None else self.since + max(1, math.ceil(seconds * NANOSECONDS))

    def reaches(self, content: float) -> int | None:
        """Return when it will hold ``content`` J if nothing changes, ns, rounded up; None for never, or where it does now."""
        seconds = self._seconds_to(content) if self.mode == FREE else None
        return None if seconds is None else self.since + max(1, math.ceil(seconds * NANOSECONDS))

    def loss_rate(self) -> float:
        """Return what it loses at the last event while it is free, W."""
        return self.data.rate * self.content + self.data.fixed

    def _seconds_to(self, bound: float) -> float | None:
        data, rest, way = self.data, self.power - self.data.fixed, bound - self.content
        if way == 0.0:
            return None
        if data.rate == 0.0:
            return way / rest if rest * way > 0.0 else None
        to_end = rest / data.rate - self.content
        return -math.log1p(-way / to_end) / data.rate if abs(to_end) > abs(way) and to_end * way > 0.0 else None

    def _on_bound(self, content: float) -> float:
        near = ROUNDING * self.data.capacity
        if abs(content) <= near:
            return 0.0
        return self.data.capacity if abs(content - self.data.capacity) <= near else content
