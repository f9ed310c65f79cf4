"""A plant loads, and so compiles, the kernels that its units need and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BUILD = """
import sys
import twin
twin.Plant(twin.load(sys.argv[1])).run(3600.0)
print("loaded", *sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith(("twin.kernels.", "twin.units.melts."))))
"""
MACHINES = {"air_classifier", "comminution", "covering", "eddy_current", "magnetic", "mills", "partition", "sizing"}
"""What the machines of the WEEE line need."""
FURNACES = {"bath", "furnace", "fuming", "vessel", "smelting", "slag", "phases", "joint_equilibrium"}
OTHERS = {"ballistic_separator", "corona_separator", "density_separator", "manual_picking", "particles", "refining", "robot", "sensor_sorter", "trommel"}


def loaded(scenario: str) -> set[str]:
    """Modules of kernels and of melts that a plant in memory has loaded after an hour, in a fresh process."""
    command = [sys.executable, "-c", BUILD, str(SCENARIOS / f"{scenario}.yaml")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(said.splitlines()[-1].split()[1:])


def test_a_line_without_a_furnace_loads_no_kernel_of_furnaces() -> None:
    found = loaded("weee_line")
    assert found >= MACHINES | {"evaluator", "heaps", "recording"}
    assert [name for name in sorted(found) if name in FURNACES | OTHERS or name.startswith("furnace")] == []


@pytest.mark.soak
def test_a_smelter_loads_those_of_furnaces() -> None:
    assert loaded("copper_smelter") >= FURNACES
