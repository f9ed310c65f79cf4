"""One run of a study: what it is, what comes out, and the key under which its outcome may be used again."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from twin.errors import FileError, TwinError, UsageError
from twin.results.findings import range_share
from twin.results.kpis import Kpi
from twin.results.limits import limit_of
from twin.results.provenance import platform_record
from twin.results.sources import code_digest, kinds_digest
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.places import Plain
from twin.study.changes import with_changes
from twin.study.cluster_changes import cluster_with
from twin.study.probes import Probe, take
from twin.study.weeks import figures_of_periods

Status = Literal["done", "failed", "lost"]
"""``failed``: the run ended with an error, and would again. ``lost``: whatever ran it died, or the computer had no memory or disk left."""

COLLECT = 100
"""After so many runs a process looks for objects that refer to one another in circles, which Python itself looks for ever more rarely."""
_VARIABLES = ("GLIBC_TUNABLES", "NPY_DISABLE_CPU_FEATURES", "NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME", "NUMBA_DISABLE_JIT", "NUMBA_OPT")
"""Environment variables that can move the last bit of a result."""


@dataclass(frozen=True)
class Job:
    """One run to be made: replication ``replication`` (0, 1, …) of ``scenario`` with ``changes`` (path: value, as written) made.

    Changes may also name numbers of a catalogue (``materials.pcb.assay.Cu``). ``keep`` is where the whole results file goes; by default none is written.
    ``watch``: pairs of period and key figure (``("week", "grade.steel.Fe")``) that the outcome has of each period besides, see :mod:`twin.study.weeks`.
    """

    scenario: Scenario | Cluster
    replication: int = 0
    changes: Mapping[str, Plain] = field(default_factory=dict)
    keep: Path | None = None
    probes: tuple[Probe, ...] = ()
    """What is read of the run in the place of its key figures; none: all key figures."""
    watch: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came out of a run: its key figures, or None and the error. ``cpu`` is in s; ``warnings`` counts how often a valid range was left.

    ``limit``: what limited the plant, in a few words, ``range_share`` the largest share of its lots in which a machine left a valid range, ``orders`` when each
    order was done, s from the start, NaN where it was not, product by product; none of them is kept by a sweep.
    """

    kpis: dict[str, Kpi] | None
    error: str = ""
    digest: str = ""
    events: int = 0
    warnings: int = 0
    cpu: float = 0.0
    status: Status = "done"
    limit: str = ""
    range_share: float = 0.0
    orders: tuple[float, ...] = ()


def run_job(job: Job) -> Outcome:
    """Make a run. What goes wrong in it is an outcome with its ``error``, never raised; an interrupt by the user passes."""
    began = time.thread_time()
    status: Status
    try:
        return _run_cluster(job, job.scenario, began) if isinstance(job.scenario, Cluster) else _run_plant(job, job.scenario, began)
    except TwinError as error:
        status, text = ("lost" if isinstance(error, FileError) else "failed"), _described(error)
    except (MemoryError, OSError) as error:
        status, text = "lost", _described(error)
    except Exception as error:  # noqa: BLE001  a defect in a user's kernel must not end the other runs of a study
        status, text = "failed", _described(error)
    return Outcome(None, text, cpu=time.thread_time() - began, status=status)


def _run_plant(job: Job, written: Scenario, began: float) -> Outcome:
    from twin.plant import simulate  # loads the kernels, which whoever only hands out runs needs not

    scenario = with_changes(written, job.changes)
    with simulate.run(scenario, out=job.keep, replication=job.replication) as result:
        warnings = int(result.array("units/range_warnings").sum())
        kpis = take(job.probes, result, scenario) if job.probes else {**result.kpis, **figures_of_periods(result, scenario, job.watch)}
        events = int(result.attrs["events"])
        limit, share = limit_of(result.totals).short, range_share(result)
        spent, done = time.thread_time() - began, result.totals.orders.done
        return Outcome(kpis, "", result.digest, events, warnings, spent, limit=limit, range_share=share, orders=done)


def _run_cluster(job: Job, cluster: Cluster, began: float) -> Outcome:
    from twin.plant.cluster import run_cluster

    if job.probes or job.watch:
        raise UsageError("probes and periods are of one plant, and not of a cluster")
    with run_cluster(cluster_with(cluster, job.changes), out=job.keep, replication=job.replication) as result:
        sites = result.sites.values()
        warnings = sum(int(site.array("units/range_warnings").sum()) for site in sites)
        events = sum(int(site.attrs["events"]) for site in sites)
        share = max(range_share(site) for site in sites)
        outcome = Outcome(dict(result.kpis), "", result.digest, events, warnings, time.thread_time() - began, range_share=share)
    gc.collect()  # several plants at once refer to one another in circles: a hundred runs of them do not fit into memory
    return outcome


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().rstrip(":")


def job_key(job: Job, environment: str | None = None) -> str:
    """Return the SHA-256, in hex, of all that a run depends on: scenario with catalogues and seed, changes, replication, code, versions, processor.

    ``environment`` is that of the process which will run it (see :func:`local_environment`), by default this one. Two jobs with equal keys have equal outcomes;
    ``keep`` is no part of it.
    """
    scenario = job.scenario
    parts: list[object] = [scenario.sha256, scenario.seed, job.replication, dict(job.changes), kinds_digest(scenario.code), environment or local_environment()]
    if job.probes:
        parts.append([probe.plain() for probe in job.probes])
    if job.watch:
        parts.append([list(pair) for pair in job.watch])
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def local_environment() -> str:
    """Return the SHA-256, in hex, of what runs in this process depend on beside their scenario: sources, versions, C library, processor."""
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    return hashlib.sha256(json.dumps([code_digest(), platform_record(), variables], sort_keys=True).encode()).hexdigest()
