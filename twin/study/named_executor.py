"""From the name of an executor, as commands and studies give it, to the executor."""

from __future__ import annotations

from twin.errors import UsageError
from twin.scenario.problems import nearest
from twin.study.cluster import Dask
from twin.study.executors import Executor, Serial, cores
from twin.study.processes import Processes

EXECUTORS = ("processes", "serial", "dask")


def executor(name: str = "processes", workers: int | None = None, address: str | None = None) -> Executor:
    """Return the executor of that name.

    ``workers`` is the number of worker processes, by default one for each core that this process may use. ``address`` is that of a running dask scheduler;
    without it, dask starts a cluster on this computer. Raises :class:`~twin.errors.UsageError`.
    """
    if name not in EXECUTORS:
        raise UsageError(f"unknown executor {name!r}; {nearest(name, EXECUTORS)}")
    if workers is not None and workers < 1:
        raise UsageError(f"at least one worker is needed (got {workers})")
    if address is not None and name != "dask":
        raise UsageError(f"an address belongs to the executor 'dask' (got {address!r} with {name!r})")
    if name == "serial":
        if workers is not None and workers > 1:
            raise UsageError(f"the executor 'serial' is one process (got {workers} workers); take 'processes'")
        return Serial()
    if name == "processes":
        return Processes(workers or cores())
    return Dask(workers, address)
