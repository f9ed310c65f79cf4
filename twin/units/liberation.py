"""What comes apart on a line: composites become their constituents, which is the one source term of the materials' accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.genealogy import Genealogy
from twin.engine.unit import State
from twin.kernels.heaps import add_materials

if TYPE_CHECKING:
    from twin.units.network import Network

Floats = NDArray[np.float64]


class Liberated:
    """The account of one line: ``converted`` (component,), kg since the start, is below 0 for composites and above it for constituents.

    How much of a composite came apart is what went in less what came out of it; what it became follows from its constituents alone, so the accounts
    of the plant hold the kernels against it.
    """

    def __init__(self, rows: int) -> None:
        self.converted = np.zeros(rows)
        self._before, self._after = np.zeros(rows), np.zeros(rows)

    def count(self, network: Network, lot: int, now: int, genealogy: Genealogy | None) -> None:
        """The evaluated lot is done; genealogy keeps an edge of the lot to itself for each composite that came apart."""
        constituents = network.constituents
        if not constituents:
            return
        self._before[:], self._after[:] = 0.0, 0.0
        add_materials(self._before, network.lot, 1.0)
        for matrix in network.outlet_views:
            add_materials(self._after, np.ascontiguousarray(matrix), 1.0)
        for m, parts in constituents.items():
            free = float(self._before[m]) - float(self._after[m])
            if free <= 0.0:
                continue
            change = np.zeros(len(self.converted))
            change[m] = -free
            change[: len(parts)] += free * parts
            self.converted += change
            if genealogy is not None:
                genealogy.came_apart(lot, change, network.name, now)

    def save(self) -> State:
        """The account."""
        return {"converted": self.converted.copy()}

    def load(self, state: State) -> None:
        """Take over a saved account."""
        self.converted[:] = state["converted"]
