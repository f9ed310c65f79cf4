"""Trucks that wait and trucks that are served: what a gate, where they unload, and a bay, where they are loaded, have in common."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import advance, open_time
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.needs import Needs, release, seize
from twin.engine.recording import GATE_COUNTS
from twin.engine.states import WAITING
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit
from twin.engine.waiting import WaitingList
from twin.scenario.distributions import Distribution
from twin.scenario.equilibrium import beyond
from twin.units.ground.assembly import Assembly

Floats = NDArray[np.float64]
QUEUE, UNLOADING = (GATE_COUNTS.index(name) for name in ("queue", "unloading"))


def _nothing() -> Floats:
    return np.zeros((0, 0))


@dataclass(slots=True, eq=False)
class Truck:
    """A truck that ``came`` at a time (ns) with ``mass`` kg, or for it. ``load`` (component, size), kg: what it brings.

    ``gives_up``: when it leaves if it still waits, ns. ``number``: of the trucks that are certain to be served, below 0 before it is. It is served from
    ``begun`` to ``ends`` (ns), ``whole`` ns long, of which ``left`` are left; below 0 before it first begins. ``stopped``: it is being interrupted, and
    starts ``again`` or goes on. ``link``: of a cluster, whose truck it is, with the link's load of number ``trip``; "" where it is of no other site.
    """

    mass: float
    came: int
    load: Floats = field(default_factory=_nothing)
    gives_up: int = NEVER
    number: int = NEVER
    left: int = NEVER
    whole: int = 0
    begun: int = 0
    ends: int = 0
    stopped: bool = False
    again: bool = False
    link: str = ""
    trip: int = 0

    def save(self) -> State:
        """As plain data."""
        return {**{entry.name: getattr(self, entry.name) for entry in fields(self)}, "load": self.load.copy()}

    @classmethod
    def restored(cls, state: State) -> Truck:
        """A saved truck."""
        return cls(**{**state, "load": state["load"].copy()})


@dataclass(slots=True)
class QueueRecord:
    """``since``: when how many wait or are served last changed, ns; ``served``: trucks that were certain to be served; ``number``: deliveries taken in."""

    until: int = NEVER
    since: int = 0
    served: int = 0
    number: int = 0


class TruckQueue(Unit):
    """Trucks of one kind, first come first served. The first of them asks for hands, as of when it came, so that the trucks of several queues are served in
    the order in which they came, the higher priority first.

    ``title``: what it is called in records. Where nothing is needed one truck is served after the other.
    """

    def __init__(self, site: Assembly, name: str, title: str, needs: Needs) -> None:
        super().__init__(name, site.next_index(), site.clock, record := QueueRecord())
        self.record: QueueRecord = record
        self.takes_any = False
        self.title, self.needs, self.calendars = title, needs, needs.calendars
        self.recorder, self.row = site.recorder, site.gate(title)
        self.trucks: list[Truck] = []
        self.waits_for = (WAITING, needs.resources[0].name) if needs else None
        """The state of the first truck while it waits for hands, and the resource."""
        self.ramp: Ramp

    @property
    def askers(self) -> int:
        """All trucks in the queue wait for what the first waits for."""
        return len(self.trucks)

    def finished(self, truck: Truck, now: int) -> None:
        """A truck has been served; its hands are free."""
        raise NotImplementedError(f"{type(self).__name__}.finished")

    @property
    def service(self) -> tuple[Distribution, Stream]:
        """How long a truck is served, and the stream that it is drawn by."""
        raise NotImplementedError(f"{type(self).__name__}.service")

    def add(self, truck: Truck, now: int) -> None:
        """A truck takes the last place; the first looks whether it is served at once."""
        self._change(now)
        self.trucks.append(truck)
        if len(self.trucks) == 1 and self.record.until < 0:
            self.run(now)

    def served_at_once(self) -> bool:
        """Whether hands would be free for the first truck."""
        if not self.needs:
            return not self.ramp.trucks
        return self.needs.find(self) is not None or self.needs.find_by_force(self) is not None

    def number(self, truck: Truck) -> None:
        """It is certain that the truck is served, as soon as there are hands."""
        truck.number = self.record.served
        self.record.served += 1

    def turn(self) -> bool:
        """Whether it is the first truck's turn: hands are free, and nobody stands before it. Else it waits for them."""
        if not self.needs:
            return not self.ramp.trucks
        if self.needs.find(self) is None:
            self.needs.join(self, self.trucks[0].came)
        return self.needs.find(self) is not None

    def has_hands(self, now: int) -> bool:
        """Take what is needed for the first truck, or wait for it."""
        truck = self.trucks[0]
        if self.needs:
            return seize(self, self.needs, now, task=(self.ramp, truck.number), asked=truck.came)
        if self.ramp.trucks:
            self.ramp.free.join(self, 1.0)
            return False
        self.leave_lists()
        return True

    def serve(self, now: int, length: int) -> None:
        """The first truck is served, ``length`` ns long where it begins for the first time."""
        truck = self.leave_queue(now)
        if truck.left < 0:
            truck.left = truck.whole = length
        truck.begun, truck.gives_up = now, NEVER
        truck.ends = advance(self.calendars, now, truck.left)
        self.ramp.begin(truck, now)

    def leave_queue(self, now: int) -> Truck:
        """The first truck waits no longer."""
        self.count(now)
        return self.trucks.pop(0)

    def give_hands_back(self, truck: Truck, now: int) -> None:
        """What the truck held is free."""
        if self.needs:
            release(self.ramp, self.needs, now, truck.number)

    def take_back(self, truck: Truck, now: int) -> None:
        """A truck was interrupted: it waits again, before all that came later."""
        truck.left = truck.whole if truck.again else truck.left - open_time(self.calendars, truck.begun, now)
        truck.stopped = truck.again = False
        self.give_hands_back(truck, now)
        self._change(now)
        place = sum(other.came <= truck.came and other.number >= 0 and other.left >= 0 for other in self.trucks)
        self.trucks.insert(place, truck)
        if place == 0:
            self.abandon_lists(now)
            self.wake(now)

    def _change(self, now: int) -> None:
        """How many wait is about to change."""
        self.count(now)
        for resource in self.needs.resources:
            resource.account(now)

    @property
    def cause(self) -> tuple[int, str] | None:
        """What the first truck waits for: its state, and the unit or resource."""
        return self.waits_for

    def count(self, now: int) -> None:
        """Add the truck-seconds since how many wait or are served last changed."""
        record, served = self.record, len(self.ramp.trucks)
        if self.trucks or served:
            for k, part in self.recorder.cut(record.since, now):
                counts = self.recorder.gates[k][self.row]
                counts[QUEUE] += len(self.trucks) * part * 1e-9
                counts[UNLOADING] += served * part * 1e-9
        if self.trucks and (cause := self.cause):
            self.recorder.waited(self.title, *cause, record.since, now)
        record.since = now

    def settle(self, now: int) -> None:
        self.count(now)

    def save(self) -> State:
        trucks: list[Any] = [truck.save() for truck in self.trucks]
        return {**super().save(), "trucks": trucks}

    def load(self, state: State) -> None:
        super().load(state)
        self.trucks = [Truck.restored(truck) for truck in state["trucks"]]


@dataclass(slots=True)
class RampRecord:
    """Nothing but the next time at which a truck is done or stopped, ns."""

    until: int = NEVER


class Ramp(Unit):
    """Where trucks are served: as many at once as there are hands for, or one where no hands are needed. ``trucks`` in order of beginning."""

    interruptible = True

    def __init__(self, name: str, index: int, queue: TruckQueue) -> None:
        super().__init__(name, index, queue.clock, record := RampRecord())
        self.record: RampRecord = record
        self.queue = queue
        self.trucks: list[Truck] = []
        self.free = WaitingList(f"{name}: free", lambda _: not self.trucks, lambda: [self])

    def begin(self, truck: Truck, now: int) -> None:
        """A truck begins."""
        self.trucks.append(truck)
        self._wake_by(truck.ends)

    def _wake_by(self, moment: int) -> None:
        record = self.record
        if record.until < 0:
            record.until = moment
            self.clock.schedule(self, moment)
        elif moment < record.until:
            record.until = moment
            self.clock.reschedule(self, moment)

    def interrupt(self, number: int, asked: int, again: bool, now: int) -> bool:
        for truck in self.trucks:
            if truck.number == number and truck.ends > now:
                truck.stopped, truck.again = True, again
                self._wake_by(now)
                return True
        return False

    def redraw(self, now: int) -> None:
        serving = [truck for truck in self.trucks if truck.ends > now and not truck.stopped]
        for truck in serving:
            (time, stream), calendars = self.queue.service, self.queue.calendars
            done = truck.whole - truck.left + open_time(calendars, truck.begun, now)
            whole = nanoseconds(beyond(time.inverse, done / NANOSECONDS, stream.uniform()))
            truck.left, truck.whole = truck.left + whole - truck.whole, whole
            truck.ends = max(now, advance(calendars, truck.begun, truck.left))
        if serving:
            self.record.until = max(now, min(truck.ends for truck in self.trucks))
            self.clock.reschedule(self, self.record.until)

    def step(self, now: int) -> bool:
        while (truck := next((truck for truck in self.trucks if truck.stopped or truck.ends <= now), None)) is not None:
            self.queue.count(now)
            self.trucks.remove(truck)
            if truck.stopped:
                self.queue.take_back(truck, now)
            else:
                self.queue.give_hands_back(truck, now)
                self.queue.finished(truck, now)
        self.free.wake_first(now)
        if not self.trucks:
            return False
        self.record.until = min(truck.ends for truck in self.trucks)
        return True

    def save(self) -> State:
        trucks: list[Any] = [truck.save() for truck in self.trucks]
        return {**super().save(), "trucks": trucks, "free": [unit.name for unit in self.free.units], "asked": list(self.free.asked)}

    def load(self, state: State) -> None:
        super().load(state)
        self.trucks = [Truck.restored(truck) for truck in state["trucks"]]

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        for name, asked in zip(state["free"], state["asked"], strict=True):
            self.free.restore(units[name], 1.0, asked)
