"""Which lot was made of which: edges from child to parent with the mass of each component that passed along.

Lot 0 stands for the outside world: a delivery and an initial stock are children of 0. Edges collect in a list until the recorder takes them, so
memory does not grow with the horizon.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State

OUTSIDE = 0


class Genealogy:
    """Numbers lots from 1 and keeps the edges not yet written.

    ``width``: how many components a lot has. Within a component a mix is perfect, so the share of a parent in a child is exact component by component.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self.last = OUTSIDE
        self.lots: list[int] = []
        self.parents: list[int] = []
        self.masses: list[NDArray[np.float64]] = []
        self.units: list[str] = []
        self.times: list[int] = []
        self._unit, self._time = "", 0

    def new(self, unit: str, now: int) -> int:
        """A new lot that comes to be at ``unit`` (its edges follow at once)."""
        self.last += 1
        self._unit, self._time = unit, now
        return self.last

    def edge(self, lot: int, parent: int, rows: NDArray[np.float64]) -> None:
        """``lot`` received ``rows`` (component,), kg, from ``parent``."""
        self.lots.append(lot)
        self.parents.append(parent)
        self.masses.append(rows.copy())
        self.units.append(self._unit)
        self.times.append(self._time)

    def came_apart(self, lot: int, rows: NDArray[np.float64], unit: str, now: int) -> None:
        """In ``lot`` a composite came apart at ``unit``: ``rows`` (component,), kg, below 0 for it and above 0 for its constituents.

        Kept as an edge of the lot to itself.
        """
        self._unit, self._time = unit, now
        self.edge(lot, lot, rows)

    def take(self) -> dict[str, Any]:
        """The edges since the last call, as columns, and forget them."""
        columns = {
            "lot": np.array(self.lots, dtype=np.int64),
            "parent": np.array(self.parents, dtype=np.int64),
            "rows": np.array(self.masses, dtype=np.float64).reshape(len(self.lots), self._width),
            "at_unit": list(self.units),
            "at_time": np.array(self.times, dtype=np.int64),
        }
        for column in (self.lots, self.parents, self.masses, self.units, self.times):
            column.clear()
        return columns

    def save(self) -> State:
        """Number of the last lot and the edges not yet written."""
        masses = np.array(self.masses, dtype=np.float64).reshape(len(self.lots), self._width)
        return {
            "last": self.last,
            "lots": list(self.lots),
            "parents": list(self.parents),
            "masses": masses,
            "units": list(self.units),
            "times": list(self.times),
        }

    def load(self, state: State) -> None:
        """Take over a saved genealogy."""
        self.last, self.lots, self.parents = state["last"], list(state["lots"]), list(state["parents"])
        self.masses = [row.copy() for row in state["masses"]]
        self.units, self.times = list(state["units"]), list(state["times"])
