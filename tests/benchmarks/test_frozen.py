"""What the engine is measured against stands still: peers run on frozen copies, and neither takes anything from the code that is measured."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MODULES = sorted(path for folder in ("peers", "frozen") for path in (BENCHMARKS / folder).rglob("*.py"))
OURS = sorted(path.stem for path in BENCHMARKS.glob("*.py"))
"""Modules of the benchmarks themselves, which do import the engine."""

COPIES = sorted(path for path in (BENCHMARKS / "frozen").iterdir() if path.suffix in {".py", ".json"} and path.name not in {"__init__.py", "plant.py"})
DIGEST = "b1d3734f62c97d3e"


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports from {'.' * node.level}: say where from, so that this test sees it"
            yield node.module or ""
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            assert name not in {"import_module", "__import__"}, f"{path.name} imports by name"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_peers_and_frozen_copies_import_nothing_of_twin(path: Path) -> None:
    packages = {name.partition(".")[0] for name in imported(path)}
    assert "twin" not in packages
    assert not packages & set(OURS)


def test_the_copies_are_not_edited() -> None:
    """Who freezes anew writes the new digest here, beside the new commit in ``frozen/__init__.py``."""
    digest = hashlib.sha256()
    for path in COPIES:
        digest.update(f"{path.name}\n{path.read_text()}".encode())
    assert digest.hexdigest()[:16] == DIGEST


def test_the_frozen_plant_is_whole() -> None:
    """Every line leads to units that are there, every machine is on one line, and shares of sizes sum to 1."""
    plant = json.loads((BENCHMARKS / "frozen" / "weee_plant.json").read_text())
    units = {*plant["bunkers"], *plant["conveyors"], *plant["products"]}
    machines = [name for line in plant["lines"] for name in line["machines"]]
    assert sorted(machines) == sorted(plant["machines"])
    assert {name for line in plant["lines"] for name in (*line["destinations"], *line["bunkers"])} <= units
    assert [sum(row) for row in plant["size_fractions"]] == pytest.approx([1.0] * len(plant["materials"]))
