"""Five stated problems with known best settings and noise, through the machinery of ``twin optimise``; the five of issue 17, from the prototype of this topic.

smooth: one broad hill; chance: the best lies where 12 weeks keep a limit with a probability of 0.9; count: how many trucks, a whole number, and a buffer; ridge: six
numbers, two of which belong together; hills: the broad hill is not the higher one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from twin.fit.optimise.engine import FunctionRuns, Outcome, optimise_one
from twin.fit.optimise.problem import Effort, Limit, Objective, Observation, Problem
from twin.fit.optimise.space import Range, Setting, Space

WEEKS = 12
SHARE = 0.9


def smooth(x: np.ndarray) -> float:
    return float(1.0 - 3.0 * (x[0] - 0.6) ** 2 - 2.0 * (x[1] - 0.4) ** 2 - 1.5 * (x[0] - 0.6) * (x[1] - 0.4))


def rate(x: np.ndarray) -> float:
    return float(0.9 * x[0] + 0.1 * x[1])


def keeps(x: np.ndarray) -> float:
    """The probability that a week keeps the limit."""
    return float(stats.norm.cdf((1.0 - 1.2 * x[0] + 0.25 * x[1]) / 0.25))


def trucks(x: np.ndarray) -> float:
    demand = stats.poisson.pmf(np.arange(40), 4.0 * (1.0 + 0.5 * x[1]))
    return float((np.minimum(np.arange(40), x[0]) @ demand - 0.35 * x[0] - 0.3 * x[1]) / 2.0)


def ridge(x: np.ndarray) -> float:
    return float(1.0 - 1.2 * np.sum((x - 0.5 - 0.2 * np.sin(np.arange(6))) ** 2) - 0.8 * (x[0] - x[1] - 0.2) ** 2)


def hills(x: np.ndarray) -> float:
    broad, narrow = (x[0] - 0.25) ** 2 + (x[1] - 0.3) ** 2, (x[0] - 0.8) ** 2 + (x[1] - 0.75) ** 2
    return float(0.7 * math.exp(-broad / 0.08) + math.exp(-narrow / 0.012))


@dataclass(frozen=True)
class Case:
    """A function of settings in the unit cube (the first of ``trucks`` is whole, 0 to 9), the standard deviation of a run, and whether there is a limit."""

    name: str
    size: int
    true: Callable[[np.ndarray], float]
    noise: float
    chance: Callable[[np.ndarray], float] | None = None
    whole: bool = False

    @property
    def space(self) -> Space:
        ends = [Range(f"x{k}", "1", low=0.0, high=9.0 if self.whole and k == 0 else 1.0, whole=self.whole and k == 0) for k in range(self.size)]
        return Space(tuple(ends))

    def observe(self, values: Mapping[str, float], draw: np.random.Generator) -> Observation:
        x = np.array(list(values.values()))
        seen = self.true(x) + self.noise * draw.standard_normal()
        if self.chance is None:
            return Observation({"y": seen})
        return Observation({"y": seen}, {"week.purity": tuple(float(one) for one in draw.random(WEEKS) < self.chance(x))})

    def best(self) -> float:
        """The true value of the best setting (that keeps the limit), by a dense search."""
        points = stats.qmc.Sobol(self.size, seed=0).random(2**13 if self.size < 4 else 2**15)
        if self.whole:
            points[:, 0] = np.minimum(np.floor(points[:, 0] * 10), 9)
        values = np.array([self.true(x) if self.chance is None or self.chance(x) >= SHARE else -math.inf for x in points])
        if self.chance is not None or self.whole:
            return float(values.max())
        found = optimize.minimize(lambda x: -self.true(np.clip(x, 0, 1)), points[values.argmax()], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
        return float(-found.fun)

    def problem(self, effort: Effort, seed: int) -> Problem:
        limits = () if self.chance is None else (Limit("purity", 0.5, 1, share=SHARE),)
        return Problem(self.space, (Objective("y", 1, 0.01),), limits, effort, seed)

    def run(self, effort: Effort, seed: int) -> Outcome:
        return optimise_one(self.problem(effort, seed), FunctionRuns(self.observe, {f"x{k}": 0.5 for k in range(self.size)}, seed))

    def by_sobol(self, effort: Effort, seed: int) -> Outcome:
        """The same with a Sobol' sequence for the whole search."""
        return self.run(replace(effort, start=effort.budget), seed)

    def regret(self, setting: Setting, best: float) -> float:
        return best - self.true(np.array(setting.values))


CASES = (
    Case("smooth", 2, smooth, 0.05),
    Case("chance", 2, rate, 0.05, keeps),
    Case("count", 2, trucks, 0.10, whole=True),
    Case("ridge", 6, ridge, 0.05),
    Case("hills", 2, hills, 0.05),
)
