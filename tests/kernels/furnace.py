"""A furnace for tests: the smelting kernel with its arrays, fed by element."""

from __future__ import annotations

import numpy as np

from twin.kernels import smelting
from twin.kernels.smelting_space import Chemistry, new_melt
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import thermochemistry

METAL, SLAG, GAS, CARBON = range(4)
WARM = 1573.15


def one_oxide(chemistry: Chemistry) -> Chemistry:
    """The same with one dissolved oxide an element, no solids and no basicity: what older tables and other solvers were computed with."""
    elements = chemistry.elements.copy()
    for name in ("more", "solid_oxygen", "basicity"):
        elements[name] = 0.0
    return Chemistry(elements, chemistry.gases)


class Melt:
    """What came out: masses by solution and element, the state and the warnings by name."""

    def __init__(self, mass, out, state, warn, status):
        self.mass, self.out, self.status = mass, out, status
        self.state = dict(zip(smelting.STATE, state.tolist(), strict=True))
        self.warnings = [name for name, count in zip(smelting.WARNINGS, warn, strict=True) if count]

    @property
    def log_po2(self):
        return self.state["log_po2"]

    def kg(self, phase, element):
        return float(self.out[phase, ELEMENTS.index(element)])

    def percent(self, phase, element):
        return 100.0 * self.kg(phase, element) / float(self.out[phase].sum())

    def oxidised(self, element):
        """Share of an element in the slag."""
        return self.kg(SLAG, element) / float(self.mass[ELEMENTS.index(element)])

    def closure(self):
        """Largest relative error of an element's balance."""
        return float(np.max(np.abs(self.out[: CARBON + 1].sum(axis=0) - self.mass) / np.maximum(self.mass, 1e-300)))


class Furnace:
    def __init__(self, data: Chemistry | None = None, temperature=WARM, pressure=1.0):
        self.data = data or thermochemistry().smelting()
        self.temperature = temperature
        self.melt = new_melt(len(ELEMENTS))
        smelting.prepare_smelting(self.data, temperature, pressure, self.melt)

    def smelt(self, mass, guess=0.0):
        mass = np.asarray(mass, dtype=np.float64)
        melt = self.melt
        melt.out[:] = np.nan
        melt.state["log_po2"] = guess
        melt.counted[:] = 0
        status = smelting.smelt(mass, self.temperature, self.data, melt)
        return Melt(mass, melt.out.copy(), melt.state[0], melt.counted.copy(), status)

    def __call__(self, **kg):
        return self.smelt([kg.get(name, 0.0) for name in ELEMENTS])

    def at_pressure(self, log_po2, **kg):
        """The melt at a given log10 pO2: oxygen is added until it is reached."""
        low, high = 0.0, 3.0 * sum(kg.values())
        for _ in range(200):
            middle = 0.5 * (low + high)
            melt = self(**{**kg, "O": middle})
            low, high = (middle, high) if melt.log_po2 < log_po2 else (low, middle)
            if abs(melt.log_po2 - log_po2) < 1e-10:
                break
        return melt
