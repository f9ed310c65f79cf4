"""What is not known of a figure, in two parts: by chance, and because parameters are not known, told apart by runs with the same random numbers.

Replication k is run with the scenario as it stands, and with member k of an ensemble. What the members change is fitted as a plane in their values; what
the plane leaves is chance that took another course. So the part of the parameters is that of a plane: where the plant bends within the ensemble it is told
too small, and the remainder stands with chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import RunError, UsageError
from twin.results.read import Result
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.study.ensemble import Ensemble
from twin.study.executors import Executor
from twin.study.replicate import Replications
from twin.study.runs import Job, Outcome
from twin.study.statistics import quantile, student_interval

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
"""Of half-widths where nobody chose another."""


@dataclass(frozen=True)
class Apart:
    """A figure, or a difference of it, SI: its ``mean`` over members and the half-widths by ``chance`` (of the mean of ``n`` runs) and by ``parameters``.

    ``one``: the half-width by chance of a single run; ``explained``: the share of the variance of a single run with its parameters that they make.
    """

    mean: float
    chance: float
    one: float
    parameters: float
    n: int

    @property
    def explained(self) -> float:
        """Share of the variance of one run that comes from the parameters, NaN where nothing varies."""
        whole = self.one**2 + self.parameters**2
        return self.parameters**2 / whole if whole > 0.0 else math.nan


def apart(plain: Sequence[float], members: Sequence[float], values: Floats, confidence: float) -> Apart | None:
    """Return the parts of what is not known, from figures of runs without and with members, pair by pair, and the members' ``values`` (run, parameter).

    None for fewer pairs than parameters and four more. Of a figure that follows one parameter alone all is of the parameters:

    >>> found = apart([1.0] * 6, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0], np.array([[0.0], [1.0], [2.0], [0.0], [1.0], [2.0]]), 0.95)
    >>> round(found.mean, 9), round(found.chance, 9), found.explained
    (2.0, 0.0, 1.0)
    """
    both = [k for k, pair in enumerate(zip(plain, members, strict=True)) if not any(math.isnan(one) for one in pair)]
    width = values.std(axis=0)
    design = np.column_stack([np.ones(len(both)), ((values - values.mean(axis=0)) / np.where(width > 0.0, width, 1.0))[both]])
    freedom = len(both) - design.shape[1]
    if freedom < 3:
        return None
    own, moved = (np.array([series[k] for k in both]) for series in (plain, members))
    change = moved - own
    left = change - design @ np.linalg.lstsq(design, change, rcond=None)[0]
    noise = float(left @ left) / freedom
    ofparameters = max(float(change.var(ddof=1)) - noise, 0.0)
    interval = student_interval(own.tolist(), confidence)
    assert interval is not None
    times = quantile(0.5 + confidence / 2.0, len(both) - 1)
    return Apart(float(moved.mean()), interval.half_width, times * float(own.std(ddof=1)), times * math.sqrt(ofparameters), len(both))


@dataclass(frozen=True)
class WithMembers:
    """Replications of a scenario as it stands, ``plain``, and with one member of an ensemble each, ``members``."""

    plain: Replications
    members: Replications
    ensemble: Ensemble

    @property
    def values(self) -> Floats:
        """What the members of the runs are (run, parameter), SI."""
        return members_of(self.ensemble, self.plain.n)

    def of(self, name: str) -> Apart | None:
        """Return the parts of a key figure."""
        if name not in self.members:
            return None
        return apart(self.plain[name].values, self.members[name].values, self.values, self.plain.procedure.confidence)

    def items(self) -> Iterator[tuple[str, Apart]]:
        """Yield the key figures that have parts."""
        for name in self.plain:
            found = self.of(name)
            if found is not None and not math.isnan(found.mean):
                yield name, found


def members_of(ensemble: Ensemble, count: int) -> Floats:
    """Return what the members of the first ``count`` replications are (run, parameter), SI."""
    return np.array([ensemble.members[k % len(ensemble)] for k in range(count)])


def least_runs(ensemble: Ensemble) -> int:
    """Return how many replications tell the parts apart at all."""
    return len(ensemble.paths) + 4


def run_members(
    scenario: Scenario | Cluster, plain: Replications, ensemble: Ensemble, executor: Executor, progress: Callable[[int, int], None] | None = None
) -> WithMembers:
    """Run each replication of ``plain`` again with a member of the ensemble. Raises ``UsageError`` where there are too few, ``RunError`` where one fails."""
    if plain.n < least_runs(ensemble):
        raise UsageError(f"{len(ensemble.paths)} parameters and chance are told apart by at least {least_runs(ensemble)} replications (got {plain.n})")
    if not ensemble.paths:
        return WithMembers(plain, plain, ensemble)
    ensemble.apply(scenario, 0)
    found: dict[int, Outcome] = {}
    for index, outcome in executor.run(Job(scenario, k, ensemble.changes(k)) for k in range(plain.n)):
        if outcome.kpis is None:
            raise RunError(f"{scenario.name} with member {index % len(ensemble)} of the ensemble, replication {index}: {outcome.error}")
        found[index] = outcome
        if progress is not None:
            progress(len(found), plain.n)
    return WithMembers(plain, Replications(scenario, plain.procedure, [found[k] for k in range(plain.n)]), ensemble)


def parts_of_results(
    results: Sequence[Result], scenario: Scenario, ensemble: Ensemble, executor: Executor, progress: Callable[[int, int], None] | None = None
) -> dict[str, Apart]:
    """Run the replications of ``scenario`` that results hold again, each with the member of its number, and return the parts of each key figure at 95 %.

    Raises ``UsageError`` where there are too few, ``RunError`` where one fails.
    """
    if len(results) < least_runs(ensemble):
        raise UsageError(f"{len(ensemble.paths)} parameters and chance are told apart by at least {least_runs(ensemble)} replications (got {len(results)})")
    ensemble.apply(scenario, 0)
    numbers = [int(result.attrs["replication"]) for result in results]
    seeds = [int(result.attrs["seed"]) for result in results]
    own = {seed: scenario if seed == scenario.seed else scenario.change({"seed": seed}) for seed in seeds}
    found: dict[int, Outcome] = {}
    for index, outcome in executor.run(Job(own[seed], k, ensemble.changes(k)) for k, seed in zip(numbers, seeds, strict=True)):
        if outcome.kpis is None:
            member = numbers[index] % len(ensemble)
            raise RunError(f"{scenario.name} with member {member} of the ensemble, replication {numbers[index]}: {outcome.error}")
        found[index] = outcome
        if progress is not None:
            progress(len(found), len(results))
    values = np.array([ensemble.members[k % len(ensemble)] for k in numbers])
    parts = {}
    for name in results[0].kpis:
        plain = [result.kpis[name].value if name in result.kpis else math.nan for result in results]
        members = [kpis[name].value if (kpis := found[k].kpis) is not None and name in kpis else math.nan for k in range(len(results))]
        one = apart(plain, members, values, CONFIDENCE)
        if one is not None and not math.isnan(one.mean):
            parts[name] = one
    return parts


def differences(base: WithMembers, variant: WithMembers) -> Mapping[str, Apart]:
    """Return the parts of the differences of a variant to a base that share replications and members."""
    found = {}
    for name in base.plain:
        if name in variant.plain and name in base.members and name in variant.members:
            plain = [b - a for a, b in zip(base.plain[name].values, variant.plain[name].values, strict=True)]
            members = [b - a for a, b in zip(base.members[name].values, variant.members[name].values, strict=True)]
            parts = apart(plain, members, base.values, base.plain.procedure.confidence)
            if parts is not None:
                found[name] = parts
    return found
