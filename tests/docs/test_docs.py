"""The pages do what they say: what is generated is up to date, commands and blocks run and print what is shown, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import generate
import pages
import pytest
import rule_drawings
from pages import Block, Run, blocks_of, commands_of, missing, refreshed

import twin
from twin.quantities import Length
from twin.scenario import load
from twin.scenario.annotations import unwrap
from twin.scenario.kind import Model, find, names
from twin.scenario.kinds.product import Price, Specification
from twin.scenario.partition import Partition
from twin.scenario.sizes import SizeDistribution
from twin.scenario.variates import DurationVariate, LifeVariate, MassVariate, RateVariate
from twin.scenario.yaml_source import parse_yaml

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path for path in pages.pages()}
LONG = {
    "docs/calibrating.md",
    "docs/bundle.md",
    "docs/citing.md",
    "docs/furnaces.md",
    "docs/live.md",
    "docs/machines/cable_granulation.md",
    "docs/machines/density_separator.md",
    "docs/machines/hammer_mill.md",
    "docs/machines/magnetic_drum.md",
    "docs/machines/manual_picking.md",
    "docs/machines/overband_magnet.md",
    "docs/machines/robot.md",
    "docs/machines/screen.md",
    "docs/machines/sensor_sorter.md",
    "docs/machines/shredder.md",
    "docs/machines/splitter.md",
    "docs/machines/trommel.md",
    "docs/cluster.md",
    "docs/control.md",
    "docs/money.md",
    "docs/optimising.md",
    "docs/orders.md",
    "docs/policies.md",
    "docs/story.md",
    "docs/quality.md",
    "docs/reference/file_layout.md",
    "docs/report.md",
    "docs/sensitivity.md",
    "docs/smelter_bands.md",
    "docs/smelting.md",
    "docs/studies.md",
    "docs/sweeps.md",
    "docs/weee_chain.md",
}
"""Pages that take more than a few seconds: run by ``make soak``."""
TO_RUN = [pytest.param(name, marks=pytest.mark.soak) if name in LONG else name for name in PAGES]
WITH_LINKS = {**PAGES, **{str(path.relative_to(ROOT)): path for path in [*(ROOT / "docs" / "decisions").glob("*.md"), ROOT / "scenarios" / "README.md"]}}
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
PLANT: dict[str, Any] = {
    "twin": 1,
    "time": {"start": "2026-01-05", "horizon": "1 d"},
    "materials": {"sand": {}},
    "units": {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"sand": 1}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "9 t"},
        "gone": {"kind": "product", "from": "yard", "pickup": {"every": "1 h", "mass": "1 t"}},
    },
}


@pytest.mark.parametrize("name", generate.PAGES)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == generate.PAGES[name](), f"{name}: run 'make docs'"


@pytest.mark.slow
@pytest.mark.parametrize("name", TO_RUN)
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    Run(PAGES[name], tmp_path).whole()


@pytest.mark.parametrize("name", PAGES)
def test_the_scenarios_in_a_page_are_right(name: str, tmp_path: Path) -> None:
    """Whole scenarios load; parts with keys of a scenario load in a small plant; every other part is at least YAML of ours."""
    blocks = [block for block in blocks_of(PAGES[name].read_text(encoding="utf-8")) if block.language == "yaml"]
    for block in blocks:
        tree: Any = parse_yaml(block.text, f"{name}:{block.first}").plain()
        if "extends" in tree and "file" not in block.marks:
            load(block.text, folder=ROOT / "scenarios")
            twin.load(load(block.text, folder=ROOT / "scenarios").to_yaml())
        elif "twin" not in tree and tree.keys() & PLANT.keys() | tree.keys() & {"calendars", "resources", "events", "carriers"}:
            load({**PLANT, **tree})


class Written(Model):
    """The values that the reference shows how to write."""

    every: DurationVariate | None = None
    mass: MassVariate | None = None
    mttr: LifeVariate | None = None
    rate: RateVariate | None = None
    gap: Length | None = None
    size: SizeDistribution | None = None
    partition: Partition = Partition()
    spec: Specification = Specification()
    price: Price = Price()


def test_the_values_in_the_reference_are_right() -> None:
    found = []
    for block in blocks_of(PAGES["docs/reference/scenario.md"].read_text(encoding="utf-8")):
        tree: Any = unwrap(parse_yaml(block.text, "block"))[0].plain() if block.language == "yaml" else {}
        if tree and tree.keys() <= Written.model_fields.keys():
            found += list(Written.model_validate(tree).model_fields_set)
        elif block.language == "csv":
            trucks = {"kind": "feed", "schedule": "deliveries.csv"}
            plant = {**PLANT, "materials": {"steel": {}, "plastics": {}}, "units": {**PLANT["units"], "trucks": trucks}}
            assert len(load(plant, files={"deliveries.csv": block.text}).units["trucks"].schedule.times) == 2
            found.append("csv")
    assert sorted(found) == sorted([*Written.model_fields, "csv"])


def slug(heading: str) -> str:
    """The anchor of a heading, as the usual viewers make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = [slug(match[1]) for match in re.finditer(r"^#+ (.*)$", text, re.MULTILINE)]
    return [f"{name}-{before}" if (before := found[:k].count(name)) else name for k, name in enumerate(found)]  # as GitHub numbers them


@pytest.mark.parametrize("name", WITH_LINKS)
def test_links_lead_somewhere(name: str) -> None:
    path = WITH_LINKS[name]
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        where = (path.parent / file).resolve() if file else path
        assert where.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(where), f"{name}: {target}; there are {', '.join(anchors(where))}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs").rglob("*.md"):
        if path.name != "README.md" and "decisions" not in path.parts:
            assert f"({path.relative_to(ROOT / 'docs')})" in index, path


def test_every_kind_and_parameter_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "scenario.md").read_text(encoding="utf-8")
    for name in names():
        model = find(name).model
        if model.__module__.startswith("twin."):
            assert f"\n### {name}\n" in text
            assert [key for key in model.keys() if f"| `{key}` |" not in text] == [], name  # noqa: SIM118 - a method of the model


def test_tables_of_the_reference_are_whole() -> None:
    """Every row has the cells of its heading, and no cell is a wall of text."""
    for path in (ROOT / "docs" / "reference").glob("*.md"):
        width = 0
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert cells in (0, width) or not width, f"{path.name}: {line}"
            assert len(line) < 400, f"{path.name}: {line}"
            width = cells


CONSOLE = "<!-- exit: 2 -->\n```console\n$ twin a \\\n  b\nx  1\n…\n$ twin c\n```\n\ntext\n\n```bash\ntwin d   # why\n```\n"


def test_blocks_and_commands() -> None:
    console, bash = blocks_of(CONSOLE)
    assert (console.first, console.marks, bash.marks) == (3, {"exit": "2"}, {})
    assert list(commands_of(console)) == [("twin a b", 2, 4), ("twin c", 5, 5)]
    assert list(commands_of(bash)) == [("twin d   # why", 1, 1)]


def test_shown_lines_must_be_printed_in_order() -> None:
    printed = "head\na   1.0 t\nb     2\n/tmp/x/c.h5\n"
    assert missing(["a 1.0 t", "…", "…c.h5"], printed) == []
    assert missing(["b 2", "a 1.0 t"], printed) == ["a 1.0 t"]
    assert missing(["a 1.5 t"], printed) == ["a 1.5 t"]


def test_refreshing_puts_in_the_numbers_of_now() -> None:
    assert refreshed(["a 0.9 t", "…", "b …", "c 5"], "a   1.0 t\nb     2\n") == ["a   1.0 t", "…", "b …", "c 5"]
    rows = ["a@01 1 t", "a@02 2 t", "b@01 5 %", "b@02 6 %"]  # that differ in numbers only each stand for their own
    assert refreshed(["…", *rows], "head\na@01 3 t\na@02 4 t\nb@01 7 %\nb@02 8 %\n") == ["…", "a@01 3 t", "a@02 4 t", "b@01 7 %", "b@02 8 %"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```bash\nrm -r x\n```\n", "no command that a page may hold"),
        ("<!-- skip -->\n```bash\ntwin run x\n```\n", "not to be skipped"),
        ("```console\n$ twin --version\ntwin 99\n```\n", "shows what is not printed"),
        ("```bash\ntwin run nothing.yaml\n```\n", "ended with 2"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "shows what is not printed"),
    ],
)
def test_a_page_that_is_wrong_is_found(text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    with pytest.raises(pages.PageError, match=fault):
        Run(tmp_path / "page.md", tmp_path / "run").whole()


def test_blocks_know_their_text() -> None:
    assert Block("yaml", ["a: 1", "b: 2"], 1).text == "a: 1\nb: 2\n"


def test_the_drawings_of_rules_are_those_of_their_scenarios() -> None:
    """States and levels follow from runs; a drawing that differs was not drawn anew: run 'python docs/rule_drawings.py'."""
    drawn = rule_drawings.figures()
    assert {name: (ROOT / "docs" / "figures" / name).read_text(encoding="utf-8") for name in drawn} == drawn
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert [name for name in drawn if f"figures/{name}" not in page] == []
