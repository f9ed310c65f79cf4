"""A plant in memory: it runs on, is put back into a state of its own, and forked into futures; nothing is written.

What a what-if, a controller or a twin that looks ahead needs: a state is taken and put back without building, in less than a millisecond for a sorting line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.errors import UsageError
from twin.plant.api import load
from twin.plant.observe import Observer
from twin.plant.simulate import Simulation
from twin.plant.snapshot import restore_units, units_state
from twin.quantities import NANOSECONDS, format_quantity
from twin.scenario import Scenario
from twin.scenario.policies import PolicySpec
from twin.units.control.policy import PolicyUnit


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

    def __init__(self, scenario: Any, replication: int = 0) -> None:
        self.scenario: Scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
        self._simulation = Simulation(self.scenario, replication)
        self._built = self._simulation.built
        self._clock, self._recorder = self._built.site.clock, self._built.site.recorder
        self._clock.wall_budget = None  # how long it is kept is the caller's affair
        self._observer: Observer | None = None
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

    def answer_for(self, policy: str, decide: Callable[[tuple[float, ...]], tuple[float, ...]]) -> PolicySpec:
        """From now on ``decide(observed)`` answers for a policy of the scenario, in its place; NaN leaves a set point as it is. Returns the policy.

        Raises :class:`~twin.errors.UsageError` where the scenario has no policy of that name.
        """
        units = {unit.name: unit for unit in self._built.site.units if isinstance(unit, PolicyUnit)}
        if policy not in units:
            raise UsageError(f"the scenario has no policy {policy!r}; it has {', '.join(units) or 'none'}: write one that reads and sets what is to be decided")
        return units[policy].let_answer(decide)

    def state(self) -> PlantState:
        """Return what the plant is now. What it is at is accounted for up to now, as when a mean is observed; the run does not change by it."""
        site, now = self._built.site, self._clock.now
        self._settle(now)
        content = units_state(self._built) | {"step": self._recorder.open_step(now), "lots": site.genealogy.last if site.genealogy is not None else 0}
        return PlantState(self.time, self.scenario.sha256, self.scenario.seed, site.replication, site.forks, _detached(content))

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
