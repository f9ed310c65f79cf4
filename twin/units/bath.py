"""The content of a furnace, and the compiled phase that changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.errors import KernelError
from twin.kernels import furnace as kernel
from twin.kernels.heat import add_metal, add_oxides, content
from twin.materials import ELEMENTS
from twin.materials.heat import HeatData
from twin.units.charge import FORMATION, SENSIBLE, E

if TYPE_CHECKING:
    from twin.materials.thermochemistry import SmeltingData
    from twin.scenario.furnace import Melted

Floats = NDArray[np.float64]
METAL, SLAG, SOLID = kernel.METAL, kernel.SLAG, kernel.SOLID
TEMPERATURE, LOG_PO2, ENTRAINED = (kernel.STATE.index(name) for name in ("temperature", "log_po2", "entrained"))
_O = ELEMENTS.index("O")


SUMS = {name: place for place, name in enumerate(kernel.SUMS)}
STREAMS = {name: place for place, name in enumerate(kernel.STREAMS)}
ADDED = ("oxygen_volume", "air_volume", "freeboard_air", "gas_volume", "wall_loss", "returned_heat", "heat_0", "heat_1", "heat_2", "heat_3", "fuel_heat")
"""Sums of a phase that add up with those of the time before it."""


@dataclass(frozen=True)
class Outcome:
    """What happened in a phase, as the kernel has it: ``streams`` (len(STREAMS), E + 2), ``sums``, seconds by ``limits``; ``before``: the bath at its start."""

    streams: Floats
    sums: Floats
    limits: Floats
    before: Floats

    def after(self, hold: Outcome) -> Outcome:
        """This phase and the ``hold`` before it, flows and heats added up; what it waited for, and for how long, is that of the phase."""
        sums = self.sums.copy()
        for name in ADDED:
            sums[kernel.SUMS.index(name)] += hold.sum(name)
        return Outcome(self.streams + hold.streams, sums, self.limits, hold.before)

    def sum(self, name: str) -> float:
        """One of the sums by name."""
        return float(self.sums[SUMS[name]])

    def stream(self, name: str) -> Floats:
        """One of the streams by name."""
        found: Floats = self.streams[STREAMS[name]]
        return found

    def together(self, *names: str) -> Floats:
        """Some of the streams added up (E + 2,)."""
        total = np.zeros(E + 2)
        for name in names:
            total += self.stream(name)
        return total

    @property
    def limit(self) -> str:
        """What the phase waited for longest."""
        return str(kernel.LIMITS[int(np.argmax(self.limits))])


class Bath:
    """Metal, slag and solids as ``parts`` (3, E + 2): kg by element, formation and sensible heat in J; ``state`` as the kernel has it.

    Metal includes the droplets in the slag, ``entrained`` kg.
    """

    def __init__(self, name: str, smelting: SmeltingData, heat: HeatData) -> None:
        self.name = name
        self.smelting, self.heat = smelting, heat
        self.parts = np.zeros((3, E + 2))
        self.state = np.zeros(len(kernel.STATE))
        self.warned = np.zeros(len(kernel.WARNINGS), dtype=np.int64)

    @property
    def entrained(self) -> float:
        """Metal droplets in the slag, kg."""
        return float(self.state[ENTRAINED])

    @property
    def temperature(self) -> float:
        """K."""
        return float(self.state[TEMPERATURE])

    def mass(self, part: int) -> float:
        """Mass of metal, slag or solids, kg."""
        return float(sum(self.parts[part, :E].tolist()))

    def droplets(self) -> Floats:
        """The droplets in the slag (E + 2,)."""
        metal = self.mass(METAL)
        drops: Floats = self.parts[METAL] * (self.entrained / metal if metal > 0.0 else 0.0)
        return drops

    def add_melt(self, part: int, melted: Melted, temperature: float) -> None:
        """Fill in a melt that is there at the start; a slag's oxygen is that of its oxides, and what an assay leaves open is inert."""
        row = np.zeros(E)
        for element, share in melted.assay.items():
            row[ELEMENTS.index(element)] = share * melted.mass
        if part == SLAG and "O" not in melted.assay:
            for i in range(E):
                row[_O] += row[i] / self.heat.molar_mass[i] * self.heat.oxygen[i] * self.heat.molar_mass[_O]
        row[ELEMENTS.index("rest")] += max(0.0, melted.mass - float(row.sum()))
        sums = np.zeros(3)
        if part == METAL:
            add_metal(row, self.smelting.table, self.heat.species, self.heat.elements, _O, sums)
        else:
            add_oxides(row, self.heat.elements, _O, sums)
        self.parts[part, :E] += row
        self.parts[part, FORMATION] += sums[0]
        self.parts[part, SENSIBLE] += content(sums[1], sums[2], temperature)
        self.state[TEMPERATURE] = temperature

    def run(self, feed: Floats, supplies: Floats, plan: Floats, tests: Floats, where: str) -> Outcome:
        """Run a phase. Raises ``KernelError`` with ``where`` it failed."""
        bath = self.parts.sum(axis=0)
        before = bath.copy()
        streams, sums, limits = np.zeros((len(kernel.STREAMS), E + 2)), np.zeros(len(kernel.SUMS)), np.zeros(len(kernel.LIMITS))
        status = kernel.run_phase(
            bath, self.state, feed, supplies, plan, tests, self.smelting.table, self.smelting.constants, self.heat.elements, self.heat.species,
            self.parts, streams, sums, limits, self.warned,
        )  # fmt: skip
        if status != 0:
            raise KernelError(f"{where}: {kernel.STATUSES[status - 1]}")
        if not (np.isfinite(self.parts).all() and np.isfinite(streams).all()):
            raise KernelError(f"{where}: a stream is not finite")
        return Outcome(streams, sums, limits, before)

    def tap_metal(self, mass: float) -> Floats:
        """Take ``mass`` kg of metal, droplets left behind; returns (E + 2,)."""
        free = self.mass(METAL) - self.entrained
        return self._take(METAL, min(1.0, mass / free) * free if free > 0.0 else 0.0)

    def tap_slag(self, mass: float) -> tuple[Floats, Floats]:
        """Take ``mass`` kg of slag with its droplets; returns what is dissolved and the droplets, each (E + 2,)."""
        slag = self.mass(SLAG)
        share = min(1.0, mass / (slag + self.entrained)) if slag > 0.0 else 0.0
        dissolved: Floats = self.parts[SLAG] * share
        self.parts[SLAG] -= dissolved
        drops = self._take(METAL, self.entrained * share)
        self.state[ENTRAINED] -= self.entrained * share
        return dissolved, drops

    def _take(self, part: int, mass: float) -> Floats:
        total = self.mass(part)
        taken: Floats = self.parts[part] * (mass / total if total > 0.0 else 0.0)
        self.parts[part] -= taken
        return taken

    def save(self) -> State:
        """As arrays."""
        return {"parts": self.parts.copy(), "state": self.state.copy(), "warned": self.warned.copy()}

    def load(self, state: State) -> None:
        """Take over a saved bath."""
        self.parts[:], self.state[:], self.warned[:] = state["parts"], state["state"], state["warned"]
