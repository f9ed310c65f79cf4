"""The verdict: the selected setting, the runner-up and the base on fresh random numbers, pair by pair, in a number of runs that was fixed beforehand.

Nothing that was chosen by its runs is judged by them again: search, choice and verdict have replications of their own. So a setting that is no better than the
base is called better in 2.5 of 100 studies, whatever was tried before (a paired interval at 95 %, one side).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.fit.optimise.chance import Kept, design_effect, kept_of
from twin.fit.optimise.problem import CASH, FRESH, SURE, Objective, Observation, Problem, Request, Runs
from twin.fit.optimise.selection import Choice
from twin.fit.optimise.space import Setting
from twin.study.statistics import Interval, student_interval
from twin.study.verdicts import WITHHELD, Change, change_of, opposed

BETTER, NOT_KEPT = "better", "not kept"


@dataclass(frozen=True)
class Fresh:
    """A setting on fresh random numbers (None: the base): each objective's mean with its interval, by name, and what is known of the limits."""

    setting: Setting | None
    runs: tuple[Observation | None, ...]
    intervals: dict[str, Interval | None]
    kept: tuple[Kept, ...]

    @property
    def keeps(self) -> bool:
        """Whether every limit is surely kept."""
        return all(one.sure >= SURE for one in self.kept)

    @property
    def breaks(self) -> bool:
        """Whether a limit is surely broken."""
        return any(one.sure <= 1.0 - SURE for one in self.kept)


@dataclass(frozen=True)
class Verdict:
    """``best`` and ``runner_up`` (None where there is none) beside the ``base``: ``over_base`` and ``over_runner_up`` are paired differences of the
    objective, as it is, not turned; ``choice`` says how sure the selection is."""

    objective: Objective
    choice: Choice
    base: Fresh
    best: Fresh
    runner_up: Fresh | None
    over_base: Change
    over_runner_up: Change | None
    cash: Change | None = None
    """Of the margin: by how much what was paid in the window differs from the base."""

    @property
    def word(self) -> str:
        """``better``, ``worse``, ``no change``, ``cannot tell``, ``not kept`` where the setting does not surely keep the limits, or ``withheld`` where what was
        paid points the other way than the margin."""
        if self.best.keeps and self.cash is not None and opposed(self.over_base, self.cash):
            return WITHHELD
        return self.over_base.verdict or "cannot tell" if self.best.keeps else NOT_KEPT

    @property
    def claims(self) -> bool:
        """Whether it is said that the setting is better than the base."""
        return self.word == BETTER


def judge(problem: Problem, choice: Choice, runs: Runs) -> Verdict:
    """Run base, best and runner-up on fresh random numbers and compare them."""
    rival = choice.runner_up
    settings = [None, choice.best.finalist.setting, *([] if rival is None else [rival.finalist.setting])]
    base, best, *more = fresh_runs(problem, settings, runs)
    objective = problem.objectives[0]
    runner_up = more[0] if more else None
    over = None if runner_up is None else difference(objective, runner_up, best)
    cash = difference(Objective(CASH[objective.name]), base, best) if objective.name in CASH else None
    known = cash if cash is not None and not math.isnan(cash.difference) else None
    return Verdict(objective, choice, base, best, runner_up, difference(objective, base, best), over, known)


def fresh_runs(problem: Problem, settings: Sequence[Setting | None], runs: Runs) -> list[Fresh]:
    """Return settings on ``problem.effort.confirm`` fresh replications each, the same for all."""
    number = problem.effort.confirm
    seen = runs.make([Request(one, FRESH + k, "verdict") for k in range(number) for one in settings])
    own = [tuple(seen[place :: len(settings)]) for place in range(len(settings))]
    groups = [[run for run in found if run is not None] for found in own]
    effects = [design_effect(limit, groups) if limit.share is not None else 1.0 for limit in problem.limits]
    found = []
    for setting, every, known in zip(settings, own, groups, strict=True):
        intervals = {o.name: student_interval([v for v in _values(o, every) if not math.isnan(v)]) for o in problem.objectives}
        found.append(Fresh(setting, every, intervals, tuple(kept_of(limit, known, e) for limit, e in zip(problem.limits, effects, strict=True))))
    return found


def _values(objective: Objective, runs: Sequence[Observation | None]) -> list[float]:
    return [math.nan if run is None else run.values.get(objective.name, math.nan) for run in runs]


def difference(objective: Objective, base: Fresh, other: Fresh, confidence: float = 0.95) -> Change:
    """Return how an objective differs between two settings, pair by pair."""
    return change_of(_values(objective, base.runs), _values(objective, other.runs), "paired", objective.sense, confidence)
