"""What comes apart on a line: composites become their constituents, which is the one source term of the materials' accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.genealogy import Genealogy
from twin.engine.unit import State
from twin.kernels.compile import entry
from twin.kernels.heaps import count_liberated

if TYPE_CHECKING:
    from twin.units.lines.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_count_liberated = entry(count_liberated)


class Liberated:
    """The account of one line: ``converted`` (component,), kg since the start, is below 0 for composites and above it for constituents.

    How much of a composite came apart is what went in less what came out of it; what it became follows from its constituents alone, so the accounts
    of the plant hold the kernels against it.
    """

    def __init__(self, rows: int) -> None:
        self.converted = np.zeros(rows)
        self._constituents: dict[int, Floats] = {}
        self._composites = np.zeros(0, dtype=np.int64)
        self._parts = self._changes = np.zeros((0, rows))

    def _lay_out(self, constituents: dict[int, Floats]) -> None:
        self._constituents = constituents
        self._composites = np.array(list(constituents), dtype=np.int64)
        self._parts = np.zeros((len(constituents), len(self.converted)))
        self._changes = np.zeros_like(self._parts)
        for row, parts in zip(self._parts, constituents.values(), strict=True):
            row[: len(parts)] = parts

    def arrays_for(self, constituents: dict[int, Floats]) -> dict[str, Floats | Ints]:
        """What :func:`twin.kernels.lots.hand_over` counts in, by the names of its fields."""
        if constituents is not self._constituents:
            self._lay_out(constituents)
        return {"composites": self._composites, "parts": self._parts, "changes": self._changes, "converted": self.converted}

    def count(self, network: Network, share: float, lot: int, now: int, genealogy: Genealogy | None) -> None:
        """A ``share`` of the evaluated lot is done; genealogy keeps an edge of the lot to itself for each composite that came apart."""
        if not network.constituents:
            return
        self.arrays_for(network.constituents)
        changes = self._changes
        converted = self.converted if share == 1.0 else np.zeros_like(self.converted)
        found = _count_liberated(network.lot, network.out, network.outlets, self._composites, self._parts, changes, converted)
        if share != 1.0:
            changes *= share
            self.converted += share * converted
        if genealogy is not None and found:
            for place, change in zip(self._composites.tolist(), changes, strict=True):
                if change[place] < 0.0:
                    genealogy.came_apart(lot, change.copy(), network.name, now)

    def save(self) -> State:
        """The account."""
        return {"converted": self.converted.copy()}

    def load(self, state: State) -> None:
        """Take over a saved account."""
        self.converted[:] = state["converted"]
