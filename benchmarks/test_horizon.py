"""Time and peak memory over horizons of 1, 3 and 12 months, with recording, each in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from figures import Figures
from interleaved import Prepare, children_cpu, interleave
from size import size

MONTHS = size((1, 3, 12), (1, 2))
ROUNDS = 2
HORIZON = Path(__file__).with_name("horizon.py")


@pytest.mark.parametrize(("plant", "name"), [("weee", ""), ("weee_extended", "weee_extended_")])
@pytest.mark.benchmark(timer=children_cpu)
def test_horizons(benchmark: Any, figures: Figures, tmp_path: Path, plant: str, name: str) -> None:
    """Linear: a year may cost a fifth more than twelve times a month, for it holds more full bays than the first month does. Flat: a year may hold 15 % more
    memory than a month, of which the interpreter and the libraries are the larger part."""
    found: dict[int, list[dict[str, float]]] = {months: [] for months in MONTHS}

    def run(months: int) -> Prepare:
        def timed() -> None:
            command = [sys.executable, str(HORIZON), plant, f"{size(30, 2) * months} d", str(tmp_path / "horizon.h5")]
            found[months].append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

        return lambda: timed

    interleave(benchmark, {f"{months} months": run(months) for months in MONTHS}, rounds=ROUNDS, timer=children_cpu)

    def ratio(what: str, months: int) -> float:
        return statistics.median(long[what] / short[what] for long, short in zip(found[months], found[1], strict=True))

    for months in MONTHS[1:]:
        figures.figure(f"{name}cpu_of_{months}_months_over_{months}_times_1_month", ratio("seconds", months) / months, at_most=1.2)
        figures.figure(f"{name}peak_memory_of_{months}_months_over_1_month", ratio("megabytes", months), at_most=1.15)
    for months in MONTHS:
        last = found[months][-1]
        figures.beside(f"{name}{months}_months_cpu_s", statistics.median(row["seconds"] for row in found[months]), "s")
        figures.beside(f"{name}{months}_months_peak_memory_mb", last["megabytes"], "MB")
        figures.beside(f"{name}{months}_months_line_visits", last["visits"])
