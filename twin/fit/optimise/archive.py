"""What was tried, with what came out: the memory of a search."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.fit.optimise.problem import Limit, Objective, Observation, Problem
from twin.fit.optimise.space import Setting
from twin.study.statistics import mean_of


@dataclass(frozen=True)
class Trial:
    """A setting that the search ran, and what it showed; ``observation`` is None where the run failed. ``by``: base, all, sobol, tpe or surrogate."""

    setting: Setting
    observation: Observation | None
    by: str


@dataclass
class Archive:
    """The trials of a search, in order."""

    problem: Problem
    trials: list[Trial] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def times(self, setting: Setting) -> int:
        """How often a setting was tried."""
        return sum(trial.setting == setting for trial in self.trials)

    @property
    def usable(self) -> list[Trial]:
        """The trials that have a value of every objective and limit."""
        return [trial for trial in self.trials if trial.observation is not None and self.is_whole(trial.observation)]

    def is_whole(self, seen: Observation) -> bool:
        """Whether every objective and limit has a value."""
        goals = [goal_of(objective, seen) for objective in self.problem.objectives]
        slacks = [slack_of(limit, seen) for limit in self.problem.limits]
        return not any(math.isnan(number) for number in (*goals, *slacks))


def goal_of(objective: Objective, seen: Observation) -> float:
    """Return the value of an objective, turned so that more is better; NaN where there is none."""
    return objective.sense * seen.values.get(objective.name, math.nan)


def slack_of(limit: Limit, seen: Observation) -> float:
    """Return by how much a run kept a limit, negative where it did not: in its unit, or as the share of periods beyond the share that must keep it."""
    if limit.share is None:
        return limit.sense * (seen.values.get(limit.name, math.nan) - limit.value)
    kept = judged(limit, seen)
    return mean_of([float(one) for one in kept]) - limit.share if kept else math.nan


def judged(limit: Limit, seen: Observation) -> list[bool]:
    """Return of every period that has a value whether it kept a limit."""
    return [limit.keeps(value) for value in seen.periods.get(limit.key, ()) if not math.isnan(value)]
