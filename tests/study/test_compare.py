"""Comparison: what differs between the scenarios, the key figures side by side, and whether a difference is more than chance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import UsageError
from twin.results.cluster_figures import OWN
from twin.results.kpis import KPIS, stem_of
from twin.results.texts import difference_text, interval_text
from twin.scenario import Scenario
from twin.study.compare import Comparison, compare
from twin.study.statistics import paired, welch
from twin.study.verdicts import LESS_IS_BETTER, MORE_IS_BETTER, change_of, direction

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "pair",
    "time": {"horizon": "2 d"},
    "lot": "100 kg",
    "materials": {"x": {}},
    "units": {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"x": 1}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "1000 t"},
        "m": {"kind": "separator", "from": "yard", "rate": {"value": "0.5 t/h", "basis": "assumed", "source": "a guess", "low": "0.2 t/h", "high": "1 t/h"}},
        "out": {"kind": "product", "from": "m"},
    },
}
EVERY = {"exponential": {"mean": "1 h"}}


def plant(name: str = "pair", **changes: object) -> Scenario:
    return twin.load(PLANT).change({"name": name, "units.trucks.every": EVERY, **{path.replace("__", "."): value for path, value in changes.items()}})


def serial(*scenarios: Scenario, **arguments: Any) -> Comparison:
    return compare(*scenarios, executor="serial", **arguments)


def test_differences_are_those_of_the_plant_and_not_of_where_numbers_come_from() -> None:
    base = twin.run(twin.load(PLANT))
    fast = twin.run(twin.load(PLANT).change({"units.m.rate": {"value": "0.8 t/h", "basis": "measured", "source": "weigh belt"}}), seed=9)
    found = twin.compare(base, fast)
    assert [(d.path, d.values) for d in found.differences] == [("units.m.rate", ("0.5 t/h", "0.8 t/h")), ("seed", ("1", "9"))]
    assert found["throughput"].relative(1) == pytest.approx(0.6, abs=0.01)
    assert "units.m.rate" in repr(found)
    assert "<th>" in found._repr_html_()


def test_equal_scenarios_and_a_kpi_that_one_file_does_not_have() -> None:
    base, other = twin.run(twin.load(PLANT)), twin.run(twin.load(PLANT), replication=1)
    assert [d.path for d in twin.compare(base, other).differences] == ["replication"]
    second = {**PLANT, "units": {**PLANT["units"], "more": {"kind": "product", "from": "n"}, "n": {"kind": "separator", "from": "yard", "rate": "1 t/h"}}}
    row = twin.compare(base, twin.run(twin.load(second)))["product_mass.more"]
    assert row.texts()[0] == "–"
    assert row.difference_text(1) == ""
    with pytest.raises(KeyError, match="no KPI 'nope'"):
        twin.compare(base, base)["nope"]
    with pytest.raises(UsageError, match="at least two scenarios or results"):
        twin.compare(base)


def test_a_changed_catalogue_is_a_difference(tmp_path: Path) -> None:
    """Two scenarios with the same words that read other numbers."""
    found = []
    for share in ("40 %", "50 %"):
        number = "{{value: {}, basis: assumed, source: a test}}"
        stuff = f"twin_catalogue: 1\nmaterials:\n  x: {{density: {number.format('2 t/m3')}, assay: {{Cu: {number.format(share)}}}}}\n"
        (tmp_path / "own.yaml").write_text(stuff, encoding="utf-8")
        own = {key: value for key, value in PLANT.items() if key != "materials"}
        found.append(twin.run(twin.load({**own, "catalogue": [str(tmp_path / "own.yaml")]})))
    paths = [difference.path for difference in twin.compare(*found).differences]
    assert len(paths) == 1
    assert paths[0].startswith("contents of ")


def test_one_run_each_has_no_interval() -> None:
    base, fast = twin.run(plant()), twin.run(plant("fast", units__m__rate="2 t/h"))
    row = twin.compare(base, fast)["throughput"]
    assert row.difference is None
    assert row.verdict == ""
    assert row.changes[0].method == "one run"
    assert twin.compare(base, fast).remarks == ("one run each: a change has no interval and may be chance",)
    assert serial(plant(), plant("fast", units__m__rate="2 t/h"), replications=1).remarks == twin.compare(base, fast).remarks


@pytest.mark.soak
def test_scenarios_are_run_on_common_random_numbers() -> None:
    """The trucks of a pair are the same, so that their number differs from pair to pair but hardly between the plants."""
    base, fast = plant(units__m__rate="1.5 t/h"), plant("fast", units__m__rate="2 t/h")
    found = serial(base, fast, replications=4)
    values = [[twin.run(s, replication=k).kpis["throughput"].value for k in range(4)] for s in (base, fast)]
    row = found["throughput"]
    assert row.values == tuple(pytest.approx(math.fsum(own) / 4) for own in values)
    assert row.difference == paired(*values)
    assert row.changes[0].method == "paired"
    assert row.changes[0].correlation > 0.9
    assert row.difference is not None
    assert row.difference.half_width < welch(*values).half_width / 3  # type: ignore[union-attr]
    assert found.runs == (4, 4)
    assert found.remarks == ("4 pairs of runs with common random numbers",)


@pytest.mark.soak
def test_verdicts_say_better_worse_or_that_it_cannot_be_told() -> None:
    slow = plant("slow", units__m__rate="0.6 t/h")
    found = serial(plant(units__m__rate="1.5 t/h"), slow, plant("fast", units__m__rate="2 t/h"), replications=5)
    assert found["throughput"].changes[0].verdict == "worse"
    assert found["utilisation.m"].changes[0].verdict == "higher"
    told = found["throughput"].changes[1]
    assert told.verdict in ("cannot tell", "better")
    assert found["load.m"].changes[0].verdict == "no change"
    assert "throughput" in found.verdicts(1)["worse"]
    assert found.confidence_each == pytest.approx(0.975)
    assert found["throughput"].differences[0].confidence == pytest.approx(0.975)  # type: ignore[union-attr]
    chance = change_of([1.0, 2.0, 3.0], [1.1, 1.9, 3.1], "paired", 1, 0.95)
    assert chance.text == f"cannot tell, needs about {chance.needed} replications"
    assert chance.needed is not None
    assert chance.needed > 3
    assert change_of([1.0, 2.0], [1.0 + 1e-15, 2.0], "paired", 1, 0.95).text == "no change"
    assert change_of([1.0, 3.0], [3.0, 1.0], "paired", 1, 0.95).text == "cannot tell, needs more than 10000 replications"


def test_other_seeds_make_independent_runs() -> None:
    found = serial(plant(), plant("other", seed=2), replications=3)
    assert [d.path for d in found.differences] == ["name", "seed"]
    change = found["processed"].changes[0]
    assert change.method == "independent"
    assert math.isnan(change.correlation)
    assert found.remarks == ("3 and 3 independent runs (Welch); equal seeds would make them share their random numbers",)


@pytest.mark.soak
def test_files_of_one_plant_make_one_side(tmp_path: Path) -> None:
    files = {name: [tmp_path / f"{name}-{k}.h5" for k in range(3)] for name in ("base", "fast")}
    scenarios = {"base": plant("base"), "fast": plant("fast", units__m__rate="0.8 t/h")}
    for name, own in files.items():
        for k, file in enumerate(own):
            twin.run(scenarios[name], replication=k, out=file).close()
    found = twin.compare(*files["base"], *files["fast"])
    assert found.names == ("base", "fast")
    assert found.runs == (3, 3)
    assert [d.path for d in found.differences] == ["name", "units.m.rate"]
    ran = serial(scenarios["base"], scenarios["fast"], replications=3)
    assert found["throughput"].changes == ran["throughput"].changes
    part = twin.compare(*files["base"], *files["fast"][1:])  # what has no partner is no pair
    assert part["throughput"].difference.n == 2  # type: ignore[union-attr]
    assert part.runs == (3, 2)
    alone = twin.compare(*files["base"])  # one plant only: its runs side by side
    assert alone.names == ("base-0", "base-1", "base-2")
    assert alone["throughput"].differences == (None, None)
    with pytest.raises(UsageError, match="seed 1, replication 0 of base is given twice"):
        twin.compare(files["base"][0], *files["base"], *files["fast"])


@pytest.mark.soak
def test_files_with_other_seeds_are_independent(tmp_path: Path) -> None:
    files = []
    for name, rate, seeds in (("base", "0.6 t/h", range(3)), ("fast", "0.8 t/h", range(10, 14))):
        for seed in seeds:
            files.append(tmp_path / f"{name}-{seed}.h5")
            twin.run(plant(name, units__m__rate=rate), seed=seed, out=files[-1]).close()
    row = twin.compare(*files)["throughput"]
    assert row.changes[0].method == "independent"
    assert row.difference is not None
    assert row.difference.n == 3


@pytest.mark.soak
def test_runs_are_added_until_the_difference_is_known() -> None:
    base, fast = plant(units__m__rate="0.9 t/h"), plant("fast", units__m__rate="1 t/h")
    found = serial(base, fast, replications=3, until=0.05)
    row = found["throughput"]
    assert row.difference is not None
    assert row.difference.half_width <= 0.05 * row.values[0]
    assert found.runs[0] > 3
    capped = serial(base, fast, replications=3, until=0.0001, at_most=4)
    assert capped.runs == (4, 4)
    assert "wanted 0.01 %" in capped.remarks[1]


@pytest.mark.soak
def test_a_steady_study_judges_the_warm_up_of_both_sides() -> None:
    found = serial(plant(), plant("fast", units__m__rate="2 t/h"), replications=2, kind="steady")
    assert found.kind == "steady"
    assert [remark.partition(":")[0] for remark in found.remarks[1:]] == ["pair", "fast"]


def test_files_are_kept_in_a_folder(tmp_path: Path) -> None:
    serial(plant(), plant(units__m__rate="2 t/h"), replications=2, folder=tmp_path / "runs")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["pair-r0.h5", "pair-r1.h5", "pair_2-r0.h5", "pair_2-r1.h5"]


def test_scenarios_and_results_do_not_mix(tmp_path: Path) -> None:
    result = twin.run(plant())
    with pytest.raises(UsageError, match="cannot be compared with each other"):
        twin.compare(plant(), result)
    with pytest.raises(UsageError, match="hold the runs that were made"):
        twin.compare(result, result, replications=3)


def test_a_change_within_a_list_is_shown_by_its_place() -> None:
    events = [{"at": f"{hour} h", "set": {"units.m.rate": rate}} for hour, rate in ((4, "0.6 t/h"), (8, "0.7 t/h"))]
    later = [events[0], {**events[1], "at": "9 h"}]
    found = compare(*(twin.run(plant(events=own)) for own in (events, later)))
    assert [(d.path, d.values) for d in found.differences] == [("events.1.at", ("8 h", "9 h"))]


def two_machines(name: str, first: str, second: str) -> Scenario:
    units = {**PLANT["units"], "m": {**PLANT["units"]["m"], "rate": first}, "n": {"kind": "separator", "from": "m", "rate": second}}
    units["out"] = {"kind": "product", "from": "n"}
    return twin.load({**PLANT, "name": name, "units": units})


def test_where_the_bottleneck_moved() -> None:
    found = serial(two_machines("a", "0.5 t/h", "0.8 t/h"), two_machines("b", "0.9 t/h", "0.8 t/h"), replications=2)
    (limit,) = found.limits
    assert (limit.line, limit.machines, limit.shares, limit.moved) == ("m", ("m", "n"), (1.0, 1.0), True)
    assert [line for line, _ in found.busiest] == ["m", "m"]
    assert serial(plant(), plant("b"), replications=2).limits == ()  # a line of one machine has one limit


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("throughput", 1),
        ("recovery.Cu", 1),
        ("margin", 1),
        ("specific_energy", -1),
        ("co2", -1),
        ("offspec_share.copper", -1),
        ("turned_away_share.trucks", -1),
        ("blocked.line", -1),
        ("product_mass.residue", 0),
        ("yield.residue", 0),
        ("starved.line", 0),
        ("grade.copper.Cu", 1),
        ("grade.copper.plastics", -1),
    ],
)
def test_what_is_better(name: str, expected: int) -> None:
    """A grade of what the product aims at is better higher, of what its specification keeps out lower."""
    assert direction(name, {"recovery.copper.Cu"}) == expected


def test_directions_are_of_key_figures_that_exist() -> None:
    stems = {definition.pattern.partition(".")[0] for definition in KPIS} | {stem_of(name) for name in OWN}
    assert {*MORE_IS_BETTER, *LESS_IS_BETTER} <= stems


def test_numbers_of_a_figure_share_their_unit() -> None:
    assert interval_text("recovery.Cu", 0.92, 0.82, 1.02, "1") == "82 to 102 %"
    assert interval_text("queue.trucks", 1.5, 1.0, 2.0, "1") == "1 to 2"
    assert interval_text("margin", 133876.0, 106345.6, 161406.4, "EUR") == "106,346 to 161,406 EUR"
    assert interval_text("margin", 0.0, -5.0, 5.0, "EUR") == "-5 to 5 EUR"
    assert difference_text("recovery.Cu", 0.0123, 0.0045, "1", 0.6, 0.61) == "+1.23 ± 0.45 pp"
    assert difference_text("throughput", -0.1, None, "kg/s", 1.0, 0.9) == "-0.3600 t/h"
    assert difference_text("processed", 0.0, 0.0, "kg", 1e6, 1e6) == "0 kt"
    assert difference_text("processed", 1e3, 0.0, "kg", 1e6, 1e6) == "+0.001000 ± 0 kt"
    assert difference_text("processed", math.nan, None, "kg", 1.0, 1.0) == ""
