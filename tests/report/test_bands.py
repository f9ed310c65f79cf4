"""Ribbons of Sankey diagrams never fold, and thick ones stay straight."""

from __future__ import annotations

import math

import numpy as np
import pytest
from folding import LEAST, edges, folding, folds, ribbons, thinnest, width_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pages_of_plants import short
from test_drawings import on_sheet

from twin.report import bands
from twin.report.drawing import CHARACTER, Drawing, Path, Rect, Text
from twin.report.flows import Link, flows_of
from twin.report.layers import Edge, place
from twin.report.page import sankeys
from twin.report.palette import style_of
from twin.report.sankey import sankey

PLANTS = ("wood", "weee_line_extended", "elv_shredder", "lvp_line", "copper_smelter", "weee_to_cathode")


def chain() -> Drawing:
    """One thick flow through eight units, thin ones to its sides at each, and a thick one back."""
    links, left = [Link("feed", "u0", 100.0, "", 100.0), Link("u6", "u2", 12.0, "", 0.0)], 100.0
    for k in range(7):
        left -= 2.0
        links += [Link(f"u{k}", f"side_{k}", 2.0, "", 2.0), Link(f"u{k}", f"u{k + 1}", left, "", left)]
    return sankey(links, "A chain", "kg/s", lambda name: "machine")


def test_a_stroke_wider_than_its_radius_folds() -> None:
    """What was drawn before. By hand: an S of 100 by 120 px with handles of 50 has at its ends a radius of 3/2 x 50^3 / (50 x 120) = 31 px."""
    course = (("M", 0.0, 0.0), ("C", 50.0, 0.0, 50.0, 120.0, 100.0, 120.0))
    assert not folds(Path("ribbon", course, width=20.0))
    assert folds(Path("ribbon", course, width=64.0))
    assert not folds(Path("ribbon", (("M", 0.0, 0.0), ("L", 100.0, 0.0)), width=80.0))
    assert not folds(Path("ribbon", bands.forward((0.0, 100.0), (144.0, 220.0), [], 64.0)))


def test_bands_whose_edges_cross_or_touch_fold() -> None:
    crossed = (("M", 0.0, 0.0), ("L", 100.0, 20.0), ("L", 100.0, 0.0), ("L", 0.0, 20.0), ("Z",))
    waist = (("M", 0.0, 0.0), ("L", 50.0, 8.0), ("L", 100.0, 0.0), ("L", 100.0, 20.0), ("L", 50.0, 12.0), ("L", 0.0, 20.0), ("Z",))
    steep = (("M", 0.0, 0.0), ("L", 10.0, 100.0), ("L", 10.0, 120.0), ("L", 0.0, 20.0), ("Z",))
    assert all(folds(Path("ribbon", commands)) for commands in (crossed, waist, steep))


@pytest.mark.parametrize("plant", PLANTS)
def test_no_ribbon_folds(plant: str) -> None:
    own = short(plant, "1 d")
    views = sankeys(own, flows_of(own), targets_only=True)
    drawings = [drawing for _, group, drawing in views if group != "Element"] + [drawing for _, group, drawing in views if group == "Element"][:2]
    assert len(drawings) >= 2
    for drawing in drawings:
        assert ribbons(drawing)
        assert folding(drawing) == []
        on_sheet(drawing)
        labels_on_sheet(drawing)


def test_no_ribbon_of_a_chain_folds_and_the_thick_one_is_straight() -> None:
    drawing = chain()
    assert folding(drawing) == []
    thick = [ribbon for ribbon in ribbons(drawing) if width_of(ribbon) > 200]
    assert len(thick) == 8
    for ribbon in thick:
        upper, _ = edges(ribbon.commands)
        assert np.ptp(upper[:, 1]) < 15  # of 109 px from node to node
    on_sheet(drawing)


@settings(max_examples=40)
@given(st.floats(1, 60), st.floats(-500, 500), st.floats(20, 300))
def test_a_band_is_as_wide_as_its_flow_at_its_ends_and_not_folded_where_there_is_room(width: float, fall: float, run: float) -> None:
    ribbon = Path("ribbon", bands.forward((0.0, 500.0), (run, 500.0 + fall), [], width))
    upper, lower = edges(ribbon.commands)
    assert lower[0][1] - upper[0][1] == pytest.approx(width)
    assert lower[-1][1] - upper[-1][1] == pytest.approx(width)
    if run > 1.2 * abs(fall) or (run > max(100.0, 0.2 * abs(fall)) and width < 40.0):
        assert not folds(ribbon)


@settings(max_examples=40)
@given(st.floats(1, 80), st.floats(0, 200), st.floats(0, 200), st.floats(100, 400))
def test_a_band_that_turns_back_is_as_thick_as_wide(width: float, up: float, more: float, way: float) -> None:
    low = 500.0 + width + 16.0
    commands = bands.back((way, 500.0 - up), (0.0, 500.0 - more), low, (way + 8 + width / 2, -8 - width / 2), width)
    ribbon = Path("ribbon recycle", commands)
    assert width_of(ribbon) == pytest.approx(width)
    assert thinnest(*edges(commands)) > 0.98 * width
    assert not folds(ribbon)
    assert LEAST == 0.5


def test_recycles_run_below_everything_beside_each_other() -> None:
    links = [Link("a", "b", 9.0, "", 9.0), Link("b", "c", 9.0, "", 9.0), Link("c", "a", 2.0, "", 0.0), Link("c", "b", 3.0, "", 0.0)]
    drawing = sankey(links, "Loops", "kg/s", lambda name: "machine")
    low = max(shape.y + shape.height for shape in drawing.shapes if isinstance(shape, Rect))
    backs = [edges(ribbon.commands) for ribbon in ribbons(drawing) if "recycle" in ribbon.css]
    spans = sorted((inner[:, 1].max(), outer[:, 1].max()) for outer, inner in backs)
    assert len(spans) == 2
    assert low < spans[0][0] < spans[0][1] < spans[1][0] < spans[1][1] < drawing.height
    on_sheet(drawing)


def test_the_thicker_connection_stays_straighter() -> None:
    """Two feed one: it stands in line with the thick one. By hand, with pulls of 8 to 1 by cubes of 4 and 2: at 8/9 of the way to it."""
    edges_of = [Edge("thick", "to", 4.0), Edge("thin", "to", 2.0)]
    places = place({"thick": 10.0, "thin": 10.0, "to": 10.0}, edges_of, gap=90.0)
    assert places.start["to"] == pytest.approx(100.0 / 9)
    assert places.extent == pytest.approx(110.0)


def labels_on_sheet(drawing: Drawing) -> None:
    for shape in drawing.shapes:
        if isinstance(shape, Text):
            wide = len(shape.text) * CHARACTER * style_of(shape.css).get("size", math.inf)
            left = shape.x - {"start": 0.0, "middle": wide / 2, "end": wide}[shape.anchor]
            assert -0.1 <= left <= left + wide <= drawing.width + 0.1, shape
