"""What is inside a plant that no results file tells: shares of what lies in bunkers, what furnaces hold, how far parts have worn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.engine.bunker import EMPTY
from twin.plant.build import Built
from twin.scenario.machine import MachineModel


def inside_of(built: Built) -> dict[str, float]:
    """Return by name, SI: ``content.BUNKER.MATERIAL`` (the share of a material, not a number where a bunker is as good as empty), ``bath.FURNACE.metal``,
    ``.slag`` and ``.solids`` (kg), ``bath.FURNACE.metal.ELEMENT`` (a share, of elements that are there), ``bath.FURNACE.temperature`` (K; not a number
    where it is empty), and ``wear.MACHINE.PARAMETER`` (the change since it was fresh, as a share).
    """
    return {name: value for part in (_contents(built), _units(built), _worn(built)) for name, value in part}


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


def _units(built: Built) -> Iterator[tuple[str, float]]:
    for unit in built.site.units:
        yield from unit.inside()


def _worn(built: Built) -> Iterator[tuple[str, float]]:
    models = built.site.scenario.units
    for line in built.lines:
        for machine in line.machines:
            model = models.get(machine.name)
            if isinstance(model, MachineModel) and model.wear is not None:
                yield f"wear.{machine.name}.{model.wear.parameter}", machine.worn_share
