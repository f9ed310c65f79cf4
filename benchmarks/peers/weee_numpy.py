"""The WEEE line by hand, in SimPy and NumPy: what ``twin`` is measured against.

One process and one ``Store`` for each machine. A lot is handed from machine to machine of its line within an instant, each splits the whole
matrix with NumPy; the line's first machine then lets the processing time pass and delivers. A shredder and the screen that sends its oversize
back are one process, which solves the linear system of the loop at once. It has no accounts, no recording, no stops and no state to save, and
counts no range warnings. As in ``twin``, what a lot becomes depends on nothing but that lot; with ``remember`` the search for cut sizes and
durations begins where that of the lot before ended, which is quicker and makes every lot depend on all before it.

The numbers come from the loaded scenario, the coefficients from the kernels' ``prepare``; the formulas of each lot are written again here.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy
from peers.weee_machines import MACHINES, MOST_ROUNDS, TOLERANCE, CrusherCircuit, Floats, Screen, Shredder
from peers.weee_places import Belt, Bunker, Place, Sink, Steps, Waiter, deliver

from twin.engine.clock import nanoseconds
from twin.engine.streams import Stream
from twin.kernels.compile import Sizes
from twin.plant.topology import LineLayout, derive
from twin.scenario.equilibrium import first_gap
from twin.scenario.kinds.bunker import Bunker as BunkerModel
from twin.scenario.kinds.conveyor import Conveyor as ConveyorModel
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.scenario.kinds.product import PickUp
from twin.scenario.kinds.product import Product as ProductModel
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.units.composition import spread


class Rate:
    """Seconds a machine needs for a bare lot; redrawn by the hour or for each lot where the rate is random."""

    def __init__(self, scenario: Scenario, name: str, model: MachineModel) -> None:
        self.draw = model.rate or model.cycle_time
        self.by_mass = model.rate is not None
        self.redraw = nanoseconds(model.redraw) if model.redraw is not None else 0
        self.varies = self.draw is not None and not self.draw.is_constant
        self.stream = Stream(scenario.seed, 0, name, "rate")
        self.valid_until = -1
        self.value = self.draw.mean if self.draw is not None else 0.0

    def seconds(self, mass: float, now: int) -> float:
        if self.draw is None:
            return 0.0
        if self.varies and now >= self.valid_until:
            self.value = self.draw.inverse(self.stream.uniform())
            self.valid_until = (now // self.redraw + 1) * self.redraw if self.redraw else 0
        return mass / self.value if self.by_mass else self.value


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

    def __init__(self, plant: Plant, layout: LineLayout) -> None:
        self.plant, self.env, self.layout = plant, plant.env, layout
        scenario = plant.scenario
        models = [scenario.units[name] for name in layout.machines]
        self.machines = [plant.machine(name) for name in layout.machines]
        self.rates = [Rate(scenario, name, model) for name, model in zip(layout.machines, models, strict=True) if isinstance(model, MachineModel)]
        self.counts = [model.count for model in models if isinstance(model, MachineModel)]
        head = models[0]
        assert isinstance(head, MachineModel)
        assert head.blocking == "after" and head.hold == "start" and not head.partial and head.from_.shares is None
        self.bunkers = [plant.bunkers[name] for name in layout.bunkers]
        self.take = head.take
        self.turn = 0
        self.circuit = self._circuit()
        self.first = 2 if self.circuit is not None else 1  # machines that the head's process covers
        self.reacts = any(machine.reacts for machine in self.machines)
        self.stores = [simpy.Store(self.env) for _ in layout.machines]
        self.outlet_of = {outlet: k for k, outlet in enumerate(layout.outlets)}
        self.next_of: dict[tuple[int, int], int] = {source: i for i, row in enumerate(layout.sources) for source in row if source[0] >= 0}
        self.places = [plant.places[name] for name in layout.destinations]
        self.floor = 0.0
        self.lots = 0
        self.at_bunkers, self.at_outlets = Waiter(self.env, layout.lot), Waiter(self.env)
        self.seconds = [0.0] * len(self.machines)
        self.env.process(self.head())
        for i in range(self.first, len(self.machines)):
            self.env.process(self.machine(i))

    def _circuit(self) -> CrusherCircuit | None:
        loops = [block for block in self.layout.blocks if block[2]]
        if not loops:
            return None
        machines, sources = self.machines[:2], self.layout.sources
        as_known = loops == [(0, 2, True)] and [type(m) for m in machines] == [Shredder, Screen] and sources[1] == ((0, 0),)
        if not as_known or sorted(sources[0]) != [(-1, 0), (1, 0)]:
            raise NotImplementedError(f"line {self.layout.name}: this peer knows only a shredder with its screen, at the head of a line, as a loop")
        return CrusherCircuit(machines[0], machines[1], self.plant.remember)

    def machine(self, i: int) -> Steps:
        """Any machine but the first: takes what comes, splits it, hands it on."""
        store, apply, count = self.stores[i], self.machines[i].split, self.counts[i]
        merges = len(self.layout.sources[i])
        limited = self.rates[i].draw is not None
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
        env, mass = self.env, self.layout.lot
        while True:
            bunker = self.choose()
            while bunker is None:
                for b in self.bunkers:
                    b.taker = self.at_bunkers
                yield self.at_bunkers.wait()
                for b in self.bunkers:
                    b.taker = None
                bunker = self.choose()
            x = bunker.draw(mass)
            now = int(env.now)
            self.seconds = [rate.seconds(mass, now) for rate in self.rates]
            lot = yield from self.through(x, mass)
            yield env.timeout(nanoseconds(lot.need))
            yield from deliver(self.at_outlets, [(place, *out) for place, out in zip(self.places, lot.outlets, strict=True)])
            self.lots += 1

    def choose(self) -> Bunker | None:
        count = len(self.bunkers)
        order: Sequence[int] = range(count)
        if self.take == "alternate":
            order = [(self.turn + j) % count for j in range(count)]
        elif self.take == "fullest":
            order = sorted(order, key=lambda j: -self.bunkers[j].level / self.bunkers[j].capacity)
        for j in order:
            if self.bunkers[j].holds(self.layout.lot):
                self.turn = (j + 1) % count
                return self.bunkers[j]
        return None

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
        return (yield self.stores[0].get())


class Plant:
    """Build it, :meth:`run` it, read ``products`` (material,), kg, and ``lots``."""

    def __init__(self, scenario: Scenario, remember: bool = False) -> None:
        self.scenario, self.remember = scenario, remember
        self.env = simpy.Environment()
        self.shape = (len(scenario.materials.names), len(scenario.sizes))
        topology = derive(scenario)
        units = scenario.units
        self.bunkers = {name: self._bunker(model) for name, model in units.items() if isinstance(model, BunkerModel)}
        self.belts = {name: Belt(self.env, model) for name, model in units.items() if isinstance(model, ConveyorModel)}
        self.products = {name: np.zeros(self.shape[0]) for name, model in units.items() if isinstance(model, ProductModel)}
        sinks = {name: Sink(total) for name, total in self.products.items()}
        self.places: dict[str, Place] = {**sinks, **self.bunkers, **self.belts}
        self.lines = [Line(self, layout) for layout in topology.lines]
        for name, belt in self.belts.items():
            self.env.process(belt.process(self.places[topology.destination[name]]))
        for name, model in units.items():
            if isinstance(model, FeedModel):
                self.env.process(self.gate(model, self.places[topology.destination[name]], list(self._deliveries(model))))
            elif isinstance(model, ProductModel) and any(source in self.bunkers for source in model.from_):
                assert model.pickup is not None
                stores = [self.bunkers[source] for source in model.from_]
                self.env.process(self.trucks(model.pickup, stores, self.products[name], list(self._pickups(name, model.pickup))))

    def machine(self, name: str) -> Any:
        """The machine of that name, its coefficients prepared."""
        scenario = self.scenario
        sizes = Sizes(*(np.array(values) for values in (scenario.sizes.lower, scenario.sizes.upper, scenario.sizes.mean)))
        model = scenario.units[name]
        assert isinstance(model, MachineModel)
        module, _, kernel = str(scenario.kinds[name].kernel).partition(":")
        prepare = getattr(importlib.import_module(module), kernel).prepare
        coefficients = prepare(model.kernel_values(scenario.materials, scenario.sizes), scenario.materials.properties, sizes)
        return MACHINES[model.kind](np.asarray(coefficients, dtype=np.float64).ravel(), self.shape)

    def spread(self, composition: Any, size: Any) -> Floats:
        materials = self.scenario.materials
        return spread(composition, size, materials.names, materials.groups, self.scenario.sizes)

    def _bunker(self, model: BunkerModel) -> Bunker:
        bunker = Bunker(model.capacity, model.discharge == "mixed", self.shape)
        if model.initial is not None:
            bunker.put(self.spread(dict(model.initial.composition or {}), model.initial.size) * model.initial.mass, model.initial.mass)
        return bunker

    def _deliveries(self, model: FeedModel) -> Iterator[tuple[int, Floats, float]]:
        schedule = model.schedule
        assert schedule is not None and schedule.fractions is not None
        for time, mass, fractions in zip(schedule.times, schedule.masses, schedule.fractions, strict=True):
            yield nanoseconds(time), self.spread(dict(zip(schedule.materials, fractions, strict=True)), model.size) * mass, mass

    def _pickups(self, name: str, model: PickUp) -> Iterator[tuple[int, float]]:
        every, loads = Stream(self.scenario.seed, 0, name, "pickup"), Stream(self.scenario.seed, 0, name, "load")
        time, end = nanoseconds(first_gap(model.every, every.uniform())), nanoseconds(self.scenario.horizon)
        while time < end:
            yield time, model.mass.inverse(loads.uniform())
            time += nanoseconds(model.every.inverse(every.uniform()))

    def gate(self, model: FeedModel, place: Place, deliveries: list[tuple[int, Floats, float]]) -> Steps:
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
            elif model.when_full == "wait" and (model.queue_limit is None or len(queue) < model.queue_limit) and mass <= place.capacity + place.tolerance:
                queue.append((x, mass))
                if len(queue) == 1:
                    work.succeed()

    def trucks(self, model: PickUp, bunkers: list[Bunker], total: Floats, pickups: list[tuple[int, float]]) -> Steps:
        env = self.env
        for time, want in pickups:
            yield env.timeout(time - env.now)
            there = sum(bunker.level for bunker in bunkers)
            if there <= 0.0 or there < model.minimum:
                continue
            left = want
            for bunker in bunkers:
                amount = min(left, bunker.level)
                if amount > bunker.tolerance:
                    left -= amount
                    total += bunker.draw(amount).sum(axis=1)

    @property
    def lots(self) -> int:
        """Lots that lines are done with."""
        return sum(line.lots for line in self.lines)

    def run(self) -> Plant:
        self.env.run(nanoseconds(self.scenario.horizon))
        return self
