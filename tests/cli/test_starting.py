"""``twin new --like`` and completion in a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import twin
from twin.cli import main
from twin.scenario.starters import patterns

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", patterns())
def test_a_plant_that_comes_with_twin_needs_no_other_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    assert main(["new", str(path), "--like", name]) == 0
    assert path.read_bytes() == (ROOT / "scenarios" / f"{name}.yaml").read_bytes()
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    assert twin.load(path).name == name
    assert main(["new", str(path), "--like", name]) == 2


@pytest.mark.parametrize("name", ["nope", "../small", "lvp_line.yaml", "l", "\x1b[2J"])
def test_a_plant_that_there_is_not(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "plant.yaml"), "--like", name]) == 2
    assert "lvp_line" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_short_name_is_enough() -> None:
    assert twin.starter("lvp") == twin.starter("lvp_line") != twin.starter()


@pytest.mark.parametrize(
    ("line", "found"), [("twin compa", ["compare"]), ("twin new --like l", ["lvp_line"]), ("twin run --repl", ["--replication", "--replications"])]
)
def test_what_a_shell_completes(line: str, found: list[str], tmp_path: Path) -> None:
    pytest.importorskip("argcomplete")
    told = tmp_path / "told"
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(told), "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    subprocess.run([sys.executable, "-m", "twin"], env={**os.environ, **asked, "PYTHONPATH": str(ROOT)}, timeout=60, check=True)
    assert [word.strip() for word in told.read_text(encoding="utf-8").split("\n")] == found


def test_a_normal_start_does_not_import_it() -> None:
    program = "import sys; from twin.cli import main; main(['--version']); sys.exit('argcomplete' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "_ARGCOMPLETE"}
    assert subprocess.run([sys.executable, "-c", program], env={**environment, "PYTHONPATH": str(ROOT)}, timeout=60, check=False).returncode == 0


def test_no_name_is_torn_at_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a terminal that is narrower than the table shows: every name whole, each line within its width; a wide one shows a row for each line."""
    from rich.console import Console

    from twin.cli import tables
    from twin.plant.topology import derive

    scenario = twin.load(twin.starter("lvp"))
    topology = derive(scenario)
    shown = {}
    for width in (80, 400):
        console = Console(width=width, record=True, file=open(os.devnull, "w", encoding="utf-8"), color_system=None)  # noqa: PTH123, SIM115
        monkeypatch.setattr(tables, "stdout", lambda console=console: console)
        tables.show_topology(scenario, topology, ())
        console.file.close()
        shown[width] = console.export_text().partition("\nplant")[0].split("\n")
    assert max(map(len, shown[80])) <= 80
    words = set(" ".join(shown[80]).replace(",", " ").split())
    assert {name for line in topology.lines for name in (line.name, *line.machines, *line.bunkers, *line.destinations)} <= words
    assert len(shown[400]) == len(topology.lines) + 3  # what it is, the title, the headings
