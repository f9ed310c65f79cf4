"""What flows between units: each stream with where it comes from and goes to, in mass, by element, and energy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.plant.streams import streams_of
from twin.report.source import Plan, Source, takers_of

SMALL_SHARE = 0.004
"""Energy users below this share of all energy are drawn together."""
OTHER = "other units"


@dataclass(frozen=True)
class Flow:
    """A connection. ``share`` is the part of the stream that takes it: 1, unless several units take from one bunker."""

    source: str
    target: str
    stream: str
    share: float = 1.0


@dataclass(frozen=True)
class Link:
    """A ribbon of a Sankey diagram: ``value`` in kg/s or W. Recycles are where ``weight`` is least, so that all diagrams of mass look alike."""

    source: str
    target: str
    value: float
    label: str
    weight: float


def mass_of(source: Plan, stream: str, element: str = "") -> float:
    """The mean flow of a stream over the window in kg/s, all of it or one element; NaN where it was not recorded, or nothing was run."""
    if not isinstance(source, Source):
        return math.nan
    row = source.flows[source.totals.names["stream"].index(stream)]
    return float(row[source.totals.names["element"].index(element)]) if element else math.fsum(row.tolist())


def flows_of(source: Plan) -> list[Flow]:
    """Every connection of the plant, in the order of the scenario."""
    found = []
    for name in source.scenario.units:
        if source.role(name) == "bunker":
            takers = takers_of(source.scenario, name)
            found += [Flow(name, taker, name, share) for taker, share in zip(takers, _shares(source, name, takers), strict=True)]
        else:  # what a product took in leaves the plant; what it rejects does not
            ends = source.topology.destination
            found += [Flow(name, ends[stream], stream) for stream in streams_of(source.scenario, name) if stream in ends]
    return found


def _shares(source: Plan, bunker: str, takers: list[str]) -> list[float]:
    """How units share what they take from a bunker: the file has only the sum, so it is parted by what each lacks from its other sources."""
    if len(takers) < 2:
        return [1.0] * len(takers)
    lacks = [max(_gives(source, taker) - _gets(source, taker), 0.0) for taker in takers]
    total = math.fsum(lacks)
    return [lack / total for lack in lacks] if total > 0 else [1.0 / len(takers)] * len(takers)


def _gives(source: Plan, unit: str) -> float:
    streams = streams_of(source.scenario, unit)
    return math.fsum(flow for stream in streams if not math.isnan(flow := mass_of(source, stream)))


def _gets(source: Plan, unit: str) -> float:
    """What comes to a unit from elsewhere than bunkers that several take from."""
    streams = [stream for stream, target in source.topology.destination.items() if target == unit]
    streams += [name for name in source.scenario.units if source.role(name) == "bunker" and takers_of(source.scenario, name) == [unit]]
    return math.fsum(flow for stream in streams if not math.isnan(flow := mass_of(source, stream)))


def value_of(source: Plan, flow: Flow, element: str = "") -> float:
    """The mean flow of a connection in kg/s. What goes to a product is what the product took in, where nothing else goes there."""
    stream = flow.stream
    if source.role(flow.target) == "product" and list(source.topology.destination.values()).count(flow.target) == 1:
        stream = flow.target
    return flow.share * mass_of(source, stream, element)


def weight_of(source: Plan, flow: Flow) -> float:
    """How much speaks for drawing a connection forwards: its mass flow, of what leaves a bunker a half, so that loops close where bunkers are emptied.

    Of a plant that was not run, more for what leads to a unit that is written later: people write plants in the direction of the flow.
    """
    if not isinstance(source, Source):
        order = list(source.scenario.units)
        return 1.0 if order.index(flow.target) > order.index(flow.source) else 0.0
    value = value_of(source, flow)
    return 0.0 if math.isnan(value) else value * (0.5 if source.role(flow.source) == "bunker" else 1.0)


def mass_links(source: Source, flows: list[Flow], element: str = "", by_line: bool = True, recycles: frozenset[tuple[str, str]] = frozenset()) -> list[Link]:
    """Ribbons of mass, or of one element; machines of a line are one where ``by_line``. Empty where flows were not recorded.

    ``recycles`` are the (source, target) that turn back in the diagram of mass: they do so in those of elements too.
    """
    sums: dict[tuple[str, str], float] = {}
    weights: dict[tuple[str, str], float] = {}
    names: dict[tuple[str, str], list[str]] = {}
    for flow in flows:
        value = value_of(source, flow, element)
        if math.isnan(value):
            return []
        ends = (_place(source, flow.source, by_line), _place(source, flow.target, by_line))
        if ends[0] == ends[1] or value <= 0:
            continue
        sums[ends] = sums.get(ends, 0.0) + value
        weights[ends] = weights.get(ends, 0.0) + weight_of(source, flow)
        names.setdefault(ends, []).append(flow.stream)
    return [Link(*ends, value, ", ".join(names[ends]), 0.0 if ends in recycles else weights[ends]) for ends, value in sums.items()]


def _place(source: Source, unit: str, by_line: bool) -> str:
    return source.groups.get(unit, unit) if by_line else unit


def energy_links(source: Source) -> list[Link]:
    """Ribbons of energy: from carriers to units, and the heat that furnaces give off, by temperature. Small users are drawn together."""
    power, units, carriers = source.per_second("units/power"), source.labels("unit"), source.labels("carrier")
    total = float(np.nansum(power))
    heat, processes = source.per_second("units/waste_heat"), source.labels("process")
    links, small = [], dict.fromkeys(carriers, 0.0)
    for u, unit in enumerate(units):
        drawn = float(np.nansum(power[u]))
        loses = unit in processes and np.nansum(heat[processes.index(unit)]) > 0
        for c, carrier in enumerate(carriers):
            if power[u, c] < 0:
                links.append(Link(unit, carrier, -float(power[u, c]), carrier, 0.0))
            if not power[u, c] > 0:
                continue
            if drawn < SMALL_SHARE * total and not loses:
                small[carrier] += float(power[u, c])
            else:
                links.append(Link(carrier, unit, float(power[u, c]), carrier, 0.0))
    links += [Link(carrier, OTHER, value, carrier, 0.0) for carrier, value in small.items() if value > 0]
    for p, process in enumerate(processes):
        for k, level in enumerate(source.labels("heat_level")):
            if heat[p, k] > 0:
                links.append(Link(process, f"heat {level}", float(heat[p, k]), "waste heat", 0.0))
            elif heat[p, k] < 0:
                links.append(Link(f"heat {level}", process, -float(heat[p, k]), "waste heat", 0.0))
    return links
