"""What a reader of a scenario may not see: said by ``twin validate``, and no error."""

from __future__ import annotations

from collections.abc import Sequence

from twin.plant.topology import LineLayout, Topology
from twin.quantities import format_quantity
from twin.scenario import Scenario
from twin.scenario.machine import MachineModel


def notes_of(scenario: Scenario, topology: Topology) -> list[str]:
    """Sentences on the machines of which several stand in parallel, in the order of the lines: what they do together, and what their neighbours get."""
    return [note for line in topology.lines for name in line.machines if (note := _on_copies(scenario, line, name))]


def _on_copies(scenario: Scenario, line: LineLayout, name: str) -> str:
    model = _machine(scenario, name)
    if model.count == 1 or model.rate is None:
        return ""
    count, one = model.count, format_quantity(model.rate.mean, "kg/s")
    text = f"{name}: 'rate' is that of one copy, so {count} x {one} = {format_quantity(count * model.rate.mean, 'kg/s')} together"
    others = [other for other in line.machines if other != name]
    free = [other for other in others if _machine(scenario, other).unlimited]
    if free:
        text += f"; {_listed(free)} of the same line {'has' if len(free) == 1 else 'have'} no limit and may get {count} times what one copy lets through"
    limited = [f"{other} {_machine(scenario, other).joint_limit_text}" for other in others if other not in free]
    if limited:
        text += f"; the line keeps within the limit of {_listed(limited)}"
    return f"{text}. To only split today's flow among {count}, give rate: {format_quantity(model.rate.mean / count, 'kg/s')}"


def _machine(scenario: Scenario, name: str) -> MachineModel:
    model = scenario.units[name]
    assert isinstance(model, MachineModel)
    return model


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
