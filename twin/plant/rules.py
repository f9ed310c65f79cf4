"""Rules of lines and belts that do not fit the plant: levels that a bunker never reaches, belts that stop with what is no machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from twin.quantities import format_quantity
from twin.scenario.kinds.bunker import OVERFLOW, Bunker
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.kinds.product import Product
from twin.scenario.kinds.splitter import Splitter
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest


class Layout(Protocol):
    """What of a line matters here."""

    @property
    def name(self) -> str: ...
    @property
    def machines(self) -> tuple[str, ...]: ...
    @property
    def outlets(self) -> tuple[tuple[int, int], ...]: ...
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
        if isinstance(model, MachineModel):
            yield from _wrong_campaigns(scenario, line, model)
            if model.energy_states is None:
                yield from _never_rests(scenario, line)
    for name, unit in scenario.units.items():
        if isinstance(unit, Bunker) and (circle := _circle(scenario, name, destination)):
            yield f"units.{name}.when_full", f"{' -> '.join(circle)} overflow in a circle: let the last one wait, or lead it to a product"
    held = [name for name, model in scenario.units.items() if isinstance(model, (Bunker, Conveyor))]
    for name, model in scenario.units.items():
        if isinstance(model, MachineModel) and model.follows is not None and model.follows.of not in held:
            yield f"units.{name}.follows.of", f"a bunker or conveyor is needed; {nearest(model.follows.of, held)} (got {model.follows.of!r})"
        if isinstance(model, Splitter) and model.by != "shares":
            inside = [f"{name}.{port}" for port in model.shares if isinstance(scenario.units[destination[f"{name}.{port}"]], MachineModel)]
            if inside:
                yield f"units.{name}.by", f"levels are followed of what lies behind the line, and {inside[0]!r} leads to a machine of it"
    machines = [name for name, model in scenario.units.items() if isinstance(model, MachineModel)]
    for name, unit in scenario.units.items():
        if isinstance(unit, Conveyor) and unit.stops_with is not None and unit.stops_with not in machines:
            yield f"units.{name}.stops_with", f"a machine is needed, whose line the belt stops with; {nearest(unit.stops_with, machines)}"


def _never_rests(scenario: Scenario, line: Layout) -> Iterator[tuple[str, str]]:
    """Powers of a rest that no machine of the line ever has."""
    for name in line.machines:
        model = scenario.units[name]
        for key in ("standby", "switched_off"):
            if isinstance(model, MachineModel) and getattr(model.power, key):
                yield f"units.{name}.power.{key}", f"the line never rests: give {line.name!r}, which takes from bunkers, 'energy_states'"


def _wrong_campaigns(scenario: Scenario, line: Layout, model: MachineModel) -> Iterator[tuple[str, str]]:
    """Campaigns of bunkers that the line does not take from, and a flush that stays on the line."""
    place = f"units.{line.name}"
    if model.take == "campaigns" and len(line.bunkers) < 2:
        yield f"{place}.take", f"campaigns need several bunkers, and {line.name!r} takes from {', '.join(line.bunkers)} alone"
    for k, leg in enumerate(model.campaign.plan if model.campaign is not None else ()):
        if leg.from_ not in line.bunkers:
            yield f"{place}.campaign.plan[{k}].from", f"{line.name!r} does not take from it; {nearest(leg.from_, line.bunkers)}"
        if leg.for_ is not None and leg.for_ not in (ordered := [name for name, unit in scenario.units.items() if isinstance(unit, Product) and unit.orders]):
            yield f"{place}.campaign.plan[{k}].for", f"a product with 'orders' is needed; {nearest(leg.for_, ordered)} (got {leg.for_!r})"
    rule = model.changeover
    if rule is None:
        return
    known = line.bunkers if rule.between == "sources" else scenario.materials.names
    for before, times in rule.times.items():
        for name in dict.fromkeys((before, *times)):
            if name not in known:
                yield f"{place}.changeover.times", f"what changes are {rule.between}; {nearest(name, known)} (got {name!r})"
    outlets = [f"{line.machines[i]}.{scenario.kinds[line.machines[i]].ports(scenario.units[line.machines[i]])[p]}" for i, p in line.outlets]
    if rule.flush is not None and rule.flush.to not in outlets:
        yield f"{place}.changeover.flush.to", f"an outlet of the line is needed; {nearest(rule.flush.to, outlets)} (got {rule.flush.to!r})"


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
