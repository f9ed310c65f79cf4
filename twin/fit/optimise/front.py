"""Two objectives: a front of settings none of which is better in both, its knee, and a verdict on each of them against the base, on fresh random numbers.

The finalists are spread over the front of the search; all of them get the same runs in the choice, and those that no other beats in both means and that keep
the limits are the front. The knee is the point farthest from the line between its ends, both objectives taken from 0 to 1. In the verdict each interval is
taken at a higher confidence, so that all differences of all points hold at once at 95 % (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.fit.optimise.archive import Archive, goal_of
from twin.fit.optimise.chance import Kept, design_effect, kept_of
from twin.fit.optimise.finalists import distances, values_of
from twin.fit.optimise.problem import SELECTION, SURE, Observation, Problem, Request, Runs
from twin.fit.optimise.selection import check_values
from twin.fit.optimise.space import Setting
from twin.fit.optimise.surrogate import Surrogate
from twin.fit.optimise.verdict import Fresh, difference, fresh_runs
from twin.study.statistics import bonferroni, mean_of
from twin.study.verdicts import Change

Floats = NDArray[np.float64]
WITHIN = (0.3, 0.1, -0.1, -math.inf)
"""Distances from the limits at which finalists are looked for, the safest first."""


@dataclass(frozen=True)
class Point:
    """A setting in the choice: its ``means``, turned so that more is better, over ``runs`` runs, and what is known of the limits."""

    setting: Setting
    means: tuple[float, ...]
    kept: tuple[Kept, ...]
    runs: int

    @property
    def keeps(self) -> bool:
        """Whether all limits are surely kept."""
        return all(one.sure >= SURE for one in self.kept)


@dataclass(frozen=True)
class Against:
    """A point of the front on fresh random numbers, and by how much each objective differs from the base's."""

    point: Point
    fresh: Fresh
    changes: tuple[Change, ...]

    @property
    def word(self) -> str:
        """``better`` (in one objective at least, worse in none), ``worse``, ``mixed``, ``cannot tell`` or ``not kept``."""
        if not self.fresh.keeps:
            return "not kept"
        words = [change.verdict for change in self.changes]
        better, worse = "better" in words, "worse" in words
        return "mixed" if better and worse else "better" if better else "worse" if worse else "cannot tell"


@dataclass(frozen=True)
class Front:
    """The front of two objectives: its points from one end to the other, which of them is the ``knee``, and the finalists that are not on it."""

    base: Fresh
    points: tuple[Against, ...]
    knee: int
    beaten: tuple[Point, ...]
    confidence: float

    @property
    def at_knee(self) -> Against:
        """The knee."""
        return self.points[self.knee]


def not_beaten(values: Floats) -> list[int]:
    """Return which rows (n, objectives; more is better) no other row beats or equals in all objectives, ordered by the first; of equal rows the first.

    >>> not_beaten(np.array([[1.0, 1.0], [0.0, 3.0], [0.5, 0.5], [1.0, 1.0]]))
    [1, 0]
    """
    kept = []
    for k, row in enumerate(values):
        above = np.all(values >= row, axis=1) & np.any(values > row, axis=1)
        same = np.all(values[:k] == row, axis=1)
        if not above.any() and not same.any():
            kept.append(k)
    return sorted(kept, key=lambda k: tuple(values[k]))


def knee_of(values: Floats) -> int:
    """Return which row of a front (n, 2) is its knee: farthest from the line between its ends; of two points the one with the larger sum, from 0 to 1.

    >>> knee_of(np.array([[0.0, 1.0], [0.8, 0.9], [1.0, 0.0]]))
    1
    """
    spans = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(spans > 0.0, spans, 1.0)
    return int(np.argmax(scaled.sum(axis=1)))  # from (0, 1) to (1, 0) the distance from the line grows with the sum


def spread_out(values: Floats, count: int) -> list[int]:
    """Return at most ``count`` rows of a front, spread over it: the ends, then what leaves the widest gaps filled."""
    spans = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(spans > 0.0, spans, 1.0)
    chosen = list(dict.fromkeys([0, len(values) - 1]))[:count]
    while len(chosen) < min(count, len(values)):
        gaps = [min(float(np.sum((row - scaled[k]) ** 2)) for k in chosen) for row in scaled]
        chosen.append(int(np.argmax(gaps)))
    return sorted(chosen)


def finalists(archive: Archive, surrogate: Surrogate) -> list[Setting]:
    """Return settings spread over the front of a search, and over what that front hides: of those well within the limits first."""
    count = archive.problem.effort.finalists
    settings = list(dict.fromkeys(trial.setting for trial in archive.usable))
    values = np.array([values_of(archive, surrogate, settings, k) for k in range(len(archive.problem.objectives))]).T
    distance = distances(archive, settings)
    chosen: list[int] = []
    for least in WITHIN if archive.problem.limits else WITHIN[-1:]:
        while len(chosen) < count and (rows := [k for k in range(len(settings)) if distance[k] >= least and k not in chosen]):
            front = [rows[k] for k in not_beaten(values[rows])]  # then the front of what is left
            chosen += [front[k] for k in spread_out(values[front], count - len(chosen))]
    return [settings[k] for k in chosen]


def judge_front(problem: Problem, settings: Sequence[Setting], runs: Runs) -> Front:
    """Run finalists, tell the front, and judge it against the base on fresh random numbers."""
    points = _chosen(problem, settings, runs)
    able = [point for point in points if point.keeps and not any(math.isnan(mean) for mean in point.means)]
    field = able or sorted(points, key=lambda point: -min((kept.sure for kept in point.kept), default=0.0))[:1]
    front = [field[k] for k in not_beaten(np.array([point.means for point in field]))]
    base, *fresh = fresh_runs(problem, [None, *(point.setting for point in front)], runs)
    each = bonferroni(SURE, len(front) * len(problem.objectives))
    against = [
        Against(point, own, tuple(difference(objective, base, own, each) for objective in problem.objectives)) for point, own in zip(front, fresh, strict=True)
    ]
    knee = knee_of(np.array([point.means for point in front]))
    return Front(base, tuple(against), knee, tuple(point for point in points if point not in front), each)


def _chosen(problem: Problem, settings: Sequence[Setting], runs: Runs) -> list[Point]:
    number = max(2, problem.effort.select // len(settings))
    seen = runs.make([Request(one, SELECTION + k, "choice") for k in range(number) for one in settings])
    groups = [[run for run in seen[place :: len(settings)] if run is not None] for place in range(len(settings))]
    check_values(problem, groups, number)
    effects = [design_effect(limit, groups) if limit.share is not None else 1.0 for limit in problem.limits]
    found = []
    for setting, own in zip(settings, groups, strict=True):
        kept = tuple(kept_of(limit, own, effect) for limit, effect in zip(problem.limits, effects, strict=True))
        found.append(Point(setting, _means(problem, own), kept, len(own)))
    return found


def _means(problem: Problem, runs: Sequence[Observation]) -> tuple[float, ...]:
    return tuple(mean_of([goal for run in runs if not math.isnan(goal := goal_of(objective, run))]) for objective in problem.objectives)
