"""Before runs are spent: of each target its error beside the plant's own chance, and whether what is not known moves it more than both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.scales import Scale
from twin.fit.calibrate.study_file import Calibration

Floats = NDArray[np.float64]
INFORMS = 0.5
"""A target that the parameters move by less than this share of error and chance together tells next to nothing."""

FAR = 3.0
"""A reading that lies by more standard deviations of error and runs together from their middle lies beyond all that the priors reach."""


@dataclass(frozen=True)
class PilotRow:
    """Of a target the ``value`` measured, the mean of the scenario as it stands, and as shares of the value: error, chance, and what the parameters move it.

    ``counts``: whether it can tell something; ``far``: by how many standard deviations of all three it lies from the runs.
    """

    name: str
    unit: str
    value: float
    base: float
    error: float
    chance: float
    moved: float
    far: float

    @property
    def counts(self) -> bool:
        """Whether the parameters move it enough to be told by it."""
        return self.moved >= INFORMS * math.hypot(self.error, self.chance)


def pilot_rows(calibration: Calibration, scales: list[Scale], base: Floats, spread: Floats) -> list[PilotRow]:
    """Return a row for each target from runs (run, target) of the scenario as it stands, and of points drawn from the priors."""
    rows = []
    for k, target in enumerate(calibration.targets):
        scale = scales[k]
        still, moving = (scale.of(runs[~np.isnan(runs)]) for runs in (base[:, k], spread[:, k]))
        slope = scale.slope(target.value)
        unit = slope * abs(target.value) if target.value else slope
        chance, all_of_it = float(still.std(ddof=1)), float(moving.std(ddof=1))
        moved = math.sqrt(max(all_of_it**2 - chance**2, 0.0))
        error = slope * math.hypot(target.deviation, target.shared, target.discrepancy)
        reading = float(scale.of(np.array([target.value]))[0])
        far = abs(reading - float(moving.mean())) / max(math.hypot(error, all_of_it), 1e-300)
        mean = float(scale.back(np.array([still.mean()]))[0])
        rows.append(PilotRow(target.name, target.unit, target.value, mean, error / unit, chance / unit, moved / unit, far))
    return rows
