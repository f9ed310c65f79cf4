"""What a phase of a furnace may use at most of a fuel that is bought, or of oxygen, which is known before it begins."""

from __future__ import annotations

from twin.materials.carriers import fuel
from twin.scenario.furnace import FurnaceModel
from twin.scenario.furnace_power import oxygen_at_most
from twin.scenario.kinds.oxygen_plant import OxygenPlant
from twin.scenario.phases import Charge, Working


def longest(phase: Working) -> float:
    """How long a phase lasts at most, s: its ``duration`` where nothing else ends it, else ``max``."""
    return max(phase.max, phase.duration) if phase.until.tests or isinstance(phase, Charge) else phase.duration


def fuel_at_most(model: FurnaceModel, phase: Working, carrier: str) -> float:
    """A fuel that burner and reductant may use in a phase, J by the lower heating value; a reductant from a bunker is no bought fuel."""
    seconds = longest(phase)
    most: float = 0.0
    if model.burner is not None and model.burner.carrier == carrier:
        most += (model.burner.power if phase.burner is None else phase.burner) * seconds
    reductant = phase.reductant
    if reductant is None or reductant.source is not None or reductant.carrier != carrier:
        return most
    gas = fuel(carrier)
    rate = reductant.rate if reductant.rate is not None else (reductant.flow or 0.0) * (gas.density or 0.0)
    if reductant.ramp is not None:
        rate = max(rate, reductant.ramp.to)
    mass = rate * seconds if reductant.mass is None else min(rate * seconds, reductant.mass)
    return most + mass * gas.heating_value


def oxygen_volume_at_most(model: FurnaceModel, phase: Working, plant: OxygenPlant) -> float:
    """Oxygen that a phase may draw from its plant, Nm3."""
    limits = [plant.capacity, *((model.oxygen.limit,) if model.oxygen is not None and model.oxygen.limit is not None else ())]
    rate: float = min(oxygen_at_most(model, phase), *limits)
    return rate * longest(phase)
