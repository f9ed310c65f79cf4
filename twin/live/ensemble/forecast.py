"""What comes: the members' plants run on, with chance drawn anew given what has happened, and what a change would make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from twin.errors import UsageError
from twin.live.ensemble.estimate import LEVEL, Ensemble, between
from twin.live.ensemble.model_error import MOVES
from twin.live.ensemble.parameters import Changes
from twin.plant.plant import Plant, PlantState
from twin.scenario import Scenario
from twin.scenario.places import Plain

Floats = NDArray[np.float64]
HOUR = 3600.0
MOST_FUTURES = 65536
ERRING = 4
"""Of random numbers: those of the model's error in futures."""
LEADS = (1 * HOUR, 8 * HOUR, 24 * HOUR, 168 * HOUR)
"""One hour, a shift, a day and a week, s."""


@dataclass(frozen=True)
class Forecast:
    """``values`` (member, lead, quantity), SI, at ``leads`` s after ``time`` s. ``stops`` (member, lead, machine): how many began by then."""

    time: float
    leads: tuple[float, ...]
    quantities: tuple[str, ...]
    values: Floats
    machines: tuple[str, ...]
    stops: Floats

    def fan(self, quantity: str, share: float = 0.9) -> list[tuple[float, float, float]]:
        """Return (low, median, high) at each lead."""
        column = self._column(quantity)
        found = []
        for row in range(len(self.leads)):
            values = self.values[:, row, column]
            low, high = between(values, share)
            found.append((low, float(np.median(values)), high))
        return found

    def expected_stops(self, machine: str) -> list[float]:
        """How many stops of a machine begin up to each lead, in the mean."""
        if machine not in self.machines:
            raise UsageError(f"the forecast has no stops of {machine!r}; it has those of {', '.join(self.machines) or 'nothing'}")
        return [float(count) for count in self.stops[:, :, self.machines.index(machine)].mean(axis=0)]

    def chance(self, quantity: str, above: float) -> list[float]:
        """Return the share of members in which a quantity is at least ``above``, at each lead: as of a bay that is full."""
        return [float(share) for share in (self.values[:, :, self._column(quantity)] >= above).mean(axis=0)]

    def time_to(self, quantity: str, value: float) -> tuple[float, float, float]:
        """Return (low, median, high) of the time, s after now, when a quantity first is at or beyond ``value``, seen at the leads only; inf: not by then."""
        values = self.values[:, :, self._column(quantity)]
        reached = values >= value if np.median(values[:, 0]) < value else values <= value
        first = np.where(reached.any(axis=1), np.array(self.leads)[reached.argmax(axis=1)], np.inf)
        ordered = np.sort(first)
        n = len(ordered)
        return tuple(float(ordered[min(max(round(q * (n + 1)) - 1, 0), n - 1)]) for q in (0.05, 0.5, 0.95))  # type: ignore[return-value]

    def _column(self, quantity: str) -> int:
        if quantity not in self.quantities:
            raise UsageError(f"the forecast has no {quantity!r}; it has {', '.join(self.quantities)}")
        return self.quantities.index(quantity)


@dataclass(frozen=True)
class Standing:
    """Where an ensemble stood at ``time`` s, apart from it: what is asked of this may take its time while the ensemble goes on."""

    time: float
    scenario: Scenario
    capacities: Mapping[str, float]
    imposed: tuple[str, ...]
    changes: Changes
    values: Floats
    states: tuple[PlantState, ...]
    seed: int
    window: float
    model_errors: Mapping[str, float]
    """Of each bunker whose level is measured: by how much it errs anew in a window in which it moves, kg."""

    @property
    def moment(self) -> int:
        """The number of the window. Futures are of it: what was drawn badly for one forecast is not drawn again for all later ones."""
        return round(self.time / self.window)


def standing(ensemble: Ensemble) -> Standing:
    """Return where an ensemble stands now."""
    members = ensemble.members
    states = tuple(plant.state() for plant in members.plants)
    following, where = ensemble.following, ensemble.time
    errors = {bunker: share * ensemble.capacities[bunker] for bunker, share in ensemble.model_deviations().items()}
    own = (members.scenario, ensemble.capacities, members.imposed, members.changes, members.values.copy(), states)
    return Standing(where, *own, following.seed, following.window, errors)


def forecast(
    ensemble: Ensemble | Standing,
    quantities: Sequence[str] | None = None,
    leads: Sequence[float] = LEADS,
    change: Mapping[str, Plain] | None = None,
    *,
    number: int = 0,
    futures: int | None = None,
    as_model: bool = False,
) -> Forecast:
    """Run a plant on from each member's state, with all that is pending drawn anew, to ``leads`` s from now, and read ``quantities`` there (None: all levels).

    ``change``: parameters that are other from now on. ``number``: of the future; from the same moment the same number gives the same one, changed or not.
    ``futures``: how many (None: one of each member); more than there are members begin again at the first. The ensemble itself stays where it is.

    Levels that are measured err anew in each window in which they move, by what was learnt of the model (:mod:`twin.live.ensemble.model_error`); ``as_model``:
    they do not.
    """
    there = ensemble if isinstance(ensemble, Standing) else standing(ensemble)
    ordered = tuple(leads)
    if not ordered or any(not lead > before for before, lead in zip((0.0, *ordered), ordered, strict=False)):
        raise UsageError(f"leads are times after now in rising order (got {', '.join(f'{lead:g} s' for lead in ordered) or 'none'})")
    count = len(there.states) if futures is None else futures
    if not 2 <= count <= MOST_FUTURES:
        raise UsageError(f"from 2 to {MOST_FUTURES} futures are possible (got {count})")
    names = tuple(quantities) if quantities is not None else tuple(f"{LEVEL}{name}" for name in there.capacities)
    ahead = Plant(there.scenario, live=True)
    machines = tuple(machine for line in ahead.machines.values() for machine in line if machine in ahead.failing)
    values, stops = np.zeros((count, len(ordered), len(names))), np.zeros((count, len(ordered), len(machines)))
    for row in range(count):
        member = row % len(there.states)
        ahead.set(there.states[member])
        ahead.fork(there.moment)
        ahead.fork(number * MOST_FUTURES + row, redraw=True)
        if change:
            ahead.revise({**there.changes.of(there.values[member].tolist()), **change})
        ahead.release(there.imposed)
        ahead.happened()
        begun = dict.fromkeys(machines, 0)
        errs = _Errs(ahead, there, number * MOST_FUTURES + row) if not as_model and there.model_errors else None
        for k, lead in enumerate(ordered):
            _run(ahead, there.time + lead, there.window, errs)
            for happened in ahead.happened():
                if happened.what == "stop" and happened.unit in begun:
                    begun[happened.unit] += 1
            values[row, k] = ahead.observe(names)
            stops[row, k] = list(begun.values())
    return Forecast(there.time, ordered, names, values, machines, stops)


class _Errs:
    """Lets the levels of a plant that looks ahead err as the model does: as much in each window in which they move as members are told apart."""

    def __init__(self, plant: Plant, there: Standing, future: int) -> None:
        self._plant = plant
        self._chance = np.random.Generator(np.random.Philox([there.seed, ERRING, future]))
        self._errors, self._capacities = there.model_errors, there.capacities
        self._names = [f"{LEVEL}{bunker}" for bunker in self._errors]
        self._before = plant.observe(self._names)

    def step(self, windows: float) -> None:
        """A window is over, or a part of one."""
        after = self._plant.observe(self._names)
        drawn = np.sqrt(windows) * self._chance.standard_normal(len(after))
        for (bunker, error), before, level, noise in zip(self._errors.items(), self._before.tolist(), after.tolist(), drawn.tolist(), strict=True):
            capacity = self._capacities[bunker]
            if abs(level - before) > MOVES * capacity:
                self._plant.correct(bunker, min(max(level + error * noise, 0.0), capacity))
        self._before = self._plant.observe(self._names)


def _run(plant: Plant, until: float, window: float, errs: _Errs | None) -> None:
    """Run on to ``until`` s, window by window where levels err."""
    while errs is not None and plant.time + window <= until:
        plant.run(plant.time + window)
        errs.step(1.0)
    rest = until - plant.time
    plant.run(until)
    if errs is not None and rest > 0.0:
        errs.step(rest / window)


@dataclass(frozen=True)
class Difference:
    """Of a quantity at a lead: what a change makes of it, in the mean, with an interval that holds it in 95 of 100 cases as far as chance goes."""

    quantity: str
    lead: float
    mean: float
    low: float
    high: float


def what_if(
    ensemble: Ensemble | Standing,
    change: Mapping[str, Plain],
    quantities: Sequence[str] | None = None,
    leads: Sequence[float] = (24 * HOUR,),
    pairs: int | None = None,
) -> list[Difference]:
    """Return what a change from now on makes of quantities, against going on as is: in ``pairs`` (None: one a member) that share their future.

    What the model gets wrong is not in it: the same would happen to both.
    """
    there = ensemble if isinstance(ensemble, Standing) else standing(ensemble)
    changed = forecast(there, quantities, leads, change, futures=pairs, as_model=True)
    as_is = forecast(there, quantities, leads, futures=pairs, as_model=True)
    found = []
    n = len(as_is.values)
    student = float(stdtrit(n - 1, 0.975))
    for k, lead in enumerate(as_is.leads):
        for column, name in enumerate(as_is.quantities):
            apart = changed.values[:, k, column] - as_is.values[:, k, column]
            mean, half = float(np.mean(apart)), student * float(np.std(apart, ddof=1)) / np.sqrt(n)
            found.append(Difference(name, lead, mean, float(mean - half), float(mean + half)))
    return found


def crps(values: Floats, true: float) -> float:
    """Return the fair continuous ranked probability score of members (n,): the mean distance to what came less half of that between two of them.

    (C. A. T. Ferro, Q. J. R. Meteorol. Soc. 140 (2014) 1917: no better for a small ensemble than for a large one.)

    >>> crps(np.array([1.0, 3.0]), 2.0)
    0.0
    """
    n = len(values)
    ordered = np.sort(values)
    between_two = 2.0 * float(np.sum((2.0 * np.arange(n) - n + 1.0) * ordered)) / (n * (n - 1))
    return float(np.mean(np.abs(values - true))) - 0.5 * between_two
