"""What units draw under the limit of a power network: idle, which is always held, and above it while they work; what of that can never start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from twin.quantities import format_quantity
from twin.scenario.energy.heat import ELECTRICITY, Boiler, HeatNetwork
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.kinds.electrorefining import Electrorefining
from twin.scenario.kinds.oxygen_plant import OxygenPlant
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.process import ProcessModel
from twin.scenario.series import Series

if TYPE_CHECKING:
    from twin.scenario.energy.read import Energy
    from twin.scenario.kind import UnitModel

Problems = Iterator[tuple[tuple[str | int, ...], str]]
ROUNDING = 1e-12
"""Share of the limit by which sums of powers may seem to be above it."""


def limited(energy: Energy, sites: Mapping[str, Scenario]) -> Problems:
    """Yield what can never start under the limit, as far as that is known before lots are worked out: lines of one machine, all processes, what idles."""
    power = energy.power
    if power is None or power.limit is None:
        return
    heat = electric_at_most(energy.heat)
    idle = heat + sum(_idle(model) for scenario in sites.values() for model in scenario.units.values())
    words = [format_quantity(value, "W") for value in (idle, power.limit)]
    heated = f", {format_quantity(heat, 'W')} of them kept for boilers and heat pumps" if heat else ""
    if idle >= power.limit:
        yield ("power", "limit"), f"all units draw {words[0]} idle{heated}, and nothing can start under {words[1]}; raise the limit"
        return
    for site, scenario in sites.items():
        for name, model in scenario.units.items():
            for what, asked in _worked(name, model, scenario):
                if idle + asked > power.limit * (1.0 + ROUNDING):
                    found = f"{site}.{name} can never start: {what} {format_quantity(asked, 'W')} above the {words[0]} that all units draw idle{heated}"
                    yield ("power", "limit"), f"{found}, more than {words[1]}"


def electric_at_most(network: HeatNetwork | None) -> float:
    """The most electricity that boilers and heat pumps of a heat network may draw together, W; it is kept for them, since nobody plans when they run.

    Two, of 4 MW of heat at a COP of 3.2 and of 5 MW at .99, may draw 6.3 MW.
    """
    if network is None:
        return 0.0
    return sum(_most(boiler.power) / _least(boiler) for boiler in network.boilers.values() if boiler.carrier == ELECTRICITY)


def _most(value: float | Series) -> float:
    return max(value.values) if isinstance(value, Series) else value


def _least(boiler: Boiler) -> float:
    return min(boiler.efficiency.values) if isinstance(boiler.efficiency, Series) else boiler.efficiency


def _idle(model: UnitModel) -> float:
    """What a unit draws at all times, W."""
    if isinstance(model, MachineModel):
        return model.power.idle * model.count
    if isinstance(model, OxygenPlant):
        return model.idle
    if isinstance(model, ProcessModel) and model.works_in_phases:
        from twin.scenario.furnace import FurnaceModel
        from twin.scenario.furnace_power import kept_for

        assert isinstance(model, FurnaceModel)
        return model.power.idle + kept_for(model)
    return model.power.idle if isinstance(model, (ProcessModel, Conveyor)) else 0.0


def _worked(name: str, model: UnitModel, scenario: Scenario) -> Iterator[tuple[str, float]]:
    """What a unit draws above idle by what it does, in words, W; nothing of lines whose lots must be worked out first."""
    if isinstance(model, MachineModel):
        if _is_a_line(name, model, scenario) and model.rate is not None and model.rate.is_constant:
            yield "its lots draw", model.power.specific * model.rate.values[0] * model.count
    elif isinstance(model, Electrorefining):
        yield "the current of a section draws", model.section_power(model.cells)
    elif isinstance(model, ProcessModel):
        yield from _by_phase(model, scenario)


def _by_phase(model: ProcessModel, scenario: Scenario) -> Iterator[tuple[str, float]]:
    """The language of furnaces and casting is read where a plant has some."""
    if model.works_in_phases:
        from twin.scenario.furnace import FurnaceModel
        from twin.scenario.furnace_power import power_at_most
        from twin.scenario.phases import Working

        assert isinstance(model, FurnaceModel)
        plant = scenario.units[model.oxygen.source] if model.oxygen is not None else None
        for phase in model.phases:
            if isinstance(phase.model, Working):
                yield f"its phase {phase.title!r} may draw", power_at_most(model, phase.model, plant if isinstance(plant, OxygenPlant) else None)
        return
    from twin.scenario.batch_refining import BatchRefiningModel
    from twin.scenario.casting import CastingModel

    if isinstance(model, BatchRefiningModel):
        yield "a batch draws", model.power.specific * model.batch / model.time
    elif isinstance(model, CastingModel):
        yield "casting draws", model.power.specific * model.rate


def _is_a_line(unit: str, model: MachineModel, scenario: Scenario) -> bool:
    """Whether a machine is a line by itself: it takes from bunkers alone, and no machine takes from it."""
    others = [other for other in scenario.units.values() if isinstance(other, MachineModel)]
    followed = any(source.partition(".")[0] == unit for other in others for source in (*other.from_.names, *other.recycle))
    return not followed and all(isinstance(scenario.units.get(source), Bunker) for source in model.from_.names)
