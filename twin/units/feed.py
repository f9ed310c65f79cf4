"""Deliveries: trucks that arrive, wait at the gate, unload, or are turned away.

Arrivals, gate and ramp are three units, since each waits for one thing only: the next arrival; room and hands for the first truck in the queue; and the
end of the next unloading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import advance
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.resource import release, seize, work_calendars
from twin.engine.states import BLOCKED, WAITING
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit
from twin.engine.waiting import WaitingList
from twin.kernels.heaps import add_materials
from twin.scenario.equilibrium import first_gap
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.units.assays import Assays
from twin.units.assembly import Assembly
from twin.units.consignments import Consignments
from twin.units.outlet import Receiver
from twin.units.pace import Pace
from twin.units.sampling import Sampler

Floats = NDArray[np.float64]
IDLE, ROOM, HANDS = "idle", "room", "hands"
ARRIVALS, TURNED_AWAY, TURNED_AWAY_MASS, QUEUE, UNLOADING = range(5)
"""Columns of the recorder's gate counts that a feed fills."""


class Feed:
    """The kind's behaviour: builds the gate, the ramp and the arrivals of a feed."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: FeedModel) -> None:
        """Add them to the plant."""
        gate = Gate(site, f"{name}.gate", site.next_index(), name, model)
        site.units.append(gate)
        gate.ramp = Ramp(f"{name}.ramp", site.next_index(), gate)
        site.units.append(gate.ramp)
        site.units.append(Arrivals(site, name, site.next_index(), model, gate))


@dataclass(slots=True)
class ArrivalsRecord:
    """``count``: deliveries so far; ``due``: whether the pending event is an arrival, ``planned`` for when (ns). What is left of the gap at ``since`` ns
    is ``left`` s, drawn from a gap of mean ``mean`` s; below 0 where the time was given."""

    until: int = 0
    count: int = 0
    due: bool = False
    planned: int = 0
    since: int = 0
    left: float = -1.0
    mean: float = 0.0


class Arrivals(Unit):
    """When deliveries come and what is on them.

    A gap is drawn when the one before it is over, and passes at the rate in force at each instant (:class:`~twin.units.pace.Pace`). Streams: ``arrival``
    (one uniform a delivery), ``assay`` (one for each share that spreads, in the order written), and those of
    :class:`~twin.units.consignments.Consignments`.
    """

    def __init__(self, site: Assembly, name: str, index: int, model: FeedModel, gate: Gate) -> None:
        super().__init__(name, index, site.clock, record := ArrivalsRecord())
        self.record: ArrivalsRecord = record
        self.gate = gate
        self.consignments = Consignments(site, name, model)
        self.pace = Pace(site.calendar(model.calendar), model.every_counts, site.recorder.horizon)
        self.consignments.set_pace(self.pace)
        self.streams: dict[str, Stream] = {
            "arrival": site.stream(name, "arrival"), "assay": site.stream(name, "assay"), **self.consignments.streams
        }  # fmt: skip
        self.assays = Assays(site, model)
        self.model: FeedModel = model

    def set_model(self, model: FeedModel, now: int | None) -> None:
        """Parameters after a timed event at ``now`` ns, at which the truck that is due comes sooner or later; None while a saved state is restored."""
        record, before = self.record, self.model
        changed = any(getattr(model, key) != getattr(before, key) for key in ("every", "campaigns", "season", "trend"))
        coming = record.due and record.left >= 0.0
        retimed = now is not None and changed and coming and record.planned > now
        if now is not None and retimed:
            record.left = max(0.0, record.left - self.pace.passed(record.since, now, record.mean))
            record.since = now
        self.model = model
        self.assays.model = model
        self.consignments.set_model(model)
        self.consignments.set_pace(self.pace)
        if now is not None and retimed:
            self._plan(now)
            self.clock.reschedule(self, record.until)

    def step(self, now: int) -> bool:
        record = self.record
        if record.due:
            shares, mass = self.consignments.next(record.count, now)
            self.gate.arrive(self.assays.applied(shares, record.count, self.streams["assay"]), mass, now)
            record.count += 1
        record.due = self._next(now)
        return record.due

    def _next(self, now: int) -> bool:
        """Plan the next delivery; False after the last."""
        model, record = self.model, self.record
        record.left = -1.0
        if model.limit is not None and record.count >= model.limit:
            return False
        if model.schedule is not None:
            if record.count == len(model.schedule.times):
                return False
            record.planned = record.until = nanoseconds(model.schedule.times[record.count])
            return True
        if record.count == 0 and model.first is not None:
            record.planned = record.until = self.pace.opens(nanoseconds(model.first))
            return True
        record.since = record.planned
        every = self.pace.every(record.since)
        u = self.streams["arrival"].uniform()
        record.left, record.mean = every.inverse(u) if record.count else first_gap(every, u), every.mean
        self._plan(now)
        return True

    def _plan(self, now: int) -> None:
        """When what is left of the gap is over, and the truck comes: where closed time counts, not before the gate opens."""
        record = self.record
        record.planned = self.pace.reaches(record.since, record.left, record.mean)
        record.until = max(now, self.pace.admits(record.planned))

    def save(self) -> State:
        return {**super().save(), "used": {purpose: stream.used for purpose, stream in self.streams.items()}}

    def load(self, state: State) -> None:
        super().load(state)
        for purpose, stream in self.streams.items():
            stream.rewind(state["used"][purpose])


@dataclass(slots=True)
class GateRecord:
    """``masses`` of the trucks in the queue, and when they ``came`` (ns), first come first; ``since``: when how many wait or unload last changed;
    ``number``: deliveries taken in; ``begun``: trucks that have begun to unload."""

    until: int = NEVER
    phase: str = IDLE
    masses: list[float] = field(default_factory=list)
    came: list[int] = field(default_factory=list)
    since: int = 0
    number: int = 0
    begun: int = 0


class Gate(Unit):
    """The queue of trucks before the bunker (or conveyor) that the feed fills. A truck unloads whole or not at all.

    The first truck waits for room, which is then kept for it, and after that for hands. It has its place before both by the time at which it came, so
    that the trucks of several gates are served in the order in which they came. ``taken`` (component,), kg: the account of what came in. Stream:
    ``unload``.
    """

    def __init__(self, site: Assembly, name: str, index: int, feed: str, model: FeedModel) -> None:
        super().__init__(name, index, site.clock, record := GateRecord())
        self.record: GateRecord = record
        self.takes_any = False
        self.feed, self.model = feed, model
        self.recorder, self.genealogy = site.recorder, site.genealogy
        self.row, self.stream_row = site.gate(feed), site.row(feed)
        self.needs = site.needed(model.unload.needs) if model.unload is not None else []
        self.unload_stream = site.stream(feed, "unload")
        self.sampler = Sampler(site, feed, model.sampling) if model.sampling is not None else None
        self.trucks: list[Floats] = []
        self.taken, self._solid = np.zeros(site.shape[0]), site.components.solid
        self.ramp: Ramp
        self.receiver: Receiver
        self.capacity = float("inf")

    def connect(self, site: Assembly) -> None:
        """Find where trucks unload to."""
        self.receiver = site.receiver_of(self.feed)
        self.capacity = getattr(self.receiver, "capacity", float("inf"))
        fillers = getattr(self.receiver, "fillers", None)
        if fillers is not None:
            fillers += [self, self.ramp] if self.model.unload is not None else [self]

    @property
    def askers(self) -> int:
        """All trucks in the queue wait for what the first waits for."""
        return len(self.trucks)

    def arrive(self, shares: Floats, mass: float, now: int) -> None:
        """A truck arrives: it unloads, waits, or is turned away."""
        record = self.record
        counts = self.recorder.gates[self.recorder.step(now)][self.row]
        counts[ARRIVALS] += 1.0
        why = self._refused(mass)
        if why:
            counts[TURNED_AWAY] += 1.0
            counts[TURNED_AWAY_MASS] += mass
            self.recorder.note(now, self.feed, f"delivery of {mass:.6g} kg turned away: {why}")
            return
        if self.model.unload is None and self._served_at_once(mass):
            self._take_in(shares, mass, now)
            return
        self.count(now)
        for resource in self.needs:
            resource.account(now)
        self.trucks.append(shares * mass)
        record.masses.append(mass)
        record.came.append(now)
        if record.phase == IDLE:
            record.phase = ROOM
            self.run(now)

    def _refused(self, mass: float) -> str:
        """Why a truck that comes now is turned away; "" if it is not."""
        receiver, model = self.receiver, self.model
        if mass > self.capacity + receiver.tolerance:
            return f"{receiver.name} holds only {self.capacity:g} kg"
        if model.when_full == "turn_away" and not self._has_room(mass):
            return f"{receiver.name} has no room"
        if model.queue_limit is not None and len(self.trucks) >= model.queue_limit and not self._served_at_once(mass):
            return f"the queue is full, {len(self.trucks)} wait (queue_limit)"
        return ""

    def _has_room(self, mass: float) -> bool:
        """Whether there is room for a truck and for all that wait before it; for one that waits for hands it is kept already."""
        ahead = math.fsum(self.record.masses[1 if self.record.phase == HANDS else 0 :])
        return self.receiver.room_for(self, ahead + mass)

    def _served_at_once(self, mass: float) -> bool:
        """Whether a truck that comes now need not wait."""
        if self.trucks or not self.receiver.room_for(self, mass):
            return False
        if self.needs:
            return all(resource.free_for(self) for resource in self.needs)
        return not self.ramp.record.ends

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == IDLE:
            return False
        if record.phase == ROOM:
            mass = record.masses[0]
            if not self.receiver.room_for(self, mass):
                self.receiver.putters.join(self, mass, record.came[0])
            if not self.receiver.room_for(self, mass):  # it may have come before the one who stood first
                check_deadlock(self, now)
                return False
            self.leave_lists()
            if self.model.unload is None:
                load, mass = self._leave_queue(now)
                self._take_in(load / mass, mass, now)
                return True
            self.count(now)
            self.receiver.reserved[self.name] = mass
            record.phase = HANDS
        if not self._has_hands(now):
            check_deadlock(self, now)
            return False
        self._unload(now)
        return True

    def _has_hands(self, now: int) -> bool:
        """Take what unloading needs for the first truck, or wait for it. Where it needs nothing, one truck unloads after the other."""
        if self.needs:
            return seize(self, self.needs, now, holder=self.ramp, asked=self.record.came[0])
        if self.ramp.record.ends:
            self.ramp.free.join(self, 1.0)
            return False
        self.leave_lists()
        return True

    def _unload(self, now: int) -> None:
        """The first truck begins to unload."""
        record = self.record
        load, mass = self._leave_queue(now)
        assert self.model.unload is not None
        duration = nanoseconds(self.model.unload.time.inverse(self.unload_stream.uniform()))
        place = f"{self.ramp.name}.{record.begun}"
        record.begun += 1
        self.receiver.reserved[place] = self.receiver.reserved.pop(self.name)
        self.ramp.begin(Unloading(advance(work_calendars(self.needs), now, duration), place, mass), load, now)

    def _leave_queue(self, now: int) -> tuple[Floats, float]:
        """The first truck waits no longer."""
        record = self.record
        self.count(now)
        load, mass = self.trucks.pop(0), record.masses.pop(0)
        del record.came[0]
        record.phase = ROOM if self.trucks else IDLE
        return load, mass

    def unloaded(self, truck: Unloading, load: Floats, now: int) -> None:
        """A truck is empty: its hands are free, and what it brought is there."""
        if self.needs:
            release(self.ramp, self.needs, now)
        self.receiver.reserved.pop(truck.place, None)
        self._take_in(load / truck.mass, truck.mass, now)

    def _take_in(self, shares: Floats, mass: float, now: int) -> None:
        lot = 0
        if self.genealogy is not None:
            lot = self.genealogy.new(self.feed, now)
            materials = np.zeros(len(self.taken))
            add_materials(materials, shares, mass)
            self.genealogy.edge(lot, 0, materials)
        if self.sampler is not None:
            self.sampler.sample(shares, mass, self.record.number, now)
        self.record.number += 1
        add_materials(self.taken, shares, mass)
        k = self.recorder.step(now)
        add_materials(self.recorder.mass[k][self.stream_row], shares, mass)
        self.recorder.size[k][self.stream_row] += shares[: self._solid].sum(axis=0) * mass
        self.receiver.put(shares, mass, mass, lot, now)

    @property
    def phase_cause(self) -> tuple[int, str] | None:
        """What the first truck waits for: its state, and the unit or resource."""
        if self.record.phase == ROOM:
            return BLOCKED, self.receiver.name
        return (WAITING, self.needs[0].name) if self.record.phase == HANDS and self.needs else None

    def count(self, now: int) -> None:
        """Add the truck-seconds since how many wait or unload last changed."""
        record, unloading = self.record, len(self.ramp.record.ends)
        if self.trucks or unloading:
            for k, part in self.recorder.cut(record.since, now):
                counts = self.recorder.gates[k][self.row]
                counts[QUEUE] += len(self.trucks) * part * 1e-9
                counts[UNLOADING] += unloading * part * 1e-9
        if self.trucks and self.phase_cause:
            self.recorder.waited(self.feed, *self.phase_cause, record.since, now)
        record.since = now

    def settle(self, now: int) -> None:
        self.count(now)

    def save(self) -> State:
        queue: list[Any] = [truck.copy() for truck in self.trucks]
        return {
            **super().save(),
            "trucks": queue,
            "taken": self.taken.copy(),
            "unload": self.unload_stream.used,
            "sampled": self.sampler.used if self.sampler else 0,
        }

    def load(self, state: State) -> None:
        super().load(state)
        self.record.masses, self.record.came = list(self.record.masses), list(self.record.came)
        self.trucks = [truck.copy() for truck in state["trucks"]]
        self.taken[:] = state["taken"]
        self.unload_stream.rewind(state["unload"])
        if self.sampler is not None:
            self.sampler.rewind(state["sampled"])


@dataclass(frozen=True)
class Unloading:
    """A truck that unloads until ``end`` (ns); ``place`` is what its room is kept under, ``mass`` kg."""

    end: int
    place: str
    mass: float


@dataclass(slots=True)
class RampRecord:
    """The trucks that unload, in order of beginning: when each ends (ns), its place and mass."""

    until: int = NEVER
    ends: list[int] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    masses: list[float] = field(default_factory=list)


class Ramp(Unit):
    """Where trucks unload: as many at once as there are hands for, or one where no hands are needed."""

    def __init__(self, name: str, index: int, gate: Gate) -> None:
        super().__init__(name, index, gate.clock, record := RampRecord())
        self.record: RampRecord = record
        self.gate = gate
        self.loads: list[Floats] = []
        self.free = WaitingList(f"{name}: free", lambda _: not self.record.ends, lambda: [self])

    def begin(self, truck: Unloading, load: Floats, now: int) -> None:
        """A truck begins to unload ``load`` (component, size), kg."""
        record = self.record
        record.ends.append(truck.end)
        record.places.append(truck.place)
        record.masses.append(truck.mass)
        self.loads.append(load)
        if record.until < 0:
            record.until = truck.end
            self.clock.schedule(self, truck.end)
        elif truck.end < record.until:
            record.until = truck.end
            self.clock.reschedule(self, truck.end)

    def step(self, now: int) -> bool:
        record = self.record
        while (k := next((k for k, end in enumerate(record.ends) if end <= now), None)) is not None:
            truck = Unloading(record.ends[k], record.places[k], record.masses[k])
            self.gate.count(now)
            del record.ends[k], record.places[k], record.masses[k]
            self.gate.unloaded(truck, self.loads.pop(k), now)
        self.free.wake_first(now)
        if not record.ends:
            return False
        record.until = min(record.ends)
        return True

    def save(self) -> State:
        loads: list[Any] = [load.copy() for load in self.loads]
        return {**super().save(), "loads": loads, "free": [unit.name for unit in self.free.units], "asked": list(self.free.asked)}

    def load(self, state: State) -> None:
        super().load(state)
        record = self.record
        record.ends, record.places, record.masses = list(record.ends), list(record.places), list(record.masses)
        self.loads = [load.copy() for load in state["loads"]]

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        for name, asked in zip(state["free"], state["asked"], strict=True):
            self.free.restore(units[name], 1.0, asked)
