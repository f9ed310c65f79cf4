"""The WEEE line in salabim: a component for each machine, gate and truck, with the formulas and places of the NumPy peer.

Processes are generators (``yieldless=False``), the faster of salabim's two modes: a hold takes about half the time that it takes with greenlets. Nothing
is traced, animated or monitored, and no component stands by. A component that waits for a lot, for room or for material is passive until whoever has
it activates it: one event, where salabim's ``Store`` takes several steps. Times are whole nanoseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import salabim as sim
from frozen.plant import Layout, nanoseconds
from peers.weee_numpy import Line, Plant, load
from peers.weee_places import Belt, Bunker, Floats, Place, Steps, Waiter, deliver


class Actor(sim.Component):  # type: ignore[misc]
    """A component that goes through ``steps``, a generator function that is given it."""

    def setup(self, steps: Callable[[Actor], Steps]) -> None:
        self.steps = steps
        self.status.monitor(False)
        self.mode.monitor(False)

    def process(self) -> Steps:
        yield from self.steps(self)


class Passive(Waiter):
    """A wait that passivates its component."""

    def __init__(self, actor: Actor, wish: float = 0.0) -> None:
        self.actor, self.wish, self.waits = actor, wish, False

    def wait(self) -> Any:
        self.waits = True
        return self.actor.passivate()

    def wake(self) -> None:
        if self.waits:
            self.waits = False
            self.actor.activate()


class Inbox:
    """Lots before a component, which is activated when one comes."""

    def __init__(self) -> None:
        self.lots: deque[Any] = deque()
        self.owner: Passive | None = None

    def put(self, lot: Any) -> None:
        self.lots.append(lot)
        if self.owner is not None:
            self.owner.wake()

    def get(self) -> Steps:
        while not self.lots:
            assert self.owner is not None
            yield self.owner.wait()
        return self.lots.popleft()


class SalabimPlant(Plant):
    """The plant of the NumPy peer on salabim."""

    def environment(self) -> Any:
        return sim.Environment(trace=False, yieldless=False, set_numpy_random_seed=False)

    def actor(self, steps: Callable[[Actor], Steps]) -> Actor:
        return Actor(env=self.env, suppress_trace=True, skip_standby=True, steps=steps)

    def start(self, process: Any, *arguments: Any) -> None:
        self.actor(lambda me: process(me, *arguments))

    def line(self, layout: Layout) -> Line:
        return SalabimLine(self, layout)

    def belt(self, capacity: float, transit: int) -> SalabimBelt:
        return SalabimBelt(self.env, capacity, transit)

    def gate(self, me: Actor, place: Place, queue_limit: int, deliveries: list[tuple[int, Floats, float]]) -> Steps:  # type: ignore[override]
        queue: deque[tuple[Floats, float]] = deque()

        def unload(actor: Actor) -> Steps:
            nonlocal work
            room, work = Passive(actor), Passive(actor)
            while True:
                while queue:
                    x, mass = queue[0]
                    room.wish = mass
                    while not (place.fits(mass) and (not place.putters or place.putters[0] is room)):
                        if room not in place.putters:
                            place.putters.append(room)
                        yield room.wait()
                    if room in place.putters:
                        place.leave(room)
                    queue.popleft()
                    place.put(x, mass)
                yield work.wait()

        work: Passive | None = None
        self.actor(unload)
        for time, x, mass in deliveries:
            yield me.hold(time - self.env.now())
            if not queue and not place.putters and place.fits(mass):
                place.put(x, mass)
            elif len(queue) < queue_limit and mass <= place.capacity + place.tolerance:
                queue.append((x, mass))
                if len(queue) == 1 and work is not None:
                    work.wake()

    def trucks(self, me: Actor, bunkers: list[Bunker], total: Floats, want: float, minimum: float, times: list[int]) -> Steps:  # type: ignore[override]
        for time in times:
            yield me.hold(time - self.env.now())
            load(bunkers, total, want, minimum)

    def run(self) -> SalabimPlant:
        self.env.run(till=nanoseconds(self.data.horizon))
        return self


class SalabimBelt(Belt):
    def process(self, actor: Actor, outlet: Place) -> Steps:  # type: ignore[override]
        env = self.env
        self.me = Passive(actor)
        while True:
            if not self.lots:
                yield self.me.wait()
            due, x, mass = self.lots[0]
            if due > env.now():
                yield actor.hold(due - env.now())
            yield from deliver(self.me, [(outlet, x, mass)], self._gone)
            self.lots.popleft()

    def now(self) -> int:
        return int(self.env.now())


class SalabimLine(Line):
    plant: SalabimPlant

    def start(self) -> None:
        self.stores = [Inbox() for _ in self.machines]
        self.plant.actor(self.lead)
        for i in range(self.first, len(self.machines)):
            self.plant.actor(lambda me, i=i: self.work(me, i))

    def lead(self, me: Actor) -> Steps:
        env, mass, intake = self.env, self.layout.lot, self.intake
        at_bunkers, at_outlets, self.stores[0].owner = Passive(me, mass), Passive(me), Passive(me)
        while True:
            bunker = intake.choose()
            while bunker is None:
                intake.await_with(at_bunkers)
                yield at_bunkers.wait()
                intake.await_with(None)
                bunker = intake.choose()
            x = bunker.draw(mass)
            now = int(env.now())
            self.seconds = [rate.seconds(mass, now) for rate in self.rates]
            lot = yield from self.through(x, mass)
            yield me.hold(nanoseconds(lot.need))
            yield from deliver(at_outlets, [(place, *out) for place, out in zip(self.places, lot.outlets, strict=True)])
            self.lots += 1

    def once(self, x: Floats, mass: float, floor: float) -> Steps:
        self.begin(x, mass, floor)
        return (yield from self.stores[0].get())

    def work(self, me: Actor, i: int) -> Steps:
        inbox, apply, count = self.stores[i], self.machines[i].split, self.counts[i]
        inbox.owner = Passive(me)
        merges = len(self.layout.sources[i])
        limited = self.rates[i].limited
        while True:
            lot, x = yield from inbox.get()
            for _ in range(merges - 1):
                _, more = yield from inbox.get()
                x = x + more
            if limited:
                mass = float(x.sum())
                lot.need = max(lot.need, mass / lot.mass * self.seconds[i] / count)
            self.hand_on(lot, i, apply(x, 1.0 / (lot.duration * count)))
