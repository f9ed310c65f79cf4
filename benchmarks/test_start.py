"""What beginning costs: the first run ever, which compiles, and a day of a plant whose kernels are compiled, each in a fresh process.

Python keeps the bytecode of what it imports, as it does for a user; here in a folder of the measurement, also where that is switched off. An installation
leaves bytecode behind, so a run that is not counted comes first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from figures import Figures
from interleaved import children_cpu, with_bytecode

ROOT = Path(__file__).parents[1]
SMALL = bool(os.environ.get("TWIN_BENCH_SMALL"))
DAY = ("--set", "time.horizon=1 d", "--set", "time.warmup=0 h")


def run(name: str, folder: Path, cache: Path | None) -> float:
    """CPU time of `twin run` of a day, s, in a cache of its own or in that of everybody."""
    own = with_bytecode(folder) | ({"NUMBA_CACHE_DIR": str(cache)} if cache else {})
    command = [sys.executable, "-m", "twin", "run", str(ROOT / "scenarios" / f"{name}.yaml"), *DAY, "-o", str(folder / f"{name}.h5")]
    before = children_cpu()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own)
    return children_cpu() - before


@pytest.mark.benchmark(timer=children_cpu)
def test_start(benchmark: Any, figures: Figures, tmp_path: Path) -> None:
    """Small: the warm day alone, since the suite has compiled already."""
    cache = None if SMALL else tmp_path / "kernels"
    run("weee_line", tmp_path, None)
    if cache:
        figures.figure("first_run_cpu_s", run("weee_line", tmp_path, cache), at_most=20.0)
        figures.beside("first_run_of_a_smelter_after_it_cpu_s", run("copper_smelter", tmp_path, cache), "s")
    run("weee_line", tmp_path, cache)
    times = [run("weee_line", tmp_path, cache) for _ in range(1 if SMALL else 5)]
    benchmark.pedantic(lambda: None)
    figures.figure("warm_day_cpu_s", sorted(times)[len(times) // 2], at_most=1.2)
