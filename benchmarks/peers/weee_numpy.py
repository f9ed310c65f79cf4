"""The WEEE line by hand, in SimPy and NumPy: what ``twin`` is measured against.

One process and one ``Store`` for each machine. A lot is handed from machine to machine of its line within an instant, each splits the whole
matrix with NumPy; the line's first machine then lets the processing time pass and delivers. A shredder and the screen that sends its oversize
back are one process, which solves the linear system of the loop at once. It has no accounts, no recording, no stops and no state to save, and
counts no range warnings. As in ``twin``, what a lot becomes depends on nothing but that lot; with ``remember`` the search for cut sizes and
durations begins where that of the lot before ended, which is quicker and makes every lot depend on all before it.

Kernels and plant are frozen copies (see ``frozen``): the numbers come from the data, the coefficients from the frozen kernels' ``prepare``; the
formulas of each lot are written again here. Nothing of ``twin`` runs in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy
from frozen.plant import Layout, Rate, WeeePlant, nanoseconds
from peers.weee_machines import MACHINES, MOST_ROUNDS, TOLERANCE, CrusherCircuit, Floats, Screen, Shredder
from peers.weee_places import Belt, Bunker, Intake, Place, Sink, Steps, Waiter, deliver


@dataclass(slots=True)
class Lot:
    """A lot on its way through a line: ``duration`` it is processed for, machines still to pass, longest ``need`` of any, and its outlets."""

    mass: float
    duration: float
    left: int
    need: float = 0.0
    outlets: list[tuple[Floats, float] | None] = field(default_factory=list)


class Line:
    """The processes of a line. Machines stand in order of evaluation; what is sent back is inside the circuit at the line's head, if there is one."""

    def __init__(self, plant: Plant, layout: Layout) -> None:
        self.plant, self.env, self.layout = plant, plant.env, layout
        data = plant.data
        models = [data.machines[name] for name in layout.machines]
        shapes = (data.coefficients(name) for name in layout.machines)
        self.machines: list[Any] = [MACHINES[model.kind](c, data.shape) for model, c in zip(models, shapes, strict=True)]
        self.rates = [Rate(data, name) for name in layout.machines]
        self.counts = [model.count for model in models]
        self.intake = plant.intake(layout)
        self.circuit = self._circuit()
        self.first = 2 if self.circuit is not None else 1  # machines that the head's process covers
        self.reacts = any(machine.reacts for machine in self.machines)
        self.outlet_of = {(i, port): k for k, (i, port) in enumerate(layout.outlets)}
        self.next_of = {(source, port): i for i, row in enumerate(layout.sources) for source, port in row if source >= 0}
        self.places = [plant.places[name] for name in layout.destinations]
        self.floor = 0.0
        self.lots = 0
        self.seconds = [0.0] * len(self.machines)
        self.start()

    def start(self) -> None:
        self.stores: list[Any] = [simpy.Store(self.env) for _ in self.machines]
        self.at_bunkers, self.at_outlets = Waiter(self.env, self.layout.lot), Waiter(self.env)
        self.env.process(self.head())
        for i in range(self.first, len(self.machines)):
            self.env.process(self.machine(i))

    def _circuit(self) -> CrusherCircuit | None:
        loops = [block for block in self.layout.blocks if block[2]]
        if not loops:
            return None
        machines, sources = self.machines[:2], self.layout.sources
        as_known = loops == [[0, 2, True]] and [type(m) for m in machines] == [Shredder, Screen] and sources[1] == [[0, 0]]
        if not as_known or sorted(sources[0]) != [[-1, 0], [1, 0]]:
            raise NotImplementedError(f"line {self.layout.name}: this peer knows only a shredder with its screen, at the head of a line, as a loop")
        return CrusherCircuit(machines[0], machines[1], self.plant.remember)

    def machine(self, i: int) -> Steps:
        """Any machine but the first: takes what comes, splits it, hands it on."""
        store, apply, count = self.stores[i], self.machines[i].split, self.counts[i]
        merges = len(self.layout.sources[i])
        limited = self.rates[i].limited
        while True:
            lot, x = yield store.get()
            for _ in range(merges - 1):
                _, more = yield store.get()
                x = x + more
            if limited:
                mass = float(x.sum())
                lot.need = max(lot.need, mass / lot.mass * self.seconds[i] / count)
            self.hand_on(lot, i, apply(x, 1.0 / (lot.duration * count)))

    def hand_on(self, lot: Lot, i: int, outs: Sequence[Floats], first_port: int = 0) -> None:
        for port, out in enumerate(outs, first_port):
            k = self.outlet_of.get((i, port))
            if k is None:
                self.stores[self.next_of[i, port]].put((lot, out))
            else:
                lot.outlets[k] = (out, float(out.sum()))
        lot.left -= 1
        if lot.left == 0:
            self.stores[0].put(lot)

    def head(self) -> Steps:
        env, mass, intake = self.env, self.layout.lot, self.intake
        while True:
            bunker = intake.choose()
            while bunker is None:
                intake.await_with(self.at_bunkers)
                yield self.at_bunkers.wait()
                intake.await_with(None)
                bunker = intake.choose()
            x = bunker.draw(mass)
            now = int(env.now)
            self.seconds = [rate.seconds(mass, now) for rate in self.rates]
            lot = yield from self.through(x, mass)
            yield env.timeout(nanoseconds(lot.need))
            yield from deliver(self.at_outlets, [(place, *out) for place, out in zip(self.places, lot.outlets, strict=True)])
            self.lots += 1

    def through(self, x: Floats, mass: float) -> Steps:
        """Send the lot through the line until its duration is what its slowest machine needs.

        A machine behind the head may need longer than the head: its need is the ``floor`` of the duration.
        """
        floor, last = self.floor, (0.0, 0.0)
        for turn in range(MOST_ROUNDS):
            lot = yield from self.once(x, mass, floor)
            gap = lot.need - lot.duration
            by_head = lot.duration > floor
            if not self.reacts or abs(gap) <= TOLERANCE * lot.need:
                self.floor = floor if self.plant.remember and not by_head else 0.0
                return lot
            floor = lot.need
            if turn and gap != last[1]:
                floor = lot.duration - gap * (lot.duration - last[0]) / (gap - last[1])
            last = (lot.duration, gap)
        raise RuntimeError(f"line {self.layout.name}: no duration found in {MOST_ROUNDS} rounds")

    def once(self, x: Floats, mass: float, floor: float) -> Steps:
        self.begin(x, mass, floor)
        return (yield self.stores[0].get())

    def begin(self, x: Floats, mass: float, floor: float) -> None:
        """Send the lot on its way, through the head."""
        seconds, counts = self.seconds, self.counts
        outlets: list[tuple[Floats, float] | None] = [None] * len(self.layout.outlets)
        lot = Lot(mass, 0.0, len(self.machines) - self.first + 1, outlets=outlets)
        if self.circuit is not None:
            lot.duration, phi, under = self.circuit.solve(x, mass, floor, seconds, counts)
            lot.need = phi * max(seconds[0] / counts[0], seconds[1] / counts[1])
            self.hand_on(lot, 1, (under,), first_port=1)
        else:
            lot.need = seconds[0] / counts[0]
            lot.duration = max(floor, lot.need) or max(seconds)
            self.hand_on(lot, 0, self.machines[0].split(x, 1.0 / (lot.duration * counts[0])))


class Plant:
    """Build it, :meth:`run` it, read ``products`` (material,), kg, and ``lots``."""

    def __init__(self, data: WeeePlant, remember: bool = False) -> None:
        self.data, self.remember = data, remember
        self.env = self.environment()
        self.bunkers = {name: self._bunker(**bunker) for name, bunker in data.bunkers.items()}
        self.belts = {name: self.belt(belt["capacity"], nanoseconds(belt["transit"])) for name, belt in data.conveyors.items()}
        self.products = {name: np.zeros(data.shape[0]) for name in data.products}
        sinks = {name: Sink(total) for name, total in self.products.items()}
        self.places: dict[str, Place] = {**sinks, **self.bunkers, **self.belts}
        self.lines = [self.line(layout) for layout in data.lines]
        for name, belt in self.belts.items():
            self.start(belt.process, self.places[data.conveyors[name]["to"]])
        for feed in data.feeds.values():
            self.start(self.gate, self.places[feed["to"]], feed["queue_limit"] if feed["when_full"] == "wait" else 0, list(data.arrivals()))
        for name, product in data.products.items():
            if product["bunkers"]:
                stores = [self.bunkers[source] for source in product["bunkers"]]
                self.start(self.trucks, stores, self.products[name], product["mass"], product["minimum"], product["times_ns"])

    def environment(self) -> Any:
        return simpy.Environment()

    def start(self, process: Any, *arguments: Any) -> None:
        self.env.process(process(*arguments))

    def line(self, layout: Layout) -> Any:
        return Line(self, layout)

    def belt(self, capacity: float, transit: int) -> Any:
        return Belt(self.env, capacity, transit)

    def intake(self, layout: Layout) -> Intake:
        return Intake([self.bunkers[name] for name in layout.bunkers], layout.take, layout.lot)

    def _bunker(self, capacity: float, mixed: bool, initial: Any) -> Bunker:
        bunker = Bunker(capacity, mixed, self.data.shape)
        if initial is not None:
            bunker.put(self.data.spread(initial["composition"]) * initial["mass"], initial["mass"])
        return bunker

    def gate(self, place: Place, queue_limit: int, deliveries: list[tuple[int, Floats, float]]) -> Steps:
        env, me = self.env, Waiter(self.env)
        queue: deque[tuple[Floats, float]] = deque()
        work = env.event()

        def unload() -> Steps:
            nonlocal work
            while True:
                while queue:
                    x, mass = queue[0]
                    me.wish = mass
                    while not (place.fits(mass) and (not place.putters or place.putters[0] is me)):
                        if me not in place.putters:
                            place.putters.append(me)
                        yield me.wait()
                    if me in place.putters:
                        place.leave(me)
                    queue.popleft()
                    place.put(x, mass)
                work = env.event()
                yield work

        env.process(unload())
        for time, x, mass in deliveries:
            yield env.timeout(time - env.now)
            if not queue and not place.putters and place.fits(mass):
                place.put(x, mass)
            elif len(queue) < queue_limit and mass <= place.capacity + place.tolerance:
                queue.append((x, mass))
                if len(queue) == 1:
                    work.succeed()

    def trucks(self, bunkers: list[Bunker], total: Floats, want: float, minimum: float, times: list[int]) -> Steps:
        env = self.env
        for time in times:
            yield env.timeout(time - env.now)
            load(bunkers, total, want, minimum)

    @property
    def lots(self) -> int:
        """Lots that lines are done with."""
        return sum(line.lots for line in self.lines)

    def run(self) -> Plant:
        self.env.run(nanoseconds(self.data.horizon))
        return self


def load(bunkers: list[Bunker], total: Floats, want: float, minimum: float) -> None:
    """A truck that takes up to ``want`` kg, if at least ``minimum`` kg are there, has come."""
    there = sum(bunker.level for bunker in bunkers)
    if there <= 0.0 or there < minimum:
        return
    for bunker in bunkers:
        amount = min(want, bunker.level)
        if amount > bunker.tolerance:
            want -= amount
            total += bunker.draw(amount).sum(axis=1)
