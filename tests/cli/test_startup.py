"""What commands import: ``--help`` and ``--version`` nothing heavy, ``validate`` and ``schema`` no compiler and no simulator."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from twin.cli import main
from twin.scenario import loading

WEEE = Path(__file__).parents[2] / "scenarios" / "weee_line.yaml"
HEAVY = ("numpy", "numba", "pydantic", "simpy", "h5py", "yaml", "scipy", "rich", "secrets")
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


PLANT = """\
twin: 1
name: small
time: {horizon: 2 h}
lot: 500 kg
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: 1 h, mass: 1 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good, targets: [good]}
  bad_out: {kind: product, from: sort.bad}
"""


def test_a_run_imports_nothing_that_its_plant_does_not_need(tmp_path: Path) -> None:
    """No language and no units of furnaces, no machines of other kinds, nothing of studies, reports and statistics."""
    path = tmp_path / "small.yaml"
    path.write_text(PLANT, encoding="utf-8")
    unused = (
        "twin.scenario.furnace",
        "twin.scenario.phases",
        "twin.units.melts.furnace",
        "twin.kernels.smelting",
        "twin.kernels.mills",
        "twin.kernels.eddy_current",
    )
    others = ("twin.study.sweep", "twin.report.page", "pandas", "xarray", "matplotlib", "jinja2", "scipy.stats", "multiprocessing.pool")
    assert imported((*unused, *others), "run", str(path), "-o", str(tmp_path / "small.h5")) == []


def test_a_run_loads_its_scenario_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is said of the result does not read the scenario from the results file again."""
    path = tmp_path / "small.yaml"
    path.write_text(PLANT, encoding="utf-8")
    built: list[str] = []
    build = loading._build
    monkeypatch.setattr(loading, "_build", lambda *arguments: (built.append("built"), build(*arguments))[1])
    assert main(["run", str(path), "-o", str(tmp_path / "small.h5")]) == 0
    assert built == ["built"] and "balance closed" in capsys.readouterr().out
