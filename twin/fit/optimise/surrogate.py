"""A surrogate of what runs show: a Gaussian process that says by leave-one-out how far it can be trusted, and is used only then.

Matern kernel of order 5/2 with a length for each factor, and white noise, fitted by maximum likelihood (scikit-learn, on one thread). Leave-one-out residuals
are those of S. Sundararajan & S. S. Keerthi 2001: with inverse kernel matrix Q the prediction of y_i without it is y_i - (Q y)_i / Q_ii. R2 compares them
with the spread of the values. Expected improvement: D. R. Jones, M. Schonlau & W. J. Welch 1998, over the best predicted value, as runs are noisy.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.fit.optimise.archive import Archive, Trial, goal_of, slack_of
from twin.fit.optimise.search import unit_points
from twin.fit.optimise.space import Setting, Space

Floats = NDArray[np.float64]
TRUSTED = 0.5
"""R2 by leave-one-out from which a surrogate is used."""
LEAST = 12
"""Of fewer trials, nothing is fitted."""
_WIDE, _NEAR, _STEP = 1024, 256, 0.08
"""Points that a proposal is the best of: over the whole space, and near the best one with this spread."""


@dataclass(frozen=True)
class Fit:
    """A fitted process: ``points`` (n, columns), ``values`` (n), inverse kernel matrix ``inverse`` (n, n) of the values over their ``spread``, ``r2``."""

    kernel: Any
    points: Floats
    values: Floats
    inverse: Floats
    middle: float
    spread: float
    r2: float

    @property
    def trusted(self) -> bool:
        """Whether leave-one-out says that it may be used."""
        return self.r2 >= TRUSTED

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of what is under the noise, at points (m, columns)."""
        signal = self.kernel.k1
        across = signal(points, self.points)
        scaled = (self.values - self.middle) / self.spread
        mean = across @ (self.inverse @ scaled)
        variance = signal.diag(points) - np.einsum("ij,jk,ik->i", across, self.inverse, across)
        return self.middle + self.spread * mean, self.spread * np.sqrt(np.maximum(variance, 1e-12))

    def believing(self, point: Floats) -> Fit:
        """Return the fit with its own prediction at a point taken for a value, so that the next proposal of a batch goes elsewhere."""
        points = np.vstack([self.points, point])
        values = np.append(self.values, self.predict(point[None, :])[0])
        return replace(self, points=points, values=values, inverse=np.linalg.inv(self.kernel(points)))


def fit(settings: Sequence[Setting], values: Sequence[float]) -> Fit | None:
    """Return the process through values at settings; None where there are too few, or all are equal."""
    points, numbers = np.array(unit_points(settings)), np.array(values, dtype=np.float64)
    spread = float(numbers.std()) if len(numbers) else 0.0
    if len(numbers) < max(LEAST, 2 * points.shape[1] + 2) or not spread > 1e-12 * max(1.0, float(np.abs(numbers).max())):
        return None
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    middle = float(numbers.mean())
    kernel = ConstantKernel(1.0, (0.05, 20.0)) * Matern(np.full(points.shape[1], 0.5), (0.05, 10.0), nu=2.5) + WhiteKernel(0.1, (1e-6, 2.0))
    scaled = (numbers - middle) / spread
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        fitted = GaussianProcessRegressor(kernel, n_restarts_optimizer=0).fit(points, scaled).kernel_
        inverse = np.linalg.inv(fitted(points))
        left_out = (inverse @ scaled) / np.diag(inverse)
    r2 = 1.0 - float(left_out @ left_out) / float(scaled @ scaled)
    return Fit(fitted, points, numbers, inverse, middle, spread, r2)


@dataclass(frozen=True)
class Surrogate:
    """The fits of all objectives and limits of an archive, None where one could not be made."""

    goals: tuple[Fit | None, ...]
    slacks: tuple[Fit | None, ...]

    @property
    def trusted(self) -> bool:
        """Whether all that a proposal needs can be trusted."""
        return all(one is not None and one.trusted for one in (*self.goals, *self.slacks))


def surrogate_of(archive: Archive) -> Surrogate:
    """Return the surrogate of an archive."""
    trials, problem = archive.usable, archive.problem
    settings = [trial.setting for trial in trials]
    seen = [trial.observation for trial in trials if trial.observation is not None]
    goals = tuple(fit(settings, [goal_of(objective, one) for one in seen]) for objective in problem.objectives)
    return Surrogate(goals, tuple(fit(settings, [slack_of(limit, one) for one in seen]) for limit in problem.limits))


def propose(archive: Archive, surrogate: Surrogate, count: int) -> list[Setting]:
    """Return settings with the largest expected improvement times the probability that all limits are kept; none where the surrogate is not trusted."""
    (goal, *more) = surrogate.goals
    if not surrogate.trusted or goal is None or more:
        return []
    from threadpoolctl import threadpool_limits

    space, found = archive.problem.space, []
    draw = np.random.default_rng((archive.problem.seed, len(archive)))
    with threadpool_limits(1):
        for _ in range(count):
            pool = _pool(space, archive.usable, goal, draw)
            points = np.array(unit_points(pool))
            kept = _kept(surrogate.slacks, points)
            best = _best_predicted(goal, surrogate.slacks)
            chosen = int(np.argmax(_improvement(goal, points, best) * kept))
            found.append(pool[chosen])
            goal = goal.believing(points[chosen])
    return found


def _pool(space: Space, trials: Sequence[Trial], goal: Fit, draw: np.random.Generator) -> list[Setting]:
    """Settings among which the best is taken: anywhere, and near the one that is predicted best."""
    centre = np.array(trials[int(np.argmax(goal.predict(goal.points[: len(trials)])[0]))].setting.levels)
    anywhere = draw.random((_WIDE, len(space)))
    near = np.clip(centre + _STEP * draw.standard_normal((_NEAR, len(space))), 0.0, 1.0)
    return list(dict.fromkeys(space.setting(point) for point in np.vstack([anywhere, near]).tolist()))


def _kept(slacks: Sequence[Fit | None], points: Floats) -> Floats:
    """The probability that all limits are kept, at points."""
    from scipy.special import ndtr

    found = np.ones(len(points))
    for one in slacks:
        if one is not None:
            mean, deviation = one.predict(points)
            found *= ndtr(mean / deviation)
    return found


def _best_predicted(goal: Fit, slacks: Sequence[Fit | None]) -> float:
    values = goal.predict(goal.points)[0]
    kept = _kept(slacks, goal.points) >= 0.5
    return float(values[kept].max()) if kept.any() else float(values.min())


def _improvement(goal: Fit, points: Floats, best: float) -> Floats:
    from scipy.special import ndtr

    mean, deviation = goal.predict(points)
    z = (mean - best) / deviation
    found: Floats = (mean - best) * ndtr(z) + deviation * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return np.maximum(found, 0.0)


_BLOCKS = 512


def importances(goal: Fit, space: Space, seed: int = 0) -> list[float]:
    """Return the total Sobol' index of each factor on a fit's mean, over the whole space: what of its variance would be left if only it were unknown.

    M. J. W. Jansen 1999: the mean of (f(A) - f(A with factor i from B))^2 over two variances. Interactions count for each that takes part.
    """
    from scipy.stats import qmc

    both = qmc.Sobol(2 * len(space), scramble=True, rng=seed).random(_BLOCKS)
    one, other = both[:, : len(space)], both[:, len(space) :]
    base = _means(goal, space, one)
    variance = float(np.concatenate([base, _means(goal, space, other)]).var())
    found = []
    for k in range(len(space)):
        mixed = one.copy()
        mixed[:, k] = other[:, k]
        found.append(float(np.mean((base - _means(goal, space, mixed)) ** 2)) / (2.0 * variance) if variance > 0.0 else 0.0)
    return found


def _means(goal: Fit, space: Space, levels: Floats) -> Floats:
    return goal.predict(np.array(unit_points([space.setting(row) for row in levels.tolist()])))[0]
