"""The choice among finalists: runs go where the choice is open, until the best is selected with 95 % probability, or the runs that were set aside are spent.

All finalists meet the same replications, so that what decides is the spread of differences. Runs are shared out by optimal computing budget allocation (C.-H.
Chen, J. Lin, E. Yucesan & S. E. Chick 2000) with that spread: to a finalist as the square of spread over gap, to the best one as much as to any. The
probability of a right selection is 1 less the sum over the others of the probability that they are better by more than the indifference zone (Bonferroni), by
Student's distribution of the mean difference. A finalist that surely breaks a limit is out; one that may break it is not selected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twin.errors import RunError
from twin.fit.optimise.archive import goal_of
from twin.fit.optimise.chance import Kept, design_effect, kept_of, sure_above
from twin.fit.optimise.problem import SELECTION, SURE, Observation, Problem, Request, Runs
from twin.fit.optimise.space import Setting
from twin.study.statistics import mean_of, student_interval

EVEN, LEAST = 0.5, 0.005
"""The share of the runs that goes evenly to all finalists which may still be selected: limits that are open have no gap to be weighed by; and the probability
below which a finalist may not."""
NORMAL = 1.96
FIRST = 5
"""Runs of each finalist before anything is judged."""
ZONE = 0.01
"""The indifference zone where none is stated: this share of the best mean."""


@dataclass
class Finalist:
    """A setting in the choice; ``runs`` by replication, None where one failed."""

    setting: Setting
    runs: list[Observation | None] = field(default_factory=list)

    @property
    def seen(self) -> list[Observation]:
        """The runs that have a result."""
        return [run for run in self.runs if run is not None]


@dataclass(frozen=True)
class Judged:
    """A finalist as judged: the ``mean`` of the objective, turned so that more is better, what is known of the limits, and ``better``, the probability that
    it is better than the best one by more than the zone."""

    finalist: Finalist
    mean: float
    kept: tuple[Kept, ...]
    better: float = 0.0
    spread: float = 0.0
    """Of the difference to the best one, from run to run."""

    @property
    def sure(self) -> float:
        """The probability that all limits are kept, at least."""
        return max(0.0, 1.0 - math.fsum(1.0 - one.sure for one in self.kept))


@dataclass(frozen=True)
class Choice:
    """What the selection says: finalists from the best to the worst, those that may break a limit behind those that do not; ``probability`` that the first was
    rightly selected within ``zone``; ``spent`` runs."""

    judged: tuple[Judged, ...]
    probability: float
    zone: float
    spent: int

    @property
    def best(self) -> Judged:
        """The one that was selected."""
        return self.judged[0]

    @property
    def needed(self) -> int:
        """About how many runs of each finalist would bring the probability to 95 %, if means and spreads stay as found (normal, one side)."""
        rivals = [one for one in self.judged[1:] if one.sure > 1.0 - SURE and one.mean > -math.inf]
        each = [(NORMAL * one.spread / (max(self.best.mean - one.mean, 0.0) + self.zone)) ** 2 for one in rivals if self.zone > 0.0]
        return math.ceil(max(each, default=0.0))

    @property
    def keeps(self) -> bool:
        """Whether the best one surely keeps all limits."""
        return self.best.sure >= SURE

    @property
    def runner_up(self) -> Judged | None:
        """The second one: the best of those that may keep the limits."""
        return next((one for one in self.judged[1:] if one.sure > 1.0 - SURE), self.judged[1] if len(self.judged) > 1 else None)


def select(problem: Problem, settings: Sequence[Setting], runs: Runs) -> Choice:
    """Run finalists until the best is selected with 95 % probability or ``problem.effort.select`` runs are made.

    Raises :class:`~twin.errors.RunError` where no run of any gives a value of the objective.
    """
    contest = [Finalist(setting) for setting in settings]
    first = max(2, min(FIRST, problem.effort.select // len(contest)))
    _make(runs, [(one, first) for one in contest])
    spent = first * len(contest)
    while not _valued(problem, contest) and problem.effort.select - spent >= len(contest):
        _make(runs, [(one, 1) for one in contest])
        spent += len(contest)
    check_values(problem, [one.seen for one in contest], len(contest[0].runs))
    while True:
        choice = _choice(problem, contest, spent)
        left = problem.effort.select - spent
        if left <= 0 or (choice.probability >= SURE and choice.keeps):
            return choice
        more = _shared_out(choice, min(problem.effort.batch, left))
        _make(runs, [(one, count) for one, count in zip(contest, [more(one) for one in contest], strict=True) if count])
        spent += min(problem.effort.batch, left)


def _valued(problem: Problem, contest: Sequence[Finalist]) -> bool:
    """Whether any run of any finalist gave a value of the objective."""
    return any(not math.isnan(goal_of(problem.objectives[0], run)) for one in contest for run in one.seen)


def check_values(problem: Problem, seen: Sequence[Sequence[Observation]], each: int) -> None:
    """Raise :class:`~twin.errors.RunError` where finalists, run ``each`` so often, have no value of an objective: the first of equals would be selected."""
    for objective in problem.objectives:
        if all(math.isnan(goal_of(objective, run)) for runs in seen for run in runs):
            told = f"{objective.name}: none of {each * len(seen)} runs of the choice among {len(seen)} finalists gave a value, though runs of the search did"
            raise RunError(f"{told}; look at one with 'twin run', or give the search more replications (runs: {{replications: …}})")


def _make(runs: Runs, wanted: Sequence[tuple[Finalist, int]]) -> None:
    requests = [(one, Request(one.setting, SELECTION + len(one.runs) + k, "choice")) for one, count in wanted for k in range(count)]
    for (one, _), seen in zip(requests, runs.make([request for _, request in requests]), strict=True):
        one.runs.append(seen)


def _choice(problem: Problem, finalists: Sequence[Finalist], spent: int) -> Choice:
    groups = [one.seen for one in finalists]
    effects = [design_effect(limit, groups) if limit.share is not None else 1.0 for limit in problem.limits]
    objective, judged = problem.objectives[0], []
    for one in finalists:
        goals = [goal for run in one.seen if not math.isnan(goal := goal_of(objective, run))]
        kept = tuple(kept_of(limit, one.seen, effect) for limit, effect in zip(problem.limits, effects, strict=True))
        judged.append(Judged(one, mean_of(goals) if goals else -math.inf, kept))
    keeping = [one for one in judged if one.sure >= SURE]
    best = max(keeping, key=lambda one: one.mean) if keeping else max(judged, key=lambda one: (one.sure, one.mean))
    zone = objective.zone if not math.isnan(objective.zone) else ZONE * abs(best.mean)
    share = problem.effort.select // len(judged)
    others = [_against(problem, one, best, zone, share) for one in judged if one is not best]
    wrong = math.fsum(one.better * one.sure for one in others)
    ranked = sorted(others, key=lambda one: (one.sure >= SURE, one.sure > 1.0 - SURE, one.mean), reverse=True)
    return Choice((best, *ranked), max(0.0, 1.0 - wrong), zone, spent)


def _differences(problem: Problem, one: Finalist, best: Finalist) -> list[float]:
    """The best one's objective less another's, replication by replication."""
    objective = problem.objectives[0]
    pairs = [(goal_of(objective, b), goal_of(objective, a)) for a, b in zip(one.runs, best.runs, strict=False) if a is not None and b is not None]
    return [b - a for b, a in pairs if not math.isnan(b - a)]


def _against(problem: Problem, one: Judged, best: Judged, zone: float, share: int) -> Judged:
    """``share``: of all runs, what each finalist would get evenly."""
    differences = _differences(problem, one.finalist, best.finalist)
    interval = student_interval(differences)
    unknown = 0.0 if one.mean == -math.inf and len(one.finalist.runs) >= share else 0.5  # its runs fail: open until it had its share of all
    better = 1.0 - sure_above(differences, -zone) if len(differences) >= 2 else unknown
    spread = 0.0 if interval is None else interval.standard_error * math.sqrt(interval.n)
    return Judged(one.finalist, one.mean, one.kept, better, spread)


def _shared_out(choice: Choice, count: int) -> Callable[[Finalist], int]:
    """Return how many of ``count`` runs each finalist gets."""
    weights = _weights(choice)
    made = {id(one.finalist): len(one.finalist.runs) for one in choice.judged}
    given = dict.fromkeys(made, 0)
    for _ in range(count):
        total = sum(made.values()) + sum(given.values())
        most = max(weights, key=lambda who: weights[who] - (made[who] + given[who]) / total)
        given[most] += 1
    return lambda one: given[id(one)]


def _weights(choice: Choice) -> dict[int, float]:
    best = choice.best
    weights = {}
    for one in choice.judged[1:]:
        if one.sure <= 1.0 - SURE or one.mean == -math.inf:
            weights[id(one.finalist)] = 0.0
            continue
        gap = max(abs(best.mean - one.mean), choice.zone, 1e-12)
        weights[id(one.finalist)] = ((one.spread or choice.zone) / gap) ** 2
    most = max(weights.values(), default=1.0)
    weights[id(best.finalist)] = max(most, 1e-9) * (1.0 if best.sure >= SURE else 2.0)
    total = math.fsum(weights.values())
    open_ = [id(best.finalist), *(id(one.finalist) for one in choice.judged[1:] if _is_open(one, choice))]
    return {who: (1.0 - EVEN) * weight / total + EVEN * (who in open_) / len(open_) for who, weight in weights.items()}


def _is_open(one: Judged, choice: Choice) -> bool:
    """Whether a finalist may still be selected: it may keep the limits, and may be better, or is so and not surely within them."""
    return one.sure > 1.0 - SURE and (one.better * one.sure > LEAST or (one.sure < SURE and one.mean > choice.best.mean - choice.zone))
