"""The report in a real browser: what its controls do, that it says no error, and that it fits narrow screens, dark and light, and paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages_of_plants import page

PLANTS = ("weee", "copper", "hostile")


class Opened:
    """A page in the browser, with what went wrong in it."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: None if request.url.startswith("file:") else self.faults.append(request.url))
        self.page.goto(path.as_uri())

    def ground(self) -> str:
        return str(self.page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for plant in PLANTS:
        found[plant] = folder / f"{plant}.html"
        found[plant].write_text(page(plant), encoding="utf-8")
    return found


@pytest.fixture
def opened(browser: Any, paths: dict[str, Path]) -> Iterator[Any]:
    """Opens pages; at the end none of them may have complained."""
    pages: list[Opened] = []

    def open_one(plant: str, **how: Any) -> Opened:
        pages.append(Opened(browser, paths[plant], **how))
        return pages[-1]

    yield open_one
    for one in pages:
        assert one.faults == []
        one.context.close()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(opened: Any, plant: str, width: int) -> None:
    one = opened(plant, width=width)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    wide = one.page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.plot,.scroll,pre,svg') && e.getBoundingClientRect().right > innerWidth + 1)
                 .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert wide == []


def test_the_choice_changes_the_sankey(opened: Any) -> None:
    one = opened("copper")
    figure = one.page.locator("#figure-sankey")
    before, label = figure.inner_html(), figure.get_attribute("aria-label")
    one.page.select_option("#sankey-view", "element-Cu")
    assert figure.inner_html() != before
    assert figure.get_attribute("aria-label").startswith("Cu.")
    one.page.select_option("#sankey-view", "energy")
    assert "electricity" in figure.inner_html()
    one.page.select_option("#sankey-view", "mass")
    assert figure.get_attribute("aria-label") == label
    texts = figure.locator("text").all_text_contents()
    assert any(text.startswith("lance_furnace") for text in texts)


def test_every_view_is_drawn(opened: Any) -> None:
    one = opened("weee")
    for key in one.page.locator("#sankey-view option").evaluate_all("all => all.map(o => o.value)"):
        one.page.select_option("#sankey-view", key)
        assert not re.search("NaN|undefined|Infinity", one.page.locator("#figure-sankey").inner_html())
        assert one.page.locator("#figure-sankey path.ribbon").count() > 3


def test_parameters_are_filtered_by_basis_and_words(opened: Any) -> None:
    one = opened("weee")
    rows = one.page.locator("#parameter-rows tr")
    count = rows.count()
    assert one.page.locator("#parameter-count").inner_text() == f"{count} of {count} shown"
    one.page.select_option("#parameter-basis", "literature")
    shown = one.page.locator("#parameter-rows tr:visible")
    assert 0 < shown.count() < count
    assert set(shown.evaluate_all("all => all.map(r => r.dataset.basis)")) == {"literature"}
    one.page.select_option("#parameter-basis", "")
    one.page.fill("#parameter-words", "units.shredder RATE")
    assert 0 < shown.count() < 10
    assert all("units.shredder" in text for text in shown.all_inner_texts())
    one.page.fill("#parameter-words", "nothing is called so")
    assert shown.count() == 0
    assert one.page.locator("#parameter-count").inner_text() == f"0 of {count} shown"


def test_the_chart_of_phases_moves(opened: Any) -> None:
    one = opened("copper")
    told = one.page.locator("#gantt-told")
    assert told.inner_text() == "day 1.00 to 3.00"
    one.page.select_option("#gantt-span", "12")
    few = one.page.locator("#figure-gantt rect").count()
    one.page.select_option("#gantt-span", "0")
    assert told.inner_text() == "day 0.00 to 3.00"
    assert one.page.locator("#figure-gantt rect").count() > few > 5
    one.page.select_option("#gantt-span", "24")
    slider = one.page.locator("#gantt-begin")
    slider.focus()
    one.page.keyboard.press("End")
    assert told.inner_text() == "day 2.00 to 3.00"
    one.page.keyboard.press("Home")
    assert told.inner_text() == "day 0.00 to 1.00"
    assert slider.get_attribute("aria-valuetext") == "day 0.00 to 1.00"


def test_dark_and_light(opened: Any) -> None:
    light, dark = opened("weee"), opened("weee", scheme="dark")
    assert light.ground() == "rgb(255, 255, 255)"
    assert dark.ground() == "rgb(21, 27, 35)"
    toggle = light.page.locator("#theme")
    toggle.focus()
    light.page.keyboard.press("Enter")
    assert light.ground() == dark.ground()
    assert toggle.get_attribute("aria-pressed") == "true"
    unit = "document.querySelector('#figure-flowsheet .unit-name')"
    assert light.page.evaluate(f"getComputedStyle({unit}).fill") == dark.page.evaluate(f"getComputedStyle({unit}).fill") == "rgb(228, 232, 238)"
    light.page.keyboard.press("Enter")
    assert light.ground() == "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened: Any, scheme: str) -> None:
    """WCAG AA: a contrast of at least 4.5 for the text of the page."""
    one = opened("weee", scheme=scheme)
    contrasts = one.page.evaluate(
        """() => {
        const light = (text) => { const p = text.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
                                  return .2126 * p[0] + .7152 * p[1] + .0722 * p[2]; };
        const ground = (e) => { while (e) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; e = e.parentElement; } return 'rgb(255,255,255)'; };
        return ['body', '.lead', '.note', '.flag', 'nav a', 'thead th', 'summary', '.cards .name', '.question', 'footer', 'a[href="#warnings"]']
          .map(s => [s, document.querySelector(s)]).filter(([, e]) => e).map(([s, e]) => {
            const a = light(getComputedStyle(e).color), b = light(ground(e)); return [s, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]; });
        }"""
    )
    assert len(contrasts) > 8
    assert [name for name, contrast in contrasts if contrast < 4.5] == []


def test_controls_are_reached_by_keyboard(opened: Any) -> None:
    one = opened("copper")
    seen = []
    for _ in range(40):
        one.page.keyboard.press("Tab")
        seen.append(one.page.evaluate("document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.className"))
    assert seen[0] == "skip"
    for name in ("print", "theme", "Flowsheet, scrolls", "sankey-view"):
        assert name in seen


def test_hostile_texts_are_shown_and_do_nothing(opened: Any) -> None:
    one = opened("hostile")
    one.page.select_option("#sankey-view", "energy")
    assert "<script>alert(1)</script>" in one.page.locator("h1").inner_text()
    assert one.page.evaluate("document.images.length") == 0
    one.page.hover("#figure-flowsheet .unit-name >> nth=0")


def test_paper_is_light_and_shows_what_is_folded(opened: Any) -> None:
    one = opened("weee", scheme="dark")
    one.page.emulate_media(media="print")
    assert one.ground() == "rgb(255, 255, 255)"
    assert not one.page.locator("nav").is_visible()
    assert not one.page.locator("#sankey-view").is_visible()
    pdf = one.page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 50_000


def test_without_scripts_everything_but_the_choice_is_there(browser: Any, paths: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    plain = context.new_page()
    plain.goto(paths["copper"].as_uri())
    assert plain.locator("#figure-sankey path.ribbon").count() > 10
    assert plain.locator("#figure-gantt rect.phase").count() > 10
    assert plain.locator("#parameter-rows tr:visible").count() > 100
    context.close()
