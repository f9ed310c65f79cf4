"""Who is run again: the best of a search by its values, some of them well within the limits.

Of single runs the best values are those that were lucky, and of settings near a limit the most valuable ones break it. So values are smoothed by the surrogate
where it is trusted; and what keeps the limits is told by a logistic regression over the weeks of all trials (quadratic in the settings; of limits on a mean, a
quadratic regression), from which finalists are taken at several distances from the limit, the best value at each.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.fit.optimise.archive import Archive, Trial, goal_of, judged, slack_of
from twin.fit.optimise.problem import Limit, Observation
from twin.fit.optimise.search import unit_points
from twin.fit.optimise.space import Setting
from twin.fit.optimise.surrogate import Surrogate

Floats = NDArray[np.float64]
DISTANCES = (-0.1, 0.1, 0.3, 0.5, 0.7)
"""How far from a limit finalists are taken: 0 at the limit, 1 where it is always kept."""


def finalists(archive: Archive, surrogate: Surrogate, count: int) -> list[Setting]:
    """Return at most ``count`` different settings, the best value first."""
    trials = archive.usable
    settings = list(dict.fromkeys(trial.setting for trial in trials))
    if not settings:
        return []
    values = values_of(archive, surrogate, settings)
    ordered = sorted(range(len(settings)), key=lambda k: -values[k])
    if not archive.problem.limits:
        return [settings[k] for k in ordered[:count]]
    distance = distances(archive, settings)
    chosen: list[int] = []
    for place, least in enumerate(DISTANCES):
        room = count // len(DISTANCES) + (place < count % len(DISTANCES))
        chosen += [k for k in ordered if distance[k] >= least and k not in chosen][:room]
    farthest = sorted(range(len(settings)), key=lambda k: -distance[k])
    chosen += [k for k in farthest if k not in chosen][: count - len(chosen)]
    return [settings[k] for k in sorted(chosen, key=lambda k: -values[k])]


def distances(archive: Archive, settings: Sequence[Setting]) -> Floats:
    """Return how far settings are predicted to be from the nearest limit, see :data:`DISTANCES`; infinite without limits."""
    limits = archive.problem.limits
    found: Floats = np.min([_distance(limit, archive.usable, settings) for limit in limits], axis=0) if limits else np.full(len(settings), np.inf)
    return found


def values_of(archive: Archive, surrogate: Surrogate, settings: Sequence[Setting], place: int = 0) -> list[float]:
    """Return the value of an objective at each setting: as the surrogate has it where it is trusted, else the mean of its runs."""
    goal, objective = surrogate.goals[place], archive.problem.objectives[place]
    if goal is not None and goal.trusted:
        return [float(value) for value in goal.predict(np.array(unit_points(settings)))[0]]
    seen: dict[Setting, list[float]] = {}
    for trial in archive.usable:
        if trial.observation is not None:
            seen.setdefault(trial.setting, []).append(goal_of(objective, trial.observation))
    return [float(np.mean(seen[one])) for one in settings]


def _distance(limit: Limit, trials: Sequence[Trial], settings: Sequence[Setting]) -> Floats:
    seen = [(trial.setting, trial.observation) for trial in trials if trial.observation is not None]
    features, wanted = _quadratic([setting for setting, _ in seen]), _quadratic(settings)
    runs = [run for _, run in seen]
    return _by_periods(limit, runs, features, wanted) if limit.share is not None else _by_mean(limit, runs, features, wanted)


def _by_periods(limit: Limit, runs: Sequence[Observation], features: Floats, wanted: Floats) -> Floats:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    share = limit.share or 0.0
    kept = np.array([[sum(periods := judged(limit, run)), len(periods)] for run in runs], dtype=np.float64)
    good, bad = kept[:, 0], kept[:, 1] - kept[:, 0]
    if not good.sum() or not bad.sum():
        return np.full(len(wanted), 1.0 if good.sum() else -1.0)
    answers = np.repeat([1, 0], len(runs))
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        model: Any = LogisticRegression(C=50.0, max_iter=500).fit(np.vstack([features, features]), answers, sample_weight=np.concatenate([good, bad]))
        found: Floats = model.predict_proba(wanted)[:, 1]
    return (found - share) / max(1.0 - share, 1e-9)


def _by_mean(limit: Limit, runs: Sequence[Observation], features: Floats, wanted: Floats) -> Floats:
    """Slack over twice the spread of single runs around the regression."""
    slacks = np.array([slack_of(limit, run) for run in runs])
    middle, spread = float(slacks.mean()), float(slacks.std()) or 1.0
    scaled = (slacks - middle) / spread
    weights = np.linalg.solve(features.T @ features + 0.02 * np.eye(features.shape[1]), features.T @ scaled)
    rest = float(np.sqrt(np.mean((scaled - features @ weights) ** 2)))
    found: Floats = (middle / spread + wanted @ weights) / max(2.0 * rest, 1e-9)
    return found


def _quadratic(settings: Sequence[Setting]) -> Floats:
    """Settings with their squares and products, and a one."""
    points = np.array(unit_points(settings))
    pairs = [points[:, i] * points[:, j] for i in range(points.shape[1]) for j in range(i, points.shape[1])]
    return np.column_stack([np.ones(len(points)), points, *pairs])
