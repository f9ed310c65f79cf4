"""A vessel with a bath of metal and slag that walks through the phases of its recipe and is tapped ladle by ladle; it may hold melts from the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import release, seize
from twin.engine.states import BLOCKED, WAITING
from twin.engine.unit import State
from twin.engine.waiting import lacking
from twin.materials import ELEMENTS
from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.phases import Tap, Working
from twin.units.ground.assembly import Assembly
from twin.units.melts.bath import METAL, SLAG, SOLID, Bath
from twin.units.melts.carbon import C, CarbonAccount, share_of
from twin.units.melts.element_rows import FORMATION, SENSIBLE, E
from twin.units.melts.furnace_rows import tap_row
from twin.units.melts.process import Parcel, Process
from twin.units.melts.process_records import levels_of

Floats = NDArray[np.float64]
PARTS = {"metal": METAL, "slag": SLAG, "solids": SOLID}
BEGIN, GATHER, WORK, DELIVER, POUR, POURING, RELINE, RELINING = range(8)
"""Stages: a phase begins; it waits for what it needs; it works; its off-gas is delivered; a ladle waits to be filled; is filled; relining waits; goes on."""


@dataclass(slots=True)
class FurnaceRecord:
    """``phase``: number in the recipe; ``batches``: so far; ``lot``: number of what is in the furnace; ``taps``: what is to be tapped still, (part, kg).

    ``pouring``: kg in the ladle that is being filled, for ``port``; ``accounted``: when the bath's heat was last brought up to date;
    ``consulted``: when policies were last asked for the next charge.
    """

    until: int = 0
    stage: int = BEGIN
    phase: int = 0
    batches: int = 0
    lot: int = 0
    since: int = 0
    pouring: float = 0.0
    port: str = ""
    accounted: int = 0
    consulted: int = -1
    taps: list[list[float]] = field(default_factory=list)


class Vessel(Process):
    """What all batch furnaces have in common whatever is done in them: a bath, a place in the recipe, and tap holes."""

    def __init__(self, site: Assembly, name: str, index: int, model: FurnaceModel) -> None:
        super().__init__(site, name, index, record := FurnaceRecord(), model, ports_of(model))
        self.record: FurnaceRecord = record
        self.model = model
        self.bath = Bath(name, site.smelting, site.heat)
        self.carbon = CarbonAccount(site)
        if model.initial is not None:
            for part, melted in ((METAL, model.initial.metal), (SLAG, model.initial.slag)):
                if melted is not None:
                    self.bath.add_melt(part, melted, model.initial.temperature)
        if self.genealogy is not None and self.bath.mass(METAL) + self.bath.mass(SLAG) > 0.0:
            record.lot = self.genealogy.new(name, 0)
            self.genealogy.edge(record.lot, 0, self._content())

    def _content(self) -> Floats:
        """What is in the bath, by component (component,)."""
        rows: Floats = self._melt_of(self.bath.parts.sum(axis=0), self.carbon.bath).sum(axis=1)
        return rows

    def inside(self) -> Iterator[tuple[str, float]]:
        """``bath.NAME.metal``, ``.slag`` and ``.solids``, kg, shares of the elements in metal and slag, and the temperature, K, not a number when empty."""
        bath = self.bath
        for label, part in PARTS.items():
            mass = bath.mass(part)
            yield f"bath.{self.name}.{label}", mass
            for element in range(E) if part != SOLID else ():
                yield f"bath.{self.name}.{label}.{ELEMENTS[element]}", float(bath.parts[part, element] / mass) if mass > 0.0 else np.nan
        yield f"bath.{self.name}.temperature", bath.temperature if bath.parts[:, :E].any() else np.nan

    def _melt_of(self, row: Floats, carbon: Floats) -> Floats:
        """The matrix of a melt given as a row of E + 2 numbers, with its carbon by origin (traced,), kg."""
        return self.melt(row[:E], float(row[FORMATION]), float(row[SENSIBLE]), carbon)

    def convert_charge(self, rows: Floats) -> Floats:
        """What was drawn is charged; returns its carbon by origin (traced,), kg."""
        carbon = self.carbon.origins.of(rows)
        self.convert(rows, carbon)
        return carbon

    @property
    def _phase(self) -> Working | Tap:
        return self.model.phases[self.record.phase].model

    def _next(self, now: int) -> bool:
        """The phase is done: the next one, after the last one a new batch, perhaps a new lining."""
        record = self.record
        record.phase += 1
        record.stage = BEGIN
        if record.phase == len(self.model.phases):
            record.phase = 0
            record.batches += 1
            lining = self.model.lining
            if lining is not None and record.batches % lining.batches == 0:
                record.stage = RELINE
        return True

    def _wait(self, state: int, now: int, takes_any: bool = False) -> bool:
        self.takes_any = takes_any
        self.records.stand(state, now, lacking(self))
        check_deadlock(self, now)
        return False

    # -- tapping ------------------------------------------------------------------------------------------------------------------------------

    def _taps(self, phase: Tap) -> list[list[float]]:
        """What is to be tapped: (part, kg), slag first since it lies above."""
        heel = self.model.heel if phase.keep_heel else None
        taps = []
        if phase.slag is not None:
            taps.append([float(SLAG), max(0.0, self.bath.mass(SLAG) + self.bath.entrained - (heel.slag if heel else 0.0))])
        if phase.metal is not None:
            taps.append([float(METAL), max(0.0, self.bath.mass(METAL) - self.bath.entrained - (heel.metal if heel else 0.0))])
        return taps

    def _pour(self, now: int) -> bool:
        """Fill the next ladle, when there is room for it and people and tools are free."""
        record, phase = self.record, self._phase
        assert isinstance(phase, Tap)
        while record.taps and record.taps[0][1] <= 1e-6:
            record.taps.pop(0)
        if not record.taps:
            return self._next(now)
        part, left = int(record.taps[0][0]), record.taps[0][1]
        wish = min(left, phase.ladle) if phase.ladle is not None else left
        ports = phase.slag_to if part == SLAG else phase.metal_to
        port, portion = self._taker(ports, wish)
        if portion <= 0.0:
            for port in ports:
                self.outlets[port].putters.join(self, 0.0)
            return self._wait(BLOCKED, now, takes_any=True)
        places = list(self.waiting)
        if phase.needs and not seize(self, self.site.needed(phase.needs, phase.priority), now):
            return self._wait(WAITING, now)
        self.leave_lists()
        self.outlets[port].reserved[self.name] = portion
        for place in places:
            place.wake_first(now)
        record.pouring, record.port, record.stage = portion, port, POURING
        rate = phase.slag if part == SLAG else phase.metal
        assert rate is not None
        record.until = now + nanoseconds(portion / rate)
        self._tap(part, portion, now)
        return True

    def _taker(self, ports: Sequence[str], wish: float) -> tuple[str, float]:
        """The first port that takes all of ``wish`` kg, else the first that takes some of it; and how much it takes."""
        rooms = {port: self.outlets[port].room() if self.outlets[port].putters.free_for(self) else 0.0 for port in ports}
        for port, room in rooms.items():
            if wish <= room + self.outlets[port].tolerance:
                return port, wish
        return next(((port, room) for port, room in rooms.items() if room > 0.0), (ports[0], 0.0))

    def _tap(self, part: int, portion: float, now: int) -> None:
        """Take a ladle out of the bath; it is delivered when it is full. What is not taken hot gives off its heat."""
        before = self.bath.parts.sum(axis=0)
        dissolved, drops = self.bath.tap_slag(portion) if part == SLAG else (np.zeros(E + 2), self.bath.tap_metal(portion))
        taken = dissolved + drops
        port = self.record.port
        x = self._melt_of(taken, self.carbon.take(share_of(float(taken[C]), float(before[C]))))
        heat = self.no_heat()
        if not self.outlets[port].hot:
            heat += levels_of(float(taken[SENSIBLE]), self.bath.temperature)
            x[self.components.sensible] = 0.0
        self.hand_over(port, x, float(sum(taken[:E].tolist())), self.record.lot)
        self.records.begin(now, self.record.until, {self.site.row(f"{self.name}.{port}"): x.sum(axis=1)}, self.no_use(), heat)
        title = f"{self.model.phases[self.record.phase].title} {port}"
        stored = float((self.bath.parts.sum(axis=0) - before)[E:].sum())
        self.recorder.batches.append(
            tap_row(self.name, title, now, self.record.until, self.bath, (dissolved, drops, part == SLAG), stored, self.no_use(), heat)
        )

    def _poured(self, now: int) -> bool:
        """The ladle is full and leaves."""
        record, phase = self.record, self._phase
        assert isinstance(phase, Tap)
        port = record.port
        receiver = self.outlets[port]
        receiver.reserved.pop(self.name, None)
        parcel: Parcel = self.parcels.pop(port)
        receiver.put(parcel.x, 1.0, parcel.mass, parcel.lot, now)
        if phase.needs:
            release(self, self.site.needed(phase.needs, phase.priority), now)
        record.taps[0][1] -= record.pouring
        record.pouring, record.stage = 0.0, POUR
        return True

    # -- accounts -----------------------------------------------------------------------------------------------------------------------------

    def weigh(self, total: Floats) -> None:
        super().weigh(total)
        total += self._content()

    def save(self) -> State:
        saved = super().save()
        saved["record"]["taps"] = [list(tap) for tap in saved["record"]["taps"]]
        return {**saved, "bath": self.bath.save(), "carbon": self.carbon.save()}

    def load(self, state: State) -> None:
        super().load(state)
        self.record.taps = [list(tap) for tap in self.record.taps]
        self.bath.load(state["bath"])
        self.carbon.load(state["carbon"])
