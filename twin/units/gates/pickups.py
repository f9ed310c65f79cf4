"""Pick-ups: trucks that come for a product, are loaded at once or in their turn, and leave full, short or empty."""

from __future__ import annotations

import math

from twin.engine.bunker import Bunker
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.recording import GATE_COUNTS
from twin.engine.streams import Stream
from twin.engine.unit import State
from twin.scenario.distributions import Distribution
from twin.scenario.equilibrium import first_gap
from twin.scenario.kinds.product import PickUp
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.gates.loads import PICKUPS, REFUSED, Loader
from twin.units.gates.pace import Pace
from twin.units.gates.trucks import Truck, TruckQueue
from twin.units.ground.account import Account
from twin.units.ground.assembly import Assembly
from twin.units.ground.decider import Decider
from twin.units.ground.inputs import Input, Listener

SHORT, EMPTY, LIMITED = (GATE_COUNTS.index(name) for name in ("short_pickups", "empty_pickups", "limited_pickups"))
FULL_LOAD = 1.0 - 1e-9
"""Share of its load above which a truck counts as full."""
ROUNDING = 1e-9
"""By this share of it, what is left of a limit, or of the last bale, may be missed by rounding."""


class PickUps(Loader):
    """Trucks that come and take what they find, up to their load. Streams: ``pickup`` and ``load``.

    ``bay``: where trucks wait and are loaded; None where loading takes no time.
    """

    def __init__(self, site: Assembly, name: str, index: int, bunkers: list[Bunker], account: Account, model: ProductModel) -> None:
        super().__init__(site, name, index, bunkers, account, model)
        assert model.pickup is not None
        self.model: PickUp = model.pickup
        self.pace = Pace(site.calendar(self.model.calendar), self.model.every_counts, site.recorder.horizon)
        self.pace.set(self.model.every)
        self.every, self.load_stream = site.stream(name, "pickup"), site.stream(name, "load")
        self.period = nanoseconds(self.model.limit.per) if self.model.limit is not None else 0
        self.bay: Bay | None = None
        self.deciders: list[Decider] = []
        self.listener: Listener | None = None

    def step(self, now: int) -> bool:
        record = self.record
        if self.deciders and record.due and record.consulted == record.trucks:
            record.consulted += 1
            record.until = now
            for decider in self.deciders:
                decider.ask(now)  # its event comes first at this instant
            return True
        if record.due:
            self._truck(now)
        record.due = True
        self._next(now)
        return True

    def set_model(self, model: PickUp, now: int | None) -> None:
        """Parameters after a timed event or by a policy at ``now`` ns, at which the truck that is due comes sooner or later; None while a saved state is
        restored."""
        record = self.record
        retimed = now is not None and model.every != self.model.every and record.due and record.left >= 0.0 and record.planned > now
        if now is not None and retimed:
            record.left = max(0.0, record.left - self.pace.passed(record.since, now, record.mean))
            record.since = now
        self.model = model
        self.pace.set(model.every)
        if now is not None and retimed:
            self._plan(now)
            self.clock.reschedule(self, record.until)

    def _next(self, now: int) -> None:
        """Plan the next truck."""
        every, record = self.model.every, self.record
        if record.trucks == 0 and self.model.first is not None:
            record.left = -1.0
            record.planned = self.pace.opens(nanoseconds(self.model.first))
            record.until = max(now, self.pace.admits(record.planned))
            return
        u = self.every.uniform()
        record.since = record.planned
        record.left, record.mean = every.inverse(u) if record.trucks else first_gap(every, u), every.mean
        record.gap = record.left
        self._plan(now)

    def redraw(self, now: int) -> None:
        record = self.record
        if record.due and self.pace.redraw(record, now, self.every, first=record.trucks == 0):
            self._plan(now)
            self.clock.reschedule(self, record.until)

    def impose(self, now: int) -> None:
        """From now on no truck is drawn: each comes by :meth:`pick_up`."""
        record = self.record
        if record.due and record.left >= 0.0:
            record.planned = record.since
        record.due, record.left = False, -1.0
        self.cancel()

    def pick_up(self, mass: float, now: int) -> None:
        """A truck for ``mass`` kg is there at ``now``, and takes what it finds."""
        self._truck(now, mass)
        self.record.planned = now

    def release(self, now: int) -> None:
        """Trucks are drawn again, given that none came since the last."""
        record = self.record
        if record.due:
            return
        self.pace.take_up(record, now, self.every)
        record.due = True
        self._plan(now)
        self.clock.schedule(self, record.until)

    def _plan(self, now: int) -> None:
        """When the truck is due, and when it comes: where closed time counts, not before the gate opens."""
        record = self.record
        record.planned = self.pace.reaches(record.since, record.left, record.mean)
        record.until = max(now, self.pace.admits(record.planned))

    def _truck(self, now: int, imposed: float | None = None) -> None:
        """A truck is due: it is called off, or comes and is loaded, at once or in its turn. Its load is drawn, or ``imposed``, kg."""
        self.record.trucks += 1
        drawn = self.model.mass.inverse(self.load_stream.uniform())
        load = drawn if imposed is None else imposed
        counts = self.counts(now)
        if self._allowed(now) <= 0.0:
            counts[LIMITED] += 1.0
            self.note(now, f"pick-up of {load:.6g} kg called off: the customer's limit is reached")
            return
        counts[PICKUPS] += 1.0
        if self.bay is not None:
            self.bay.add(Truck(load, now), now)
        elif (want := self.finds(load, now)) > 0.0:
            self.load_up(want, now)

    def finds(self, load: float, now: int) -> float:
        """How much a truck for ``load`` kg would take now, kg, if it is there; 0 where it leaves empty, which is noted."""
        want = self._whole(min(load, self._allowed(now)))
        there = sum(self._whole(bunker.level) for bunker in self.bunkers)
        if there > 0.0 and there >= self.model.minimum and want > 0.0:
            return want
        self.counts(now)[EMPTY] += 1.0
        self.note(now, f"pick-up of {load:.6g} kg left empty")
        return 0.0

    def load_up(self, want: float, now: int) -> float:
        """A truck takes ``want`` kg, or what is there; returns the mass loaded, kg."""
        loaded, refused = self._load(want, now)
        self.record.taken += loaded
        if self.listener is not None and loaded > 0.0:
            self.listener(Input(now, "pickup", self.product, loaded))
        if refused and loaded <= 0.0:
            self.counts(now)[REFUSED] += 1.0
        elif loaded < FULL_LOAD * want:
            self.counts(now)[SHORT] += 1.0
        return loaded

    def _load(self, want: float, now: int) -> tuple[float, bool]:
        """Load up to ``want`` kg, bunker by bunker; returns the mass loaded, and whether a lot was refused."""
        left, refused = want, False
        for bunker in self.bunkers:
            amount = self._whole(min(left, bunker.level))
            if amount <= bunker.tolerance:
                continue
            if self.outlet is not None and self.refused(bunker, amount, self.outlet, now):
                refused = True
            else:
                left -= self.draw(bunker, amount, now)
        return want - left, refused

    def _allowed(self, now: int) -> float:
        """What the customer still takes in the present period, kg; 0 where that is less than any truck loads."""
        limit, record = self.model.limit, self.record
        if limit is None:
            return math.inf
        if now // self.period != record.period:
            record.period, record.taken = now // self.period, 0.0
        least = max(self.model.minimum, self.model.unit or 0.0, ROUNDING * limit.mass)
        allowed = limit.mass - record.taken
        return allowed if allowed >= least * (1.0 - ROUNDING) else 0.0

    def _whole(self, mass: float) -> float:
        """As many whole bales or containers as are in ``mass`` kg, in kg; loose goods as they are."""
        unit = self.model.unit
        return mass if unit is None else math.floor(mass / unit + ROUNDING) * unit

    def save(self) -> State:
        return {**super().save(), "used": [self.every.used, self.load_stream.used]}

    def load(self, state: State) -> None:
        super().load(state)
        self.every.rewind(state["used"][0])
        self.load_stream.rewind(state["used"][1])


class Bay(TruckQueue):
    """Trucks that wait to be loaded, and for the people and tools that load them.

    The first looks what is there when its turn comes, and leaves empty where that is nothing. What it finds leaves the bunker, and the plant, as loading
    begins; the truck stands there until it ends. Stream: ``loading``.
    """

    def __init__(self, site: Assembly, name: str, product: str, pickups: PickUps) -> None:
        super().__init__(site, name, product, site.needed(pickups.model.needs, pickups.model.priority))
        self.pickups = pickups
        self.stream = site.stream(product, "loading")

    def step(self, now: int) -> bool:
        if not self.trucks:
            return False
        truck = self.trucks[0]
        fresh, want = truck.left < 0, 0.0
        if fresh and self.turn() and (want := self.pickups.finds(truck.mass, now)) <= 0.0:
            self._leaves(now)
            return True
        if truck.number < 0:
            self.number(truck)
        if not self.has_hands(now):
            check_deadlock(self, now)
            return False
        if fresh and self.pickups.load_up(want, now) <= 0.0:
            self.give_hands_back(truck, now)
            self._leaves(now)
            return True
        self.serve(now, self._length() if fresh else 0)
        return True

    def _leaves(self, now: int) -> None:
        """The first truck has nothing to wait for."""
        self._change(now)
        self.trucks.pop(0)
        self.abandon_lists(now)

    def _length(self) -> int:
        """How long the next truck is loaded, ns."""
        time, stream = self.service
        return nanoseconds(time.inverse(stream.uniform()))

    @property
    def service(self) -> tuple[Distribution, Stream]:
        time = self.pickups.model.time
        assert time is not None
        return time, self.stream

    def finished(self, truck: Truck, now: int) -> None:
        """The truck is gone; what it took was counted as it began."""

    def save(self) -> State:
        return {**super().save(), "used": self.stream.used}

    def load(self, state: State) -> None:
        super().load(state)
        self.stream.rewind(state["used"])
