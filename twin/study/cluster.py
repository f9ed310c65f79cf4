"""The workers of a dask cluster, or of one that is started on this computer."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from twin.errors import UsageError
from twin.results.provenance import platform_text
from twin.study.executors import Executor, cores
from twin.study.runs import Job, Outcome, local_environment
from twin.study.worker import Packer, run_packed

AHEAD = 2
"""Jobs that the cluster has at a time for each of its threads."""
LOOK = 2.0
"""Seconds between two looks at how many workers there are."""


class Dask(Executor):
    """Runs on the workers of a dask scheduler. All of them must have the same code, versions and processor."""

    name = "dask"

    def __init__(self, workers: int | None, address: str | None) -> None:
        try:
            distributed: Any = import_module("distributed")
        except ImportError:
            raise UsageError("the executor 'dask' needs dask: pip install 'twin[cluster]'") from None
        self._cluster: Any = None
        try:
            if address is None:
                self._cluster = distributed.LocalCluster(n_workers=workers or cores(), threads_per_worker=1, dashboard_address=":0")
            self._client = distributed.Client(self._cluster if address is None else address, timeout="10s", set_as_default=False)
            self._client.wait_for_workers(1, timeout=600)
        except (OSError, ValueError, RuntimeError, TimeoutError) as error:
            self.close()
            hint = "is it running?" if address is not None else "a script that starts workers must begin them below 'if __name__ == \"__main__\":'"
            raise UsageError(f"no dask scheduler at {address or 'this computer'} ({error or type(error).__name__}); {hint}") from None
        self.workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        self._packer = Packer()
        self._environment = ""
        self._looked, self._room = -math.inf, 1

    def environment(self) -> str:
        """Return the digest of what runs depend on at the workers. Raises ``UsageError`` where they do not have all the same."""
        found: dict[str, str] = self._client.run(local_environment)
        if len(dict.fromkeys(found.values())) > 1:
            listed = "; ".join(f"{worker}: {digest[:8]}" for worker, digest in sorted(found.items()))
            raise UsageError(f"the workers differ in code, versions or processor, and so would the last bits of results ({listed}); start equal ones")
        self._environment = next(iter(found.values()))
        return self._environment

    def platform(self) -> str:
        return str(next(iter(self._client.run(platform_text).values())))

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        source = enumerate(jobs)
        waiting: dict[Any, int] = {}
        finished = import_module("distributed").as_completed(loop=self._client.loop)
        self._submit(source, waiting, finished)
        try:
            for future in finished:
                index = waiting.pop(future)
                outcome = _outcome(future)
                future.release()
                self._submit(source, waiting, finished)
                yield index, outcome
        finally:
            self._client.cancel(list(waiting))  # what an interrupted sweep gave up

    def _submit(self, source: Iterator[tuple[int, Job]], waiting: dict[Any, int], finished: Any) -> None:
        """Give the cluster as many jobs as it has room for; workers may come as a batch system starts them."""
        if time.monotonic() - self._looked > LOOK:
            self._room = max(1, AHEAD * sum(self._client.nthreads().values()))
            self._looked = time.monotonic()
        for index, job in itertools.islice(source, max(0, self._room - len(waiting))):
            future = self._client.submit(run_packed, self._packer.pack(job, self._environment), pure=False)
            waiting[future] = index
            finished.add(future)

    def close(self) -> None:
        for part in (getattr(self, "_client", None), self._cluster):
            if part is not None:
                part.close()


def _outcome(future: Any) -> Outcome:
    """What a task returned; dask itself gives one whose worker died to another, some times."""
    error = future.exception()
    if error is None:
        found = future.result()
        assert isinstance(found, Outcome)
        return found
    return Outcome(None, f"WorkerLost: {type(error).__name__}: {error}", status="lost")
