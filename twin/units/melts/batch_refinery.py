"""Refineries that work up batches by fixed shares: they draw one when it is there, hold their resources for its time, and deliver port by port."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.calendars import advance
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import release, seize
from twin.engine.states import STARVED, WAITING
from twin.engine.waiting import lacking
from twin.errors import ScenarioError
from twin.materials import ELEMENTS
from twin.quantities import format_quantity
from twin.scenario.batch_refining import BatchRefiningModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.supply_share import Supply
from twin.units.melts.process import Process, batch_row

Floats = NDArray[np.float64]
READY, DRAWN, WORKING, DELIVERING = "ready", "drawn", "working", "delivering"


@dataclass(slots=True)
class RefineryRecord:
    """``phase`` of the present batch; ``lot``: its number."""

    until: int = 0
    phase: str = READY
    lot: int = 0


class BatchRefinery(Process):
    """The behaviour. What lies ready at the ports is weighed there while the batch is worked on."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: BatchRefiningModel) -> None:
        """Add the refinery to the plant."""
        refinery = cls(site, name, site.next_index(), model)
        site.units.append(refinery)
        for source in model.from_:
            site.bunkers[source].takers.append(refinery)

    def __init__(self, site: Assembly, name: str, index: int, model: BatchRefiningModel) -> None:
        super().__init__(site, name, index, record := RefineryRecord(), model, (*model.named, model.rest_port))
        self.record: RefineryRecord = record
        self.model = model
        self.bunkers: list[Bunker] = [site.bunkers[source] for source in model.from_]
        if all(model.batch > bunker.capacity + bunker.tolerance for bunker in self.bunkers):
            holds = format_quantity(max(bunker.capacity for bunker in self.bunkers), "kg")
            message = f"a batch, {format_quantity(model.batch, 'kg')}, is more than {', '.join(model.from_)} can hold, {holds}"
            raise ScenarioError([site.scenario.problem(f"units.{name}.batch", message)])
        self.hands = site.needed(model.needs, model.priority)
        self.shares = {port: np.array([model.share(port, element) for element in ELEMENTS]) for port in model.named}
        molar = site.heat.molar_mass
        self.reagents: dict[str, Floats] = {}
        for port in self.ports:
            taken = np.zeros((len(ELEMENTS), len(ELEMENTS)))
            for element, others in model.taken_up(port).items():
                e = ELEMENTS.index(element)
                for other, mol in others.items():
                    o = ELEMENTS.index(other)
                    taken[e, o] = mol * float(molar[o]) / float(molar[e])
            self.reagents[port] = taken

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == WORKING:
            if hands := self.needing(self.hands):
                release(self, hands, now)
            record.phase = DELIVERING
        if record.phase == DELIVERING:
            if not self.deliver(now):
                return False
            record.phase = READY
        if record.phase == READY and not self._take(now):
            return False
        return self._begin(now)

    def _take(self, now: int) -> bool:
        """Draw a batch from the first bunker that holds one; else wait for any."""
        batch = self.model.batch
        bunker = next((bunker for bunker in self.bunkers if bunker.has(self, batch)), None)
        if bunker is None:
            self.takes_any = True
            for each in self.bunkers:
                each.getters.join(self, batch)
            self.records.stand(STARVED, now, lacking(self))
            check_deadlock(self, now)
            return False
        self.leave_lists()
        record = self.record
        record.lot = self.genealogy.new(self.name, now) if self.genealogy is not None else 0
        elements = self.convert(self.draw(bunker, batch, record.lot, now))
        left = elements.copy()
        for port in self.model.named:
            part = elements * self.shares[port]
            left -= part
            self._lay_ready(port, part)
        self._lay_ready(self.model.rest_port, np.maximum(left, 0.0))
        record.phase = DRAWN
        return True

    def _lay_ready(self, port: str, part: Floats) -> None:
        reagents = part @ self.reagents[port]
        self.take_from_outside(reagents)
        x = self.melt(part + reagents)
        if self.genealogy is not None and reagents.any():
            self.genealogy.edge(self.record.lot, 0, self.melt(reagents).sum(axis=1))
        self.hand_over(port, x, float(sum((part + reagents).tolist())), self.record.lot)

    def power_wanted(self) -> float:
        """What a batch draws, W."""
        return self.model.power.specific * self.model.batch / self.model.time

    def supply_wanted(self, what: Supply) -> float:
        """What the heat of a batch takes of a carrier, J."""
        heating = self.model.heating
        return heating.specific * self.model.batch if heating is not None and what == (heating.carrier, False) else 0.0

    def has_all_else(self) -> bool:
        return self.hands.find(self) is not None

    def _begin(self, now: int) -> bool:
        """Wait for hands, then work."""
        record, model = self.record, self.model
        if (hands := self.needing(self.hands)) and not seize(self, hands, now):
            self.takes_any = False
            self.records.stand(WAITING, now, lacking(self))
            check_deadlock(self, now)
            return False
        self.leave_lists()
        record.phase = WORKING
        record.until = advance(self.hands.calendars, now, nanoseconds(model.time)) if self.hands else now + nanoseconds(model.time)
        use, heat = self.no_use(), self.no_heat()
        use[self.electricity] = model.power.specific * model.batch
        if model.heating is not None:
            use[self.recorder.axes.carriers.index(model.heating.carrier)] += model.heating.specific * model.batch
        heat[-1] = sum(use.tolist())
        for what, tank in self.supplies.items():
            tank.keeps(self, self.supply_wanted(what), now, record.until)
        flows = {self.site.row(f"{self.name}.{port}"): parcel.x.sum(axis=1) for port, parcel in self.parcels.items()}
        self.records.begin(now, record.until, flows, use, heat)
        out = sum((self.components.elements_of(flow) for flow in flows.values()), np.zeros(len(ELEMENTS)))
        row = batch_row(self.name, model.phase, now, record.until, limit="time", element_out=out, energy=use.copy(), waste_heat=heat.copy())
        self.recorder.batches.append(row)
        return True
