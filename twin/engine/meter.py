"""Sums that no record step may blur: energy at prices that change, mean power by quarter-hours, mass through machines, from the end of the warm-up on.

Who draws energy reports each interval when it ends, drawn evenly within it; it is cut here, by arithmetic, where prices step and windows end. A plant without
a tariff, a series or wear parts has no meter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State

Floats = NDArray[np.float64]


class Steps:
    """A value that holds until the next: ``values[k]`` from ``times[k]`` (ns, ascending, the first at most 0) on.

    >>> Steps([0, 10], [1.0, 3.0]).mean(5, 15)
    2.0
    """

    def __init__(self, times: Sequence[int], values: Sequence[float]) -> None:
        self.times, self.values = list(times), list(values)

    def at(self, now: int) -> float:
        """The value at ``now``, ns."""
        return self.values[max(0, bisect_right(self.times, now) - 1)]

    def mean(self, begin: int, end: int) -> float:
        """The mean over [begin, end), ns."""
        k = max(0, bisect_right(self.times, begin) - 1)
        last = len(self.times) - 1
        if begin == end or k == last or self.times[k + 1] >= end:
            return self.values[k]
        total, since = 0.0, begin
        while since < end:
            until = end if k == last else min(end, self.times[k + 1])
            total += self.values[k] * (until - since)
            since, k = until, k + 1
        return total / (end - begin)


@dataclass(frozen=True)
class Rules:
    """What is metered from ``begin`` to ``end`` (ns): ``prices`` (EUR/J) and ``factors`` (kg/J) that change, by carrier; ``window`` (ns): over which power is
    averaged, 0 if it is not, with windows that follow each other from ``midnight`` (ns before the start) on."""

    begin: int
    end: int
    prices: Mapping[int, Steps]
    factors: Mapping[int, Steps]
    window: int = 0
    midnight: int = 0


class Meter:
    """``cost`` EUR and ``co2`` kg (unit, carrier) of carriers whose price or factor changes; ``windows`` (window,) J of electricity, which is carrier 0;
    ``through`` (machine,) kg. Units: machines, then processes."""

    def __init__(self, rules: Rules, machines: int, processes: int, carriers: int) -> None:
        self.rules, self.machines = rules, machines
        self.cost, self.co2 = np.zeros((machines + processes, carriers)), np.zeros((machines + processes, carriers))
        self.through = np.zeros(machines)
        self.windows = np.zeros((rules.end + rules.midnight) // rules.window + 2 if rules.window else 0)

    def drawn(self, first: int, carrier: int, begin: int, end: int, joules: Floats) -> None:
        """Units from row ``first`` on drew ``joules`` (unit,) each, evenly from ``begin`` to ``end`` (ns), or at once where both are the same."""
        rules = self.rules
        since = max(begin, rules.begin)
        if end < rules.begin or (since >= end and begin < end):
            return
        joules = joules * ((end - since) / (end - begin)) if since > begin else joules
        last = first + len(joules)
        if carrier in rules.prices:
            self.cost[first:last, carrier] += rules.prices[carrier].mean(since, end) * joules
        if carrier in rules.factors:
            self.co2[first:last, carrier] += rules.factors[carrier].mean(since, end) * joules
        if rules.window and carrier == 0:
            self._spread(since, end, float(joules.sum()))

    def used(self, process: int, begin: int, end: int, use: Floats, late: float = 0.0) -> None:
        """A process drew ``use`` (carrier,) J in the same way. ``late`` J of its electricity were drawn before; here they count as told."""
        for carrier, joules in enumerate(use.tolist()):
            if joules:
                self.drawn(self.machines + process, carrier, begin, end, np.array([joules]))

    def drawn_late(self, begin: int, end: int, joules: float) -> None:
        """``joules`` of electricity were drawn from ``begin`` to ``end`` (ns), which is known only now; here they count as :meth:`used` tells them."""

    def passed(self, first: int, begin: int, end: int, masses: Floats) -> None:
        """``masses`` (machine,) kg went through machines from row ``first`` on."""
        since = max(begin, self.rules.begin)
        if since < end or (begin == end and since == end):
            share = (end - since) / (end - begin) if since > begin else 1.0
            self.through[first : first + len(masses)] += share * masses

    def _spread(self, begin: int, end: int, joules: float) -> None:
        window, offset = self.rules.window, self.rules.midnight
        first, last = (begin + offset) // window, (end + offset) // window
        if first == last:
            self.windows[first] += joules
            return
        power = joules / (end - begin)
        self.windows[first] += power * ((first + 1) * window - offset - begin)
        self.windows[first + 1 : last] += power * window
        self.windows[last] += power * (end - (last * window - offset))

    def save(self) -> State:
        """The sums."""
        return {name: getattr(self, name).copy() for name in ("cost", "co2", "windows", "through")}

    def load(self, state: State) -> None:
        """Take over saved sums."""
        for name in ("cost", "co2", "windows", "through"):
            getattr(self, name)[:] = state[name]
