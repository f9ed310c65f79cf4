"""What a worker process does: it receives scenarios once, then jobs that change them, and sends back outcomes."""

from __future__ import annotations

import gc
import hashlib
import itertools
import os
import pickle
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.places import Plain
from twin.study.probes import Probe
from twin.study.runs import COLLECT, Job, Outcome, local_environment, run_job

TRIES = 3
"""A run is made at most so many times when the process that makes it dies."""
MOST_KNOWN = 8
"""A worker keeps at most so many scenarios; jobs are changes of one of them."""
_ONE_AT_A_TIME = threading.Lock()
_COUNT = itertools.count()
_KNOWN: dict[str, Scenario | Cluster] = {}


@dataclass(frozen=True)
class Packed:
    """A job on its way: its scenario as a pickle with a digest, or by the digest alone where the worker has it."""

    scenario: str
    pickled: bytes | None
    replication: int
    changes: Mapping[str, Plain]
    keep: Path | None
    environment: str = ""
    """That of the process which is to run it, where that is to be looked at."""
    probes: tuple[Probe, ...] = ()
    watch: tuple[tuple[str, str], ...] = ()


class Packer:
    """Pickles each scenario once."""

    def __init__(self) -> None:
        self._pickles: dict[int, tuple[Scenario | Cluster, str, bytes]] = {}

    def pack(self, job: Job, environment: str = "") -> Packed:
        """Return the job with its scenario pickled."""
        found = self._pickles.get(id(job.scenario))
        if found is None:
            pickled = pickle.dumps(job.scenario, pickle.HIGHEST_PROTOCOL)
            found = job.scenario, hashlib.sha256(pickled).hexdigest(), pickled
            if len(self._pickles) >= MOST_KNOWN:
                self._pickles.clear()
            self._pickles[id(job.scenario)] = found
        return Packed(found[1], found[2], job.replication, dict(job.changes), job.keep, environment, job.probes, job.watch)


def remember(known: dict[str, Scenario | Cluster], digest: str, scenario: Scenario | Cluster) -> None:
    """Keep a scenario; sender and receiver both forget all of them when there are :data:`MOST_KNOWN`."""
    if len(known) >= MOST_KNOWN:
        known.clear()
    known[digest] = scenario


def run_packed(packed: Packed) -> Outcome:
    """Make the run of a packed job. One at a time in a process, whatever threads it has."""
    if packed.environment not in ("", local_environment()):
        text = "WorkerLost: a worker that came later has other code, versions or another processor than the first; start equal ones"
        return Outcome(None, text, status="lost")
    with _ONE_AT_A_TIME:
        if next(_COUNT) % COLLECT == COLLECT - 1:
            gc.collect()
        if packed.pickled is not None and packed.scenario not in _KNOWN:
            remember(_KNOWN, packed.scenario, pickle.loads(packed.pickled))
        return run_job(Job(_KNOWN[packed.scenario], packed.replication, packed.changes, packed.keep, packed.probes, packed.watch))


def serve(connection: Connection) -> None:
    """Make the runs that come through a pipe until it ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import_module("twin.plant.simulate")  # the kernels: before it says that it is ready
    connection.send(None)
    while True:
        try:
            index, packed = connection.recv()
            connection.send((index, run_packed(packed)))
        except (EOFError, BrokenPipeError):
            return


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, so that a killed study leaves nobody at work."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
