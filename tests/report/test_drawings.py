"""Where things are placed and what is drawn: layers, loops, ribbons, bars; and the worked numbers of the docstrings."""

from __future__ import annotations

import doctest
import math
from importlib import import_module
from itertools import pairwise

import pytest
from folding import width_of
from hypothesis import given
from hypothesis import strategies as st
from pages_of_plants import source

from twin.report import charts
from twin.report.drawing import Drawing, Path, Rect, Text, fitted
from twin.report.flows import Link, energy_links, flows_of, mass_links
from twin.report.flowsheet import flowsheet
from twin.report.layers import Edge, loop_edges, place, spread
from twin.report.page import sankeys
from twin.report.palette import STYLES, style_of
from twin.report.sankey import sankey


@pytest.mark.parametrize("module", ["bands", "dates", "drawing", "layers", "key_figures", "over_time", "palette"])
def test_docstrings(module: str) -> None:
    assert doctest.testmod(import_module(f"twin.report.{module}")).failed == 0
    assert style_of("state running")["fill"] == "#4477aa"
    assert fitted("granule_screen", 40, 10) == "granul…"


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1, 50)), max_size=12))
def test_spread_keeps_order_and_distance(items: list[tuple[float, float]]) -> None:
    wanted, sizes = [w for w, _ in items], [s for _, s in items]
    starts = spread(wanted, sizes)
    assert all(later - earlier >= size - 1e-6 for earlier, later, size in zip(starts, starts[1:], sizes, strict=False))
    assert math.isclose(math.fsum(starts), math.fsum(wanted), rel_tol=1e-9, abs_tol=1e-6)  # least squares: the mean is kept


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.floats(0, 10)), max_size=25))
def test_any_graph_is_placed_without_overlap(raw: list[tuple[int, int, float]]) -> None:
    names = [f"u{k}" for k in range(9)]
    edges = [Edge(names[a], names[b], 3.0, weight=w) for a, b, w in raw]
    places = place(dict.fromkeys(names, 10.0), edges, gap=4.0)
    for k, edge in enumerate(edges):
        if k not in places.back:
            assert places.layer[edge.target] > places.layer[edge.source]
            assert len(places.route[k]) == places.layer[edge.target] - places.layer[edge.source] - 1
    for layer in set(places.layer.values()):
        tops = sorted(places.start[name] for name in names if places.layer[name] == layer)
        assert all(later - earlier >= 14.0 - 1e-6 for earlier, later in pairwise(tops))
    assert places == place(dict.fromkeys(names, 10.0), edges, gap=4.0)


def test_a_loop_is_cut_where_least_flows() -> None:
    names = ["a", "b", "c"]
    edges = [Edge("a", "b", weight=5.0), Edge("b", "c", weight=4.0), Edge("c", "a", weight=1.0), Edge("b", "b", weight=9.0)]
    assert sorted(loop_edges(names, edges)) == [2, 3]
    assert sorted(loop_edges(names, [*edges[:2], Edge("c", "a", weight=9.0)])) == [1]


def test_units_that_supply_stand_near_what_they_feed() -> None:
    edges = [Edge("a", "b"), Edge("b", "c"), Edge("c", "d"), Edge("late", "d")]
    sizes = dict.fromkeys(("a", "b", "c", "d", "late"), 10.0)
    assert place(sizes, edges, 4.0).layer["late"] == 0
    assert place(sizes, edges, 4.0, ["late"]).layer["late"] == 2


def test_ribbons_are_as_wide_as_what_flows() -> None:
    links = [Link("a", "b", 3.0, "a", 3.0), Link("b", "c", 2.0, "x", 2.0), Link("b", "a", 1.0, "y", 1.0)]
    drawing = sankey(links, "A loop", "kg/s", lambda name: "machine")
    ribbons = [shape for shape in drawing.shapes if isinstance(shape, Path)]
    widths = [width_of(shape) for shape in ribbons]
    assert widths[0] / widths[2] == pytest.approx(3.0)
    assert [shape.css.split()[1] for shape in ribbons] == ["to-machine", "to-machine", "recycle"]
    nodes = [shape for shape in drawing.shapes if isinstance(shape, Rect)]
    assert nodes[0].height == pytest.approx(widths[0])
    lane = max(float(number) for step in ribbons[2].commands for number in step[2::2])
    assert lane > max(node.y + node.height for node in nodes)


@pytest.mark.parametrize("plant", ["weee", "copper", "small", "none"])
def test_ribbons_balance_at_lines_and_feeds(plant: str) -> None:
    """What leaves a line is what came to it, but for what it holds; what feeds give is what was delivered."""
    own = source(plant)
    links = mass_links(own, flows_of(own))
    for line in own.topology.lines:
        came = math.fsum(link.value for link in links if link.target == line.name)
        left = math.fsum(link.value for link in links if link.source == line.name)
        assert left == pytest.approx(came, rel=0.02)
    fed = math.fsum(link.value for link in links if own.role(link.source) == "feed")
    delivered = math.fsum(own.totals.mass(feed) for feed in own.totals.inputs.feed_prices)
    assert fed * own.duration == pytest.approx(delivered)


def test_energy_is_all_drawn() -> None:
    for plant in ("weee", "copper"):
        own = source(plant)
        carriers = own.labels("carrier")
        links = energy_links(own)
        made = math.fsum(link.value for link in links if link.target in carriers)  # steam of the boiler that others draw is not bought
        drawn = math.fsum(link.value for link in links if link.source in carriers) - made
        used = sum(own.first.kpis[f"energy.{carrier}"].value for carrier in carriers if f"energy.{carrier}" in own.first.kpis)
        assert drawn * own.duration == pytest.approx(used)


@pytest.mark.parametrize("plant", ["weee", "copper", "small", "no_streams"])
def test_units_do_not_overlap_and_everything_is_on_the_sheet(plant: str) -> None:
    own = source(plant)
    sheet = flowsheet(own, flows_of(own)).whole
    names = [shape.title.partition(":")[0] for shape in sheet.shapes if isinstance(shape, Text) and shape.css == "unit-name"]
    assert sorted(names) == sorted(own.scenario.units)
    boxes = [shape for shape in sheet.shapes if isinstance(shape, Rect) and shape.css.startswith("unit")]
    for k, a in enumerate(boxes):
        for b in boxes[k + 1 :]:
            apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            assert apart, (a.title, b.title)
    on_sheet(sheet)


@pytest.mark.parametrize("plant", ["weee", "copper", "small"])
def test_diagrams_and_charts_are_on_their_sheets(plant: str) -> None:
    own = source(plant)
    for _, _, drawing in sankeys(own, flows_of(own)):
        on_sheet(drawing)
    on_sheet(charts.levels(own))
    on_sheet(charts.bottlenecks(own))


def on_sheet(drawing: Drawing) -> None:
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            points = [(shape.x, shape.y), (shape.x + shape.width, shape.y + shape.height)]
        elif isinstance(shape, Path):
            points = [(float(x), float(y)) for step in shape.commands for x, y in zip(step[1::2], step[2::2], strict=True)]
        else:
            points = [(shape.x, shape.y)]
        assert all(-0.1 <= x <= drawing.width + 0.1 and -0.1 <= y <= drawing.height + 0.1 for x, y in points), shape


def test_every_class_has_a_style() -> None:
    own = source("copper")
    drawings = [flowsheet(own, flows_of(own)).whole, charts.levels(own), *(drawing for _, _, drawing in sankeys(own, flows_of(own)))]
    used = {shape.css.split()[0] for drawing in drawings for shape in drawing.shapes}
    assert used <= set(STYLES)


def test_phases_are_named_by_kind() -> None:
    rows = charts.batch_rows(source("copper"))
    kinds = {(row.unit, row.phase): row.kind for row in rows}
    assert kinds["lance_furnace", "charge"] == "charge"
    assert kinds["lance_furnace", "tap_metal metal"] == "tap"
    assert kinds["converter", "zinc_blow"] == "oxidise"
    assert kinds["casting_wheel", "cast"] == "other"
    assert "tankhouse" not in charts.gantt_units(source("copper"), rows)


def test_long_series_keep_their_extremes() -> None:
    import numpy as np

    times = np.arange(1.0, 10_001.0)
    low = np.where(times == 5000, -3.0, 1.0)
    high = np.where(times == 7001, 9.0, 2.0)
    points = charts.thinned(times, low, high)
    assert len(points) <= charts.POINTS
    assert min(point[1] for point in points) == -3.0
    assert max(point[2] for point in points) == 9.0
    assert points[-1][0] == 10_000.0
