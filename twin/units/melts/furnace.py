"""Batch furnaces: they walk through the phases of their recipe, wait for scrap, ladles, crane, oxygen and the next furnace, and are relined.

A phase is computed whole when it begins, in one compiled call, and takes the time that its slowest limit demands; then its off-gas is delivered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import FAR
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.needs import Needs, release, seize
from twin.engine.states import MAINTENANCE, STARVED, WAITING
from twin.engine.unit import State
from twin.errors import RunError
from twin.kernels import furnace as kernel
from twin.quantities import format_quantity
from twin.scenario.furnace import FurnaceModel
from twin.scenario.furnace_power import kept_for, power_at_most
from twin.scenario.furnace_supply import fuel_at_most, oxygen_volume_at_most
from twin.scenario.phases import Charge, Settle, Tap, Working
from twin.units.ground.assembly import Assembly
from twin.units.ground.supply_share import Supply
from twin.units.melts.bath import METAL, SLAG, Outcome
from twin.units.melts.carbon import C, bought
from twin.units.melts.element_rows import E
from twin.units.melts.furnace_rows import layer, phase_row
from twin.units.melts.ladle import Mouth
from twin.units.melts.oxygen_plant import OxygenPlant
from twin.units.melts.phase_plan import PhasePlan
from twin.units.melts.recipe import Loading
from twin.units.melts.vessel import BEGIN, DELIVER, GATHER, POUR, POURING, RELINE, RELINING, WORK, Vessel

Floats = NDArray[np.float64]


class Furnace(Vessel):
    """The behaviour of all batch furnaces."""

    WARNINGS = (*kernel.WARNINGS, "phase_ended_by_time", "charge_cut_short", "overfull")

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: FurnaceModel) -> None:
        """Add the furnace, and a mouth for each port that it is charged from hot."""
        furnace = cls(site, name, site.next_index(), model)
        site.units.append(furnace)

    def __init__(self, site: Assembly, name: str, index: int, model: FurnaceModel) -> None:
        super().__init__(site, name, index, model)
        self.loading = Loading(site, name, model, site.heat)
        self.plans = [PhasePlan(model, phase.model, site.heat) if isinstance(phase.model, Working) else None for phase in model.phases]
        self.holding = PhasePlan(
            model, Settle().model_copy(update={"electrodes": model.electrodes.holding if model.electrodes is not None else None}), site.heat
        )
        self.mouths: dict[str, Mouth] = {}
        self.plant: OxygenPlant | None = None
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

    def _begin(self, now: int) -> bool:
        record, phase = self.record, self._phase
        record.since = now
        if self.deciders and isinstance(phase, Charge) and record.consulted < now:
            record.consulted = record.until = now
            for decider in self.deciders:
                decider.ask(now)  # its event comes first at this instant
            return True
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

    def _gather(self, now: int) -> bool:
        """Wait until scrap and melts are there, then people and tools, then oxygen; then begin."""
        phase = self._phase
        assert isinstance(phase, Working)
        lacking = self.loading.lacking(self, phase)
        if lacking:
            for bunker, wish in lacking:
                bunker.getters.join(self, wish)
            return self._wait(STARVED, now)
        needs = self._needed(phase)
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

    def _needed(self, phase: Working) -> Needs:
        return self.needing(self.site.needed(phase.needs, phase.priority))

    def power_wanted(self) -> float:
        """What the present phase may draw at most above what is kept, W: how much it does is known once it is computed."""
        phase, plant = self._phase, self.plant
        return power_at_most(self.model, phase, plant.model if plant is not None else None) if isinstance(phase, Working) else 0.0

    def power_kept(self) -> float:
        return kept_for(self.model)

    def untold_since(self) -> int:
        """Electrodes hold what is in the bath from the end of a phase on, and the next one tells."""
        return self.record.accounted if self.bath.parts.any() else FAR

    def supply_wanted(self, what: Supply) -> float:
        """What the present phase may use at most of a carrier, J, or of its plant's oxygen, Nm3: how much it does is known once it is computed."""
        phase, plant = self._phase, self.plant
        if not isinstance(phase, Working):
            return 0.0
        if what.oxygen:
            return oxygen_volume_at_most(self.model, phase, plant.model) if plant is not None else 0.0
        return fuel_at_most(self.model, phase, what.name)

    def has_all_else(self) -> bool:
        phase, flow = self._phase, self._oxygen_wanted()
        assert isinstance(phase, Working)
        if self.loading.lacking(self, phase) or (self.plant is not None and flow > 0.0 and not self.plant.free_for(self, flow)):
            return False
        return self.site.needed(phase.needs, phase.priority).find(self) is not None

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
        stock = self.loading.stock(phase)
        if phase.reductant is not None and stock is not None:
            self.loading.load_reductant(self, phase.reductant, lot, now)
        feed, feed_mass = self.loading.feed(isinstance(phase, Charge))
        supplies, coolant = plan.supplies(self.loading.coolant, stock)
        where = f"{self.name}, phase {title!r} of batch {record.batches + 1} at {now / NANOSECONDS:.6g} s"
        hold = self._hold(now, where)
        outcome = self.bath.run(feed, supplies, plan.record(feed_mass, coolant, self._wear(), self._oxygen_limit()), plan.tests, where)
        self.loading.used(self, outcome, isinstance(phase, Charge), stock)
        self._draw_oxygen(outcome, hold, now)
        supplied = {what: (self._supplied(plan, outcome, what), self._supplied(self.holding, hold, what)) for what in self.supplies}
        late = (record.accounted, plan.drawn(hold)) if hold is not None else (now, 0.0)
        outcome = outcome.after(hold) if hold is not None else outcome
        record.accounted = now + nanoseconds(outcome.sum("seconds"))
        self._account(outcome, inside, outside, lot, carrier=stock is None)
        self._check_end(phase, title, outcome, now)
        self._journal(phase, title, outcome, late, now)
        self._draws(plan.drawn(outcome) - late[1], now)
        for what, (used, before) in supplied.items():
            self.supplies[what].keeps(self, used, now, record.until)
            self.supplies[what].take(before, now)
        record.stage = WORK

    def _supplied(self, plan: PhasePlan, outcome: Outcome | None, what: Supply) -> float:
        """What was used of a carrier, J, or of the plant's oxygen, Nm3; 0 where nothing was."""
        if outcome is None:
            return 0.0
        return outcome.sum("oxygen_volume") if what.oxygen else plan.bought(outcome, what.name)

    def _hold(self, now: int, where: str) -> Outcome | None:
        """While the furnace waited and was tapped its walls lost heat, and its burner held the temperature: worked out when the next phase begins."""
        waited = (now - self.record.accounted) / NANOSECONDS
        if waited <= 0.0 or not self.bath.parts.any():
            return None
        supplies, _ = self.holding.supplies((np.zeros(E + 2), 0.0))
        plan = self.holding.record(0.0, 0.0, self._wear(), self._oxygen_limit(), waited)
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

    def _account(self, outcome: Outcome, inside: Floats, origin: int, lot: int, *, carrier: bool) -> None:
        """What came from outside, a reductant that was bought as a ``carrier`` with it, what goes as off-gas, and the family of what is now in the furnace."""
        outside = outcome.together("fuel", "oxygen", "air", *(("reductant",) if carrier else ()))
        came = self._melt_of(outside, bought(float(outside[C]))).sum(axis=1)
        self.take_from_outside(outside[:E], float(outside[C]))
        if self.genealogy is not None:
            if self.record.lot:
                self.genealogy.edge(lot, self.record.lot, inside)
            self.genealogy.edge(origin, 0, came)
            self.genealogy.edge(lot, origin, came)
            self.record.lot = lot
        gone = outcome.together("gas", "fume", "dust")
        self.hand_over("offgas", self._melt_of(gone, self.carbon.leave(outcome)), float(sum(gone[:E].tolist())), self.record.lot)

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

    def _draws(self, electrodes: float, now: int) -> None:
        """Of the power that the phase might have drawn it keeps what it does draw; ``electrodes``: J that they draw in it."""
        work = self.records.work
        if self.limit is None or work is None:
            return
        per_second = NANOSECONDS / (work.end - work.begin)
        above = max(0.0, electrodes * per_second - self.power_kept()) + (float(work.use[self.electricity]) - work.late - electrodes) * per_second
        made = self.plant.power_for(self) if self.plant is not None else 0.0
        self.limit.keeps(self, above + made, now)

    def _journal(self, phase: Working, title: str, outcome: Outcome, late: tuple[int, float], now: int) -> None:
        record, plan = self.record, self.plans[self.record.phase]
        assert plan is not None
        record.until = now + nanoseconds(outcome.sum("seconds"))
        use, heat = plan.use(outcome, self), plan.waste_heat(outcome)
        flows = {self.site.row(f"{self.name}.offgas"): self.parcels["offgas"].x.sum(axis=1)} if "offgas" in self.parcels else {}
        self.records.begin(now, record.until, flows, use, heat, late)
        frozen = layer(self.model.freeze_lining, self.bath)
        self.recorder.batches.append(phase_row(self.name, title, now, record.until, outcome, self.bath, use, heat, frozen))

    def _finish(self, now: int) -> bool:
        """The phase is over: give back what was held and deliver its off-gas."""
        phase = self._phase
        assert isinstance(phase, Working)
        if self.plant is not None:
            self.plant.release(self, now)
        if needs := self._needed(phase):
            release(self, needs, now)
        self.record.stage = DELIVER
        return self._deliver(now)

    def _deliver(self, now: int) -> bool:
        return self.deliver(now) and self._next(now)

    # -- lining -------------------------------------------------------------------------------------------------------------------------------

    def _reline(self, now: int) -> bool:
        lining = self.model.lining
        assert lining is not None
        if lining.needs and not seize(self, self.site.needed(lining.needs, lining.priority), now):
            return self._wait(WAITING, now)
        self.leave_lists()
        self.records.stand(MAINTENANCE, now)
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
        total += self._melt_of(self.loading.held(), self.carbon.held + bought(float(self.loading.bins[:, C].sum()))).sum(axis=1)

    def save(self) -> State:
        return {**super().save(), "loading": self.loading.save()}

    def load(self, state: State) -> None:
        super().load(state)
        self.loading.load_state(state["loading"])
