"""How long ``twin --help`` takes, measured on fresh processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from figures import Figures
from interleaved import Prepare, children_cpu, interleave, with_bytecode


def process(folder: Path, *arguments: str) -> Prepare:
    own = with_bytecode(folder)
    return lambda: lambda: subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, env=own)


@pytest.mark.benchmark(timer=children_cpu)
def test_help(benchmark: Any, figures: Figures, tmp_path: Path) -> None:
    contenders = {"argparse": process(tmp_path, "-c", "import argparse"), "candidate": process(tmp_path, "-m", "twin", "--help")}
    for prepare in contenders.values():
        prepare()()
    times = interleave(benchmark, contenders, rounds=25, timer=children_cpu)
    figures.figure("help_cpu_over_import_argparse", times.ratio("candidate", "argparse"), at_most=4.0)
    figures.beside("help_ms", 1e3 * times.median("candidate"), "ms")
    figures.beside("import_argparse_ms", 1e3 * times.median("argparse"), "ms")
