"""Moisture and dirt that stick: a share of them leaves a line with the surfaces of the other pieces, wherever machines sent it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Properties
from twin.units.ground.components import Components

Floats = NDArray[np.float64]
CLINGS = "clings"


class Sticking:
    """Spreads what clings over the outlets of a lot, in proportion to the area that the other pieces at each cover; mass stays what it was.

    ``share`` (material,): how much of a material clings; ``cover`` (material, size), m2/kg: area of the outline of pieces. Contents of a material whose assay
    varies go with it. A lot that leaves without other pieces stays as the machines left it.
    """

    def __init__(self, share: Floats, cover: Floats, contents: Sequence[tuple[int, int]]) -> None:
        self.rows = [(m, float(share[m]), [row for material, row in contents if material == m]) for m in np.flatnonzero(share).tolist()]
        self._area = cover * (1.0 - share)[:, None]

    @classmethod
    def of(cls, properties: Properties, components: Components) -> Sticking | None:
        """Return that of a plant's materials; None where nothing clings."""
        if CLINGS not in properties or not properties[CLINGS].any():
            return None
        contents = [(material, row) for row, (material, _) in enumerate(components.contents, start=components.content)]
        return cls(properties[CLINGS], properties["piece_cover"], contents)

    def spread(self, outlets: Sequence[Floats], masses: Floats) -> None:
        """Change what leaves at ``outlets``, each (component, size), and how much that is, ``masses`` (outlet,), kg.

        Two outlets with areas of 3 and 1 m2, and 8 kg of water at the second, half of which clings: 3 of 4 kg go to the first.

        >>> sticking = Sticking(np.array([0.0, 0.5]), np.array([[1.0], [0.0]]), [])
        >>> film, fines = np.array([[3.0], [0.0]]), np.array([[1.0], [8.0]])
        >>> sticking.spread([film, fines], masses := np.array([3.0, 9.0]))
        >>> film.tolist(), fines.tolist(), masses.tolist()
        ([[3.0], [3.0]], [[1.0], [5.0]], [6.0, 6.0])
        """
        solid = len(self._area)
        areas = [float((outlet[:solid] * self._area).sum()) for outlet in outlets]
        whole = math.fsum(areas)
        if not whole > 0.0:
            return
        for material, share, contents in self.rows:
            for row in (material, *contents):
                there = sum(outlet[row] for outlet in outlets)
                for k, (outlet, area) in enumerate(zip(outlets, areas, strict=True)):
                    before = float(outlet[row].sum())
                    outlet[row] = (1.0 - share) * outlet[row] + share * (area / whole) * there
                    if row == material:
                        masses[k] += float(outlet[row].sum()) - before
