"""What is inside a plant that no results file tells: shares of what lies in bunkers, what furnaces hold, how far parts have worn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import EMPTY
from twin.materials import ELEMENTS
from twin.plant.build import Built
from twin.scenario.machine import MachineModel
from twin.units.melts.bath import METAL, SLAG, SOLID
from twin.units.melts.element_rows import E
from twin.units.melts.vessel import Vessel

Floats = NDArray[np.float64]
PARTS = {"metal": METAL, "slag": SLAG, "solids": SOLID}


def inside_of(built: Built) -> dict[str, float]:
    """Return by name, SI: ``content.BUNKER.MATERIAL`` (the share of a material, not a number where a bunker is as good as empty), ``bath.FURNACE.metal``,
    ``.slag`` and ``.solids`` (kg), ``bath.FURNACE.metal.ELEMENT`` (a share, of elements that are there), ``bath.FURNACE.temperature`` (K; not a number
    where it is empty), and ``wear.MACHINE.PARAMETER`` (the change since it was fresh, as a share).
    """
    return {name: value for part in (_contents(built), _furnaces(built), _worn(built)) for name, value in part}


def _contents(built: Built) -> Iterator[tuple[str, float]]:
    components = built.site.components
    for name in built.site.recorder.axes.bunkers:
        bunker = built.site.bunkers[name]
        lies = np.zeros(built.site.shape[0])
        bunker.content.weigh(lies)
        mass = lies[: components.content].sum()
        there = bunker.level > EMPTY * bunker.capacity and mass > 0.0
        for row, label in enumerate(components.names[: components.content]):
            yield f"content.{name}.{label.replace(' ', '.')}", float(lies[row] / mass) if there else np.nan


def _furnaces(built: Built) -> Iterator[tuple[str, float]]:
    for unit in built.site.units:
        if not isinstance(unit, Vessel):
            continue
        bath = unit.bath
        for label, part in PARTS.items():
            mass = bath.mass(part)
            yield f"bath.{unit.name}.{label}", mass
            for element in range(E) if label != "solids" else ():
                yield f"bath.{unit.name}.{label}.{ELEMENTS[element]}", float(bath.parts[part, element] / mass) if mass > 0.0 else np.nan
        yield f"bath.{unit.name}.temperature", bath.temperature if bath.parts[:, :E].any() else np.nan


def _worn(built: Built) -> Iterator[tuple[str, float]]:
    models = built.site.scenario.units
    for line in built.lines:
        for machine in line.machines:
            model = models.get(machine.name)
            if isinstance(model, MachineModel) and model.wear is not None:
                yield f"wear.{machine.name}.{model.wear.parameter}", machine.worn_share
