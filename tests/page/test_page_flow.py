"""What a person does on the page, in a real browser: change, run, compare, and a PDF; by keyboard, dark and light, wide and narrow."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served_pages import SMALL, Served, ended

import twin
from twin.cli import main
from twin.plant.cluster import run_cluster
from twin.scenario.cluster import load_cluster

expect = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright").expect

MOST_LOADED = 400_000


def test_a_unit_is_changed_and_saved(shared: Served, tab: Callable[..., Any]) -> None:
    served = shared
    one = tab(served)
    page = one.drawn()
    assert one.loaded <= MOST_LOADED
    page.click("[data-unit=magnet]")
    page.wait_for_selector("#h-unit")
    one.typed("units.magnet.rate", "1.200 t/h")
    expect(page.locator(".field .wrong")).to_contain_text("1.2 t/h or as 1200 t/h")
    one.typed("units.magnet.rate", "100 mm")
    expect(page.locator(".field .wrong")).to_contain_text("mass per time")
    one.typed("units.magnet.rate", "5000 kg/h")
    expect(page.locator("[id='f-units.magnet.rate']")).to_have_value("5 t/h")
    expect(page.locator(".changes")).to_contain_text("6 t/h")
    slider = page.locator("input[type=range]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[id='f-units.magnet.rate']")).to_have_value("5.08 t/h")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[id='f-units.magnet.rate']")).to_have_value("5 t/h")
    one.typed("units.magnet.rate", "100 mm")
    expect(page.locator(".field .wrong")).to_contain_text("mass per time")
    one.typed("units.magnet.rate", "5 t/h")  # what it was before the mistake, not what the base says
    expect(page.locator(".field .wrong")).to_have_count(0)
    expect(page.locator(".changes")).to_contain_text("5 t/h")
    one.typed("units.magnet.rate", "6 t/h")
    expect(page.locator(".changes")).to_have_count(0)
    one.typed("units.magnet.rate", "7 t/h")
    expect(page.locator(".changes")).to_contain_text("7 t/h")
    page.get_by_role("button", name="Save as change file").click()
    page.wait_for_selector("[role=status]")
    assert "7 t/h" in (served.folder / "small_variant.yaml").read_text(encoding="utf-8")


def test_units_are_reached_by_keyboard(shared: Served, tab: Callable[..., Any]) -> None:
    page = tab(shared).drawn()
    page.locator("[data-unit][tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#h-unit")
    assert page.locator("#h-unit").inner_text().startswith("yard")


@pytest.mark.soak
def test_from_a_change_to_a_pdf_in_german(shared: Served, tab: Callable[..., Any]) -> None:
    served = shared
    one = tab(served)
    page = one.drawn()
    page.get_by_role("button", name="Deutsch").click()
    page.click("[data-unit=magnet]")
    page.wait_for_selector("#h-unit")
    one.typed("units.magnet.rate", "7,5 t/h")
    page.locator("section[aria-labelledby=h-save] input[type=number]").fill("3")
    page.get_by_role("button", name="Speichern und rechnen").click()
    expect(page.locator(".jobs li.done")).to_have_count(2, timeout=300_000)
    page.locator("nav a", has_text="Ergebnisse").click()
    page.wait_for_selector(".levels canvas")
    page.locator("nav a", has_text="Vergleich").click()
    page.wait_for_selector("button.main:visible")
    page.locator("button.main:visible").first.click()
    page.wait_for_selector("#c-verdict")
    page.get_by_role("button", name="Zwei Seiten als PDF").click()
    page.wait_for_selector("section[aria-labelledby=h-report] [role=status]:visible", timeout=120_000)
    assert (served.folder / "comparison.pdf").read_bytes().startswith(b"%PDF")
    assert 'lang="de"' in (served.folder / "comparison.html").read_text(encoding="utf-8")


WIDTHS = [(width, scheme) for width in (1400, 390) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every screen has something to show: results of two plants, of a cluster, of a study, and a twin's files."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    (folder / "faster.yaml").write_text("twin: 1\nextends: small.yaml\nname: faster\nchange: {units.magnet.rate: 7 t/h}\n", encoding="utf-8")
    (folder / "pair.yaml").write_text(TWO, encoding="utf-8")
    for name in ("small", "faster"):
        twin.run(twin.load(folder / f"{name}.yaml"), out=folder / f"{name}.h5").close()
    run_cluster(load_cluster(folder / "pair.yaml"), out=folder / "pair.h5").close()
    (folder / "live").mkdir()
    (folder / "live" / "estimates.jsonl").write_text(
        "".join(f"{json.dumps(row)}\n" for row in said_by_a_twin(twin.load(folder / "small.yaml").sha256)), encoding="utf-8"
    )
    return folder


TWO = """twin: 1
title: Two plants
time: {horizon: 2 d}
sites: {north: {extends: small.yaml, seed: 11}, south: {extends: small.yaml, seed: 12}}
energy: {power: {price: 200 EUR/MWh, co2: 363 g/kWh}}
"""
STUDY = {"file": "small.yaml", "name": "rates", "kind": "sweep", "points": 4, "replications": 1, "figures": ["throughput"]}


def said_by_a_twin(sha256: str) -> list[dict[str, Any]]:
    """A day of a twin that follows the small plant, with an alarm and a forecast."""
    begin = 1767589200.0
    head = {"estimates": 1, "scenario": sha256, "tags": "t", "start": begin, "window": 900.0, "capacities": {"yard": 200000.0}, "measured": ["level.yard"]}
    windows = [
        {"time": begin + 900.0 * k, "levels": {"level.yard": [5e4 + 100.0 * k, 4e4, 7e4]}, "parameters": {"units.magnet.rate": [1.5, 1.2, 1.8]}}
        for k in range(1, 97)
    ]
    alarm = {"time": begin + 86400.0, "alarm": {"time": begin + 86400.0, "signal": "YARD", "kind": "sensor", "text": "the sensor stands still"}}
    forecast = {"time": begin + 86400.0, "forecast": {"leads": [3600.0, 28800.0], "quantities": ["level.yard"], "values": [[[5e4, 6e4, 7e4], [3e4, 6e4, 9e4]]]}}
    return [head, *windows, alarm, forecast]


SHOWN = {
    "plant": "#h-unit",
    "runs": ".jobs li",
    "results": "#r-film",
    "compare": "#c-verdict",
    "study": ".parallel polyline",
    "cluster": "#k-went",
    "live": ".levels canvas",
}
"""What is waited for on each screen before it is judged."""


@pytest.mark.soak
def test_axe_finds_nothing_on_any_screen_and_nothing_is_wider_than_it(serve: Callable[..., Any], tab: Callable[..., Any], _filled: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    served = serve(_filled)
    job = served.ask("study", **STUDY, vary=[{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}])["job"]
    assert ended(served, job)["state"] == "done"
    found = []
    for width, scheme in WIDTHS:
        page = tab(served, width=width, scheme=scheme, bypass_csp=True).drawn()
        page.click("[data-unit=deliveries]")
        page.wait_for_selector("#h-unit")
        page.locator("summary", has_text="Distributions, tables").click()
        page.wait_for_selector("details.block")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.get_by_role("button", name="Calendars, resources and time").click()
        for screen, mark in SHOWN.items():
            page.goto(f"{page.url.partition('#')[0]}#{screen}")
            if screen == "compare":
                page.locator("button.main:visible").first.click()
            page.locator(f"{mark}:visible").first.wait_for(timeout=60_000)
            if screen == "study":
                page.get_by_label("What for").select_option("calibrate")
            if screen == "results":
                page.locator("section[aria-labelledby=r-levels] select").select_option("flows")
            page.wait_for_timeout(500)
            found += [(screen, width, scheme, one["id"], one["nodes"][0]["html"][:120]) for one in axe.run(page).response["violations"]]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append((screen, width, scheme, "wide", str(wide)))
    assert found == []


@pytest.mark.soak
def test_every_screen_of_the_nav_is_looked_at(shared: Served, tab: Callable[..., Any]) -> None:
    page = tab(shared).drawn()
    assert {link.get_attribute("href") for link in page.locator("nav a").all()} == {f"#{screen}" for screen in SHOWN}


@pytest.mark.soak
def test_eight_tabs_are_served(shared: Served, tab: Callable[..., Any]) -> None:
    served = shared
    tabs = [tab(served) for _ in range(8)]
    assert all(one.drawn().locator("[data-unit]").count() == 10 for one in tabs)


@pytest.mark.soak
def test_a_new_user_comes_to_a_verdict_and_a_german_pdf(tmp_path: Path, serve: Callable[..., Any], tab: Callable[..., Any]) -> None:
    """From ``twin new`` to a second eddy current separator, whether it pays, and two pages in German; YAML is never opened. The time is the machine's part."""
    folder = tmp_path / "mine"
    folder.mkdir()
    began = time.monotonic()
    assert main(["new", str(folder / "plant.yaml")]) == 0
    served = serve(folder)
    one = tab(served)
    page = one.drawn()
    page.get_by_role("button", name="Deutsch").click()
    page.get_by_role("button", name="Einheit hinzufügen").click()
    page.get_by_label("Art", exact=True).select_option("eddy_current")
    page.get_by_label("Nimmt den Strom").select_option("eddy.rest")
    for port, to in (("light", "light_metal"), ("heavy", "heavy_metal"), ("rest", "residue")):
        page.get_by_label(f"{port} führt zu").select_option(to)
    page.get_by_role("button", name="Einsetzen").click()
    page.locator("[data-unit=eddy_current]").wait_for(timeout=20_000)
    page.locator("section[aria-labelledby=h-save] input[type=number]").fill("4")
    page.get_by_role("button", name="Speichern und rechnen").click()
    expect(page.locator(".jobs li.done")).to_have_count(2, timeout=400_000)
    page.locator("nav a", has_text="Vergleich").click()
    page.locator("summary", has_text="Investition").click()
    for label, text in (("Kosten", "120 kEUR"), ("Nutzungsdauer", "10 a"), ("Zins", "6 %")):
        page.get_by_label(label).fill(text)
    page.locator("button.main:visible").first.click()
    page.wait_for_selector("#c-verdict", timeout=60_000)
    assert page.locator("section[aria-labelledby=c-verdict] .verdict").first.inner_text()
    assert re.search(r"EUR", page.locator("section[aria-labelledby=c-money] .verdict").first.inner_text())
    page.get_by_role("button", name="Zwei Seiten als PDF").click()
    page.wait_for_selector("section[aria-labelledby=h-report] [role=status]:visible", timeout=120_000)
    took = time.monotonic() - began
    pdf = (folder / "comparison.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page[^s]", pdf)) in (0, 2)  # 0: packed into object streams
    assert 'lang="de"' in (folder / "comparison.html").read_text(encoding="utf-8")
    assert took < 600.0
