"""States of lines and flows of streams over the whole run, with dates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from twin.quantities import format_quantity
from twin.report.charts import NAMES, PLOT
from twin.report.dates import date_marks
from twin.report.drawing import Drawing, Path, fitted, polyline
from twin.report.flows import flows_of, mass_of
from twin.report.source import Source

COLUMNS = 150
"""Most columns: of more record steps, neighbours are joined to their mean."""
ROW, BETWEEN, TITLE = 22.0, 6.0, 22.0
"""Height of a row, from row to row, and of the words above rows."""
TOP, RIGHT = 4.0, 76.0
STREAMS = 10
"""Most streams."""

Floats = NDArray[np.float64]


def over_time(source: Source, units: Sequence[str]) -> Drawing:
    """Draw, from the start to the end of the first run, the shares of states of ``units``, stacked, and the largest flows into and out of the plant.

    A flow fills its row at its largest mean, which stands beside it. Without record steps, and where nothing was recorded, the drawing has no shapes.
    """
    bounds = np.asarray(source.first.array("time_bounds"), dtype=np.float64).reshape(-1, 2)
    streams = _streams(source) if len(bounds) else []
    rows = [rows for rows in (units, streams) if rows]
    height = TOP + sum(TITLE + len(own) * (ROW + BETWEEN) for own in rows) + 20
    drawing = Drawing(NAMES + PLOT + RIGHT, height, "States and flows over time", "States by line and furnace and the largest flows in and out, by date.")
    if not len(bounds) or not rows:
        return drawing
    chart = _Chart(source, drawing, bounds)
    y = TOP
    for own, words, draw in ((units, "Share of time in each state", chart.states), (streams, "Mean mass flow", chart.flows)):
        if own:
            drawing.write("panel-name", NAMES, y + 14, words)
            draw(own, y + TITLE)
            y += TITLE + len(own) * (ROW + BETWEEN)
    chart.marks(y)
    return drawing


def joined(values: Floats, lengths: Floats, most: int = COLUMNS) -> tuple[Floats, Floats]:
    """Means over at most ``most`` columns of steps, weighed by their lengths (s), and the ends of the columns (s). ``values`` has time as first axis.

    A column in which a value is not known has none (NaN).

    >>> means, ends = joined(np.array([1.0, 4.0, 2.0, 2.0]), np.array([1.0, 2.0, 1.0, 1.0]), most=2)
    >>> means.tolist(), ends.tolist()
    ([3.0, 2.0], [3.0, 5.0])
    """
    starts = np.arange(0, len(lengths), max(math.ceil(len(lengths) / most), 1))
    shape = (-1, *[1] * (values.ndim - 1))
    whole = np.add.reduceat(lengths, starts)
    return np.add.reduceat(values * lengths.reshape(shape), starts, axis=0) / whole.reshape(shape), np.cumsum(whole)


def _streams(source: Source) -> list[str]:
    """The largest streams into and out of the plant, in the order of the scenario."""
    streams = dict.fromkeys(
        flow.target if source.role(flow.target) == "product" and flow.target in source.totals.names["stream"] else flow.stream
        for flow in flows_of(source)
        if source.role(flow.source) == "feed" or source.role(flow.target) == "product"
    )
    means = {stream: mass_of(source, stream) for stream in streams}
    largest = sorted((stream for stream, mean in means.items() if mean > 0), key=lambda stream: -means[stream])[:STREAMS]
    return [stream for stream in means if stream in largest]


class _Chart:
    def __init__(self, source: Source, drawing: Drawing, bounds: Floats) -> None:
        self.source, self.drawing = source, drawing
        self.lengths = bounds[:, 1] - bounds[:, 0]
        self.span = float(bounds[-1, 1])

    def px(self, seconds: float) -> float:
        return NAMES + PLOT * seconds / self.span

    def states(self, units: Sequence[str], y: float) -> None:
        """Stacked shares; the states of the most use lie at the bottom, as in the bars of the window."""
        names, all_units = self.source.labels("state"), self.source.labels("unit")
        means, ends = joined(np.asarray(self.source.first.array("units/state_share")), self.lengths)
        for unit in units:
            self._name(unit, y, self.source.heading(unit))
            shares = means[:, all_units.index(unit)]
            heights = np.cumsum(shares[:, ::-1], axis=1)[:, ::-1]  # of each state on those that follow it
            for k, state in enumerate(names):
                if (shares[:, k] > 0).any():
                    self._area(f"state {state}", y, heights[:, k], ends, f"{unit}: {state.replace('_', ' ')}")
            y += ROW + BETWEEN

    def flows(self, streams: Sequence[str], y: float) -> None:
        labels = self.source.labels("stream")
        places = [labels.index(stream) for stream in streams]
        flows = np.asarray(self.source.first.array("streams/element_flow"))[:, places]
        means, ends = joined(np.where(np.isnan(flows).all(axis=2), np.nan, np.nansum(flows, axis=2)), self.lengths)
        for k, stream in enumerate(streams):
            self._name(stream, y, stream)
            most = float(np.nanmax(means[:, k])) if np.isfinite(means[:, k]).any() else 0.0
            self.drawing.rect("panel", NAMES, y, PLOT, ROW)
            warmup = float(self.source.first.attrs["warmup"])
            if warmup > 0.0:
                self.drawing.rect("warmup", NAMES, y, self.px(min(warmup, self.span)) - NAMES, ROW, "warm-up")
            if most > 0.0:
                text = format_quantity(most, "kg/s")
                self._area("level", y, means[:, k] / most, ends, f"{stream}: largest mean {text}")
                number, _, unit = text.partition(" ")
                self.drawing.write("tick", NAMES + PLOT + 5, y + 9, f"{float(number):.3g} {unit}")
            y += ROW + BETWEEN

    def _name(self, name: str, y: float, title: str) -> None:
        self.drawing.write("bar-name", NAMES - 8, y + ROW / 2 + 4, fitted(name, NAMES - 10, 11), "end", title)

    def _area(self, css: str, y: float, heights: Floats, ends: Floats, title: str) -> None:
        """Steps from the bottom of a row, as high as ``heights`` (0 to 1); none where it is not known."""
        points: list[tuple[float, float]] = [(NAMES, y + ROW)]
        for height, end in zip(np.nan_to_num(heights).tolist(), ends.tolist(), strict=True):
            top = round(y + ROW * (1 - min(height, 1.0)), 1)
            if top != points[-1][1]:
                points.append((points[-1][0], top))
            elif len(points) > 1 and points[-2][1] == top:
                points.pop()
            points.append((self.px(end), top))
        points.append((points[-1][0], y + ROW))
        self.drawing.shapes.append(Path(css, (*polyline(points), ("Z",)), title))

    def marks(self, bottom: float) -> None:
        begin = datetime.fromisoformat(str(self.source.first.attrs["start"]))
        for seconds, text in date_marks(begin, self.span):
            x = self.px(seconds)
            self.drawing.line("grid", (x, TOP + TITLE), (x, bottom))
            self.drawing.write("tick", x, bottom + 14, text, "middle")
