"""What a phase of a furnace may draw at most, of oxygen and of electricity, which is known before it begins."""

from __future__ import annotations

from twin.materials.carriers import fuel
from twin.materials.oxygen import bought_share, oxygen_need
from twin.scenario.furnace import FurnaceModel
from twin.scenario.kinds.oxygen_plant import OxygenPlant
from twin.scenario.phases import Charge, Working


def oxygen_at_most(model: FurnaceModel, phase: Working) -> float:
    """Bought oxygen at full blast and fire, Nm3/s."""
    most = 0.0
    if model.burner is not None:
        burner, power = fuel(model.burner.carrier), model.burner.power if phase.burner is None else phase.burner
        burnt = oxygen_need(burner.composition) * power / burner.heating_value * model.burner.excess
        most = burnt / model.burner.oxygen * bought_share(model.burner.oxygen)
    if phase.blast is not None:
        blown = max(phase.blast.rate, phase.blast.ramp.to) if phase.blast.ramp is not None else phase.blast.rate
        most += blown * bought_share(phase.blast.oxygen)
    return most


def electrodes_at_most(model: FurnaceModel, phase: Working) -> float:
    """What the electrodes draw at most in a phase, W."""
    if model.electrodes is None:
        return 0.0
    return model.electrodes.power if phase.electrodes is None else phase.electrodes


def kept_for(model: FurnaceModel) -> float:
    """What electrodes may draw to hold a waiting bath hot, W: how much they did is known only when the next phase begins, so it is kept at all times."""
    if model.electrodes is None:
        return 0.0
    return model.electrodes.power if model.electrodes.holding is None else model.electrodes.holding


def power_at_most(model: FurnaceModel, phase: Working, plant: OxygenPlant | None) -> float:
    """Electricity that a phase may draw above what is kept for the furnace, W: its electrodes, what its feeder charges at most, and its oxygen in the
    ``plant`` that makes it.
    """
    most = max(0.0, electrodes_at_most(model, phase) - kept_for(model))
    if isinstance(phase, Charge):
        most += model.power.specific * (max(phase.rate, phase.ramp.to) if phase.ramp is not None else phase.rate)
    if plant is not None:
        most += plant.specific * min(oxygen_at_most(model, phase), plant.capacity)
    return most
