"""What a person does on the page, in a real browser: change, run, compare, and a PDF; by keyboard, dark and light, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from served_pages import Served

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


@pytest.mark.soak
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(shared: Served, tab: Callable[..., Any], width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    one = tab(shared, width=width, scheme=scheme, bypass_csp=True)
    page = one.drawn()
    page.click("[data-unit=magnet]")
    page.wait_for_selector("#h-unit")
    for screen in ("plant", "runs", "results", "compare"):
        page.goto(f"{page.url.partition('#')[0]}#{screen}")
        page.wait_for_timeout(400)
        assert axe.run(page).response["violations"] == [], screen
        assert page.evaluate("document.documentElement.scrollWidth") <= width, screen


@pytest.mark.soak
def test_eight_tabs_are_served(shared: Served, tab: Callable[..., Any]) -> None:
    served = shared
    tabs = [tab(served) for _ in range(8)]
    assert all(one.drawn().locator("[data-unit]").count() == 10 for one in tabs)
