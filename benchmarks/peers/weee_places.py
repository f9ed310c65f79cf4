"""The places of the WEEE line: bunkers, a conveyor and products, and how loads are delivered to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Steps = Generator[simpy.Event, Any, Any]


@dataclass(eq=False)
class Waiter:
    """Somebody who waits for an amount of room or material."""

    env: simpy.Environment
    wish: float = 0.0
    event: simpy.Event | None = None

    def wait(self) -> simpy.Event:
        self.event = self.env.event()
        return self.event

    def wake(self) -> None:
        if self.event is not None and not self.event.triggered:
            self.event.succeed()


class Place:
    """What can be delivered to, with those who wait for room there, first come first served."""

    def __init__(self, capacity: float) -> None:
        self.capacity, self.tolerance, self.level = capacity, 1e-9 * capacity, 0.0
        self.putters: list[Waiter] = []

    def room(self) -> float:
        room = self.capacity - self.level
        return room if room > self.tolerance else 0.0

    def fits(self, mass: float) -> bool:
        room = self.room()
        return room > 0.0 and room >= mass - self.tolerance

    def put(self, x: Floats, mass: float) -> None:
        raise NotImplementedError

    def wake_putter(self) -> None:
        if self.putters and self.fits(self.putters[0].wish):
            self.putters[0].wake()

    def leave(self, waiter: Waiter) -> None:
        self.putters.remove(waiter)
        self.wake_putter()


class Bunker(Place):
    """``taker`` is the one line that takes from it, while it waits."""

    def __init__(self, capacity: float, mixed: bool, shape: tuple[int, int]) -> None:
        super().__init__(capacity)
        self.mixed = mixed
        self.heap = np.zeros(shape)
        self.queue: deque[tuple[Floats, float, float]] = deque()  # a lot as it came, its mass, and what is left of it
        self.taker: Waiter | None = None

    def holds(self, mass: float) -> bool:
        return self.level >= mass - self.tolerance and self.level > 0.0

    def put(self, x: Floats, mass: float) -> None:
        if self.mixed:
            self.heap += x
        else:
            self.queue.append((x, mass, mass))
        self.level += mass
        if self.taker is not None and self.holds(self.taker.wish):
            self.taker.wake()

    def draw(self, mass: float) -> Floats:
        mass = self.level if mass > self.level - self.tolerance else mass
        if self.mixed:
            x = self.heap * (mass / self.level)
            self.heap -= x
        else:
            x = self._draw_queue(mass)
        self.level -= mass
        self.wake_putter()
        return x

    def _draw_queue(self, mass: float) -> Floats:
        queue = self.queue
        parts, need = None, mass
        while queue and need > 1e-12 * mass:
            lot, whole, left = queue[0]
            if left <= need * (1.0 + 1e-12):
                queue.popleft()
                used = left
            else:
                queue[0] = (lot, whole, left - need)
                used = need
            part = lot if used == whole else lot * (used / whole)
            parts = part if parts is None else parts + part
            need -= used
        assert parts is not None
        return parts


class Intake:
    """The bunkers a line takes its lots from, and in which order it asks them."""

    def __init__(self, bunkers: list[Bunker], take: str, mass: float) -> None:
        self.bunkers, self.take, self.mass, self.turn = bunkers, take, mass, 0

    def choose(self) -> Bunker | None:
        count = len(self.bunkers)
        order: Sequence[int] = range(count)
        if self.take == "alternate":
            order = [(self.turn + j) % count for j in range(count)]
        elif self.take == "fullest":
            order = sorted(order, key=lambda j: -self.bunkers[j].level / self.bunkers[j].capacity)
        for j in order:
            if self.bunkers[j].holds(self.mass):
                self.turn = (j + 1) % count
                return self.bunkers[j]
        return None

    def await_with(self, me: Any) -> None:
        """``me`` is woken when one of them holds a lot; with None nobody is."""
        for bunker in self.bunkers:
            bunker.taker = me


class Sink(Place):
    def __init__(self, total: Floats) -> None:
        super().__init__(np.inf)
        self.tolerance, self.total = 0.0, total

    def put(self, x: Floats, mass: float) -> None:
        self.total += x.sum(axis=1)


class Belt(Place):
    """A conveyor: a process that hands on lot after lot, each ``transit`` ns after it came."""

    def __init__(self, env: simpy.Environment, capacity: float, transit: int) -> None:
        super().__init__(capacity)
        self.env, self.transit = env, transit
        self.lots: deque[tuple[int, Floats, float]] = deque()
        self.me = Waiter(env)

    def put(self, x: Floats, mass: float) -> None:
        self.lots.append((self.now() + self.transit, x, mass))
        self.level += mass
        if len(self.lots) == 1:
            self.me.wake()

    def now(self) -> int:
        return int(self.env.now)

    def process(self, outlet: Place) -> Steps:
        env = self.env
        while True:
            if not self.lots:
                yield self.me.wait()
            due, x, mass = self.lots[0]
            if due > env.now:
                yield env.timeout(due - env.now)
            yield from deliver(self.me, [(outlet, x, mass)], self._gone)
            self.lots.popleft()

    def _gone(self, mass: float) -> None:
        self.level -= mass
        self.wake_putter()


def deliver(me: Waiter, loads: Sequence[tuple[Place, Floats, float]], gone: Any = None) -> Steps:
    """Deliver load by load as far as there is room, until all are gone."""
    pending = [mass for _, _, mass in loads]
    while True:
        blocked = []
        for k, (place, x, mass) in enumerate(loads):
            amount = pending[k]
            if amount <= 0.0:
                continue
            if not place.putters or place.putters[0] is me:
                room = place.room()
                part = amount if amount <= room + place.tolerance else room
                if part > 0.0:
                    pending[k] = amount - part if part < amount else 0.0
                    if gone is not None:
                        gone(part)
                    place.put(x if part == mass else x * (part / mass), part)
            if pending[k] > 0.0:
                blocked.append(place)
            elif me in place.putters and not any(pending[j] > 0.0 and loads[j][0] is place for j in range(len(loads))):
                place.leave(me)
        if not blocked:
            return
        for place in blocked:
            if me not in place.putters:
                place.putters.append(me)
        yield me.wait()
