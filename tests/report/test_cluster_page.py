"""The page of a cluster: what is drawn is what the file says, and nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("jinja2", reason="no pages: pip install 'twin[report]'")

from twin.cli import main
from twin.plant.cluster import run_cluster
from twin.report.cluster_curves import BOTTOM, HEIGHT, TOP, duration_curve, label_of, stock_curves, waterfall
from twin.report.cluster_map import cluster_map, flows_of
from twin.results.cluster import open_cluster
from twin.scenario.cluster import load_cluster
from twin.scenario.starters import starter

REFINERY = {
    "twin": 1,
    "time": {"horizon": "2 d"},
    "record": {"every": "1 h"},
    "catalogue": ["copper_scrap"],
    "units": {
        "slimes": {"kind": "bunker", "capacity": "900 t", "initial": {"mass": "900 t", "composition": {"bright_copper": "100 %"}}},
        "refinery": {"kind": "slimes_refinery", "from": "slimes", "batch": "1 t", "time": "2 h", "heating": {"carrier": "natural_gas", "specific": "10 MWh/t"}},
        "all": {"kind": "product", "from": [f"refinery.{port}" for port in ("dore", "liquor", "selenium", "slag")]},
    },
}
PAIR = """twin: 1
title: Two plants <b>and</b> a heat network
time: {horizon: 3 d, warmup: 12 h}
sites:
  north:
    extends: plant.yaml
    seed: 11
    change: {units.box: {kind: bunker, from: eddy.light, capacity: 40 t}, units.light_metal.from: box}
  south: {extends: plant.yaml, seed: 12}
links: {metal: {from: north.light_metal, to: south.deliveries, trucks: 2, payload: 2 t, travel: 1 h, price: 900 EUR/t}}
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("cluster_page")
    (found / "plant.yaml").write_text(starter(), encoding="utf-8")
    (found / "pair.yaml").write_text(PAIR, encoding="utf-8")
    run_cluster(load_cluster(found / "pair.yaml"), out=found / "pair.h5").close()
    run_cluster(load_cluster(found / "pair.yaml", {"linked": False, "name": "alone"}), out=found / "alone.h5").close()
    return found


def test_the_map_has_every_flow_of_the_file(folder: Path) -> None:
    with open_cluster(folder / "pair.h5") as result:
        flows = {(flow.start, flow.end): flow.amount for flow in flows_of(result)}
        assert flows["north", "south"] == result.hauls["metal"].moved.mass > 0.0
        assert flows["grid", "north"] == result.energy.by_name("power/source", "power/energy")["north"]
        assert flows["heat", "homes"] == pytest.approx(700e3 * 2.5 * 86400.0)
        assert flows["waste", "heat"] == pytest.approx(300e3 * 2.5 * 86400.0)
        drawing = cluster_map(result)
        titles = " ".join(shape.title for shape in drawing.shapes)
        assert "north to south, metal" in titles and "hypothetical" in titles


def test_the_duration_curve_falls_and_the_waterfall_ends_where_the_other_case_begins(folder: Path) -> None:
    with open_cluster(folder / "pair.h5") as linked, open_cluster(folder / "alone.h5") as alone:
        curve = duration_curve(linked.energy, 43200.0)
        wanted = next(shape for shape in curve.shapes if getattr(shape, "css", "") == "capacity" and getattr(shape, "title", "") == "wanted")
        heights = [float(step[2]) for step in wanted.commands]  # type: ignore[union-attr]
        assert (np.diff(heights) >= 0.0).all(), "down the page is less"
        bars = [shape for shape in waterfall(alone, linked).shapes if hasattr(shape, "height")]
        assert bars[0].title.startswith("alone") and bars[-1].title.startswith("pair")
        change = linked.kpis["co2"].value - alone.kpis["co2"].value
        assert change > 0.0, "alone there is no heat network, and so no gas"
    assert label_of("scope_1.north") == "north, scope 1"


TANKS = """twin: 1
title: Two plants
sites: {one: {extends: refinery.yaml, seed: 1}}
energy:
  fuels:
    gas: {of: one.natural_gas, capacity: 40 MWh, delivery: {size: 20 MWh, every: 12 h, first: 12 h, price: 40 EUR/MWh}}
"""


def test_tanks_are_drawn_to_what_they_hold_and_lows_are_never_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 MWh last 8 h: then the tank is empty until the delivery at 12 h. In 60 d, drawn in 600 points, it still reaches the bottom each day."""
    monkeypatch.chdir(folder)
    (folder / "refinery.yaml").write_text(yaml.safe_dump(REFINERY), encoding="utf-8")
    (folder / "tanks.yaml").write_text(TANKS, encoding="utf-8")
    run_cluster(load_cluster(folder / "tanks.yaml"), out=folder / "tanks.h5").close()
    with open_cluster(folder / "tanks.h5") as short, run_cluster(load_cluster(folder / "tanks.yaml", {"time.horizon": "60 d"})) as long:
        heights = []
        for result in (short, long):
            (curve,) = (shape for shape in stock_curves(result.energy)["gas"].shapes if getattr(shape, "title", "") == "content")
            heights.append([float(step[2]) for step in curve.commands])  # type: ignore[union-attr]
        bottom = HEIGHT - BOTTOM
        assert len(heights[0]) == 48 and heights[0][7:11] == pytest.approx([bottom] * 4) and heights[0][0] == pytest.approx(bottom - 35 / 40 * (bottom - TOP))
        assert 400 < len(heights[1]) <= 600 and sum(height == pytest.approx(bottom) for height in heights[1]) > 120
    for code, said in (("en", "What tank gas held"), ("de", "Was der Tank gas enthielt")):
        assert main(["report", "tanks.h5", "-o", "tanks.html", "--language", code]) == 0
        text = (folder / "tanks.html").read_text(encoding="utf-8")
        assert said in text and ("Brennstoff im Tank gas" in text) is (code == "de")


def test_the_command_writes_the_page(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert main(["report", "alone.h5", "pair.h5", "-o", "page.html"]) == 0
    text = (folder / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;and&lt;/b&gt;" in text and "<b>and" not in text
    assert "hypothetical" in text and "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert main(["report", "pair.h5", "--pdf"]) == 2
    assert "one HTML file" in capsys.readouterr().err
    assert main(["report", "pair.h5", "pair.h5", "pair.h5"]) == 2
    (folder / "mine.html").write_text("mine", encoding="utf-8")
    assert main(["report", "pair.h5", "-o", "mine.html"]) != 0
    assert (folder / "mine.html").read_text(encoding="utf-8") == "mine"


def test_the_page_speaks_german(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    pages = {}
    for code in ("en", "de"):
        assert main(["report", "alone.h5", "pair.h5", "-o", f"{code}.html", "--language", code]) == 0
        pages[code] = (folder / f"{code}.html").read_text(encoding="utf-8")
    assert 'lang="de"' in pages["de"] and 'lang="en"' in pages["en"]
    seen = {code: {one.strip() for one in re.findall(r">([^<>]*[A-Za-z]{3}[^<>]*)<", text.partition("</style>")[2])} for code, text in pages.items()}
    same = {text for text in seen["en"] & seen["de"] if " " in text and not re.fullmatch(r"[\d.,>=<–-]+ \S+", text)}
    assert not {text for text in same if not re.match(r"(Two plants|twin |(alone|pair|waste): |\S+\.h5)", text)}, "left in English"
    assert "Massenstrom" in pages["de"] or "Durchsatz" in pages["de"]
