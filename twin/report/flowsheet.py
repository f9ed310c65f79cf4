"""The flowsheet: units by role, machines of a line in one box, streams with their mass flow, from top to bottom.

It is made for paper: no wider than A4 allows with type that can be read. Layers that are too full are parted, lines that are too long go on in a second box,
and what is too high for one page is cut between layers. Portrait or landscape is what takes fewer pages, portrait where both take as many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.quantities import format_quantity
from twin.report.drawing import CHARACTER, Command, Drawing, Path, fitted, polyline
from twin.report.flows import Flow, value_of, weight_of
from twin.report.layers import Edge, Placement, loop_edges, place
from twin.report.paper import LANDSCAPE, LEAST_TYPE, PORTRAIT, Paper, parts
from twin.report.source import Plan, Source
from twin.scenario.process import ProcessModel

WIDTH, LOW, TALL = 104.0, 24.0, 36.0
BETWEEN = 26.0
"""From machine to machine in a line."""
SIDE, ABOVE, BELOW = 10.0, 34.0, 10.0
"""From the frame of a line to its machines."""
GAP, LAYER_GAP = 12.0, 56.0
LANE = 9.0
"""From one recycle to the next."""
MARGIN, LABEL = 12.0, 10.0


@dataclass(frozen=True)
class _Box:
    """A unit on the sheet."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Flowsheet:
    """The plant in one drawing, and the same in ``parts`` as it is printed on ``paper``."""

    whole: Drawing
    parts: list[Drawing]
    paper: Paper


def flowsheet(source: Plan, flows: list[Flow]) -> Flowsheet:
    """Draw the plant."""
    sheets = [_Sheet(source, flows, paper) for paper in (PORTRAIT, LANDSCAPE)]
    found = [Flowsheet(whole := sheet.draw(), parts(whole, sheet.cuts()), sheet.paper) for sheet in sheets]
    return min(found, key=lambda one: (one.whole.width > _most(one.paper)[0], len(one.parts)))


def _most(paper: Paper) -> tuple[float, float]:
    """The most width and height in pixels at which the smallest type prints large enough."""
    scale = LEAST_TYPE / LABEL
    return paper.width / scale, paper.height / scale


class _Sheet:
    def __init__(self, source: Plan, flows: list[Flow], paper: Paper) -> None:
        self.source, self.flows, self.paper = source, flows, paper
        self.lines, self.names = _boxes(source, _most(paper)[0])
        self.group = {machine: box for box, machines in self.lines.items() for machine in machines}
        self.values = {id(flow): value_of(source, flow) for flow in flows}
        self.most = max((value for value in self.values.values() if not math.isnan(value)), default=0.0)
        self.outer = list(dict.fromkeys(self.group.get(unit, unit) for unit in source.scenario.units))
        self.boxes: dict[str, _Box] = {}
        self.labels: list[tuple[float, float, float]] = []
        self.layers: list[tuple[float, float]] = []

    def cuts(self) -> list[float]:
        """Where the drawing is cut between layers: into as few parts as fit on pages, these about alike in height."""
        most = _most(self.paper)[1]
        found = self._cut(most)
        while (fewer := most - LAYER_GAP / 2) > 0 and len(better := self._cut(fewer)) == len(found):
            most, found = fewer, better
        return found

    def _cut(self, most: float) -> list[float]:
        found, begin = [], 0.0
        for k in range(1, len(self.layers)):
            end = self.layers[k + 1][0] - LAYER_GAP / 2 if k + 1 < len(self.layers) else self.height
            if end - begin > most:
                begin = self.layers[k][0] - LAYER_GAP / 2
                found.append(begin)
        return found

    @property
    def height(self) -> float:
        return (self.layers[-1][1] if self.layers else 0.0) + 2 * MARGIN + 24.0

    # -- places --------------------------------------------------------------------------------------------------------------------------

    def _size(self, outer: str) -> tuple[float, float]:
        if outer in self.lines:
            return _length(len(self.lines[outer])), ABOVE + TALL + BELOW
        return WIDTH, LOW if self.source.role(outer) in ("feed", "product") else TALL

    def _offset(self, unit: str) -> float:
        """Where the middle of a unit is, from the start of its outer box."""
        outer = self.group.get(unit, unit)
        if outer not in self.lines:
            return WIDTH / 2
        return SIDE + self.lines[outer].index(unit) * (WIDTH + BETWEEN) + WIDTH / 2

    def _edges(self) -> list[tuple[Edge, Flow | None]]:
        """Connections between outer boxes; those of utilities have no flow."""
        found: list[tuple[Edge, Flow | None]] = []
        for flow in self.flows:
            a, b = (self.group.get(unit, unit) for unit in (flow.source, flow.target))
            if a != b:
                leaves, enters = self._offset(flow.source), self._offset(flow.target)
                ports = (leaves / self._size(a)[0], enters / self._size(b)[0])
                found.append((Edge(a, b, 8.0, leaves, enters, weight_of(self.source, flow), ports), flow))
        for name, model in self.source.scenario.units.items():
            if isinstance(model, ProcessModel):
                found += [(Edge(utility, name, 8.0, WIDTH / 2, WIDTH / 2), None) for utility in model.utilities()]
        return found

    def _place(self, edges: list[tuple[Edge, Flow | None]]) -> tuple[Placement, list[float], list[float]]:
        """Places, and top and bottom of each layer."""
        supply = self._supply([edge for edge, _ in edges])
        back = loop_edges(self.outer, [edge for edge, _ in edges])
        room = _most(self.paper)[0] - 2 * MARGIN - _lanes(len(back))
        places = place({outer: self._size(outer)[0] for outer in self.outer}, [edge for edge, _ in edges], GAP, supply, room)
        turns = any(places.layer[edges[k][0].target] == 0 for k in back)  # recycles come in from above
        tops, bottoms, y = [], [], MARGIN + (LOW if turns else 0.0)
        for layer in range(max(places.layer.values(), default=-1) + 1):
            height = max((self._size(outer)[1] for outer in self.outer if places.layer[outer] == layer), default=TALL)
            tops.append(y)
            bottoms.append(y + height)
            y += height + LAYER_GAP
        self.layers = list(zip(tops, bottoms, strict=True))
        for outer in self.outer:
            width, height = self._size(outer)
            layer = places.layer[outer]
            box = _Box(places.start[outer] + MARGIN, tops[layer] + (bottoms[layer] - tops[layer] - height) / 2, width, height)
            self.boxes[outer] = box
            for k, machine in enumerate(self.lines.get(outer, ())):
                self.boxes[f"{machine}/"] = _Box(box.x + SIDE + k * (WIDTH + BETWEEN), box.y + ABOVE, WIDTH, TALL)
        return places, tops, bottoms

    def _supply(self, edges: list[Edge]) -> list[str]:
        """Units that only feeds and bunkers lead to: they stand near what they supply."""
        into: dict[str, list[str]] = {outer: [] for outer in self.outer}
        for edge in edges:
            into[edge.target].append(edge.source)
        found = [outer for outer in self.outer if outer not in self.lines and self.source.role(outer) in ("feed", "utility")]
        bunkers = [outer for outer in self.outer if outer not in self.lines and self.source.role(outer) == "bunker"]
        found += [outer for outer in bunkers if all(before in found for before in into[outer])]
        return found

    def _box(self, unit: str) -> _Box:
        return self.boxes.get(f"{unit}/") or self.boxes[unit]

    # -- drawing -------------------------------------------------------------------------------------------------------------------------

    def draw(self) -> Drawing:
        edges = self._edges()
        places, tops, bottoms = self._place(edges)
        lanes = [k for k in range(len(edges)) if k in places.back]
        count = len(self.source.scenario.units)
        told = "; the table of streams below lists every connection with its mass flow." if isinstance(self.source, Source) else "."
        sheet = Drawing(
            places.extent + 2 * MARGIN + _lanes(len(lanes)),
            self.height,
            "Flowsheet of the plant",
            f"{count} units from feeds at the top to products at the bottom{told}",
        )
        for name, machines in self.lines.items():
            box = self.boxes[name]
            sheet.rect("line-box", box.x, box.y, box.width, box.height, corner=6)
            sheet.write("line-name", box.x + box.width - 7, box.y + 12, fitted(self.names[name] if len(machines) > 1 else "line", box.width - 10, LABEL), "end")
        exits, entries = self._ends(edges, places)
        for k, (edge, flow) in enumerate(edges):
            if k in places.back:
                self._back(sheet, flow, exits[k], entries[k], places.extent + 2 * MARGIN + (lanes.index(k) + 1) * LANE)
            else:
                first = places.layer[edge.source] + 1
                middles = [(x + MARGIN, tops[first + n], bottoms[first + n]) for n, x in enumerate(places.route[k])]
                self._forward(sheet, flow, exits[k], entries[k], middles)
        for flow in self.flows:
            if flow.source in self.group and self.group.get(flow.target) == self.group[flow.source]:
                self._within(sheet, flow)
        for unit in self.source.scenario.units:
            self._unit(sheet, unit)
        return sheet

    def _ends(self, edges: list[tuple[Edge, Flow | None]], places: Placement) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Where each connection leaves and enters: side by side at the lower and upper border, in the order of where they go and come from."""
        exits, entries = [(0.0, 0.0)] * len(edges), [(0.0, 0.0)] * len(edges)
        leaving: dict[str, list[int]] = {}
        entering: dict[str, list[int]] = {}
        for k, (edge, flow) in enumerate(edges):
            leaving.setdefault(flow.source if flow else edge.source, []).append(k)
            entering.setdefault(flow.target if flow else edge.target, []).append(k)

        def towards(k: int, end: int) -> float:
            if k in places.back:
                return math.inf
            if places.route[k]:
                return places.route[k][end] + MARGIN
            flow, edge = edges[k][1], edges[k][0]
            return self._box((flow.target if flow else edge.target) if end == 0 else (flow.source if flow else edge.source)).middle

        for unit, own in leaving.items():
            box = self._box(unit)
            for n, k in enumerate(sorted(own, key=lambda k: towards(k, 0))):
                exits[k] = (box.x + box.width * (n + 1) / (len(own) + 1), box.y + box.height)
        for unit, own in entering.items():
            box = self._box(unit)
            for n, k in enumerate(sorted(own, key=lambda k: towards(k, -1))):
                entries[k] = (box.x + box.width * (n + 1) / (len(own) + 1), box.y)
        return exits, entries

    def _about(self, flow: Flow | None) -> str:
        if flow is None:
            return ""
        if not isinstance(self.source, Source):
            return f"{flow.stream} to {flow.target}"
        value = self.values[id(flow)]
        amount = "not recorded" if math.isnan(value) else format_quantity(value, "kg/s")
        return f"{flow.stream} to {flow.target}: {amount}" + ("" if flow.share == 1.0 else " (estimated part of what left the bunker)")

    def _width(self, flow: Flow | None) -> float:
        value = self.values[id(flow)] if flow is not None else 0.0
        return 1.0 + 3.0 * math.sqrt(value / self.most) if self.most > 0 and value > 0 else 1.0

    def _label(self, sheet: Drawing, flow: Flow | None, *places: tuple[float, float]) -> None:
        """Write the mass flow at the first of some places where no other stands; nowhere if there is none, as title and table have it too."""
        if flow is None or math.isnan(value := self.values[id(flow)]):
            return
        number, _, unit = format_quantity(value, "kg/s").partition(" ")
        text = f"{float(number):.3g} {unit}" if value else "0"
        half = len(text) * CHARACTER * LABEL / 2 + 1
        for x, y in places:
            if all(abs(x - other) >= half + wide or abs(y - at) >= LABEL for other, at, wide in self.labels):
                self.labels.append((x, y, half))
                sheet.write("flow-label", x, y, text, "middle", self._about(flow))
                return

    def _stroke(self, sheet: Drawing, css: str, flow: Flow | None, commands: tuple[Command, ...]) -> None:

        sheet.shapes.append(Path(css if flow else "stream service", commands, self._about(flow), self._width(flow)))

    def _forward(
        self, sheet: Drawing, flow: Flow | None, start: tuple[float, float], end: tuple[float, float], middles: list[tuple[float, float, float]]
    ) -> None:
        commands: list[Command] = [("M", *start)]
        x, y = start
        for mid, top, bottom in middles:
            commands += [_bend(x, y, mid, top), ("L", mid, bottom)]
            x, y = mid, bottom
        commands.append(_bend(x, y, end[0], end[1] - 5))
        self._stroke(sheet, "stream", flow, tuple(commands))
        _arrow(sheet, *end)
        self._label(sheet, flow, *((start[0], start[1] + down) for down in (12, 21)), *((end[0], end[1] - up) for up in (10, 19)))

    def _back(self, sheet: Drawing, flow: Flow | None, start: tuple[float, float], end: tuple[float, float], lane: float) -> None:
        """Down, out to a lane at the right, up, and in from above."""
        low, high = start[1] + 20 + (lane % 3), end[1] - 18 - (lane % 3)
        points = [start, (start[0], low), (lane, low), (lane, high), (end[0], high), (end[0], end[1] - 5)]
        self._stroke(sheet, "stream recycle", flow, _rounded(points, 7.0))
        _arrow(sheet, *end, css="arrow recycle-arrow")
        self._label(sheet, flow, (start[0], start[1] + 12), (end[0], end[1] - 10), ((start[0] + lane) / 2, low))

    def _within(self, sheet: Drawing, flow: Flow) -> None:
        """Between machines of a line: straight to the next, over the machines to another."""
        a, b = self._box(flow.source), self._box(flow.target)
        if 0 < b.x - a.x < 1.5 * (WIDTH + BETWEEN):
            y = a.y + a.height / 2
            self._stroke(sheet, "stream", flow, polyline([(a.x + a.width, y), (b.x - 5, y)]))
            sheet.shapes.append(_triangle("arrow", (b.x, y), (b.x - 6, y - 3.5), (b.x - 6, y + 3.5)))
            return
        recycle = b.x <= a.x
        rise = 8.0 if recycle else 13.0
        start, end = (a.x + a.width * (0.7 if recycle else 0.8), a.y), (b.x + b.width * (0.3 if recycle else 0.2), b.y)
        if a is b:
            start, end = (a.x + a.width * 0.7, a.y), (a.x + a.width * 0.3, a.y)
        points = [start, (start[0], a.y - rise), (end[0], a.y - rise), (end[0], a.y - 5)]
        self._stroke(sheet, "stream recycle" if recycle else "stream", flow, _rounded(points, 5.0))
        _arrow(sheet, *end, css="arrow recycle-arrow" if recycle else "arrow")
        self._label(sheet, flow, ((start[0] + end[0]) / 2, a.y - rise - 3), (start[0], a.y - rise - 3))

    def _unit(self, sheet: Drawing, unit: str) -> None:
        box, role, heading = self._box(unit), self.source.role(unit), self.source.heading(unit)
        title = f"{unit}: {heading} ({role})"
        css = f"unit {self.source.look(unit)}"
        if role == "bunker":
            x, y, w, h = box.x, box.y, box.width, box.height

            outline = (("M", x, y), ("L", x + w, y), ("L", x + w, y + h - 9), ("L", x + w - 12, y + h), ("L", x + 12, y + h), ("L", x, y + h - 9), ("Z",))
            sheet.shapes.append(Path(css, outline, title, unit=unit))
        else:
            sheet.rect(css, box.x, box.y, box.width, box.height, title, box.height / 2 if role in ("feed", "product") else 3.0, unit)
        if box.height <= LOW:
            sheet.write("unit-name", box.middle, box.y + 16, fitted(unit, WIDTH - 12, 10.5), "middle", title)
        else:
            sheet.write("unit-name", box.middle, box.y + 15, fitted(unit, WIDTH - 6, 10.5), "middle", title)
            sheet.write("unit-kind", box.middle, box.y + 28, fitted(heading, WIDTH - 6, LABEL), "middle", title)


def _length(count: int) -> float:
    """The width of the box of a line of so many machines."""
    return count * WIDTH + (count - 1) * BETWEEN + 2 * SIDE


def _lanes(count: int) -> float:
    """The room for so many recycles at the right."""
    return (count + 1) * LANE if count else 0.0


def _boxes(source: Plan, width: float) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Machines and name of each box of a line. One that is too long for the paper has several."""
    most = max(int((width - 2 * MARGIN - 6 * LANE - 2 * SIDE + BETWEEN) / (WIDTH + BETWEEN)), 1)
    machines, names = {}, {}
    for line in source.topology.lines:
        count = math.ceil(len(line.machines) / most)
        each = math.ceil(len(line.machines) / count)
        for k in range(count):
            box = line.name if count == 1 else f"{line.name}/{k}"  # no unit has a slash in its name
            machines[box] = tuple(line.machines[k * each : (k + 1) * each])
            names[box] = f"line {line.name}" + (f", {k + 1} of {count}" if count > 1 else "")
    return machines, names


def _bend(x: float, y: float, to_x: float, to_y: float) -> Command:
    half = (to_y - y) * 0.55
    return ("C", x, y + half, to_x, to_y - half, to_x, to_y)


def _arrow(sheet: Drawing, x: float, y: float, css: str = "arrow") -> None:
    sheet.shapes.append(_triangle(css, (x, y), (x - 3.5, y - 6), (x + 3.5, y - 6)))


def _triangle(css: str, *points: tuple[float, float]) -> Path:
    return Path(css, (*polyline(points), ("Z",)))


def _rounded(points: list[tuple[float, float]], radius: float) -> tuple[Command, ...]:
    """A path of straight pieces with round corners."""
    commands: list[Command] = [("M", *points[0])]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        commands += [("L", *_towards(here, before, radius)), ("C", *here, *here, *_towards(here, after, radius))]
    return (*commands, ("L", *points[-1]))


def _towards(here: tuple[float, float], there: tuple[float, float], most: float) -> tuple[float, float]:
    length = math.hypot(there[0] - here[0], there[1] - here[1])
    share = min(most, length / 2) / length if length else 0.0
    return here[0] + (there[0] - here[0]) * share, here[1] + (there[1] - here[1]) * share
