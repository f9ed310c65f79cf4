"""Every benchmark runs, small: candidate and peer agree, and each figure of the page on performance is printed.

Those that take a minute even so are left to ``make soak``; ``make test`` sees that they can be collected.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted(path.name for path in (ROOT / "benchmarks").glob("test_*.py"))
LONG = ("test_horizon.py", "test_overhead.py", "test_smelter.py")
FIGURE = re.compile(r"^figure (\S+) ([-\d.e+]+|nan) goal [<>]=", re.MULTILINE)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.soak) if name in LONG else name for name in BENCHMARKS])
def test_it_runs_small(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", str(ROOT / "benchmarks" / name), "-s", "-p", "no:xdist", "-p", "no:randomly", f"--basetemp={tmp_path / 'own'}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {"TWIN_BENCH_SMALL": "1"}
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=500)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-2000:]
    assert FIGURE.findall(found.stdout), f"{name} prints no figure"


def test_all_can_be_collected() -> None:
    command = [sys.executable, "-m", "pytest", *(str(ROOT / "benchmarks" / name) for name in LONG), "--collect-only", "-p", "no:xdist"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=200)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-2000:]
    assert all(f"{name}::" in found.stdout for name in LONG)
