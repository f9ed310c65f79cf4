"""Writes down the plant that the peers of the WEEE line run, and the inputs of the particle mode's, as the code in the path has them.

    python benchmarks/freeze.py

It was run with the code of commit 4c41df5 in the path, when machines came to work on pieces. Run it again only where the example is meant to be another
plant: what it writes is what the engine is measured against.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from belts import METALS, PACKAGING, SIZES, STREAM, sorter_values, thrower_values
from peers.particles_numpy import Belt, Sorter, Thrower
from weee import without_stops

from twin.engine.clock import nanoseconds
from twin.engine.streams import Stream
from twin.kernels.eddy_current import landings
from twin.kernels.sensing import responses, seen_share
from twin.kernels.sensor_sorter import errors
from twin.plant.topology import derive
from twin.scenario import Scenario
from twin.scenario.equilibrium import first_gap
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import PickUp, Product
from twin.scenario.machine import MachineModel

FOLDER = Path(__file__).parent / "frozen"
THERE = (STREAM > 0.0).reshape(-1)
PROPERTIES = ("density", "conductivity", "ferromagnetic", "breakage", "moisture", "grain")
"""Of materials: those that a kind of the line asks for."""
PIECES = ("diameter", "envelope", "sphericity", "demagnetisation", "cover", "height", "eddy_volume", "eddy_area", "eddy_reach", "eddy_ball")
"""Of pieces (material, size): the same."""


def plant_of(scenario: Scenario) -> dict[str, Any]:
    """The plant in SI units, with all that does not depend on how it runs: layout, tables, the hours at which trucks come."""
    units, materials, sizes = scenario.units, scenario.materials, scenario.sizes
    topology = derive(scenario)
    laws = [model.size for model in units.values() if isinstance(model, Feed)]
    laws += [model.initial.size for model in units.values() if isinstance(model, Bunker) and model.initial is not None]
    law = laws[0]
    assert law is not None and all(other == law for other in laws)
    member_of = {name: [group for group, members in materials.groups.items() if name in members] for name in materials.names}
    bunkers = {name: _bunker(model) for name, model in units.items() if isinstance(model, Bunker)}
    return {
        "seed": scenario.seed,
        "materials": materials.names,
        "properties": {name: scenario.properties[name] for name in (*PROPERTIES, *(f"piece_{name}" for name in PIECES))},
        "sizes": {"lower": sizes.lower, "upper": sizes.upper, "mean": sizes.mean},
        "size_fractions": [law.fractions(name, member_of[name], sizes) for name in materials.names],
        "feeds": {
            name: {"to": topology.destination[name], "when_full": model.when_full, "queue_limit": model.queue_limit}
            for name, model in units.items()
            if isinstance(model, Feed)
        },
        "bunkers": bunkers,
        "conveyors": {
            name: {"to": topology.destination[name], "capacity": model.capacity, "transit": model.transit}
            for name, model in units.items()
            if isinstance(model, Conveyor)
        },
        "products": {name: _product(scenario, name, model, bunkers) for name, model in units.items() if isinstance(model, Product)},
        "lines": [_line(scenario, layout) for layout in topology.lines],
        "machines": {name: _machine(scenario, name, model) for name, model in units.items() if isinstance(model, MachineModel)},
    }


def _bunker(model: Bunker) -> dict[str, Any]:
    initial = None if model.initial is None else {"mass": model.initial.mass, "composition": model.initial.composition}
    return {"capacity": model.capacity, "mixed": model.discharge == "mixed", "initial": initial}


def _product(scenario: Scenario, name: str, model: Product, bunkers: dict[str, Any]) -> dict[str, Any]:
    pickup = model.pickup
    if pickup is None:
        return {"bunkers": []}
    assert pickup.mass.is_constant and pickup.first is None
    stores = [source for source in model.from_ if source in bunkers]
    return {"bunkers": stores, "mass": pickup.mass.mean, "minimum": pickup.minimum, "times_ns": list(_pickups(scenario, name, pickup))}


def _pickups(scenario: Scenario, name: str, model: PickUp) -> Iterator[int]:
    every = Stream(scenario.seed, 0, name, "pickup")
    time, end = nanoseconds(first_gap(model.every, every.uniform())), nanoseconds(scenario.horizon)
    while time < end:
        yield time
        time += nanoseconds(model.every.inverse(every.uniform()))


def _line(scenario: Scenario, layout: Any) -> dict[str, Any]:
    head = scenario.units[layout.name]
    assert isinstance(head, MachineModel)
    assert head.blocking == "after" and head.hold == "start" and not head.partial and head.from_.shares is None
    names = ("name", "machines", "sources", "blocks", "outlets", "destinations", "bunkers", "lot")
    return {**{name: getattr(layout, name) for name in names}, "take": head.take}


def _machine(scenario: Scenario, name: str, model: MachineModel) -> dict[str, Any]:
    assert model.cycle_time is None
    rate: Any = None
    if model.rate is not None:
        assert model.rate.form in ("constant", "triangular")
        rate = model.rate.values
    values = model.kernel_values(scenario.materials, scenario.sizes)
    return {
        "kind": model.kind,
        "count": model.count,
        "ports": len(scenario.kinds[name].ports(model)),
        "rate": rate,
        "redraw": model.redraw,
        "values": values,
    }


def there(table: Any) -> Any:
    return np.broadcast_to(table, STREAM.shape).reshape(-1)[THERE]


def belt_of(stream: Any, properties: Any, values: Any) -> Belt:
    number, cover = properties["piece_number"], properties["piece_cover"]
    rates = there(stream * number)
    return Belt(there(np.sqrt(cover / number)), rates / rates.sum(), rates.sum() / values["belt_speed"], values["belt_width"])


def sorter_of(values: Any) -> Sorter:
    seen = np.array([seen_share(d, values["smallest"], values["sharpness"]) for d in SIZES.mean])
    read = there(responses(values, PACKAGING, SIZES)[0] * seen)
    return Sorter(belt_of(STREAM, PACKAGING, values), read, values["belt_speed"] * values["valve_time"], values["valve_pitch"], *errors(values))


def thrower_of(values: Any) -> Thrower:
    free, thrown = landings(values, METALS)
    edges = (values["splitter"], values["splitter_rest"])
    held, blur = there(METALS["ferromagnetic"][:, None]), (values["spread"], values["scatter"], values["shielding"])
    return Thrower(belt_of(2.0 * STREAM, METALS, values), there(free), there(thrown), held, edges, *blur)


def plain(value: Any) -> Any:
    """Arrays as lists, for JSON."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value)} is no data")


def text_of(plant: dict[str, Any]) -> str:
    """JSON with one entry of each section on a line."""
    sections = []
    for key, section in plant.items():
        if isinstance(section, dict):
            rows = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(entry, default=plain)}" for name, entry in section.items())
            sections.append(f"{json.dumps(key)}: {{\n  {rows}\n}}")
        else:
            sections.append(f"{json.dumps(key)}: {json.dumps(section, default=plain)}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


if __name__ == "__main__":
    (FOLDER / "weee_plant.json").write_text(text_of(plant_of(without_stops("30 d"))))
    (FOLDER / "particles.json").write_text(text_of({"sorter": asdict(sorter_of(sorter_values())), "thrower": asdict(thrower_of(thrower_values()))}))
