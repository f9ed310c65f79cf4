"""Curves of a cluster: heat over hours sorted by how much is wanted, the tank over time, and CO2 from one case to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.quantities import DAY, format_quantity
from twin.report.drawing import Drawing, fitted
from twin.results.cluster import ClusterResult
from twin.results.energy import EnergyAccount
from twin.results.kpis import Kpi

Floats = NDArray[np.float64]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 820.0, 280.0, 90.0, 20.0, 16.0, 52.0
MOST_POINTS = 600
LINES = ("series", "series second", "series third", "series fourth", "series fifth", "series sixth")
TONNE = 1000.0
FUEL, OXYGEN = "Fuel", "Oxygen"


class Frame:
    """A frame with axes: from data to pixels; ``unit`` is SI, texts have a readable one."""

    def __init__(self, title: str, text: str, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.drawing, self.x, self.y = Drawing(WIDTH, HEIGHT, title, text), x, y

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1.0)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def axes(self, unit: str, name: str, ticks: int = 4) -> None:
        for k in range(ticks + 1):
            value = self.y[0] + k / ticks * (self.y[1] - self.y[0])
            left, down = self.at(self.x[0], value)
            self.drawing.line("grid", (left, down), (WIDTH - RIGHT, down))
            self.drawing.write("tick", LEFT - 6, down + 3, format_quantity(value, unit), "end")
            across = self.x[0] + k / ticks * (self.x[1] - self.x[0])
            self.drawing.write("tick", self.at(across, self.y[0])[0], HEIGHT - BOTTOM + 14, f"{across:.4g}", "middle")
        self.drawing.write("tick", WIDTH - RIGHT, HEIGHT - BOTTOM + 28, name, "end")

    def curve(self, css: str, x: Floats, y: Floats, title: str) -> None:
        step = max(1, len(x) // MOST_POINTS)
        self.drawing.line(css, *(self.at(a, b) for a, b in zip(x[::step].tolist(), y[::step].tolist(), strict=True)), title=title)

    def legend(self, names: Sequence[tuple[str, str]]) -> None:
        for k, (css, name) in enumerate(names):
            x = LEFT + k * (WIDTH - LEFT - RIGHT) / len(names)
            self.drawing.line(css, (x, HEIGHT - 8), (x + 18, HEIGHT - 8))
            self.drawing.write("tick", x + 22, HEIGHT - 4, fitted(name, (WIDTH - LEFT - RIGHT) / len(names) - 26, 10.0))


def _after(account: EnergyAccount, warmup: float) -> NDArray[np.bool_]:
    ends = np.asarray(account.values["heat/time"], dtype=np.float64)
    found: NDArray[np.bool_] = ends > warmup
    return found


def duration_curve(account: EnergyAccount, warmup: float) -> Drawing:
    """Return the heat wanted over the hours in which at least so much was wanted, and of those hours what waste heat and each boiler gave."""
    after = _after(account, warmup)
    served = np.asarray(account.values["heat/served_by_step"], dtype=np.float64)[after].sum(axis=1)
    lacking = np.asarray(account.values["heat/lacking_by_step"], dtype=np.float64)[after]
    wanted = served + lacking
    order = np.argsort(-wanted, kind="stable")
    step = float(np.diff(np.asarray(account.values["heat/time"], dtype=np.float64))[:1].sum() or 3600.0) / 3600.0
    hours = np.asarray((np.arange(len(order)) + 0.5) * step, dtype=np.float64)
    taken = np.asarray(account.values["heat/taken_by_step"], dtype=np.float64)[after][order]
    made = np.asarray(account.values["heat/made_by_step"], dtype=np.float64)[after][order]
    parts = [(name, taken[:, k]) for k, name in enumerate(account.names("heat/source"))] + [(n, made[:, k]) for k, n in enumerate(account.names("heat/boiler"))]
    top = float(max([wanted.max(initial=0.0), *(values.max(initial=0.0) for _, values in parts)])) or 1.0
    text = f"{len(order)} steps; the most that was wanted is {format_quantity(float(wanted.max(initial=0.0)), 'W')}"
    frame = Frame("Duration curve of heat", text, (0.0, max(step, len(order) * step)), (0.0, top))
    frame.axes("W", "hours with at least so much wanted")
    shown = [("capacity", "wanted"), *((LINES[k % len(LINES)], name) for k, (name, _) in enumerate(parts))]
    for k, (name, values) in enumerate(parts):
        frame.curve(LINES[k % len(LINES)], hours, _smooth(values), name)
    frame.curve("capacity", hours, wanted[order], "wanted")
    frame.legend(shown)
    return frame.drawing


def _smooth(values: Floats) -> Floats:
    """A running mean over a fiftieth of the hours: sorted by what is wanted, what a boiler gives jumps from hour to hour."""
    width = max(1, len(values) // 50)
    if width == 1 or len(values) <= width:
        return values
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    smoothed: Floats = np.convolve(padded, np.full(width, 1.0 / width), mode="valid")
    return smoothed


def storage_curve(account: EnergyAccount) -> Drawing:
    """Return what the tank holds over the time of the run."""
    ends, content = (np.asarray(account.values[f"heat/{name}"], dtype=np.float64) for name in ("time", "content"))
    capacity = account.number("heat/capacity")
    text = f"it holds {format_quantity(capacity, 'J')} at most"
    frame = Frame("Heat in the tank", text, (0.0, float(ends.max(initial=1.0)) / DAY), (0.0, capacity or 1.0))
    frame.axes("J", "days")
    frame.curve("series", ends / DAY, content, "content")
    return frame.drawing


def stock_curves(account: EnergyAccount) -> dict[str, Drawing]:
    """Return what each tank of fuel or oxygen held over the time of the run, by its name, up to what it holds at most."""
    found: dict[str, Drawing] = {}
    for group, name, unit, numbers in account.stocks():
        ends = np.asarray(account.values[f"{group}/time"], dtype=np.float64)
        content = np.asarray(account.values[f"{group}/content"], dtype=np.float64)[:, account.names(f"{group}/stock").index(name)]
        most = numbers.get("capacity", float(content.max(initial=0.0)))
        text = f"it holds {format_quantity(most, unit)} at most"
        frame = Frame(f"{FUEL if group == 'fuels' else OXYGEN} in tank {name}", text, (0.0, float(ends.max(initial=1.0)) / DAY), (0.0, most or 1.0))
        frame.axes(unit, "days")
        frame.curve("series", *_lows(ends / DAY, content), "content")
        found[name] = frame.drawing
    return found


def _lows(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Of a long run the lowest of each bunch of steps: to leave out all between would hide that a tank was empty."""
    bunch = -(-len(x) // MOST_POINTS)
    if bunch <= 1:
        return x, y
    firsts = np.arange(0, len(x), bunch)
    return x[firsts], np.minimum.reduceat(y, firsts)


def waterfall(base: ClusterResult, variant: ClusterResult) -> Drawing:
    """Return CO2 of the base, by which part it changes, and of the variant; kg over the window of each."""
    first, second = base.kpis, variant.kpis
    parts = [name for name in dict.fromkeys([*first, *second]) if name.startswith("scope_1.")] + ["scope_2"]
    moved = [(name, _value(second, name) - _value(first, name)) for name in parts]
    named = sum(change for _, change in moved)
    rest = (_value(second, "co2") - _value(first, "co2")) - named
    rows = [(label_of(name), change) for name, change in moved if abs(change) > 1e-9 * max(1.0, _value(first, "co2"))]
    if abs(rest) > 1e-9 * max(1.0, _value(first, "co2")):
        rows.append(("driving and boilers", rest))
    bars = [(str(base.attrs["scenario_name"]), 0.0, _value(first, "co2"), "node bunker")]
    level = _value(first, "co2")
    for label, change in rows:
        bars.append((label, level, level + change, "node product" if change < 0 else "node heat"))
        level += change
    bars.append((str(variant.attrs["scenario_name"]), 0.0, _value(second, "co2"), "node bunker"))
    ends = [end for _, a, b, _ in bars for end in (a, b)]
    text = f"{format_quantity(_value(first, 'co2'), 'kg')} and {format_quantity(_value(second, 'co2'), 'kg')}"
    frame = Frame("CO2, from one case to the other", text, (0.0, float(len(bars))), (min(0.0, *ends), 1.05 * max(ends) or 1.0))
    for k in range(5):
        value = frame.y[0] + k / 4 * (frame.y[1] - frame.y[0])
        left, down = frame.at(0.0, value)
        frame.drawing.line("grid", (left, down), (WIDTH - RIGHT, down))
        frame.drawing.write("tick", LEFT - 6, down + 3, format_quantity(value, "kg"), "end")
    for k, (label, a, b, css) in enumerate(bars):
        (x0, low), (x1, high) = frame.at(k + 0.15, min(a, b)), frame.at(k + 0.85, max(a, b))
        frame.drawing.rect(css, x0, high, x1 - x0, max(1.0, low - high), f"{label}: {format_quantity(b - a, 'kg')}")
        frame.drawing.write("tick", (x0 + x1) / 2, HEIGHT - BOTTOM + 14, fitted(label, (WIDTH - LEFT - RIGHT) / len(bars) - 4, 10.0), "middle", label)
        frame.drawing.write("tick", (x0 + x1) / 2, high - 4, format_quantity(b - a, "kg"), "middle")
    return frame.drawing


def label_of(name: str) -> str:
    """The words of a part of CO2: ``label_of("scope_1.smelter")`` is ``"smelter, scope 1"``."""
    stem, _, site = name.partition(".")
    scope = stem.replace("_", " ")
    return f"{site}, {scope}" if site else f"all, {scope}"


def _value(kpis: Mapping[str, Kpi], name: str) -> float:
    found = kpis[name].value if name in kpis else 0.0
    return float(found)
