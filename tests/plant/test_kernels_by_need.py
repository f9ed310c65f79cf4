"""A plant loads, and so compiles, the kernels that its units need and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parents[2] / "scenarios"
RUN = """
import sys
from twin.cli import main
main(["run", sys.argv[1], "--set", "time.horizon=1 h", "--set", "time.warmup=0 h", "--set", "record.every=1 h", "-o", sys.argv[2]])
print("loaded", *sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith(("twin.kernels.", "twin.units.melts."))))
"""
MACHINES = {"air_classifier", "comminution", "covering", "eddy_current", "magnetic", "mills", "partition", "sizing"}
"""What the machines of the WEEE line need."""
FURNACES = {"bath", "furnace", "fuming", "vessel", "smelting", "slag", "phases", "joint_equilibrium"}
OTHERS = {"ballistic_separator", "corona_separator", "density_separator", "manual_picking", "particles", "refining", "robot", "sensor_sorter", "trommel"}


def loaded(scenario: str, folder: Path) -> set[str]:
    """Modules of kernels and of melts that a run of an hour has loaded, in a fresh process."""
    command = [sys.executable, "-c", RUN, str(SCENARIOS / f"{scenario}.yaml"), str(folder / "r.h5")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(said.splitlines()[-1].split()[1:])


def test_a_line_without_a_furnace_loads_no_kernel_of_furnaces(tmp_path: Path) -> None:
    found = loaded("weee_line", tmp_path)
    assert found >= MACHINES | {"evaluator", "heaps", "recording"}
    assert [name for name in sorted(found) if name in FURNACES | OTHERS or name.startswith("furnace")] == []


@pytest.mark.soak
def test_a_smelter_loads_those_of_furnaces(tmp_path: Path) -> None:
    assert loaded("copper_smelter", tmp_path) >= FURNACES
