"""What the rows of a lot's matrix stand for: materials, and in plants that smelt also elements, contents and heat.

Rows, in this order: the *materials* of the catalogue; one row for each element of a *melt*, which is everything that is no material any more (metal,
slag, dust, gas, anodes, cathodes; in the first size column); *contents*, kg of an element inside a material whose assay varies by delivery;
two rows of *heat* in J against the elements at 298.15 K: formation, of the cold lot, and sensible; and rows of the *carbon* of melts that is not fossil carbon
of the charge, in kg by where it comes from. Contents, heat and origins of carbon have no mass of their own. All rows mix and split in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.materials import ELEMENTS, Materials

Floats = NDArray[np.float64]
REST = ELEMENTS.index("rest")
TRACED = ("biogenic", "mineral", "carrier")
"""Where the carbon of melts may come from, by rows: of the charge biogenic, of the charge on minerals, of bought fuels. The rest is fossil, of the charge."""


@dataclass(frozen=True)
class Components:
    """``solid`` materials come first; ``counted`` rows have mass: materials and melt.

    ``melt``, ``formation``, ``sensible`` and ``carbon``, the first row of :data:`TRACED`, are -1 in a plant without melts.

    ``contents``: (material, element) of each content row, which begin at ``content``. ``elements`` (row, element): kg of an element for a kg in a row.
    """

    names: tuple[str, ...]
    solid: int
    melt: int
    content: int
    contents: tuple[tuple[int, int], ...]
    formation: int
    sensible: int
    carbon: int
    elements: Floats

    @property
    def rows(self) -> int:
        """How many rows a lot has."""
        return len(self.names)

    @property
    def counted(self) -> int:
        """Rows that have mass; they come first."""
        return self.content

    def mass(self, rows: Floats) -> float:
        """Mass in kg of what has ``rows`` (row,)."""
        return float(sum(rows[: self.counted].tolist()))

    def elements_of(self, rows: Floats) -> Floats:
        """Masses by element (element,), kg, of ``rows`` (row,)."""
        there = np.flatnonzero(rows)
        masses: Floats = np.add.reduce(rows[there, None] * self.elements[there], axis=0, initial=0.0)  # row by row, in their order
        return masses

    def content_of(self, name: str, materials: Materials) -> Floats:
        """Kg of an element, material or group of materials for a kg in each row, shape (row,)."""
        if name in ELEMENTS:
            return np.ascontiguousarray(self.elements[:, ELEMENTS.index(name)])
        share = np.zeros(self.rows)
        share[list(materials.members(name))] = 1.0
        return share


def components_of(materials: Materials, melts: bool, varied: tuple[tuple[str, str], ...] = ()) -> Components:
    """The rows of a plant with these materials; ``varied`` names (material, element) pairs whose share differs between deliveries.

    What an assay leaves open varies with the rest of it, so each material in ``varied`` also has a content row of ``rest``.
    """
    pairs = [(materials.index(material), ELEMENTS.index(element)) for material, element in varied]
    pairs += [(m, REST) for m in dict.fromkeys(m for m, _ in pairs) if (m, REST) not in pairs]
    pairs.sort()
    solid = len(materials.names)
    content = solid + (len(ELEMENTS) if melts else 0)
    names = [*materials.names, *(f"melt {element}" for element in ELEMENTS if melts)]
    names += [f"{materials.names[m]} {ELEMENTS[e]}" for m, e in pairs]
    heat = len(names) if melts else -1
    names += ["formation", "sensible", *(f"{origin} carbon" for origin in TRACED)] if melts else []
    elements = np.zeros((len(names), len(ELEMENTS)))
    elements[:solid] = materials.assay
    if melts:
        elements[solid:content] = np.eye(len(ELEMENTS))
    for row, (m, e) in enumerate(pairs, start=content):
        elements[m, e] = 0.0
        elements[row, e] = 1.0
    return Components(tuple(names), solid, solid if melts else -1, content, tuple(pairs), heat, heat + 1 if melts else -1, heat + 2 if melts else -1, elements)
