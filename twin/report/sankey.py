"""Sankey diagrams: bands as wide as what flows, left to right; recycles run back below the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from twin.quantities import format_quantity
from twin.report import bands
from twin.report.drawing import Drawing, Path, fitted
from twin.report.flows import Link
from twin.report.layers import Edge, Placement, layers_of, loop_edges, place

COLUMN, WIDE, NODE = 118.0, 260.0, 9.0
"""From layer to layer, where there are many and few; width of a node."""
HEIGHT, GAP = 380.0, 26.0
"""Height for the ribbons of the fullest layer together; from node to node, so that two lines of text fit."""
LEAST = 0.8
"""Least width of a ribbon that is drawn."""
MARGIN, TURN, TYPE = 10.0, 8.0, 10.5
"""Free border; least radius of the inner edge of a recycle; size of type."""
LANE_GAP, THICK = 5.0, 40.0
"""Between recycles; ribbons from this width on get as much room to bend as they need."""
ROUNDS = 2
"""How often nodes are placed by where ribbons leave and enter."""
FEW, LAST = 4, 150.0
"""Most layers that are drawn wide; room for the names behind the last."""


def sankey(links: Sequence[Link], title: str, si: str, css: Callable[[str], str], early: Sequence[str] = (), labels: Callable[[str], str] = str) -> Drawing:
    """Draw ``links``; ``si`` is the unit of their values, ``css(node)`` the class of a node, ``early`` the nodes that stand near what they feed."""
    nodes = list(dict.fromkeys(name for link in links for name in (link.source, link.target)))
    total = {name: max(math.fsum(k.value for k in links if k.source == name), math.fsum(k.value for k in links if k.target == name)) for name in nodes}
    scale = _scale(nodes, links, total, early)
    thick = [max(link.value * scale, LEAST) for link in links]
    size = {name: max(total[name] * scale, _sum(links, thick, name, True), _sum(links, thick, name, False)) for name in nodes}
    edges = _edges(links, thick, *_attach(nodes, links, thick, None))
    for _ in range(ROUNDS):  # where ribbons go says where they leave, and that where nodes stand
        places = place(size, edges, GAP, early)
        edges = _edges(links, thick, *_attach(nodes, links, thick, places))
    top = MARGIN + 14.0
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
    for name in nodes:
        at = (columns.left[places.layer[name]], top + places.start[name])
        _node(drawing, at, size[name], columns.room(places.layer[name]), labels(name), format_quantity(total[name], si), css(name))
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

    def room(self, layer: int) -> float:
        """For the names of a layer."""
        return (self.left[layer + 1] - self.left[layer] - NODE if layer + 1 < len(self.left) else self.last) - 8


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


def _node(drawing: Drawing, at: tuple[float, float], size: float, room: float, label: str, amount: str, css: str) -> None:
    (x, y), middle, told = at, at[1] + size / 2, f"{label}: {amount}"
    drawing.rect(f"node {css}", x, y, NODE, max(size, 1.0), told, 1.0)
    drawing.write("node-name", x + NODE + 4, middle - 1.5, (shown := fitted(label, room, TYPE)), title="" if shown == label else told)
    drawing.write("node-value", x + NODE + 4, middle + 10, amount)


def _told(links: Sequence[Link], si: str) -> str:
    """The largest ribbons in words, for who does not see them."""
    largest = sorted(links, key=lambda link: -link.value)[:5]
    return "Largest flows: " + "; ".join(f"{link.source} to {link.target} {format_quantity(link.value, si)}" for link in largest) + "."
