"""Products: what leaves the plant, at once or by pick-ups, and whether it keeps its specification.

What is judged is a *lot*: what a truck draws from one bunker, or what arrives where a product takes all at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.clock import nanoseconds
from twin.engine.genealogy import Genealogy
from twin.engine.recording import GATE_COUNTS, Recorder
from twin.engine.unit import State, Unit
from twin.kernels.heaps import add_materials
from twin.kernels.recording import record_passage, record_taking
from twin.scenario.equilibrium import first_gap
from twin.scenario.kinds.product import PENALISE, REJECTED, Limit, PickUp
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.assembly import Assembly
from twin.units.outlet import Receiver, unlimited
from twin.units.pace import Pace

Floats = NDArray[np.float64]
PICKUPS, SHORT, EMPTY = (GATE_COUNTS.index(name) for name in ("pickups", "short_pickups", "empty_pickups"))
OFFSPEC, PENALTY, REFUSED, LIMITED = (GATE_COUNTS.index(name) for name in ("offspec_mass", "penalty", "rejected_pickups", "limited_pickups"))
FULL_LOAD = 1.0 - 1e-9
"""Share of its load above which a truck counts as full."""
NOTE_LENGTH = 190
"""Most characters of a row of the event table."""
ROUNDING = 1e-9
"""By this share of it, what is left of a limit, or of the last bale, may be missed by rounding."""


class Account:
    """What a product took in: masses for the balance, recorded flow, off-spec mass and penalties lot by lot."""

    def __init__(self, site: Assembly, name: str, model: ProductModel) -> None:
        self.name = name
        self.recorder: Recorder = site.recorder
        self.genealogy: Genealogy | None = site.genealogy
        self.row, self.gate_row = site.row(name), site.gate(name)
        self.taken = np.zeros(site.shape[0])
        self.limits = [(site.components.content_of(limit.name, site.scenario.materials), limit) for limit in model.spec.limits]
        self.penalty = model.penalty if model.when_off_spec == PENALISE else None
        self._rows, self.lanes, self._solid = np.zeros(site.shape[0]), np.zeros(site.shape[1]), site.components.solid

    def take(self, x: Floats, share: float, amount: float, now: int) -> None:
        """``share`` of the matrix ``x``, ``amount`` kg, leaves the plant."""
        k = self.recorder.step(now)
        record_taking(x, share, self._rows, self.taken, self.recorder.mass[k], self.recorder.size[k], self.row, self._solid, self.lanes)
        if self.limits:
            self._judge(amount, k)

    def _judge(self, amount: float, k: int) -> None:
        """Count the lot just taken if it is outside the specification, and what it loses in price."""
        missed = self.missed(self._rows, amount)
        first = next(missed, None)
        if first is None:
            return
        counts = self.recorder.gates[k][self.gate_row]
        counts[OFFSPEC] += amount
        if self.penalty is not None:
            counts[PENALTY] += amount * self.penalty.of([first, *missed])

    def missed(self, rows: Floats, amount: float) -> Iterator[tuple[Limit, float]]:
        """Yield the limits that a lot of ``amount`` kg with ``rows`` (component,), kg, misses, each with the share found."""
        masses = rows.tolist()
        for content, limit in self.limits:
            share = sum(m * c for m, c in zip(masses, content.tolist(), strict=True)) / amount
            if not limit.holds(share):
                yield limit, share


class Product:
    """The kind's behaviour: a sink for what is delivered at once, a drain of a bunker, or pick-ups."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: ProductModel) -> None:
        """Add the product to the plant."""
        bunkers = [site.bunkers[source] for source in model.from_ if source in site.bunkers]
        account = site.accounts[name] = Account(site, name, model)
        if not bunkers:
            site.receivers[name] = Sink(name, account)
            return
        unit: Unit
        if model.pickup is None:
            unit = Drain(site, name, site.next_index(), bunkers, account)
        else:
            unit = PickUps(site, name, site.next_index(), bunkers, account, model)
        for bunker in bunkers:
            bunker.takers.append(unit)
        site.units.append(unit)


class Sink:
    """Takes all at once, straight from ports."""

    capacity = float("inf")

    def __init__(self, name: str, account: Account) -> None:
        self.name, self.account = name, account
        self.putters = unlimited(name)
        self.reserved: dict[str, float] = {}
        self.tolerance = 0.0

    def room(self) -> float:
        """Endless."""
        return float("inf")

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Always."""
        return True

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Take in ``share`` of the matrix ``x``."""
        account = self.account
        account.take(x, share, amount, now)
        if account.genealogy is not None:
            taken = account.genealogy.new(self.name, now)
            account.genealogy.edge(taken, lot, account._rows)


@dataclass(slots=True)
class TakerRecord:
    """``trucks``: pick-ups so far; ``due``: whether the pending event is a pick-up, ``planned`` for when (ns); ``taken``: kg in the present ``period``
    of the customer's limit."""

    until: int = 0
    trucks: int = 0
    due: bool = False
    planned: int = 0
    period: int = 0
    taken: float = 0.0


class _Taker(Unit):
    """Takes from bunkers into a product's account."""

    def __init__(self, site: Assembly, name: str, index: int, bunkers: list[Bunker], account: Account) -> None:
        super().__init__(name, index, site.clock, record := TakerRecord())
        self.record: TakerRecord = record
        self.bunkers, self.account = bunkers, account
        self.bunker_rows = {bunker.name: site.row(bunker.name) for bunker in bunkers}
        self._part, self._solid = np.zeros(site.shape), site.components.solid

    def _draw(self, bunker: Bunker, amount: float, now: int) -> float:
        account, genealogy = self.account, self.account.genealogy
        lot = genealogy.new(self.name, now) if genealogy is not None else 0
        amount = bunker.draw(amount, self._part, lot, now)
        account.take(self._part, 1.0, amount, now)
        self._record(self.bunker_rows[bunker.name], now)
        return amount

    def _record(self, stream_row: int, now: int) -> None:
        """What was just drawn flows in a stream."""
        recorder = self.account.recorder
        k = recorder.step(now)
        record_passage(self._part, 1.0, recorder.mass[k], recorder.size[k], stream_row, self._solid, self.account.lanes)


class Drain(_Taker):
    """A product without pick-ups empties its bunkers whenever something lies in them."""

    def step(self, now: int) -> bool:
        for bunker in self.bunkers:
            if bunker.has(self, 0.0):
                self._draw(bunker, bunker.level, now)
        for bunker in self.bunkers:
            bunker.getters.join(self, 0.0)
        return False


class PickUps(_Taker):
    """Trucks that come and take what they find, up to their load. Streams: ``pickup`` and ``load``.

    ``outlet``: where lots go that are rejected; None where none is.
    """

    def __init__(self, site: Assembly, name: str, index: int, bunkers: list[Bunker], account: Account, model: ProductModel) -> None:
        super().__init__(site, name, index, bunkers, account)
        assert model.pickup is not None
        self.model: PickUp = model.pickup
        self.pace = Pace(site.calendar(self.model.calendar), self.model.every_counts, site.recorder.horizon)
        self.pace.set(self.model.every)
        self.every, self.load_stream = site.stream(name, "pickup"), site.stream(name, "load")
        self.period = nanoseconds(self.model.limit.per) if self.model.limit is not None else 0
        self.rejects = model.rejects
        self.rejected_row = site.row(f"{name}.{REJECTED}") if model.rejects else -1
        self.outlet: Receiver | None = None
        self._rows = np.zeros(site.shape[0])

    def connect(self, site: Assembly) -> None:
        """Find where rejected lots go to, and let the deadlock report know who fills whom."""
        if self.rejects:
            self.outlet = site.receiver_of(f"{self.name}.{REJECTED}")
            fillers = getattr(self.outlet, "fillers", None)
            if fillers is not None:
                fillers.append(self)

    def step(self, now: int) -> bool:
        record = self.record
        if record.due:
            self._truck(now)
        record.due = True
        record.planned, record.until = self._next(now)
        return True

    def _next(self, now: int) -> tuple[int, int]:
        """When the next truck is due, and when it comes: where closed time counts, not before the gate opens."""
        every, record = self.model.every, self.record
        if record.trucks == 0 and self.model.first is not None:
            planned = self.pace.opens(nanoseconds(self.model.first))
        else:
            u = self.every.uniform()
            planned = self.pace.reaches(record.planned, every.inverse(u) if record.trucks else first_gap(every, u), every.mean)
        return planned, max(now, self.pace.admits(planned))

    def _truck(self, now: int) -> None:
        """A truck is due: it is called off, or leaves full, short or empty."""
        self.record.trucks += 1
        load = self.model.mass.inverse(self.load_stream.uniform())
        allowed = self._allowed(now)
        want = self._whole(min(load, allowed))
        counts = self.account.recorder.gates[self.account.recorder.step(now)][self.account.gate_row]
        if allowed <= 0.0:
            counts[LIMITED] += 1.0
            self._note(now, f"pick-up of {load:.6g} kg called off: the customer's limit is reached")
            return
        counts[PICKUPS] += 1.0
        there = sum(self._whole(bunker.level) for bunker in self.bunkers)
        if there <= 0.0 or there < self.model.minimum or want <= 0.0 < load:
            counts[EMPTY] += 1.0
            self._note(now, f"pick-up of {load:.6g} kg left empty")
            return
        loaded, refused = self._load(want, now)
        self.record.taken += loaded
        if refused and loaded <= 0.0:
            counts[REFUSED] += 1.0
        elif loaded < FULL_LOAD * want:
            counts[SHORT] += 1.0

    def _load(self, want: float, now: int) -> tuple[float, bool]:
        """Load up to ``want`` kg, bunker by bunker; returns the mass loaded, and whether a lot was refused."""
        left, refused = want, False
        for bunker in self.bunkers:
            amount = self._whole(min(left, bunker.level))
            if amount <= bunker.tolerance:
                continue
            if self.outlet is not None and self._refused(bunker, amount, self.outlet, now):
                refused = True
            else:
                left -= self._draw(bunker, amount, now)
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

    def _refused(self, bunker: Bunker, amount: float, outlet: Receiver, now: int) -> bool:
        """Judge the lot that ``amount`` kg would be; one outside the specification goes to ``outlet``, or stays where there is no room for it."""
        if amount > bunker.level - bunker.tolerance:
            amount = bunker.level
        bunker.content.peek(amount, self._part)
        self._rows[:] = 0.0
        add_materials(self._rows, self._part, 1.0)
        missed = next(self.account.missed(self._rows, amount), None)
        if missed is None:
            return False
        limit, share = missed
        fits = amount <= outlet.room() + outlet.tolerance
        if fits:
            self._set_aside(bunker, amount, outlet, now)
        where = f"goes to {outlet.name}" if fits else f"stays in {bunker.name}, no room in {outlet.name}"
        self._note(now, f"lot of {amount:.6g} kg rejected: {100 * share:.5g} % {limit.name}, asked for {limit.text}; {where}")
        return True

    def _set_aside(self, bunker: Bunker, amount: float, outlet: Receiver, now: int) -> None:
        """A rejected lot goes where they go. It comes to be at its bunker, since it never was the product."""
        genealogy = self.account.genealogy
        lot = genealogy.new(bunker.name, now) if genealogy is not None else 0
        amount = bunker.draw(amount, self._part, lot, now)
        for row in (self.bunker_rows[bunker.name], self.rejected_row):
            self._record(row, now)
        outlet.put(self._part, 1.0, amount, lot, now)

    def _note(self, now: int, what: str) -> None:
        self.account.recorder.note(now, self.name, what[:NOTE_LENGTH])

    def save(self) -> State:
        return {**super().save(), "used": [self.every.used, self.load_stream.used]}

    def load(self, state: State) -> None:
        super().load(state)
        self.every.rewind(state["used"][0])
        self.load_stream.rewind(state["used"][1])
