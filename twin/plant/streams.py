"""The streams of a plant: what leaves each unit, and in which of them melts are."""

from __future__ import annotations

from collections.abc import Mapping

from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.product import Product
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.process import ProcessModel


def streams_of(scenario: Scenario, name: str) -> tuple[str, ...]:
    """The streams that leave a unit: its ports, or itself; a product or bunker itself and its ports; a utility has none."""
    role = scenario.kinds[name].role
    if role == "utility":
        return ()
    ports = tuple(f"{name}.{port}" for port in scenario.kinds[name].ports(scenario.units[name]))
    return (name, *ports) if role in ("product", "bunker") else ports or (name,)


GAS_PORTS = ("gas", "offgas")
"""Ports of gas that has burnt; where one leads to a product it leaves the plant."""


def gas_streams(scenario: Scenario, destination: Mapping[str, str]) -> dict[str, str]:
    """The streams in which gas leaves the plant, each with the unit that it leaves."""
    found = {}
    for name, model in scenario.units.items():
        if isinstance(model, ProcessModel):
            leaving = (stream for stream in streams_of(scenario, name) if stream.rpartition(".")[2] in GAS_PORTS)
            found.update({stream: name for stream in leaving if isinstance(scenario.units[destination[stream]], Product)})
    return found


def is_diverted(scenario: Scenario, stream: str) -> bool:
    """Whether a stream is what a product rejects, or what a full bunker cannot take."""
    unit, _, port = stream.partition(".")
    return bool(port) and isinstance(scenario.units[unit], (Bunker, Product))


def melt_streams(scenario: Scenario, destination: Mapping[str, str]) -> dict[str, bool]:
    """Streams in which melts are, and whether nothing else is: of processes, and of bunkers, conveyors and products that they reach."""
    reached: dict[str, list[bool]] = {}
    for name, model in scenario.units.items():
        if isinstance(model, ProcessModel):
            for stream in streams_of(scenario, name):
                reached[stream] = [True]
        elif isinstance(model, Bunker) and model.initial is not None and model.initial.melt:
            reached[name] = [all(is_diverted(scenario, source) for source in model.from_)]
    changed = True
    while changed:
        changed = False
        for name, model in scenario.units.items():
            if isinstance(model, (ProcessModel, MachineModel)):
                continue
            # what is rejected comes from bunkers: it says nothing until they are reached from elsewhere
            sources = [source for source in getattr(model, "from_", ()) if source in reached or not is_diverted(scenario, source)]
            if not any(source in reached for source in sources):
                continue
            initial = getattr(model, "initial", None)
            pure = all(source in reached and all(reached[source]) for source in sources) and (initial is None or bool(initial.melt))
            for stream in streams_of(scenario, name):
                if reached.get(stream) != [pure]:
                    reached[stream] = [pure]
                    changed = True
    return {stream: all(found) for stream, found in reached.items()}
