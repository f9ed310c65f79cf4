"""Every number has a path, an SI unit, a basis and a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenario_plants import plant, problems

import twin
from twin.materials.number import BASES
from twin.report.tables import ParameterRow, by_basis
from twin.scenario import Parameter, load
from twin.scenario.annotations import Annotation
from twin.study.change_file import Change, write_change_file


def numbers(changes: dict[str, Any]) -> dict[str, Parameter]:
    return {parameter.path: parameter for parameter in load(plant(changes)).parameters()}


def test_an_annotated_value_is_read_as_its_value() -> None:
    rate = {"value": "20 t/h", "basis": "assumed", "source": "weigh belt, March 2026", "low": "15 t/h", "high": "25 t/h"}
    scenario = load(plant({"units.sorter.rate": rate, "units.yard.capacity": {"value": "600 t"}}))
    assert scenario.units["sorter"].rate.mean == 20_000 / 3600
    assert scenario.annotations["units", "sorter", "rate"] == Annotation("assumed", "weigh belt, March 2026", "15 t/h", "25 t/h")
    found = {parameter.path: parameter for parameter in scenario.parameters()}
    assert found["units.sorter.rate"] == Parameter(
        "units.sorter.rate", 20_000 / 3600, "kg/s", "assumed", "weigh belt, March 2026", 15_000 / 3600, 25_000 / 3600
    )


def test_an_annotation_holds_for_all_below_it_and_a_unit_for_all_of_its_numbers() -> None:
    specific = {"value": "1 kWh/t", "basis": "measured", "source": "meter"}
    power = {"value": {"idle": "5 kW", "specific": specific}, "basis": "literature", "source": "manual"}
    found = numbers({"units.sorter.power": power, "units.sorter.basis": "assumed", "units.sorter.source": "our guess"})
    assert [(found[f"units.sorter.{path}"].basis, found[f"units.sorter.{path}"].source) for path in ("power.idle", "power.specific", "rate", "count")] == [
        ("literature", "manual"),
        ("measured", "meter"),
        ("assumed", "our guess"),
        ("assumed", "default of twin"),
    ]
    assert found["units.yard.capacity"].source == "not stated"


def test_every_kind_of_number_is_listed() -> None:
    found = numbers(
        {
            "units.good.spec": {"target": ">= 80 %"},
            "units.good.price": {"target": {"value": "2 EUR/kg", "payable": "90 %"}, "metals": "1 EUR/kg"},
            "units.deliveries.size": {"target": [1], "default": {"ggs": {"k": "5 cm", "a": 0.7}}},
            "units.sorter.maintenance": {"every": "10 d", "duration": "1 h"},
            "units.deliveries.mass": {"discrete": {"values": ["5 t", "7 t"], "weights": [1, 3]}},
            "events": {"at": "10 d", "set": {"units.sorter.rate": "10 t/h"}},
            "size_bounds": "1 m",
        }
    )
    expected = {
        "time.horizon": (30 * 86_400.0, "s"),
        "size_bounds.0": (1.0, "m"),
        "resources.fitter.count": (1.0, "1"),
        "units.good.spec.target": (0.8, "1"),
        "units.good.price.target.value": (2.0, "EUR/kg"),
        "units.good.price.target.payable": (0.9, "1"),
        "units.good.price.metals.value": (1.0, "EUR/kg"),
        "units.deliveries.composition.target": (0.3, "1"),
        "units.deliveries.size.target.0": (1.0, "1"),
        "units.deliveries.size.default.ggs.k": (0.05, "m"),
        "units.deliveries.mass.discrete.values.1": (7000.0, "kg"),
        "units.deliveries.mass.discrete.cumulative.0": (0.25, "1"),
        "units.sorter.failures.mtbf": (144_000.0, "s"),
        "units.sorter.failures.mttr.lognormal.sd": (4320.0, "s"),
        "units.sorter.partition.accept.target": (0.9, "1"),
        "units.sorter.maintenance.0.every": (864_000.0, "s"),
        'events.0.set."units.sorter.rate"': (10_000 / 3600, "kg/s"),
        "materials.target.density": (1000.0, "kg/m3"),
    }
    for path, (value, unit) in expected.items():
        assert (found[path].value, found[path].unit) == (pytest.approx(value), unit), path


def test_paths_are_unique_and_bases_known() -> None:
    parameters = load(plant()).parameters()
    assert len({parameter.path for parameter in parameters}) == len(parameters)
    assert {parameter.basis for parameter in parameters} <= set(BASES)
    assert all(parameter.source for parameter in parameters)


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        ({"value": "20 t/h", "basis": "guess"}, "units.sorter.rate.basis", "must be one of measured, literature, calibrated, assumed (got 'guess')"),
        ({"value": "20 t/h", "basis": "calibrated"}, "units.sorter.rate.source", "names the data that it was fitted to, with their hash"),
        ({"value": "20 t/h", "basis": "calibrated", "source": "march.csv, sha256 12ab"}, "units.sorter.rate.source", "(got 'march.csv, sha256 12ab')"),
        ({"value": "20 t/h", "source": ""}, "units.sorter.rate.source", "a text is needed"),
        ({"value": "20 t/h", "source": 5}, "units.sorter.rate.source", "a text is needed"),
        ({"value": "20 t/h", "low": "5 t/h"}, "units.sorter.rate", "belong together"),
        (
            {"value": "20 t/h", "basis": "literature", "low": "5 t/h", "high": "30 t/h"},
            "units.sorter.rate.low",
            "only a value of basis 'assumed', 'measured' or 'calibrated'",
        ),
        ({"value": "20 t/h", "low": "21 t/h", "high": "30 t/h"}, "units.sorter.rate", "must lie between 'low' and 'high'"),
        ({"value": "20 t/h", "low": "5 t", "high": "30 t/h"}, "units.sorter.rate", "a mass per time is needed"),
        ({"value": {"uniform": ["1 t/h", "2 t/h"]}, "low": "5 t/h", "high": "30 t/h"}, "units.sorter.rate", "need one number"),
        ({"value": {"value": "20 t/h"}, "basis": "measured"}, "units.sorter.rate", "stands inside another"),
        ({"value": "20 m", "basis": "measured"}, "units.sorter.rate", "a mass per time is needed"),
    ],
)
def test_wrong_annotations_are_refused(written: dict[str, Any], path: str, message: str) -> None:
    assert message in problems(plant({"units.sorter.rate": written}))[path]


def test_a_list_of_one_written_without_its_list_keeps_its_annotations() -> None:
    """``trend: {…}`` stands for a list of one; what is said of its numbers is found under the path that was written."""
    change = {"value": "10 %", "basis": "assumed", "source": "scale", "low": "5 %", "high": "20 %"}
    units = {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"sand": 1}, "trend": {"change": change, "per": "365 d"}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "9 t"},
        "gone": {"kind": "product", "from": "yard"},
    }
    scenario = load({"twin": 1, "time": {"horizon": "1 d"}, "materials": {"sand": {}}, "units": units})
    found = {parameter.path: parameter for parameter in scenario.parameters()}
    assert (found["units.trucks.trend.change"].source, found["units.trucks.trend.change"].low) == ("scale", 0.05)
    assert found["units.trucks.trend.0.per"].source == "not stated"


def test_a_calibrated_number_goes_through_a_change_file_into_results_and_report(tmp_path: Path) -> None:
    base, out = tmp_path / "base.yaml", tmp_path / "calibrated.yaml"
    base.write_text(
        "twin: 1\ntime: {horizon: 1 h}\nlot: 1 t\nmaterials: {sand: {}}\nunits:\n  yard: {kind: bunker, capacity: 90 t, initial: {mass: 90 t, composition: {sand: 1}}}\n"
        "  m: {kind: splitter, from: yard, rate: 9 t/h, shares: {out: 1}}\n  gone: {kind: product, from: m.out}\n"
    )
    number = Change("8 t/h", "calibrated", "fit to march.csv, sha256 8f048aee5839", "7.5 t/h", "8.5 t/h")
    write_change_file(base, out, {"units.m.rate": number}, {"preparation": "by hand"})
    found = {parameter.path: parameter for parameter in load(out).parameters()}["units.m.rate"]
    assert (found.basis, found.source, found.low) == ("calibrated", number.source, pytest.approx(7.5 / 3.6))
    with twin.run(load(out)) as result:
        row = result.array("parameters/path").tolist().index("units.m.rate")
        assert result.array("parameters/basis").tolist()[row] == "calibrated"
        table = by_basis([ParameterRow("a", "1", "1 to 2", "calibrated", "s"), ParameterRow("b", "1", "", "assumed", "s")])
    assert table.rows[2] == ("calibrated", "1", "50.0 %", "1")
    assert "calibrated" not in [row[0] for row in by_basis([ParameterRow("b", "1", "", "assumed", "s")]).rows]
