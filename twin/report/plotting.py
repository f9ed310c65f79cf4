"""``twin plot``: quantities of a run over time, as a figure or in the terminal."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.quantities import digits, format_quantity
from twin.quantities import unit as unit_named
from twin.report.dates import date_marks
from twin.report.drawing import Drawing
from twin.results.read import Result, open_file

MOST = 6
"""Most quantities in one plot."""
COLOURS = ("", " second", " third", " fourth", " fifth", " sixth")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960.0, 400.0, 78.0, 22.0, 44.0, 46.0
POINTS = 900
"""Most steps that are drawn as they are; of more, the smallest and the largest of neighbours."""
ROWS, COLUMNS = 16, 96
"""Size of a plot in the terminal, without its axes."""
_BLOCKS = " ▁▂▃▄▅▆▇█"
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Curve:
    """A quantity over time: the means of the record steps, or what held at their ends; ``ends`` in s since the start."""

    name: str
    si: str
    ends: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Chart:
    """Curves of one unit: ``factor`` SI make one ``unit``. ``begin``: when the run starts; ``warmup`` in s."""

    title: str
    curves: tuple[Curve, ...]
    unit: str
    factor: float
    begin: datetime
    warmup: float

    @property
    def span(self) -> float:
        """Until when, s."""
        return float(self.curves[0].ends[-1])

    def bounds(self) -> tuple[float, float]:
        """The smallest and largest value, in ``unit``, with 0 between them."""
        known = np.concatenate([curve.values[np.isfinite(curve.values)] for curve in self.curves]) / self.factor
        return (min(0.0, float(known.min())), max(0.0, float(known.max()))) if known.size else (0.0, 1.0)


def chart_of(result: Result, quantities: Sequence[str]) -> Chart:
    """Return the quantities of a run over its record steps.

    Raises ``UsageError`` for an unknown quantity, a key figure, quantities of different units, more than six, and a run without a step.
    """
    if not 0 < len(quantities) <= MOST:
        raise UsageError(f"from 1 to {MOST} quantities go into a plot (got {len(quantities)})")
    ends = np.asarray(result.array("time_bounds"), dtype=np.float64)[:, 1]
    if not len(ends):
        raise UsageError("the run holds no record step: there is nothing to plot")
    curves = []
    for name in dict.fromkeys(quantities):
        values = np.asarray(result.quantity(name), dtype=np.float64)
        if values.shape != ends.shape:
            raise UsageError(f"{name} is one number for the run, not a quantity over time; 'twin export' writes it")
        curves.append(Curve(name, result.quantity_unit(name), ends, values))
    units = {curve.si: curve.name for curve in curves}
    if len(units) > 1:
        told = ", ".join(f"{name} in {si if si != '1' else 'shares'}" for si, name in units.items())
        raise UsageError(f"quantities of one unit go into a plot ({told}); plot them one after the other")
    largest = max((float(np.nanmax(np.abs(curve.values))) for curve in curves if np.isfinite(curve.values).any()), default=0.0)
    unit, factor = _readable(largest, curves[0].si)
    title = str(result.attrs.get("scenario_title") or result.attrs["scenario_name"])
    return Chart(title, tuple(curves), unit, factor, datetime.fromisoformat(str(result.attrs["start"])), float(result.attrs["warmup"]))


def _readable(largest: float, si: str) -> tuple[str, float]:
    """The unit in which people read values of that size, and what one of it is in SI."""
    if si == "1" and 0.0 < largest <= 1.0 + 1e-9:
        return "%", 0.01
    word = format_quantity(largest, si).partition(" ")[2] if largest > 0.0 and si not in ("1", "K") else ""
    return (word, float(unit_named(word).factor)) if word else ("" if si == "1" else si, 1.0)


def plot(result: Result | str | os.PathLike[str], *quantities: str, out: str | os.PathLike[str] | None = None) -> str:
    """Plot quantities of a run over time: to ``out`` (.svg or .png), or return the plot as lines of text.

    Raises ``UsageError`` as :func:`chart_of` does, for another suffix, and where matplotlib is not installed; ``FileError`` for files.
    """
    if out is not None and Path(out).suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"{out}: the name must end in .svg or .png, which says what is drawn")
    opened = result if isinstance(result, Result) else open_file(os.fspath(result))
    try:
        chart = chart_of(opened, quantities)
    finally:
        if opened is not result:
            opened.close()
    if out is None:
        return in_text(chart)
    from twin.report.figure_files import save_drawing

    save_drawing(drawn(chart), Path(out))
    return str(out)


def steps_of(most: float, count: int) -> float:
    """Return the distance of round marks of which about ``count`` lie in ``most``.

    >>> steps_of(47.0, 5)
    10.0
    """
    raw = most / count
    power = 10.0 ** math.floor(math.log10(raw))
    return next(nice * power for nice in _NICE if nice * power >= raw * (1 - 1e-12))


def drawn(chart: Chart) -> Drawing:
    """The plot as shapes: steps of means, marks of value and of date, the warm-up shaded."""
    names = ", ".join(curve.name for curve in chart.curves)
    drawing = Drawing(WIDTH, HEIGHT, chart.title, f"{names} over {format_quantity(chart.span, 's')}.")
    low, high = chart.bounds()
    distance = steps_of((high - low) or 1.0, 5)
    low, high = math.floor(low / distance + 1e-9) * distance, math.ceil(high / distance - 1e-9) * distance
    high = high if high > low else low + distance

    def px(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / chart.span

    def py(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    drawing.rect("panel", LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
    if chart.warmup > 0.0:
        drawing.rect("warmup", LEFT, TOP, px(min(chart.warmup, chart.span)) - LEFT, HEIGHT - TOP - BOTTOM, "warm-up")
    for k in range(round((high - low) / distance) + 1):
        value = low + k * distance
        drawing.line("grid", (LEFT, py(value)), (WIDTH - RIGHT, py(value)))
        drawing.write("tick", LEFT - 6, py(value) + 3.5, f"{digits(value) if abs(value) > 1e-12 * (high - low) else '0'} {chart.unit}".rstrip(), "end")
    for seconds, text in date_marks(chart.begin, chart.span):
        drawing.line("grid", (px(seconds), TOP), (px(seconds), HEIGHT - BOTTOM))
        drawing.write("tick", px(seconds), HEIGHT - BOTTOM + 16, text, "middle")
    drawing.write("panel-name", LEFT, 20, chart.title)
    x = LEFT
    for curve, colour in zip(chart.curves, COLOURS, strict=False):
        for piece in _pieces(curve, chart.factor):
            drawing.line(f"series{colour}", *[(px(seconds), py(value)) for seconds, value in piece], title=curve.name)
        drawing.line(f"series{colour}", (x, 32), (x + 18, 32))
        drawing.write("bar-value", x + 23, 35.5, curve.name)
        x += 40 + 6.2 * len(curve.name)
    return drawing


def _pieces(curve: Curve, factor: float) -> list[list[tuple[float, float]]]:
    """Stretches of steps that are known, each as corners: (s, value)."""
    begins = np.concatenate([[0.0], curve.ends[:-1]])
    values = curve.values / factor
    join = math.ceil(len(values) / POINTS)
    found: list[list[tuple[float, float]]] = [[]]
    for k in range(0, len(values), join):
        part = values[k : k + join]
        known = part[np.isfinite(part)]
        if not len(known):
            found.append([])
            continue
        begin, end = float(begins[k]), float(curve.ends[min(k + join, len(values)) - 1])
        low, high = float(known.min()), float(known.max())
        found[-1] += [(begin, low), (end, low)] if low == high else [(begin, low), (begin, high), (end, high), (end, low)] if join > 1 else [(begin, low)]
    return [piece for piece in found if piece]


def in_text(chart: Chart) -> str:
    """The plot as lines of text, one block of characters for each quantity, with its smallest and largest value and the dates of its ends."""
    blocks = [_block(chart, curve) for curve in chart.curves]
    end = chart.begin + timedelta(seconds=chart.span)
    return "\n".join(
        [chart.title, *(line for block in blocks for line in ["", *block]), f"{'':10} {chart.begin:%Y-%m-%d %H:%M}{f'{end:%Y-%m-%d %H:%M}':>{COLUMNS - 16}}"]
    )


def _block(chart: Chart, curve: Curve) -> list[str]:
    low, high = chart.bounds()
    values = _columns(curve.values / chart.factor)
    known = [value for value in values if value == value]
    rows = ROWS if len(chart.curves) == 1 else ROWS // 2
    lines = [f"{curve.name}{f' in {chart.unit}' if chart.unit else ''}" + ("" if known else ": nothing is known")]
    for row in range(rows, 0, -1):
        mark = digits(high) if row == rows else digits(low + (high - low) * (row - 1) / rows) if row in (1, rows // 2 + 1) else ""
        lines.append(f"{mark:>9} │" + "".join(_cell(value, low, high, rows, row) for value in values).rstrip())
    return [*lines, f"{'':9} └{'─' * len(values)}"]


def _cell(value: float, low: float, high: float, rows: int, row: int) -> str:
    if value != value or high <= low:
        return " "
    filled = (value - low) / (high - low) * rows - (row - 1)
    return _BLOCKS[round(8 * min(1.0, max(0.0, filled)))]


def _columns(values: NDArray[np.float64]) -> list[float]:
    """The means of the steps that fall into each column of the plot; NaN where none is known."""
    edges = np.linspace(0, len(values), min(COLUMNS, len(values)) + 1).round().astype(int)
    parts = [values[a:b] for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    return [float(known.mean()) if len(known := part[np.isfinite(part)]) else math.nan for part in parts]
