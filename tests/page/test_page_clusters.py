"""Clusters on the page: what may go between sites, their runs, and linked beside alone, held against the calls that the terminal makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served_pages import SMALL, Served, answer_of, ended

from twin.plant.cluster import run_cluster
from twin.results.cluster import open_cluster
from twin.scenario.cluster import load_cluster
from twin.study.compare import compare

expect = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright").expect

PAIR = """twin: 1
title: Two plants <b>and</b> a truck
time: {horizon: 2 d, warmup: 12 h}
sites:
  north:
    extends: small.yaml
    seed: 11
    change: {units.magnet.power: {idle: 5 kW}, units.box: {kind: bunker, from: eddy.light, capacity: 40 t}, units.light.from: box}
  south: {extends: small.yaml, seed: 12, change: {units.magnet.power: {idle: 5 kW}}}
links: {metal: {from: north.light, to: south.deliveries, trucks: 2, payload: 2 t, travel: 1 h, price: 900 EUR/t}}
energy:
  power: {price: 200 EUR/MWh, co2: 363 g/kWh}
  heat:
    supply: 90 °C
    return: 60 °C
    hypothetical: true
    sources: {waste: {heat: 300 kW}}
    boilers: {gas: {power: 2 MW, carrier: natural_gas, efficiency: 92 %, price: 45 EUR/MWh, co2: 201 g/kWh}}
    tank: {capacity: 2 MWh}
    users: {homes: {heat: 700 kW, price: 90 EUR/MWh}}
"""


@pytest.fixture
def pair(shared: Served) -> Served:
    (shared.folder / "pair.yaml").write_text(PAIR, encoding="utf-8")
    return shared


def test_a_cluster_is_no_plant_and_is_shown_before_any_run(pair: Served) -> None:
    with pair.client() as client:
        folder = client.get("/api/folder").json()
    assert [one["file"] for one in folder["scenarios"]] == ["small.yaml"] and folder["clusters"] == {"scenarios": ["pair.yaml"], "results": []}
    planned = pair.ask("cluster", file="pair.yaml")["planned"]
    assert [row[0] for row in planned["sites"]["rows"]] == ["north", "south"]
    assert planned["links"]["rows"] == [["metal", "north.light", "south.deliveries", "2", "2 t"]]
    assert planned["linked"] and planned["hypothetical"]
    for text in ("power grid", "heat network (hypothetical)", "north", "south", "waste", "gas", "homes", "metal: light"):
        assert text in planned["map"], text
    assert "Stromnetz" in pair.ask("cluster", file="pair.yaml", language="de")["planned"]["map"]
    for file, words in (("small.yaml", "is no cluster"), ("../pair.yaml", "no file"), ("none.yaml", "no file")):
        assert words in pair.ask("cluster", file=file)["error"]
    (pair.folder / "out.yaml").write_text(PAIR.replace("small.yaml", "../secret.yaml"), encoding="utf-8")
    (pair.folder.parent / "secret.yaml").write_text("twin: 1\nname: hush\n", encoding="utf-8")
    assert "hush" not in str(said := pair.ask("cluster", file="out.yaml")) and "error" in said


@pytest.mark.soak
def test_a_run_and_a_comparison_are_those_of_the_terminal(pair: Served, tmp_path: Path) -> None:
    assert ended(pair, pair.ask("run_cluster", file="pair.yaml")["job"])["files"] == ["pair.h5"]
    run = pair.ask("cluster", results="pair.h5")["run"]
    cluster = load_cluster(pair.folder / "pair.yaml")
    with run_cluster(cluster, out=tmp_path / "own.h5") as own:
        assert run["digest"] == own.digest
        (metal,) = own.hauls.values()
        assert run["links"]["rows"][0][:4] == ["metal", str(metal.trips), str(metal.unloaded), str(metal.turned_away)]
    assert [row[0] for row in run["by_site"]["rows"]][:2] == ["throughput", "energy: electricity"] and len(run["by_site"]["rows"][0]) == 4
    assert {one["key"] for one in run["drawings"]} == {"duration", "storage"}
    with pair.client() as client:
        folder = client.get("/api/folder").json()
    assert folder["clusters"]["results"] == ["pair.h5"] and folder["results"] == []
    number = pair.ask("compare_clusters", file="pair.yaml", against="alone", replications=2)["job"]
    answer_of(pair, number)
    said = pair.ask("clusters_compared", job=number, language="de")["answer"]
    by_python = compare(load_cluster(pair.folder / "pair.yaml", {"linked": False, "name": "pair_alone"}), cluster, replications=2, executor="serial")
    found = {row["name"]: (row["texts"][2], row["verdict"]) for row in said["rows"]}
    compared = {row.name: row for row in by_python.rows if row.changes[0].verdict != "no change" and not math.isnan(row.changes[0].difference)}
    assert found == {name: (row.difference_text(1), row.changes[0].verdict or "one run: no interval") for name, row in compared.items()} and "co2" in found
    assert "hauled.metal" not in found  # only one of both has it
    assert len(said["remarks"]) == len(by_python.remarks) and len(said["whole"]["rows"]) + len(said["of_sites"]["rows"]) == len(said["rows"])
    assert sorted(path.name for path in pair.folder.iterdir()) == ["pair.h5", "pair.yaml", "small.yaml"]
    page = pair.ask("report_cluster", files=["pair.h5"], name="both")["page"]
    with pair.client() as client:
        shown = client.get(f"/reports/{page}")
    assert shown.status_code == 200 and "sandbox" in shown.headers["content-security-policy"] and "<b>and</b>" not in shown.text
    for wrong in ({"file": "small.yaml"}, {"against": "small.yaml"}):
        job = pair.ask("compare_clusters", **{"file": "pair.yaml", "replications": 2, **wrong})["job"]
        assert "is no cluster" in ended(pair, job)["message"]
    assert "1 to 200" in pair.ask("compare_clusters", file="pair.yaml", replications=0)["error"]
    (pair.folder / "alone.yaml").write_text("twin: 1\nextends: pair.yaml\nchange: {linked: false}\n", encoding="utf-8")
    assert "alone already" in ended(pair, pair.ask("compare_clusters", file="alone.yaml", replications=2)["job"])["message"]


@pytest.mark.soak
def test_a_cluster_is_run_and_compared_in_the_browser(pair: Served, tab: Callable[..., Any]) -> None:
    one = tab(pair)
    page = one.drawn()
    page.goto(f"{pair.root}/#cluster")
    expect(page.locator("h1:visible")).to_have_text("Two plants <b>and</b> a truck")
    expect(page.locator(".fault").first).to_contain_text("hypothetical")
    page.get_by_role("button", name="Run the cluster").click()
    page.locator("#k-went").wait_for(timeout=120_000)
    page.get_by_label("Runs of each").fill("2")
    page.get_by_role("button", name="Run and compare").click()
    expect(page.locator("section[aria-labelledby=k-beside] [role=status]")).to_contain_text("CO2", timeout=120_000)


def test_a_planned_map_has_what_its_run_has(tmp_path: Path) -> None:
    from twin.report.cluster_map import cluster_map, planned_map

    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "pair.yaml").write_text(PAIR, encoding="utf-8")
    cluster = load_cluster(tmp_path / "pair.yaml")
    run_cluster(cluster, out=tmp_path / "pair.h5").close()
    with open_cluster(tmp_path / "pair.h5") as result:
        drawings = planned_map(cluster), cluster_map(result)
    boxes = [[shape.title for shape in drawing.shapes if type(shape).__name__ == "Rect"] for drawing in drawings]
    assert boxes[0] == boxes[1] == ["power grid", "north", "south", "waste", "gas", "heat network (hypothetical)", "homes"]
    assert drawings[0].text == drawings[1].text
