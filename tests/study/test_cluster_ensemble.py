"""``--ensemble`` of run, compare and sweep for clusters: members change numbers of sites and of links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twin.cli.parser import main
from twin.scenario.starters import starter
from twin.study.ensemble import Ensemble, write_ensemble

CLUSTER = """twin: 1
time: {horizon: 1 d, warmup: 2 h}
sites:
  north:
    extends: plant.yaml
    seed: 11
    change: {units.box: {kind: bunker, from: eddy.light, capacity: 40 t}, units.light_metal.from: box}
  south: {extends: plant.yaml, seed: 12}
links:
  metal: {from: north.light_metal, to: south.deliveries, trucks: 2, payload: 1 t, travel: 1 h, price: 900 EUR/t}
"""
PRICES = (0.8, 0.9, 1.0, 0.85)
"""EUR/kg."""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    study = "study: 1\nbase: metal.yaml\nkind: terminating\nvary: {links.metal.payload: {list: [1 t, 2 t]}}\ndesign: grid\nreplications: 5\nresponses: [haul_paid.metal]\n"
    return {"plant": starter(), "metal": CLUSTER, "alone": "twin: 1\nextends: metal.yaml\nchange: {linked: false}\n", "study": study}


@pytest.fixture
def folder(tmp_path: Path, texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    write_ensemble(tmp_path / "e.csv", Ensemble(("links.metal.price",), ("EUR/kg",), tuple((price,) for price in PRICES)), ("of a test",))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--ensemble", "e.csv", "--executor", "serial", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("folder")
def test_what_is_paid_for_loads_is_of_the_price_and_of_chance(capsys: pytest.CaptureFixture[str]) -> None:
    """What was hauled no price changes; what is paid for it lies between the lowest and the highest price."""
    found = told(capsys, "run", "metal.yaml", "--replications", "5")
    paid, hauled = found["ensemble"]["haul_paid.metal"], found["ensemble"]["hauled.metal"]
    assert hauled["parameters"] == pytest.approx(0.0, abs=1e-9)
    assert paid["parameters"] > 0.0
    assert 0.8 * hauled["mean"] < paid["mean"] < 1.0 * hauled["mean"]


@pytest.mark.usefixtures("folder")
def test_a_cluster_that_is_not_linked_keeps_the_members_of_its_links_aside(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "compare", "alone.yaml", "metal.yaml", "--replications", "5")["ensemble"]["metal"]
    assert found["north/margin_cash"]["parameters"] > 0.0
    assert "haul_paid.metal" not in found or found["haul_paid.metal"]["parameters"] > 0.0
    assert found["margin_cash"]["parameters"] == pytest.approx(0.0, abs=1e-6)  # what one pays the other gets


@pytest.mark.usefixtures("folder")
def test_a_sweep_of_a_cluster_has_members(capsys: pytest.CaptureFixture[str]) -> None:
    rows = told(capsys, "sweep", "study.yaml")["ensemble"]["haul_paid.metal"]
    assert [row["factors"] for row in rows] == [{"links.metal.payload": "1 t"}, {"links.metal.payload": "2 t"}]
    assert all(row["parts"]["parameters"] > 0.0 for row in rows)


@pytest.mark.usefixtures("folder")
def test_wrong_members_are_said_before_any_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "metal.yaml", "--ensemble", "e.csv"]) == 2
    assert "give --replications N" in capsys.readouterr().err
    (folder / "e.csv").write_text("# ensemble of twin\nmember,links.metal.prise [EUR/kg]\n0,1\n1,2\n", encoding="utf-8")
    assert main(["run", "metal.yaml", "--replications", "5", "--ensemble", "e.csv", "--executor", "serial"]) == 2
    said = capsys.readouterr().err
    assert "e.csv: member 0" in said and "prise" in said and not list(folder.glob("metal-r*.h5"))
    (folder / "e.csv").write_text("# ensemble of twin\nmember,links.metal.payload [kg]\n0,1000\n1,-2\n", encoding="utf-8")
    assert main(["compare", "metal.yaml", "alone.yaml", "--replications", "5", "--ensemble", "e.csv", "--executor", "serial"]) == 2
    assert "e.csv: member 1" in capsys.readouterr().err
