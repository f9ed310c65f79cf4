"""The page of a reconciliation: whole without a script, hostile texts are texts, and it fits narrow screens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import html5lib
import pytest

from twin.fit.reconcile import reconcile
from twin.fit.reconcile.worth import worths
from twin.report.reconciliation import render, sankey_of

DATA = """
reconcile: 1
title: "<script>alert(1)</script>"
flows: {scrap: -> yard, charged: yard -> mill, steel: mill ->, dust: mill ->, mill: mill ->}
measurements:
  scrap: {value: 1240 t ± 6 t, source: "<b>weighbridge</b>"}
  level.yard.opening: 300 t ± 9 t
  level.yard.closing: 258 t ± 9 t
  charged: 1500 t ± 2 %
  steel: 1100 t ± 5 t
  mill: 100 t ± 5 t
"""


@pytest.fixture(scope="module")
def page() -> str:
    found = reconcile(DATA)
    return render(found, worths(found), "flows", by="<i>somebody</i>")


def test_the_page_is_sound(page: str) -> None:
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(page)
    assert "<script" not in page and "&lt;script&gt;alert" in page and "<b>weigh" not in page and "<i>" not in page
    assert "default-src 'none'" in page and page.count("<svg") == 3


def test_both_diagrams_have_one_form() -> None:
    """The same streams in both; one that nobody measured is a hairline in the first. A stream named as a node is told apart."""
    found = reconcile(DATA)
    shapes = {
        measured: [shape for shape in sankey_of(found, measured=measured).shapes if getattr(shape, "css", "").startswith("ribbon")]
        for measured in (True, False)
    }
    assert len(shapes[True]) == len(shapes[False]) == len(found.network.edges)
    assert any("not measured" in shape.title for shape in shapes[True]) and not any("not measured" in shape.title for shape in shapes[False])
    assert any("mill (out)" in shape.title for shape in shapes[True])


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits(page: str, width: int, browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("request", lambda request: None if request.url.startswith("file:") else faults.append(request.url))
    opened.goto(path.as_uri())
    assert faults == [] and opened.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
