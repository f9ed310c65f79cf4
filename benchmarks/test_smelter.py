"""What a smelter costs: a phase beside its compiled call, a year, and the memory over the horizon."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from figures import Figures
from interleaved import Prepare, children_cpu, interleave
from plant_run import prepared
from size import size
from smelter import PhaseClock, phases_timed, smelter

from twin.scenario import Scenario

MONTHS = size((1, 3, 12), (1, 2))
HOURS = size(730, 12)
"""Of a month: twelve are 365 days."""
SCRIPT = Path(__file__).with_name("smelter.py")


@pytest.mark.benchmark(timer=time.process_time)
def test_cost_of_a_phase_beside_the_kernel(benchmark: Any, figures: Figures, tmp_path: Path) -> None:
    """CPU time of the run less that of the compiled phases within it: unrecorded, and with all that can be recorded, in a file."""
    ways = {
        "recorded": (smelter(size("15 d", "1 d"), every="1 h", genealogy=True), tmp_path / "recorded.h5"),
        "candidate": (smelter(size("15 d", "1 d")), None),
    }
    clocks: dict[str, list[PhaseClock]] = {name: [] for name in ways}

    def clocked(scenario: Scenario, out: Path | None, found: list[PhaseClock]) -> Prepare:
        prepare = prepared(scenario, out, close=False)

        def build() -> Callable[[], None]:
            run = prepare()

            def timed() -> None:
                with phases_timed() as clock:
                    run()
                found.append(clock)

            return timed

        return build

    times = interleave(benchmark, {name: clocked(*way, clocks[name]) for name, way in ways.items()}, rounds=5)
    splits = {name: [clock.split(seconds) for clock, seconds in zip(clocks[name], times.seconds[name], strict=True)] for name in ways}
    last = clocks["candidate"][-1]
    kernels = statistics.median(kernel for kernel, _ in splits["candidate"])
    beside = {name: statistics.median(rest for _, rest in rows) for name, rows in splits.items()}
    figures.beside("smelter_us_a_phase_beside_the_kernel", 1e6 * beside["candidate"] / last.phases, "us")
    figures.beside("smelter_recorded_us_a_phase_beside_the_kernel", 1e6 * beside["recorded"] / last.phases, "us")
    figures.beside("smelter_kernel_us_a_phase", 1e6 * kernels / last.phases, "us")
    figures.beside("smelter_kernel_us_a_step", 1e6 * kernels / last.steps, "us")
    figures.beside("smelter_kernel_us_a_step_tried", 1e6 * kernels / last.tried, "us")
    figures.beside("smelter_time_beside_the_kernel_over_kernel", statistics.median(rest / kernel for kernel, rest in splits["candidate"]))
    figures.beside("smelter_phases", last.phases)
    figures.beside("smelter_calls", last.calls)


@pytest.mark.parametrize("genealogy", [False, True])
@pytest.mark.benchmark(timer=children_cpu)
def test_smelter_horizons(benchmark: Any, figures: Figures, tmp_path: Path, genealogy: bool) -> None:
    """Linear and flat, as the WEEE line; twelve months are the smelter year."""
    name = "smelter_with_genealogy" if genealogy else "smelter"
    found: dict[int, dict[str, float]] = {}

    def output(horizon: str) -> str:
        command = [sys.executable, str(SCRIPT), horizon, str(tmp_path / "horizon.h5"), "genealogy" if genealogy else "none"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def run(months: int) -> Prepare:
        def timed() -> None:
            found[months] = json.loads(output(f"{HOURS * months} h"))

        return lambda: timed

    output(size("1 d", "6 h"))  # whoever compiles holds more
    interleave(benchmark, {f"{months} months": run(months) for months in MONTHS}, rounds=1, timer=children_cpu)
    month, year = found[MONTHS[0]], found[MONTHS[-1]]
    for months in MONTHS[1:]:
        figures.figure(f"{name}_cpu_of_{months}_months_over_{months}_times_1_month", found[months]["seconds"] / month["seconds"] / months, at_most=1.2)
        figures.figure(f"{name}_peak_memory_of_{months}_months_over_1_month", found[months]["megabytes"] / month["megabytes"], at_most=1.15)
    for months in MONTHS:
        figures.beside(f"{name}_{months}_months_peak_memory_mb", found[months]["megabytes"], "MB")
    figures.beside(f"{name}_year_cpu_s", year["seconds"], "s")
    figures.beside(f"{name}_year_kernel_s", year["kernels"], "s")
    for what in ("batches", "phases", "calls", "ladles", "steps", "tried"):
        figures.beside(f"{name}_year_{what}", year[what])
    figures.beside(f"{name}_year_cpu_us_a_phase", 1e6 * year["seconds"] / year["phases"], "us")
    figures.beside(f"{name}_year_us_a_phase_beside_the_kernel", 1e6 * year["beside"] / year["phases"], "us")
    figures.beside(f"{name}_year_kernel_us_a_step_tried", 1e6 * year["kernels"] / year["tried"], "us")
