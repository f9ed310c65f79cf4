"""Off-gas filters: metals fall out as oxides and chlorides, the rest leaves as burnt gas; a full dust hopper makes furnaces wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.content import Queue
from twin.engine.deadlock import check_deadlock
from twin.engine.states import BLOCKED, RUNNING
from twin.engine.unit import Record, Unit
from twin.errors import ScenarioError
from twin.kernels.heaps import add_materials
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.materials import ELEMENTS
from twin.materials.heat import HeatData
from twin.scenario.kinds.offgas_filter import OffgasFilter as FilterModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import TRACED
from twin.units.ground.sink import Sink
from twin.units.melts.process import Process

Floats = NDArray[np.float64]
H, C, N, O, S, CL, BR = (ELEMENTS.index(name) for name in ("H", "C", "N", "O", "S", "Cl", "Br"))  # noqa: E741 - oxygen
GASEOUS = (H, C, N, O, S, CL, BR)
CONDENSED = tuple(i for i in range(len(ELEMENTS)) if i not in GASEOUS)
NEGLIGIBLE = 1e-9
"""Oxygen that is lacking by less than this share of the need is a matter of rounding."""


@dataclass(frozen=True)
class Cleaned:
    """Masses by element (element,), kg, of ``dust``, ``gas`` and the ``air`` that was drawn in, and enthalpies of formation, J."""

    dust: Floats
    gas: Floats
    air: Floats
    dust_formation: float
    gas_formation: float


class Cleaning:
    """What a filter does to a parcel of off-gas.

    All elements but H, C, N, O, S, Cl and Br condense, to the oxide that slags dissolve; two atoms of a halogen take the place of one of oxygen. What is left
    burns to CO2, H2O and SO2; air is drawn in where the oxygen is too little for all that. Of what condenses, with the halogens and SO2 bound to it, the
    share ``efficiency`` becomes dust.
    """

    def __init__(self, heat: HeatData, efficiency: float, halogens_in_dust: float, desulphurisation: float) -> None:
        self.heat = heat
        self.efficiency, self.halogens_in_dust, self.desulphurisation = efficiency, halogens_in_dust, desulphurisation
        self.molar_mass = heat.molar_mass.tolist()
        self.bound = heat.oxygen.tolist()
        self.nitrogen = (1.0 - AIR_OXYGEN) / AIR_OXYGEN * self.molar_mass[N] / self.molar_mass[O]

    def clean(self, elements: Floats) -> Cleaned:
        """Split a parcel with masses by ``elements`` (element,), kg. Dust and gas add up to it and the air.

        1 kg of zinc in pure nitrogen: 1.2447 kg of ZnO and 0.8 kg of nitrogen from air.
        """
        mol = [kg / mass for kg, mass in zip(elements.tolist(), self.molar_mass, strict=True)]
        solid = np.zeros(len(ELEMENTS))
        solid[list(CONDENSED)] = elements[list(CONDENSED)]
        oxides = sum(mol[i] * self.bound[i] for i in CONDENSED)
        halogens = mol[CL] + mol[BR]
        share = min(self.halogens_in_dust, 2.0 * oxides / halogens) if halogens > 0.0 else 0.0
        solid[CL], solid[BR] = share * elements[CL], share * elements[BR]
        solid[S] = self.desulphurisation * elements[S]
        in_dust = max(oxides - 0.5 * share * halogens, 0.0) + 2.0 * self.desulphurisation * mol[S]
        water = 0.5 * max(mol[H] - (1.0 - share) * halogens, 0.0)
        need = in_dust + water + 2.0 * mol[C] + 2.0 * (1.0 - self.desulphurisation) * mol[S]
        air = self._air(need, mol[O])
        solid[O] = min(in_dust * self.molar_mass[O], float(elements[O] + air[O]))
        dust = self.efficiency * solid
        gas = elements + air - dust
        return Cleaned(dust, gas, air, self._formation(dust, None), self._formation(gas, 0.0))

    def _air(self, need: float, there: float) -> Floats:
        """Air for the mol of oxygen that are lacking, by element (element,), kg."""
        air = np.zeros(len(ELEMENTS))
        lacking = need - there
        if lacking > NEGLIGIBLE * need:
            air[O] = lacking * self.molar_mass[O]
            air[N] = air[O] * self.nitrogen
        return air

    def _formation(self, elements: Floats, burnt: float | None) -> float:
        mass = float(sum(elements.tolist()))
        return mass * self.heat.formation(elements / mass, burnt) if mass > 0.0 else 0.0


class OffgasFilter(Process):
    """The behaviour: takes a parcel of off-gas at once while its hopper is not full, and empties the hopper in a step of its own at the same instant."""

    WARNINGS = ("short_of_oxygen", "hopper_overfull")

    hot = False

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: FilterModel) -> None:
        """Add the filter to the plant."""
        filter_ = cls(site, name, site.next_index(), model)
        site.units.append(filter_)
        site.receivers[name] = filter_

    def __init__(self, site: Assembly, name: str, index: int, model: FilterModel) -> None:
        shares = {"dust": 1.0 - model.bleed, **({"bleed": model.bleed} if model.bleed > 0.0 else {})}
        super().__init__(site, name, index, Record(), model, (*shares, "gas"))
        self.model, self.shares = model, shares
        self.cleaning = Cleaning(site.heat, model.efficiency, model.halogens_in_dust, model.desulphurisation)
        self.hopper = Bunker(f"hopper of {name}", model.hopper, Queue(site.shape, site.genealogy, name))
        self.hopper.takers.append(self)
        site.bunkers[self.hopper.name] = self.hopper
        self.putters, self.fillers = self.hopper.putters, self.hopper.fillers
        self.reserved: dict[str, float] = {}
        self.tolerance = 0.0
        self.dust_rows, self.gas_row = {port: site.row(f"{name}.{port}") for port in shares}, site.row(f"{name}.gas")
        self.records.state = RUNNING

    def connect(self, site: Assembly) -> None:
        super().connect(site)
        if not isinstance(self.outlets["gas"], Sink):
            message = f"the gas must leave to a product without pick-ups (it leads to {self.outlets['gas'].name!r}): nothing else takes gas at any time"
            raise ScenarioError([site.scenario.problem(f"units.{self.name}", message)])

    # -- as a receiver ------------------------------------------------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether no further parcel is taken."""
        return self.hopper.room() <= 0.0

    def room(self) -> float:
        """Endless while the hopper is not full: one parcel more always fits, so the hopper can be overfull by its dust."""
        return 0.0 if self.full else float("inf")

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Whether ``unit`` may put a parcel now."""
        return self.putters.free_for(unit) and not self.full

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Clean ``share`` of the matrix ``x``: the gas leaves, the dust falls into the hopper."""
        rows = np.zeros(self.site.shape[0])
        add_materials(rows, x, share)
        carbon = rows[self.components.carbon : self.components.carbon + len(TRACED)].copy()  # all of it stays in the gas
        cleaned = self.cleaning.clean(self.convert(rows, carbon))
        self.take_from_outside(cleaned.air)
        self.warn("short_of_oxygen", int(cleaned.air[O] > 0.0))
        dust = self.melt(cleaned.dust, cleaned.dust_formation)
        gas = self.melt(cleaned.gas, cleaned.gas_formation, carbon=carbon)
        lot = self._descend(lot, rows, cleaned.air, now)
        use = self.no_use()
        use[self.electricity] = self.model.power.specific * amount
        self.records.begin(now, now, {self.gas_row: gas.sum(axis=1)}, use, self.no_heat())
        for receiver, x, mass in ((self.outlets["gas"], gas, cleaned.gas), (self.hopper, dust, cleaned.dust)):
            if (total := float(sum(mass.tolist()))) > 0.0:
                receiver.put(x, 1.0, total, lot, now)
        self.warn("hopper_overfull", int(self.hopper.level > self.hopper.capacity + self.hopper.tolerance))
        self.wake(now)

    def _descend(self, parent: int, rows: Floats, air: Floats, now: int) -> int:
        """Dust and gas of a parcel are one lot, child of the off-gas and of air."""
        if self.genealogy is None:
            return 0
        lot = self.genealogy.new(self.name, now)
        self.genealogy.edge(lot, parent, rows)
        if air[O] > 0.0:
            self.genealogy.edge(lot, 0, self.melt(air).sum(axis=1))
        return lot

    # -- as a unit ----------------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        """Empty the hopper as far as there is room for its dust; let the next furnace deliver that waits."""
        self._empty(now)
        if self.hopper.level > 0.0:
            for port in self.shares:
                self.outlets[port].putters.join(self, 0.0)
        else:
            self.abandon_lists(now)
        self.putters.wake_first(now)
        self.records.stand(BLOCKED if self.full else RUNNING, now, self.outlets[self._narrow()].name if self.full else "")
        if self.full:
            check_deadlock(self, now)
        return False

    def _room(self, port: str) -> float:
        """Dust in all that could leave as far as ``port`` has room for its share, kg."""
        outlet = self.outlets[port]
        room = outlet.room() if outlet.putters.free_for(self) else 0.0
        return self.hopper.level if self.shares[port] * self.hopper.level <= room + outlet.tolerance else room / self.shares[port]

    def _narrow(self) -> str:
        """The port that has least room for its share."""
        return min(self.shares, key=self._room)

    def _empty(self, now: int) -> None:
        hopper = self.hopper
        amount = self._room(self._narrow())
        if amount <= 0.0:
            return
        lot = self.genealogy.new(self.name, now) if self.genealogy is not None else 0
        amount = hopper.draw(amount, self.part, lot, now)
        for port, share in self.shares.items():
            self.recorder.mass[self.recorder.step(now)][self.dust_rows[port]] += share * self.part.sum(axis=1)
            self.outlets[port].put(self.part, share, share * amount, lot, now)
