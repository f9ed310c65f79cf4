"""What a figure measures on paper: A4, as the page's style prints it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from twin.report.drawing import Drawing, Path, Rect, Shape, Text
from twin.report.palette import style_of

LEAST_TYPE = 6.0
"""The smallest type that people read on paper, points."""
_MM = 72 / 25.4


@dataclass(frozen=True)
class Paper:
    """Most width and height of a figure in points: the sheet less the margins, and less what stands above the figure. ``report.css`` has the same numbers."""

    name: str
    width: float
    height: float

    def scale(self, drawing: Drawing) -> float:
        """Points for each pixel of a figure that fills the width, or the height where that is less."""
        return min(self.width / drawing.width, self.height / drawing.height)


PORTRAIT = Paper("portrait", (210 - 2 * 14) * _MM, 225 * _MM)
BRIEF = Paper("brief", (210 - 2 * 14) * _MM, 86 * _MM)
"""For the diagram of flows on the second page of a brief."""
LANDSCAPE = Paper("landscape", (297 - 2 * 12) * _MM, 150 * _MM)


def least_type(drawing: Drawing, paper: Paper) -> float:
    """The smallest type of a figure on paper, points: ``text size * printable width / drawing width``; infinite without text."""
    sizes = [style_of(shape.css).get("size", 10.0) for shape in drawing.shapes if isinstance(shape, Text)]
    return min(sizes, default=float("inf")) * paper.scale(drawing)


def parts(drawing: Drawing, cuts: list[float]) -> list[Drawing]:
    """The figure in rows, cut at heights ``cuts``, each for a page; what crosses a cut is in both."""
    if not cuts:
        return [drawing]
    borders = [0.0, *cuts, drawing.height]
    found = []
    for k, (top, bottom) in enumerate(pairwise(borders)):
        shapes = [_moved(shape, -top) for shape in drawing.shapes if _reach(shape)[1] >= top and _reach(shape)[0] <= bottom]
        found.append(Drawing(drawing.width, bottom - top, f"{drawing.title}, part {k + 1} of {len(borders) - 1}", drawing.text, shapes))
    return found


def _reach(shape: Shape) -> tuple[float, float]:
    """The smallest and largest y of a shape."""
    if isinstance(shape, Rect):
        return shape.y, shape.y + shape.height
    if isinstance(shape, Text):
        return shape.y - style_of(shape.css).get("size", 10.0), shape.y
    heights = [float(y) for step in shape.commands for y in step[2::2]]
    return min(heights), max(heights)


def _moved(shape: Shape, down: float) -> Shape:
    if isinstance(shape, Path):
        steps = tuple((step[0], *(float(v) + (down if k % 2 else 0.0) for k, v in enumerate(step[1:]))) for step in shape.commands)
        return replace(shape, commands=steps)
    return replace(shape, y=shape.y + down)
