"""Casting and granulation: melt that furnaces pour into a tundish becomes solid, portion by portion, and gives off its heat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.clock import nanoseconds
from twin.engine.content import Queue
from twin.engine.deadlock import check_deadlock
from twin.engine.states import STARVED
from twin.engine.unit import Record
from twin.engine.waiting import lacking
from twin.scenario.casting import CastingModel
from twin.units.ground.assembly import Assembly
from twin.units.melts.process import Process, batch_row
from twin.units.melts.process_records import levels_of

Floats = NDArray[np.float64]


class Tundish(Bunker):
    """Melt before a casting machine, in portions as they were poured. Who pours sees that it is ``hot`` and leaves the melt its sensible heat."""

    hot = True

    def __init__(self, site: Assembly, name: str, capacity: float) -> None:
        self.portions = Queue(site.shape, site.genealogy, name)
        super().__init__(f"tundish of {name}", capacity, self.portions)

    @property
    def oldest(self) -> float:
        """Mass of the portion that was poured first, kg."""
        return self.portions.oldest


class Casting(Process):
    """The behaviour of casting wheel and slag granulation.

    It takes the oldest portion out of the tundish, lays what it makes of it ready at its ports, and delivers when the portion is solid. So it is at work
    while its event is pending, and waits for room while something lies ready and no event is.
    """

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: CastingModel) -> None:
        """Add the unit to the plant, and its tundish as what melt is delivered to."""
        site.units.append(cls(site, name, site.next_index(), model))

    def __init__(self, site: Assembly, name: str, index: int, model: CastingModel) -> None:
        super().__init__(site, name, index, Record(until=0), model, tuple(model.outlets()))
        self.model = model
        self.tundish = Tundish(site, name, model.capacity)
        self.tundish.takers.append(self)
        site.bunkers[self.tundish.name] = site.receivers[name] = self.tundish

    def step(self, now: int) -> bool:
        if self.parcels:
            self.give_power_back(now)
            return self.deliver(now)
        if self.tundish.has(self, 0.0):
            if not self.has_power(now):
                return False
            self.leave_lists()
            self._cast(now)
            return True
        self.tundish.getters.join(self, 0.0)
        self.records.stand(STARVED, now, lacking(self))
        check_deadlock(self, now)
        return False

    def power_wanted(self) -> float:
        """What casting draws, W."""
        return self.model.power.specific * self.model.rate

    def _cast(self, now: int) -> None:
        """Begin with the oldest portion. Its lot number ends here: what is made of it is a lot of its own."""
        lot = self.genealogy.new(self.name, now) if self.genealogy is not None else 0
        rows = self.draw(self.tundish, self.tundish.oldest, lot, now)
        mass = self.components.mass(rows)
        self.record.until = now + nanoseconds(mass / self.model.rate)
        warmth = float(rows[self.components.sensible])
        self.converted[self.components.sensible] -= warmth
        solid = self.part.copy()
        solid[self.components.sensible] = 0.0
        self._lay_ready(solid, lot)
        use, heat = self.no_use(), levels_of(warmth, self.model.temperature)
        use[self.electricity] = self.model.power.specific * mass
        flows = {self.site.row(f"{self.name}.{port}"): parcel.x.sum(axis=1) for port, parcel in self.parcels.items()}
        self.records.begin(now, self.record.until, flows, use, heat)
        self._note(rows, now, use, heat)

    def _lay_ready(self, solid: Floats, lot: int) -> None:
        """Share out among the ports; the first takes what rounding leaves."""
        first, *others = self.ports
        shares = self.model.outlets()
        parts = {port: solid * shares[port] for port in others}
        rest = solid
        for part in parts.values():
            rest = rest - part
        for port, part in {first: rest, **parts}.items():
            self.hand_over(port, part, self.components.mass(part.sum(axis=1)), lot)

    def _note(self, rows: Floats, now: int, use: Floats, heat: Floats) -> None:
        """A row in the table of batches; what comes in leaves."""
        elements = self.components.elements_of(rows)
        enthalpy = float(rows[self.components.formation] + rows[self.components.sensible])
        self.recorder.batches.append(
            batch_row(
                self.name,
                self.model.phase,
                now,
                self.record.until,
                limit="rate",
                temperature=self.model.temperature,
                element_in=elements,
                element_out=elements.copy(),
                heat_in=enthalpy,
                heat_out=enthalpy,
                heat_stored=0.0,
                energy=use.copy(),
                waste_heat=heat.copy(),
            )
        )
