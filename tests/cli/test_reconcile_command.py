"""``twin reconcile``: what it prints and writes, on networks of data and of scenarios."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.fit.reconcile import reconcile
from twin.fit.reconcile.network import of_scenario
from twin.plant import simulate
from twin.plant.api import load

ROOT = Path(__file__).parents[2]
PLANT = """\
twin: 1
name: one
time: {start: 2026-03-01, horizon: 2 d}
lot: 200 kg
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 300 t}
  sort: {kind: separator, from: yard, rate: 1.2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good}
  bad_out: {kind: product, from: sort.bad}
"""
DATA = """\
reconcile: 1
title: A yard in March
window: {from: 2026-03-01, to: 2026-04-01}
flows: {scrap: -> yard, charged: yard -> mill, copper: mill ->, residue: mill ->}
measurements:
  scrap: {value: 1000 t ± 5 t, source: weighbridge}
  yard.opening: 200 t ± 10 t
  yard.closing: 190 t ± 10 t
  charged: 1012 t ± 10 t
  copper: 300 t ± 2 t
  residue: 790 t ± 4 t
"""


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "march.yaml"
    path.write_text(DATA, encoding="utf-8")
    return str(path)


def test_the_verdict_stands_first(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", data]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "A yard in March: 2026-03-01 to 2026-04-01"
    assert lines[1].startswith("The measurements do not agree: ") and "Nothing was taken out" in lines[1]


def test_json_holds_all_of_it(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", data, "--json", "--target", "loss"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["global"]["redundancy"] == 2 and not found["global"]["passed"]
    by_name = {row["name"]: row for row in found["quantities"]}
    assert by_name["flow.scrap"]["source"] == "weighbridge" and by_name["flow.scrap"]["measured"] == 1e6
    assert by_name["level.yard.closing"]["reconciled"] > 0
    assert found["unaccounted"][0]["value"] == pytest.approx(1e6 + 2e5 - 1.9e5 - 1.09e6)
    falls = [worth["fall"] for worth in found["worth"]["instruments"]]
    assert falls == sorted(falls, reverse=True) and sum(falls) == pytest.approx(0.75), "of a sum each halved error takes three quarters of its part"


def test_leaving_out_needs_a_name_and_is_kept(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, audit, page = (tmp_path / name for name in ("values.csv", "audit.csv", "page.html"))
    line = ["reconcile", data, "--leave-out", "flow.residue", "--by", "M. Muster", "--reason", "belt scale adjusted on the 9th"]
    assert main([*line, "--csv", str(out), "--audit", str(audit), "-o", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "Without what was left out, the measurements agree" in printed and printed.endswith(f"{out}\n{audit}\n{page}\n")
    (trail,) = [row for row in audit.read_text(encoding="utf-8").splitlines() if row.startswith("flow.residue,")]
    assert "left out,M. Muster,belt scale adjusted on the 9th" in trail and "790000.0" in trail
    assert main([*line, "--csv", str(out), "--audit", str(audit), "-o", str(page)]) == 0, "what is ours is replaced"
    html = page.read_text(encoding="utf-8")
    assert "M. Muster" in html and html.count("<svg") == 3 and "http" not in html.replace("http-equiv", "")
    assert main(["reconcile", data, "--by", "nobody"]) == 2
    assert main(["reconcile", data, "--leave-out", "residu"]) == 2
    assert "did you mean 'flow.residue'" in capsys.readouterr().err


def test_reconciled_values_read_again_stay(data: str, tmp_path: Path) -> None:
    """The CSV is data: given back it is consistent, so nothing moves."""
    out = tmp_path / "values.csv"
    assert main(["reconcile", data, "--csv", str(out)]) == 0
    again = tmp_path / "again.yaml"
    again.write_text(DATA.split("measurements:")[0] + "table: values.csv\n", encoding="utf-8")
    first, second = reconcile(data), reconcile(again)
    for row in second.rows:
        assert row.reconciled == pytest.approx(first.row(row.name).reconciled, rel=1e-9)
    assert second.tests.whole.objective < 1e-12


def test_a_run_read_without_error_closes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record of a run as data of its own scenario: streams, stock and content by material agree with the network that is derived."""
    scenario = load(PLANT)
    result = simulate.run(scenario, out=None)
    seconds = 2 * 86_400.0
    flows = {name: float(np.nanmean(result.quantity(f"flow.{name}"))) * seconds for name in ("trucks", "yard", "sort.good", "sort.bad")}
    good = {name: float(np.nanmean(result.quantity(f"flow.{name}.good"))) * seconds / flows[name] for name in flows}
    rows = [f"flow.{name},{value},1 %,kg" for name, value in flows.items()] + [f"share.{name}.good,{value},0.01," for name, value in good.items()]
    rows += ["level.yard.opening,0,exact,kg", f"level.yard.closing,{result.quantity('level.yard')[-1]},200,kg"]
    (tmp_path / "one.yaml").write_text(PLANT, encoding="utf-8")
    (tmp_path / "rows.csv").write_text("name,value,error,unit\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["reconcile", str(tmp_path / "one.yaml"), str(tmp_path / "rows.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["global"]["redundancy"] == 3 and found["global"]["objective"] < 0.5, "a lot in the line is the only difference"
    assert {row["name"]: row["status"] for row in found["quantities"]}["flow.good_out"] == "calculated"


@pytest.mark.parametrize("name", ["weee_line", "elv_shredder_stand_by", "lvp_line_two_halls", "copper_smelter", "weee_to_cathode"])
def test_shipped_plants_are_networks(name: str) -> None:
    """Every stream has one name and two ends, and what comes in and goes out can be reconciled."""
    network = of_scenario(load(ROOT / "scenarios" / f"{name}.yaml"))
    names = [edge.name for edge in network.edges]
    assert len(names) == len(set(names))
    ends = {end for edge in network.edges for end in (edge.source, edge.target) if end}
    assert ends == set(network.node)
    assert any(not edge.source for edge in network.edges) and any(not edge.target for edge in network.edges)
    lines = of_scenario(load(ROOT / "scenarios" / f"{name}.yaml"), by_line=True)
    assert {edge.name for edge in lines.edges} <= set(names) and set(lines.node) <= set(network.node)
    assert name == "copper_smelter" or len(lines.node) < len(network.node)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing.yaml"], 2, "no such file"),
        (["{plant}", "{data}"], 2, "have 'flows' of their own"),
        (["{plant}", "{data}", "{data}"], 2, "a scenario and data are needed"),
        (["{data}", "--close", "March"], 2, "a month is needed"),
        (["{data}", "--window", "2026-02-01", "2026-01-01"], 2, "must end after it begins"),
        (["{data}", "--target", "flow.scrab"], 2, "did you mean 'flow.scrap'"),
        (["{data}", "--csv", "{data}"], 2, "will not replace"),
        (["{data}", "--audit", "{data}"], 2, "will not replace"),
        (["{data}", "-o", "{data}"], 2, "will not replace"),
        (["{broken}"], 1, "contradict each other"),
    ],
)
def test_what_is_refused(arguments: list[str], code: int, message: str, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant, broken = tmp_path / "plant.yaml", tmp_path / "broken.yaml"
    plant.write_text(PLANT, encoding="utf-8")
    broken.write_text(DATA.replace("± 5 t", "exact").replace("± 10 t", "exact").replace("± 2 t", "exact").replace("± 4 t", "exact"), encoding="utf-8")
    known = {"plant": str(plant), "data": data, "broken": str(broken)}
    assert main(["reconcile", *(part.format(**known) for part in arguments)]) == code
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err


def test_a_month_is_closed_out_of_a_year(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Days in a table, stocks counted at the first of each month: February takes its own, and its opening is January's closing."""
    rows = ["name,value,error,unit,from,to"]
    rows += [f"level.yard,{mass},2,t,{day}," for mass, day in ((100, "2026-01-01"), (130, "2026-02-01"), (90, "2026-03-01"))]
    for name, first, second in (("in", 500, 300), ("out", 470, 330)):
        rows += [f"{name},{first},1 %,t,2026-01-01,2026-02-01", f"{name},{second / 2},1 %,t,2026-02-01,2026-02-15"]
        rows += [f"{name},{second / 2},1 %,t,2026-02-15,2026-03-01"]
    (tmp_path / "year.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = tmp_path / "year.yaml"
    path.write_text("reconcile: 1\nflows: {in: -> yard, out: yard ->}\ntable: year.csv\n", encoding="utf-8")
    assert main(["reconcile", str(path)]) == 2
    assert "say which one with --close" in capsys.readouterr().err
    losses = {}
    for month in ("2026-01", "2026-02"):
        assert main(["reconcile", str(path), "--close", month, "--json"]) == 0
        losses[month] = json.loads(capsys.readouterr().out)["unaccounted"][0]["value"]
    assert losses == {"2026-01": pytest.approx(0.0), "2026-02": pytest.approx(10_000.0)}
    assert main(["reconcile", str(path), "--close", "2026-05"]) == 0
    printed = capsys.readouterr().out
    assert "Nothing can be checked" in printed and "no reading falls in the window" in printed
