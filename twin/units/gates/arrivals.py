"""When trucks come to deliver, and what is on them."""

from __future__ import annotations

from dataclasses import dataclass

from twin.engine.clock import nanoseconds
from twin.engine.streams import Stream
from twin.engine.unit import State, Unit
from twin.scenario.equilibrium import first_gap
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.units.gates.assays import Assays
from twin.units.gates.gate import Gate
from twin.units.gates.pace import Pace
from twin.units.gates.truckloads import Truckloads
from twin.units.ground.assembly import Assembly
from twin.units.ground.decider import Decider
from twin.units.ground.inputs import Input, Listener


@dataclass(slots=True)
class ArrivalsRecord:
    """``count``: deliveries so far; ``due``: whether the pending event is an arrival, ``planned`` for when (ns). What is left of the gap at ``since`` ns
    is ``left`` s, drawn as a ``gap`` s from one of mean ``mean`` s; below 0 where the time was given."""

    until: int = 0
    count: int = 0
    due: bool = False
    planned: int = 0
    since: int = 0
    left: float = -1.0
    mean: float = 0.0
    gap: float = 0.0
    consulted: int = 0


class Arrivals(Unit):
    """When deliveries come and what is on them.

    A gap is drawn when the one before it is over, and passes at the rate in force at each instant (:class:`~twin.units.gates.pace.Pace`). Streams: ``arrival``
    (one uniform a delivery), ``assay`` (one for each share that spreads, in the order written), and those of
    :class:`~twin.units.gates.truckloads.Truckloads`.
    """

    def __init__(self, site: Assembly, name: str, index: int, model: FeedModel, gate: Gate) -> None:
        super().__init__(name, index, site.clock, record := ArrivalsRecord())
        self.record: ArrivalsRecord = record
        self.gate = gate
        self.truckloads = Truckloads(site, name, model)
        self.pace = Pace(site.calendar(model.calendar), model.every_counts, site.recorder.horizon)
        self.truckloads.set_pace(self.pace)
        self.streams: dict[str, Stream] = {
            "arrival": site.stream(name, "arrival"), "assay": site.stream(name, "assay"), **self.truckloads.streams
        }  # fmt: skip
        self.assays = Assays(site, model)
        self.model: FeedModel = model
        self.deciders: list[Decider] = []
        self.listener: Listener | None = None

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
        self.assays.set_model(model)
        self.truckloads.set_model(model)
        self.truckloads.set_pace(self.pace)
        if now is not None and retimed:
            self._plan(now)
            self.clock.reschedule(self, record.until)

    def step(self, now: int) -> bool:
        record = self.record
        if self.deciders and record.due and record.consulted == record.count:
            return self._consult(now)
        if record.due:
            shares, mass = self.truckloads.next(record.count, now)
            if self.listener is not None:
                self.listener(Input(now, "delivery", self.name, mass))
            self.gate.arrive(self.assays.applied(shares, record.count, self.streams["assay"]), mass, now)
            record.count += 1
        record.due = self._next(now)
        return record.due

    def _consult(self, now: int) -> bool:
        """Policies are asked before the truck comes: their events come first at this instant."""
        self.record.consulted += 1
        self.record.until = now
        for decider in self.deciders:
            decider.ask(now)
        return True

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
        record.gap = record.left
        self._plan(now)
        return True

    def redraw(self, now: int) -> None:
        record = self.record
        if record.due and self.pace.redraw(record, now, self.streams["arrival"], first=record.count == 0):
            self._plan(now)
            self.clock.reschedule(self, record.until)

    def impose(self, now: int) -> None:
        """From now on no delivery is drawn: each comes by :meth:`deliver`."""
        record = self.record
        if record.due and record.left >= 0.0:
            record.planned = record.since  # when the truck before came, as far as is known
        record.due, record.left = False, -1.0
        self.cancel()

    def deliver(self, mass: float, composition: dict[str, float] | None, now: int) -> None:
        """A truck of ``mass`` kg is there at ``now``; ``composition``: mass fractions by material, None to draw what is on it as always."""
        record = self.record
        shares, _ = self.truckloads.next(record.count, now)
        if composition is not None:
            shares = self.truckloads.shares_of(composition)
        self.gate.arrive(self.assays.applied(shares, record.count, self.streams["assay"]), mass, now)
        record.count += 1
        record.planned = now

    def release(self, now: int) -> None:
        """Deliveries are drawn again, given that none came since the last."""
        record, model = self.record, self.model
        if record.due or (model.limit is not None and record.count >= model.limit):
            return
        if model.schedule is not None:
            record.count = sum(nanoseconds(time) < now for time in model.schedule.times)
            record.due = self._next(now)
        else:
            self.pace.take_up(record, now, self.streams["arrival"])
            record.due = True
            self._plan(now)
        if record.due:
            record.until = max(now, record.until)
            self.clock.schedule(self, record.until)

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
