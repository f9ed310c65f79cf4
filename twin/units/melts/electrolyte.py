"""The electrolyte of a tankhouse: what is dissolved in it, what is bled, and what liberator cells win from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.recording import Recorder
from twin.engine.unit import NEVER, State
from twin.kernels import refining
from twin.materials import ELEMENTS
from twin.scenario.kinds.electrorefining import Electrorefining
from twin.units.ground.assembly import Assembly
from twin.units.melts.process import Process
from twin.units.melts.process_records import ProcessRecords

Floats = NDArray[np.float64]
CU = ELEMENTS.index("Cu")


class SharedRecords(ProcessRecords):
    """A records of one of ``count`` units that share the row of a state: each nanosecond belongs to one of them in turn, so that shares add up to one.

    With ``count`` 0 the unit has no part in the state.
    """

    def __init__(self, recorder: Recorder, unit: str, idle: float, place: int, count: int) -> None:
        super().__init__(recorder, unit, idle)
        self.place, self.count = place, count

    def _own(self, now: int) -> int:
        """Nanoseconds before ``now`` that belong to this unit."""
        return (now - self.place + self.count - 1) // self.count if self.count else 0

    def settle(self, now: int) -> None:
        begin = self.since
        super().settle(now)
        for k, part in self.recorder.cut(begin, now):
            self.recorder.state[k][self.state_row][self.state] -= part - (self._own(begin + part) - self._own(begin))
            begin += part


@dataclass(slots=True)
class ElectrolyteRecord:
    """``lot``: the number of what is dissolved, as a lot."""

    until: int = NEVER
    lot: int = 0


class Electrolyte(Process):
    """What is dissolved, ``content`` (element,) kg, perfectly mixed; bled where a limit is passed, relieved of copper by bleed or liberator cells.

    It changes when cathodes of a section are due. Sulphate, acid and water are not tracked. It keeps the accounts that belong to all of the tankhouse.
    """

    WARNINGS = ("anodes_used_up", "anodes_poor", "electrolyte_over_limit", "electrolyte_low_copper")

    def __init__(self, site: Assembly, name: str, index: int, model: Electrorefining) -> None:
        liberators = ("liberator",) if model.copper_removal == "liberator" else ()
        super().__init__(site, name, index, record := ElectrolyteRecord(), model, ("bleed", *liberators))
        self.record: ElectrolyteRecord = record
        self.model = model
        self.records = SharedRecords(site.recorder, name, model.power.idle, 0, 0)
        self.volume = model.electrolyte.volume * model.cells * model.sections
        self.limits = {ELEMENTS.index(element): limit for element, limit in model.bleed.items()}
        if not liberators:
            self.limits[CU] = model.electrolyte.copper
        self.content = np.zeros(len(ELEMENTS))
        for element, concentration in {**model.electrolyte.initial, "Cu": model.electrolyte.copper}.items():
            self.content[ELEMENTS.index(element)] = concentration * self.volume
        record.lot = self.new_lot(self.content, 0, 0)

    def new_lot(self, elements: Floats, parent: int, now: int) -> int:
        """A lot of ``elements`` (element,), kg, made of ``parent``; 0 where no genealogy is kept."""
        if self.genealogy is None:
            return 0
        lot = self.genealogy.new(self.name, now)
        self.genealogy.edge(lot, parent, self.melt(elements)[:, 0])
        return lot

    def absorb(self, elements: Floats, parent: int, now: int) -> None:
        """Elements (element,), kg, dissolve; what is above a limit leaves if there is room for it."""
        if self.genealogy is not None:
            mixed = self.new_lot(self.content, self.record.lot, now)
            self.genealogy.edge(mixed, parent, self.melt(elements)[:, 0])
            self.record.lot = mixed
        self.content += elements
        if not self.waiting and self.record.until < 0:
            self.step(now)
        self.warn("electrolyte_over_limit", int(refining.bleed_share(self.content, self.limits, self.volume) > 0.0))
        self.warn("electrolyte_low_copper", int(self.content[CU] < self.model.electrolyte.lowest_copper * self.volume))

    def step(self, now: int) -> bool:
        """Bleed until nothing is above its limit, or there is no room."""
        while self.deliver(now) and self._relieve(now):
            pass
        return False

    def _relieve(self, now: int) -> bool:
        """Lay ready what must leave the electrolyte; returns whether anything does."""
        flows, use = {}, self.no_use()
        share = refining.bleed_share(self.content, self.limits, self.volume)
        if share > 0.0:
            flows[self.site.row(f"{self.name}.bleed")] = self._take("bleed", self.content * share, now)
        copper = self.content[CU] - self.model.electrolyte.copper * self.volume
        if "liberator" in self.ports and copper > refining.ROUNDING * self.content[CU]:
            won = np.zeros(len(ELEMENTS))
            won[CU] = copper
            flows[self.site.row(f"{self.name}.liberator")] = self._take("liberator", won, now)
            cells = self.model.liberator
            use[self.electricity] = copper * refining.specific_energy(cells.cell_voltage, cells.current_efficiency) / self.model.rectifier_efficiency
        if flows:
            heat = self.no_heat()
            heat[-1] = use[self.electricity]
            self.records.begin(now, now, flows, use, heat)
        return bool(flows)

    def _take(self, port: str, elements: Floats, now: int) -> Floats:
        self.content -= elements
        x = self.melt(elements)
        self.hand_over(port, x, mass_of(elements), self.new_lot(elements, self.record.lot, now))
        return x[:, 0].copy()

    def weigh(self, total: Floats) -> None:
        super().weigh(total)
        total[self.components.melt : self.components.melt + len(ELEMENTS)] += self.content

    def save(self) -> State:
        return {**super().save(), "content": self.content.copy()}

    def load(self, state: State) -> None:
        super().load(state)
        self.content[:] = state["content"]


def mass_of(elements: Floats) -> float:
    """Sum of masses by element, kg."""
    return float(sum(elements.tolist()))
