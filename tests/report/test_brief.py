"""Two pages of A4 for who decides, of a run and of a comparison, in both languages, in the browser and in the PDF."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pages_of_plants import SMALL, comparison_page, page, run, source

import twin
from twin.report.brief import MOST_ROWS, render_brief
from twin.report.files import report
from twin.report.language import language
from twin.report.source import gather

PAGE = re.compile(rb"/Type\s*/Page[^s]")


def pages_printed(browser: Any, text: str, path: Path) -> int:
    path.write_text(text, encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    count = len(PAGE.findall(page.pdf(format="A4", prefer_css_page_size=True)))
    page.close()
    return count


def wide_plant() -> dict[str, Any]:
    """A plant of twelve sorters with long names and as many products, which would fill many pages."""
    units: dict[str, Any] = {name: SMALL["units"][name] for name in ("trucks", "yard")}
    before = "yard"
    for k in range(12):
        name = f"sorter_with_a_rather_long_name_{k}"
        units[name] = {**SMALL["units"]["sort"], "from": before, "rate": "2 t/h"}
        units[f"product_with_a_rather_long_name_{k}"] = {"kind": "product", "from": f"{name}.good", "targets": ["good"], "price": "100 EUR/t"}
        units[f"bay_{k}"] = {"kind": "bunker", "from": f"{name}.bad", "capacity": "50 t"}
        before = f"bay_{k}"
    units["last"] = {"kind": "product", "from": before}
    about = {key: f"{key} of the study. " * 20 for key in ("question", "author", "organisation")}
    return {**SMALL, "name": "wide", "title": "A plant with a title that is long. " * 6, "about": about, "units": units, "time": {"horizon": "1 d"}}


@pytest.mark.parametrize("code", [pytest.param("en", marks=pytest.mark.soak), "de"])
def test_two_pages_in_the_browser(browser: Any, tmp_path: Path, code: str) -> None:
    words = language(code)
    texts = {"weee": render_brief(source("weee"), words), "copper": render_brief(source("copper"), words), "small": render_brief(source("small", 3), words)}
    texts |= {"one": comparison_page(code, 1, True), "several": comparison_page(code, 3, True)}
    assert {name: pages_printed(browser, text, tmp_path / f"{name}.html") for name, text in texts.items()} == dict.fromkeys(texts, 2)


def test_a_long_plant_has_two_pages_too(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="no PDF: pip install 'twin[pdf]'")
    from twin.report import pdf

    with twin.run(twin.load(wide_plant())) as result:
        written = report([result], tmp_path / "wide.html", pdf=True, brief=True, language="de")
    assert written.pdf is not None
    text = written.page.read_text(encoding="utf-8")
    assert pdf.pages_of(text)[1] == 2
    assert pages_printed(browser, text, tmp_path / "again.html") == 2
    assert "weitere Produkte nach Masse" in text


def test_what_the_two_pages_say() -> None:
    text = render_brief(source("weee"), language("en"))
    order = [text.index(f'id="{name}"') for name in ("summary", "products", "figures", "bottleneck", "sankey", "sure", "provenance")]
    assert order == sorted(order)
    assert text.index('class="verdict"') < text.index('class="cards"')
    assert "These figures are of one run, without an interval: they may be chance." in text
    assert re.search(r"The plant processes [\d.]+ t/h with a margin of [\d\u202f-]+ EUR in 3 d\.", text)
    assert re.search(r"\d+ % of the \d+ numbers of plant and materials are assumed, not measured\.", text)
    assert "1 more products by mass" in text
    assert text.count("<tr><th") <= 2 * MOST_ROWS + 20
    several = render_brief(source("small", 3), language("en"))
    assert "These figures are means of 3 runs; the throughput lies within ±" in several
    assert "no interval" not in several


def test_hostile_texts_stay_text_on_two_pages() -> None:
    for text in (render_brief(source("hostile"), language("de")), render_brief(gather([run("finer")], ["<b>.h5"]), language("en"))):
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "<b>" not in text
        assert text.count("</script>") == 2


@pytest.mark.parametrize("plant", ["none", "no_streams"])
@pytest.mark.parametrize("code", ["en", "de"])
def test_a_run_of_which_little_was_recorded_has_its_pages_too(plant: str, code: str) -> None:
    for text in (render_brief(source(plant), language(code)), page(plant, 1, code)):
        assert text.rstrip().endswith("</html>")
        assert 'class="verdict"' in text
