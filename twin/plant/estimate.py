"""How long a run will take and how much it will write, told from the rates of its scenario before it begins.

Counts are of the order, and rather too large: nothing fails or waits. Times rest on the costs of a lot, an event and a phase
that ``make bench`` measures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from twin.engine.calendars import Calendar
from twin.plant.topology import LineLayout, Topology, derive
from twin.quantities import DAY, HOUR, NANOSECONDS
from twin.scenario import Scenario
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.machine import MachineModel
from twin.scenario.process import ProcessModel

LOT_SECONDS, MACHINE_SECONDS = 45e-6, 5e-6
"""CPU time of a lot on a line, and what each of its machines adds to it."""
EVENT_SECONDS = 10e-6
PHASE_SECONDS = 8e-3
STEP_SECONDS = 20e-9
"""CPU time to write a number of a record step."""
EVENTS_A_LOT = 2.1
PHASE_LENGTH = HOUR
"""A phase of a furnace lasts about an hour."""
START_SECONDS = 2.0
FORTNIGHT = 14 * round(DAY) * NANOSECONDS


@dataclass(frozen=True)
class Estimate:
    """What a run will come to: numbers of lots and events, bytes of its file before compression, CPU time in s."""

    lots: float
    events: float
    size: float
    seconds: float

    def times(self, runs: int) -> Estimate:
        """Return the same of several runs, whose files need not be kept."""
        return Estimate(self.lots * runs, self.events * runs, self.size, START_SECONDS + (self.seconds - START_SECONDS) * runs)

    def __str__(self) -> str:
        return f"about {_count(self.lots)} lots, {_count(self.events)} events, {_bytes(self.size)} before compression and {_time(self.seconds)} of CPU"


def estimate(scenario: Scenario) -> Estimate:
    """Return what a run of a scenario will come to."""
    topology = derive(scenario)
    supply = _supply(scenario)
    lots = {line.name: _lots(scenario, line, supply) for line in topology.lines}
    seconds = math.fsum(count * (LOT_SECONDS + MACHINE_SECONDS * len(line.machines)) for line, count in zip(topology.lines, lots.values(), strict=True))
    phases = scenario.horizon / PHASE_LENGTH * sum(isinstance(model, ProcessModel) and model.works_in_phases for model in scenario.units.values())
    other = math.fsum(_other_events(scenario)) + phases
    passages = math.fsum(lots.values()) * any(isinstance(model, Conveyor) for model in scenario.units.values())
    events = EVENTS_A_LOT * math.fsum(lots.values()) + other + passages
    numbers = _steps(scenario) * _width(scenario, topology)
    whole = START_SECONDS + seconds + (other + passages) * EVENT_SECONDS + phases * PHASE_SECONDS + numbers * STEP_SECONDS
    return Estimate(math.fsum(lots.values()), events, 8.0 * numbers, whole)


def _supply(scenario: Scenario) -> float:
    """The mass, kg, that can be in the plant at all: what feeds bring, and what lies there."""
    mass = 0.0
    for model in scenario.units.values():
        if isinstance(model, Feed):
            mass += math.fsum(model.schedule.masses) if model.schedule is not None else _coming(model, scenario.horizon)
        initial = getattr(model, "initial", None)
        mass += float(getattr(initial, "mass", None) or 0.0)
    return mass


def _coming(model: Feed, horizon: float) -> float:
    return _trucks(model, horizon) * (model.mass.mean if model.mass is not None else 0.0)


def _trucks(model: Feed, horizon: float) -> float:
    if model.schedule is not None:
        return float(len(model.schedule.times))
    if model.every is None:
        return 0.0
    gaps = [model.every, *(campaign.every for campaign in model.campaigns.values() if campaign.every is not None)]
    count = horizon / min(gap.mean for gap in gaps)
    return min(count, float(model.limit)) if model.limit is not None else count


def _lots(scenario: Scenario, line: LineLayout, supply: float) -> float:
    """How many lots a line works at its rate all the time, or of all that is there."""
    models = [scenario.units[name] for name in line.machines]
    most = {name: scenario.copies(name)[1] for name in line.machines}
    machines = [(model, most[name]) for name, model in zip(line.machines, models, strict=True) if isinstance(model, MachineModel)]
    rates = [model.rate.mean * count for model, count in machines if model.rate is not None]
    cycles = [model.cycle_time.mean / count for model, count in machines if model.cycle_time is not None]
    time = scenario.horizon * min((open_share(scenario, model.calendar) for model in models if isinstance(model, MachineModel)), default=1.0)
    fastest = min([rate * time / line.lot for rate in rates if rate > 0.0] + [time / cycle for cycle in cycles if cycle > 0.0], default=0.0)
    return min(fastest, supply / line.lot)


def open_share(scenario: Scenario, name: str | None) -> float:
    """The share of a fortnight that a calendar is open, 1 where none is named."""
    if name is None:
        return 1.0
    calendar = Calendar(scenario.calendars[name], scenario.start)
    opened = now = 0
    while now < FORTNIGHT:
        begin = min(calendar.opens(now), FORTNIGHT)
        now = min(calendar.closes(begin), FORTNIGHT) if begin < FORTNIGHT else FORTNIGHT
        opened += now - begin
    return opened / FORTNIGHT


def _other_events(scenario: Scenario) -> Iterator[float]:
    """Trucks, pick-ups, listed stops, failures, policies."""
    horizon = scenario.horizon
    for spec in scenario.policies.values():
        yield horizon / spec.asking.every if spec.asking.every is not None else 0.0  # asked by lots, trucks or levels, it doubles their events at most
    for name, model in scenario.units.items():
        if isinstance(model, Feed):
            yield 2.0 * _trucks(model, horizon)
        elif isinstance(model, Product):
            yield 2.0 * len(model.orders.orders)
            if model.pickup is not None:
                yield horizon / model.pickup.every.mean
        elif isinstance(model, MachineModel):
            yield 2.0 * sum(stop.begin < horizon for stop in model.stops.stops)
            for drawn, _ in model.breakdowns.values():
                yield 2.0 * scenario.copies(name)[1] * horizon / drawn.mtbf.mean


def _steps(scenario: Scenario) -> float:
    every = scenario.record.every if scenario.record.every is not None else scenario.warmup or scenario.horizon
    return math.ceil(scenario.horizon / every)


def _width(scenario: Scenario, topology: Topology) -> float:
    """Numbers of a record step: flows by material, size and element, and states."""
    streams = len(topology.streams) * (len(scenario.materials.names) + len(scenario.sizes) + 38)
    units = len(scenario.units) * 20
    processes = sum(isinstance(model, ProcessModel) for model in scenario.units.values()) * 20
    return float(streams + units + processes)


def _count(number: float) -> str:
    for size, word in ((1e12, "million million"), (1e9, "thousand million"), (1e6, "million")):
        if number >= size:
            return f"{number / size:.3g} {word}"
    return f"{number:,.0f}"


def _bytes(number: float) -> str:
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f} bytes"


def _time(seconds: float) -> str:
    for size, unit in ((365.25 * DAY, "years"), (DAY, "days"), (HOUR, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
