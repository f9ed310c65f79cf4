"""Optimisation of a plant: its runs on the executors of a study, each kept as it ends, and found again when the same study is run once more.

The search is told the same by a run that was found as by one that was made, so that what was stopped goes on to the last bit. The settings that it asks for
come from outside (Optuna, scikit-learn, LAPACK); they enter a run as decimal text, as if a person had written them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import RunError, ScenarioError
from twin.fit.optimise.archive import goal_of, slack_of
from twin.fit.optimise.engine import Outcome, optimise_problem
from twin.fit.optimise.problem import CASH, SEARCH, Observation, Request
from twin.fit.optimise.search import check_installed
from twin.fit.optimise.space import Setting
from twin.fit.optimise.study import OptimiseStudy, load_study
from twin.results.kpis import Kpi
from twin.results.provenance import twin_version
from twin.scenario import Scenario
from twin.scenario.problems import nearest
from twin.study.design import Points
from twin.study.executors import Executor
from twin.study.layout import Plan
from twin.study.replicate import opened
from twin.study.runs import Job, job_key
from twin.study.runs import Outcome as RunOutcome
from twin.study.store import Store
from twin.study.study_file import factors_as_json


@dataclass
class Advance:
    """How far an optimisation is: its ``phase``, runs that are ``done`` (``reused`` of them were found) of about ``total``, those that failed, and the best
    value of an objective that a single run of the search had within the limits, turned so that more is better; NaN before the first."""

    total: int
    phase: str = "search"
    done: int = 0
    reused: int = 0
    failed: int = 0
    best: float = math.nan


Progress = Callable[[Advance], None]


@dataclass(frozen=True)
class Made:
    """A run in the file: of which setting (None: the base), which replication, in which phase, and its key."""

    request: Request
    key: str


class PlantRuns:
    """Makes the runs that are asked for, those that are kept already excepted."""

    def __init__(self, study: OptimiseStudy, store: Store, executor: Executor, progress: Progress | None = None) -> None:
        self.study, self.store, self.executor = study, store, executor
        self.environment = executor.environment()
        self.advance = Advance(study.problem.effort.most + 1)
        self.made: dict[str, Made] = {}
        self.errors: dict[str, int] = {}
        self._progress = progress or (lambda advance: None)
        self._checked = False

    def make(self, requests: Sequence[Request]) -> list[Observation | None]:
        """Return what the runs showed; None where one failed."""
        jobs = [self._job(request) for request in requests]
        keys = [job_key(job, self.environment) for job in jobs]
        found: dict[str, RunOutcome] = {}
        todo: dict[str, int] = {}
        for place, key in enumerate(keys):
            kept = self.store.outcome(key)
            if kept is not None and kept.status != "lost":
                self._count(requests[place], key, kept, reused=True)
                found[key] = kept
            else:
                todo.setdefault(key, place)
        places = list(todo.values())
        for index, outcome in self.executor.run(jobs[place] for place in places):
            key = keys[places[index]]
            self.store.append(key, outcome)
            self._count(requests[places[index]], key, outcome, reused=False)
            found[key] = outcome
        for request, key in zip(requests, keys, strict=True):
            self.made.setdefault(key, Made(request, key))
        return [self._observation(found[key]) for key in keys]

    def _job(self, request: Request) -> Job:
        changes = {} if request.setting is None else request.setting.changes
        return Job(self.study.scenario, request.replication, changes, watch=self.study.watch)

    def _count(self, request: Request, key: str, outcome: RunOutcome, *, reused: bool) -> None:
        advance = self.advance
        advance.phase = request.phase
        if key not in self.made:
            advance.done += 1
            advance.reused += reused
            if outcome.kpis is None:
                advance.failed += 1
                line = outcome.error.partition("\n")[0]
                self.errors[line] = self.errors.get(line, 0) + 1
        self._check_names(outcome)
        seen = self._observation(outcome)
        if seen is not None and request.setting is not None and all(slack_of(limit, seen) >= 0.0 for limit in self.study.problem.limits):
            goal = goal_of(self.study.problem.objectives[0], seen)
            advance.best = goal if math.isnan(advance.best) else max(advance.best, goal)
        self._progress(advance)

    def _check_names(self, outcome: RunOutcome) -> None:
        """Look at the first result whether the key figures that are asked for exist, before hundreds of runs are made."""
        if self._checked or outcome.kpis is None:
            return
        self._checked = True
        problem, faults = self.study.problem, []
        asked = [(("objectives", one.name), one.name) for one in problem.objectives]
        asked += [(("limits", k, "figure"), one.name) for k, one in enumerate(problem.limits)]  # type: ignore[misc]
        for loc, name in asked:
            if name not in outcome.kpis:
                known = [kpi for kpi in outcome.kpis if not kpi.startswith(("week.", "day."))]
                faults.append(self.study.place(loc, f"no key figure {name[:80]!r}; {nearest(name, known)}"))
        if faults:
            raise ScenarioError(faults)

    def _observation(self, outcome: RunOutcome) -> Observation | None:
        if outcome.kpis is None:
            return None
        problem = self.study.problem
        sought = [one.name for one in problem.objectives]
        names = dict.fromkeys((*sought, *(one.name for one in problem.limits), *(CASH[name] for name in sought if name in CASH)))
        values = {name: outcome.kpis[name].value if name in outcome.kpis else math.nan for name in names}
        return Observation(values, {limit.key: _of_periods(outcome.kpis, limit.per, limit.name) for limit in problem.chance_limits})


def _of_periods(kpis: Mapping[str, Kpi], per: str, name: str) -> tuple[float, ...]:
    found: list[float] = []
    while (kpi := kpis.get(f"{per}.{len(found)}.{name}")) is not None:
        found.append(kpi.value)
    return tuple(found)


class Optimum:
    """What an optimisation of a plant found: the ``study``, its ``outcome`` (trials, surrogate, verdict), and the file of its runs, ``path``."""

    def __init__(self, study: OptimiseStudy, outcome: Outcome, runs: PlantRuns, path: Path) -> None:
        self.study, self.outcome, self.path = study, outcome, path
        self.advance, self.errors, self.made = runs.advance, dict(runs.errors), tuple(runs.made.values())

    @property
    def best(self) -> Setting | None:
        """The setting that was selected; None where none keeps the limits."""
        return self.outcome.selected

    def __repr__(self) -> str:
        from twin.fit.optimise.wording import lines

        return "\n".join(lines(self.study, self.outcome))


def optimise(
    study: str | os.PathLike[str] | Mapping[str, Any] | OptimiseStudy,
    out: str | os.PathLike[str] | None = None,
    *,
    base: Scenario | None = None,
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    progress: Progress | None = None,
) -> Optimum:
    """Search the best setting of a plant and judge it against the base on fresh random numbers.

    ``study`` is a file, a YAML text or a mapping; ``base`` a loaded scenario in the place of the one it names. Runs are kept in ``out`` (by default
    ``NAME.h5``; while it is at work in a journal beside it), and found there when the same call is made again: one that was interrupted goes on, with equal
    results to the last bit, whatever the ``executor`` (``"processes"``, ``"serial"``, ``"dask"``, or an open one). Nothing is printed; ``progress(advance)``
    is called after each run.

    Raises :class:`~twin.errors.ScenarioError` for what is wrong with the study, ``RunError`` where the base or every setting fails, ``UsageError`` where the
    extra ``fit`` is missing, ``FileError`` where ``out`` cannot be written.
    """
    loaded = load_study(study, base=base)
    check_installed()
    path = Path(out) if out is not None else Path(f"{loaded.name}.h5")
    with Store(path) as store, opened(executor, workers, address) as own:
        runs = PlantRuns(loaded, store, own, progress)
        if runs.make([Request(None, SEARCH, "search")]) == [None]:
            raise RunError(f"the base does not run: {next(iter(runs.errors), '')}")
        outcome = optimise_problem(loaded.problem, runs)
        _write(loaded, store, runs, own)
    return Optimum(loaded, outcome, runs, path)


class _RunPoints(Points):
    """The runs of an optimisation as the points of a study, one run each; the base has no place in the space."""

    def __init__(self, study: OptimiseStudy, settings: Sequence[Setting | None]) -> None:
        factors, nothing = study.problem.space.factors, [math.nan] * len(study.problem.space)
        super().__init__(factors, np.array([nothing if one is None else one.levels for one in settings], dtype=np.float64).reshape(len(settings), len(factors)))
        object.__setattr__(self, "settings", tuple(settings))

    def values(self, point: int) -> list[float]:
        if math.isnan(self.levels[point][0]):
            return [math.nan] * len(self.factors)
        return super().values(point)


def _write(study: OptimiseStudy, store: Store, runs: PlantRuns, executor: Executor) -> None:
    made = list(runs.made.values())
    keys = np.array([one.key.encode() for one in made], dtype="S64")
    attrs = _attrs(study, runs, executor, len(made))
    if not store.holds(attrs):
        store.write(Plan(_RunPoints(study, [one.request.setting for one in made]), 1, keys), attrs, dict(_texts(study, made)))


def _attrs(study: OptimiseStudy, runs: PlantRuns, executor: Executor, count: int) -> dict[str, Any]:
    problem = study.problem
    digest = job_key(Job(study.scenario, 0, {"study": study.text}), runs.environment)
    return {
        "twin_version": twin_version(),
        "study_name": study.name,
        "study_title": study.title,
        "study_kind": study.kind,
        "study_sha256": digest,
        "scenario_name": study.scenario.name,
        "scenario_sha256": study.scenario.sha256,
        "seed": study.scenario.seed,
        "design": json.dumps({"optimise": {one.name: one.word for one in problem.objectives}}),
        "design_seed": problem.seed,
        "points": count,
        "replications": 1,
        "responses": json.dumps(list(study.units)),
        "environment": runs.environment,
        "platform": executor.platform(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _texts(study: OptimiseStudy, made: Sequence[Made]) -> Iterator[tuple[str, Any]]:
    points = _RunPoints(study, [])
    yield "study/yaml", study.text
    yield "study/file_name", []
    yield "study/file_text", []
    yield "study/factors", json.dumps(list(factors_as_json(points)))
    yield "study/runs", json.dumps([[one.request.phase, one.request.replication] for one in made])
    yield "scenario/yaml", study.scenario.to_yaml()
    yield "scenario/file_name", list(study.scenario.files)
    yield "scenario/file_text", list(study.scenario.files.values())
