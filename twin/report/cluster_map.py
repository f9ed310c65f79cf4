"""The map of a cluster: its sites, the grid and the heat network, and what goes between them, as wide as it is much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from twin.quantities import format_quantity
from twin.report.drawing import CHARACTER, Drawing, Path, fitted
from twin.results.cluster import ClusterResult
from twin.results.cluster_energy import sources_of_sites
from twin.results.energy import EnergyAccount
from twin.scenario.cluster import Cluster

WIDTH, HEIGHT, BOX_HEIGHT = 900.0, 520.0, 44.0
ROWS = {"grid": 40.0, "site": 220.0, "heat": 420.0}
WIDEST, LEAST, PLANNED = 16.0, 1.5, 4.0
TYPE = 11.0
KINDS = {"material": "series", "power": "series fourth", "heat": "series second"}
"""The class of a flow by what flows."""
Rows = dict[str, list[tuple[str, str, str]]]
"""By row of the map, of each box its key, what is written in it, and its class."""


@dataclass(frozen=True)
class Flow:
    """What goes from one box to another: of which kind, how much (kg or J) and as people read it."""

    start: str
    end: str
    kind: str
    amount: float
    text: str


@dataclass(frozen=True)
class Box:
    """A box of the map: what is written in it, its class, its middle and its width."""

    text: str
    css: str
    x: float
    y: float
    width: float


def flows_of(result: ClusterResult) -> list[Flow]:
    """Return what went between the members in the window of key figures; what was nothing is left out."""
    found = [*_hauls(result), *_power(result.energy), *_heat(result)]
    return [flow for flow in found if flow.amount > 0.0]


def _hauls(result: ClusterResult) -> Iterator[Flow]:
    ends = {name: link_ends(text) for name, text in result.written_links.items()}
    for name, haul in result.hauls.items():
        paid = f", {haul.moved.worth:,.0f} EUR back" if haul.moved.worth else ""
        yield Flow(*ends[name], "material", haul.moved.mass, f"{name}: {format_quantity(haul.moved.mass, 'kg')}{paid}")


def link_ends(written: str) -> tuple[str, str]:
    """Return sender and receiver of a link as it was written."""
    import json

    link = json.loads(written)
    return str(link["from"]).partition(".")[0], str(link["to"]).partition(".")[0]


def _power(account: EnergyAccount) -> Iterator[Flow]:
    if not account.has_power:
        return
    for name, energy in account.by_name("power/source", "power/energy").items():
        yield Flow("grid", name, "power", energy, format_quantity(energy, "J"))


def _heat(result: ClusterResult) -> Iterator[Flow]:
    account = result.energy
    if not account.has_heat:
        return
    of_sites = {name: place.partition(".")[0] for name, place in sources_of_sites(result.stored_energy).items()}
    for name, heat in account.by_name("heat/source", "heat/taken").items():
        yield Flow(of_sites.get(name, name), "heat", "heat", heat, f"{name}: {format_quantity(heat, 'J')}")
    for name, heat in account.by_name("heat/boiler", "heat/made").items():
        yield Flow(name, "heat", "heat", heat, format_quantity(heat, "J"))
    for name, heat in account.by_name("heat/user", "heat/served").items():
        yield Flow("heat", name, "heat", heat, format_quantity(heat, "J"))


def cluster_map(result: ClusterResult) -> Drawing:
    """Return the drawing. Widths are proportional among flows of one kind; no width is below 1.5 px."""
    flows = flows_of(result)
    return _drawn(f"What went between the members of {result.attrs['scenario_name']}", flows, _boxes(_rows(result), flows, list(result.sites)))


def planned_map(cluster: Cluster) -> Drawing:
    """Return the drawing of a cluster that was not run: what may go between its members, all as wide."""
    rows, flows = _planned_rows(cluster), list(_planned_flows(cluster))
    return _drawn(f"What may go between the members of {cluster.name}", flows, _boxes(rows, flows, list(cluster.sites)), PLANNED)


def _planned_flows(cluster: Cluster) -> Iterator[Flow]:
    for name, link in cluster.links.items():
        yield Flow(link.sender[0], link.receiver[0], "material", 1.0, f"{name}: {link.sender[1]} → {link.receiver[1]}")
    energy = cluster.energy
    if energy is not None and energy.power is not None:
        for name in cluster.sites:
            yield Flow("grid", name, "power", 1.0, "")
    if energy is not None and energy.heat is not None:
        for name, source in energy.heat.sources.items():
            yield Flow(source.from_.partition(".")[0] if source.from_ else name, "heat", "heat", 1.0, name if source.from_ else "")
        for name in energy.heat.boilers:
            yield Flow(name, "heat", "heat", 1.0, "")
        for name in energy.heat.users:
            yield Flow("heat", name, "heat", 1.0, "")


def _planned_rows(cluster: Cluster) -> Rows:
    energy = cluster.energy
    rows: Rows = {"grid": [], "site": [(name, name, "unit bunker") for name in cluster.sites], "heat": []}
    if energy is not None and energy.power is not None:
        rows["grid"] = [("grid", "power grid", "unit feed")]
    if energy is not None and energy.heat is not None:
        makers = [*(name for name, source in energy.heat.sources.items() if not source.from_), *energy.heat.boilers]
        rows["heat"] = _heat_row(makers, list(energy.heat.users), hypothetical=energy.heat.hypothetical)
    return rows


def _heat_row(makers: Sequence[str], users: Sequence[str], *, hypothetical: bool) -> list[tuple[str, str, str]]:
    network = "heat network (hypothetical)" if hypothetical else "heat network"
    return [*((name, name, "unit process") for name in makers), ("heat", network, "unit bunker"), *((name, name, "unit product") for name in users)]


def _drawn(title: str, flows: list[Flow], boxes: Mapping[str, Box], widest: float = WIDEST) -> Drawing:
    drawing = Drawing(WIDTH, HEIGHT, title, f"{len(flows)} flows between {len(boxes)} members and networks")
    most = {kind: max((flow.amount for flow in flows if flow.kind == kind), default=1.0) for kind in KINDS}
    for place, flow in enumerate(flows):
        _draw(drawing, boxes, flow, max(LEAST, widest * flow.amount / most[flow.kind]), place)
    for box in boxes.values():
        drawing.rect(box.css, box.x - box.width / 2, box.y - BOX_HEIGHT / 2, box.width, BOX_HEIGHT, box.text, 5.0)
        drawing.write("unit-name", box.x, box.y + 4, fitted(box.text, box.width - 10, TYPE), "middle", box.text)
    for k, (kind, css) in enumerate(KINDS.items()):
        drawing.line(css, (20, HEIGHT - 14 - 16 * k), (44, HEIGHT - 14 - 16 * k))
        drawing.write("tick", 50, HEIGHT - 10 - 16 * k, kind)
    return drawing


def _rows(result: ClusterResult) -> Rows:
    account = result.energy
    rows: Rows = {"grid": [], "site": [(name, name, "unit bunker") for name in result.sites], "heat": []}
    if account.has_power:
        rows["grid"] = [("grid", "power grid", "unit feed")]
    if account.has_heat:
        of_sites = sources_of_sites(result.stored_energy)
        makers = [name for name in (*account.names("heat/source"), *account.names("heat/boiler")) if name not in of_sites]
        rows["heat"] = _heat_row(makers, account.names("heat/user"), hypothetical=bool(account.number("heat/hypothetical")))
    return rows


def _boxes(rows: Rows, flows: list[Flow], sites: Sequence[str]) -> dict[str, Box]:
    """Sites in a row; the grid above; below what makes heat, its network, and who uses it."""
    found: dict[str, Box] = {}
    used = {end for flow in flows for end in (flow.start, flow.end)} | set(sites) | {"grid", "heat"}
    for row, members in rows.items():
        shown = [member for member in members if member[0] in used]
        for k, (key, text, css) in enumerate(shown):
            width = min(WIDTH / max(1, len(shown)) - 24, max(90.0, CHARACTER * TYPE * len(text) + 24))
            found[key] = Box(text, css, WIDTH * (k + 0.5) / len(shown), ROWS[row], width)
    return found


def _draw(drawing: Drawing, boxes: Mapping[str, Box], flow: Flow, width: float, place: int) -> None:
    if flow.start not in boxes or flow.end not in boxes:
        return
    a, b = boxes[flow.start], boxes[flow.end]
    if a.y == b.y:  # between neighbours of a row: an arc, the way back on the other side
        bend = (-1 if a.x < b.x else 1) * (60 + 14 * (place % 3))
        start, end = (a.x, a.y), (b.x, b.y)
        first, second = (a.x + (b.x - a.x) / 3, a.y + bend), (a.x + 2 * (b.x - a.x) / 3, b.y + bend)
        middle = ((a.x + b.x) / 2, a.y + 0.75 * bend + (-4 - width / 2 if bend < 0 else 12 + width / 2))
        anchor: Literal["start", "middle", "end"] = "middle"
    else:
        start, end = (a.x, a.y), (b.x, b.y)
        first, second = (a.x, (a.y + b.y) / 2), (b.x, (a.y + b.y) / 2)
        middle, anchor = ((a.x + b.x) / 2 + 6 + width / 2, (a.y + b.y) / 2 - 4 + 12 * (place % 2)), "start"
    commands = (("M", *start), ("C", *first, *second, *end))
    drawing.shapes.append(Path(KINDS[flow.kind], commands, f"{boxes[flow.start].text} to {boxes[flow.end].text}{', ' if flow.text else ''}{flow.text}", width))
    if flow.text:
        drawing.write("tick", *middle, flow.text, anchor)
