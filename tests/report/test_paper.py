"""The flowsheet on A4: type of 6 pt or more, nothing cut, whole on its pages; and no more crossings than before."""

from __future__ import annotations

import copy
import re
from pathlib import Path as FilePath

import pytest
from crossings import crossings
from pages_of_plants import ROOT, SMALL, short
from test_bands import labels_on_sheet
from test_drawings import on_sheet

import twin
from twin.report.drawing import Drawing, Rect, Text
from twin.report.flows import flows_of
from twin.report.flowsheet import Flowsheet, flowsheet
from twin.report.page import sankeys
from twin.report.paper import BRIEF, LANDSCAPE, LEAST_TYPE, PORTRAIT, least_type, parts
from twin.report.sankey import _Type, _wrapped
from twin.report.source import gather

SHIPPED = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
BEFORE = {"weee_line": 16, "weee_line_extended": 18, "elv_shredder": 22, "lvp_line": 45, "copper_smelter": 89, "weee_to_cathode": 93}
"""Crossings of streams before the flowsheet was made for paper, counted in the same way; the car plant has got four machines since (13 without)."""


def sheet_of(name: str) -> Flowsheet:
    own = short(name, "1 d" if name in ("wood", *BEFORE) else "1 h")
    return flowsheet(own, flows_of(own))


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", ["wood", *SHIPPED])
def test_type_is_large_enough_on_paper_and_nothing_is_cut(name: str) -> None:
    sheet = sheet_of(name)
    for part in sheet.parts:
        assert least_type(part, sheet.paper) >= LEAST_TYPE - 1e-9
        labels_on_sheet(part)
    on_sheet(sheet.whole)
    names = [shape.title for part in sheet.parts for shape in part.shapes if isinstance(shape, Text) and shape.css == "unit-name"]
    assert sorted(names) == sorted(shape.title for shape in sheet.whole.shapes if isinstance(shape, Text) and shape.css == "unit-name")
    assert sum(part.height for part in sheet.parts) == pytest.approx(sheet.whole.height)


@pytest.mark.parametrize("name", BEFORE)
def test_no_more_crossings_than_before(name: str) -> None:
    assert 0 < crossings(sheet_of(name).whole) <= BEFORE[name]


def test_the_smallest_type_by_hand() -> None:
    """10 px on a drawing of 1000 px by 100: 10 x 182 mm / 1000 = 1.82 mm = 5.16 pt upright, and 10 x 273 mm / 1000 = 7.74 pt across."""
    drawing = Drawing(1000.0, 100.0, "wide")
    drawing.write("flow-label", 0, 10, "1 t/h")
    drawing.write("unit-name", 0, 30, "mill")
    assert least_type(drawing, PORTRAIT) == pytest.approx(5.159, abs=1e-3)
    assert least_type(drawing, LANDSCAPE) == pytest.approx(7.739, abs=1e-3)


def test_paper_is_what_the_style_says() -> None:
    style = (FilePath(twin.__file__).parent / "report/templates/report.css").read_text(encoding="utf-8")
    mm = 72 / 25.4
    margin, across = re.search(r"@page\{size:A4;margin:\d+mm (\d+)mm\}", style), re.search(r"@page landscape\{size:A4 landscape;margin:(\d+)mm\}", style)
    high, low = re.search(r"\.portrait svg.figure\{max-height:(\d+)mm\}", style), re.search(r"\.landscape svg.figure\{max-height:(\d+)mm\}", style)
    assert margin and across and high and low
    assert PORTRAIT.width == pytest.approx((210 - 2 * int(margin[1])) * mm)
    assert LANDSCAPE.width == pytest.approx((297 - 2 * int(across[1])) * mm)
    assert (PORTRAIT.height, LANDSCAPE.height) == pytest.approx((int(high[1]) * mm, int(low[1]) * mm))


def test_parts_hold_all_and_what_crosses_a_cut_is_in_both() -> None:
    drawing = Drawing(100.0, 200.0, "d")
    drawing.rect("unit", 0, 10, 10, 20)
    drawing.rect("unit", 0, 150, 10, 20)
    drawing.line("stream", (5, 30), (5, 150))
    first, second = parts(drawing, [90.0])
    assert (first.height, second.height) == (90.0, 110.0)
    assert [len(first.shapes), len(second.shapes)] == [2, 2]
    assert isinstance(box := second.shapes[0], Rect) and box.y == 60.0
    assert parts(drawing, []) == [drawing]


def test_a_line_of_many_machines_goes_on_in_a_second_box() -> None:
    plant = copy.deepcopy(SMALL)
    before = "sort.bad"
    for k in range(15):
        plant["units"][f"again_{k:02}"] = {"kind": "separator", "from": before, "ports": ["good", "bad"], "partition": {"good": {"good": "90 %", "bad": "5 %"}}}
        plant["units"][f"out_{k:02}"] = {"kind": "product", "from": f"again_{k:02}.good"}
        before = f"again_{k:02}.bad"
    plant["units"]["bad_out"]["from"] = before
    plant["time"] = {"horizon": "6 h"}
    own = gather([twin.run(plant)], ["long"])
    assert max(len(line.machines) for line in own.topology.lines) == 16
    sheet = flowsheet(own, flows_of(own))
    boxes = [shape.text for shape in sheet.whole.shapes if isinstance(shape, Text) and shape.css == "line-name"]
    assert boxes[0] == f"line sort, 1 of {len(boxes)}" and len(boxes) > 1
    assert min(least_type(part, sheet.paper) for part in sheet.parts) >= LEAST_TYPE - 1e-9
    on_sheet(sheet.whole)


def test_the_same_plant_gives_the_same_drawing() -> None:
    own = short("lvp_line", "1 d")
    assert flowsheet(own, flows_of(own)) == flowsheet(own, flows_of(own))


@pytest.mark.parametrize(("name", "large"), [("wood", False), ("weee_line", True)])
def test_names_of_a_printed_diagram_of_flows_can_be_read(name: str, large: bool) -> None:
    """Before, the brief of the WEEE line printed its amounts in type of 3.3 pt, the report in 5 pt."""
    own = short(name, "1 d")
    flows = flows_of(own)
    for paper in (LANDSCAPE, BRIEF):
        (_, _, drawing), *others = sankeys(own, flows, targets_only=True, paper=paper)
        assert least_type(drawing, paper) >= LEAST_TYPE
        labels_on_sheet(drawing)
        on_sheet(drawing)
        assert any("large" in shape.css for shape in drawing.shapes) == (large or paper is BRIEF)
        assert not any("large" in shape.css for _, _, other in others for shape in other.shapes)  # those of the screen stay


def test_a_long_name_takes_two_lines_before_it_is_cut() -> None:
    """In type of 13 px a column of 100 px has room for 13 characters; small type, and one line, as on a screen."""
    assert _wrapped("stainless_steel", 100.0, _Type("large")) == ["stainless_", "steel"]
    assert _wrapped("steel_sifter line", 100.0, _Type("large")) == ["steel_sifter", "line"]
    assert _wrapped("unbreakablelongname", 100.0, _Type("large")) == ["unbreakablel…"]
    assert _wrapped("steel_sifter line", 60.0, _Type("")) == ["steel_sif…"]
    assert _wrapped("steel", 100.0, _Type("large")) == ["steel"]
