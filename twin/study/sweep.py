"""Sweeps: all runs of a study, made by an executor, kept as they finish, and found again when the same study is run once more."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import FileError, ScenarioError
from twin.results.cluster import open_cluster
from twin.results.provenance import twin_version
from twin.results.read import open_file
from twin.results.replace import make_folder
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.cluster_store import cluster_files, cluster_text
from twin.scenario.problems import nearest
from twin.study.executors import Executor
from twin.study.layout import Plan
from twin.study.named_executor import executor as executor_named
from twin.study.read import Study
from twin.study.runs import Job, Outcome, job_key
from twin.study.store import Store
from twin.study.study_file import StudyFile, factors_as_json, load_study

Progress = Callable[["Advance"], None]
"""Called when the sweep begins and after each run."""


class Advance:
    """How far a sweep is: runs in all, those found finished, those made now, and those of both that have no result."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.reused = self.made = self.failed = 0

    @property
    def done(self) -> int:
        """Runs that need not be made any more."""
        return self.reused + self.made


def sweep(
    study: str | os.PathLike[str] | Mapping[str, Any] | StudyFile,
    out: str | os.PathLike[str] | None = None,
    *,
    base: Scenario | Cluster | None = None,
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    keep_runs: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Study:
    """Make all runs of a study that are not yet in the file ``out`` (by default ``NAME.h5``), and return what is in it then.

    ``study`` is a file, a YAML text or a mapping; ``base`` a loaded scenario or cluster in the place of the one that it names. ``executor`` is
    ``"processes"`` with so many ``workers``, ``"serial"`` or ``"dask"`` (with an ``address``, or a cluster on this computer), or an open one, which is left
    open. ``keep_runs`` is a folder for the whole results files of all runs. Nothing is printed; ``progress(advance)`` is called after each run.

    A run that fails is recorded with its error. When the sweep is interrupted, what has finished is in the file, and the same call goes on. Raises
    :class:`~twin.errors.ScenarioError` for what is wrong with the study, ``FileError`` where ``out`` cannot be written.
    """
    loaded = load_study(study, base=base)
    path = Path(out) if out is not None else Path(f"{loaded.name}.h5")
    folder = Path(keep_runs) if keep_runs is not None else None
    if folder is not None:
        make_folder(folder)
    with Store(path) as store:
        if isinstance(executor, Executor):
            _Sweep(loaded, store, executor, folder, progress).run()
        else:
            with executor_named(executor, workers, address) as opened:
                _Sweep(loaded, store, opened, folder, progress).run()
    return Study(path)


class _Sweep:
    """One sweep at work."""

    def __init__(self, study: StudyFile, store: Store, executor: Executor, folder: Path | None, progress: Progress | None) -> None:
        self.study, self.store, self.executor, self.folder = study, store, executor, folder
        self.progress = progress or (lambda advance: None)
        self.advance = Advance(len(study))
        self.environment = executor.environment()
        self.plan = Plan(study.points, study.replications, self._keys())
        self.handed_out: list[str] = []
        self.checked = not study.responses

    def _keys(self) -> Any:
        keys = np.empty(len(self.study), dtype="S64")
        for run in range(len(self.study)):
            keys[run] = job_key(self.study.job(run), self.environment).encode()
        return keys

    def run(self) -> None:
        """Make what is to be made; whatever happens, put what has finished in the file."""
        try:
            waiting = self._waiting()
            self.progress(self.advance)
            for index, outcome in self.executor.run(waiting):
                self._keep(self.handed_out[index], outcome)
        finally:
            attrs = self._attrs()
            if not self.store.holds(attrs):
                self.store.write(self.plan, attrs, self._texts())

    def _waiting(self) -> Iterator[Job]:
        """Count what is finished, then yield the jobs that are to be made; points that are the same are run once."""
        todo: dict[str, int] = {}
        for run in range(len(self.plan)):
            key = self.plan.key(run)
            outcome = self.store.outcome(key)
            if outcome is None or outcome.status == "lost" or not self._is_kept(run, outcome):
                todo.setdefault(key, run)
                continue
            self._check_responses(outcome)
            self.advance.reused += 1
            self.advance.failed += outcome.kpis is None
        self.advance.total = self.advance.reused + len(todo)

        def jobs() -> Iterator[Job]:
            for key, run in todo.items():
                self.handed_out.append(key)
                yield self.study.job(run, self._file(run))

        return jobs()

    def _file(self, run: int) -> Path | None:
        """Where the whole results of a run go."""
        if self.folder is None:
            return None
        point, replication = divmod(run, self.study.replications)
        return (self.folder / f"{self.study.name}-p{point:05d}-r{replication}.h5").absolute()

    def _is_kept(self, run: int, outcome: Outcome) -> bool:
        """Whether the results file of a finished run is there, where it is to be kept."""
        file = self._file(run)
        if file is None or outcome.kpis is None:
            return True
        try:
            with open_cluster(file) if isinstance(self.study.base, Cluster) else open_file(file, check=False) as result:
                return result.digest == outcome.digest
        except FileError:
            return False

    def _keep(self, key: str, outcome: Outcome) -> None:
        self.store.append(key, outcome)
        self.advance.made += 1
        self.advance.failed += outcome.kpis is None
        self.progress(self.advance)
        self._check_responses(outcome)

    def _check_responses(self, outcome: Outcome) -> None:
        """Look at the first result whether the key figures that are asked for exist, before thousands of runs are made."""
        if self.checked or outcome.kpis is None:
            return
        self.checked = True
        unknown = [(k, name) for k, name in enumerate(self.study.responses) if name not in outcome.kpis]
        if unknown:
            raise ScenarioError([self.study.place(("responses", k), f"no key figure {name[:80]!r}; {nearest(name, outcome.kpis)}") for k, name in unknown])

    def _attrs(self) -> dict[str, Any]:
        study = self.study
        return {
            "twin_version": twin_version(),
            "study_name": study.name,
            "study_title": study.title,
            "study_kind": study.kind,
            "study_sha256": study.sha256,
            "scenario_name": study.base.name,
            "scenario_sha256": study.base.sha256,
            "seed": study.base.seed,
            "design": study.design.model_dump_json(by_alias=True, exclude_none=True),
            "design_seed": study.seed,
            "points": len(study.points),
            "replications": study.replications,
            "responses": json.dumps(study.responses),
            "environment": self.environment,
            "platform": self.executor.platform(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _texts(self) -> dict[str, Any]:
        base = self.study.base
        text, files = (cluster_text(base), cluster_files(base)) if isinstance(base, Cluster) else (base.to_yaml(), base.files)
        return {
            "study/yaml": self.study.text,
            "study/file_name": list(self.study.files),
            "study/file_text": list(self.study.files.values()),
            "study/factors": json.dumps(list(factors_as_json(self.study.points))),
            "scenario/yaml": text,
            "scenario/file_name": list(files),
            "scenario/file_text": list(files.values()),
        }
