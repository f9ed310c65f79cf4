"""Charts over units and over time: shares of states, bottlenecks, bunker levels, phases of furnaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from twin.quantities import DAY, format_quantity
from twin.report.drawing import Drawing, Path, fitted, polyline
from twin.report.source import Source
from twin.scenario.furnace import FurnaceModel
from twin.scenario.kinds.bunker import Bunker

BAR, ROW = 13.0, 20.0
NAMES = 150.0
PLOT = 860.0
POINTS = 320
"""Most points of a level that are drawn; between them its smallest and largest value are kept."""
PANEL_WIDTH, PANEL_HEIGHT, PANELS = 272.0, 88.0, 4
PHASES = ("charge", "melt", "oxidise", "reduce", "pole", "fume", "settle", "tap", "other")
"""Kinds of phases; the last is for units without a recipe, such as a casting wheel."""


def state_shares(source: Source, units: Sequence[str]) -> Drawing:
    """Stacked bars: the share of the window that each unit spent in each state."""
    shares, states, all_units = source.per_second("units/state_share"), source.labels("state"), source.labels("unit")
    drawing = Drawing(NAMES + PLOT + 60, ROW * len(units) + 34, "State shares", "Share of the window in each state, by line and furnace; the table lists them.")
    _scale(drawing, ROW * len(units) + 6)
    for row, unit in enumerate(units):
        y, x = 6 + row * ROW, NAMES
        drawing.write("bar-name", NAMES - 8, y + BAR - 2.5, fitted(unit, NAMES - 10, 11), "end", source.heading(unit))
        for state, share in reversed(list(zip(states, shares[all_units.index(unit)].tolist(), strict=True))):
            if share > 0:
                drawing.rect(f"state {state}", x, y, share * PLOT, BAR, f"{unit}: {state.replace('_', ' ')} {100 * share:.1f} %")
                x += share * PLOT
    return drawing


def bottlenecks(source: Source) -> Drawing:
    """Bars: the share of its line's running time in which each machine limited it."""
    kpis = source.first.kpis
    rows = [(line.name, machine) for line in source.topology.lines for machine in line.machines if kpis[f"bottleneck_share.{machine}"].value > 0]
    drawing = Drawing(NAMES + PLOT + 60, ROW * len(rows) + 34, "Bottlenecks", "Share of its line's running time in which a machine limited the line.")
    _scale(drawing, ROW * len(rows) + 6)
    for row, (line, machine) in enumerate(rows):
        share, y = kpis[f"bottleneck_share.{machine}"].value, 6 + row * ROW
        drawing.write("bar-name", NAMES - 8, y + BAR - 2.5, fitted(machine, NAMES - 10, 11), "end", f"line {line}")
        drawing.rect("bar", NAMES, y, share * PLOT, BAR, f"{machine} limited the line {line} for {100 * share:.1f} % of its running time")
        drawing.write("bar-value", NAMES + share * PLOT + 5, y + BAR - 2.5, f"{100 * share:.3g} %")
    return drawing


def _scale(drawing: Drawing, bottom: float) -> None:
    for percent in range(0, 101, 20):
        x = NAMES + PLOT * percent / 100
        drawing.line("grid", (x, 2), (x, bottom))
        drawing.write("tick", x, bottom + 14, f"{percent} %", "middle")


def levels(source: Source) -> Drawing:
    """Small charts of the stock of each bunker over the whole run, with its capacity; warm-up shaded."""
    names = source.labels("bunker")
    bounds, low, high = source.first.array("time_bounds"), source.first.array("units/level_min"), source.first.array("units/level_max")
    rows = math.ceil(len(names) / PANELS)
    drawing = Drawing(
        PANELS * PANEL_WIDTH, rows * (PANEL_HEIGHT + 44) + 8, "Stocks over time", "Smallest to largest stock of each bunker by time; dashed: capacity."
    )
    horizon = float(bounds[-1, 1]) if len(bounds) else 1.0
    for k, name in enumerate(names):
        x, y = (k % PANELS) * PANEL_WIDTH + 46, (k // PANELS) * (PANEL_HEIGHT + 44) + 20
        model = source.scenario.units.get(name)
        capacity = model.capacity if isinstance(model, Bunker) else None
        _panel(drawing, name, x, y, thinned(bounds[:, 1], low[:, k], high[:, k]), horizon, capacity, float(source.first.attrs["warmup"]))
    return drawing


def thinned(times: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[tuple[float, float, float]]:
    """At most about ``POINTS`` of (time, smallest, largest): neighbours are joined and keep their extremes."""
    step = max(math.ceil(len(times) / POINTS), 1)
    starts = np.arange(0, len(times), step)
    if not len(starts):
        return []
    lows, highs = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    ends = times[np.minimum(starts + step, len(times)) - 1]
    return list(zip(ends.tolist(), lows.tolist(), highs.tolist(), strict=True))


def _panel(
    drawing: Drawing, name: str, x: float, y: float, points: Sequence[tuple[float, float, float]], horizon: float, capacity: float | None, warmup: float
) -> None:
    width = PANEL_WIDTH - 66
    top = max([high for _, _, high in points if high == high] + [capacity or 0.0]) or 1.0
    drawing.write("panel-name", x, y - 6, fitted(name, width, 11))
    drawing.rect("panel", x, y, width, PANEL_HEIGHT)
    if warmup > 0:
        drawing.rect("warmup", x, y, width * min(warmup / horizon, 1.0), PANEL_HEIGHT, f"warm-up, {format_quantity(warmup, 's')}: not in the key figures")

    def px(time: float) -> float:
        return x + width * time / horizon

    def py(level: float) -> float:
        return y + PANEL_HEIGHT * (1 - 0.94 * level / top)

    known = [point for point in points if point[1] == point[1]]
    if known:
        band = [(px(t), py(high)) for t, _, high in known] + [(px(t), py(low)) for t, low, _ in reversed(known)]
        low, high = (format_quantity(value, "kg") for value in (min(point[1] for point in known), max(point[2] for point in known)))
        drawing.shapes.append(Path("level", (*polyline(band), ("Z",)), f"{name}: {low} to {high}"))
    if capacity is not None:
        drawing.line("capacity", (x, py(capacity)), (x + width, py(capacity)), title=f"capacity {format_quantity(capacity, 'kg')}")
    drawing.write("tick", x - 4, py(top) + 4, format_quantity(top, "kg"), "end")
    drawing.write("tick", x - 4, y + PANEL_HEIGHT, "0", "end")
    days = horizon / DAY
    for share in (0.0, 0.5, 1.0):
        label = f"{days * share:.3g} d" if share else "0"
        drawing.write("tick", x + width * share, y + PANEL_HEIGHT + 13, label, "start" if share == 0 else "middle" if share < 1 else "end")


def phase_kinds(source: Source) -> dict[tuple[str, str], str]:
    """The kind of each phase of each furnace by (unit, name of the phase)."""
    return {(unit, phase.title): phase.what for unit, model in source.scenario.units.items() if isinstance(model, FurnaceModel) for phase in model.phases}


class BatchRow(NamedTuple):
    """A phase that was worked: its name and kind, start and end in h, what limited it, temperature in K at its end."""

    unit: str
    phase: str
    kind: str
    start: float
    end: float
    limit: str
    temperature: float


def batch_rows(source: Source) -> list[BatchRow]:
    """Every phase that was worked, in order of start."""
    kinds = phase_kinds(source)
    columns = [source.first.array(f"batches/{name}").tolist() for name in ("batch_unit", "phase", "phase_start", "phase_end", "limit", "temperature")]
    rows = []
    for unit, phase, start, end, limit, temperature in zip(*columns, strict=True):
        kind = kinds.get((unit, phase)) or kinds.get((unit, phase.partition(" ")[0])) or "other"
        rows.append(BatchRow(unit, phase, kind, start / 3.6e12, end / 3.6e12, limit, temperature))
    return sorted(rows, key=lambda row: (row.start, row.unit))


def gantt(source: Source, rows: Sequence[BatchRow], begin: float, span: float) -> Drawing:
    """Phases of furnaces from ``begin`` over ``span``, both in h."""
    units = gantt_units(source, rows)
    drawing = Drawing(NAMES + PLOT + 60, ROW * len(units) + 34, "Phases of furnaces", f"From hour {begin:g} to {begin + span:g}.")
    bottom = ROW * len(units) + 6
    for k in range(7):
        x, hour = NAMES + PLOT * k / 6, begin + span * k / 6
        drawing.line("grid", (x, 2), (x, bottom))
        drawing.write("tick", x, bottom + 14, f"{hour / 24:.3g} d", "middle")
    for row, unit in enumerate(units):
        drawing.write("bar-name", NAMES - 8, 6 + row * ROW + BAR - 2.5, fitted(unit, NAMES - 10, 11), "end", source.heading(unit))
    for unit, phase, kind, start, end, limit, _ in rows:
        left, right = max(start, begin), min(end, begin + span)
        if right > left and unit in units:
            y = 6 + units.index(unit) * ROW
            x = NAMES + PLOT * (left - begin) / span
            drawing.rect(f"phase {kind}", x, y, max(PLOT * (right - left) / span, 0.5), BAR, f"{unit}: {phase}, {end - start:.3g} h, limited by {limit}")
    return drawing


def gantt_units(source: Source, rows: Sequence[BatchRow]) -> list[str]:
    """Units with phases one after the other, in the order of the scenario; where phases overlap (a tankhouse) there is no row."""
    found = []
    for unit in source.scenario.units:
        own = [row for row in rows if row.unit == unit]
        overlaps = sum(later.start < earlier.end - 1e-6 for earlier, later in pairwise(own))
        if own and overlaps <= len(own) / 10:
            found.append(unit)
    return found
