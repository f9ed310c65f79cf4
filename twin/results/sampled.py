"""Samples of loads: what a file holds of them, for the key figures that show what was found beside what is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.quantities import NANOSECONDS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SampleTable:
    """The samples of a run: of which ``unit``, when (``time``, s), of how much (``mass``, kg); what was found by ``material`` and ``element`` (sample, …)."""

    unit: tuple[str, ...] = ()
    time: tuple[float, ...] = ()
    mass: tuple[float, ...] = ()
    material: Floats | None = None
    element: Floats | None = None

    @classmethod
    def of(cls, file: Any) -> SampleTable:
        """Read the table of a file, empty where nothing was sampled."""
        if "samples/sample_unit" not in file:
            return cls()
        unit = tuple(name.decode("utf-8") for name in file["samples/sample_unit"][...].tolist())
        time = tuple((np.asarray(file["samples/sample_time"][...], dtype=np.float64) / NANOSECONDS).tolist())
        mass, material, element = (np.asarray(file[f"samples/{name}"][...]) for name in ("delivery_mass", "measured", "measured_element"))
        return cls(unit, time, tuple(mass.tolist()), material, element)

    def found(self, unit: str, begin: float, end: float) -> tuple[Floats, Floats] | None:
        """Return the mean shares by material and by element, weighed by mass, in what was sampled of a unit from ``begin`` to before ``end`` (s); None where
        nothing was.

        Samples that held no piece say nothing and are left out.
        """
        rows = [row for row, (name, time) in enumerate(zip(self.unit, self.time, strict=True)) if name == unit and begin <= time < end]
        if self.material is None or self.element is None:
            return None
        rows = [row for row in rows if not np.isnan(self.material[row]).any()]
        whole = sum(self.mass[row] for row in rows)
        if not whole > 0.0:
            return None
        sums = [np.zeros(self.material.shape[1]), np.zeros(self.element.shape[1])]
        for row in rows:
            for total, table in zip(sums, (self.material, self.element), strict=True):
                total += table[row] * (self.mass[row] / whole)
        return sums[0], sums[1]
