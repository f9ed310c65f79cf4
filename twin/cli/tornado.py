"""Tornado plots: bars from a middle, the longest first, in the terminal and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import UsageError

HALF = 12
"""Cells of the terminal on either side of the middle."""
SUFFIXES = (".svg", ".png")


@dataclass(frozen=True)
class Bar:
    """A bar from ``low`` to ``high`` around 0; ``half_width`` is drawn at its tip."""

    label: str
    low: float
    high: float
    half_width: float | None = None


def text_bars(bars: Sequence[Bar]) -> list[str]:
    """Return a text for each bar, all in one scale; both sides are shown where any bar goes below 0.

    >>> text_bars([Bar("a", 0.0, 1.0), Bar("b", 0.0, 0.25)])
    ['████████████', '███']
    """
    longest = max((max(abs(bar.low), abs(bar.high)) for bar in bars), default=0.0) or 1.0
    both = any(min(bar.low, bar.high) < 0 for bar in bars)
    texts = []
    for bar in bars:
        ends = sorted((0.0, bar.low, bar.high))
        left, right = (round(abs(end) / longest * HALF) for end in (ends[0], ends[-1]))
        texts.append(f"{'█' * left:>{HALF}}│{'█' * right}" if both else "█" * right)
    return texts


def check_figure(path: Path) -> None:
    """Raise ``UsageError`` where a figure cannot be written, before any run is made."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--figure: a file that ends in {' or '.join(SUFFIXES)} is needed (got {path.name!r})")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("--figure needs matplotlib: pip install 'twin[report]'") from None
    from twin.report.figure_files import FIGURE
    from twin.results.replace import check_replaceable

    check_replaceable(path, FIGURE)


def write_figure(path: Path, panels: Sequence[tuple[str, str, Sequence[Bar]]]) -> None:
    """Write panels (title, label of the axis, bars) below one another."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from twin.report.figure_files import save_figure

    rows = sum(len(bars) + 2 for _, _, bars in panels)
    with rc_context({"svg.hashsalt": "twin", "text.parse_math": False}):
        figure = Figure(figsize=(8.0, max(2.0, 0.32 * rows)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[len(bars) + 2 for _, _, bars in panels])[:, 0]
        for axis, (title, label, bars) in zip(axes, panels, strict=True):
            places = list(range(len(bars)))
            for end, colour in (("low", "#b5651d"), ("high", "#1f6f8b")):
                axis.barh(places, [getattr(bar, end) for bar in bars], color=colour, height=0.7, alpha=0.85)
            for place, bar in zip(places, bars, strict=True):
                if bar.half_width is not None:
                    axis.errorbar(bar.high, place, xerr=bar.half_width, color="#333333", capsize=3)
            axis.axvline(0.0, color="#333333", linewidth=0.8)
            axis.set_yticks(places, [bar.label for bar in bars])
            axis.invert_yaxis()
            axis.set_title(title, loc="left", fontsize=10)
            axis.set_xlabel(label)
            axis.spines[["top", "right"]].set_visible(False)
        save_figure(figure, path, 150)
