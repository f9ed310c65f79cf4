"""What stands in a report, what it says of numbers without replications, and that nothing in a scenario can become markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from pages_of_plants import ATTACK, page, source

from twin.errors import UsageError
from twin.report.page import SECTIONS, contents
from twin.report.source import gather

PLANTS = ("weee", "copper", "small", "none", "no_streams", "hostile")
VOID = ("meta", "br", "img", "input", "link", "hr")


class Outline(HTMLParser):
    """Elements with their attributes, the data of the page, and that every element is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_page_is_well_formed_and_has_its_sections(plant: str) -> None:
    outline = Outline(page(plant))
    ids = outline.ids()
    assert len(ids) == len(set(ids))
    melts = plant == "copper"
    for anchor in SECTIONS:
        assert (anchor in ids) == (melts or anchor not in ("phases", "deportment")), anchor
    targets = [attrs["href"] for tag, attrs in outline.elements if tag == "a"]
    assert {target for target in targets if target} <= {f"#{name}" for name in ids}
    assert [tag for tag, _ in outline.elements].count("h1") == 1


@pytest.mark.soak
def test_a_strict_parser_finds_no_error() -> None:
    html5lib = pytest.importorskip("html5lib", reason="the strict parser html5lib is not installed")
    for plant in PLANTS:
        html5lib.HTMLParser(strict=True).parse(page(plant))


@pytest.mark.parametrize("plant", PLANTS)
def test_nothing_is_loaded_from_elsewhere(plant: str) -> None:
    outline = Outline(page(plant))
    for tag, attrs in outline.elements:
        assert tag not in ("img", "link", "iframe", "object", "embed", "base", "form"), tag
        assert not {"src", "action", "srcset", "onclick", "onerror", "onload"} & set(attrs)
    style = "".join(outline.text["style"])
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("plant", PLANTS)
def test_the_page_is_small(plant: str) -> None:
    assert len(page(plant).encode()) < 1_500_000


def test_hostile_texts_stay_text() -> None:
    text = page("hostile")
    outline = Outline(text)
    assert [tag for tag, _ in outline.elements].count("script") == 2
    assert "<script>alert" not in text
    assert "<img" not in text
    assert ATTACK in "".join(outline.text["h1"])
    data = json.loads(outline.text["script"][0])
    assert data["sankey"]["mass"]["shapes"]
    titles = [piece for piece in outline.text["title"] if ATTACK in piece]
    assert titles


def test_the_script_is_named_by_the_policy() -> None:
    import base64
    import hashlib

    text = page("small")
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in text or f"script-src 'sha256-{digest}'" in text


@pytest.mark.parametrize("plant", PLANTS)
def test_words_that_a_report_must_not_use(plant: str) -> None:
    text = page(plant).lower()
    assert "complian" not in text
    assert "recycling rate" not in text.replace("not the legal recycling rate", "")


def test_one_run_is_flagged_at_every_table_of_key_figures() -> None:
    text = page("weee")
    figures = text[text.index('<section id="figures">') : text.index('<section id="bottleneck">')]
    assert "±" not in figures.replace("± (95 %)", "")
    for table in figures.split("<table>")[1:]:
        assert "one run, no interval" in table
    cards = text[text.index('<ul class="cards">') : text.index("</ul>", text.index('<ul class="cards">'))]
    assert cards.count("<li>") == cards.count("one run, no interval") > 3


def test_replications_give_intervals() -> None:
    text = page("small", 4)
    assert "one run" not in text.lower()
    assert "mean of 4 replications" in text
    rows = {row.name: row.figure for row in contents(source("small", 4))["plant"]}
    values = [result.kpis["throughput"].value for result in source("small", 4).results]
    mean = sum(values) / 4
    spread = (sum((value - mean) ** 2 for value in values) / 3) ** 0.5
    assert rows["throughput"].text == f"{3.6 * mean:.4g} t/h"
    assert rows["throughput"].plus_minus == f"{3.6 * 3.182446305284263 * spread / 2:.2g}"


def test_runs_must_be_replications_of_one_scenario() -> None:
    small, other = source("small").first, source("hostile").first
    with pytest.raises(UsageError, match="another scenario"):
        gather([small, other], ["a.h5", "b.h5"])
    with pytest.raises(UsageError, match="are the same replication"):
        gather([small, small], ["a.h5", "b.h5"])
    with pytest.raises(UsageError, match="at least one"):
        gather([], [])


def test_what_was_not_recorded_is_said() -> None:
    text = page("no_streams")
    assert "not recorded" in text
    views = [key for key, _, _ in contents(source("no_streams"))["views"]]
    assert views == ["energy"]


def test_views_of_mass_elements_and_energy() -> None:
    views = [key for key, _, _ in contents(source("copper"))["views"]]
    assert views[0] == "mass"
    assert views[-1] == "energy"
    assert "element-Cu" in views
    assert "mass-machines" in [key for key, _, _ in contents(source("weee"))["views"]]


def test_the_checklist_asks_what_the_file_does_not_know() -> None:
    text = page("weee")
    part = text[text.index('<section id="reporting">') : text.index('<section id="provenance">')]
    for number in [
        "1.1",
        "1.2",
        "1.3",
        "2.1",
        "2.2",
        "2.3",
        "2.4",
        "2.5.1",
        "2.5.2",
        "2.5.3",
        "2.5.4",
        "2.5.5",
        "3.1",
        "3.2",
        "3.3",
        "3.4",
        "4.1",
        "4.2",
        "4.3",
        "5.1",
        "5.2",
        "5.3",
        "5.4",
        "6.1",
    ]:
        assert f"<dt>{number} " in part
    assert part.count('class="question"') > 8


def test_every_parameter_is_listed() -> None:
    rows = contents(source("weee"))["parameters"]
    assert len(rows) == len(source("weee").first.array("parameters/path"))
    assert page("weee").count("data-basis=") == len(rows)


def test_figures_have_labels_and_tables_headers() -> None:
    outline = Outline(page("copper"))
    for tag, attrs in outline.elements:
        if tag == "svg" and "id" in attrs:
            assert attrs["role"] == "img"
            assert attrs["aria-label"]
        if tag == "th":
            assert attrs["scope"] in ("col", "row")
    labelled = [attrs["for"] for tag, attrs in outline.elements if tag == "label"]
    controls = [attrs["id"] for tag, attrs in outline.elements if tag in ("select", "input")]
    assert sorted(map(str, labelled)) == sorted(map(str, controls))


def test_the_verdict_comes_first_and_provenance_last() -> None:
    text = page("weee")
    order = [
        text.index(f'id="{name}"')
        for name in ("summary", "figures", "products", "bottleneck", "flowsheet", "warnings", "parameters", "reporting", "provenance")
    ]
    assert order == sorted(order)
    assert text.index("<h1>") < text.index('class="verdict"') < text.index('class="cards"')
    assert text.index(source("weee").first.digest[:16]) > text.index('id="reporting"')


def test_products_by_material_beside_their_specification() -> None:
    result = source("weee").first
    table = contents(source("weee"))["products"]
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == list(source("weee").totals.inputs.products)
    grade = 100 * result.kpis["grade.steel.Fe"].value
    assert f"Fe {grade:.4g} % (≥ 92 %)" in rows["steel"][2]
    assert rows["steel"][1].startswith("steel 9")
    assert rows["steel"][3] == f"{result.kpis['product_mass.steel'].value / 1000:.4g} t"


def test_about_answers_the_checklist() -> None:
    text = page("finer")
    part = text[text.index('<section id="reporting">') : text.index('<section id="provenance">')]
    assert '<span class="answer">To size the sorter.</span>' in part
    assert '<span class="answer">On request.</span>' in part
    assert "Which plant is this" not in part
    assert part.count("To be answered:") == page("small").count("To be answered:") - 3
    assert text.index("Does a better sorter pay?") < text.index('class="verdict"')
