"""extends, change, remove: the merged scenario, and that every error names the file and line of the value."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_plants import PLANT, problems

from twin.errors import ScenarioError
from twin.scenario import load
from twin.scenario.yaml_text import to_yaml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(to_yaml(PLANT), encoding="utf-8")
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_change_is_made_where_its_path_leads(folder: Path) -> None:
    file = write(
        folder,
        "faster.yaml",
        """\
extends: base.yaml
title: twice the rate
change:
  units.sorter.rate: 40 t/h
  units.sorter.power.idle: 5 kW
  units.sorter.failures.mttr.lognormal.mean: 2 h
  units.bay: {kind: bunker, from: sorter.accept, capacity: 5 t}
  units.good.from: bay
  seed: 3
remove: [units.sorter.calendar]
""",
    )
    scenario = load(file)
    sorter = scenario.units["sorter"]
    assert scenario.name == "faster"
    assert (scenario.title, scenario.seed) == ("twice the rate", 3)
    assert sorter.rate.mean == 40_000 / 3600
    assert sorter.power.idle == 5000.0
    assert sorter.failures.mttr.values == (7200.0, 4320.0)
    assert sorter.calendar is None
    assert scenario.units["good"].from_ == ("bay",)
    assert list(scenario.units)[-1] == "bay"
    assert "extends" not in scenario.to_yaml()
    assert load(scenario.to_yaml()).sha256 == scenario.sha256


def test_extensions_chain(folder: Path) -> None:
    write(folder, "one.yaml", "extends: base.yaml\nchange: {units.sorter.rate: 10 t/h, lot: 100 kg}\n")
    scenario = load(write(folder, "two.yaml", "extends: one.yaml\nchange: {units.sorter.rate: 30 t/h}\n"))
    assert (scenario.units["sorter"].rate.mean, scenario.lot) == (30_000 / 3600, 100.0)


def test_an_error_names_the_file_and_line_of_the_value(folder: Path) -> None:
    file = write(folder, "wrong.yaml", "extends: base.yaml\nchange:\n  units.sorter.rate: 40 m\n  units.yard.capcity: 1 t\n  units.good.from: sorter.acept\n")
    with pytest.raises(ScenarioError) as error:
        load(file)
    found = {problem.path: (Path(problem.file).name, problem.line, problem.column) for problem in error.value.problems}
    assert found == {
        "units.sorter.rate": ("wrong.yaml", 3, 22),
        "units.yard.capcity": ("wrong.yaml", 4, 3),
        "units.good.from": ("wrong.yaml", 5, 20),
    }
    write(folder, "base.yaml", to_yaml({**PLANT, "lot": "5 m"}))
    with pytest.raises(ScenarioError) as error:
        load(write(folder, "right.yaml", "extends: base.yaml\nchange: {seed: 5}\n"))
    assert [Path(problem.file).name for problem in error.value.problems] == ["base.yaml"]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("extends: no.yaml", "extends", "no such file"),
        ("extends: [base.yaml]", "extends", "the name of a scenario file"),
        ("extends: self.yaml", "extends", "extends itself"),
        ("extends: base.yaml\nseed: 5", "seed", "write it below 'change'"),
        ("extends: base.yaml\nchange: 5", "change", "a mapping of paths"),
        ("extends: base.yaml\nchange: {units.sortr.rate: 5 t/h}", "change.units.sortr.rate", "there is no 'units.sortr' to change; did you mean 'sorter'?"),
        ("extends: base.yaml\nchange: {unit.sorter.rate: 5 t/h}", "change.unit.sorter.rate", "did you mean 'units'?"),
        ("extends: base.yaml\nchange: {units..rate: 5 t/h}", "change.units..rate", "a path such as"),
        ("extends: base.yaml\nremove: [units.sortr]", "remove", "there is no 'units.sortr' to remove; did you mean 'sorter'?"),
        ("extends: base.yaml\nremove: [5]", "remove", "a path such as"),
        ("twin: 1\nchange: {seed: 5}", "change", "needs 'extends'"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(folder: Path, text: str, path: str, message: str) -> None:
    assert message in problems(write(folder, "self.yaml", text))[path]


def test_a_circle_of_extensions_is_refused(folder: Path) -> None:
    write(folder, "a.yaml", "extends: b.yaml\n")
    assert "extends itself" in problems(write(folder, "b.yaml", "extends: a.yaml\n"))["extends"]


def test_files_named_by_a_scenario_in_another_folder_are_found(folder: Path) -> None:
    write(folder, "measured.csv", "material,accept\ntarget,0.9\n*,0.1\n")
    table = {**PLANT["units"]["sorter"], "partition": {"csv": "measured.csv"}}
    write(folder, "base.yaml", to_yaml({**PLANT, "units": {**PLANT["units"], "sorter": table}}))
    inner = load(folder / "base.yaml")
    outer = load(write(folder, "changes/outer.yaml", "extends: ../base.yaml\nname: small\n"))
    assert list(outer.files) == ["../measured.csv"]
    assert outer.sha256 == inner.sha256
    assert load(outer.to_yaml(), files=outer.files).sha256 == outer.sha256


def test_a_changed_number_does_not_inherit_the_source_of_the_old_one(folder: Path) -> None:
    sorter = {**PLANT["units"]["sorter"], "basis": "measured", "source": "weigh belt"}
    write(folder, "base.yaml", to_yaml({**PLANT, "units": {**PLANT["units"], "sorter": sorter}}))
    scenario = load(write(folder, "new.yaml", "extends: base.yaml\nchange: {units.sorter.rate: 40 t/h}\n"))
    found = {parameter.path: (parameter.basis, parameter.source) for parameter in scenario.parameters()}
    assert found["units.sorter.rate"] == ("assumed", "a change")
    assert found["units.sorter.failures.mtbf"] == ("measured", "weigh belt")
    assert scenario.units["sorter"].rate.mean == 40_000 / 3600
