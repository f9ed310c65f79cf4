"""What a calibration found as one figure: each parameter before and after the data, each target beside between what it is expected."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from twin.errors import UsageError
from twin.fit.calibrate.outcome import Calibrated, Predicted
from twin.quantities import format_quantity
from twin.report.drawing import Drawing, fitted, polyline
from twin.report.drawing import Path as Shape
from twin.results.kpis import kpi_text

PANEL, HEIGHT, GAP, ACROSS = 270.0, 96.0, 48.0, 3
LEFT, TOP = 16.0, 34.0
NAMES, BAR, ROW = 250.0, 470.0, 20.0
BINS = 32
REACH = 6.0
"""Targets are drawn up to so many halves of their 90 % interval from its middle; those beyond stand at the edge."""
_TYPE = 11.0


def write_plot(found: Calibrated, out: Path) -> None:
    """Write the figure as SVG or PNG, by the suffix. Raises ``UsageError`` for another one, ``FileError`` where it cannot be written."""
    from twin.report.figure_files import save_drawing

    check_suffix(out)
    save_drawing(drawn(found), out)


def check_suffix(out: Path) -> None:
    """Raise ``UsageError`` for a name that does not say which kind of figure it is."""
    if out.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"{out}: the name must end in .svg or .png, which says what is drawn")


def drawn(found: Calibrated) -> Drawing:
    """The figure: panels of parameters above, rows of targets below."""
    own = found.calibration
    rows = math.ceil(len(own.priors) / ACROSS)
    below = TOP + rows * (HEIGHT + GAP)
    height = below + ROW * len(found.targets) + 46.0
    drawing = Drawing(LEFT * 2 + ACROSS * PANEL, height, own.title or own.name, "Parameters before and after the data; targets beside their 90 % intervals.")
    drawing.write("panel-name", LEFT, 18, f"{own.title or own.name}: parameters (line: before the data, filled: after)")
    for k in range(len(own.priors)):
        _panel(drawing, found, k, LEFT + (k % ACROSS) * PANEL, TOP + (k // ACROSS) * (HEIGHT + GAP) + 16)
    _targets(drawing, found.targets, below + 14)
    return drawing


def _panel(drawing: Drawing, found: Calibrated, k: int, x: float, y: float) -> None:
    """One parameter: the density of the prior as a line, that of the draws as steps."""
    one, width = found.parameters[k], PANEL - 28.0
    prior = one.prior
    low, high = prior.value(-2.6), prior.value(2.6)
    edges = np.linspace(low, high, BINS + 1)
    after = np.histogram(np.clip(prior.values(found.draws[:, k]), low, high), edges)[0] / len(found.draws)
    standard = np.array([prior.standard(edge) for edge in edges.tolist()])
    before = np.diff([0.5 * (1.0 + math.erf(u / math.sqrt(2.0))) for u in standard.tolist()])
    top = float(max(after.max(), before.max())) or 1.0
    drawing.write("panel-name", x, y - 5, fitted(prior.path, width, _TYPE))
    drawing.rect("panel", x, y, width, HEIGHT - 16)

    def at(place: float, share: float) -> tuple[float, float]:
        return x + width * place / BINS, y + (HEIGHT - 16) * (1.0 - 0.94 * share / top)

    steps = [point for b, share in enumerate(after.tolist()) for point in (at(b, share), at(b + 1, share))]
    text = f"{prior.path}: {format_quantity(one.low, prior.unit)} to {format_quantity(one.high, prior.unit)}"
    drawing.shapes.append(Shape("level", (*polyline([at(0, 0.0), *steps, at(BINS, 0.0)]), ("Z",)), text))
    drawing.line("capacity", *[at(b + 0.5, share) for b, share in enumerate(before.tolist())], title="before the data")
    drawing.write("tick", x, y + HEIGHT - 3, format_quantity(low, prior.unit))
    drawing.write("tick", x + width, y + HEIGHT - 3, format_quantity(high, prior.unit), "end")
    mean = min(max((one.mean - low) / (high - low), 0.3), 0.7)  # beside the ends
    drawing.write("tick", x + width * mean, y + HEIGHT - 3, f"mean {format_quantity(one.mean, prior.unit)}", "middle")


def _targets(drawing: Drawing, targets: tuple[Predicted, ...], y: float) -> None:
    """Each target on a scale of its own: the bar is its 90 % interval, the mark what was measured."""
    drawing.write("panel-name", LEFT, y, "targets (bar: 90 % interval of what is expected, mark: measured)")
    for row, target in enumerate(targets):
        base = y + 10 + row * ROW
        name = f"{target.name}{'' if target.role == 'used' else f', {target.role}'}"
        drawing.write("bar-name", LEFT + NAMES - 8, base + 11, fitted(name, NAMES - 10, _TYPE), "end", target.name)
        half = 0.5 * (target.high - target.low) or 1.0
        away = min(max((target.value - 0.5 * (target.low + target.high)) / half, -REACH), REACH)
        middle, unit = LEFT + NAMES + BAR / 2, BAR / 2 / REACH
        drawing.line("grid", (LEFT + NAMES, base + 7), (LEFT + NAMES + BAR, base + 7))
        text = kpi_text(f"_{target.name}", target.value, target.unit)
        drawing.rect("ribbon", middle - unit, base + 2, 2 * unit, 10, f"{target.name}: measured {text}")
        mark = middle + away * unit
        drawing.rect("node" if target.inside else "state down", mark - 1.5, base, 3.0, 14.0, f"measured {text}")
        drawing.write("bar-value", LEFT + NAMES + BAR + 6, base + 11, text)
