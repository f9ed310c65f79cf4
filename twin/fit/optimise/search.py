"""The search: a start on a Sobol' sequence, then proposals of a tree-structured Parzen estimator (TPE), and of a surrogate where it can be trusted.

Proposals come in batches of a fixed size, and depend on what the runs before showed alone: the sampler gets a new seed for each trial, and is told all trials
anew for each batch. So a search that was stopped goes on as if it had not been, and neither the number of workers nor the order in which runs end matters. A
third of the budget on the start is what it takes not to miss the better of two hills. TPE: J. Bergstra, R. Bardenet, Y. Bengio & B. Kegl 2011, by Optuna.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError
from twin.fit.optimise.archive import Archive, Trial, goal_of, slack_of
from twin.fit.optimise.problem import Problem
from twin.fit.optimise.space import Setting, count_of, is_ordered

if TYPE_CHECKING:
    from twin.study.factors import Factor

NEEDED = "optimising needs optuna and scikit-learn: pip install 'twin[fit]'"
_SEEDS = 1_000_003
"""Seeds of trials of two searches lie so far apart."""


def check_installed() -> None:
    """Raise ``UsageError`` where the extra is missing."""
    try:
        import optuna  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError:
        raise UsageError(NEEDED) from None


def start(problem: Problem, count: int) -> list[Setting]:
    """Return the first settings: a scrambled Sobol' sequence; of a space with no more settings than that, every one."""
    from scipy.stats import qmc

    space = problem.space
    points = qmc.Sobol(len(space), scramble=True, rng=problem.seed).random_base2(max(1, math.ceil(math.log2(max(2, 4 * count)))))
    found = dict.fromkeys(space.setting(point) for point in points.tolist())  # words and whole numbers repeat
    return list(found)[:count]


def propose(archive: Archive, count: int) -> list[Setting]:
    """Return the next settings, by TPE."""
    import optuna

    problem = archive.problem
    levels = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _proposed(archive, problem, count)
    finally:
        optuna.logging.set_verbosity(levels)


def _proposed(archive: Archive, problem: Problem, count: int) -> list[Setting]:
    import optuna

    distributions = {f"x{k}": _distribution(factor) for k, factor in enumerate(problem.space.factors)}
    study = optuna.create_study(directions=["maximize"] * len(problem.objectives), storage=optuna.storages.InMemoryStorage())
    study.add_trials([_told(trial, archive, distributions) for trial in archive])
    found = []
    for number in range(len(archive), len(archive) + count):
        study.sampler = optuna.samplers.TPESampler(seed=(problem.seed * _SEEDS + number) % 2**32, n_startup_trials=1, multivariate=True)
        asked = study.ask(distributions)
        found.append(problem.space.setting([_level(factor, asked.params[f"x{k}"]) for k, factor in enumerate(problem.space.factors)]))
    return found


def _distribution(factor: Factor) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    count = count_of(factor)
    if not count:
        return FloatDistribution(0.0, 1.0)
    return IntDistribution(0, count - 1) if is_ordered(factor) else CategoricalDistribution(tuple(range(count)))


def _told(trial: Trial, archive: Archive, distributions: dict[str, Any]) -> Any:
    import optuna

    problem, seen = archive.problem, trial.observation
    parameters = {f"x{k}": _parameter(factor, u) for k, (factor, u) in enumerate(zip(problem.space.factors, trial.setting.levels, strict=True))}
    if seen is None or not archive.is_whole(seen):
        return optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL, params=parameters, distributions=distributions)
    slacks = {f"limit{k}": -slack_of(limit, seen) for k, limit in enumerate(problem.limits)}
    values = [goal_of(objective, seen) for objective in problem.objectives]
    return optuna.trial.create_trial(values=values, params=parameters, distributions=distributions, constraints=slacks or None)


def _parameter(factor: Factor, u: float) -> float | int:
    count = count_of(factor)
    return min(int(u * count), count - 1) if count else u


def _level(factor: Factor, parameter: Any) -> float:
    count = count_of(factor)
    return (parameter + 0.5) / count if count else float(parameter)


def unit_points(settings: Sequence[Setting]) -> list[list[float]]:
    """Return settings as points for a regression: numbers from 0 to 1, of words one column each."""
    return [[value for factor, u in zip(one.space.factors, one.levels, strict=True) for value in _columns(factor, u)] for one in settings]


def _columns(factor: Factor, u: float) -> list[float]:
    count = count_of(factor)
    if not count or is_ordered(factor):
        return [u]
    place = _parameter(factor, u)
    return [1.0 if k == place else 0.0 for k in range(count)]
