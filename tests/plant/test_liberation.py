"""Composites that come apart in a plant: accounts, grade, genealogy, resume, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import twin
from twin.errors import ScenarioError
from twin.materials import ELEMENTS

CU = ELEMENTS.index("Cu")
TABLE = "size_mm,cable_%\n1,95\n10,40\n80,0\n"


def plant(liberation: Any = "gaudin", **feeds: Any) -> dict[str, Any]:
    trucks = feeds or {"truck": {"composition": {"cable": "60 %", "steel": "40 %"}}}
    return {
        "twin": 1,
        "time": {"horizon": "1 d"},
        "lot": "500 kg",
        "record": {"every": "1 h", "genealogy": True},
        "catalogue": ["weee"],
        "size_bounds": "0.5 1 2 4 8 16 40 100 mm",
        "units": {
            **{
                name: {"kind": "feed", "every": "3 h", "mass": "5 t", "size": {"rosin_rammler": {"x63": "40 mm", "n": 2}}, **feed}
                for name, feed in trucks.items()
            },
            "yard": {"kind": "bunker", "from": list(trucks), "capacity": "400 t", "discharge": "mixed"},
            "mill": {"kind": "shredder", "from": "yard", "recycle": "screen.oversize", "rate": "4 t/h", "gap": "12 mm", "liberation": liberation},
            "screen": {"kind": "screen", "from": "mill", "aperture": "8 mm", "area": "4 m2"},
            "table": {"kind": "separator", "from": "screen.undersize", "partition": {"metal": {"copper": "95 %", "steel": "90 %", "default": "10 %"}}},
            "metal_bay": {"kind": "bunker", "from": "table.metal", "capacity": "100 t", "discharge": "mixed"},
            "metal": {"kind": "product", "from": "metal_bay", "pickup": {"every": "4 h", "mass": "3 t"}},
            "rest": {"kind": "product", "from": "table.rest"},
        },
    }


def of(result: twin.Result, name: str, material: str) -> float:
    return float(result.array(f"balance/{name}")[list(result.array("material")).index(material)])


@pytest.mark.parametrize("liberation", ["gaudin", {"cable": {"1 mm": "95 %", "10 mm": "40 %", "80 mm": "0 %"}}])
def test_cable_becomes_copper_and_insulation_in_its_own_proportions(liberation: Any) -> None:
    scenario = twin.load(plant(liberation))
    with twin.run(scenario) as result:
        lost = -of(result, "material_source", "cable")
        assert 0.01 * of(result, "material_in", "cable") < lost < of(result, "material_in", "cable")
        assert of(result, "material_source", "copper") == pytest.approx(0.45 * lost, rel=1e-12)
        assert of(result, "material_source", "pvc") == pytest.approx(0.55 * lost, rel=1e-12)
        assert of(result, "material_source", "steel") == 0.0
        assert result.attrs["worst_residual"] < 1e-12
        out = result.array("balance/out")
        assert out[CU] > 0.0


def test_nothing_comes_apart_where_that_is_asked_for() -> None:
    scenario = twin.load(plant("none"))
    assert "copper" not in scenario.materials.names
    with twin.run(scenario) as result:
        assert not result.array("balance/material_source").any()


def said_nothing(composition: dict[str, str], **trucks: Any) -> dict[str, Any]:
    """The plant with a mill that says nothing of liberation."""
    tree = plant(truck={"composition": composition, **trucks})
    del tree["units"]["mill"]["liberation"]
    return tree


def test_a_mill_that_says_nothing_opens_by_the_tables_of_the_catalogue() -> None:
    """As if the table were written; what has none there stays whole."""
    mixture = {"cable": "40 %", "motor": "20 %", "populated_board": "20 %", "steel": "20 %"}
    tables = {
        name: {f"{1000 * size:g} mm": f"{100 * share:g} %" for size, share in points}
        for name, points in twin.load(said_nothing(mixture)).materials.liberated.items()
    }
    assert set(tables) == {"cable", "motor", "populated_board"}
    with twin.run(twin.load(said_nothing(mixture))) as default, twin.run(twin.load(plant(tables, truck={"composition": mixture}))) as written:
        np.testing.assert_array_equal(default.array("balance/out"), written.array("balance/out"))
        for name in tables:
            assert -of(default, "material_source", name) > 0.3 * of(default, "material_in", name)
        assert default.attrs["worst_residual"] < 1e-12
    lone = said_nothing({"harness": "50 %", "steel": "50 %"})
    lone["materials"] = {"harness": {"constituents": {"copper": "60 %", "abs": "40 %"}}}
    with twin.run(twin.load(lone)) as result:
        assert not result.array("balance/material_source").any()


def test_a_composite_with_an_assay_of_its_own_stays_whole_by_default() -> None:
    """Its constituents would have the catalogue's; a mill that is told to open it is refused, as below."""
    scenario = twin.load(said_nothing({"cable": "60 %", "motor": "40 %"}, assay={"cable": {"Cu": "40 %"}}))
    assert set(scenario.materials.liberated) == {"motor"}
    with twin.run(scenario) as result:
        assert of(result, "material_source", "cable") == 0.0 and of(result, "material_source", "motor") < 0.0


def test_a_moist_composite_leaves_its_water_and_conserves_every_element() -> None:
    moist = said_nothing({"harness": "50 %", "steel": "50 %"})
    moist["materials"] = {
        "harness": {"constituents": {"copper": "60 %", "wood": "40 %"}, "moisture": "10 %", "liberated": {"1 mm": "90 %", "40 mm": "20 %"}, "breaks": "fibre"}
    }
    scenario = twin.load(moist)
    materials = scenario.materials
    parts = dict(materials.constituents["harness"])
    assert parts == pytest.approx({"copper": 0.54, "wood": 0.36, "water": 0.1}, rel=1e-12)
    together = sum(share * materials.assay[materials.index(part)] for part, share in parts.items())
    np.testing.assert_allclose(together, materials.assay[materials.index("harness")], atol=1e-15)
    with twin.run(scenario) as result:
        lost = -of(result, "material_source", "harness")
        assert lost > 0.1 * of(result, "material_in", "harness")
        for part, share in parts.items():
            assert of(result, "material_source", part) == pytest.approx(share * lost, rel=1e-12)
        assert result.attrs["worst_residual"] < 1e-12


def test_a_measured_table_from_a_csv(tmp_path: Path) -> None:
    (tmp_path / "cable.csv").write_text(TABLE)
    (tmp_path / "plant.yaml").write_text(yaml.safe_dump(plant({"csv": "cable.csv"}), sort_keys=False))
    scenario = twin.load(tmp_path / "plant.yaml")
    inline = twin.load(plant({"cable": {"1 mm": "95 %", "10 mm": "40 %", "80 mm": "0 %"}}))
    with twin.run(scenario) as measured, twin.run(inline) as typed:
        np.testing.assert_array_equal(measured.array("balance/out"), typed.array("balance/out"))
    assert any(parameter.path == "units.mill.liberation.cable.10 mm" and parameter.value == 0.4 for parameter in scenario.parameters())


def test_a_product_is_traced_to_the_cable_that_its_copper_came_of() -> None:
    """The only copper is that of the cables, which one of two feeds brings; steel comes with the other."""
    feeds = {"cables": {"composition": {"cable": "100 %"}}, "sheet": {"composition": {"steel": "100 %"}}}
    with twin.run(twin.load(plant(**feeds))) as result:
        trace = twin.trace(result)
        elements = twin.trace(result, element="Cu")
        names = list(trace.materials)
        for p, product in enumerate(trace.products):
            mass = trace.mass[p]
            by_feed = {unit: mass[[u == unit for u in trace.origin_units]].sum(axis=0) for unit in feeds}
            assert mass.sum() > 0.0
            assert by_feed["cables"][names.index("cable")] == pytest.approx(by_feed["cables"].sum(), rel=1e-9), product
            assert by_feed["sheet"][names.index("steel")] == pytest.approx(by_feed["sheet"].sum(), rel=1e-9), product
            assert not mass[:, names.index("copper")].any()
            took = float(result.array("balance/out_by_product")[:, p].sum())
            assert mass.sum() == pytest.approx(took, rel=1e-9)
            from_cables = elements.mass[p][[u == "cables" for u in elements.origin_units]].sum()
            assert from_cables > 0.9 * elements.mass[p].sum()  # sheet brings its own traces of copper


def test_two_composites_share_what_they_set_free() -> None:
    """Copper of two composites and of bare copper: origins add up to what the product took in."""
    mixed = plant(
        one={"composition": {"cord": "70 %", "wire": "30 %"}},
        other={"composition": {"harness": "60 %", "wire": "20 %", "steel": "20 %"}},
    )
    mixed["materials"] = {
        "wire": {},
        "sleeve": {},
        "harness": {"constituents": {"wire": "60 %", "sleeve": "40 %"}},
        "cord": {"constituents": {"wire": "10 %", "sleeve": "90 %"}},
    }
    with twin.run(twin.load(mixed)) as result:
        trace = twin.trace(result)
        took = result.array("balance/out_by_product").sum(axis=0)
        np.testing.assert_allclose(trace.mass.sum(axis=(1, 2)), took, rtol=1e-9)
        cord = list(trace.materials).index("cord")
        assert trace.mass[:, :, cord].any()
        assert not trace.mass[:, [u == "other" for u in trace.origin_units], cord].any()


def test_resumed_in_the_middle_it_is_the_same_run(tmp_path: Path) -> None:
    scenario = twin.load(plant())
    whole = twin.run(scenario, out=tmp_path / "whole.h5")
    twin.run_until(scenario, 9.37 * 3600.0, save=tmp_path / "state.h5")
    with whole, twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5") as resumed:
        assert resumed.digest == whole.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units.mill.liberation": "gaudy"}, "'none', 'gaudin', 'catalogue', shares by size"),
        ({"units.mill.liberation": {"kable": "20 %"}}, "unknown material 'kable'"),
        ({"units.mill.liberation": {"steel": "20 %"}}, "'steel' has no constituents"),
        ({"units.mill.liberation": {"cable": {"1 mm": "20 %", "10 mm": "40 %"}}}, "must not rise with size"),
        ({"units.mill.liberation": {"cable": ["20 %", "40 %"]}}, "8 shares are needed, one for each size class"),
        ({"units.truck.assay": {"cable": {"Cu": "50 %"}}}, "'cable' has an assay of its own here"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        twin.load(plant()).change(changes)
    assert any(message in problem.message for problem in caught.value.problems), [problem.message for problem in caught.value.problems]


def test_a_composite_of_the_scenario_may_be_made_of_materials_of_a_catalogue() -> None:
    own = plant(truck={"composition": {"harness": "50 %", "steel": "50 %"}})
    own["materials"] = {"harness": {"constituents": {"copper": "60 %", "abs": "40 %"}, "grain": "6 mm"}}
    with twin.run(twin.load(own)) as result:
        lost = -of(result, "material_source", "harness")
        assert lost > 0.0
        assert of(result, "material_source", "copper") == pytest.approx(0.6 * lost, rel=1e-12)
    own["materials"]["harness"]["constituents"] = {"coper": "60 %", "abs": "40 %"}
    with pytest.raises(ScenarioError, match="unknown material 'coper'"):
        twin.load(own)
