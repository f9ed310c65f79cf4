"""The power network of a cluster: what its sites draw, summed as it was drawn, against own power, prices and CO2 that step.

Who draws energy tells an interval when it ends, drawn evenly within it. The intervals of all sites are laid over each other up to the time until which every
site has told all, and cut where anything steps. While electrodes hold a waiting bath the sums wait, until the furnace tells what that took. Nothing of this is
seen by a site: its run stays the same to the last bit.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS, Clock
from twin.engine.meter import Meter, Steps
from twin.engine.unit import Record, State, Unit
from twin.units.energy.profiles import values_at, within

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SUMS = ("drawn", "from_grid", "own_used", "fed_in", "cost", "income", "co2")


class Intervals:
    """Energy drawn by one source: ``joules`` evenly from ``begin`` to ``end`` (ns), or at once where both are the same."""

    def __init__(self) -> None:
        self.begin, self.end, self.joules = array("q"), array("q"), array("d")

    def add(self, begin: int, end: int, joules: float) -> None:
        """One more."""
        self.begin.append(begin)
        self.end.append(end)
        self.joules.append(joules)

    def arrays(self) -> tuple[Ints, Ints, Floats]:
        """Begins, ends and energies (interval,)."""
        return np.array(self.begin, dtype=np.int64), np.array(self.end, dtype=np.int64), np.array(self.joules, dtype=np.float64)

    def replace(self, begin: Ints, end: Ints, joules: Floats) -> None:
        """These instead."""
        self.begin, self.end, self.joules = array("q", begin.tolist()), array("q", end.tolist()), array("d", joules.tolist())

    def save(self) -> State:
        """As arrays; their name says that they grow."""
        begin, end, joules = self.arrays()
        return {"begin.data": begin, "end.data": end, "joules.data": joules}

    def load(self, state: State) -> None:
        """Take over saved ones."""
        self.replace(state["begin.data"], state["end.data"], state["joules.data"])


class Tap(Meter):
    """Stands before the meter of a site, where it has one, and tells the network what electricity is drawn."""

    def __init__(self, inner: Meter | None, told: Intervals) -> None:
        self.inner, self.told = inner, told

    def drawn(self, first: int, carrier: int, begin: int, end: int, joules: Floats) -> None:
        if carrier == 0:
            self.told.add(begin, end, float(np.add.reduce(joules)))
        if self.inner is not None:
            self.inner.drawn(first, carrier, begin, end, joules)

    def used(self, process: int, begin: int, end: int, use: Floats, late: float = 0.0) -> None:
        if use[0]:
            self.told.add(begin, end, float(use[0]) - late)
        if self.inner is not None:
            self.inner.used(process, begin, end, use, late)

    def drawn_late(self, begin: int, end: int, joules: float) -> None:
        self.told.add(begin, end, joules)

    def passed(self, first: int, begin: int, end: int, masses: Floats) -> None:
        if self.inner is not None:
            self.inner.passed(first, begin, end, masses)

    def save(self) -> State:
        return {} if self.inner is None else self.inner.save()

    def load(self, state: State) -> None:
        if self.inner is not None:
            self.inner.load(state)


@dataclass(frozen=True)
class PowerRules:
    """``begin`` (ns): from when on sums count; ``every`` (ns): a step of the record, up to ``horizon`` (ns). Prices EUR/J, ``co2`` kg/J, ``own`` W."""

    begin: int
    every: int
    horizon: int
    price: Steps
    co2: Steps
    own: Steps
    feed_in: Steps


class PowerNetwork(Unit):
    """Without events of its own. ``told`` by source: the sites, then what else draws; ``known``: until when each site has told all, ns."""

    def __init__(self, index: int, clock: Clock, rules: PowerRules, sources: Sequence[str], known: Sequence[Callable[[], int]]) -> None:
        super().__init__("energy power", index, clock, Record())
        self.rules, self.sources, self.known = rules, tuple(sources), known
        self.told = {name: Intervals() for name in sources}
        self.untold: list[Callable[[], int]] = []
        """Since when processes may have drawn, ns, what they have not told yet."""
        self.since = 0
        self.sums = np.zeros(len(SUMS))
        self.by_source = np.zeros((len(self.sources), 2))
        """Energy (J), and its price at the tariff (EUR), by source."""
        self.highest = np.zeros(2)
        """The highest power drawn at once, and from the grid, W; what is drawn in no time has none."""
        steps = -(-rules.horizon // rules.every)
        self.load_by_step = np.zeros((steps, len(self.sources)))
        self.grid_by_step, self.fed_by_step = np.zeros(steps), np.zeros(steps)

    def step(self, now: int) -> bool:
        """Nothing to do by itself."""
        return False

    def settle(self, now: int) -> None:
        """Sum up to where all sites have told what they drew: the others when their blocks of the record were last written, this one now."""
        self._sum_up(min(now, *(since() for since in self.untold)) if self.untold else now)

    def close(self, now: int) -> None:
        """Sum up to the end: what has not been told by now never will be."""
        self._sum_up(now)

    def _sum_up(self, now: int) -> None:
        upto = min(now, self.rules.horizon, *(until() for until in self.known))
        if upto > self.since:
            self._sum(self.since, upto)
            self.since = upto

    def _sum(self, begin: int, end: int) -> None:
        rules = self.rules
        taken = [self._take(told, end) for told in self.told.values()]
        marks = [np.array([begin, end], dtype=np.int64), np.arange(-(-begin // rules.every) * rules.every, end, rules.every, dtype=np.int64)]
        marks += [within(steps, begin, end) for steps in (rules.price, rules.co2, rules.own, rules.feed_in)]
        marks += [edge for since, until, _ in taken for edge in (since, until)]
        if begin < rules.begin < end:
            marks.append(np.array([rules.begin], dtype=np.int64))
        edges = np.unique(np.concatenate(marks))
        seconds = np.diff(edges) / NANOSECONDS
        loads = np.zeros((len(edges) - 1, len(taken)))
        for place, (since, until, joules) in enumerate(taken):
            lasts = until > since
            power = joules[lasts] / ((until[lasts] - since[lasts]) / NANOSECONDS)
            change = np.zeros(len(edges))
            np.add.at(change, np.searchsorted(edges, since[lasts]), power)
            np.add.at(change, np.searchsorted(edges, until[lasts]), -power)
            loads[:, place] = np.maximum(np.cumsum(change)[:-1], 0.0)
        self._count(edges[:-1], seconds, loads)
        for place, (since, until, joules) in enumerate(taken):
            at_once = since == until
            if at_once.any():
                self._count_at_once(place, since[at_once], joules[at_once])

    def _take(self, told: Intervals, end: int) -> tuple[Ints, Ints, Floats]:
        """What was drawn before ``end``; the rest stays."""
        since, until, joules = told.arrays()
        over = until > end
        inside = (since < end) | ((since == until) & (since <= end))
        share = np.where(over & inside, (end - since) / np.maximum(until - since, 1), 1.0)
        rest = over
        told.replace(np.maximum(since[rest], end), until[rest], joules[rest] * np.where(inside[rest], 1.0 - share[rest], 1.0))
        return since[inside], np.minimum(until[inside], end), joules[inside] * share[inside]

    def _count(self, times: Ints, seconds: Floats, loads: Floats) -> None:
        rules = self.rules
        load, own = loads.sum(axis=1), values_at(rules.own, times)
        used = np.minimum(load, own)
        grid, fed = load - used, own - used
        steps = np.minimum(times // rules.every, len(self.grid_by_step) - 1)
        np.add.at(self.load_by_step, steps, loads * seconds[:, None])
        np.add.at(self.grid_by_step, steps, grid * seconds)
        np.add.at(self.fed_by_step, steps, fed * seconds)
        counts = times >= rules.begin
        if not counts.any():
            return
        price, co2, feed_in = (values_at(steps, times) for steps in (rules.price, rules.co2, rules.feed_in))
        terms = (load, grid, used, fed, grid * price, fed * feed_in, grid * co2)
        self.sums += [math.fsum((term * seconds)[counts].tolist()) for term in terms]
        for place in range(len(self.sources)):
            joules = (loads[:, place] * seconds)[counts]
            self.by_source[place] += (math.fsum(joules.tolist()), math.fsum((joules * price[counts]).tolist()))
        self.highest = np.maximum(self.highest, (load[counts].max(), grid[counts].max()))

    def _count_at_once(self, place: int, times: Ints, joules: Floats) -> None:
        """What is drawn in no time is drawn from the grid: own power cannot give it."""
        rules = self.rules
        steps = np.minimum(times // rules.every, len(self.grid_by_step) - 1)
        np.add.at(self.load_by_step[:, place], steps, joules)
        np.add.at(self.grid_by_step, steps, joules)
        counts = times >= rules.begin
        price, co2 = values_at(rules.price, times), values_at(rules.co2, times)
        energy, cost, carbon = (math.fsum(term[counts].tolist()) for term in (joules, joules * price, joules * co2))
        self.sums += (energy, energy, 0.0, 0.0, cost, 0.0, carbon)
        self.by_source[place] += (energy, cost)

    def save(self) -> State:
        told = {name: intervals.save() for name, intervals in self.told.items()}
        arrays = {name: getattr(self, name).copy() for name in _KEPT}
        return {**super().save(), "told": told, "since": self.since, **arrays}

    def load(self, state: State) -> None:
        super().load(state)
        for name, intervals in self.told.items():
            intervals.load(state["told"][name])
        self.since = state["since"]
        for name in _KEPT:
            getattr(self, name)[:] = state[name]


_KEPT = ("sums", "by_source", "highest", "load_by_step", "grid_by_step", "fed_by_step")
