"""Partition tables, inline and measured, and what the separator and the splitter make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_plants import plant, problems

from twin.errors import ScenarioError
from twin.scenario import Scenario, load
from twin.scenario.curves import Curve
from twin.scenario.kinds.separator import Separator
from twin.scenario.kinds.splitter import Splitter
from twin.scenario.sizes import SizeClasses

SIZES = {"size_bounds": "1 4 16 mm", "units.deliveries.size": [0.2, 0.3, 0.5]}


def table(scenario: Scenario) -> np.ndarray[Any, Any]:
    model = scenario.units["sorter"]
    assert isinstance(model, Separator)
    partition = np.asarray(model.kernel_values(scenario.materials, scenario.sizes)["partition"])
    assert partition.sum(axis=0) == pytest.approx(1.0, abs=1e-15)
    assert partition.min() >= 0.0
    return partition


def test_the_last_port_takes_what_is_left() -> None:
    found = table(load(plant()))
    assert found.shape == (2, 2, 1)
    assert found[0].tolist() == [[0.9], [0.05]]
    assert found[1] == pytest.approx(np.array([[0.1], [0.95]]))


def test_shares_by_class_by_size_by_group_and_by_default() -> None:
    shares = {"metals": [0.1, 0.2, 0.3], "default": {"1 mm": "10 %", "16 mm": "50 %"}}
    found = table(load(plant({**SIZES, "units.sorter.partition": {"accept": shares}})))
    assert found[0, 0].tolist() == [0.1, 0.2, 0.3]
    assert found[0, 1] == pytest.approx([0.1, 0.2, 0.4])  # 0.5 mm: as at 1 mm; 2 mm and 8 mm: a quarter and three quarters of the way in log size


def test_the_worked_number_of_a_curve() -> None:
    assert Curve((0.1, 0.5), (0.001, 0.016)).at(SizeClasses((0.0,), (1.0,), (0.004,)))[0] == pytest.approx(0.3, rel=1e-12)


def test_ports_are_those_of_the_table_and_rest_where_not_given() -> None:
    scenario = load(plant({"units.sorter.ports": None, "units.bad.from": "sorter.rest"}))
    assert scenario.kinds["sorter"].ports(scenario.units["sorter"]) == ("accept", "rest")


def test_a_share_for_all_materials_needs_no_mapping() -> None:
    assert table(load(plant({"units.sorter.partition": {"accept": "30 %"}})))[0].tolist() == [[0.3], [0.3]]


def test_with_one_port_everything_passes() -> None:
    changes = {"units.sorter.ports": None, "units.sorter.partition": None, "units.good.from": "sorter", "units.bad": None}
    assert table(load(plant(changes))).tolist() == [[[1.0], [1.0]]]


def test_a_measured_table_from_csv(tmp_path: Path) -> None:
    csv = "material, size_mm, accept, middle [%]\ntarget, 1, 0.1, 50\ntarget, 16, 0.5, 50\n*, 2, 0.05, 10 %\n"
    (tmp_path / "measured.csv").write_text(csv, encoding="utf-8")
    changes = {**SIZES, "units.sorter.ports": ["accept", "middle", "reject"], "units.sorter.partition": {"csv": "measured.csv"}}
    changes["units.more"] = {"kind": "product", "from": "sorter.middle"}
    scenario = load(plant(changes), folder=tmp_path)
    found = table(scenario)
    assert found[0, 0] == pytest.approx([0.1, 0.2, 0.4])
    assert found[1, 0].tolist() == [0.5, 0.5, 0.5]
    assert found[:, 1, 0] == pytest.approx([0.05, 0.1, 0.85])
    assert scenario.files == {"measured.csv": csv}
    paths = {parameter.path for parameter in scenario.parameters()}
    assert {"units.sorter.partition.accept.target.1 mm", "units.sorter.partition.middle.default.2 mm"} <= paths
    again = load(scenario.to_yaml(), files=scenario.files)
    assert again.sha256 == scenario.sha256
    other = load(plant(changes), files={"measured.csv": csv.replace("0.05", "0.06")})
    assert other.sha256 != scenario.sha256


@pytest.mark.parametrize(
    ("partition", "path", "message"),
    [
        (5, "", "a mapping of ports to shares"),
        ({"reject": 0.5}, ".reject", "takes what is left"),
        ({"acept": 0.5}, ".acept", "unknown port 'acept'; did you mean 'accept'?"),
        ({}, "", "a mapping of ports to shares"),
        ({"accept": {}}, ".accept", "a mapping of materials to shares"),
        ({"accept": {"target": 0.5}}, ".accept", "no share of 'other'; name it or give a 'default'"),
        ({"accept": {"target": 1.5, "default": 0}}, ".accept.target", "must be at most 1"),
        ({"accept": {"targt": 0.5, "default": 0}}, ".accept.targt", "did you mean 'target'?"),
        ({"accept": {"target": [0.5, 0.5], "default": 0}}, ".accept.target", "1 shares are needed, one for each size class (got 2)"),
        ({"accept": {"target": {"5": 0.5}, "default": 0}}, ".accept.target.5", "a length is needed"),
        ({"accept": {"target": {"5 mm": 0.5, "0.5 cm": 0.4}, "default": 0}}, ".accept.target", "each size may stand once"),
        ({"accept": {"target": {}, "default": 0}}, ".accept.target", "sizes and shares are missing"),
        ({"csv": "no.csv"}, "", "no such file"),
        ({"Accept!": 0.5}, ".Accept!", "the name of a port"),
    ],
)
def test_wrong_tables_are_refused(partition: object, path: str, message: str) -> None:
    found = problems(plant({"units.sorter.partition": partition}))
    assert message in found[f"units.sorter.partition{path}"]


def test_shares_above_one_in_sum_and_ambiguous_groups_are_refused() -> None:
    changes: dict[str, Any] = {"units.sorter.ports": ["accept", "middle", "reject"], "units.more": {"kind": "product", "from": "sorter.middle"}}
    changes["units.sorter.partition"] = {"accept": "70 %", "middle": {"target": "40 %", "default": "30 %"}}
    assert "the shares of 'target', 0 to 1 m, sum to 1.1 over the ports" in problems(plant(changes))["units.sorter.partition"]
    changes = {"materials.target": {"groups": ["metals", "heavy"]}, "units.sorter.partition": {"accept": {"metals": 1, "heavy": 0.5, "default": 0}}}
    assert "'target' is in 'metals' and 'heavy': give its own share" in problems(plant(changes))["units.sorter.partition.accept"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a header and 1 to"),
        ("material,accept\n", "a header and 1 to"),
        ("accept\n0.5\n", "the columns 'material'"),
        ("material;accept\ntarget;0.5\n", "the columns 'material'"),
        ("material,accept\ntarget\n", "t.csv:2 has 1 values, 2 are needed"),
        ("material,accept\ntarget,x\n", "t.csv:2 column 'accept': a number without unit is needed"),
        ("material,accept\n\ntarget,\n", "t.csv:3 column 'accept': a number without unit is needed"),
        ("material,accept\ntarget,nan\n", "t.csv:2 column 'accept'"),
        ("material,accept,accept\ntarget,1,1\n", "t.csv:1 column 'accept' is there twice"),
        ("material,,accept\ntarget,1,1\n", "t.csv:1 a column has no name"),
        ("material,accept\ntarget,0.5\ntarget,0.6\n*,0\n", "material 'target' is there twice"),
        ("material,size,accept\ntarget,5,0.5\n", "column 'size': a length is needed"),
        ("material,size_mm,accept\ntarget,5,0.5\ntarget,5,0.5\n*,1,1\n", "each size may stand once"),
        ("material,accept\ntargt,0.5\n*,0.5\n", "did you mean 'target'?"),
        ("material,accept\ntarget,0.5\n", "no share of 'other'"),
        ('material,accept\n"target,0.5\n', "not a table"),
        ("material,accept\n" + "x,y\n" * 300, "more cells are wrong"),
    ],
)
def test_wrong_csvs_are_refused_with_their_line(text: str, message: str) -> None:
    found = problems(plant({"units.sorter.partition": {"csv": "t.csv"}}), files={"t.csv": text})
    assert any(message in said for said in found.values()), found
    assert len(found) < 30


def test_a_splitter_shares() -> None:
    splitter = {"kind": "splitter", "from": "yard", "shares": {"left": "60 %", "right": "40 %"}}
    scenario = load(plant({"units.sorter": splitter, "units.good.from": "sorter.left", "units.bad.from": "sorter.right"}))
    model = scenario.units["sorter"]
    assert isinstance(model, Splitter)
    assert np.asarray(model.kernel_values(scenario.materials, scenario.sizes)["shares"]).tolist() == [0.6, 0.4]
    for shares, path, message in [
        ({"left": "60 %"}, ".shares", "must sum to 1 (got 0.6)"),
        ({"Left": 1}, ".shares.Left", "the name of a port"),
        ([1], ".shares", "a mapping of ports to shares"),
    ]:
        assert message in problems(plant({"units.sorter": {**splitter, "shares": shares}}))[f"units.sorter{path}"]


words = ["material", "accept", "size_mm", "timestamp", "time_h", "mass_t", "target", "other", "*", "0.5", "5 %", "1", "", "nan", "1e999", "-1"]
cells = st.one_of(st.sampled_from(words), st.text(max_size=5))


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.lists(cells, min_size=1, max_size=4).map(",".join), max_size=5).map("\n".join)))
def test_any_text_as_csv_is_a_table_or_a_scenario_error(text: str) -> None:
    for changes in ({"units.sorter.partition": {"csv": "t.csv"}}, {"units.deliveries": {"kind": "feed", "schedule": "t.csv"}}):
        try:
            load(plant(changes), files={"t.csv": text})
        except ScenarioError as error:
            assert error.problems
