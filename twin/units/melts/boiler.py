"""Waste-heat boilers: off-gas is cooled to an exit temperature as it passes, and its heat becomes steam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.engine.states import RUNNING
from twin.engine.unit import Record, State, Unit
from twin.errors import ScenarioError
from twin.kernels.heaps import add_materials
from twin.kernels.heat import add_levels, content, temperature_of
from twin.kernels.physical_constants import AIR_OXYGEN, LEVELS
from twin.materials import ELEMENTS
from twin.materials.heat import HeatData
from twin.scenario.kinds.waste_heat_boiler import WasteHeatBoiler as BoilerModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.sink import Sink
from twin.units.melts.offgas import CONDENSED, OffgasFilter
from twin.units.melts.process import Process
from twin.units.melts.steam_main import BLOWN_OFF, EXPORTED, SteamMain

Floats = NDArray[np.float64]
H, C, N, O, S, CL, BR = (ELEMENTS.index(name) for name in ("H", "C", "N", "O", "S", "Cl", "Br"))  # noqa: E741 - oxygen


def heat_capacity(elements: Floats, heat: HeatData) -> tuple[float, float]:
    """Heat content and slope at T0, J and J/K, of burnt gas and its dust with masses by ``elements`` (element,), kg: CO2, H2O, SO2, HCl, N2, O2 and oxides.

    Where oxygen is too little for CO2, carbon is CO. A kmol of N2 (28 kg): 41.1 MJ and 34.9 kJ/K above 25 °C at 1300 °C.
    """
    masses, bound = elements.tolist(), heat.oxygen.tolist()
    mol = [kg / mass for kg, mass in zip(masses, heat.molar_mass.tolist(), strict=True)]
    halogens = mol[CL] + mol[BR]
    water, acid = 0.5 * max(mol[H] - halogens, 0.0), min(halogens, mol[H])
    oxygen = mol[O] - sum(mol[i] * bound[i] for i in CONDENSED) - water - 2.0 * mol[S] - mol[C]
    dioxide = min(max(oxygen, 0.0), mol[C])
    moles = {"CO2": dioxide, "CO": mol[C] - dioxide, "H2O": water, "SO2": mol[S], "HCl": acid, "N2": 0.5 * mol[N], "O2": 0.5 * max(oxygen - dioxide, 0.0)}
    a = sum(n * heat.by_species[name][1] for name, n in moles.items())
    b = sum(n * heat.by_species[name][2] for name, n in moles.items())
    contents, slopes = heat.elements["oxide_H"].tolist(), heat.elements["oxide_c"].tolist()
    a += sum(masses[i] * contents[i] for i in CONDENSED)
    b += sum(masses[i] * slopes[i] for i in CONDENSED)
    return a, b


@dataclass(frozen=True)
class Cooled:
    """What a boiler does to a parcel: the temperature of the gas that comes, K; heat that it gives off (level,), J, and in all; heat that it keeps, J."""

    temperature: float
    levels: Floats
    given: float
    kept: float


def cool(elements: Floats, sensible: float, air: Floats, leaves: float, heat: HeatData) -> Cooled:
    """Cool gas of ``elements`` (element,), kg, with ``sensible`` J above 25 °C, into which cold ``air`` leaks, to ``leaves`` K.

    The air takes heat at all levels up to the temperature of the mixture; a gas that is colder than ``leaves`` gives nothing off.
    """
    a, b = heat_capacity(elements + air, heat)
    nothing = np.zeros(len(LEVELS))
    temperature = float(temperature_of(sensible, a, b)) if b > 0.0 else 0.0
    kept = float(content(a, b, leaves))
    if not temperature > leaves:
        return Cooled(temperature, nothing, 0.0, sensible)
    before, after = nothing.copy(), nothing.copy()
    add_levels(a, b, temperature, before)
    add_levels(a, b, leaves, after)
    return Cooled(temperature, before - after, sensible - kept, kept)


class Boiler(Process):
    """The behaviour: takes a parcel when what is behind it does, and hands it on at the same instant."""

    WARNINGS = ("gas_too_cold",)

    hot = False

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: BoilerModel) -> None:
        """Add the boiler to the plant."""
        boiler = cls(site, name, site.next_index(), model)
        site.units.append(boiler)
        site.receivers[name] = boiler

    def __init__(self, site: Assembly, name: str, index: int, model: BoilerModel) -> None:
        super().__init__(site, name, index, Record(), model, ("gas",))
        self.model, self.heat = model, site.heat
        carrier = site.recorder.axes.carriers.index(model.carrier)
        if carrier in site.recorder.mains:
            message = f"another boiler makes {model.carrier!r}: let one take the off-gas of all furnaces, or give this one a carrier of its own"
            raise ScenarioError([site.scenario.problem(f"units.{name}.carrier", message)])
        self.main = SteamMain(self.records, carrier, model.store, EXPORTED if model.excess == "exported" else BLOWN_OFF)
        self.fillers: list[Unit] = []
        self.reserved: dict[str, float] = {}
        self.tolerance = 0.0
        self.gas_row = site.row(f"{name}.gas")
        self.records.state = RUNNING

    def connect(self, site: Assembly) -> None:
        """Find the filter or stack behind it; who waits to hand off-gas over waits there."""
        outlet = site.receiver_of(f"{self.name}.gas")
        if not isinstance(outlet, (Sink, OffgasFilter)):
            message = f"the gas must go on to an off-gas filter, or to a product without pick-ups (it leads to {outlet.name!r})"
            raise ScenarioError([site.scenario.problem(f"units.{self.name}", message)])
        self.outlets = {"gas": outlet}
        self.putters = outlet.putters
        if isinstance(outlet, OffgasFilter):
            outlet.fillers.extend(self.fillers)
            self.fillers = outlet.fillers

    # -- as a receiver ------------------------------------------------------------------------------------------------------------------------

    def room(self) -> float:
        """That of what is behind it."""
        return self.outlets["gas"].room()

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Whether ``unit`` may put a parcel now."""
        return self.outlets["gas"].room_for(unit, amount)

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Cool ``share`` of the matrix ``x`` and hand it on."""
        components, model = self.components, self.model
        rows = np.zeros(self.site.shape[0])
        add_materials(rows, x, share)
        air = self._air(model.ingress * amount)
        cooled = cool(components.elements_of(rows), float(rows[components.sensible]), air, model.exit, self.heat)
        self.warn("gas_too_cold", int(cooled.given <= 0.0))
        self.take_from_outside(air)
        self.converted[components.sensible] -= cooled.given
        gas = x * share + self.melt(air, 0.0, -cooled.given)
        use, heat = self.no_use(), -cooled.levels
        use[self.electricity] = model.power.specific * amount
        heat[-1] += (1.0 - model.efficiency) * cooled.given
        self.records.begin(now, now, {self.gas_row: gas.sum(axis=1)}, use, heat)
        self.main.settle(now)
        if cooled.given > 0.0:
            self.main.make(now, nanoseconds(model.spread), model.efficiency * cooled.given)
        self.outlets["gas"].put(gas, 1.0, amount + float(air.sum()), self._descend(lot, rows, air, now), now)

    def _air(self, mass: float) -> Floats:
        """``mass`` kg of air by element (element,)."""
        air = np.zeros(len(ELEMENTS))
        oxygen, nitrogen = AIR_OXYGEN * float(self.heat.molar_mass[O]), (1.0 - AIR_OXYGEN) * float(self.heat.molar_mass[N])
        air[O], air[N] = mass * oxygen / (oxygen + nitrogen), mass * nitrogen / (oxygen + nitrogen)
        return air

    def _descend(self, parent: int, rows: Floats, air: Floats, now: int) -> int:
        if self.genealogy is None:
            return 0
        lot = self.genealogy.new(self.name, now)
        self.genealogy.edge(lot, parent, rows)
        if air.any():
            self.genealogy.edge(lot, 0, self.melt(air).sum(axis=1))
        return lot

    # -- as a unit ----------------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        """Nothing to do by itself."""
        return False

    def settle(self, now: int) -> None:
        super().settle(now)
        self.main.settle(now)

    def save(self) -> State:
        return {**super().save(), "main": self.main.save()}

    def load(self, state: State) -> None:
        super().load(state)
        self.main.load(state["main"])
