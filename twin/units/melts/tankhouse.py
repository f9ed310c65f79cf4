"""An electrorefining tankhouse: sections that work in cycles of their own, and the electrolyte that they share.

Each section is a unit, since each waits for one thing: anodes, a crane, the end of a run, room for what it delivers. The electrolyte is one too: it waits
for room when it must be bled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.calendars import advance
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import Needs, release, seize
from twin.engine.states import OFF_SHIFT, STARVED, WAITING
from twin.engine.unit import State
from twin.engine.waiting import lacking
from twin.errors import ScenarioError
from twin.kernels import refining
from twin.materials import ELEMENTS
from twin.quantities import format_quantity
from twin.scenario.kinds.electrorefining import FROM_BUNKERS, Electrorefining
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import REST
from twin.units.melts.electrolyte import CU, Electrolyte, SharedRecords, mass_of
from twin.units.melts.process import Process, batch_row

Floats = NDArray[np.float64]
SECTION_PORTS = ("cathode", "scrap", "slimes")
READY, TO_LOAD, LOADING, TO_RUN, ON_CURRENT = "ready", "to load", "loading", "to run", "on current"
TO_PULL, PULLING, DELIVERING = "to pull", "pulling", "delivering"
LEAST_COPPER = 0.95
"""Share of copper in anodes below which the shares of slimes and electrolyte are not known, and are counted."""


class Tankhouse:
    """The kind's behaviour: builds the electrolyte and the sections."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: Electrorefining) -> None:
        """Add all of them to the plant."""
        bunkers = _bunkers(site, name, model)
        electrolyte = Electrolyte(site, name, site.next_index(), model)
        site.units.append(electrolyte)
        for place in range(model.sections):
            section = Section(site, name, site.next_index(), model, place, electrolyte, bunkers)
            site.units.append(section)
            for bunker in bunkers:
                bunker.takers.append(section)


def _bunkers(site: Assembly, name: str, model: Electrorefining) -> list[Bunker]:
    """Where anodes come from; at least one of them must hold what a section takes at once."""
    path = f"units.{name}.from"
    for source in model.from_:
        if source not in site.bunkers:
            raise ScenarioError([site.scenario.problem(path, f"{FROM_BUNKERS} (got {source!r})")])
    bunkers = [site.bunkers[source] for source in model.from_]
    load = model.anode_mass * model.anodes * (1 if model.partial else model.cells)
    if all(load > bunker.capacity + bunker.tolerance for bunker in bunkers):
        holds = format_quantity(max(bunker.capacity for bunker in bunkers), "kg")
        what = f"the anodes of {'a cell' if model.partial else 'a section'}, {format_quantity(load, 'kg')}"
        raise ScenarioError([site.scenario.problem(path, f"{what}, are more than {', '.join(model.from_)} can hold, {holds}")])
    return bunkers


@dataclass(slots=True)
class SectionRecord:
    """``cells`` that are loaded, cathodes pulled so far in the cycle, the run from ``begin``, at whose end ``deposited`` kg of copper have grown.

    ``interval`` from one pull to the next, ``left`` of the present one, ns, current on. ``short``: whether copper and not the cycle limits it. ``lot`` and
    ``formation`` (J) are those of the anodes as loaded.
    """

    until: int = 0
    phase: str = READY
    cells: int = 0
    pull: int = 0
    begin: int = 0
    deposited: float = 0.0
    interval: int = 0
    left: int = 0
    short: bool = False
    lot: int = 0
    formation: float = 0.0


class Section(Process):
    """Cells in series: ``anodes`` (element,), kg, are what is left of ``loaded``; ``slimes`` (element,) fall. A run counts when it ends."""

    def __init__(self, site: Assembly, house: str, index: int, model: Electrorefining, place: int, electrolyte: Electrolyte, bunkers: list[Bunker]) -> None:
        super().__init__(site, house, index, record := SectionRecord(), model, SECTION_PORTS)
        self.record: SectionRecord = record
        self.model, self.place, self.electrolyte, self.bunkers = model, place, electrolyte, bunkers
        self.house, self.name = house, f"{house}.section_{place + 1}"
        self.records = SharedRecords(site.recorder, house, 0.0, place, model.sections)
        self.current = model.current
        self.to_slimes = np.array([model.slimes_share(element) for element in ELEMENTS])
        self.to_cathode = np.array([model.cathode_share(element) for element in ELEMENTS])
        self.loaded, self.anodes, self.slimes = np.zeros(len(ELEMENTS)), np.zeros(len(ELEMENTS)), np.zeros(len(ELEMENTS))
        self.hands: dict[str, Needs] = {
            TO_LOAD: site.needed(model.load.needs, model.load.priority),
            TO_PULL: site.needed(model.pull.needs, model.pull.priority),
        }
        if model.initial is not None:
            self._fill(model.initial.assay)
        else:
            self.records.state = OFF_SHIFT
            stagger = model.stagger if model.stagger is not None else model.anode_cycle / model.sections
            record.until = nanoseconds(stagger * place)

    def connect(self, site: Assembly) -> None:
        """Find where the ports of the tankhouse lead to."""
        self.outlets = {port: site.receiver_of(f"{self.house}.{port}") for port in self.ports}
        for receiver in dict.fromkeys(self.outlets.values()):
            receiver.fillers.append(self)

    @property
    def rate(self) -> float:
        """Copper that the loaded cells deposit, kg/s."""
        return refining.deposition(self.current, self.model.current_efficiency) * self.record.cells

    # -- the cycle --------------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == READY:
            return self._take_anodes(now)
        if record.phase in (TO_LOAD, TO_PULL):
            return self._take_hands(now)
        if record.phase in (LOADING, PULLING):
            release(self, self.hands[TO_LOAD if record.phase == LOADING else TO_PULL], now)
        if record.phase in (LOADING, TO_RUN):
            return self._run(now)
        if record.phase == ON_CURRENT:
            self.give_power_back(now)
            self._end_run(now)
            return True
        record.phase = DELIVERING
        if not self.deliver(now):
            return False
        if self._ended():
            record.phase = READY
            return True
        return self._run(now)

    def _ended(self) -> bool:
        """Whether these anodes have had their last run; those without copper have none."""
        return self.record.pull >= self.model.pulls or self.record.interval == 0

    def _take_anodes(self, now: int) -> bool:
        """Draw the anodes of all cells, or of as many as can be filled."""
        model, record = self.model, self.record
        cell = model.anodes * model.anode_mass
        least = cell if model.partial else cell * model.cells
        for bunker in self.bunkers:
            if bunker.has(self, least):
                break
        else:
            self.takes_any = True
            for bunker in self.bunkers:
                bunker.getters.join(self, least)
            self.records.stand(STARVED, now, lacking(self))
            check_deadlock(self, now)
            return False
        self.leave_lists()
        record.cells = min(model.cells, int((bunker.level + bunker.tolerance) / cell)) if model.partial else model.cells
        record.lot = self.genealogy.new(self.house, now) if self.genealogy is not None else 0
        rows = self.draw(bunker, record.cells * cell, record.lot, now)
        self._set_in(self.convert(rows), float(rows[self.components.formation]))
        record.phase = TO_LOAD
        return True

    def _set_in(self, elements: Floats, formation: float) -> None:
        """Anodes of ``elements`` (element,), kg, hang in the cells; how long they last follows from their copper."""
        model, record = self.model, self.record
        self.loaded[:] = self.anodes[:] = elements
        record.pull, record.formation = 0, formation
        copper = float(elements[CU]) * (1.0 - model.scrap)
        life = refining.copper_life(copper, self.rate, model.chemical_dissolution, float(self.to_slimes[CU]))
        record.short = life < model.anode_cycle
        record.interval = record.left = nanoseconds(min(life, model.anode_cycle) / model.pulls)
        self.electrolyte.warn("anodes_used_up", int(record.short))
        self.electrolyte.warn("anodes_poor", int(float(elements[CU]) < LEAST_COPPER * mass_of(elements)))

    def _take_hands(self, now: int) -> bool:
        """Wait for crane and people, then load or pull."""
        record, hands = self.record, self.hands[self.record.phase]
        if hands and not seize(self, hands, now):
            self.records.stand(WAITING, now, lacking(self))
            self.takes_any = False
            check_deadlock(self, now)
            return False
        loads = record.phase == TO_LOAD
        time = self.model.load.time if loads else self.model.pull.time
        record.phase = LOADING if loads else PULLING
        until = advance(hands.calendars, now, nanoseconds(time))
        self.records.begin(now, until, {} if loads else self._emptied(), self.no_use(), self.no_heat())
        if until > now:
            record.until = until
        return True

    def _emptied(self) -> dict[int, Floats]:
        """Scrap and slimes that come out with the last cathodes, by row of the stream."""
        ports = [port for port in ("scrap", "slimes") if port in self.parcels]
        return {self.site.row(f"{self.house}.{port}"): self.parcels[port].x[:, 0].copy() for port in ports}

    def _run(self, now: int) -> bool:
        """Current is on until the next cathodes are due; where power is scarce, it is waited for."""
        record, length = self.record, self.record.left
        if not self.has_power(now):
            record.phase = TO_RUN
            return False
        record.phase, record.begin, record.until, record.left = ON_CURRENT, now, now + length, record.interval
        record.deposited = self.rate * (length / NANOSECONDS)
        cathode, _, _ = self._dissolved()
        use, heat = self._energy(length)
        flows = {self.site.row(f"{self.house}.cathode"): self.melt(cathode)[:, 0].copy()}
        self.records.begin(now, record.until, flows, use, heat)
        return True

    def _dissolved(self) -> tuple[Floats, Floats, Floats]:
        if self.record.deposited <= 0.0:
            return np.zeros(len(ELEMENTS)), np.zeros(len(ELEMENTS)), np.zeros(len(ELEMENTS))
        chemical = self.model.chemical_dissolution
        return refining.dissolve(self.anodes, CU, self.record.deposited, chemical, self.to_slimes, self.to_cathode)

    def _energy(self, length: int) -> tuple[Floats, Floats]:
        """Energy by carrier, and the heat that all of it becomes, J, of a run."""
        model, use, heat = self.model, self.no_use(), self.no_heat()
        cells = model.cell_voltage * self.current * self.record.cells * (length / NANOSECONDS)
        use[self.electricity] = cells / model.rectifier_efficiency + model.power.specific * self.record.deposited
        if model.heating is not None:
            use[self.recorder.axes.carriers.index(model.heating.carrier)] += model.heating.specific * self.record.deposited
        heat[-1] = sum(use.tolist())
        return use, heat

    def _end_run(self, now: int) -> None:
        """Cathodes are due: what has dissolved leaves the anodes, and at the end of the cycle they leave the cells."""
        record = self.record
        cathode, slimes, dissolved = self._dissolved()
        use, heat = self._energy(now - record.begin)
        self.anodes -= cathode + slimes + dissolved
        self.slimes += slimes
        record.pull += 1
        record.phase = TO_PULL
        out = cathode + dissolved
        self._lay_ready("cathode", cathode, now)
        if self._ended():
            out = out + self.anodes + self.slimes
            left = record.formation * (mass_of(self.anodes) / mass_of(self.loaded))
            self.converted[self.components.formation] += left  # all of it went when the anodes were drawn
            self._lay_ready("scrap", self.anodes, now, left)
            self._lay_ready("slimes", self.slimes, now)
            self.anodes[:] = self.slimes[:] = 0.0
        came = self.loaded if record.pull == 1 else np.zeros(len(ELEMENTS))
        columns = {"element_in": came.copy(), "element_out": out, "metal": self.anodes.copy(), "energy": use, "waste_heat": heat}
        name = f"section {self.place + 1} pull {record.pull}"
        limit = "copper of the anodes" if record.short else "anode cycle"
        self.recorder.batches.append(batch_row(self.house, name, record.begin, now, limit=limit, **columns))
        self.electrolyte.absorb(dissolved, record.lot, now)

    def _lay_ready(self, port: str, elements: Floats, now: int, formation: float = 0.0) -> None:
        lot = self.electrolyte.new_lot(elements, self.record.lot, now)
        self.hand_over(port, self.melt(elements, formation), mass_of(elements), lot)

    def _fill(self, assay: dict[str, float]) -> None:
        """All cells hold anodes at the start, of an age by the place of the section; their cathodes have just been pulled."""
        model, record = self.model, self.record
        record.cells = model.cells
        elements = np.zeros(len(ELEMENTS))
        for element, share in assay.items():
            elements[ELEMENTS.index(element)] = share
        elements[REST] += max(0.0, 1.0 - sum(assay.values()))
        elements *= model.anode_mass * model.anodes * model.cells
        self._set_in(elements, 0.0)
        age = record.interval * model.pulls * ((model.sections - self.place) % model.sections) // model.sections
        record.pull = age // record.interval
        record.left = record.interval * (record.pull + 1) - age
        record.deposited = self.rate * (age / NANOSECONDS)
        cathode, slimes, dissolved = self._dissolved()
        self.anodes -= cathode + slimes + dissolved
        self.slimes += slimes
        record.lot = self.electrolyte.new_lot(self.anodes + self.slimes, 0, 0)
        record.phase = DELIVERING

    def power_wanted(self) -> float:
        """What the current of the loaded cells draws, W."""
        return self.model.section_power(self.record.cells)

    # -- accounts ---------------------------------------------------------------------------------------------------------------------------

    def weigh(self, total: Floats) -> None:
        super().weigh(total)
        total[self.components.melt : self.components.melt + len(ELEMENTS)] += self.anodes + self.slimes

    def save(self) -> State:
        return {**super().save(), "loaded": self.loaded.copy(), "anodes": self.anodes.copy(), "slimes": self.slimes.copy()}

    def load(self, state: State) -> None:
        super().load(state)
        for array, key in ((self.loaded, "loaded"), (self.anodes, "anodes"), (self.slimes, "slimes")):
            array[:] = state[key]
