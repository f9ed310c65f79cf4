"""What a command does can be done from Python, by a public name that imports nothing before it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import twin
from twin.cli.commands import COMMANDS
from twin.cli.parser import OWN

NAMES = {
    "validate": "load", "new": "starter", "materials": "catalogue", "batch": "batch_test", "plan": "week_plan", "import": "import_table", "stops": "reliability",
    "acceptance": "acceptance_curve", "emulate": "Emulator", "live": "Follower", "tags": "load_tags",
}  # fmt: skip
"""Commands whose public name is another word."""
WINDOWS = {"page"}
"""Commands that open a window for a person: from Python there is nothing to get back, and ``twin.page`` is the package."""


def test_every_command_has_a_public_name() -> None:
    for command in [command for command in (*COMMANDS, *OWN) if command not in WINDOWS]:
        name = NAMES.get(command, command)
        assert name in twin.__all__ and callable(getattr(twin, name)), command


def test_a_name_is_imported_when_it_is_used() -> None:
    code = "import sys, twin; assert not [m for m in sys.modules if m.startswith(('numpy', 'numba', 'simpy', 'pydantic'))]; print(len(twin.__all__))"
    assert int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) == len(twin.__all__)


def test_the_new_names_do_what_their_commands_do(tmp_path: Path) -> None:
    scenario = twin.load(twin.starter())
    assert "screen" in scenario.units and "copper" in twin.catalogue("weee").materials and twin.schema()["$defs"]
    log = tmp_path / "log.csv"
    log.write_text(
        "Maschine;Beginn;Dauer min;Grund\nmill;02.03.2026 06:00;30;Stau\nmill;03.03.2026 06:00;45;Stau\nmill;06.03.2026 09:30;15;Stau\n", encoding="utf-8"
    )
    (whole, *_) = twin.reliability(log)
    assert whole.machine == "mill" and whole.stops == 3 and whole.down == 1.5
    weighed = tmp_path / "waage.csv"
    weighed.write_text("Datum;Uhrzeit;Netto t\n02.03.2026;06:20;11,4\n02.03.2026;07:05;12,1\n", encoding="utf-8")
    imported = twin.import_table(weighed, {"Netto t": "mass"})
    assert imported.made.kind == "deliveries" and len(imported.made.rows) == 2 and "2026-03-02T06:20" in imported.text()
