"""Where the plant stands: members get its logged inputs, levels are nudged to what is measured, states put right, and slow parameters learnt once a day.

A level that is measured moves by k (y - x), k = v/(v + r), of a member's own x and a reading y with the error variance r, v being the variance over the
members (the analysis of the ensemble Kalman filter with perturbed readings: G. Evensen, J. Geophys. Res. 99 (1994) 10143; G. Burgers et al., Mon. Weather
Rev. 126 (1998) 1719), one level at a time. Slow parameters are those with which the corrections of a day add up to nothing, and means agree with what was
measured, by the same analysis over the days. Mass that corrections make or take is summed up apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.fit.calibrate.priors import EDGE
from twin.live.ensemble.members import Following, Members
from twin.live.ensemble.model_error import ModelErrors, moved
from twin.live.ensemble.smoother import Day, learn
from twin.live.ensemble.states import Contradictions
from twin.measurement import Measurement
from twin.scenario import Scenario
from twin.units.ground.inputs import Input

Floats = NDArray[np.float64]
LEAST_SPREAD = 0.005
"""Share of a bunker's capacity below which the members' spread is not believed."""
DAY = 86400.0
UNKNOWN = 1.0 / 12.0
"""Variance of a level of which nothing was read yet, in squares of the capacity: anything from empty to full."""
LEVEL = "level."
FINEST = 0.002
"""No level is read better than to this share of the capacity, whatever its tag says: 3 % of an empty bay would be nothing."""
BEYOND = 6.0
"""A level further below empty or above full than so many deviations, or a tenth of the capacity, is none: it is watched, and no member follows it."""
LARGEST = 1e12
"""No quantity of a plant is larger, SI."""
STATE = "state."


class Estimate(NamedTuple):
    """Of a quantity, SI: the mean over the members, and between ``low`` and ``high`` nine of ten of them. ``measured``: whether a signal shows it."""

    quantity: str
    mean: float
    low: float
    high: float
    measured: bool


@dataclass
class Innovations:
    """What was seen less what was expected, over the deviation of both: one row a window, not a number where there was no reading."""

    signals: tuple[str, ...]
    times: list[float] = field(default_factory=list)
    rows: list[Floats] = field(default_factory=list)

    def add(self, time: float, row: Floats) -> None:
        """One more window."""
        self.times.append(time)
        self.rows.append(row)

    def forget(self) -> None:
        """Keep the last window only."""
        del self.times[:-1], self.rows[:-1]


class Ensemble:
    """Follows a plant of a scenario. ``expected``: what each signal should have shown in the last window, before it was looked at, and ``deviations`` of a
    reading, SI.
    """

    def __init__(self, scenario: Scenario, following: Following) -> None:
        self.following = following
        self.members = Members(scenario, following)
        self._measured = dict(following.measurements)
        self._levels = {m.quantity.removeprefix(LEVEL): signal for signal, m in self._measured.items() if m.quantity.startswith(LEVEL)}
        self.capacities = self.members.plants[0].capacities
        unknown = [name for name in self._levels if name not in self.capacities]
        if unknown:
            raise UsageError(f"no bunker {unknown[0]!r} whose level could be measured; there are {', '.join(self.capacities)}")
        self._states = Contradictions(self.members, self._levels, self._measured)
        names = [*(f"{LEVEL}{name}" for name in self.capacities), *(m.quantity for m in self._measured.values()), *self._states.quantities]
        self.names = tuple(dict.fromkeys(names))
        self._place = {name: place for place, name in enumerate(self.names)}
        self.seen: Floats = np.full((len(self.members), len(self.names)), np.nan)
        self._day = Day(tuple(self._measured), len(self.members))
        self.innovations = Innovations(tuple(self._measured))
        self._biases = _biases(self._levels.values(), self._measured, following)
        self.model_errors = ModelErrors(tuple(self._levels.values()), following.window)
        self._windows = 0
        self._found: set[str] = set()
        self.impossible = 0
        """Readings that can be of no plant, so far."""
        self.expected: dict[str, float] = {}
        self.deviations: dict[str, float] = {}

    @property
    def time(self) -> float:
        """The present time, s from the start of the scenario."""
        return self.members.plants[0].time

    def step(self, until: float, readings: Mapping[str, float], inputs: Sequence[Input] = ()) -> None:
        """Go on by one window to ``until`` s: ``readings`` at or over it, SI by signal; ``inputs``: what happened in it, in the order of time.

        A reading that is not a number is none. One that can be of no plant (a state that is no share, a level far below empty or above full) corrects nothing.
        """
        unknown = [signal for signal in readings if signal not in self._measured]
        if unknown:
            raise UsageError(f"no signal {unknown[0]!r} is followed; there are {', '.join(self._measured) or 'none'}")
        self._windows += 1
        chance = np.random.Generator(np.random.Philox([self.following.seed, 1, self._windows]))
        before = self.seen
        self.seen = self.members.run(inputs, until, self.names)
        good = {signal: min(max(value, -LARGEST), LARGEST) for signal, value in readings.items() if np.isfinite(value)}
        possible = {signal: value for signal, value in good.items() if self.is_possible(signal, value)}
        self.impossible += len(good) - len(possible)
        good = {signal: value for signal, value in good.items() if signal in possible or signal in self._levels.values()}
        self._note(until, good)
        self._nudge(possible, before, chance)
        if self.following.states:
            self._states.put_right(possible, self.seen, self._place, chance)
        if self.following.parameters and until // DAY > (until - self.following.window) // DAY:
            self._learn(chance)
        for row, plant in enumerate(self.members.plants):
            self.seen[row, : len(self.capacities)] = plant.observe(self.names[: len(self.capacities)])

    def is_possible(self, signal: str, value: float) -> bool:
        """Whether a plant can show this at all."""
        measurement = self._measured[signal]
        if measurement.quantity.startswith(STATE):
            return -FINEST <= value <= 1.0 + FINEST
        if not measurement.quantity.startswith(LEVEL):
            return abs(value) < LARGEST
        capacity = self.capacities[measurement.quantity.removeprefix(LEVEL)]
        room = max(0.1 * capacity, BEYOND * (self._deviation(signal, capacity) + measurement.bias_deviation))
        return -room <= value - measurement.bias <= capacity + room

    def _deviation(self, signal: str, value: float) -> float:
        """The error of a reading."""
        measurement = self._measured[signal]
        found = measurement.deviation(value)
        return max(found, FINEST * self.capacities[measurement.quantity.removeprefix(LEVEL)]) if measurement.quantity.startswith(LEVEL) else found

    def _note(self, until: float, good: Mapping[str, float]) -> None:
        row = np.full(len(self._measured), np.nan)
        for place, (signal, measurement) in enumerate(self._measured.items()):
            if signal not in good:
                continue
            x = self.seen[:, self._place[measurement.quantity]]
            y = good[signal] - measurement.bias
            random = self._deviation(signal, float(np.mean(x))) ** 2
            error = random + measurement.bias_deviation**2
            self.expected[signal], self.deviations[signal] = float(np.mean(x)), float(np.sqrt(error))
            if error > 0.0:  # what is known for sure, as a state, is put right and not watched
                shown = x + self._biases.get(signal, 0.0)
                own = random if signal in self._biases else error
                row[place] = (y - np.mean(shown)) / np.sqrt(np.var(shown) + own)
            if not measurement.quantity.startswith(LEVEL):
                self._day.means(signal, y, x, measurement, self._states.agree(measurement.quantity, good, self.seen, self._place))
        self.innovations.add(until, row)

    def _nudge(self, good: Mapping[str, float], before: Floats, chance: np.random.Generator) -> None:
        for bunker, signal in self._levels.items():
            measurement, capacity = self._measured[signal], self.capacities[bunker]
            place = self._place[LEVEL + bunker]
            x, known = self.seen[:, place], signal in self._found
            step = moved(before[:, place], x, capacity)
            if signal not in good:
                if known:
                    self.model_errors.unseen(signal, step)
                continue
            y = good[signal] - measurement.bias
            shown = x + self._biases.get(signal, 0.0)
            own = max(float(np.var(shown)), (LEAST_SPREAD * capacity) ** 2) if known else UNKNOWN * capacity**2
            self._found.add(signal)
            error = self._deviation(signal, y) ** 2
            gain = own / (own + error)
            shift = gain * (y - shown)
            if known:
                self._day.corrected(signal, shift, error)
            self.model_errors.seen(signal, step, y / capacity, error / capacity**2)
            apart = self.model_errors.deviation(signal) * capacity if step.at_all or not known else 0.0
            noise = chance.standard_normal((2, len(x)))
            target = x + shift + gain * np.sqrt(error) * noise[0] + apart * noise[1]
            for plant, level in zip(self.members.plants, target.tolist(), strict=True):
                plant.correct(bunker, min(max(level, 0.0), capacity))

    def _learn(self, chance: np.random.Generator) -> None:
        members, drift = self.members, np.array([parameter.drift for parameter in self.following.parameters])
        wandering = drift * chance.standard_normal(members.values.shape)
        members.values = np.clip(learn(members.values, self._day, chance) + wandering, -EDGE, EDGE)
        members.revise(range(len(members)))
        self._day = Day(tuple(self._measured), len(members))

    # -- what is known ---------------------------------------------------------------------------------------------------------------------

    def levels(self) -> list[Estimate]:
        """Where all levels are, kg."""
        return [self._estimate(LEVEL + name, self.seen[:, self._place[LEVEL + name]], name in self._levels) for name in self.capacities]

    def model_deviations(self) -> dict[str, float]:
        """Of each bunker whose level is measured, by how much the model errs anew in a window in which it moves, in shares of the capacity."""
        return {bunker: self.model_errors.deviation(signal) for bunker, signal in self._levels.items()}

    def parameters(self) -> list[Estimate]:
        """Where the slow parameters are, SI."""
        found = []
        for column, parameter in enumerate(self.following.parameters):
            found.append(self._estimate(parameter.prior.path, parameter.prior.values(self.members.values[:, column]), False))
        return found

    def of(self, names: Sequence[str]) -> list[Estimate]:
        """Any quantities as the members have them now, SI."""
        values = np.array([plant.observe(names) for plant in self.members.plants])
        shown = {measurement.quantity for measurement in self._measured.values()}
        return [self._estimate(name, values[:, column], name in shown) for column, name in enumerate(names)]

    def inside(self) -> list[Estimate]:
        """What the members have inside, SI: shares of what lies in bunkers, what furnaces hold, how far parts have worn. A value that not half of them have,
        as a share of what an empty bunker holds, is left out, and so is what none has any of.
        """
        held = [plant.inside() for plant in self.members.plants]
        found = []
        for name in held[0]:
            values = np.array([one[name] for one in held])
            there = values[np.isfinite(values)]
            if 2 * len(there) >= len(values) and (there.any() or name.startswith("wear.")):
                found.append(self._estimate(name, there, False))
        return found

    def _estimate(self, name: str, values: Floats, measured: bool) -> Estimate:
        low, high = between(values)
        return Estimate(name, float(np.mean(values)), low, high, measured)

    @property
    def corrected(self) -> dict[str, float]:
        """Kilograms that corrections have added to each bunker so far, in the mean over the members."""
        totals = [plant.corrected for plant in self.members.plants]
        return {name: float(np.mean([total[name] for total in totals])) for name in self.capacities}

    def save(self) -> dict[str, Any]:
        """All that a later process needs to go on with the same answer, as plain data and arrays."""
        return {"members": self.members.save(), **self._own()}

    def _own(self) -> dict[str, Any]:
        parts = {"day": self._day.save(), "model_errors": self.model_errors.save(), "windows": self._windows}
        return {**parts, "seen": self.seen.copy(), "found": sorted(self._found), "impossible": self.impossible}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`save` gave, of the same scenario and following."""
        self.members.load(state["members"])
        self._day.load(state["day"])
        self.model_errors.load(state["model_errors"])
        self._windows = int(state["windows"])
        self.seen = np.array(state["seen"])
        self._found, self.impossible = set(state["found"]), int(state["impossible"])


def _biases(signals: Iterable[str], measured: Mapping[str, Measurement], following: Following) -> dict[str, Floats]:
    """By how much each member's instrument shows too much (member,), kg, where one may: no number of readings tells it, so members keep it for good."""
    found = {}
    for place, signal in enumerate(signals):
        if measured[signal].bias_deviation > 0.0:
            drawn = np.random.Generator(np.random.Philox([following.seed, 2, place])).standard_normal(following.members)
            found[signal] = measured[signal].bias_deviation * (drawn - drawn.mean()) / drawn.std(ddof=1)
    return found


def between(values: Floats, share: float = 0.9) -> tuple[float, float]:
    """Return between which two values ``share`` of what comes lies, where ``values`` are as good as it: at the positions q (n + 1) of the sorted.

    >>> between(np.arange(1.0, 20.0))
    (1.0, 19.0)
    """
    ordered, n = np.sort(values), len(values)
    places = np.array([0.5 - 0.5 * share, 0.5 + 0.5 * share]) * (n + 1) - 1.0
    low, high = np.interp(np.clip(places, 0.0, n - 1.0), np.arange(n), ordered)
    return float(low), float(high)
