"""What enters the operations at which acts measure mass, and the shares that a plant documents, by hand."""

from __future__ import annotations

from typing import Any

import pytest

import twin
from twin.errors import ScenarioError, UsageError
from twin.results.calculation_points import shares_by_month
from twin.results.kpis import Kpi

POINTS: dict[str, Any] = {
    "extruder": {"at": "film", "operation": "extrusion", "waste": "packaging", "targets": ["film"]},
    "pulper": {"at": "sorter.paper", "operation": "pulping", "waste": "municipal", "targets": ["paper"]},
}


def plant(**more: Any) -> dict[str, Any]:
    """Twenty lots of 20 t: 10 of paper with 10 % moisture, 8 of film, 2 of water; a fifth of each goes astray."""
    return {
        "twin": 1,
        "name": "points",
        "time": {"horizon": "25 h"},
        "record": {"every": "1 h"},
        "lot": "20 t",
        "materials": {"paper": {"moisture": "10 %"}, "film": {}, "water": {"moisture": "100 %"}},
        "units": {
            "yard": {"kind": "bunker", "capacity": "9 kt", "initial": {"mass": "400 t", "composition": {"paper": "50 %", "film": "40 %", "water": "10 %"}}},
            "sorter": {
                "kind": "separator",
                "from": "yard",
                "rate": "20 t/h",
                "ports": ["paper", "film"],
                "partition": {"paper": {"paper": "80 %", "film": "20 %", "water": "50 %"}},
            },
            "paper": {"kind": "product", "from": "sorter.paper", "goes_to": "recycling"},
            "film": {"kind": "product", "from": "sorter.film", "goes_to": "other_recovery"},
        },
        "calculation_points": POINTS,
        **more,
    }


def kpis(**more: Any) -> dict[str, Kpi]:
    with twin.run(twin.load(plant(**more))) as result:
        return dict(result.kpis)


def test_what_enters_by_hand() -> None:
    """Of 10 t of paper 8 enter the pulper, with 1.6 t of film and 1 of water: 10.6 t, of which 7.2 are dry paper and 1.8 moisture."""
    found = kpis()
    assert found["share_at_calculation_point.paper"].value == pytest.approx(0.8)
    assert found["share_at_calculation_point.film"].value == pytest.approx(0.8)
    assert found["nontarget_at_calculation_point.pulper"].value == pytest.approx(1.6 / 10.6)
    assert found["moisture_at_calculation_point.pulper"].value == pytest.approx(1.8 / 10.6)
    assert found["nontarget_at_calculation_point.extruder"].value == pytest.approx(1.8 / 9.4)
    note = found["share_at_calculation_point.film"].note
    assert "film into extrusion, Decision 2005/270/EC as amended by (EU) 2019/665" in note and "sorter.paper into pulping, Decision (EU) 2019/1004" in note


def test_a_target_that_enters_at_two_points_counts_at_both() -> None:
    both = {"one": {**POINTS["extruder"], "at": ["film", "paper"]}}
    assert kpis(calculation_points=both)["share_at_calculation_point.film"].value == pytest.approx(1.0)


def test_shares_that_are_documented() -> None:
    found = kpis()
    assert found["share_to_recovery"].value == pytest.approx(1.0)
    assert found["share_to_recycling"].value == pytest.approx(10.6 / 20.0)
    units = plant()["units"]
    units["film"].pop("goes_to")
    found = kpis(units=units)
    assert found["share_to_recovery"].value == pytest.approx(10.6 / 20.0) and found["share_to_recycling"].value == 1.0
    assert "'goes_to' is not said of film" in found["share_to_recovery"].note
    units["paper"].pop("goes_to")
    assert not any(name.startswith("share_to") for name in kpis(units=units))


def test_no_word_of_a_target_is_used() -> None:
    assert not any("rate" in name.replace("operat", "") or "quota" in name for name in kpis() if "calculation_point" in name or name.startswith("share_to"))


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"at": "sorter"}, "unknown stream 'sorter'"),
        ({"at": "sorter.papr"}, "did you mean 'sorter.paper'"),
        ({"targets": ["gold"]}, "unknown material or group or element 'gold'"),
        ({"targets": []}, "targets"),
        ({"waste": "household"}, "waste"),
        ({"operation": ""}, "operation"),
        ({"at": "sorter.paper", "targets": ["paper"]}, "counts at 'extruder' already"),
    ],
)
def test_what_is_wrong_is_said(point: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.load(plant(calculation_points={**POINTS, "extruder": {**POINTS["extruder"], **point}}))


def test_shares_by_month_are_those_of_each_month() -> None:
    """Ten lots in January, and ten of other composition in February; the first five hours are warm-up."""
    units = plant()["units"]
    units["yard"]["initial"]["mass"] = "200 t"
    units["second"] = {"kind": "bunker", "capacity": "9 kt", "initial": {"mass": "200 t", "composition": {"paper": "100 %"}}}
    units["sorter"]["from"] = ["yard", "second"]
    time = {"start": "2026-01-31T14:00", "horizon": "25 h", "warmup": "5 h"}
    with twin.run(twin.load(plant(units=units, time=time, lot="200 kg"))) as result:
        found = list(shares_by_month(result))
        assert [month for month, *_ in found] == ["2026-01", "2026-02"]
        assert found[0][1:] == pytest.approx((1.0, 10.6 / 20.0), rel=0.02)  # a lot of 1 % of an hour is in the line at each end
        assert found[1][1:] == pytest.approx((1.0, 0.8), rel=0.02)
    units["paper"].pop("goes_to"), units["film"].pop("goes_to")
    with twin.run(twin.load(plant(units=units))) as result, pytest.raises(UsageError, match="give 'goes_to'"):
        list(shares_by_month(result))
