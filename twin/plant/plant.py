"""A plant in memory: it runs on, is put back into a state of its own, and forked into futures; nothing is written.

What a what-if, a controller or a twin that looks ahead needs: a state is taken and put back without building, in less than a millisecond for a sorting line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.errors import UsageError
from twin.plant.api import load
from twin.plant.corrections import Corrections
from twin.plant.imposed import ImposedInputs
from twin.plant.inside import inside_of
from twin.plant.observe import Observer
from twin.plant.simulate import Simulation
from twin.plant.snapshot import restore_units, units_state
from twin.plant.surroundings import Surroundings, surroundings
from twin.quantities import NANOSECONDS, format_quantity, parse
from twin.scenario import Scenario
from twin.scenario.places import Plain
from twin.scenario.policies import PolicySpec
from twin.units.control.policy import PolicyUnit
from twin.units.ground.inputs import Input

ENDLESS = "36525 d"
"""The horizon of a plant that has none, a century."""


@dataclass(frozen=True)
class PlantState:
    """What a plant is at an instant, apart from the plant: it can be put back as often as one likes, into any plant of the same scenario.

    ``time`` s. ``scenario`` (its SHA-256) and ``seed`` say of which plant, ``replication`` and ``forks`` whose random numbers come next.
    """

    time: float
    scenario: str
    seed: int
    replication: int
    forks: tuple[int, ...]
    content: dict[str, Any]


class Plant:
    """A plant of a scenario (or of the file of one) at its start, to be run from outside.

    >>> import twin                                              # doctest: +SKIP
    >>> plant = twin.Plant("weee_line.yaml")                     # doctest: +SKIP
    >>> plant.run(6 * 3600)                                      # doctest: +SKIP
    >>> there = plant.state()                                    # doctest: +SKIP
    >>> plant.fork(1)                                            # doctest: +SKIP
    >>> plant.run(8 * 3600)                                      # doctest: +SKIP
    >>> plant.set(there)                                         # doctest: +SKIP
    """

    def __init__(self, scenario: Any, replication: int = 0, live: bool = False) -> None:
        """``live``: it has no horizon, and its parameters may be revised while it runs."""
        self.scenario: Scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
        if live and self.scenario.horizon != parse(ENDLESS, "s"):
            self.scenario = self.scenario.change({"time.horizon": ENDLESS})
        self._simulation = Simulation(self.scenario, replication, revisable=live)
        self._built = self._simulation.built
        self._clock, self._recorder = self._built.site.clock, self._built.site.recorder
        self._clock.wall_budget = None  # how long it is kept is the caller's affair
        self._observer: Observer | None = None
        self._inputs = ImposedInputs(self.scenario, self._built)
        self._corrections = Corrections(self._built)
        self._happened: list[Input] | None = None
        self._simulation.start()

    @property
    def time(self) -> float:
        """The present time, s from the start of the scenario."""
        return self._clock.now / NANOSECONDS

    def run(self, until: float) -> None:
        """Do all events before ``until``, s from the start. Raises :class:`~twin.errors.UsageError` for a time that is past, or after the horizon."""
        stop, now, horizon = nanoseconds(until), self._clock.now, self._simulation.horizon
        if not now <= stop <= horizon:
            times = [format_quantity(time / NANOSECONDS, "s") for time in (now, horizon, stop)]
            raise UsageError(f"a plant can run on to a time from {times[0]}, where it is, to its horizon, {times[1]} (got {times[2]})")
        while self._clock.now < stop:
            upto = min(stop, self._recorder.block_end)
            self._clock.run(upto)
            if upto == self._recorder.block_end and upto < horizon:
                self._forget(upto)

    def _forget(self, now: int) -> None:
        """The block of record steps is full: what it holds is nobody's, but for its last step."""
        self._settle(now)
        self._recorder.keeps_last = True
        self._recorder.take()
        self._drop_rows()
        for bunker in self._built.site.bunkers.values():
            bunker.content.give_back()
        self._built.site.arena.tidy()

    def _drop_rows(self) -> None:
        for take in (self._recorder.take_events, self._recorder.take_batches, self._recorder.take_samples, self._recorder.take_actions):
            take()
        if self._built.site.genealogy is not None:
            self._built.site.genealogy.take()

    def _settle(self, now: int) -> None:
        """All that units are at is accounted for up to now."""
        for unit in self._built.site.units:
            unit.settle(now)
        for bunker in self._built.site.bunkers.values():
            if bunker.step_end <= now:
                self._recorder.close_steps(bunker, now)

    def observe(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return quantities now, in SI, by the names of :data:`twin.scenario.quantity_names.PATTERNS`: at the end of a record step what a file says of it."""
        if self._observer is None:
            self._observer = Observer(self._built, self._simulation.translation)
        return self._observer.observe(names)

    def observes(self, name: str) -> bool:
        """Whether the plant has this quantity: some states are there only where its calendars bring them about."""
        try:
            self.observe([name])
        except UsageError:
            return False
        return True

    def inside(self) -> dict[str, float]:
        """Return what no results file tells, by name, SI: shares of what lies in bunkers, what furnaces hold, how far parts have worn.

        The names are those of :func:`twin.plant.inside.inside_of`, as ``content.yard.steel``.
        """
        return inside_of(self._built)

    def answer_for(self, policy: str, decide: Callable[[tuple[float, ...]], tuple[float, ...]]) -> PolicySpec:
        """From now on ``decide(observed)`` answers for a policy of the scenario, in its place; NaN leaves a set point as it is. Returns the policy.

        Raises :class:`~twin.errors.UsageError` where the scenario has no policy of that name.
        """
        units = {unit.name: unit for unit in self._built.site.units if isinstance(unit, PolicyUnit)}
        if policy not in units:
            raise UsageError(f"the scenario has no policy {policy!r}; it has {', '.join(units) or 'none'}: write one that reads and sets what is to be decided")
        return units[policy].let_answer(decide)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The feeds, products with pick-ups and machines whose inputs can be imposed; of a plant that is not ``live`` only machines with failures."""
        return self._inputs.names

    @property
    def failing(self) -> tuple[str, ...]:
        """The machines that fail by chance."""
        return self._inputs.failing

    @property
    def capacities(self) -> dict[str, float]:
        """What each bunker holds at most, kg. Ladles, hoppers and tundishes that belong to furnaces are no bunkers of the scenario."""
        bunkers = self._built.site.bunkers
        return {name: bunkers[name].capacity for name in self._built.site.recorder.axes.bunkers}

    @property
    def lines(self) -> tuple[Surroundings, ...]:
        """The sorting lines, and what stands before and behind each."""
        return surroundings(self._built)

    @property
    def machines(self) -> dict[str, tuple[str, ...]]:
        """The machines of each sorting line, by name."""
        return {line.name: tuple(machine.name for machine in line.machines) for line in self._built.lines}

    def impose(self, names: Iterable[str] | None = None) -> None:
        """From now on nothing is drawn of what these bring: trucks come by :meth:`deliver` and :meth:`pick_up`, machines stop by :meth:`stop`; None: of all.

        What trucks have unloading or loading goes on. Whoever repairs a machine that is down then goes to others. Raises
        :class:`~twin.errors.UsageError` for a name that is none of :attr:`inputs`.
        """
        self._inputs.impose(self.inputs if names is None else names, self._clock.now)

    def release(self, names: Iterable[str] | None = None) -> None:
        """From now on they are drawn again, given what has happened and what has not: no truck since the last, no failure since the last repair."""
        self._inputs.release(self.inputs if names is None else names, self._clock.now)

    def deliver(self, feed: str, mass: float, composition: Mapping[str, float] | None = None) -> None:
        """A truck of ``mass`` kg is there now; ``composition``: mass fractions by material, None to draw what is on it as the scenario says."""
        self._inputs.deliver(feed, mass, composition, self._clock.now)

    def pick_up(self, product: str, mass: float) -> None:
        """A truck that takes up to ``mass`` kg of a product is there now."""
        self._inputs.pick_up(product, mass, self._clock.now)

    def stop(self, machine: str, copy: int = 0) -> None:
        """A copy of a machine whose stops are imposed goes down now, until :meth:`restart`."""
        self._inputs.stop(machine, copy, self._clock.now)

    def restart(self, machine: str, copy: int = 0) -> None:
        """It works again from now on."""
        self._inputs.restart(machine, copy, self._clock.now)

    def happened(self) -> list[Input]:
        """The deliveries, pick-ups, stops and restarts that happened by chance since the last call; the first call begins to listen."""
        if self._happened is None:
            self._happened = []
            self._inputs.listen(self._happened.append)
        rows = list(self._happened)
        self._happened.clear()
        return rows

    def apply(self, happened: Iterable[Input], until: float) -> None:
        """Run on to ``until`` s, and let on the way happen what happened elsewhere: rows of :meth:`happened` of another plant, in the order of time.

        What was imposed is taken; a row before now happens now. Raises :class:`~twin.errors.UsageError` for a row after ``until``.
        """
        for row in happened:
            time = row.time / NANOSECONDS
            if time > until:
                raise UsageError(f"{row.what} of {row.unit} at {format_quantity(time, 's')} is after {format_quantity(until, 's')}, to which the plant runs")
            self.run(max(time, self.time))
            self._inputs.apply(row, self._clock.now)
        self.run(until)

    def correct(self, bunker: str, level: float) -> float:
        """A bunker holds ``level`` kg from now on, as somebody measured it; returns what that added, kg.

        There is more or less of all that lies in it; what is added to an empty one has the shares that it held last. It never holds more than fits. No
        mass balance knows what is added: :attr:`corrected` sums it up. Raises :class:`~twin.errors.UsageError` for a bunker that there is not.
        """
        return self._corrections.correct(bunker, level, self._clock.now)

    @property
    def corrected(self) -> dict[str, float]:
        """What corrections have added to each bunker so far, kg."""
        return dict(self._corrections.added)

    def revise(self, changes: Mapping[str, Plain]) -> None:
        """From now on parameters of the scenario are these, by path and as a timed event writes them; the rest is as the scenario says.

        They belong to the state. Raises :class:`~twin.errors.ScenarioError` where one is wrong or cannot change while the plant runs, and
        :class:`~twin.errors.UsageError` where the plant is not ``live``.
        """
        self._inputs.revise(changes, self._clock.now)

    def state(self) -> PlantState:
        """Return what the plant is now. What it is at is accounted for up to now, as when a mean is observed; the run does not change by it."""
        site, now = self._built.site, self._clock.now
        self._settle(now)
        content = units_state(self._built) | {"step": self._recorder.open_step(now), "lots": site.genealogy.last if site.genealogy is not None else 0}
        content["corrections"] = self._corrections.save()
        return PlantState(self.time, self.scenario.sha256, self.scenario.seed, site.replication, site.forks, _detached(content))

    def state_of(self, content: dict[str, Any]) -> PlantState:
        """A state of this plant from its stored content."""
        site = self._built.site
        return PlantState(content["now"] / NANOSECONDS, self.scenario.sha256, self.scenario.seed, site.replication, site.forks, content)

    def set(self, state: PlantState, replication: int | None = None) -> None:
        """Be what the plant was in ``state``, to the last bit; ``replication``: whose random numbers come next, where they are not those of the state.

        Raises :class:`~twin.errors.UsageError` for the state of another scenario.
        """
        if (state.scenario, state.seed) != (self.scenario.sha256, self.scenario.seed):
            raise UsageError(
                f"the state is of another plant (scenario {state.scenario[:12]}…, seed {state.seed}) than this one "
                f"({self.scenario.sha256[:12]}…, seed {self.scenario.seed}); set it in a plant of its own scenario"
            )
        site, content = self._built.site, state.content
        site.take_from(state.replication if replication is None else replication, state.forks)
        self._recorder.go_on(content["now"], self._clock.now, content["step"])
        if site.genealogy is not None:
            site.genealogy.take()
            site.genealogy.last = content["lots"]
        restore_units(self._built, content)
        self._corrections.load(content["corrections"])

    def fork(self, member: int, redraw: bool = False) -> None:
        """From now on take the random numbers of a future with the number ``member``, which are no other's, and the same whenever it is taken.

        What is drawn and has not happened yet, as the next failure, stays; with ``redraw`` it is drawn anew, given that it has not happened by now. Two plants
        that are forked alike from one state share their future: compare a change with going on as is in such pairs.
        """
        if not 0 <= member < 1 << 32:
            raise UsageError(f"a fork has a number from 0 to {(1 << 32) - 1} (got {member})")
        site, now = self._built.site, self._clock.now
        site.take_from(site.replication, (*site.forks, member))
        if redraw:
            self._settle(now)
            for unit in site.units:
                unit.redraw(now)


def _detached(value: Any) -> Any:
    """The same data, with no array, list or dict of the plant's."""
    if isinstance(value, dict):
        return {key: _detached(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_detached(part) for part in value]
    return value.copy() if isinstance(value, np.ndarray) else value
