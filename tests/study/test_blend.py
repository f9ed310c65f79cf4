"""Blending of a charge: by hand, limits that exclude each other, random blends against a grid, and the recipe that a run takes from the file."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import twin
from twin.cli import main
from twin.errors import UsageError
from twin.study.blend import blend, read_target

RICH, LEAN, THIRD = {"Cu": "30 %", "Zn": "2 %"}, {"Cu": "10 %", "Zn": "6 %", "Al": "10 %"}, {"Cu": "20 %", "Sn": "5 %"}


def plant(**furnace: Any) -> dict[str, Any]:
    """A furnace that is charged from three yards of one material each, at 100, 0 and 300 EUR/t."""
    assays = {"rich": (RICH, 100, "2 MJ/kg"), "lean": (LEAN, 0, "10 MJ/kg"), "third": (THIRD, 300, "0 MJ/kg")}
    units: dict[str, Any] = {}
    for name, (_, price, _) in assays.items():
        units[f"{name}_trucks"] = {"kind": "feed", "every": "4 h", "mass": "20 t", "composition": {name: "100 %"}, "price": f"{price} EUR/t"}
        units[f"{name}_yard"] = {"kind": "bunker", "from": f"{name}_trucks", "capacity": "900 t", "initial": {"mass": "300 t"}}
    charge = {"recipe": {"rich_yard": "10 t", "lean_yard": {"mass": "10 t", "least": "8 t"}, "third_yard": "20 t"}, "rate": "30 t/h", "max": "3 h"}
    units["tsl"] = {
        "kind": "lance_furnace",
        "from": ["rich_yard", "lean_yard", "third_yard"],
        "capacity": {"metal": "90 t", "slag": "120 t"},
        "temperature": {"target": "1250 °C", "coldest": "1180 °C", "hottest": "1350 °C"},
        "burner": {"carrier": "natural_gas", "power": "15 MW"},
        "walls": "2 MW",
        "droplets": {"area": "15 m2"},
        "phases": [{"charge": charge}, {"tap": {"slag": "60 t/h", "metal": "40 t/h"}}],
        **furnace,
    }
    units |= {name: {"kind": "product", "from": f"tsl.{name}"} for name in ("metal", "slag", "offgas")}
    materials = {name: {"density": "3 t/m3", "assay": {**assay, "Fe": "30 %"}, "heating_value": heat} for name, (assay, _, heat) in assays.items()}
    return {"twin": 1, "name": "blending", "time": {"horizon": "4 h"}, "materials": materials, "units": units}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "plant.yaml").write_text(yaml.safe_dump(plant(), sort_keys=False, allow_unicode=True), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_materials_by_hand() -> None:
    """30 and 10 % Cu to 22 %: 60 to 40."""
    found = blend(twin.load(plant()), "tsl", ["Cu=22 %", "third_yard<=0 kg"], mass=100_000.0)
    assert found.feasible
    assert found.masses == pytest.approx((60_000.0, 40_000.0, 0.0), abs=1e-3)
    assert [outcome.value for outcome in found.outcomes] == pytest.approx([0.22, 0.0])
    assert found.mean("heat") == pytest.approx(0.6 * 2e6 + 0.4 * 10e6)


def test_least_cost_and_what_a_limit_costs() -> None:
    """At least 16 % Cu cheapest: lean for 0 and rich for 100 EUR/t, 30 % rich; a point of Cu more needs 5 % more rich, 5 EUR on a tonne."""
    found = blend(twin.load(plant()), "tsl", ["Cu>=16 %"], mass=1000.0, least="cost")
    assert found.masses == pytest.approx((300.0, 700.0, 0.0), abs=1e-3)
    assert found.outcomes[0].price == pytest.approx(5.0)
    loose = blend(twin.load(plant()), "tsl", ["Cu>=5 %"], mass=1000.0, least="cost")
    assert loose.masses == pytest.approx((0.0, 1000.0, 0.0), abs=1e-3)
    assert loose.outcomes[0].price == 0.0


def test_an_oxide_counts_all_of_its_element() -> None:
    """10 % Al are 18.9 % Al2O3: with at most 3.78 % of it a fifth is lean."""
    found = blend(twin.load(plant()), "tsl", ["Al2O3<=3.779 %"], mass=1000.0, least="cost")
    assert found.masses[1] == pytest.approx(200.0, rel=1e-3)


def test_without_a_wish_the_recipe_stays() -> None:
    found = blend(twin.load(plant()), "tsl", ["Cu>=15 %"])
    assert found.masses == pytest.approx((10_000.0, 10_000.0, 20_000.0))


def test_limits_that_exclude_each_other_say_which_and_by_how_much() -> None:
    """At most 30 % Cu can be: 40 % is missed by 10 points, the limit on zinc holds."""
    found = blend(twin.load(plant()), "tsl", ["Cu>=40 %", "Zn<=10 %"])
    assert not found.feasible
    assert [outcome.missed for outcome in found.outcomes] == pytest.approx([0.10, 0.0])
    assert found.masses[0] == pytest.approx(40_000.0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(copper=st.floats(0.08, 0.32), zinc=st.floats(0.0, 0.07), heat=st.floats(0.0, 1.1e7), near=st.sampled_from(["Sn=1 %", "Sn=4 %", "Cu=25 %"]))
def test_no_mixture_of_a_grid_is_better(copper: float, zinc: float, heat: float, near: str) -> None:
    scenario = SCENARIO
    limits = [f"Cu>={100 * copper:.6f} %", f"Zn<={100 * zinc:.6f} %", f"heat<={heat:.3f} J/kg"]
    found = blend(scenario, "tsl", [*limits, near], mass=1.0)
    target = read_target(near)
    rows = {"Cu": (0.30, 0.10, 0.20), "Zn": (0.02, 0.06, 0.0), "heat": (2e6, 10e6, 0.0), "Sn": (0.0, 0.0, 0.05)}
    grid = [np.array([a, b, 1.0 - a - b]) for a, b in itertools.product(np.linspace(0, 1, 21), repeat=2) if a + b <= 1.0 + 1e-12]
    allowed = [x for x in grid if x @ rows["Cu"] >= copper and x @ rows["Zn"] <= zinc and x @ rows["heat"] <= heat]
    if allowed:
        assert found.feasible
        best = min(abs(float(x @ rows[target.name]) - target.value) for x in allowed)
        assert found.outcomes[3].missed <= best + 2e-4 * target.value
    if found.feasible:
        assert all(outcome.missed == 0.0 for outcome in found.outcomes[:3])
        assert sum(found.masses) == pytest.approx(1.0)
    else:
        least = linprog([0, 0, 0], [-np.array(rows["Cu"]), rows["Zn"], rows["heat"]], [-copper, zinc, heat], [[1, 1, 1]], [1.0])
        assert least.status == 2 and any(outcome.missed > 0.0 for outcome in found.outcomes[:3])


SCENARIO = twin.load(plant())


def test_the_command_writes_a_recipe_that_a_scenario_extends(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["blend", "plant.yaml", "tsl", "--target", "Cu>=16 %", "--target", "third_yard<=0 t", "--least", "cost", "-o", "blend.yaml"]) == 0
    shown = capsys.readouterr().out
    assert "Cu >= 16 %" in shown and "blend.yaml: recipe of tsl" in shown
    text = (folder / "blend.yaml").read_text(encoding="utf-8")
    assert text.startswith("# change file of twin") and "sha256" in text
    scenario = twin.load(folder / "blend.yaml")
    recipe = scenario.units["tsl"].phases[0].model.recipe  # type: ignore[attr-defined]
    assert {name: portion.mass for name, portion in recipe.items()} == pytest.approx({"rich_yard": 12_000.0, "lean_yard": 28_000.0})
    assert recipe["lean_yard"].least == 8_000.0
    found = next(p for p in scenario.parameters() if p.path == "units.tsl.phases.0.charge.recipe.rich_yard.mass")
    assert found.basis == "assumed" and "Cu >= 16 %" in found.source


def test_a_run_charges_the_recipe(folder: Path) -> None:
    assert main(["blend", "plant.yaml", "tsl", "--target", "rich_yard<=0 t", "--target", "Cu=15 %", "-o", "blend.yaml"]) == 0
    result = twin.run(folder / "blend.yaml")
    charged = dict(zip(result.array("material").tolist(), (-result.array("balance/material_source")).tolist(), strict=True))
    assert charged["rich"] == 0.0
    assert charged["lean"] == pytest.approx(charged["third"]) and charged["lean"] >= 20_000.0 - 1.0


def test_what_excludes_itself_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["blend", "plant.yaml", "tsl", "--target", "Cu>=40 %", "-o", "blend.yaml"]) == 1
    assert not (folder / "blend.yaml").exists()
    assert "Cu >= 40 % by 10 %" in capsys.readouterr().out


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["blend", "plant.yaml", "tsl", "--target", "Cu>=16 %", "--least", "cost", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["feasible"] and found["sources"]["rich_yard"]["mass"] == pytest.approx(12_000.0)
    assert found["targets"][0]["shadow_price"] == pytest.approx(200.0), "5 EUR a tonne, 40 t"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tsl", "--target", "Cu"], "a target is a name"),
        (["tsl", "--target", "Xx>=3 %"], "no element, oxide of one"),
        (["tsl", "--target", "Cu>=130 %"], "a share lies between 0 and 100 %"),
        (["tsl", "--target", "heat>=3 t"], "J/kg|energy"),
        (["rich_yard"], "is no furnace of the scenario"),
        (["tsl", "--phase", "blow"], "has no phase 'blow' that charges"),
        (["tsl", "--mass", "0 t"], "a mass above 0 is needed"),
        (["tsl", "--mass", "1e300 t"], "at most 100000 t"),
        (["tsl", "--target", "Al0O3<=5 %"], "no element, oxide of one"),
        (["tsl", "--target", "OO2<=5 %"], "no element, oxide of one"),
        (["tsl", "--least", "joy"], "no element, oxide of one"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    import re

    assert main(["blend", "plant.yaml", *arguments]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_hand_written_file_is_not_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "blend.yaml").write_text("mine: 1\n", encoding="utf-8")
    assert main(["blend", "plant.yaml", "tsl", "--target", "Cu>=16 %", "-o", "blend.yaml"]) != 0
    assert (folder / "blend.yaml").read_text(encoding="utf-8") == "mine: 1\n"


def test_sources_without_a_composition_keep_their_mass() -> None:
    tree = plant()
    tree["units"]["tsl"]["from"].append("returns")
    tree["units"]["tsl"]["phases"][0]["charge"]["recipe"]["returns"] = {"mass": "3 t", "least": "0 t"}
    del tree["units"]["slag"]
    tree["units"]["returns"] = {"kind": "bunker", "from": "tsl.slag", "capacity": "900 t"}
    found = blend(twin.load(tree), "tsl", ["Cu=22 %"])
    assert list(found.kept) == ["returns"] and "no composition" in found.kept["returns"]
    with pytest.raises(UsageError, match="no element, oxide of one"):
        blend(twin.load(tree), "tsl", ["returns<=1 t"])
