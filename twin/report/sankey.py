"""Sankey diagrams: ribbons as wide as what flows, left to right; recycles run back below the rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from twin.quantities import format_quantity
from twin.report.drawing import Command, Drawing, Path, fitted
from twin.report.flows import Link
from twin.report.layers import Edge, Placement, loop_edges, place

COLUMN, WIDE, NODE = 118.0, 260.0, 9.0
"""From layer to layer, where there are many and few; width of a node."""
HEIGHT, GAP = 380.0, 26.0
"""Height for the ribbons of the fullest layer together; from node to node, so that two lines of text fit."""
LEAST = 0.8
"""Least width of a ribbon that is drawn."""
MARGIN, TURN, TYPE = 10.0, 60.0, 10.5
"""Free border, also where recycles turn into the first layer; size of type."""
LANE_GAP = 5.0
FEW, LAST = 4, 150.0
"""Most layers that are drawn wide; room for the names behind the last."""


def sankey(links: Sequence[Link], title: str, si: str, css: Callable[[str], str], early: Sequence[str] = (), labels: Callable[[str], str] = str) -> Drawing:
    """Draw ``links``; ``si`` is the unit of their values, ``css(node)`` the class of a node, ``early`` the nodes that stand near what they feed."""
    nodes = list(dict.fromkeys(name for link in links for name in (link.source, link.target)))
    total = {name: max(math.fsum(k.value for k in links if k.source == name), math.fsum(k.value for k in links if k.target == name)) for name in nodes}
    scale = _scale(nodes, links, total, early)
    thick = [max(link.value * scale, LEAST) for link in links]
    leaves, enters = _attach(nodes, links, thick, None)
    size = {name: max(total[name] * scale, _sum(links, thick, name, True), _sum(links, thick, name, False)) for name in nodes}
    edges = _edges(links, thick, leaves, enters)
    places = place(size, edges, GAP, early)
    leaves, enters = _attach(nodes, links, thick, places)
    edges = _edges(links, thick, leaves, enters)
    top = MARGIN + 14.0
    lanes, low = _lanes(edges, places, top + places.extent + 16.0)
    count = max(places.layer.values(), default=0) + 1
    column, left = WIDE if count <= FEW else COLUMN, TURN if any(places.layer[edges[k].target] == 0 for k in places.back) else MARGIN
    drawing = Drawing(left + (count - 1) * column + NODE + LAST + MARGIN, low + MARGIN, title, _told(links, si))

    def x_of(name: str, after: int = 0) -> float:
        return left + (places.layer[name] + after) * column

    for k, (edge, link) in enumerate(zip(edges, links, strict=True)):
        text = f"{labels(link.source)} to {labels(link.target)}: {format_quantity(link.value, si)}"
        text += f" ({link.label})" if link.label and link.label != link.source else ""
        y1, y2 = top + places.start[edge.source] + edge.leaves, top + places.start[edge.target] + edge.enters
        x1, x2 = x_of(edge.source) + NODE, x_of(edge.target)
        if k in places.back:
            commands, look = _around((x1, y1), (x2, y2), lanes[k], edge.size), "ribbon recycle"
        else:
            middles = [(x_of(edge.source, n + 1), top + y) for n, y in enumerate(places.route[k])]
            commands, look = _along((x1, y1), (x2, y2), middles), f"ribbon to-{css(link.target)}"
        drawing.shapes.append(Path(look, commands, text, edge.size))
    for name in nodes:
        x, y = x_of(name), top + places.start[name]
        room = (LAST if places.layer[name] == count - 1 else column - NODE) - 8
        _node(drawing, (x, y), size[name], room, labels(name), format_quantity(total[name], si), css(name))
    return drawing


def recycled(links: Sequence[Link]) -> frozenset[tuple[str, str]]:
    """The (source, target) of the links that turn back."""
    nodes = list(dict.fromkeys(name for link in links for name in (link.source, link.target)))
    back = loop_edges(nodes, [Edge(link.source, link.target, weight=link.weight) for link in links])
    return frozenset((links[k].source, links[k].target) for k in back)


def _edges(links: Sequence[Link], thick: Sequence[float], leaves: Sequence[float], enters: Sequence[float]) -> list[Edge]:
    return [Edge(link.source, link.target, w, a, b, link.weight) for link, w, a, b in zip(links, thick, leaves, enters, strict=True)]


def _scale(nodes: Sequence[str], links: Sequence[Link], total: dict[str, float], early: Sequence[str]) -> float:
    """Pixels for each kg/s or W: the fullest layer, with what passes it, fills the height."""
    layer = place(dict.fromkeys(nodes, 1.0), [Edge(link.source, link.target, weight=link.weight) for link in links], 1.0, early).layer
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


def _along(start: tuple[float, float], end: tuple[float, float], middles: Sequence[tuple[float, float]]) -> tuple[Command, ...]:
    """Through the places between its ends, level where nodes could be."""
    commands: list[Command] = [("M", *start)]
    x, y = start
    for at, mid in middles:
        commands += [_bend(x, y, at, mid), ("L", at + NODE, mid)]
        x, y = at + NODE, mid
    return (*commands, _bend(x, y, *end))


def _bend(x: float, y: float, to_x: float, to_y: float) -> Command:
    half = (to_x - x) / 2
    return ("C", x + half, y, to_x - half, to_y, to_x, to_y)


def _around(start: tuple[float, float], end: tuple[float, float], lane: float, width: float) -> tuple[Command, ...]:
    """Out to the right, down to the lane, back to the left, up and in."""
    (x1, y1), (x2, y2) = start, end
    turn = 8.0 + min(width / 2, 16.0)
    out, into = x1 + turn, x2 - turn
    return (
        ("M", x1, y1),
        ("C", out + turn, y1, out + turn, lane, out - turn, lane),
        ("L", into + turn, lane),
        ("C", into - turn, lane, into - turn, y2, x2, y2),
    )


def _node(drawing: Drawing, at: tuple[float, float], size: float, room: float, label: str, amount: str, css: str) -> None:
    (x, y), middle, told = at, at[1] + size / 2, f"{label}: {amount}"
    drawing.rect(f"node {css}", x, y, NODE, max(size, 1.0), told, 1.0)
    drawing.write("node-name", x + NODE + 4, middle - 1.5, (shown := fitted(label, room, TYPE)), title="" if shown == label else told)
    drawing.write("node-value", x + NODE + 4, middle + 10, amount)


def _told(links: Sequence[Link], si: str) -> str:
    """The largest ribbons in words, for who does not see them."""
    largest = sorted(links, key=lambda link: -link.value)[:5]
    return "Largest flows: " + "; ".join(f"{link.source} to {link.target} {format_quantity(link.value, si)}" for link in largest) + "."
