"""Levels beside weighed trucks over all the time: what an instrument shows of each truck, in the share of what the weighbridge says.

Alarms hold a plant against its own days before, so an error that was there from the first day raises none. This sees it: where a truck of m kg comes, the
members rise by m, and a level that shows f too much rises by f m more. The estimate is that of least squares without a constant, f = sum(m e)/sum(m m) of what
was missed e in windows with trucks; its error takes e as it is (H. White, Econometrica 48 (1980) 817). Whether the level or the weighbridge is wrong it cannot
say, and an offset, which is the same at each level, it cannot see.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from twin.live.ensemble.estimate import LEVEL, Ensemble
from twin.live.ensemble.evidence import gates
from twin.units.ground.inputs import Input

SURE = 1.96
"""Deviations of an interval of 95 %."""
CLEAR = 3.0
"""So many deviations from nothing are told unasked."""
LEAST = 0.05
"""A share that is less may be the model's: a bay that runs empty under a truck gives members less than it gave, which looks like 2 % in the small line."""
ENOUGH = 20
"""Trucks."""


class Weighed(NamedTuple):
    """``signal`` shows ``share`` too much of each truck (.05: 5 %), between ``low`` and ``high`` in 95 of 100 cases as far as chance goes, by ``trucks``."""

    signal: str
    share: float
    low: float
    high: float
    trucks: int

    @property
    def clear(self) -> bool:
        """Whether neither chance nor the model explains it."""
        return abs(self.share) > max(LEAST, CLEAR * (self.high - self.low) / (2.0 * SURE))

    @property
    def text(self) -> str:
        """In words."""
        low, high = sorted((100.0 * abs(self.low), 100.0 * abs(self.high)))
        side = "much" if self.share > 0.0 else "little"
        return f"{self.signal} has shown {low:.0f} to {high:.0f} % too {side} of each of {self.trucks} weighed trucks: the level, or the weighbridge, is wrong"


@dataclass
class _Sums:
    squares: float = 0.0
    products: float = 0.0
    errors: float = 0.0
    thirds: float = 0.0
    fourths: float = 0.0
    trucks: int = 0

    def add(self, mass: float, missed: float, trucks: int) -> None:
        """A window with trucks of ``mass`` kg in all, in which ``missed`` kg more were read than expected."""
        self.squares += mass**2
        self.products += mass * missed
        self.errors += (mass * missed) ** 2
        self.thirds += mass**3 * missed
        self.fourths += mass**4
        self.trucks += trucks

    @property
    def share(self) -> float:
        """What is shown too much of each truck."""
        return self.products / self.squares

    @property
    def deviation(self) -> float:
        """The error of that."""
        share = self.share
        return math.sqrt(max(self.errors - 2.0 * share * self.thirds + share**2 * self.fourths, 0.0)) / self.squares


class WeighedTotals:
    """Follows an ensemble window by window.

    >>> sums = _Sums()
    >>> for missed in (700.0, 900.0):  # two trucks of 8 t, of which .7 and .9 t too much were seen: 10 %, give or take .1 t/8 t over the root of two
    ...     sums.add(8e3, missed, 1)
    >>> round(sums.share, 6), round(sums.deviation, 6)
    (0.1, 0.008839)
    """

    def __init__(self, ensemble: Ensemble) -> None:
        measured = ensemble.following.measurements
        levels = {own.quantity.removeprefix(LEVEL): signal for signal, own in measured.items() if own.quantity.startswith(LEVEL)}
        told = set(ensemble.members.imposed)
        self._gates = {gate: (levels[bunker], sign) for gate, (bunker, sign) in gates(ensemble.members.scenario).items() if bunker in levels and gate in told}
        self._sums = {signal: _Sums() for signal, _ in self._gates.values()}
        self._capacities = {signal: ensemble.capacities[bunker] for bunker, signal in levels.items()}

    def add(self, ensemble: Ensemble, shown: Mapping[str, float], inputs: Sequence[Input]) -> None:
        """Take the window that the ensemble has just closed: its readings, SI by signal, and what was told.

        One with a truck of more than the bunker holds says nothing of it: the weighbridge, or what it sends, was wrong by far, and the squares would keep that
        for good.
        """
        masses, counts = dict.fromkeys(self._sums, 0.0), dict.fromkeys(self._sums, 0)
        beyond = set()
        for happened in inputs:
            if happened.what in ("delivery", "pickup") and happened.unit in self._gates:
                signal, sign = self._gates[happened.unit]
                masses[signal] += sign * happened.mass
                counts[signal] += 1
                if not abs(happened.mass) <= self._capacities[signal]:
                    beyond.add(signal)
        for signal, own in self._sums.items():
            missed = shown.get(signal, math.nan) - ensemble.following.measurements[signal].bias - ensemble.expected.get(signal, math.nan)
            mass = masses[signal]
            if counts[signal] and signal not in beyond and math.isfinite(missed) and ensemble.is_possible(signal, shown[signal]):
                own.add(mass, missed, counts[signal])

    def found(self) -> list[Weighed]:
        """Return what each level shows too much, where there were trucks enough."""
        rows = []
        for signal, own in self._sums.items():
            if own.trucks >= ENOUGH and own.squares > 0.0:
                half = SURE * own.deviation
                rows.append(Weighed(signal, own.share, own.share - half, own.share + half, own.trucks))
        return rows

    def save(self) -> dict[str, Any]:
        """As plain data."""
        return {signal: asdict(own) for signal, own in self._sums.items()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        for signal in self._sums:
            self._sums[signal] = _Sums(**state[signal])
