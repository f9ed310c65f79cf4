"""Deliveries: trucks that arrive, wait at the gate, unload, or are turned away.

Arrivals and gate are two units, since each waits for one thing only: the next arrival, and room for the first truck in the queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import advance
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.resource import release, seize, work_calendars
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit
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
IDLE, ROOM, HANDS, UNLOADING = "idle", "room", "hands", "unloading"
ARRIVALS, TURNED_AWAY, TURNED_AWAY_MASS, QUEUE = range(4)
"""Columns of the recorder's gate counts that a feed fills."""


class Feed:
    """The kind's behaviour: builds the arrivals and the gate of a feed."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: FeedModel) -> None:
        """Add both units to the plant."""
        gate = Gate(site, f"{name}.gate", site.next_index(), name, model)
        site.units.append(gate)
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
    """``masses`` of the trucks in the queue, first come first; ``since``: when its length last changed; ``number``: deliveries taken in."""

    until: int = NEVER
    phase: str = IDLE
    masses: list[float] = field(default_factory=list)
    since: int = 0
    number: int = 0


class Gate(Unit):
    """The queue of trucks before the bunker (or conveyor) that the feed fills. A truck unloads whole or not at all.

    ``taken`` (component,), kg: the account of what came in. Stream: ``unload``.
    """

    def __init__(self, site: Assembly, name: str, index: int, feed: str, model: FeedModel) -> None:
        super().__init__(name, index, site.clock, record := GateRecord())
        self.record: GateRecord = record
        self.feed, self.model = feed, model
        self.recorder, self.genealogy = site.recorder, site.genealogy
        self.row, self.stream_row = site.gate(feed), site.row(feed)
        self.needs = site.needed(model.unload.needs) if model.unload is not None else []
        self.unload_stream = site.stream(feed, "unload")
        self.sampler = Sampler(site, feed, model.sampling) if model.sampling is not None else None
        self.trucks: list[Floats] = []
        self.taken, self._solid = np.zeros(site.shape[0]), site.components.solid
        self.receiver: Receiver
        self.capacity = float("inf")

    def connect(self, site: Assembly) -> None:
        """Find where trucks unload to."""
        self.receiver = site.receiver_of(self.feed)
        self.capacity = getattr(self.receiver, "capacity", float("inf"))
        fillers = getattr(self.receiver, "fillers", None)
        if fillers is not None:
            fillers.append(self)

    def arrive(self, shares: Floats, mass: float, now: int) -> None:
        """A truck arrives: it unloads, waits, or is turned away."""
        record, model = self.record, self.model
        counts = self.recorder.gates[self.recorder.step(now)][self.row]
        counts[ARRIVALS] += 1.0
        fits_ever = mass <= self.capacity + self.receiver.tolerance
        at_once = not self.trucks and self.receiver.room_for(self, mass)
        full = len(self.trucks) >= model.queue_limit if model.queue_limit is not None else False
        if not fits_ever or (not at_once and (full or model.when_full == "turn_away")):
            counts[TURNED_AWAY] += 1.0
            counts[TURNED_AWAY_MASS] += mass
            why = "has no room" if fits_ever else f"holds only {self.capacity:g} kg"
            self.recorder.note(now, self.feed, f"delivery of {mass:.6g} kg turned away: {self.receiver.name} {why}")
            return
        if at_once and model.unload is None:
            self._take_in(shares, mass, now)
            return
        self._count_queue(now)
        self.trucks.append(shares * mass)
        record.masses.append(mass)
        if record.phase == IDLE:
            record.phase = ROOM
            self.run(now)

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == IDLE:
            return False
        mass = record.masses[0]
        if record.phase == ROOM:
            if not self.receiver.room_for(self, mass):
                self.receiver.putters.join(self, mass)
                check_deadlock(self, now)
                return False
            self.leave_lists()
            if self.model.unload is None:
                self._unloaded(now)
                return True
            self.receiver.reserved[self.name] = mass
            record.phase = HANDS
        if record.phase == HANDS:
            if self.needs and not seize(self, self.needs, now):
                check_deadlock(self, now)
                return False
            assert self.model.unload is not None
            record.phase = UNLOADING
            duration = nanoseconds(self.model.unload.time.inverse(self.unload_stream.uniform()))
            record.until = advance(work_calendars(self.needs), now, duration)
            return True
        if self.needs:
            release(self, self.needs, now)
        self.receiver.reserved.pop(self.name, None)
        self._unloaded(now)
        return True

    def _unloaded(self, now: int) -> None:
        record = self.record
        self._count_queue(now)
        load, mass = self.trucks.pop(0), record.masses.pop(0)
        record.phase = ROOM if self.trucks else IDLE
        self._take_in(load / mass, mass, now)

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

    def _count_queue(self, now: int) -> None:
        """Add the truck-seconds since the queue last changed."""
        record = self.record
        if self.trucks:
            for k, part in self.recorder.cut(record.since, now):
                self.recorder.gates[k][self.row][QUEUE] += len(self.trucks) * part * 1e-9
        record.since = now

    def settle(self, now: int) -> None:
        self._count_queue(now)

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
        self.record.masses = list(self.record.masses)
        self.trucks = [truck.copy() for truck in state["trucks"]]
        self.taken[:] = state["taken"]
        self.unload_stream.rewind(state["unload"])
        if self.sampler is not None:
            self.sampler.rewind(state["sampled"])
