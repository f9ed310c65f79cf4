"""Every benchmark runs, small: candidate and peer agree, and each figure of the page on performance is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted(path.name for path in (ROOT / "benchmarks").glob("test_*.py"))
FIGURE = re.compile(r"^figure (\S+) ([-\d.e+]+|nan) goal [<>]=", re.MULTILINE)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs_small(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", str(ROOT / "benchmarks" / name), "-s", "-p", "no:xdist", "-p", "no:randomly", f"--basetemp={tmp_path / 'own'}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {"TWIN_BENCH_SMALL": "1"}
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=500)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-2000:]
    assert FIGURE.findall(found.stdout), f"{name} prints no figure"
