"""Sweeps: what two worker processes cost beside the runs, what a run costs in the file, and memory over many runs."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from figures import Figures
from size import size

import twin
from twin.study.named_executor import executor
from twin.study.processes import Processes
from twin.study.study_file import StudyFile, load_study
from twin.study.sweep import Advance, sweep

PLANT = """\
twin: 1
name: short
time: {horizon: 24 h}
lot: 500 kg
record: {every: 24 h, streams: false}
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good, targets: [good]}
  bad_out: {kind: product, from: sort.bad}
"""
RUN = size(0.050, 0.004)
"""CPU seconds that a run is to take."""
RUNS = int(os.environ.get("TWIN_BENCH_RUNS", size("1000", "8")))
MANY = int(os.environ.get("TWIN_BENCH_SWEEP", size("2000", "20")))
DONE = size(200, 10)
pytestmark = pytest.mark.benchmark(timer=time.process_time)


def study(points: int, horizon: float = 24.0) -> StudyFile:
    """Points of a Latin hypercube over one rate."""
    entries = {"study": 1, "kind": "terminating", "vary": {"units.sort.rate": {"uniform": ["1 t/h", "3 t/h"]}}, "design": {"lhs": points}}
    return load_study(entries, base=twin.load(PLANT).change({"time.horizon": f"{horizon!r} h", "record.every": f"{horizon!r} h"}))


def calibrated() -> float:
    """The horizon, in h, at which a run takes :data:`RUN`, found by two lengths; the shortest, 1 h, where what every run costs is more than that already."""
    with executor("serial") as serial:
        costs = []
        for horizon in (24.0, 24.0 * 16):
            cpu = [outcome.cpu for _, outcome in serial.run([study(12, horizon).job(k) for k in range(12)])]
            costs.append(statistics.median(cpu))
    slope = (costs[1] - costs[0]) / (24.0 * 15)
    if costs[0] >= RUN or slope <= 0.0:  # two costs that are alike differ by noise only, and would lead to a horizon of years
        return 1.0
    return max(1.0, 24.0 + (RUN - costs[0]) / slope)


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def resident(process: object = "self") -> float:
    """Memory that a process holds, in MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def test_two_worker_processes(benchmark: Any, figures: Figures) -> None:
    """All CPU time, of the parent and of the workers from their start, against that of the runs alone: their number times the median.

    The first runs of a worker load the kernels; they count as what they cost beyond a median one.
    """
    horizon = calibrated()
    points = study(RUNS, horizon)
    cpu: list[float] = []

    def swept() -> float:
        own, theirs, wall = time.process_time(), children(), time.monotonic()
        with Processes(2) as pool:
            cpu.extend(outcome.cpu for _, outcome in pool.run(points.job(k) for k in range(RUNS)))
        benchmark.extra_info["wall"] = time.monotonic() - wall
        return time.process_time() - own + children() - theirs

    total = benchmark.pedantic(swept, rounds=1, iterations=1)
    run = statistics.median(cpu)
    figures.figure("sweep_efficiency_2_processes", RUNS * run / total, at_least=0.9)
    figures.beside("sweep_run_cpu", 1e3 * run, "ms")
    figures.beside("sweep_runs", len(cpu))
    figures.beside("sweep_all_cpu", total, "s")
    figures.beside("sweep_wall", benchmark.extra_info["wall"], "s")
    figures.beside("sweep_wall_over_ideal", benchmark.extra_info["wall"] / (RUNS * run / 2))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_of_a_long_sweep(benchmark: Any, figures: Figures, tmp_path: Path) -> None:
    """Memory of the process that sweeps, and of its workers, after a tenth of the runs and after all of them."""
    points = study(MANY, 1.0)
    memory: list[tuple[float, float]] = []
    with Processes(2) as pool:

        def look(advance: Advance) -> None:
            if advance.made in (MANY // 10, MANY):
                gc.collect()
                memory.append((resident(), max(resident(worker.process.pid) for worker in pool._pool)))

        benchmark.pedantic(lambda: sweep(points, tmp_path / "many.h5", executor=pool, progress=look), rounds=1, iterations=1)
    (parent, worker), (parent_end, worker_end) = memory
    figures.figure("sweep_memory_growth", max(parent_end - parent, worker_end - worker), at_most=10.0)
    figures.beside("sweep_memory_runs", MANY)
    figures.beside("sweep_memory_parent", parent_end, "MB")
    figures.beside("sweep_memory_worker", worker_end, "MB")
    figures.beside("sweep_bytes_a_run_in_the_file", (tmp_path / "many.h5").stat().st_size / MANY)


def test_reading_a_finished_sweep(benchmark: Any, figures: Figures, tmp_path: Path) -> None:
    """The same sweep once more, when nothing is to be made: keys and a look into the file."""
    points = study(DONE, 1.0)
    sweep(points, tmp_path / "done.h5", executor="serial")

    def again() -> None:
        sweep(points, tmp_path / "done.h5", executor="serial")

    benchmark.pedantic(again, rounds=3, iterations=1)
    figures.beside("sweep_finished_ms_a_run", 1e3 * benchmark.stats["median"] / DONE, "ms")
