"""One-at-a-time elasticities: the base scenario, and each factor of a study a step down and a step up, on the same random numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twin.errors import UsageError
from twin.results.kpis import Kpi
from twin.scenario.places import Plain
from twin.scenario.problems import nearest
from twin.study.executors import Executor
from twin.study.factors import Factor, written
from twin.study.runs import Job, Outcome
from twin.study.statistics import Interval, mean_of, student_interval
from twin.study.study_file import StudyFile

STEP = 0.1
"""Share of its base value by which a factor goes down and up."""


@dataclass(frozen=True)
class Step:
    """A factor at its base value, below and above, in SI. Where a side is equal to ``base`` there is no run of it."""

    path: str
    unit: str
    basis: str
    base: float
    low: float
    high: float


@dataclass(frozen=True)
class Elasticity:
    """What a step does to a key figure. ``down`` and ``up`` are its changes, in SI, ``elasticity`` its change in per cent for one per cent of the factor.

    ``interval`` is that of the elasticity over the replications, pair by pair; None for one.
    """

    step: Step
    down: float
    up: float
    elasticity: float
    interval: Interval | None

    @property
    def swing(self) -> float:
        """From the lowest to the highest value that is met, the base one of them."""
        return max(0.0, self.down, self.up) - min(0.0, self.down, self.up)


@dataclass(frozen=True)
class Elasticities:
    """One key figure: its value at the base, and its factors, the largest swing first."""

    name: str
    unit: str
    base: float
    replications: int
    factors: tuple[Elasticity, ...]


@dataclass(frozen=True)
class OneAtATime:
    """What :func:`elasticities` found: ``left_out`` says of factors and sides why they are not there."""

    responses: tuple[Elasticities, ...]
    left_out: tuple[str, ...]


def elasticities(
    study: StudyFile,
    executor: Executor,
    responses: Sequence[str] = (),
    *,
    step: float | None = STEP,
    replications: int | None = None,
    progress: Callable[[int, int], None] = lambda finished, planned: None,
) -> OneAtATime:
    """Run the base of a study and each of its factors a step of ``step`` times its base value down and up; None is to the ends of its range.

    Raises ``UsageError`` where the base does not run, or no factor is a number of the scenario.
    """
    if step is not None and not 0.0 < step < 1.0:
        raise UsageError(f"a step is more than 0 % and less than 100 % of the base, e.g. '10 %' (got {step * 100:g} %)")
    count = study.replications if replications is None else replications
    if count < 1:
        raise UsageError(f"at least one replication is needed (got {count})")
    chosen = tuple(dict.fromkeys(responses or study.responses))
    if not chosen:
        raise UsageError("the study asks for no key figure; say which, e.g. --response throughput")
    steps, left_out = _steps(study, step)
    changes: list[dict[str, Plain]] = [{}, *({s.path: _as_written(f, value)} for s, f in steps for value in (s.low, s.high) if value != s.base)]
    jobs = [Job(study.base, replication, change) for change in changes for replication in range(count)]
    progress(0, len(jobs))
    outcomes: dict[int, Outcome] = {}
    for index, outcome in executor.run(jobs):
        outcomes[index] = outcome
        progress(len(outcomes), len(jobs))
    runs = [[outcomes[k * count + r] for r in range(count)] for k in range(len(changes))]
    base = [_base_kpis(outcome) for outcome in runs[0]]
    if unknown := [name for name in chosen if name not in base[0]]:
        raise UsageError(f"no key figure {unknown[0][:80]!r}; {nearest(unknown[0], base[0])}")
    sides = {json.dumps(change): found for change, found in zip(changes, runs, strict=True)}
    table = _Table(base, steps, sides, left_out)
    return OneAtATime(tuple(table.response(name) for name in chosen), tuple(dict.fromkeys(left_out)))


def _steps(study: StudyFile, step: float | None) -> tuple[list[tuple[Step, Factor]], list[str]]:
    known = {number.path: number for number in study.base.parameters()}
    steps, left_out = [], []
    for factor in study.points.factors:
        number = known.get(factor.path)
        if number is None or not factor.unit:
            left_out.append(f"{factor.path}: no number of the scenario, so that it has no elasticity")
            continue
        low, high = _ends(factor, number.value, step)
        if low == high:
            left_out.append(f"{factor.path}: its base value is {number.value:g}, so that a share of it is no step; take '--step range'")
            continue
        steps.append((Step(factor.path, number.unit, number.basis, number.value, low, high), factor))
    if not steps:
        raise UsageError("no factor of the study is a number of the scenario that can make a step: " + "; ".join(left_out))
    return steps, left_out


def _ends(factor: Factor, base: float, step: float | None) -> tuple[float, float]:
    """The values below and above the base; of a range without bounds its 5 % and 95 % points."""
    if step is None:
        ends = [factor.at(u)[0] for u in ((0.0, 1.0) if factor.is_bounded else (0.05, 0.95))] if factor.distribution is not None else list(factor.values)
        return min(ends), max(ends)
    width = abs(base) * step
    if factor.whole and base:
        width = max(1.0, float(round(width)))
    return base - width, base + width


def _as_written(factor: Factor, value: float) -> Plain:
    return round(value) if factor.whole else written(value, factor.unit)


def _base_kpis(outcome: Outcome) -> dict[str, Kpi]:
    if outcome.kpis is None:
        raise UsageError(f"the base of the study does not run: {outcome.error}")
    return outcome.kpis


class _Table:
    """All runs, and what they say of a key figure."""

    def __init__(self, base: list[dict[str, Kpi]], steps: list[tuple[Step, Factor]], sides: dict[str, list[Outcome]], left_out: list[str]) -> None:
        self.base, self.steps, self.sides, self.left_out = base, steps, sides, left_out

    def response(self, name: str) -> Elasticities:
        found = [row for step, factor in self.steps if (row := self._row(name, step, factor)) is not None]
        base = mean_of([kpis[name].value for kpis in self.base])
        return Elasticities(name, self.base[0][name].unit, base, len(self.base), tuple(sorted(found, key=lambda row: -row.swing)))

    def _row(self, name: str, step: Step, factor: Factor) -> Elasticity | None:
        base = [kpis[name].value for kpis in self.base]
        low, down = self._side(name, step, factor, step.low, base)
        high, up = self._side(name, step, factor, step.high, base)
        if low == high:
            return None
        middle = mean_of(base)
        factor_change = (high - low) / step.base if step.base else math.nan
        scale = middle * factor_change
        each = [(b - a) / scale if scale else math.nan for a, b in zip(down, up, strict=True)]
        interval = student_interval(each) if all(math.isfinite(value) for value in each) else None
        return Elasticity(step, mean_of(down) - middle, mean_of(up) - middle, mean_of(each), interval)

    def _side(self, name: str, step: Step, factor: Factor, value: float, base: list[float]) -> tuple[float, list[float]]:
        """Where a side is and what comes out there; the base where it does not run."""
        if value == step.base:
            return step.base, base
        outcomes = self.sides[json.dumps({step.path: _as_written(factor, value)})]
        values = [outcome.kpis[name].value if outcome.kpis is not None and name in outcome.kpis else math.nan for outcome in outcomes]
        if all(math.isfinite(v) for v in values):
            return value, values
        error = next((outcome.error for outcome in outcomes if outcome.error), f"{name} has no value")
        self.left_out.append(f"{step.path} at {_as_written(factor, value)}: {error.partition(chr(10))[0]}")
        return step.base, base
