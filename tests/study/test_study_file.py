"""What is wrong with a study, each with its place, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sweep_plant import PLANT, STUDY, write

import twin
from twin.errors import ScenarioError
from twin.study.study_file import load_study


def problems(folder: Path, text: str, plant: str = PLANT) -> list[str]:
    path = write(folder, text, plant)
    with pytest.raises(ScenarioError) as caught:
        load_study(path)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def study(vary: str = "{}", more: str = "kind: terminating") -> str:
    return f"study: 1\nbase: plant.yaml\nvary: {vary}\n{more}\n"


def test_ten_lines_are_a_study(tmp_path: Path) -> None:
    found = load_study(write(tmp_path))
    assert (found.name, found.kind, len(found), found.responses) == ("study", "terminating", 16, ("throughput", "recovery.good"))
    assert len(found.sha256) == 64


def test_all_is_found_at_once(tmp_path: Path) -> None:
    text = "study: 1\nbase: plant.yaml\nvary:\n  units.sort.rate: {uniform: [1 t/h, 3 kg]}\n  units.srt.rate: {uniform: [1 t/h, 2 t/h]}\nreplicatons: 3\ndesign: {sobol: 60}\n"
    assert problems(tmp_path, text) == [
        "study.yaml:1:1: 'kind' is missing: 'terminating' (from start to horizon) or 'steady' (what it tends to after the warm-up)",
        "study.yaml:4:30 vary.\"units.sort.rate\".uniform.high: a mass per time is needed, e.g. '20 t/h' (got '3 kg', a mass)",
        "study.yaml:5:3 vary.\"units.srt.rate\": there is no 'units.srt' to change; did you mean 'sort'? (known: trucks, yard, sort, good_out, bad_out)",
        "study.yaml:6:1 replicatons: unknown key 'replicatons'; did you mean 'replications'? "
        "(known: study, name, title, base, change, vary, design, replications, kind, responses, seed)",
        "study.yaml:7:9 design: a Sobol' sequence is even only in powers of 2; take 64 (got 60)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (study("{units.sort.rate: [1 t/h, 2 t/h]}"), "3:25 vary.\"units.sort.rate\": a list of levels, a distribution or 'assumed' is needed"),
        (study("{units.sort.rate: {unifrom: [1 t/h, 2 t/h]}}"), "unknown form 'unifrom'; did you mean 'uniform'?"),
        (study("{units.sort.rate: {uniform: [2 t/h, 1 t/h]}}"), "'low' must be less than 'high'"),
        (study("{units.sort.rate: {uniform: [1, 2 t/h]}}"), "got 1, a bare number"),
        (study("{units.sort.rate: {list: [1 t/h, 2 t]}}"), 'vary."units.sort.rate".list.1: a mass per time is needed'),
        (study("{units.sort.rate: {list: []}}"), "a list of 1 to 10000 levels is needed"),
        (study("{units.sort.rate: {range: {low: 1 t/h, high: 2 t/h}}}"), "a mapping with 'low', 'high' and either 'levels' or 'step' is needed"),
        (study("{units.sort.rate: {range: {low: 1 t/h, high: 2 t/h, levels: 1}}}"), "a whole number from 2 to 10000 is needed (got 1)"),
        (study("{units.trucks.mass: assumed}"), "the scenario does not say from where to where units.trucks.mass may be"),
        (study("{units.trucks.mas: assumed}"), "the scenario has no number at 'units.trucks.mas'; did you mean 'units.trucks.mass'?"),
        (study("{units.trucks.mas: {list: [1 t]}}"), "3:8 vary.\"units.trucks.mas\": unknown key 'mas'; did you mean 'mass'?"),
        (study("{units.trucks.mass: {uniform: [1 t/h, 2 t]}}"), "a mass is needed, e.g. '12 t' (got '1 t/h', a mass per time)"),
        (study("{seed: {list: [1, 2]}}"), "the seed does not vary in a study"),
        (study("{units.sort.rate: {uniform: [1 t/h, 2 t/h]}}"), "a grid needs to know how many levels units.sort.rate has"),
        (
            study("{units.sort.rate: {uniform: [1 t/h, 2 t/h]}}", "kind: terminating\ndesign: {grid: {units.sort.rat: 3}}"),
            "units.sort.rat does not vary in this study",
        ),
        (
            study("{units.sort.rate: {uniform: [1 t/h, 2 t/h]}}", "kind: terminating\ndesign: list"),
            "the design 'list' takes the levels of lists one after another",
        ),
        (
            study("{units.sort.rate: {list: [1 t/h]}, units.trucks.mass: {list: [1 t, 2 t]}}", "kind: terminating\ndesign: list"),
            "the design 'list' needs lists of one length (got units.sort.rate: 1, units.trucks.mass: 2); 'grid' combines them",
        ),
        (study(more="kind: terminating\ndesign: {grid: 2, lhs: 3}"), "exactly one of grid, list, csv, lhs, sobol, saltelli, morris is needed"),
        (study(more="kind: terminating\ndesign: gird"), "did you mean 'grid'?"),
        (study(more="kind: terminating\ndesign: {morris: {trajectories: 4, levels: 3}}"), "an even number of levels is needed"),
        (study(more="kind: terminating\ndesign: {csv: none.csv}"), "none.csv: no such file"),
        (study(more="kind: terminating\nreplications: 0"), "5:15 replications: must be at least 1 (got 0)"),
        (study(more="kind: terminating\nreplications: 2.5"), "replications: a whole number is needed (got 2.5)"),
        (study(more="kind: forever"), "kind: 'terminating' or 'steady' is needed (got 'forever')"),
        (study(more="kind: steady"), "what a plant tends to is seen after a warm-up"),
        (study(more="kind: terminating\nchange: {units.sort.rat: 1 t/h}"), "unknown key 'rat'"),
        (
            study("{units.sort.rate: {list: [1 t/h]}}", "kind: terminating\nchange: {units.sort.rate: 1 t/h}"),
            "varies in this study, so that a change of it has no effect",
        ),
        (study(more="kind: terminating\nbase: other.yaml"), "this key stands twice"),
        (study().replace("plant", "other"), "2:7 base: other.yaml: no such file"),
        ("[1]\n", "a study is a mapping that begins with 'study: 1' (got [1])"),
        ("study: 1\nbase: no\nkind: steady\n", "write true or false, or put it in quotes if it is a text (got 'no')"),
    ],
)
def test_one_thing_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert message in found[0]
    assert found[0].startswith("study.yaml:")


def test_a_wrong_table_says_where(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("units.sort.rate,units.trucks.mass [t]\n1 t/h,2\n2 t,3\n", encoding="utf-8")
    text = "study: 1\nbase: plant.yaml\ndesign: {csv: points.csv}\nkind: terminating\nvary: {}\n"
    assert problems(tmp_path, text) == [
        "study.yaml:3:15 design.csv: points.csv: row 3, column 'units.sort.rate': a mass per time is needed, e.g. '20 t/h' (got '2 t', a mass)"
    ]
    (tmp_path / "points.csv").write_text("units.sort.rate\n", encoding="utf-8")
    assert "below it rows of as many values" in problems(tmp_path, text)[0]


def test_blank_lines_of_a_table_count_and_an_open_quote_is_told(tmp_path: Path) -> None:
    """The faulty cell stands in line 6 of the file, its fourth row; a quote that is never closed would swallow the rows below it."""
    text = "study: 1\nbase: plant.yaml\ndesign: {csv: points.csv}\nkind: terminating\n"
    (tmp_path / "points.csv").write_text("units.sort.rate\n\n1 t/h\n \n2 t/h\n2 t\n", encoding="utf-8")
    assert "points.csv: row 6, column 'units.sort.rate'" in problems(tmp_path, text)[0]
    (tmp_path / "points.csv").write_text('units.sort.rate\n"1 t/h\n2 t/h\n', encoding="utf-8")
    assert "points.csv: is not a table of comma-separated values" in problems(tmp_path, text)[0]


def test_a_wrong_scenario_is_shown_with_its_own_places(tmp_path: Path) -> None:
    found = problems(tmp_path, STUDY, PLANT.replace("lot: 500 kg", "lot: 500"))
    assert found[0].startswith("plant.yaml:4:6 lot: a mass is needed")
    assert found[1] == "study.yaml:2:7 base: plant.yaml is wrong: 1 problem"


def test_a_study_of_a_loaded_scenario() -> None:
    found = load_study({"study": 1, "kind": "steady", "change": {"time.horizon": "2 d", "time.warmup": "1 d"}, "replications": 3}, base=twin.load(PLANT))
    assert found.scenario.warmup == 86_400
    assert found.name == "study"
    assert load_study(found) is found


def test_what_the_study_is_decides_its_hash(tmp_path: Path) -> None:
    first = load_study(write(tmp_path)).sha256
    assert load_study(write(tmp_path, STUDY + "title: a name\n")).sha256 == first
    for changed in (STUDY.replace("sobol: 8", "sobol: 4"), STUDY.replace("3 t/h", "4 t/h"), STUDY.replace("replications: 2", "replications: 3")):
        assert load_study(write(tmp_path, changed)).sha256 != first
