"""Builds a plant: units in the order that breaks ties, everything they share, and who delivers to whom.

Order of units: resources, the timetable of events, policies, breakdowns and replacements, hazards, changeovers and cleaning, then the units of the scenario
as declared (a line at the place of its head machine, a gate before its arrivals).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

from twin.engine.calendars import Calendar
from twin.engine.clock import Clock, nanoseconds
from twin.engine.genealogy import Genealogy
from twin.engine.recording import MOST_STEPS, Axes, Recorder
from twin.engine.resource import Resource, Rules
from twin.engine.states import ALWAYS, CHANGEOVER, CLEANING, CLOSING, OVERTIME, STATES, WARM_UP
from twin.kernels.physical_constants import LEVELS
from twin.plant.metering import meter_of
from twin.plant.topology import Topology, derive
from twin.plant.waits import waits_of
from twin.scenario.kinds.bunker import Bunker as BunkerModel
from twin.scenario.kinds.conveyor import Conveyor as ConveyorModel
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.scenario.kinds.product import Product as ProductModel
from twin.scenario.line_rules import DO_NOT_START, FINISH, RUN_EMPTY
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.process import ProcessModel
from twin.units.control.policy import PolicyUnit
from twin.units.control.timetable import Timetable
from twin.units.gates.arrivals import Arrivals
from twin.units.gates.gate import Gate
from twin.units.gates.loads import Loader
from twin.units.gates.orders import Orders
from twin.units.gates.pickups import PickUps
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import components_of
from twin.units.ground.overflow import OverflowingBunker
from twin.units.lines.absent import present
from twin.units.lines.by_hand import REASON
from twin.units.lines.conveyor import Conveyor
from twin.units.lines.line import Line
from twin.units.lines.line_assembly import build_breakdowns, build_hazards, build_interruptions, build_line, build_machine
from twin.units.lines.prepared import remembering
from twin.units.lines.source_settings import BySource
from twin.units.melts.process import Process
from twin.units.melts.process_records import ProcessRecords

LIVE_STEPS = 4
"""Record steps that a plant holds of which nobody writes a file: there may be a hundred of them."""


@dataclass
class Built:
    """A plant before its first event."""

    site: Assembly
    topology: Topology
    lines: list[Line]
    gates: list[Gate]
    conveyors: list[Conveyor]
    processes: list[Process]
    loaders: list[Loader]
    process_records: list[ProcessRecords]


def build(scenario: Scenario, replication: int = 0, clock: Clock | None = None, revisable: bool = False, varied: tuple[tuple[str, str], ...] = ()) -> Built:
    """Build the plant of a scenario, on a ``clock`` of its own or on the one given; ``revisable``: its parameters may be changed, and all
    its machines stopped, from outside while it runs. ``varied``: further (material, element) pairs whose share differs, since they come from elsewhere.

    Raises :class:`~twin.errors.ScenarioError` where its topology is wrong.
    """
    topology = derive(scenario)
    site = _site(scenario, replication, topology, clock or own_clock(scenario), revisable, varied)
    timetabled = revisable or scenario.events or scenario.policies or scenario.source_settings
    timetable = Timetable(site, "events", site.next_index()) if timetabled else None
    if timetable is not None:
        site.units.append(timetable)
        for spec in scenario.policies.values():
            site.units.append(PolicyUnit(site, spec, site.next_index(), timetable))
    models = {name: model for name, model in scenario.units.items() if isinstance(model, MachineModel)}
    machines = {name: build_machine(site, name, model) for name, model in models.items()}
    for machine in machines.values():
        machine.kernel = remembering(machine.kernel)
    breakdowns = {name: build_breakdowns(site, machines[name], model, revisable) for name, model in models.items()}
    hazards = {name: build_hazards(site, machines[name], model) for name, model in models.items()}
    interruptions = {name: build_interruptions(site, name, model) for name, model in models.items()}
    for name, model in scenario.units.items():
        if isinstance(model, BunkerModel):  # first of all: lines draw from them
            _behaviour(scenario, name).assemble(site, name, model)
    lines = []
    for name, model in scenario.units.items():
        layout = topology.line_by_head.get(name)
        if layout is not None:
            lines.append(build_line(site, layout, machines, breakdowns, hazards, interruptions))
        elif not isinstance(model, (MachineModel, BunkerModel)):
            _behaviour(scenario, name).assemble(site, name, model)
    ranks = [unit.index for unit in site.units]
    assert len(set(ranks)) == len(ranks), "two units of one rank: who is first at an instant would hang on the order in which events were made"
    built = Built(
        site,
        topology,
        lines,
        [unit for unit in site.units if isinstance(unit, Gate)],
        [unit for unit in site.units if isinstance(unit, Conveyor)],
        [unit for unit in site.units if isinstance(unit, Process)],
        [unit for unit in site.units if isinstance(unit, Loader)],
        [records for unit in site.units if isinstance(records := getattr(unit, "records", None), ProcessRecords)],
    )
    _connect(built)
    if timetable is not None:
        timetable.connect(lines, built.gates)
        for line in lines:
            for machine in line.machines:
                present(line, machine, models[machine.name].count, 0)
        for line in lines:
            if line.name in scenario.source_settings:
                line.settings = BySource(scenario.source_settings[line.name], timetable)
    return built


def own_clock(scenario: Scenario, shares: Clock | None = None, rank: int = 0) -> Clock:
    """The clock of a plant, with its budgets; in a cluster it shares the time of all sites, and its units rank from ``rank`` on."""
    return Clock(event_budget=scenario.budget.events, wall_budget=scenario.budget.wall, shares=shares, rank=rank)


def _site(scenario: Scenario, replication: int, topology: Topology, clock: Clock, revisable: bool, varied: tuple[tuple[str, str], ...]) -> Assembly:
    units = scenario.units
    processes = tuple(name for name, kind in scenario.kinds.items() if kind.role in ("process", "utility"))
    components = components_of(scenario.materials, bool(processes), tuple(dict.fromkeys((*varied_assays(scenario), *varied))))
    conveyors = [name for name, model in units.items() if isinstance(model, ConveyorModel)]
    axes = Axes(
        components=components.names,
        sizes=len(scenario.sizes),
        streams=topology.streams,
        lines=(*(line.name for line in topology.lines), *conveyors, *processes),
        machines=(*(machine for line in topology.lines for machine in line.machines), *conveyors),
        bunkers=tuple(name for name, model in units.items() if isinstance(model, BunkerModel)),
        gates=tuple(name for name, model in units.items() if isinstance(model, (FeedModel, ProductModel))),
        resources=tuple(scenario.resources),
        processes=processes,
        carriers=carriers_of(scenario),
        levels=LEVELS,
        waits=waits_of(scenario, topology),
        stops=stops_of(scenario, by_hand=revisable),
        states=states_of(scenario),
    )
    horizon = nanoseconds(scenario.horizon)
    every = nanoseconds(scenario.record.every if scenario.record.every is not None else scenario.warmup or scenario.horizon)
    recorder = Recorder(axes, every, horizon, scenario.record.streams, LIVE_STEPS if revisable else MOST_STEPS)
    recorder.meter = meter_of(scenario, recorder)
    genealogy = Genealogy(components.rows) if scenario.record.genealogy else None
    site = Assembly(scenario, clock, recorder, replication, genealogy, components, topology.destination)
    for name, spec in scenario.calendars.items():
        site.calendars[name] = Calendar(spec, scenario.start)
    for name, resource in scenario.resources.items():
        between = nanoseconds(resource.between) if resource.between is not None else 0
        rules = Rules(site.staffing(resource), site.calendar(resource.calendar), resource.when_fewer == "suspend", resource.preempt, between)
        site.resources[name] = Resource(name, site.next_index(), clock, rules, recorder)
        site.units.append(site.resources[name])
    return site


def stops_of(scenario: Scenario, by_hand: bool = False) -> tuple[tuple[str, str], ...]:
    """Every machine with each reason that it may stop for: those of its list, its hazards, its breakdowns; ``by_hand``: also who stops it from outside."""
    found: dict[tuple[str, str], None] = {}
    for name, model in scenario.units.items():
        if isinstance(model, MachineModel):
            drawn = (*model.hazards, *(reason for _, reason in model.breakdowns.values()))
            found.update(dict.fromkeys((name, reason) for reason in (*model.stops.reasons, *drawn)))
            if by_hand and not model.breakdowns:
                found[name, REASON] = None
    return tuple(found)


def states_of(scenario: Scenario) -> tuple[str, ...]:
    """The states that units of the plant may be in: those of every plant, and those of the rules that its lines have."""
    lines = [model for model in scenario.units.values() if isinstance(model, MachineModel)]
    used = {
        OVERTIME: any(FINISH in model.ends for model in lines),
        CLOSING: any(rule in model.ends for model in lines for rule in (DO_NOT_START, RUN_EMPTY)),
        CHANGEOVER: any(model.changeover is not None for model in lines),
        WARM_UP: any(model.energy_states is not None for model in lines),
        CLEANING: any(model.cleaning is not None for model in lines),
    }
    return (*ALWAYS, *(STATES[state] for state, there in used.items() if there))


def carriers_of(scenario: Scenario) -> tuple[str, ...]:
    """The energy carriers that the plant draws, electricity first."""
    found = {"electricity": None}
    for model in scenario.units.values():
        if isinstance(model, ProcessModel):
            found.update(dict.fromkeys(model.carriers_used()))
    return tuple(found)


def varied_assays(scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """The (material, element) pairs whose share differs between deliveries or from the catalogue, in order."""
    found: dict[tuple[str, str], None] = {}
    for model in scenario.units.values():
        if isinstance(model, FeedModel):
            found.update(dict.fromkeys((material, element) for _, material, element in model.assays_given()))
    return tuple(found)


class Behaviour(Protocol):
    """The class that a kind names as its behaviour."""

    def assemble(self, site: Assembly, name: str, model: Any) -> None:
        """Add the unit to the plant (a class method)."""


def _behaviour(scenario: Scenario, name: str) -> Behaviour:
    where = scenario.kinds[name].behaviour
    assert where is not None
    module, _, attribute = where.partition(":")
    found: Behaviour = getattr(importlib.import_module(module), attribute)
    return found


def line_with(built: Built, machine: str) -> Line:
    """The line that a machine belongs to."""
    return next(line for line, layout in zip(built.lines, built.topology.lines, strict=True) if machine in layout.machines)


def asker(built: Built, name: str) -> Line | Process:
    """What looks for lots or charges: the line of a machine, or a furnace."""
    furnace = next((process for process in built.processes if process.name == name), None)
    return line_with(built, name) if furnace is None else furnace


def coming(built: Built, name: str) -> Arrivals | PickUps:
    """Whose trucks those of a feed, or the pick-ups of a product, are."""
    for unit in built.site.units:
        if (isinstance(unit, Arrivals) and unit.name == name) or (isinstance(unit, PickUps) and unit.product == name):
            return unit
    raise AssertionError(f"no trucks of {name}")  # the scenario was checked


def _connect(built: Built) -> None:
    site = built.site
    for line in built.lines:
        for machine in line.machines:
            if machine.follows is not None:
                machine.follows.place = site.receivers[machine.follows.model.of]
    overflowing = [bunker for bunker in site.bunkers.values() if isinstance(bunker, OverflowingBunker)]
    for bunker in overflowing:
        bunker.connect(site)
    for line, layout in zip(built.lines, built.topology.lines, strict=True):
        line.connect([site.receivers[name] for name in layout.destinations])
    for gate in built.gates:
        gate.connect(site)
    for conveyor in built.conveyors:
        conveyor.connect(site)
        if conveyor.stops_with is not None:
            conveyor.follow(line_with(built, conveyor.stops_with))
    for process in built.processes:
        process.connect(site)
    for loader in built.loaders:
        loader.connect(site)
    books = {loader.product: loader for loader in built.loaders if isinstance(loader, Orders)}
    for line in built.lines:
        if line.intake.campaigns is not None:
            line.intake.campaigns.connect(books)
    for bunker in overflowing:
        bunker.tell_fillers()
