"""Timed events and set points of policies: parameters that change at a time, in force from the next lot or delivery on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twin.engine.clock import nanoseconds
from twin.engine.unit import State, Unit
from twin.scenario.kind import UnitModel
from twin.scenario.kinds.bunker import Bunker as BunkerModel
from twin.scenario.kinds.conveyor import Conveyor as ConveyorModel
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.scenario.kinds.product import Product as ProductModel
from twin.scenario.machine import MachineModel
from twin.scenario.model import TimedEvent
from twin.scenario.places import Plain
from twin.scenario.policies import PolicySpec
from twin.scenario.set_points import SetPoint
from twin.scenario.settings import ResourceSpec
from twin.units.gates.arrivals import Arrivals
from twin.units.gates.gate import Gate
from twin.units.gates.pickups import PickUps
from twin.units.ground.assembly import Assembly
from twin.units.lines.absent import present
from twin.units.lines.conveyor import Conveyor
from twin.units.lines.line import Line
from twin.units.lines.machine import Machine


class Decides(Protocol):
    """A policy at run time, whose parameters events may change."""

    def revise(self, spec: PolicySpec, now: int | None) -> None:
        """Go by this from now on; ``now`` is None while a saved state is restored."""


@dataclass(slots=True)
class TimetableRecord:
    """``done``: events that have taken effect. ``revised``: parameters that stand in place of the scenario's, by path; never changed in place."""

    until: int = 0
    done: int = 0
    revised: dict[str, Plain] = field(default_factory=dict)


class Timetable(Unit):
    """Applies the scenario's ``events`` in order of time, and what policies set between them."""

    def __init__(self, site: Assembly, name: str, index: int) -> None:
        super().__init__(name, index, site.clock, record := TimetableRecord())
        self.record: TimetableRecord = record
        self.site = site
        self.events: Sequence[TimedEvent] = site.scenario.events
        self.times = [nanoseconds(event.at) for event in self.events]
        self.events_with: Callable[[Mapping[str, Plain]], Sequence[TimedEvent]] = lambda _: site.scenario.events
        self._owner: dict[str, tuple[Line, Machine]] = {}
        self._gates: dict[str, Gate] = {}
        self.policies: dict[str, Decides] = {}
        self._models: dict[str, UnitModel] = {}
        self._set: dict[str, dict[str, SetPoint]] = {}
        self._resources: dict[str, ResourceSpec] = {}
        self._counts: dict[str, dict[str, SetPoint]] = {}
        self._values: dict[str, float] = {}

    def connect(self, lines: Sequence[Line], gates: Sequence[Gate]) -> None:
        """Find the machines and gates that events may change."""
        self._owner = {machine.name: (line, machine) for line in lines for machine in line.machines}
        self._gates = {gate.feed: gate for gate in gates}
        for event, time in zip(self.events, self.times, strict=True):
            for name in event.resources:
                resource = self.site.resources[name]
                resource.changed_until = max(resource.changed_until, time)

    def step(self, now: int) -> bool:
        record = self.record
        while record.done < len(self.events) and self.times[record.done] <= now:
            event = self.events[record.done]
            record.done += 1
            self._happen(event, now)
            for path, value in event.changes.items():
                self.site.recorder.note(now, path.split(".")[1] if "." in path else path, f"{path} = {value}"[:190])
        if record.done == len(self.events):
            return False
        record.until = self.times[record.done]
        return True

    def revise(self, changes: Mapping[str, Plain], now: int) -> None:
        """From ``now`` ns on the scenario's parameters are these, by path; those of an earlier revision are the scenario's own again."""
        record = self.record
        if dict(changes) == record.revised:
            return
        record.done += bool(changes) - bool(record.revised)
        record.revised = dict(changes)
        before, staffed = list(self._models), list(self._resources)
        self._follow(changes)
        self._models.clear()
        self._resources.clear()
        for event in self.events[: record.done]:
            self._models.update(event.models)
            self._resources.update(event.resources)
        self._apply({name: self._as_set(name) for name in dict.fromkeys((*before, *self._models))}, now)
        for name in dict.fromkeys((*staffed, *self._resources)):
            self._staff(name, now)

    def _follow(self, changes: Mapping[str, Plain]) -> None:
        """The events are those of the scenario, after one at its start that makes ``changes``."""
        self.events = self.events_with(changes) if changes else self.site.scenario.events
        self.times = [nanoseconds(event.at) for event in self.events]

    def _happen(self, event: TimedEvent, now: int | None) -> None:
        """Change what an event changes; set points stay as policies have set them."""
        self._resources.update(event.resources)
        for name in event.resources:
            self._staff(name, now)
        self._models.update(event.models)
        self._apply({name: self._as_set(name) for name in event.models}, now)
        for name, spec in event.policies.items():
            self.policies[name].revise(spec, now)

    def set_point(self, point: SetPoint, value: float, now: int | None) -> None:
        """A policy sets a number of a unit or resource; ``now`` is None while a saved state is restored."""
        self._values[point.path] = value
        if point.resource:
            self._counts.setdefault(point.unit, {})[point.path] = point
            self._staff(point.unit, now)
            return
        self._set.setdefault(point.unit, {})[point.path] = point
        model = self._as_set(point.unit)
        if isinstance(model, MachineModel) and point.field in ("rate", "cycle_time"):  # its kernel need not be prepared anew
            line, machine = self._owner[point.unit]
            self._change_rate(machine, model)
            line.rates_changed()
        else:
            self._apply({point.unit: model}, now)

    def _staff(self, name: str, now: int | None) -> None:
        """There are as many of a resource as scenario, events and policies say."""
        spec = self._resources.get(name) or self.site.scenario.resources[name]
        for point in self._counts.get(name, {}).values():
            spec = point.on_resource(spec, self._values[point.path])
        self.site.resources[name].set_staffing(self.site.staffing(spec), now)

    def _as_set(self, name: str) -> UnitModel:
        """The unit as scenario and events have it, with the set points of policies."""
        model = self._models.get(name) or self.site.scenario.units[name]
        for point in self._set.get(name, {}).values():
            model = model.model_copy(update={point.field: point.on(model, self._values[point.path])})
        return model

    def _apply(self, models: Mapping[str, UnitModel], now: int | None) -> None:
        """``now`` is None while a saved state is restored: accounts and records are restored by themselves."""
        for name, model in models.items():
            if isinstance(model, MachineModel):
                self._change_machine(name, model, now)
            elif isinstance(model, FeedModel):
                self._gates[name].model = model
                for unit in self.site.of_type(Arrivals):
                    if isinstance(unit, Arrivals) and unit.name == name:
                        unit.set_model(model, now)
            elif isinstance(model, ConveyorModel):
                for unit in self.site.of_type(Conveyor):
                    if isinstance(unit, Conveyor) and unit.name == name:
                        unit.change_power((model.power.idle, model.power.specific), now)
                        unit.change_belt(model.capacity, model.transit, now)
                self._tell_gates(name, model.capacity)
            elif isinstance(model, ProductModel):
                self._change_pickups(name, model, now)
            elif isinstance(model, BunkerModel):
                self.site.bunkers[name].set_capacity(model.capacity, now)
                self._tell_gates(name, model.capacity)

    def _change_pickups(self, name: str, model: ProductModel, now: int | None) -> None:
        for unit in self.site.of_type(PickUps):
            if isinstance(unit, PickUps) and unit.product == name and model.pickup is not None:
                unit.set_model(model.pickup, now)

    def _tell_gates(self, name: str, capacity: float) -> None:
        """A truck that the place can never hold is turned away."""
        for gate in self._gates.values():
            if getattr(gate.receiver, "name", "") == name:
                gate.capacity = capacity

    def _change_machine(self, name: str, model: MachineModel, now: int | None) -> None:
        line, machine = self._owner[name]
        scenario = self.site.scenario
        self._change_rate(machine, model)
        machine.set_values(model.kernel_values(scenario.materials, scenario.sizes))
        power = (model.power.idle, model.power.specific)
        resting, machine.resting = machine.resting, (model.power.standby, model.power.switched_off)
        if now is not None:
            if power != machine.power or resting != machine.resting:
                line.change_power(machine, power, now)
            line.network.changed(machine)
            present(line, machine, model.count, now)
        machine.power = power
        if line.name == name:
            line.intake.prefer(model.prefer)
        line.rates_changed()

    def _change_rate(self, machine: Machine, model: MachineModel) -> None:
        draw = model.rate or model.cycle_time
        if (machine.rate, machine.cycle_time) != (model.rate, model.cycle_time):
            machine.rate, machine.cycle_time = model.rate, model.cycle_time
            machine.varies = draw is not None and not draw.is_constant
            if machine.varies and machine.stream is None:
                machine.stream = self.site.stream(machine.name, "rate")
            machine.record.drawn_until = -1

    def load(self, state: State) -> None:
        revised = self.record.revised
        super().load(state)
        self._begin_anew()
        if self.record.revised != revised:
            self._follow(self.record.revised)
        for event in self.events[: self.record.done]:
            self._happen(event, None)

    def _begin_anew(self) -> None:
        """All parameters are those of the scenario, in a plant that has run: what is in force in the state that is loaded comes on top."""
        scenario = self.site.scenario
        models = {name: scenario.units[name] for name in dict.fromkeys((*self._models, *self._set))}
        staffed = dict.fromkeys((*self._resources, *self._counts))
        for changed in (self._models, self._set, self._resources, self._counts, self._values):
            changed.clear()
        for name in staffed:
            self._staff(name, None)
        self._apply(models, None)
        for name, policy in self.policies.items():
            policy.revise(scenario.policies[name], None)
