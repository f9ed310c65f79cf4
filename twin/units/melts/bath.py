"""The content of a furnace, and the compiled phase that changes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.errors import KernelError
from twin.kernels import furnace as kernel
from twin.kernels.heat import add_metal, add_oxides, content
from twin.kernels.record_table import Records
from twin.kernels.smelting_tables import ENTHALPY
from twin.materials import ELEMENTS
from twin.materials.heat import HeatData
from twin.units.melts.element_rows import FORMATION, SENSIBLE, E

if TYPE_CHECKING:
    from twin.kernels.smelting_tables import ChemistryRecords
    from twin.scenario.furnace import Melted

Floats = NDArray[np.float64]
METAL, SLAG, SOLID = (kernel.PARTS.index(name) for name in ("metal", "slag", "solid"))
_O, _N = ELEMENTS.index("O"), ELEMENTS.index("N")

STREAMS = {name: place for place, name in enumerate(kernel.STREAMS)}
INCOMING, OUTGOING = ("feed", "coolant", "fuel", "reductant", "oxygen", "air"), ("gas", "fume", "dust")
ADDED = ("oxygen_volume", "air_volume", "freeboard_air", "gas_volume", "wall_loss", "returned_heat", "heat", "fuel_heat", "electric_heat")
"""Sums of a phase that add up with those of the time before it."""


@dataclass(frozen=True)
class Outcome:
    """What happened in a phase, as the kernel has it: ``streams`` (len(STREAMS), E + 2), one SUMS, seconds by ``limits``; ``before``: the bath at its start.

    ``solids`` (E,): kg of each element that is solid oxide in the slag at its end.
    """

    streams: Floats
    sums: Records
    limits: Floats
    before: Floats
    solids: Floats

    def after(self, hold: Outcome) -> Outcome:
        """This phase and the ``hold`` before it, flows and heats added up; what it waited for, and for how long, is that of the phase."""
        sums = self.sums.copy()
        for name in ADDED:
            sums[name] += hold.sums[name]
        return Outcome(self.streams + hold.streams, sums, self.limits, hold.before, self.solids)

    def sum(self, name: str) -> float:
        """One of the sums by name."""
        return float(self.sums[name][0])

    @property
    def heat(self) -> Floats:
        """Heat of off-gas and fume by level (level,), J."""
        found: Floats = self.sums["heat"][0]
        return found

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


@dataclass(frozen=True)
class Start:
    """All that a phase began with: the bath's ``parts``, ``state`` and counts, and what was given to :meth:`Bath.run`."""

    parts: Floats
    state: Records
    warned: NDArray[np.int64]
    feed: Floats
    supplies: Floats
    plan: Records
    tests: Records
    where: str


class Bath:
    """Metal, slag and solids as ``parts`` (3, E + 2): kg by element, formation and sensible heat in J; ``state`` one STATE.

    Metal includes the droplets in the slag, ``entrained`` kg. ``started``: what the last phase began with, not saved.
    """

    def __init__(self, name: str, smelting: ChemistryRecords, heat: HeatData) -> None:
        self.name = name
        self.data = kernel.Data(smelting, heat.elements, heat.species, _O, _N)
        self.heat = heat
        self.parts = np.zeros((3, E + 2))
        self.state = kernel.STATE.new()
        self.warned = np.zeros(len(kernel.WARNINGS), dtype=np.int64)
        self.started: Start | None = None
        self._works: kernel.Works | None = None
        """Laid out at the first phase: a furnace that is only looked at needs none."""

    @property
    def entrained(self) -> float:
        """Metal droplets in the slag, kg."""
        return float(self.state["entrained"][0])

    @property
    def temperature(self) -> float:
        """K."""
        return float(self.state["temperature"][0])

    @property
    def log_po2(self) -> float:
        """log10 of the oxygen pressure in atm."""
        return float(self.state["log_po2"][0])

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
        mixed = ENTHALPY.new()
        sums = mixed[0]
        if part == METAL:
            add_metal(row, float(self.heat.molar_mass[_O]), self.heat.species, self.heat.elements, _O, sums)
        else:
            add_oxides(row, self.heat.elements, _O, sums)
        self.parts[part, :E] += row
        self.parts[part, FORMATION] += sums["formation"]
        self.parts[part, SENSIBLE] += content(sums["content"], sums["slope"], temperature)
        self.state["temperature"] = temperature

    def run(self, feed: Floats, supplies: Floats, plan: Records, tests: Records, where: str, until: float = math.inf) -> Outcome:
        """Run a phase, or the part of it before ``until`` s, which has the same steps but for the last. Raises ``KernelError`` with ``where`` it failed."""
        self.started = Start(self.parts.copy(), self.state.copy(), self.warned.copy(), feed, supplies, plan, tests, where)
        bath = self.parts.sum(axis=0)
        before = bath.copy()
        plan = plan.copy()
        plan["cut_at"] = until
        if self._works is None:
            self._works = kernel.Works(self.data, self.warned)
        status, account = kernel.run_phase(self.data, kernel.Charge(bath, feed, supplies, tests), plan, self.state, self.warned, self._works)
        if status != 0:
            raise KernelError(f"{where}: {kernel.STATUSES[status - 1]}")
        self.parts[:] = account.split
        if not (np.isfinite(self.parts).all() and np.isfinite(account.streams).all()):
            raise KernelError(f"{where}: a stream is not finite")
        return Outcome(account.streams.copy(), account.sums.copy(), account.limits.copy(), before, account.solids.copy())

    def cut(self, seconds: float) -> Outcome:
        """Undo the last phase but for its first ``seconds``, by computing it again from its start; returns what happened in them.

        Raises ``KernelError`` where no phase has been run, or none since the bath was loaded.
        """
        start = self.started
        if start is None:
            raise KernelError(f"{self.name}: no phase has been run that could be cut off at {seconds:.6g} s; run one first")
        self.parts[:], self.state[:], self.warned[:] = start.parts, start.state, start.warned
        return self.run(start.feed, start.supplies, start.plan, start.tests, start.where, seconds)

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
        self.state["entrained"] -= self.entrained * share
        return dissolved, drops

    def _take(self, part: int, mass: float) -> Floats:
        total = self.mass(part)
        taken: Floats = self.parts[part] * (mass / total if total > 0.0 else 0.0)
        self.parts[part] -= taken
        return taken

    def save(self) -> State:
        """As arrays."""
        return {"parts": self.parts.copy(), "state": self.state.view(np.float64).copy(), "warned": self.warned.copy()}

    def load(self, state: State) -> None:
        """Take over a saved bath."""
        self.started = None
        self.parts[:], self.state.view(np.float64)[:], self.warned[:] = state["parts"], state["state"], state["warned"]
