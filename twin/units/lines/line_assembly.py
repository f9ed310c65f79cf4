"""A line and its machines, breakdowns and replacements, built from the derived layout and the scenario."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from twin.engine.calendars import Maintenance, Windows
from twin.engine.clock import nanoseconds
from twin.engine.needs import Needs
from twin.engine.states import CHANGEOVER, CLEANING
from twin.kernels.compile import MachineKernel, Sizes
from twin.scenario.line_rules import CampaignPlan, Changeover
from twin.scenario.machine import MachineModel
from twin.units.ground.assembly import Assembly
from twin.units.lines.absent import Absent
from twin.units.lines.breakdown import Breakdown, Replacement
from twin.units.lines.by_hand import REASON, StoppedByHand
from twin.units.lines.campaigns import Campaigns
from twin.units.lines.changeover import ChangeoverRule
from twin.units.lines.cleaning import Cleaning
from twin.units.lines.closing import Closing
from twin.units.lines.downtime import Downtime
from twin.units.lines.energy_states import Rest
from twin.units.lines.followed import FollowedRate
from twin.units.lines.hazard import Hazard
from twin.units.lines.intake import CAMPAIGNS, Intake
from twin.units.lines.interruption import Interruption
from twin.units.lines.level_switch import LevelSwitch
from twin.units.lines.line import Line
from twin.units.lines.line_records import LineRecords
from twin.units.lines.line_times import Equipment
from twin.units.lines.listed_stops import ListedStop, ListedStops
from twin.units.lines.machine import Machine, Roster, Wear
from twin.units.lines.network import Network, Wiring
from twin.units.lines.outage import Outage
from twin.units.lines.steering import FREE, ROOM


class Layout(Protocol):
    """What the topology says of a line; see :class:`twin.plant.topology.LineLayout`."""

    @property
    def name(self) -> str: ...
    @property
    def machines(self) -> tuple[str, ...]: ...
    @property
    def sources(self) -> tuple[tuple[tuple[int, int], ...], ...]: ...
    @property
    def blocks(self) -> tuple[tuple[int, int, bool], ...]: ...
    @property
    def outlets(self) -> tuple[tuple[int, int], ...]: ...
    @property
    def destinations(self) -> tuple[str, ...]: ...
    @property
    def bunkers(self) -> tuple[str, ...]: ...
    @property
    def lot(self) -> float: ...


def kernel_of(site: Assembly, name: str) -> MachineKernel:
    """The kernel that a machine's kind names, imported now."""
    where = site.scenario.kinds[name].kernel
    assert where is not None
    module, _, attribute = where.partition(":")
    kernel = getattr(importlib.import_module(module), attribute)
    assert isinstance(kernel, MachineKernel)
    return kernel


def build_machine(site: Assembly, name: str, model: MachineModel) -> Machine:
    """A machine at its start."""
    scenario = site.scenario
    ports = scenario.kinds[name].ports(model)
    draw = model.rate or model.cycle_time
    varies = draw is not None and not draw.is_constant
    bypass = -1
    if model.when_down == "bypass":
        bypass = ports.index(model.bypass_to) if model.bypass_to is not None else len(ports) - 1
    wear = None
    if model.wear is not None:
        counted = np.array(places_of(site, model.wear.of), dtype=np.int64)
        wear = Wear(model.wear.parameter, model.wear.per, model.wear.change, model.wear.replace_after, counted)
    roster = None
    if model.roster is not None:
        value, shifts = model.roster
        roster = Roster(value, tuple((site.calendar(calendar), number) for calendar, number in shifts))
    machine = Machine(
        name,
        kernel_of(site, name),
        ports,
        model.kernel_values(scenario.materials, scenario.sizes),
        count=scenario.copies(name)[1],
        bypass_port=bypass,
        rate=model.rate,
        cycle_time=model.cycle_time,
        varies=varies,
        redraw=model.redraw,
        power=(model.power.idle, model.power.specific),
        wear=wear,
        stream=site.stream(name, "rate") if varies else None,
        roster=roster,
    )
    machine.steers = by if (by := getattr(model, "by", "shares")) in (ROOM, FREE) else ""
    machine.resting = (model.power.standby, model.power.switched_off)
    if model.follows is not None:
        machine.follows = FollowedRate(model.follows)
    return machine


def build_breakdowns(site: Assembly, machine: Machine, model: MachineModel, by_hand: bool = False) -> tuple[list[Outage], Replacement | None]:
    """The breakdowns of a machine's copies and the replacement of its worn part, added to the plant. Streams: ``life`` and ``repair``, further
    copies ``life.1`` …; those of a cause ``life.motor``, ``life.motor.1`` … ``by_hand``: copies that do not fail can be stopped from outside."""
    drawn: list[Breakdown] = []
    for cause in model.breakdowns:
        for copy in range(machine.count):
            drawn.append(_breakdown(site, machine, model, cause, copy))
            site.units.append(drawn[-1])  # at once: the next index is counted from these
    found: list[Outage] = [*drawn]
    found += _build_stops(site, machine, model)
    for copy in range(machine.count if by_hand and not drawn else 0):
        name = f"{machine.name}.{copy}.by_hand" if copy else f"{machine.name}.by_hand"
        found.append(StoppedByHand(name, site.next_index(), site.clock, machine, copy, site.recorder.stop_rows[machine.name, REASON]))
        site.units.append(found[-1])
    least, most = site.scenario.copies(machine.name)
    for copy in range(least, most):
        absent = Absent(f"{machine.name}.{copy}.absent", site.next_index(), site.clock, machine, copy, [each for each in drawn if each.copy == copy])
        found.append(absent)
        site.units.append(absent)
    for outage in found:
        outage.beside = tuple(other for other in found if other is not outage and other.copy == outage.copy)
    replacement = None
    if model.wear is not None and model.wear.replace_after is not None:
        needs = site.needed(model.wear.needs, model.wear.priority)
        replacement = Replacement(f"{machine.name}.replacement", site.next_index(), site.clock, machine, model.wear.replace_time, needs)
        site.units.append(replacement)
    return found, replacement


def _breakdown(site: Assembly, machine: Machine, model: MachineModel, cause: str, copy: int) -> Breakdown:
    failures, reason = model.breakdowns[cause]
    suffix = f"{f'.{cause}' if cause else ''}{f'.{copy}' if copy else ''}"
    return Breakdown(
        f"{machine.name}{suffix}.breakdown",
        site.next_index(),
        site.clock,
        machine,
        (failures.mtbf, site.stream(machine.name, f"life{suffix}")),
        (failures.mttr, site.stream(machine.name, f"repair{suffix}")),
        failures.clock == "calendar",
        site.needed(model.repair.needs, model.repair.priority),
        site.calendar(model.repair.calendar),
        site.recorder.stop_rows[machine.name, reason],
        copy,
    )


def _build_stops(site: Assembly, machine: Machine, model: MachineModel) -> list[ListedStops]:
    """The listed stops of each copy that has any before the run ends, added to the plant."""
    horizon, rows = nanoseconds(site.scenario.horizon), site.recorder.stop_rows
    stops: dict[int, list[ListedStop]] = {}
    for stop in model.stops.stops:
        begin = nanoseconds(stop.begin)
        if begin < horizon:
            found = ListedStop(begin, begin + nanoseconds(stop.length), rows[machine.name, stop.reason], stop.reason)
            stops.setdefault(stop.copy - 1, []).append(found)
    units = []
    for copy, own in sorted(stops.items()):
        name = f"{machine.name}.{copy}.stops" if copy else f"{machine.name}.stops"
        units.append(ListedStops(name, site.next_index(), site.clock, machine, copy, own))
        site.units.append(units[-1])  # at once: each has an index of its own, which alone decides who is first at an instant
    return units


def places_of(site: Assembly, words: Iterable[str]) -> list[int]:
    """The places of the materials that names of materials and groups mean, ascending."""
    materials = site.scenario.materials
    return sorted({place for word in words for place in materials.members(word)})


def build_hazards(site: Assembly, machine: Machine, model: MachineModel) -> list[Hazard]:
    """The hazards of a machine, added to the plant."""
    found = []
    for name, spec in model.hazards.items():
        places = places_of(site, spec.of) if spec.of else list(range(len(site.scenario.materials.names)))
        gap, stop = site.stream(machine.name, f"hazard.{name}"), site.stream(machine.name, f"hazard.{name}.stop")
        hazard = Hazard(
            f"{machine.name}.hazard.{name}",
            site.next_index(),
            site.clock,
            machine,
            places,
            (spec.per, gap),
            (spec.stop, stop),
            site.needed(spec.needs, spec.priority),
            site.calendar(spec.calendar),
            site.recorder.stop_rows[machine.name, name],
        )
        found.append(hazard)
        site.units.append(hazard)
    return found


def build_interruptions(site: Assembly, name: str, model: MachineModel) -> list[Interruption]:
    """The stops that a machine's line makes by itself, added to the plant. Streams: ``changeover`` and ``cleaning``."""
    found = []
    for key, state, rule in (("changeover", CHANGEOVER, model.changeover), ("cleaning", CLEANING, model.cleaning)):
        if rule is not None:
            found.append(Interruption(f"{name}.{key}", site.next_index(), site.clock, state, site.stream(name, key), site.needed(rule.needs, rule.priority)))
            site.units.append(found[-1])  # at once: the next index is counted from these
    return found


def build_line(
    site: Assembly,
    layout: Layout,
    machines: dict[str, Machine],
    breakdowns: dict[str, tuple[list[Outage], Replacement | None]],
    hazards: dict[str, list[Hazard]],
    interruptions: dict[str, list[Interruption]],
) -> Line:
    """The line, added to the plant; its outlets are connected when all units are there."""
    scenario = site.scenario
    head = scenario.units[layout.name]
    assert isinstance(head, MachineModel)
    members = [machines[name] for name in layout.machines]
    models = [model for name in layout.machines if isinstance(model := scenario.units[name], MachineModel)]
    wiring = Wiring(layout.sources, layout.blocks, layout.outlets)
    network = Network(layout.name, members, wiring, scenario.properties, sizes_of(site), site.components)
    _rehearse(site, layout.name, network)
    line = Line(
        layout.name,
        site.next_index(),
        site.clock,
        Equipment(
            network,
            Intake(
                [site.bunkers[name] for name in layout.bunkers],
                layout.lot,
                shares=head.from_.shares,
                take=head.take,
                partial=head.partial,
                hold=head.hold == "until_done",
                prefer=head.prefer,
                shape=site.shape,
            ),
            _windows(site, models),
            site.recorder,
            _records(site, layout, members),
            Closing.of(head),
        ),
        needs=_needs(site, models),
        before=head.blocking == "before",
        genealogy=site.genealogy,
    )
    line.switch = LevelSwitch.of(head)
    if head.energy_states is not None:
        line.rest = Rest.of(head.energy_states)
        line.records.resting[:] = [machine.resting_power for machine in members]
    if head.take == CAMPAIGNS:
        line.intake.campaigns = Campaigns(head.campaign or CampaignPlan(), layout.bunkers)
    for interruption in interruptions[layout.name]:
        interruption.stops(line)
    changing = [each for each in interruptions[layout.name] if each.state == CHANGEOVER]
    if head.changeover is not None:
        line.changeover = ChangeoverRule(head.changeover, changing[0], scenario.materials.names, _flushed_to(layout, members, head.changeover))
    for i, machine in enumerate(members):
        model = scenario.units[machine.name]
        for work in interruptions[machine.name]:
            if work.state == CLEANING and isinstance(model, MachineModel) and model.cleaning is not None:
                work.stops(line)
                line.cleanings.append((i, Cleaning(model.cleaning, machine, work)))
    for machine in members:
        own, replacement = breakdowns[machine.name]
        for breakdown in own:
            breakdown.line = line
            line.breakdowns.append(breakdown)
        for hazard in hazards[machine.name]:
            hazard.line = line
            line.hazards.append(hazard)
        if replacement is not None:
            replacement.line = line
            line.replacements[machine.name] = replacement
    for machine in members:
        own, endangered = breakdowns[machine.name][0], hazards[machine.name]
        if own or endangered:
            line.downtimes.append(Downtime(machine, line.machine_rows[machine.name], own, endangered))
    site.units.append(line)
    return line


def _flushed_to(layout: Layout, members: Sequence[Machine], rule: Changeover) -> int:
    """The outlet, by its place, through which a flush leaves; -1 where nothing is flushed."""
    if rule.flush is None:
        return -1
    name, _, port = rule.flush.to.partition(".")
    machine = layout.machines.index(name)
    return layout.outlets.index((machine, members[machine].ports.index(port)))


def _needs(site: Assembly, models: Sequence[MachineModel]) -> Needs:
    """What the line holds while it runs: all that its machines need, with the largest of their priorities."""
    needs = dict.fromkeys(need for model in models for need in model.needs)
    return site.needed(list(needs), max((model.priority for model in models if model.priority is not None), default=None))


def _rehearse(site: Assembly, line: str, network: Network) -> None:
    """Hold machines whose kernels do not come with twin to the bounds of their arrays, before compiled code changes memory of others."""
    for machine in network.machines:
        if not (site.scenario.kinds[machine.name].kernel or "").startswith("twin."):
            from twin.testing.rehearsal import rehearse

            rehearse(f"line {line!r}, machine {machine.name!r}", machine.kernel, *network.numbers_of(machine), machine.ports)


def sizes_of(site: Assembly) -> Sizes:
    """The size classes as the kernels take them."""
    sizes = site.scenario.sizes
    return Sizes(np.array(sizes.lower), np.array(sizes.upper), np.array(sizes.mean))


def _windows(site: Assembly, models: Sequence[MachineModel]) -> Windows:
    """A line works while the calendars of all its machines, and of the people it needs, are open."""
    names = [model.calendar for model in models if model.calendar is not None]
    for model in models:
        for need in model.needs:
            calendar = site.scenario.resources[need].calendar if isinstance(need, str) else None  # who is chosen of several goes instead
            if calendar is not None:
                names.append(calendar)
    plans = [
        Maintenance(nanoseconds(plan.every if plan.first is None else plan.first), nanoseconds(plan.every), nanoseconds(plan.duration))
        for model in models
        for plan in model.maintenance
    ]
    return Windows([site.calendars[name] for name in dict.fromkeys(names)], plans)


def _records(site: Assembly, layout: Layout, members: Sequence[Machine]) -> LineRecords:
    recorder = site.recorder
    streams = []
    if recorder.streams:
        streams = [(i, p, site.row(f"{machine.name}.{port}")) for i, machine in enumerate(members) for p, port in enumerate(machine.ports)]
    return LineRecords(
        recorder,
        recorder.axes.lines.index(layout.name),
        recorder.axes.machines.index(layout.machines[0]),
        layout.machines,
        streams,
        [site.row(name) for name in layout.bunkers],
        [machine.drawn_power for machine in members],
    )
