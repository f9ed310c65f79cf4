"""Colours and type of figures: one table for the page, for its dark look, for print and for files.

Colours that tell things apart are P. Tol's "bright" and "muted" sets, which people with any kind of colour vision can tell apart.
"""

from __future__ import annotations

from typing import TypedDict


class Style(TypedDict, total=False):
    """How a class of shapes looks; sizes in px."""

    fill: str
    stroke: str
    width: float
    size: float
    weight: int
    opacity: float
    dash: str


INK, MUTED, FAINT, PAPER = "#1f2a37", "#5b6675", "#d5dae1", "#ffffff"
BLUE, CYAN, TEAL, GREEN, OLIVE = "#4477aa", "#88ccee", "#44aa99", "#228833", "#999933"
SAND, ROSE, WINE, PURPLE, GREY, RUST = "#ddcc77", "#cc6677", "#882255", "#aa4499", "#9aa3af", "#b5603c"

STYLES: dict[str, Style] = {
    "unit-name": {"fill": INK, "size": 10.5, "weight": 600},
    "unit-kind": {"fill": MUTED, "size": 10},
    "line-name": {"fill": MUTED, "size": 10},
    "flow-label": {"fill": MUTED, "size": 10},
    "node-name": {"fill": INK, "size": 10.5},
    "node-value": {"fill": MUTED, "size": 9.5},
    "node-name.large": {"size": 13},
    "node-value.large": {"size": 12},
    "node-name.larger": {"size": 18.5},
    "node-value.larger": {"size": 17.5},
    "bar-name": {"fill": INK, "size": 11},
    "bar-value": {"fill": MUTED, "size": 10},
    "tick": {"fill": MUTED, "size": 9.5},
    "panel-name": {"fill": INK, "size": 11, "weight": 600},
    "line-box": {"fill": "#f4f6f9", "stroke": FAINT, "width": 1.0},
    "unit": {"fill": PAPER, "stroke": GREY, "width": 1.2},
    "unit.feed": {"fill": "#e6eef7", "stroke": BLUE},
    "unit.product": {"fill": "#e4f2e8", "stroke": GREEN},
    "unit.outlet": {"fill": "#eceff3", "stroke": GREY},
    "unit.bunker": {"fill": "#f3f0e3", "stroke": "#a89c62"},
    "unit.process": {"fill": "#f9ebe4", "stroke": RUST},
    "unit.utility": {"fill": PAPER, "stroke": GREY, "dash": "3 2"},
    "unit.conveyor": {"fill": "#eceff3", "stroke": GREY},
    "stream": {"fill": "none", "stroke": "#7c8898", "width": 1.2},
    "stream.recycle": {"stroke": RUST},
    "stream.service": {"stroke": GREY, "dash": "3 3"},
    "arrow": {"fill": "#7c8898"},
    "recycle-arrow": {"fill": RUST},
    "ribbon": {"fill": BLUE, "opacity": 0.38},
    "ribbon.recycle": {"fill": RUST},
    "ribbon.to-product": {"fill": GREEN},
    "ribbon.to-outlet": {"fill": GREY},
    "ribbon.to-heat": {"fill": ROSE},
    "node": {"fill": "#6b7685"},
    "node.feed": {"fill": BLUE},
    "node.product": {"fill": GREEN},
    "node.outlet": {"fill": GREY},
    "node.bunker": {"fill": "#a89c62"},
    "node.process": {"fill": RUST},
    "node.carrier": {"fill": BLUE},
    "node.heat": {"fill": ROSE},
    "grid": {"fill": "none", "stroke": FAINT, "width": 1.0},
    "bar": {"fill": BLUE},
    "state": {"fill": GREY},
    "state.running": {"fill": BLUE},
    "state.starved": {"fill": CYAN},
    "state.blocked": {"fill": ROSE},
    "state.waiting": {"fill": SAND},
    "state.down": {"fill": WINE},
    "state.maintenance": {"fill": PURPLE},
    "state.overtime": {"fill": RUST},
    "state.closing": {"fill": "#a89c62"},
    "state.changeover": {"fill": TEAL},
    "state.warm_up": {"fill": "#e0a458"},
    "state.cleaning": {"fill": GREEN},
    "state.off_shift": {"fill": "#dddddd"},
    "panel": {"fill": "#f7f8fa", "stroke": FAINT, "width": 1.0},
    "warmup": {"fill": "#e8eaee"},
    "level": {"fill": BLUE, "stroke": BLUE, "width": 0.8},
    "dot": {"fill": GREY},
    "dot.tpe": {"fill": BLUE},
    "dot.surrogate": {"fill": GREEN},
    "dot.front": {"fill": WINE},
    "dot.broken": {"opacity": 0.3},
    "series": {"fill": "none", "stroke": BLUE, "width": 1.4},
    "series.second": {"stroke": ROSE},
    "series.third": {"stroke": TEAL},
    "series.fourth": {"stroke": SAND},
    "series.fifth": {"stroke": PURPLE},
    "series.sixth": {"stroke": GREEN},
    "capacity": {"fill": "none", "stroke": WINE, "width": 1.0, "dash": "4 3"},
    "phase": {"fill": TEAL},
    "phase.charge": {"fill": BLUE},
    "phase.melt": {"fill": ROSE},
    "phase.oxidise": {"fill": CYAN},
    "phase.reduce": {"fill": WINE},
    "phase.pole": {"fill": OLIVE},
    "phase.fume": {"fill": PURPLE},
    "phase.settle": {"fill": "#cccccc"},
    "phase.tap": {"fill": SAND},
}
"""By class; "a.b" is for shapes of both classes and adds to what "a" says."""

DARK: dict[str, str] = {
    INK: "#e4e8ee",
    MUTED: "#a3adba",
    FAINT: "#3a4452",
    PAPER: "#1b222c",
    GREY: "#7b8694",
    "#6b7685": "#b3bcc8",
    "#f4f6f9": "#1f2731",
    "#f7f8fa": "#1b222c",
    "#e8eaee": "#2a323d",
    "#e6eef7": "#1d3046",
    "#e4f2e8": "#1a3324",
    "#f3f0e3": "#333020",
    "#f9ebe4": "#3a2620",
    "#eceff3": "#262e39",
    "#7c8898": "#8793a3",
    BLUE: "#6a9fd4",
    GREEN: "#4fae63",
    RUST: "#d98a63",
    WINE: "#c2527f",
    PURPLE: "#c47ac0",
    "#dddddd": "#454e5b",
    "#cccccc": "#6b7480",
}
"""What takes the place of a colour on dark ground."""


def style_of(css: str) -> Style:
    """The style of a shape with these classes, e.g. ``style_of("state running")["fill"]`` is ``"#4477aa"``."""
    names = css.split()
    found: Style = {}
    for name in names:
        found.update(STYLES.get(name, {}))
    for name in names[1:]:
        found.update(STYLES.get(f"{names[0]}.{name}", {}))
    return found


def rules(prefix: str = "", dark: bool = False) -> str:
    """The table as rules of a style sheet, each below ``prefix``."""
    return "".join(f"{prefix}.{name}{{{_declarations(style, dark)}}}" for name, style in STYLES.items())


def _declarations(style: Style, dark: bool) -> str:
    def colour(value: str) -> str:
        return DARK.get(value, value) if dark else value

    found = []
    if "fill" in style:
        found.append(f"fill:{colour(style['fill'])}")
    if "stroke" in style:
        found.append(f"stroke:{colour(style['stroke'])}")
    if not dark:
        found += [f"{key}:{style[name]}" for name, key in _PLAIN if name in style]  # type: ignore[literal-required]
        found += [f"font-size:{style['size']}px"] if "size" in style else []
    return ";".join(found)


_PLAIN = (("weight", "font-weight"), ("opacity", "fill-opacity"), ("dash", "stroke-dasharray"))
