"""From lots to the charge of a furnace: materials and melts become elements with their heat, told apart by what they do in it.

A row has E + 2 numbers: kg of each element, enthalpy of formation and sensible heat in J against the elements at 298.15 K.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.kernels.furnace_tables import FED
from twin.materials import ELEMENTS
from twin.materials.heat import HeatData
from twin.units.ground.assembly import Assembly

Floats = NDArray[np.float64]
E = len(ELEMENTS)
FORMATION, SENSIBLE = E, E + 1
VOLATILE = ("H", "C", "N", "S", "Cl", "Br")
"""Elements that plastics and other organics give off."""
_O = ELEMENTS.index("O")


class ElementRows:
    """What a kg of each material brings: ``bulk`` and ``organic`` (material, E + 2). Organic is all that leaves as gas: plastics, their like, and moisture.

    Of a material's oxygen the catalogue says how much sits on metals and silicon, which bind it in order of affinity; the rest belongs to the organics and
    to water. Formation enthalpies follow from assay and heating value; an assay of its own that a delivery has changes the elements, not these.
    """

    def __init__(self, site: Assembly, heat: HeatData) -> None:
        self.components = site.components
        materials = site.scenario.materials
        self.bulk, self.organic = np.zeros((len(materials.names), E + 2)), np.zeros((len(materials.names), E + 2))
        for m, assay in enumerate(materials.assay):
            for element in VOLATILE:
                self.organic[m, ELEMENTS.index(element)] = assay[ELEMENTS.index(element)]
            self.organic[m, _O] = max(0.0, float(assay[_O] - materials.properties["oxide_oxygen"][m]))
            self.bulk[m, :E] = assay - self.organic[m, :E]
            self.bulk[m, FORMATION] = heat.formation(self.bulk[m, :E])
            share = float(self.organic[m, :E].sum())
            if share > 0.0:
                heating_value = float(materials.properties["heating_value"][m])
                self.organic[m, FORMATION] = share * heat.formation(self.organic[m, :E] / share, heating_value / share)

    def rows(self, drawn: Floats, hot: bool, fine: float, fines: Floats | None = None) -> Floats:
        """The charge (3, E + 2) that ``drawn`` (component,) is: bulk, organic, fines.

        ``hot``: its melts keep their sensible heat. ``fine``: share of the melts that is fine; ``fines`` (material,): kg of fine sizes.
        """
        components = self.components
        solid, melt = components.solid, components.melt
        charge = np.zeros((3, E + 2))
        for m, mass in enumerate(drawn[:solid].tolist()):
            if mass > 0.0:
                share = min(float(fines[m]) / mass, 1.0) if fines is not None else 0.0
                charge[FED.organic] += mass * self.organic[m]
                charge[FED.bulk] += mass * (1.0 - share) * self.bulk[m]
                charge[FED.fines] += mass * share * self.bulk[m]
        for row, (m, e) in enumerate(components.contents, start=components.content):
            charge[FED.bulk, e] += drawn[row] - drawn[m] * (self.bulk[m, e] + self.organic[m, e])
        melted = np.zeros(E + 2)
        melted[:E] = drawn[melt : melt + E]
        melted[FORMATION] = drawn[components.formation]
        melted[SENSIBLE] = drawn[components.sensible] if hot else 0.0
        charge[FED.bulk] += (1.0 - fine) * melted
        charge[FED.fines] += fine * melted
        self._close(charge, drawn)
        return charge

    def _close(self, charge: Floats, drawn: Floats) -> None:
        """What rounding left goes to the bulk, so that elements close; a content that falls short is taken from the organics, then the fines."""
        wanted = self.components.elements_of(drawn)
        bulk = wanted - charge[FED.organic, :E] - charge[FED.fines, :E]
        for row in (FED.organic, FED.fines):
            if (bulk < 0.0).any():
                charge[row, :E] = np.maximum(0.0, charge[row, :E] + np.minimum(bulk, 0.0))
                bulk = wanted - charge[FED.organic, :E] - charge[FED.fines, :E]
        charge[FED.bulk, :E] = np.maximum(0.0, bulk)
