"""The figures of a report as SVG and PNG files, by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.quantities import HOUR
from twin.report import charts
from twin.report import drawing as shapes
from twin.report.drawing import Drawing
from twin.report.flows import flows_of
from twin.report.flowsheet import flowsheet
from twin.report.over_time import over_time
from twin.report.page import GANTT_SPAN, sankeys, stated_units
from twin.report.palette import Style, style_of
from twin.report.source import Source
from twin.results.replace import replacing, text_mark

DOTS = 144
"""Resolution of the PNG files, dots an inch; a pixel of the page is 1/96 inch."""
HALOED = ("flow-label", "node-name", "node-value")
"""Text that stands on lines, with a white rim."""
FIGURE_MARK = "twin report"
FIGURE = text_mark("a figure of twin", FIGURE_MARK.encode())
_POINT = 72 / 96
_ALIGN = {"start": "left", "middle": "center", "end": "right"}


def write_figures(source: Source, folder: Path) -> tuple[Path, ...]:
    """Write every figure as ``NAME.svg`` and ``NAME.png``; returns the paths. Raises :class:`~twin.errors.UsageError` where matplotlib is not installed."""
    try:
        import matplotlib
    except ImportError as error:
        raise UsageError("--figures needs matplotlib: pip install 'twin[report]'") from error
    written = []
    with matplotlib.rc_context({"svg.hashsalt": "twin", "svg.fonttype": "none", "font.family": "sans-serif"}):
        for name, drawing in all_figures(source).items():
            figure = _figure(drawing)
            for form, more in (("svg", {"Title": drawing.title}), ("png", {})):
                path = folder / f"{name}.{form}"
                save_figure(figure, path, DOTS, **more)
                written.append(path)
    return tuple(written)


def save_drawing(drawing: Drawing, path: Path) -> None:
    """Write one figure as SVG or PNG, by the suffix. Raises as :func:`write_figures` and :func:`save_figure`."""
    try:
        import matplotlib
    except ImportError as error:
        raise UsageError("a figure needs matplotlib: pip install 'twin[report]'") from error
    with matplotlib.rc_context({"svg.hashsalt": "twin", "svg.fonttype": "none", "font.family": "sans-serif"}):
        more = {"Title": drawing.title} if path.suffix.lower() == ".svg" else {}
        save_figure(_figure(drawing), path, DOTS, **more)


def save_figure(figure: Any, path: Path, dots: int, **metadata: str) -> None:
    """Write a figure of matplotlib as SVG or PNG, by the suffix, in place of one that twin wrote. Raises :class:`~twin.errors.FileError`."""
    form = path.suffix.lower().removeprefix(".")
    ours = {"Date": None, "Creator": FIGURE_MARK} if form == "svg" else {"Software": FIGURE_MARK}
    with replacing(path, FIGURE) as temporary:
        figure.savefig(temporary, format=form, dpi=dots, metadata={**ours, **metadata})


def all_figures(source: Source) -> dict[str, Drawing]:
    """Every figure by the name of its file."""
    flows, rows = flows_of(source), charts.batch_rows(source)
    found = {"flowsheet": flowsheet(source, flows).whole}
    found |= {f"sankey_{key.replace('element-', '').replace('-', '_')}": drawing for key, _, drawing in sankeys(source, flows, targets_only=True)}
    found |= {"states": charts.state_shares(source, stated_units(source)), "levels": charts.levels(source)}
    found |= {"over_time": over_time(source, stated_units(source))}
    if source.topology.lines:
        found["bottlenecks"] = charts.bottlenecks(source)
    if charts.gantt_units(source, rows):
        found["phases"] = charts.gantt(source, rows, source.start // HOUR, GANTT_SPAN)
    return {name: drawing for name, drawing in found.items() if drawing.shapes}


def _figure(drawing: Drawing) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(drawing.width / 96, drawing.height / 96), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    for shape in drawing.shapes:
        if isinstance(shape, shapes.Text):
            _write(axes, shape)
        else:
            axes.add_patch(_patch(shape))
    return figure


def _patch(shape: shapes.Rect | shapes.Path) -> Any:
    from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle

    style = _colours(style_of(shape.css))
    if isinstance(shape, shapes.Rect):
        if not shape.round:
            return Rectangle((shape.x, shape.y), shape.width, shape.height, **style)
        return FancyBboxPatch((shape.x, shape.y), shape.width, shape.height, boxstyle=f"round,pad=0,rounding_size={shape.round}", **style)
    if shape.width is not None:
        style["linewidth"] = shape.width * _POINT
    return PathPatch(_path(shape), capstyle="butt", **style)


def _colours(style: Style) -> dict[str, Any]:
    found: dict[str, Any] = {"facecolor": style.get("fill", "black"), "edgecolor": "none", "linewidth": style.get("width", 1.0) * _POINT}
    if "stroke" in style:
        found["edgecolor"] = style["stroke"]
    if "opacity" in style:
        found["facecolor"] = (style.get("fill", "black"), style["opacity"])
    if "dash" in style:
        found["linestyle"] = (0, tuple(float(part) for part in style["dash"].split()))
    return found


def _path(shape: shapes.Path) -> Any:
    from matplotlib.path import Path as Outline

    codes = {"M": [Outline.MOVETO], "L": [Outline.LINETO], "C": [Outline.CURVE4] * 3, "Z": [Outline.CLOSEPOLY]}
    points: list[tuple[float, float]] = []
    steps: list[Any] = []
    for letter, *numbers in shape.commands:
        values = [float(number) for number in numbers] or [0.0, 0.0]
        points += list(zip(values[::2], values[1::2], strict=True))
        steps += codes[str(letter)]
    return Outline(points, steps)


def _write(axes: Any, shape: shapes.Text) -> None:
    from matplotlib.patheffects import withStroke

    style = style_of(shape.css)
    halo = [withStroke(linewidth=3 * _POINT, foreground="white")] if shape.css in HALOED else []
    axes.text(
        shape.x,
        shape.y,
        shape.text,
        fontsize=style.get("size", 10.0) * _POINT,
        color=style.get("fill", "black"),
        fontweight="bold" if style.get("weight", 400) >= 600 else "normal",
        ha=_ALIGN[shape.anchor],
        va="baseline",
        path_effects=halo,
        parse_math=False,  # a name is no formula
    )
