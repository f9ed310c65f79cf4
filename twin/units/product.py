"""Products: what leaves the plant, at once or by pick-ups, and whether it keeps its specification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.calendars import Calendar
from twin.engine.clock import nanoseconds
from twin.engine.genealogy import Genealogy
from twin.engine.recording import GATE_COUNTS, Recorder
from twin.engine.unit import State, Unit
from twin.kernels.recording import record_passage, record_taking
from twin.scenario.kinds.product import PickUp
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.assembly import Assembly
from twin.units.outlet import unlimited

Floats = NDArray[np.float64]
PICKUPS, SHORT, EMPTY, OFFSPEC = (GATE_COUNTS.index(name) for name in ("pickups", "short_pickups", "empty_pickups", "offspec_mass"))
FULL_LOAD = 1.0 - 1e-9
"""Share of its load above which a truck counts as full."""


class Account:
    """What a product took in: masses for the balance, recorded flow, and off-spec mass lot by lot."""

    def __init__(self, site: Assembly, name: str, model: ProductModel) -> None:
        self.name = name
        self.recorder: Recorder = site.recorder
        self.genealogy: Genealogy | None = site.genealogy
        self.row, self.gate_row = site.row(name), site.gate(name)
        self.taken = np.zeros(site.shape[0])
        self.limits = [(site.components.content_of(limit.name, site.scenario.materials), limit) for limit in model.spec.limits]
        self._rows, self.lanes, self._solid = np.zeros(site.shape[0]), np.zeros(site.shape[1]), site.components.solid

    def take(self, x: Floats, share: float, amount: float, now: int) -> None:
        """``share`` of the matrix ``x``, ``amount`` kg, leaves the plant."""
        k = self.recorder.step(now)
        record_taking(x, share, self._rows, self.taken, self.recorder.mass[k], self.recorder.size[k], self.row, self._solid, self.lanes)
        if self.limits and self._off_spec(amount):
            self.recorder.gates[k][self.gate_row][OFFSPEC] += amount

    def _off_spec(self, amount: float) -> bool:
        rows = self._rows.tolist()
        for content, limit in self.limits:
            share = sum(m * c for m, c in zip(rows, content.tolist(), strict=True)) / amount
            if not limit.holds(share):
                return True
        return False


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
            unit = PickUps(site, name, site.next_index(), bunkers, account, model.pickup)
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
    """``trucks``: pick-ups so far; ``due``: whether the pending event is a pick-up."""

    until: int = 0
    trucks: int = 0
    due: bool = False


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
        recorder = account.recorder
        k = recorder.step(now)
        record_passage(self._part, 1.0, recorder.mass[k], recorder.size[k], self.bunker_rows[bunker.name], self._solid, account.lanes)
        return amount


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
    """Trucks that come and take what they find, up to their load. Streams: ``pickup`` and ``load``."""

    def __init__(self, site: Assembly, name: str, index: int, bunkers: list[Bunker], account: Account, model: PickUp) -> None:
        super().__init__(site, name, index, bunkers, account)
        self.model = model
        self.calendar: Calendar | None = site.calendar(model.calendar)
        self.every, self.load_stream = site.stream(name, "pickup"), site.stream(name, "load")

    def step(self, now: int) -> bool:
        record = self.record
        if record.due:
            self._load(now)
        record.due = True
        gap = nanoseconds(self.model.every.inverse(self.every.uniform()))
        record.until = self.calendar.advance(now, gap) if self.calendar is not None else now + gap
        return True

    def _load(self, now: int) -> None:
        """A truck comes: full, short or empty it leaves."""
        self.record.trucks += 1
        want = self.model.mass.inverse(self.load_stream.uniform())
        counts = self.account.recorder.gates[self.account.recorder.step(now)][self.account.gate_row]
        counts[PICKUPS] += 1.0
        there = sum(bunker.level for bunker in self.bunkers)
        if there <= 0.0 or there < self.model.minimum:
            counts[EMPTY] += 1.0
            self.account.recorder.note(now, self.name, f"pick-up of {want:.6g} kg left empty")
            return
        left = want
        for bunker in self.bunkers:
            amount = min(left, bunker.level)
            if amount > bunker.tolerance:
                left -= self._draw(bunker, amount, now)
        if want - left < FULL_LOAD * want:
            counts[SHORT] += 1.0

    def save(self) -> State:
        return {**super().save(), "used": [self.every.used, self.load_stream.used]}

    def load(self, state: State) -> None:
        super().load(state)
        self.every.rewind(state["used"][0])
        self.load_stream.rewind(state["used"][1])
