"""A plant as a Gymnasium environment: somebody else answers for one of its policies, and is paid by what the plant does.

What is observed and what may be set is what the policy declares in the scenario; nothing else of the plant is reached. It is for finding a controller. A
figure to be cited comes from a run whose scenario names the controller as a policy: a run asks nobody outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.plant.plant import Plant, PlantState
from twin.quantities import format_quantity
from twin.scenario import Scenario

try:
    import gymnasium
    from gymnasium.vector import SyncVectorEnv
except ImportError as error:
    raise UsageError("an environment needs Gymnasium: pip install 'twin[control]'") from error

Floats = NDArray[np.float64]
MEMBERS = 1 << 32
"""Futures that an episode may be of."""


@dataclass
class _Shared:
    """One plant for several environments: ``holder`` is the one whose state it is in, ``answer`` what is answered next, in SI."""

    plant: Plant
    holder: PlantEnvironment | None = None
    answer: tuple[float, ...] = ()


class PlantEnvironment(gymnasium.Env[Floats, Floats]):
    """An episode is a future of the plant, forked from one state with all that is pending drawn anew.

    ``policy``: which of the scenario's policies is answered for; it must be asked by the clock alone. Each step lasts as long as its ``every``. An
    observation is what the policy reads, in SI and in its order (0 where it has no value). An action has a number from -1 to 1 for each set point, from its
    lower bound to its upper one; what lies outside is cut to the bounds, a range limiter that knows nothing else of the plant.

    ``reward``: EUR for each unit of a quantity in SI that holds for an hour, by name, e.g. ``{"flow.mill.fine": 0.1 * 3600}`` for 0.1 EUR a kg. A mean is
    that of each record step, so ``every`` must be a whole number of these. ``start``: s, when episodes begin, rounded up to a step; ``length``: s, after which
    they are cut off. Raises :class:`~twin.errors.UsageError` for a policy that is not there, or not asked so, and for quantities that are not known.
    """

    def __init__(self, scenario: Any, policy: str, reward: Mapping[str, float], *, start: float = 0.0, length: float = 86400.0) -> None:
        plant = Plant(scenario)
        self.scenario: Scenario = plant.scenario
        self._shared = _Shared(plant)
        spec = plant.answer_for(policy, lambda _: self._shared.answer)
        if spec.asking.every is None or spec.asking.thresholds or spec.asking.lots or spec.asking.trucks:
            raise UsageError(f"policies.{policy} must be asked by the clock alone to be answered from outside; give it 'every' and no 'ask'")
        self.every, self.reads, self.points = spec.asking.every, spec.reads, spec.sets
        self._record = self._step_within(policy)
        self._prices = dict(reward)
        plant.observe([*self.reads, *self._prices])  # unknown names are refused here
        self._start = self._begin(start)
        self._length, self._ends = length, self._start.time
        self._state = self._start
        low, high = -np.ones(len(self.points)), np.ones(len(self.points))
        self.action_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (len(self.reads),), dtype=np.float64)

    def _step_within(self, policy: str) -> float:
        """The record step, of which the policy's must be a whole number."""
        scenario = self.scenario
        record = scenario.record.every if scenario.record.every is not None else scenario.horizon
        steps = self.every / record
        if abs(steps - round(steps)) > 1e-9 or steps < 0.5:
            shown = [format_quantity(value, "s") for value in (self.every, record)]
            raise UsageError(
                f"policies.{policy} is asked every {shown[0]}, which is no whole number of record steps of {shown[1]}; set record.every to a part of it"
            )
        return record

    def _begin(self, start: float) -> PlantState:
        """The plant at the first asking at or after ``start``; until then the set points are as the scenario has them."""
        plant, shared = self._shared.plant, self._shared
        shared.answer = (float("nan"),) * len(self.points)
        plant.run(max(1.0, np.ceil(start / self.every)) * self.every)
        return plant.state()

    def _held(self) -> Plant:
        """The plant, in the state of this environment."""
        shared = self._shared
        if shared.holder is not self:
            if shared.holder is not None:
                shared.holder._state = shared.plant.state()
            shared.plant.set(self._state)
            shared.holder = self
        return shared.plant

    def _observed(self, plant: Plant) -> Floats:
        return np.nan_to_num(plant.observe(self.reads), nan=0.0)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Floats, dict[str, Any]]:
        """Begin an episode: the future of ``options["member"]``, or one that ``seed`` and the episodes since draw; ``options["state"]``: from there."""
        super().reset(seed=seed)
        given = options or {}
        member = int(given["member"]) if "member" in given else int(self.np_random.integers(MEMBERS))
        self._state = given.get("state", self._start)
        self._shared.holder = None if self._shared.holder is self else self._shared.holder
        plant = self._held()
        plant.fork(member, redraw=True)
        self._ends = min(plant.time + self._length, self.scenario.horizon)
        return self._observed(plant), {"time": plant.time, "member": member}

    def step(self, action: Floats) -> tuple[Floats, float, bool, bool, dict[str, Any]]:
        """Answer once, and let the plant run to the next asking."""
        plant = self._held()
        asked = [point.low + 0.5 * (float(part) + 1.0) * (point.high - point.low) for point, part in zip(self.points, action, strict=True)]
        self._shared.answer = tuple(asked)
        earned, until = 0.0, min(plant.time + self.every, self._ends)
        while plant.time < until:
            before = plant.time
            plant.run(min(before + self._record, until))
            values = np.nan_to_num(plant.observe(list(self._prices)), nan=0.0)
            for value, price in zip(values.tolist(), self._prices.values(), strict=True):
                earned += price * value * (plant.time - before) / 3600.0
        limited = {point.path: point.limited(value) for point, value in zip(self.points, asked, strict=True)}
        return self._observed(plant), earned, False, plant.time >= self._ends, {"time": plant.time, "set": limited}

    def another(self) -> PlantEnvironment:
        """An environment of the same plant, with a state of its own: they take turns, so that many cost one building."""
        other = PlantEnvironment.__new__(PlantEnvironment)
        other.__dict__.update(self.__dict__)
        other._state = self._start
        other._np_random = None
        return other


def environments(environment: PlantEnvironment, count: int) -> SyncVectorEnv[Any, Any]:
    """Return ``count`` environments of one plant as one, each with a future of its own."""
    return SyncVectorEnv([environment.another for _ in range(count)])
