"""Deliveries: trucks that arrive, wait at the gate, unload, or are turned away.

Arrivals and gate are two units, since each waits for one thing only: the next arrival, and room for the first truck in the queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import Calendar, advance
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.resource import release, seize, work_calendars
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit
from twin.kernels.heaps import add_materials
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.units.assays import Assays
from twin.units.assembly import Assembly
from twin.units.composition import lot_shares
from twin.units.outlet import Receiver

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
    """``count``: deliveries so far; ``due``: whether the pending event is an arrival."""

    until: int = 0
    count: int = 0
    due: bool = False


class Arrivals(Unit):
    """When deliveries come and what is on them.

    Streams: ``arrival`` (one uniform a delivery), ``mass`` (one), ``composition`` (one for each material delivered, in the order of the catalogue),
    ``assay`` (one for each share that spreads, in the order written).
    """

    def __init__(self, site: Assembly, name: str, index: int, model: FeedModel, gate: Gate) -> None:
        super().__init__(name, index, site.clock, record := ArrivalsRecord())
        self.record: ArrivalsRecord = record
        self.gate = gate
        self.calendar: Calendar | None = site.calendar(model.calendar)
        self.streams: dict[str, Stream] = {purpose: site.stream(name, purpose) for purpose in ("arrival", "mass", "composition", "assay")}
        self.assays = Assays(site, model)
        self._site = site
        self.model: FeedModel = model
        self._share: Floats = np.zeros(0)
        self.set_model(model)

    def set_model(self, model: FeedModel) -> None:
        """Parameters at the start, or after a timed event."""
        self.model = model
        self.assays.model = model
        if model.composition is not None:
            self._share = self._spread(dict(model.composition))

    def _spread(self, composition: dict[str, float]) -> Floats:
        return lot_shares(self._site, composition, self.model.size)

    def step(self, now: int) -> bool:
        record = self.record
        if record.due:
            shares, mass = self._delivery()
            self.gate.arrive(self.assays.applied(shares, record.count, self.streams["assay"]), mass, now)
            record.count += 1
        record.due = True
        until = self._next(now)
        if until is None:
            record.due = False
            return False
        record.until = until
        return True

    def _next(self, now: int) -> int | None:
        """When the next delivery comes; None after the last."""
        model, count = self.model, self.record.count
        if model.schedule is not None:
            return nanoseconds(model.schedule.times[count]) if count < len(model.schedule.times) and count != model.limit else None
        if (model.limit is not None and count >= model.limit) or model.every is None:
            return None
        if count == 0 and model.first is not None:
            return nanoseconds(model.first)
        gap = nanoseconds(model.every.inverse(self.streams["arrival"].uniform()))
        return self.calendar.advance(now, gap) if self.calendar is not None else now + gap

    def _delivery(self) -> tuple[Floats, float]:
        """Shares by (material, size), and mass, of the delivery that arrives."""
        model = self.model
        if model.schedule is not None:
            count = self.record.count
            mass = model.schedule.masses[count]
            if model.schedule.fractions is not None:
                return self._spread(dict(zip(model.schedule.materials, model.schedule.fractions[count], strict=True))), mass
        else:
            assert model.mass is not None
            mass = model.mass.inverse(self.streams["mass"].uniform())
        if model.variability is None:
            return self._share, mass
        return self._vary(model.variability.concentration), mass

    def _vary(self, concentration: float) -> Floats:
        """A Dirichlet draw around the mean composition, as normalised gamma variates, each inverted from one uniform."""
        from scipy.special import gammaincinv

        means = self._share[: self._site.components.solid].sum(axis=1).tolist()
        stream = self.streams["composition"]
        drawn = [float(gammaincinv(concentration * mean, stream.uniform())) if mean > 0.0 else 0.0 for mean in means]
        total = sum(drawn)
        if total <= 0.0:
            return self._share
        factors = [d / total / mean if mean > 0.0 else 0.0 for d, mean in zip(drawn, means, strict=True)]
        contents = [factors[material] for material, _ in self._site.components.contents]
        rest = [0.0] * (len(self._share) - len(factors) - len(contents))
        melt, heat = (rest[:-2], rest[-2:]) if rest else ([], [])
        varied: Floats = self._share * np.array([*factors, *melt, *contents, *heat])[:, None]
        return varied

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
        return {**super().save(), "trucks": queue, "taken": self.taken.copy(), "unload": self.unload_stream.used}

    def load(self, state: State) -> None:
        super().load(state)
        self.record.masses = list(self.record.masses)
        self.trucks = [truck.copy() for truck in state["trucks"]]
        self.taken[:] = state["taken"]
        self.unload_stream.rewind(state["unload"])
