"""What commands import: ``--help`` and ``--version`` nothing heavy, ``validate`` and ``schema`` no compiler and no simulator."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

WEEE = Path(__file__).parents[2] / "scenarios" / "weee_line.yaml"
HEAVY = ("numpy", "numba", "pydantic", "simpy", "h5py", "yaml", "scipy", "rich")
COMPILED = ("numba", "simpy", "scipy")
PROGRAM = """
import contextlib, io, json, sys
from twin.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        code = main(sys.argv[2:])
    except SystemExit as end:
        code = end.code or 0
print(json.dumps([code, [name for name in json.loads(sys.argv[1]) if name in sys.modules]]))
"""


def imported(names: tuple[str, ...], *arguments: str) -> list[str]:
    """Which of the packages a successful command imports."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(names), *arguments]
    code, found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert code == 0
    return list(found)


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",), ()])
def test_help_and_version_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported(HEAVY, *arguments) == []


def test_version_imports_no_more_than_help_and_is_that_of_the_package() -> None:
    loaded = "import sys; from twin.cli import main\ntry: main(sys.argv[1:])\nexcept SystemExit: pass\nprint(len(sys.modules))"
    counts = [subprocess.run([sys.executable, "-c", loaded, option], capture_output=True, text=True, check=True).stdout for option in ("--help", "--version")]
    first, count = counts[1].split("\n")[:2]
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert first == f"twin {declared}" == f"twin {metadata.version('twin')}" and int(count) <= int(counts[0].split()[-1])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("arguments", [("validate", str(WEEE)), ("schema",), ("materials", "weee")])
def test_scenarios_are_checked_without_compiler_and_simulator(arguments: tuple[str, ...]) -> None:
    assert imported(COMPILED, *arguments) == []
