"""Sankey diagrams: bands as wide as what flows, left to right; recycles run back below the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twin.quantities import format_quantity
from twin.report import bands
from twin.report.drawing import Drawing, Path, fitted
from twin.report.flows import Link
from twin.report.layers import Edge, Placement, layers_of, loop_edges, place
from twin.report.palette import style_of
from twin.report.paper import LEAST_TYPE, Paper, least_type

COLUMN, WIDE, NODE = 118.0, 260.0, 9.0
"""From layer to layer, where there are many and few; width of a node."""
HEIGHT, GAP = 380.0, 26.0
"""Height for the ribbons of the fullest layer together; from node to node, so that two lines of text fit."""
LEAST = 0.8
"""Least width of a ribbon that is drawn."""
MARGIN, TURN = 10.0, 8.0
"""Free border; least radius of the inner edge of a recycle."""
SIZES = ("", "large", "larger")
"""Classes of type, from the one of the screen on: the first that can be read on paper is taken. In a larger one an amount would not fit its column."""
LANE_GAP, THICK = 5.0, 40.0
"""Between recycles; ribbons from this width on get as much room to bend as they need."""
GAIN = 1.15
"""Larger type is taken where it is larger on paper too, by this factor: a diagram of many rows grows with its type, and is then printed smaller."""
ROUNDS = 2
"""How often nodes are placed by where ribbons leave and enter."""
FEW, LAST = 4, 150.0
"""Most layers that are drawn wide; room for the names behind the last."""


def sankey(
    links: Sequence[Link],
    title: str,
    si: str,
    css: Callable[[str], str],
    early: Sequence[str] = (),
    labels: Callable[[str], str] = str,
    paper: Paper | None = None,
) -> Drawing:
    """Draw ``links``; ``si`` is the unit of their values, ``css(node)`` the class of a node, ``early`` the nodes that stand near what they feed.

    Where it is printed on ``paper`` its type is large enough to be read there, 6 pt, or as large as its many columns leave room for.
    """
    best = _drawn(links, title, si, css, early, labels, _Type(""))
    for size in SIZES[1:] if paper is not None else ():
        assert paper is not None
        if least_type(best, paper) >= LEAST_TYPE:
            break
        larger = _drawn(links, title, si, css, early, labels, _Type(size))
        if least_type(larger, paper) > GAIN * least_type(best, paper):
            best = larger
    return best


@dataclass(frozen=True)
class _Type:
    """The type of names and amounts: its class and its size in pixels."""

    css: str

    @property
    def size(self) -> float:
        return style_of(f"node-name {self.css}")["size"]

    @property
    def below(self) -> float:
        """From the middle of a node to the base line of its amount."""
        return self.size - 0.5

    @property
    def lines(self) -> int:
        """Most lines of a name: for large type two, as columns are narrow then."""
        return 2 if self.css else 1

    @property
    def gap(self) -> float:
        """From node to node, so that a name and an amount fit."""
        return GAP * self.size / 10.5 * (1 + self.lines) / 2

    @property
    def height(self) -> float:
        """For the ribbons of the fullest layer together, less where text takes more."""
        return HEIGHT if self.lines == 1 else 0.6 * HEIGHT


def _drawn(links: Sequence[Link], title: str, si: str, css: Callable[[str], str], early: Sequence[str], labels: Callable[[str], str], kind: _Type) -> Drawing:
    nodes = list(dict.fromkeys(name for link in links for name in (link.source, link.target)))
    total = {name: max(math.fsum(k.value for k in links if k.source == name), math.fsum(k.value for k in links if k.target == name)) for name in nodes}
    scale = _scale(nodes, links, total, early) * kind.height / HEIGHT
    thick = [max(link.value * scale, LEAST) for link in links]
    size = {name: max(total[name] * scale, _sum(links, thick, name, True), _sum(links, thick, name, False)) for name in nodes}
    edges = _edges(links, thick, *_attach(nodes, links, thick, None))
    for _ in range(ROUNDS):  # where ribbons go says where they leave, and that where nodes stand
        places = place(size, edges, kind.gap, early)
        edges = _edges(links, thick, *_attach(nodes, links, thick, places))
    top = MARGIN + 3.5 + kind.size
    lanes, low = _lanes(edges, places, top + places.extent + 2 * TURN)
    columns = _Columns(edges, places)
    drawing = Drawing(columns.width, low + MARGIN, title, _told(links, si))
    for k, (edge, link) in enumerate(zip(edges, links, strict=True)):
        text = f"{labels(link.source)} to {labels(link.target)}: {format_quantity(link.value, si)}"
        text += f" ({link.label})" if link.label and link.label != link.source else ""
        first, last = places.layer[edge.source], places.layer[edge.target]
        start = (columns.left[first] + NODE, top + places.start[edge.source] + edge.leaves)
        end = (columns.left[last], top + places.start[edge.target] + edge.enters)
        if k in places.back:
            drawing.shapes.append(Path("ribbon recycle", bands.back(start, end, lanes[k], columns.turns[k], edge.size), text))
        else:
            level = [(columns.left[first + n + 1], columns.left[first + n + 1] + NODE, top + y) for n, y in enumerate(places.route[k])]
            drawing.shapes.append(Path(f"ribbon to-{css(link.target)}", bands.forward(start, end, level, edge.size), text))
    boxes = {name: (columns.left[places.layer[name]], top + places.start[name], size[name]) for name in nodes}
    for name in nodes:
        room = _room(name, boxes, columns.width, kind)
        _node(drawing, boxes[name], room, labels(name), format_quantity(total[name], si), css(name), kind)
    return drawing


class _Columns:
    """Where the layers stand: ``left`` of each; ``turns`` of each recycle: x of the middle of its way down and up. They stand beside each other."""

    def __init__(self, edges: Sequence[Edge], places: Placement) -> None:
        layer, count = places.layer, max(places.layer.values(), default=0) + 1
        out, into = [0.0] * count, [0.0] * (count + 1)
        offsets: dict[int, tuple[float, float]] = {}
        for k in sorted(places.back, key=lambda k: (-places.start[edges[k].source] - edges[k].leaves, k)):  # the lowest turns first
            first, last = layer[edges[k].source], layer[edges[k].target]
            offsets[k] = (out[first] + TURN + edges[k].size / 2, into[last] + TURN + edges[k].size / 2)
            out[first] += edges[k].size + LANE_GAP
            into[last] += edges[k].size + LANE_GAP
        steep = _steepest(edges, places, count)
        plain = WIDE if count <= FEW else COLUMN
        self.left = [max(MARGIN, into[0] + TURN + MARGIN if into[0] else 0.0)]
        for n in range(count - 1):
            turned = out[n] + into[n + 1]
            self.left.append(self.left[-1] + max(plain, NODE + steep[n], NODE + turned + 2 * TURN + LANE_GAP))
        self.last = max(LAST, out[-1] + 2 * TURN)
        self.width = self.left[-1] + NODE + self.last + MARGIN
        self.turns = {k: (self.left[layer[edges[k].source]] + NODE + a, self.left[layer[edges[k].target]] - b) for k, (a, b) in offsets.items()}


def _steepest(edges: Sequence[Edge], places: Placement, count: int) -> list[float]:
    """The room from layer to layer that ribbons need, thick ones more, so that none looks thinner than half of what it is."""
    need = [0.0] * count
    for k, edge in enumerate(edges):
        if k in places.back:
            continue
        share = 1.2 if edge.size >= THICK else 0.2
        first = places.layer[edge.source]
        ys = [places.start[edge.source] + edge.leaves, *places.route[k], places.start[edge.target] + edge.enters]
        for n, (y, to_y) in enumerate(pairwise(ys)):
            need[first + n] = max(need[first + n], share * abs(to_y - y))
    return need


def recycled(links: Sequence[Link]) -> frozenset[tuple[str, str]]:
    """The (source, target) of the links that turn back."""
    nodes = list(dict.fromkeys(name for link in links for name in (link.source, link.target)))
    back = loop_edges(nodes, [Edge(link.source, link.target, weight=link.weight) for link in links])
    return frozenset((links[k].source, links[k].target) for k in back)


def _edges(links: Sequence[Link], thick: Sequence[float], leaves: Sequence[float], enters: Sequence[float]) -> list[Edge]:
    return [Edge(link.source, link.target, w, a, b, link.weight) for link, w, a, b in zip(links, thick, leaves, enters, strict=True)]


def _scale(nodes: Sequence[str], links: Sequence[Link], total: dict[str, float], early: Sequence[str]) -> float:
    """Pixels for each kg/s or W: the fullest layer, with what passes it, fills the height."""
    layer = layers_of(nodes, [Edge(link.source, link.target, weight=link.weight) for link in links], early)
    sums = dict.fromkeys(layer.values(), 0.0)
    for name in nodes:
        sums[layer[name]] += total[name]
    for link in links:
        for between in range(layer[link.source] + 1, layer[link.target]):
            sums[between] += link.value
    most = max(sums.values(), default=0.0)
    return HEIGHT / most if most > 0 else 0.0


def _sum(links: Sequence[Link], thick: Sequence[float], name: str, out: bool) -> float:
    return math.fsum(w for link, w in zip(links, thick, strict=True) if (link.source if out else link.target) == name)


def _attach(nodes: Sequence[str], links: Sequence[Link], thick: Sequence[float], places: Placement | None) -> tuple[list[float], list[float]]:
    """Where the middle of each ribbon leaves and enters, from the top of its nodes: in the order of where ribbons go, those that turn back lowest."""
    leaves, enters = [0.0] * len(links), [0.0] * len(links)

    def towards(k: int, out: bool) -> float:
        if places is None:
            return float(k)
        if k in places.back:
            return math.inf
        route = places.route[k]
        return (route[0] if out else route[-1]) if route else places.start[links[k].target if out else links[k].source]

    for name in nodes:
        for out, offsets in ((True, leaves), (False, enters)):
            y = 0.0
            own = [k for k, link in enumerate(links) if (link.source if out else link.target) == name]
            for k in sorted(own, key=lambda k: towards(k, out)):
                offsets[k] = y + thick[k] / 2
                y += thick[k]
    return leaves, enters


def _lanes(edges: Sequence[Edge], places: Placement, y: float) -> tuple[dict[int, float], float]:
    """The middle of each recycle's way back, short ones above long ones, and where the last one ends."""
    lanes = {}
    for k in sorted(places.back, key=lambda k: (places.layer[edges[k].source] - places.layer[edges[k].target], k)):
        lanes[k] = y + edges[k].size / 2
        y += edges[k].size + LANE_GAP
    return lanes, y


def _room(name: str, boxes: dict[str, tuple[float, float, float]], width: float, kind: _Type) -> float:
    """Pixels for a name: up to the next node at its height, whose own name may be as high as two lines, or the border."""
    x, y, size = boxes[name]
    middle = y + size / 2

    def beside(other: tuple[float, float, float]) -> bool:
        half = max(other[2] / 2, kind.gap / 2)
        return other[0] > x and abs(other[1] + other[2] / 2 - middle) < half + kind.gap / 2

    return min((other[0] for other in boxes.values() if beside(other)), default=width - MARGIN / 2) - x - NODE - 8


def _node(drawing: Drawing, box: tuple[float, float, float], room: float, label: str, amount: str, css: str, kind: _Type) -> None:
    (x, y, size), told = box, f"{label}: {amount}"
    middle = y + size / 2
    drawing.rect(f"node {css}", x, y, NODE, max(size, 1.0), told, 1.0)
    lines = _wrapped(label, room, kind)
    for k, line in enumerate(reversed(lines)):
        told_again = "" if "".join(lines) == label.replace(" ", "") or line == label else told
        drawing.write(f"node-name {kind.css}".strip(), x + NODE + 4, middle - 1.5 - k * kind.size, line, title=told_again)
    drawing.write(f"node-value {kind.css}".strip(), x + NODE + 4, middle + kind.below, amount)


def _wrapped(label: str, room: float, kind: _Type) -> list[str]:
    """A name in as many lines as it needs and its type allows, broken after "_" or a blank, and cut with "…" where it is longer still."""
    if fitted(label, room, kind.size) == label or kind.lines == 1:
        return [fitted(label, room, kind.size)]
    parts = re.findall(r"[^_ ]+[_ ]?", label)
    heads = ["".join(parts[:n]) for n in range(1, len(parts))]
    fitting = [head for head in heads if fitted(head.strip(), room, kind.size) == head.strip()]
    head = fitting[-1] if fitting else (heads or [label])[0]
    lines = [head.strip(), label[len(head) :].strip()]
    return [fitted(line, room, kind.size) for line in lines if line]


def _told(links: Sequence[Link], si: str) -> str:
    """The largest ribbons in words, for who does not see them."""
    largest = sorted(links, key=lambda link: -link.value)[:5]
    return "Largest flows: " + "; ".join(f"{link.source} to {link.target} {format_quantity(link.value, si)}" for link in largest) + "."
