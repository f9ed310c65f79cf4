"""The gate of a feed: trucks wait for room and for hands, unload, leave, or are turned away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.recording import GATE_COUNTS
from twin.engine.states import BLOCKED
from twin.engine.streams import Stream
from twin.engine.unit import State
from twin.engine.window import window_begin
from twin.kernels.heaps import add_materials
from twin.quantities import NANOSECONDS, format_quantity
from twin.scenario.distributions import Distribution
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.scenario.series import Series
from twin.units.gates.trucks import Truck, TruckQueue
from twin.units.ground.assembly import Assembly
from twin.units.ground.outlet import Receiver
from twin.units.ground.sampling import Sampler
from twin.units.ground.settlement import steps_of

if TYPE_CHECKING:
    from twin.units.gates.patience import Patience

Floats = NDArray[np.float64]
ARRIVALS, TURNED_AWAY, TURNED_AWAY_MASS, LEFT = (GATE_COUNTS.index(name) for name in ("arrivals", "turned_away", "turned_away_mass", "left"))


class LinkEnd(Protocol):
    """The end of a link at a gate: whether it says itself what the receiver ``pays``, and who is told when a truck of it is done."""

    @property
    def pays(self) -> bool: ...

    def done(self, truck: Truck, taken_in: bool, now: int) -> None: ...


class Gate(TruckQueue):
    """The queue of trucks before the bunker (or conveyor) that the feed fills. A truck unloads whole or not at all.

    The first truck waits for room, which is then kept for it, and after that for hands. It has its place before both by the time at which it came, so
    that the trucks of several gates are served in the order in which they came. ``taken`` (component,), kg: the account of what came in. ``cost``: EUR of what
    was taken in from ``counts_from`` (ns) on, where its price is a series or a link pays by its own terms. ``links``: the links, by name, whose trucks come.
    Stream: ``unload``.
    """

    def __init__(self, site: Assembly, name: str, feed: str, model: FeedModel) -> None:
        unload = model.unload
        super().__init__(site, name, feed, site.needed(unload.needs, unload.priority) if unload is not None else site.needed(()))
        self.feed, self.model = feed, model
        self.genealogy, self.stream_row = site.genealogy, site.row(feed)
        self.unload_stream = site.stream(feed, "unload")
        self.sampler = Sampler(site, feed, model.sampling) if model.sampling is not None else None
        self.start = site.scenario.start
        self.prices = steps_of(model.price, self.start) if isinstance(model.price, Series) else None
        self.counts_from = window_begin(nanoseconds(site.scenario.warmup), site.recorder.every)
        self.cost = 0.0
        self.taken, self._solid = np.zeros(site.shape[0]), site.components.solid
        self.patience: Patience | None = None
        self.balking = site.stream(feed, "balk") if model.balk else None
        self.links: dict[str, LinkEnd] = {}
        self.lot = 0
        """Number of the lot that was taken in last, where lots have one."""
        self.receiver: Receiver
        self.capacity = float("inf")

    def connect(self, site: Assembly) -> None:
        """Find where trucks unload to."""
        self.receiver = site.receiver_of(self.feed)
        self.capacity = getattr(self.receiver, "capacity", float("inf"))
        self.receiver.fillers.extend([self, self.ramp] if self.model.unload is not None else [self])

    # -- arrivals --------------------------------------------------------------------------------------------------------------------------

    def arrive(self, shares: Floats, mass: float, now: int, link: str = "", trip: int = 0) -> None:
        """A truck arrives, with load number ``trip`` of a ``link`` or of no other site: it unloads, waits, or is turned away."""
        counts = self.recorder.gates[self.recorder.step(now)][self.row]
        counts[ARRIVALS] += 1.0
        truck = Truck(mass, now, shares * mass, link=link, trip=trip)
        if self.patience is not None:
            truck.gives_up = self.patience.deadline(now)
        turns = self._turns()
        why = self._refused(mass)
        if why or turns:
            self._turn_away(truck, now, f"turned away: {why}" if why else f"turned at the sight of the queue, {len(self.trucks)} wait (balk)")
            return
        if self.model.unload is None and self._served_at_once(mass):
            self._take_in(shares, mass, now, link)
            self._done(truck, True, now)
            return
        self.add(truck, now)
        if self.patience is not None and truck.gives_up >= 0:
            self.patience.watch(truck.gives_up)

    def _turns(self) -> bool:
        """Whether a truck that comes now turns at the sight of the queue. Stream: ``balk``, one uniform a truck."""
        chances = self.model.balk
        return self.balking is not None and self.balking.uniform() < chances[min(len(self.trucks), len(chances) - 1)]

    def _turn_away(self, truck: Truck, now: int, what: str) -> None:
        counts = self.recorder.gates[self.recorder.step(now)][self.row]
        counts[TURNED_AWAY] += 1.0
        counts[TURNED_AWAY_MASS] += truck.mass
        self.recorder.note(now, self.feed, f"delivery of {truck.mass:.6g} kg {what}")
        self._done(truck, False, now)

    def _done(self, truck: Truck, taken_in: bool, now: int) -> None:
        """A truck leaves the gate."""
        if truck.link:
            self.links[truck.link].done(truck, taken_in, now)

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
        """Whether there is room for a truck and for all that wait before it; for those that wait for hands it is kept already."""
        return self.receiver.room_for(self, math.fsum(truck.mass for truck in self.trucks if truck.number < 0) + mass)

    def _served_at_once(self, mass: float) -> bool:
        """Whether a truck that comes now need not wait."""
        return not self.trucks and self.receiver.room_for(self, mass) and self.served_at_once()

    def give_up(self, now: int) -> None:
        """Trucks whose patience is over leave, wherever they stand in the queue."""
        gone = [truck for truck in self.trucks if 0 <= truck.gives_up <= now]
        if not gone:
            return
        self._change(now)
        was_first, kept = gone[0] is self.trucks[0], [truck for truck in gone if truck.number >= 0]
        self.trucks = [truck for truck in self.trucks if not 0 <= truck.gives_up <= now]
        for truck in gone:
            self.recorder.gates[self.recorder.step(now)][self.row][LEFT] += 1.0
            self._turn_away(truck, now, f"left after waiting {format_quantity((now - truck.came) / NANOSECONDS, 's')}")
            self.receiver.reserved.pop(self._place(truck), None)
        if was_first:
            self.abandon_lists(now)
            if self.trucks:
                self.wake(now)
        if kept:
            self.receiver.putters.wake_first(now)

    # -- unloading -------------------------------------------------------------------------------------------------------------------------

    def _place(self, truck: Truck) -> str:
        """What the truck's room is kept under."""
        return f"{self.ramp.name}.{truck.number}"

    def step(self, now: int) -> bool:
        if not self.trucks:
            return False
        truck = self.trucks[0]
        if truck.number < 0:
            if not self.receiver.room_for(self, truck.mass):
                self.receiver.putters.join(self, truck.mass, truck.came)
            if not self.receiver.room_for(self, truck.mass):  # it may have come before the one who stood first
                check_deadlock(self, now)
                return False
            self.leave_lists()
            if self.model.unload is None:
                self.leave_queue(now)
                self._take_in(truck.load / truck.mass, truck.mass, now, truck.link)
                self._done(truck, True, now)
                return True
            self.count(now)
            self.number(truck)
            self.receiver.reserved[self._place(truck)] = truck.mass
        if not self.has_hands(now):
            check_deadlock(self, now)
            return False
        self.serve(now, self._length() if truck.left < 0 else 0)
        return True

    def _length(self) -> int:
        """How long the next truck unloads, ns."""
        time, stream = self.service
        return nanoseconds(time.inverse(stream.uniform()))

    @property
    def service(self) -> tuple[Distribution, Stream]:
        assert self.model.unload is not None
        return self.model.unload.time, self.unload_stream

    def finished(self, truck: Truck, now: int) -> None:
        """A truck is empty: what it brought is there."""
        self.receiver.reserved.pop(self._place(truck), None)
        self._take_in(truck.load / truck.mass, truck.mass, now, truck.link)
        self._done(truck, True, now)

    def count_prices(self) -> None:
        """Count what is taken in as it comes: a link pays by its own terms, so that no one price tells it afterwards."""
        if self.prices is None:
            self.prices = steps_of(self.model.price, self.start)

    def pay(self, worth: float, now: int) -> None:
        """A link's load that was taken in costs ``worth`` EUR."""
        if now >= self.counts_from:
            self.cost += worth

    def _take_in(self, shares: Floats, mass: float, now: int, link: str) -> None:
        lot = 0
        if self.genealogy is not None:
            lot = self.lot = self.genealogy.new(self.feed, now)
            materials = np.zeros(len(self.taken))
            add_materials(materials, shares, mass)
            self.genealogy.edge(lot, 0, materials)
        if self.sampler is not None:
            self.sampler.sample(shares, mass, self.record.number, now)
        self.record.number += 1
        if self.prices is not None and now >= self.counts_from and not (link and self.links[link].pays):
            self.cost += self.prices.at(now) * mass
        add_materials(self.taken, shares, mass)
        k = self.recorder.step(now)
        add_materials(self.recorder.mass[k][self.stream_row], shares, mass)
        self.recorder.size[k][self.stream_row] += shares[: self._solid].sum(axis=0) * mass
        self.receiver.put(shares, mass, mass, lot, now)

    @property
    def gives_up(self) -> bool:
        return bool(self.trucks) and self.trucks[0].gives_up >= 0

    @property
    def cause(self) -> tuple[int, str] | None:
        if self.trucks and self.trucks[0].number < 0:
            return BLOCKED, self.receiver.name
        return self.waits_for

    def save(self) -> State:
        return {
            **super().save(),
            "taken": self.taken.copy(),
            "unload": self.unload_stream.used,
            "sampled": self.sampler.used if self.sampler else 0,
            "balk": self.balking.used if self.balking is not None else 0,
            **({"cost": self.cost} if self.prices is not None else {}),
        }

    def load(self, state: State) -> None:
        super().load(state)
        self.taken[:] = state["taken"]
        self.unload_stream.rewind(state["unload"])
        if self.sampler is not None:
            self.sampler.rewind(state["sampled"])
        self.cost = state.get("cost", 0.0)
        if self.balking is not None:
            self.balking.rewind(state["balk"])
