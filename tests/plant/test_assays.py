"""Deliveries with assays of their own: through bunkers, lines and recycles, to products; every element closes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import ScenarioError
from twin.materials import ELEMENTS, builtin_catalogue

AU, CU, REST = (ELEMENTS.index(name) for name in ("Au", "Cu", "rest"))


def plant(feed: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "twin": 1,
        "time": {"horizon": "2 d"},
        "lot": "500 kg",
        "record": {"every": "1 h", "genealogy": True},
        "catalogue": ["weee"],
        "size_bounds": "10 40 100 mm",
        "units": {
            "truck": {
                "kind": "feed",
                "every": "3 h",
                "mass": "5 t",
                "composition": {"pcb": "60 %", "steel": "40 %"},
                "size": ["30 %", "50 %", "20 %"],
                **feed,
            },
            "yard": {"kind": "bunker", "from": "truck", "capacity": "400 t", "discharge": "mixed"},
            "shredder": {"kind": "shredder", "from": "yard", "recycle": "screen.oversize", "rate": "4 t/h"},
            "screen": {"kind": "screen", "from": "shredder", "aperture": "30 mm", "area": "4 m2", "floating": "0 kg/m2"},
            "magnet": {"kind": "overband_magnet", "from": "screen.undersize"},
            "steel": {"kind": "product", "from": "magnet.steel"},
            "rest": {"kind": "product", "from": "magnet.rest"},
        },
        **more,
    }


def element_in(result: twin.Result, name: str) -> float:
    return float(result.array("balance/in")[ELEMENTS.index(name)])


def test_an_assay_of_its_own_replaces_the_catalogue() -> None:
    with twin.run(twin.load(plant({"assay": {"pcb": {"Cu": "21 %", "Au": "0.1 %"}}}))) as result:
        mass = float(result.array("balance/material_in")[list(result.array("material")).index("pcb")])
        steel = float(result.array("balance/material_in")[list(result.array("material")).index("steel")])
        of_steel = builtin_catalogue("weee").assay("steel")
        assert element_in(result, "Au") == pytest.approx(0.001 * mass + of_steel[AU] * steel, rel=1e-12)
        assert element_in(result, "Cu") == pytest.approx(0.21 * mass + of_steel[CU] * steel, rel=1e-12)
        assert result.array("balance/in").sum() == pytest.approx(mass + steel, rel=1e-12)
        assert result.attrs["worst_residual"] < 1e-10


def test_without_its_own_assay_nothing_changes() -> None:
    """Stating the catalogue's share gives the catalogue's element flows."""
    share = builtin_catalogue("weee").assay("pcb")[CU]
    with twin.run(twin.load(plant({}))) as plain, twin.run(twin.load(plant({"assay": {"pcb": {"Cu": share}}}))) as stated:
        assert np.allclose(stated.array("streams/element_flow"), plain.array("streams/element_flow"), rtol=1e-9, atol=1e-12)
        assert np.array_equal(stated.array("streams/mass_flow"), plain.array("streams/mass_flow"))


def test_elements_by_size_go_where_their_sizes_go() -> None:
    """Gold in the fines alone passes the screen without going round, gold in the coarse pieces only after it was broken; all of it arrives."""
    found = {}
    for name, shares in (("fine", ["0.3 %", "0 %", "0 %"]), ("coarse", ["0 %", "0 %", "0.45 %"])):
        scenario = twin.load(plant({"assay_by_size": {"pcb": {"Au": shares}}, "limit": 4}))
        with twin.run(scenario) as result:
            streams = list(result.array("stream"))
            flow = np.nansum(result.array("streams/element_flow")[:, :, AU], axis=0)
            found[name] = flow[streams.index("screen.oversize")] / flow[streams.index("screen.undersize")]
            out = flow[streams.index("rest")] + flow[streams.index("steel")]
            assert out == pytest.approx(flow[streams.index("screen.undersize")], rel=1e-9)
            assert result.attrs["worst_residual"] < 1e-10
    assert found["fine"] < 1e-3 < 0.02 < found["coarse"]


def test_a_schedule_has_columns_of_assays(tmp_path: Path) -> None:
    (tmp_path / "trucks.csv").write_text("time_h,mass_t,pcb.Cu,pcb.Au\n1,4,20%,0.01%\n5,6,21%,0.04%\n")
    feed = {"every": None, "mass": None, "schedule": "trucks.csv"}
    tree = plant({})
    tree["units"]["truck"] = {key: value for key, value in {**tree["units"]["truck"], **feed}.items() if value is not None}
    (tmp_path / "plant.yaml").write_text(json.dumps(tree))
    with twin.run(twin.load(tmp_path / "plant.yaml")) as result:
        assert element_in(result, "Au") == pytest.approx(0.6 * (4000 * 1e-4 + 6000 * 4e-4), rel=1e-9)


def test_a_schedule_that_names_more_than_all_is_told(tmp_path: Path) -> None:
    (tmp_path / "trucks.csv").write_text("time_h,mass_t,pcb.Cu\n1,4,20%\n5,6,60%\n")
    tree = plant({})
    tree["units"]["truck"] = {key: value for key, value in tree["units"]["truck"].items() if key not in ("every", "mass")} | {"schedule": "trucks.csv"}
    (tmp_path / "plant.yaml").write_text(json.dumps(tree))
    with pytest.raises(ScenarioError, match=r"delivery 2: .* more than 100 %"):
        twin.load(tmp_path / "plant.yaml")


def test_a_spread_keeps_the_mean_and_draws_no_other_number() -> None:
    """4-sigma band on the mean of 160 deliveries; arrivals and masses are those without spread."""
    spread = {"assay_spread": {"pcb": {"Au": 0.5}}, "every": "18 min", "mass": "500 kg"}
    with twin.run(twin.load(plant(spread))) as result, twin.run(twin.load(plant({"every": "18 min", "mass": "500 kg"}))) as plain:
        assert np.array_equal(result.array("streams/mass_flow"), plain.array("streams/mass_flow"))
        number = result.array("balance/in").sum() / 500
        ratio = element_in(result, "Au") / element_in(plain, "Au")
        assert ratio != 1.0 and abs(ratio - 1.0) < 4 * 0.5 / np.sqrt(number)


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        ({"assay": {"copper": {"Cu": "90 %"}}}, "'copper' is not delivered"),
        ({"assay": {"pcb": {"Xx": "1 %"}}}, "an element is needed"),
        ({"assay": {"pcb": {"Cu": "120 %"}}}, "must be at most"),
        ({"assay_by_size": {"pcb": {"Au": ["1 %"]}}}, "3 shares are needed"),
        ({"assay": {"pcb": {"Cu": "80 %"}}}, "more than 100 %"),
    ],
)
def test_wrong_assays_are_told(feed: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        twin.load(plant(feed))


def test_resuming_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    scenario = twin.load(plant({"assay_spread": {"pcb": {"Au": 0.5, "Cu": 0.1}}}))
    with twin.run(scenario) as whole:
        twin.run_until(scenario, 90001.0, tmp_path / "s.h5")
        with twin.resume(tmp_path / "s.h5") as resumed:
            assert resumed.digest == whole.digest
