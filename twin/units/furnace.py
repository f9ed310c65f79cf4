"""Batch furnaces: they walk through the phases of their recipe, wait for scrap, ladles, crane, oxygen and the next furnace, and are relined.

A phase is computed whole when it begins, in one compiled call, and takes the time that its slowest limit demands; then its off-gas is delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import release, seize
from twin.engine.states import BLOCKED, MAINTENANCE, STARVED, WAITING
from twin.engine.unit import State
from twin.engine.waiting import lacking
from twin.errors import RunError
from twin.kernels import furnace as kernel
from twin.quantities import format_quantity
from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.phases import Charge, Settle, Tap, Working
from twin.units.assembly import Assembly
from twin.units.bath import METAL, SLAG, Bath, Outcome
from twin.units.charge import FORMATION, SENSIBLE, E
from twin.units.furnace_rows import phase_row, tap_row
from twin.units.journal import levels_of
from twin.units.ladle import Mouth
from twin.units.oxygen_plant import OxygenPlant
from twin.units.phase_plan import PhasePlan
from twin.units.process import Parcel, Process
from twin.units.recipe import Loading

Floats = NDArray[np.float64]
BEGIN, GATHER, WORK, DELIVER, POUR, POURING, RELINE, RELINING = range(8)
"""Stages: a phase begins; it waits for what it needs; it works; its off-gas is delivered; a ladle waits to be filled; is filled; relining waits; goes on."""


@dataclass(slots=True)
class FurnaceRecord:
    """``phase``: number in the recipe; ``batches``: so far; ``lot``: number of what is in the furnace; ``taps``: what is to be tapped still, (part, kg).

    ``pouring``: kg in the ladle that is being
    filled, for ``port``; ``accounted``: when the bath's heat was last brought up to date.
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
    taps: list[list[float]] = field(default_factory=list)


class Furnace(Process):
    """The behaviour of all batch furnaces."""

    WARNINGS = (*kernel.WARNINGS, "phase_ended_by_time", "charge_cut_short", "overfull")

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: FurnaceModel) -> None:
        """Add the furnace, and a mouth for each port that it is charged from hot."""
        furnace = cls(site, name, site.next_index(), model)
        site.units.append(furnace)

    def __init__(self, site: Assembly, name: str, index: int, model: FurnaceModel) -> None:
        super().__init__(site, name, index, record := FurnaceRecord(), model, ports_of(model))
        self.record: FurnaceRecord = record
        self.model = model
        self.bath = Bath(name, site.smelting, site.heat)
        self.loading = Loading(site, name, model, site.heat)
        self.plans = [PhasePlan(model, phase.model, site.heat) if isinstance(phase.model, Working) else None for phase in model.phases]
        self.holding = PhasePlan(model, Settle(), site.heat)
        self.mouths: dict[str, Mouth] = {}
        self.plant: OxygenPlant | None = None
        if model.initial is not None:
            for part, melted in ((METAL, model.initial.metal), (SLAG, model.initial.slag)):
                if melted is not None:
                    self.bath.add_melt(part, melted, model.initial.temperature)
        if self.genealogy is not None and self.bath.mass(METAL) + self.bath.mass(SLAG) > 0.0:
            record.lot = self.genealogy.new(name, 0)
            self.genealogy.edge(record.lot, 0, self._content())
        for source in model.from_:
            if source not in site.bunkers:
                largest = max(p.charge.recipe[source].mass for p in model.phases if p.charge is not None and source in p.charge.recipe)
                mouth = self.mouths[source] = Mouth(site, name, source, largest)
                mouth.takers.append(self)
                site.bunkers[mouth.name] = site.intakes[source] = mouth
            else:
                site.bunkers[source].takers.append(self)
        self.loading.connect(site.bunkers, self.mouths)

    def connect(self, site: Assembly) -> None:
        super().connect(site)
        if self.model.oxygen is not None:
            plant = next(unit for unit in site.units if unit.name == self.model.oxygen.source)
            assert isinstance(plant, OxygenPlant)
            self.plant = plant

    def _content(self) -> Floats:
        """What is in the bath, by component (component,)."""
        rows: Floats = self._melt_of(self.bath.parts.sum(axis=0)).sum(axis=1)
        return rows

    def _melt_of(self, row: Floats) -> Floats:
        """The matrix of a melt given as a row of E + 2 numbers."""
        return self.melt(row[:E], float(row[FORMATION]), float(row[SENSIBLE]))

    # -- the step function --------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        stage = self.record.stage
        if stage == BEGIN:
            return self._begin(now)
        if stage == GATHER:
            return self._gather(now)
        if stage == WORK:
            return self._finish(now)
        if stage == DELIVER:
            return self._deliver(now)
        if stage in (POUR, POURING):
            return self._pour(now) if stage == POUR else self._poured(now)
        return self._reline(now) if stage == RELINE else self._relined(now)

    @property
    def _phase(self) -> Working | Tap:
        return self.model.phases[self.record.phase].model

    def _begin(self, now: int) -> bool:
        record, phase = self.record, self._phase
        record.since = now
        if isinstance(phase, Tap):
            record.taps = self._taps(phase)
            record.stage = POUR
            return True
        record.stage = GATHER
        if isinstance(phase, Charge):
            for source, mouth in self.mouths.items():
                if source in phase.recipe:
                    mouth.capacity = phase.recipe[source].mass
                    mouth.set_open(True, now)
        return True

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
        self.journal.stand(state, now, lacking(self))
        check_deadlock(self, now)
        return False

    def _gather(self, now: int) -> bool:
        """Wait until scrap and melts are there, then people and tools, then oxygen; then begin."""
        phase = self._phase
        assert isinstance(phase, Working)
        if isinstance(phase, Charge):
            lacking = self.loading.lacking(self, phase)
            if lacking:
                for bunker, wish in lacking:
                    bunker.getters.join(self, wish)
                return self._wait(STARVED, now)
        needs = self.site.needed(phase.needs, phase.priority)
        flow = self._oxygen_wanted()
        if self.plant is not None and flow > 0.0 and not self.plant.free_for(self, flow):
            self.plant.queue.join(self, flow)
            return self._wait(WAITING, now)
        places = list(self.waiting)
        if needs and not seize(self, needs, now):
            return self._wait(WAITING, now)
        self.leave_lists()
        if self.plant is not None and flow > 0.0:
            self.plant.hold(self, flow)
        self._work(phase, now)
        for place in places:
            place.wake_first(now)
        return True

    def _oxygen_wanted(self) -> float:
        plan = self.plans[self.record.phase]
        assert plan is not None
        return min(plan.oxygen, self.plant.model.capacity) if self.plant is not None else 0.0

    # -- phases -------------------------------------------------------------------------------------------------------------------------------

    def _work(self, phase: Working, now: int) -> None:
        record, plan = self.record, self.plans[self.record.phase]
        assert plan is not None
        title = self.model.phases[record.phase].title
        inside = self._content()
        outside, lot = self._new_lots(now)
        if isinstance(phase, Charge):
            self.loading.load(self, phase, lot, now)
            for mouth in self.mouths.values():
                mouth.set_open(False, now)
        if phase.coolant is not None:
            self.loading.load_coolant(self, phase.coolant, lot, now)
        feed, feed_mass = self.loading.feed(isinstance(phase, Charge))
        supplies, coolant = plan.supplies(self.loading.coolant)
        where = f"{self.name}, phase {title!r} of batch {record.batches + 1} at {now / NANOSECONDS:.6g} s"
        hold = self._hold(now, where)
        outcome = self.bath.run(feed, supplies, plan.array(feed_mass, coolant, self._wear(), self._oxygen_limit()), plan.tests, where)
        self.loading.used(outcome, isinstance(phase, Charge))
        self._draw_oxygen(outcome, hold, now)
        outcome = outcome.after(hold) if hold is not None else outcome
        record.accounted = now + nanoseconds(outcome.sum("seconds"))
        self._account(outcome, inside, outside, lot)
        self._check_end(phase, title, outcome, now)
        self._journal(phase, title, outcome, now)
        record.stage = WORK

    def _hold(self, now: int, where: str) -> Outcome | None:
        """While the furnace waited and was tapped its walls lost heat, and its burner held the temperature: worked out when the next phase begins."""
        waited = (now - self.record.accounted) / NANOSECONDS
        if waited <= 0.0 or not self.bath.parts.any():
            return None
        supplies, _ = self.holding.supplies((np.zeros(E + 2), 0.0))
        plan = self.holding.array(0.0, 0.0, self._wear(), self._oxygen_limit(), waited)
        return self.bath.run(np.zeros((3, E + 2)), supplies, plan, self.holding.tests, f"{where}, holding")

    def _draw_oxygen(self, outcome: Outcome, hold: Outcome | None, now: int) -> None:
        """Tell the plant: what the phase draws while it lasts, and at once what was drawn before."""
        if self.plant is None:
            return
        seconds, before = outcome.sum("seconds"), hold.sum("oxygen_volume") if hold is not None else 0.0
        length = nanoseconds(seconds)
        if length > 0:
            self.plant.draw(self, outcome.sum("oxygen_volume") * NANOSECONDS / length, now)
        else:
            before += outcome.sum("oxygen_volume")
        if before > 0.0:
            self.plant.take(before, now)

    def _wear(self) -> float:
        """Wall loss over that of a new lining."""
        lining = self.model.lining
        return 1.0 + lining.wall_loss * (self.record.batches % lining.batches) / lining.batches if lining is not None else 1.0

    def _oxygen_limit(self) -> float:
        if self.plant is None or self.model.oxygen is None:
            return 0.0
        own = self.model.oxygen.limit
        return min(self.plant.model.capacity, own) if own is not None else self.plant.model.capacity

    def _new_lots(self, now: int) -> tuple[int, int]:
        """Numbers for what will have come from outside and, made of that and more, for what will be in the furnace."""
        if self.genealogy is None:
            return 0, 0
        return self.genealogy.new(self.name, now), self.genealogy.new(self.name, now)

    def _account(self, outcome: Outcome, inside: Floats, origin: int, lot: int) -> None:
        """What came from outside, what goes as off-gas, and the family of what is now in the furnace."""
        outside = outcome.together("fuel", "reductant", "oxygen", "air")
        self.take_from_outside(outside[:E])
        if self.genealogy is not None:
            if self.record.lot:
                self.genealogy.edge(lot, self.record.lot, inside)
            self.genealogy.edge(origin, 0, self._melt_of(outside).sum(axis=1))
            self.genealogy.edge(lot, origin, self._melt_of(outside).sum(axis=1))
            self.record.lot = lot
        gone = outcome.together("gas", "fume", "dust")
        self.hand_over("offgas", self._melt_of(gone), float(sum(gone[:E].tolist())), self.record.lot)

    def _check_end(self, phase: Working, title: str, outcome: Outcome, now: int) -> None:
        for kind, count in zip(kernel.WARNINGS, self.bath.warned.tolist(), strict=True):
            self.warned[kind] = count
        if self.bath.mass(METAL) > self.model.capacity.metal or self.bath.mass(SLAG) > self.model.capacity.slag:
            self.warn("overfull")
        if isinstance(phase, Charge) and outcome.sum("fed") < 1.0:
            self.warn("charge_cut_short")
            left = f"{title} of batch {self.record.batches + 1} ended at its 'max' with {100 * (1 - outcome.sum('fed')):.3g} % of the charge left for the next"
            self.recorder.note(now + nanoseconds(outcome.sum("seconds")), self.name, left[:190])
        if outcome.sum("outcome") == 0.0 or not phase.until.tests:
            return
        self.warn("phase_ended_by_time")
        end = f"{title} of batch {self.record.batches + 1} ended without its end test: {kernel.OUTCOMES[int(outcome.sum('outcome'))]}"
        self.recorder.note(now + nanoseconds(outcome.sum("seconds")), self.name, end[:190])
        if phase.otherwise == "fail":
            raise RunError(
                f"{self.name}: {end} (after {format_quantity(outcome.sum('seconds'), 's')}, limited by {outcome.limit}); 'otherwise: continue' goes on"
            )

    def _journal(self, phase: Working, title: str, outcome: Outcome, now: int) -> None:
        record, plan = self.record, self.plans[self.record.phase]
        assert plan is not None
        record.until = now + nanoseconds(outcome.sum("seconds"))
        use, heat = plan.use(outcome, self), plan.waste_heat(outcome)
        flows = {self.site.row(f"{self.name}.offgas"): self.parcels["offgas"].x.sum(axis=1)} if "offgas" in self.parcels else {}
        self.journal.begin(now, record.until, flows, use, heat)
        self.recorder.batches.append(phase_row(self.name, title, now, record.until, outcome, self.bath, use, heat))

    def _finish(self, now: int) -> bool:
        """The phase is over: give back what was held and deliver its off-gas."""
        phase = self._phase
        assert isinstance(phase, Working)
        if self.plant is not None:
            self.plant.release(self, now)
        if phase.needs:
            release(self, self.site.needed(phase.needs, phase.priority), now)
        self.record.stage = DELIVER
        return self._deliver(now)

    def _deliver(self, now: int) -> bool:
        return self.deliver(now) and self._next(now)

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
        x = self._melt_of(taken)
        heat = self.no_heat()
        if not getattr(self.outlets[port], "hot", False):
            heat += levels_of(float(taken[SENSIBLE]), self.bath.temperature)
            x[self.components.sensible] = 0.0
        self.hand_over(port, x, float(sum(taken[:E].tolist())), self.record.lot)
        self.journal.begin(now, self.record.until, {self.site.row(f"{self.name}.{port}"): x.sum(axis=1)}, self.no_use(), heat)
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

    # -- lining -------------------------------------------------------------------------------------------------------------------------------

    def _reline(self, now: int) -> bool:
        lining = self.model.lining
        assert lining is not None
        if lining.needs and not seize(self, self.site.needed(lining.needs, lining.priority), now):
            return self._wait(WAITING, now)
        self.leave_lists()
        self.journal.stand(MAINTENANCE, now)
        self.recorder.note(now, self.name, f"relining after {self.record.batches} batches")
        self.record.stage = RELINING
        self.record.until = now + nanoseconds(lining.relining)
        return True

    def _relined(self, now: int) -> bool:
        lining = self.model.lining
        assert lining is not None
        if lining.needs:
            release(self, self.site.needed(lining.needs, lining.priority), now)
        self.record.stage = BEGIN
        self.record.accounted = now  # it is heated up for its first charge
        return True

    # -- accounts -----------------------------------------------------------------------------------------------------------------------------

    def weigh(self, total: Floats) -> None:
        super().weigh(total)
        total += self._content()
        total += self._melt_of(self.loading.held()).sum(axis=1)

    def save(self) -> State:
        saved = super().save()
        saved["record"]["taps"] = [list(tap) for tap in saved["record"]["taps"]]
        return {**saved, "bath": self.bath.save(), "loading": self.loading.save()}

    def load(self, state: State) -> None:
        super().load(state)
        self.record.taps = [list(tap) for tap in self.record.taps]
        self.bath.load(state["bath"])
        self.loading.load_state(state["loading"])
