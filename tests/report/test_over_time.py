"""States and flows over time in the report: what is drawn is what the file holds, and dates stand where they are."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages_of_plants import page, source
from test_drawings import on_sheet

from twin.quantities import HOUR
from twin.report.charts import NAMES, PLOT
from twin.report.dates import MOST, date_marks
from twin.report.drawing import Drawing, Path, Text
from twin.report.over_time import COLUMNS, ROW, joined, over_time
from twin.report.page import stated_units


def chart(plant: str) -> Drawing:
    own = source(plant)
    return over_time(own, stated_units(own))


def areas(drawing: Drawing, css: str) -> list[Path]:
    return [shape for shape in drawing.shapes if isinstance(shape, Path) and shape.css.startswith(css)]


def area(shape: Path) -> float:
    """Of a closed path of straight pieces, px²."""
    points = np.array([step[1:] for step in shape.commands if step[0] != "Z"], dtype=float)
    x, y = points.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


@pytest.mark.parametrize("plant", ["weee", "small", "copper"])
def test_the_area_of_a_state_is_its_share_of_the_run(plant: str) -> None:
    own, drawing = source(plant), chart(plant)
    names, units = own.labels("state"), own.labels("unit")
    bounds = own.first.array("time_bounds")
    shares = np.average(own.first.array("units/state_share"), axis=0, weights=bounds[:, 1] - bounds[:, 0])
    for unit in stated_units(own):
        drawn = [area(shape) / (PLOT * ROW) for shape in areas(drawing, "state") if shape.title.startswith(f"{unit}: ")]
        assert drawn[0] == pytest.approx(1.0, abs=1e-6)
        assert len(drawn) == sum(shares[units.index(unit)] > 0)
        assert drawn[-1] == pytest.approx(next(share for share in shares[units.index(unit)][::-1] if share > 0), abs=0.05 / ROW + 1e-3)
        assert drawn == sorted(drawn, reverse=True)
    assert names[-1] == "running"
    on_sheet(drawing)


def test_flows_fill_their_row_at_their_largest_mean() -> None:
    drawing = chart("weee")
    rows = areas(drawing, "level")
    assert len(rows) >= 5
    for shape in rows:
        heights = [float(step[2]) for step in shape.commands if step[0] != "Z"]
        assert max(heights) - min(heights) == pytest.approx(ROW, abs=0.11)
    feed = next(shape for shape in rows if shape.title.startswith("deliveries:"))
    own = source("weee")
    flow = own.first.array("streams/element_flow")[:, own.labels("stream").index("deliveries")].sum(axis=1)
    assert area(feed) / (PLOT * ROW) == pytest.approx(flow.mean() / flow.max(), abs=0.01)  # record steps are alike and fewer than columns


def test_dates_stand_where_they_are() -> None:
    own, drawing = source("weee"), chart("weee")
    begin = datetime.fromisoformat(own.first.attrs["start"])
    end = float(own.first.array("time_bounds")[-1, 1])
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text) and shape.css == "tick" and shape.anchor == "middle"]
    assert len(texts) >= 3
    for shape in texts:
        moment = begin + timedelta(seconds=(shape.x - NAMES) / PLOT * end)
        assert abs(moment - datetime.strptime(f"{begin.year}-{shape.text}", "%Y-%m-%d %H:%M")) < timedelta(seconds=1)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.floats(HOUR, 3e8))
def test_marks_are_few_and_even(begin: datetime, span: float) -> None:
    marks = date_marks(begin, span)
    assert len(marks) <= MOST + 1
    assert all(0 <= seconds <= span for seconds, _ in marks)
    assert len(np.unique(np.round(np.diff([seconds for seconds, _ in marks]), 3))) <= 1


@given(st.lists(st.tuples(st.floats(0, 1e3), st.floats(1, 1e4)), min_size=1, max_size=400))
def test_joining_keeps_the_whole(steps: list[tuple[float, float]]) -> None:
    values, lengths = np.array(steps).T
    means, ends = joined(values, lengths)
    assert len(means) == len(ends) <= COLUMNS
    assert ends[-1] == pytest.approx(lengths.sum())
    assert float(means @ np.diff(ends, prepend=0.0)) == pytest.approx(float(values @ lengths), rel=1e-9, abs=1e-9)


def test_inner_streams_need_not_be_recorded() -> None:
    drawing = chart("no_streams")
    assert areas(drawing, "level")
    assert areas(drawing, "state")
    assert not areas(over_time(source("no_streams"), []), "state")
    on_sheet(chart("none"))


def test_it_stands_in_the_page() -> None:
    assert 'id="figure-over_time"' in page("weee") and "States and flows over time" in page("weee")
