"""Rules of lines and belts that do not fit the plant: levels that a bunker never reaches, belts that stop with what is no machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from twin.quantities import format_quantity
from twin.scenario.kinds.bunker import OVERFLOW, Bunker
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest


class Layout(Protocol):
    """What of a line matters here."""

    @property
    def name(self) -> str: ...
    @property
    def bunkers(self) -> tuple[str, ...]: ...
    @property
    def lot(self) -> float: ...


def wrong_rules(scenario: Scenario, lines: Sequence[Layout], destination: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (place, what is wrong) of every rule that can never work."""
    for line in lines:
        model = scenario.units[line.name]
        if isinstance(model, MachineModel) and model.start_at is not None:
            yield from _wrong_switch(scenario, line, model.start_at, model.stop_at or 0.0)
    for name, unit in scenario.units.items():
        if isinstance(unit, Bunker) and (circle := _circle(scenario, name, destination)):
            yield f"units.{name}.when_full", f"{' -> '.join(circle)} overflow in a circle: let the last one wait, or lead it to a product"
    machines = [name for name, model in scenario.units.items() if isinstance(model, MachineModel)]
    for name, unit in scenario.units.items():
        if isinstance(unit, Conveyor) and unit.stops_with is not None and unit.stops_with not in machines:
            yield f"units.{name}.stops_with", f"a machine is needed, whose line the belt stops with; {nearest(unit.stops_with, machines)}"


def _circle(scenario: Scenario, name: str, destination: Mapping[str, str]) -> list[str]:
    """The way along which a bunker overflows into itself; empty where it does not."""
    way = [name]
    while (after := destination.get(f"{way[-1]}.{OVERFLOW}", "")) and isinstance(scenario.units[after], Bunker):
        if after in way:
            return [*way, after] if after == name else []
        way.append(after)
    return []


def _wrong_switch(scenario: Scenario, line: Layout, start_at: float, stop_at: float) -> Iterator[tuple[str, str]]:
    """A line that follows a level has one bunker, which can hold as much as it starts at."""
    place, start = f"units.{line.name}.start_at", format_quantity(start_at, "kg")
    if len(line.bunkers) != 1:
        yield place, f"the level of one bunker is followed, and {line.name!r} takes from {len(line.bunkers)}: {', '.join(line.bunkers)}"
        return
    capacity = getattr(scenario.units[line.bunkers[0]], "capacity", 0.0)
    if start_at > capacity:
        yield place, f"{line.bunkers[0]!r} never holds so much: its capacity is {format_quantity(capacity, 'kg')} (got {start})"
    if start_at - stop_at < line.lot * (1 - 1e-9):
        lot, stop = format_quantity(line.lot, "kg"), format_quantity(stop_at, "kg")
        yield place, f"between it and 'stop_at', {stop}, there must be a lot of the line, {lot} (got {start}); use smaller lots or other levels"
