"""Who makes the runs of a study: this process, worker processes, or a dask cluster. The outcomes are the same to the last bit."""

from __future__ import annotations

import gc
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from twin.results.provenance import platform_text
from twin.study.runs import COLLECT, Job, Outcome, local_environment, run_job


class Executor(ABC):
    """Makes runs; :func:`twin.study.named_executor.executor` gives one by its name. Use it as a context manager: its workers end with the block."""

    name = ""
    workers = 1

    @abstractmethod
    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        """Yield (place among the jobs, outcome) of every job as they finish, in any order.

        Jobs are taken from the iterable as workers become free, so that there may be any number of them. A run that fails is an outcome with its error. Where
        a worker process dies, only the runs it had taken are made again, at most :data:`~twin.study.worker.TRIES` times in all.
        """

    def environment(self) -> str:
        """Return the digest of code, versions and processor of those who make the runs, for :func:`~twin.study.runs.job_key`."""
        return local_environment()

    def platform(self) -> str:
        """Return versions and processor of those who make the runs, as JSON text."""
        return platform_text()

    def close(self) -> None:  # noqa: B027  an executor without workers has nothing to end
        """End the workers at once; what they are at is given up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Serial(Executor):
    """One run after another, in this process."""

    name = "serial"

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        for index, job in enumerate(jobs):
            yield index, run_job(job)
            if index % COLLECT == COLLECT - 1:
                gc.collect()


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
