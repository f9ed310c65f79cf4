"""The runs of a calibration: made by a study's executor, kept in a journal as they finish, found again by their key."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError, RunError
from twin.fit.calibrate.priors import changes
from twin.fit.calibrate.study_file import Calibration
from twin.results.guarded import uninterrupted
from twin.study.executors import Executor
from twin.study.journal import Journal, Row
from twin.study.runs import Job, Outcome, job_key

Floats = NDArray[np.float64]
MOST_LOST = 0.2
"""Share of a stage's runs that may be without a result."""


class Advance:
    """How far a calibration is: ``stage`` in words, ``done`` of the ``total`` runs it will take, ``reused`` of them found in the journal.

    ``seconds``: processor time of one run, mean of those made.
    """

    def __init__(self, total: int, workers: int) -> None:
        self.total, self.workers = total, workers
        self.stage = ""
        self.done = self.reused = self.failed = 0
        self.seconds = 0.0

    @property
    def left(self) -> float:
        """Seconds that are left, at the pace so far."""
        return self.seconds * (self.total - self.done) / self.workers

    def add(self, outcome: Outcome, *, reused: bool) -> None:
        """Count a run."""
        self.done += 1
        self.reused += reused
        self.failed += outcome.kpis is None
        self.seconds += (outcome.cpu - self.seconds) / self.done


Progress = Callable[[Advance], None]


class Making:
    """Makes the runs at points, once each."""

    def __init__(self, calibration: Calibration, executor: Executor, journal: Journal | None, progress: Progress | None) -> None:
        self.calibration, self.executor, self.journal = calibration, executor, journal
        self.advance = Advance(total_runs(calibration), executor.workers)
        self._progress = progress or (lambda advance: None)
        self._environment = executor.environment()
        self.errors: list[str] = []

    def at(self, stage: str, points: Floats | int, first: int) -> Floats:
        """Return the readings (run, target) of one run at each point (run, parameter), or of so many of the scenario as it stands.

        Runs have the replications from ``first`` on, so that no two have the same chance; NaN where there is no result.
        """
        self.advance.stage = stage
        count = points if isinstance(points, int) else len(points)
        own = self.calibration
        jobs = [
            Job(own.scenario, first + k, {} if isinstance(points, int) else changes(own.priors, points[k].tolist()), probes=own.probes) for k in range(count)
        ]
        found: dict[int, Outcome] = {}
        todo = []
        for k, key in enumerate(keys := [job_key(job, self._environment) for job in jobs]):
            outcome = self.journal.row(key).outcome if self.journal is not None and key in self.journal.places else None
            if outcome is None or outcome.status == "lost":
                todo.append(k)
            else:
                found[k] = outcome
                self.advance.add(outcome, reused=True)
        self._progress(self.advance)
        for index, outcome in self.executor.run(jobs[k] for k in todo):
            self._keep(keys[todo[index]], outcome)
            found[todo[index]] = outcome
        return self._values(stage, [found[k] for k in range(count)])

    def _keep(self, key: str, outcome: Outcome) -> None:
        if self.journal is not None:
            with uninterrupted():
                self.journal.append(Row(key, outcome))
        self.advance.add(outcome, reused=False)
        self._progress(self.advance)

    def _values(self, stage: str, outcomes: Sequence[Outcome]) -> Floats:
        names = [probe.name for probe in self.calibration.probes]
        values = np.full((len(outcomes), len(names)), np.nan)
        for k, outcome in enumerate(outcomes):
            if outcome.kpis is None:
                self.errors.append(outcome.error)
                if outcome.error.startswith("FileError"):
                    raise FileError(outcome.error.partition(": ")[2])
                continue
            values[k] = [outcome.kpis[name].value for name in names]
        _check(stage, values, names, self.errors)
        return values


def _check(stage: str, values: Floats, names: Sequence[str], errors: Sequence[str]) -> None:
    """Raise ``RunError`` where too many runs failed or say nothing of a target."""
    empty = np.isnan(values).all(axis=1)
    if empty.sum() > MOST_LOST * len(values) and errors:
        raise RunError(f"{stage}: {int(empty.sum())} of {len(values)} runs failed, the first with {errors[0]}")
    blank = np.isnan(values[~empty]).mean(axis=0)
    worst = int(np.argmax(blank))
    if blank[worst] > MOST_LOST:
        share = f"{100.0 * blank[worst]:.0f} % of the runs"
        raise RunError(f"{names[worst]}: {share} have no value there: nothing flowed, or it is not recorded (record.streams); leave it out")


def total_runs(calibration: Calibration) -> int:
    """Return how many runs a calibration takes."""
    from twin.fit.calibrate.smoother import STEPS

    return calibration.pilot + (sum(calibration.runs) if calibration.few else STEPS * calibration.members)


@contextlib.contextmanager
def journal_at(path: Path | None) -> Iterator[Journal | None]:
    """Open the journal of a calibration for as long as the block lasts."""
    if path is None:
        yield None
        return
    with Journal(path) as journal:
        yield journal
