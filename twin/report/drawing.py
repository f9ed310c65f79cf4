"""Figures as plain shapes, from which SVG, the page's data and files are made: one geometry for all of them.

Lengths are pixels of the page, y downwards. Colours are not here: a shape has a class, and the style of the page or of a file colours it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.etree import ElementTree

Command = tuple[str | float, ...]
"""A step of a path: ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y) or ("Z",)."""

CHARACTER = 0.56
"""Width of a character over the size of its type, as a rule of thumb."""

LEAST_SCALE = 0.72
"""A figure is drawn no smaller than this on a screen: its frame scrolls."""


@dataclass(frozen=True)
class Rect:
    """A rectangle with rounded corners. ``unit`` is the unit of the plant that it stands for, "" for none."""

    css: str
    x: float
    y: float
    width: float
    height: float
    title: str = ""
    round: float = 0.0
    unit: str = ""


@dataclass(frozen=True)
class Path:
    """A line, or an area where the class fills it. ``width`` of the stroke, None where the class gives it."""

    css: str
    commands: tuple[Command, ...]
    title: str = ""
    width: float | None = None
    unit: str = ""

    @property
    def text(self) -> str:
        """The path in the language of SVG."""
        return "".join(str(step[0]) + " ".join(_short(float(number)) for number in step[1:]) for step in self.commands)


@dataclass(frozen=True)
class Text:
    """A line of text at its base line; ``anchor`` is start, middle or end."""

    css: str
    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    title: str = ""


Shape = Rect | Path | Text


@dataclass
class Drawing:
    """A figure: its size, what it is, what it shows, and its shapes from back to front."""

    width: float
    height: float
    title: str
    text: str = ""
    shapes: list[Shape] = field(default_factory=list)

    def line(self, css: str, *points: tuple[float, float], title: str = "") -> None:
        """Add a line through points."""
        self.shapes.append(Path(css, polyline(points), title))

    def rect(self, css: str, x: float, y: float, width: float, height: float, title: str = "", corner: float = 0.0, unit: str = "") -> None:
        """Add a rectangle."""
        self.shapes.append(Rect(css, x, y, width, height, title, corner, unit))

    def write(self, css: str, x: float, y: float, text: str, anchor: Literal["start", "middle", "end"] = "start", title: str = "") -> None:
        """Add a line of text."""
        self.shapes.append(Text(css, x, y, text, anchor, title))


def polyline(points: Sequence[tuple[float, float]]) -> tuple[Command, ...]:
    """A path through points."""
    return tuple(("L" if k else "M", x, y) for k, (x, y) in enumerate(points))


def fitted(text: str, width: float, size: float) -> str:
    """The text, cut with "…" where it is wider than ``width`` in type of ``size``: ``fitted("granule_screen", 40, 10)`` is ``"granul…"``."""
    most = int(width / (CHARACTER * size))
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def svg(drawing: Drawing, name: str, css: str = "", *, scrolls: bool = True) -> str:
    """The figure as an SVG element for a page; ``name`` is its id there. All text is escaped.

    ``scrolls``: it says how small it may be drawn, by a style of its own, which a page that allows no such styles does without.
    """
    root = ElementTree.Element(
        "svg",
        {
            "id": name,
            "class": f"figure {css}".strip(),
            "viewBox": f"0 0 {_short(drawing.width)} {_short(drawing.height)}",
            "width": _short(drawing.width),
            "height": _short(drawing.height),
            **({"style": f"min-width:{_short(LEAST_SCALE * drawing.width)}px"} if scrolls else {}),
            "role": "img",
            "aria-label": f"{drawing.title}. {drawing.text}".strip(),
        },
    )
    for shape in drawing.shapes:
        _element(root, shape)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _element(root: ElementTree.Element, shape: Shape) -> None:
    attributes = {"class": shape.css}
    if not isinstance(shape, Text) and shape.unit:
        attributes["data-unit"] = shape.unit
    if isinstance(shape, Rect):
        attributes |= {name: _short(value) for name, value in (("x", shape.x), ("y", shape.y), ("width", shape.width), ("height", shape.height))}
        if shape.round:
            attributes["rx"] = _short(shape.round)
        element = ElementTree.SubElement(root, "rect", attributes)
    elif isinstance(shape, Path):
        attributes["d"] = shape.text
        if shape.width is not None:
            attributes["stroke-width"] = _short(shape.width)
        element = ElementTree.SubElement(root, "path", attributes)
    else:
        attributes |= {"x": _short(shape.x), "y": _short(shape.y), "text-anchor": shape.anchor}
        element = ElementTree.SubElement(root, "text", attributes)
        element.text = shape.text
    if shape.title:
        ElementTree.SubElement(element, "title").text = shape.title


def data(drawing: Drawing) -> dict[str, Any]:
    """The figure as plain lists, which the page's script draws."""
    return {
        "least": round(LEAST_SCALE * drawing.width),
        "size": [round(drawing.width, 1), round(drawing.height, 1)],
        "label": f"{drawing.title}. {drawing.text}".strip(),
        "shapes": [_plain(shape) for shape in drawing.shapes],
    }


def _plain(shape: Shape) -> list[Any]:
    if isinstance(shape, Rect):
        return ["r", shape.css, shape.title, *(round(value, 1) for value in (shape.x, shape.y, shape.width, shape.height, shape.round))]
    if isinstance(shape, Path):
        return ["p", shape.css, shape.title, shape.text, None if shape.width is None else round(shape.width, 1)]
    return ["t", shape.css, shape.title, round(shape.x, 1), round(shape.y, 1), shape.text, shape.anchor]


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
