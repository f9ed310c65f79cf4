"""Draws what happens in time on the page on rules: ``python docs/rule_drawings.py`` writes ``figures/rules_NAME.svg`` for each scenario of ``rules.md``.

States of lines and belts as bars, levels of bunkers and, where it changes, power as lines, all from a run of the scenario.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pages import blocks_of

import twin
from twin.report.drawing import Drawing, svg
from twin.report.palette import rules
from twin.results.read import Result

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rules.md"
FIGURES = ROOT / "docs" / "figures"
NAMES, PLOT, ROW, BAR, LEVEL = 90.0, 600.0, 26.0, 16.0, 64.0
LEAST = 0.03
"""A level that changes by less is not drawn."""
STATES_SHOWN = ("running", "overtime", "closing", "warm_up", "changeover", "cleaning", "starved", "blocked", "waiting", "down", "maintenance", "off_shift")


def scenarios() -> dict[str, str]:
    """The scenarios of the page by name."""
    blocks = blocks_of(PAGE.read_text(encoding="utf-8"))
    return {block.marks["file"].removesuffix(".yaml"): block.text for block in blocks if block.language == "yaml" and "file" in block.marks}


def drawing(name: str, text: str) -> Drawing:
    """The figure of one scenario."""
    result = twin.run(twin.load(text))
    shares, names = result.array("units/state_share"), result.array("unit").tolist()
    stated = [u for u in range(len(names)) if not np.isnan(shares[0, u]).all()]
    levels = result.array("units/level")
    bunkers = [b for b in range(levels.shape[1]) if np.ptp(levels[:, b]) > LEAST * levels[:, b].max()]
    power = result.array("units/power")[:, :, 0]
    curves = 1 if name == "standby" else len(bunkers)
    figure = Drawing(NAMES + PLOT + 20, 26 + ROW * len(stated) + LEVEL * curves + 44, name.capitalize(), "States and levels over time.")
    used = _bars(figure, result, stated)
    y = 26 + ROW * len(stated)
    if name == "standby":
        unit = names.index("mill")
        _curve(figure, y, "power", power[:, unit] / 1e3, f"{power[:, unit].max() / 1e3:.4g} kW")
        y += LEVEL
    else:
        for b in bunkers:
            level = levels[:, b] / 1e3
            _curve(figure, y, result.array("bunker").tolist()[b], level, f"{level.max():.4g} t")
            y += LEVEL
    _hours(figure, y, result)
    _legend(figure, y + 30, used)
    return figure


def _bars(figure: Drawing, result: Result, stated: list[int]) -> list[str]:
    """A bar for each unit: within a record step one state after the other. Returns the states that occur."""
    shares, states, bounds = result.array("units/state_share"), result.array("state").tolist(), result.array("time_bounds")
    scale, used = PLOT / float(bounds[-1, 1]), {}
    for row, unit in enumerate(stated):
        y = 20 + row * ROW
        figure.write("bar-name", NAMES - 8, y + BAR - 4, str(result.array("unit").tolist()[unit]), "end")
        merged: list[list[object]] = []
        for step, (begin, end) in enumerate(bounds.tolist()):
            x = begin
            for state in STATES_SHOWN:
                share = float(shares[step, unit, states.index(state)]) if state in states else 0.0
                if share > 1e-9:
                    until = x + share * (end - begin)
                    if merged and merged[-1][0] == state and abs(float(str(merged[-1][2])) - x) < 1e-6:
                        merged[-1][2] = until
                    else:
                        merged.append([state, x, until])
                    x = until
        for state, begin, end in merged:
            used[str(state)] = None
            first, last = float(str(begin)), float(str(end))
            figure.rect(f"state {state}", NAMES + first * scale, y, max(0.5, (last - first) * scale), BAR, f"{str(state).replace('_', ' ')}")
    return [state for state in STATES_SHOWN if state in used]


def _curve(figure: Drawing, y: float, name: str, values: np.ndarray, top: str) -> None:
    height, width = LEVEL - 16, PLOT / len(values)
    figure.rect("panel", NAMES, y, PLOT, height)
    figure.write("bar-name", NAMES - 8, y + height / 2 + 4, name, "end")
    figure.write("bar-name", NAMES - 8, y + 9, top, "end")
    largest = float(values.max()) or 1.0
    points = [(NAMES + (k + side) * width, y + height * (1 - float(value) / largest)) for k, value in enumerate(values) for side in (0, 1)]
    figure.line("level", (NAMES, y + height), *points, (NAMES + PLOT, y + height))


def _hours(figure: Drawing, y: float, result: Result) -> None:
    whole = float(result.array("time_bounds")[-1, 1]) / 3600.0
    step = next(hours for hours in (0.5, 1.0, 2.0, 4.0, 6.0, 12.0, 24.0) if whole / hours <= 12)
    for k in range(int(whole / step) + 1):
        figure.write("bar-name", NAMES + PLOT * k * step / whole, y + 10, f"{k * step:g} h", "middle")


def _legend(figure: Drawing, y: float, used: list[str]) -> None:
    x = NAMES
    for state in used:
        figure.rect(f"state {state}", x, y, 10, 10)
        figure.write("bar-name", x + 14, y + 9, state.replace("_", " "))
        x += 26 + 6.2 * len(state)


def file_of(figure: Drawing, name: str) -> str:
    """The figure as a file of its own, on white, with the colours of the report."""
    text = svg(figure, name).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    style = f"<style>svg {{background: #fff; font-family: sans-serif}} {rules()}</style>"
    return text.replace(">", f">{style}", 1) + "\n"


def figures() -> dict[str, str]:
    """Every figure as the text of its file."""
    return {f"rules_{name}.svg": file_of(drawing(name, text), name) for name, text in scenarios().items()}


if __name__ == "__main__":
    FIGURES.mkdir(exist_ok=True)
    for file, text in figures().items():
        (FIGURES / file).write_text(text, encoding="utf-8")
