"""Who can keep whom waiting: the pairs whose times are recorded, and who fills and empties what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twin.engine.recording import Wait
from twin.engine.states import BLOCKED, STARVED, WAITING
from twin.plant.streams import streams_of
from twin.plant.topology import Topology
from twin.scenario.kinds.bunker import OVERFLOW, Bunker
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.needs import names_in
from twin.scenario.process import ProcessModel


def waits_of(scenario: Scenario, topology: Topology) -> tuple[Wait, ...]:
    """Every unit with what can starve it, block it, or be taken by others, in the order of the scenario."""
    found: dict[Wait, None] = {}
    lines = {line.name: line for line in topology.lines}
    for name, model in scenario.units.items():
        if name in lines:
            members = [scenario.units[machine] for machine in lines[name].machines]
            needs = list(names_in([need for member in members if isinstance(member, MachineModel) for need in member.needs], scenario.skills))
            found.update(dict.fromkeys(_of(name, lines[name].bunkers, lines[name].destinations, needs)))
        elif isinstance(model, Feed):
            needs = list(names_in(model.unload.needs, scenario.skills)) if model.unload is not None else []
            found.update(dict.fromkeys(_of(name, (), [topology.destination[name]], needs)))
        elif isinstance(model, Product):
            loaded = [part for part in (model.pickup, model.loading) if part is not None]
            found.update(dict.fromkeys(_of(name, (), (), list(names_in([need for part in loaded for need in part.needs], scenario.skills)))))
        elif isinstance(model, (Conveyor, ProcessModel)):
            destinations = [topology.destination[stream] for stream in streams_of(scenario, name) if stream in topology.destination]
            sources = [source.partition(".")[0] for source in getattr(model, "from_", ())] if isinstance(model, ProcessModel) else []
            needs = list(scenario.resources) if isinstance(model, ProcessModel) else []
            found.update(dict.fromkeys(_of(name, sources, destinations, needs)))
    return tuple(found)


def _of(unit: str, sources: Sequence[str], destinations: Sequence[str], needs: Sequence[str]) -> Iterator[Wait]:
    for state, others in ((STARVED, sources), (BLOCKED, destinations), (WAITING, needs)):
        for other in others:
            yield Wait(unit, state, other)


def places_of(scenario: Scenario, topology: Topology) -> dict[str, dict[str, list[str]]]:
    """For each place that can be full or empty, who fills it and who empties it: ``{"yard": {"from": ["trucks"], "to": ["shredder"]}}``.

    A line is named by its head machine. Conveyors and processes are places and units at once: what lies before them they empty themselves.
    """
    line_of = {machine: line.name for line in topology.lines for machine in line.machines}
    places: dict[str, dict[str, list[str]]] = {}
    for name, model in scenario.units.items():
        if isinstance(model, (Bunker, Conveyor, ProcessModel)):
            places[name] = {"from": [], "to": [] if isinstance(model, Bunker) else [name]}
    for stream, taker in topology.destination.items():
        unit = stream.partition(".")[0]
        if taker in places:
            places[taker]["from"].append(line_of.get(unit, unit))
    for name, model in scenario.units.items():
        names = model.from_.names if isinstance(model, MachineModel) else () if isinstance(model, Feed) else getattr(model, "from_", ())
        for source in names:
            if source in places and isinstance(scenario.units[source], Bunker) and (not isinstance(model, Product) or model.fetched):
                places[source]["to"].append(line_of.get(name, name))
    for name in list(places):  # who fills a bunker fills what it overflows into
        place = name
        while (place := topology.destination.get(f"{place}.{OVERFLOW}", "")) in places:
            places[place]["from"] += [unit for unit in places[name]["from"] if unit not in places]
    for sides in places.values():
        sides["from"] = [unit for unit in sides["from"] if not isinstance(scenario.units[unit], Bunker)]
    return {name: {side: list(dict.fromkeys(units)) for side, units in sides.items()} for name, sides in places.items()}
