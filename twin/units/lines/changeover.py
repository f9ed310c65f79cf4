"""Changeovers: what it takes to go over to another source or material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.scenario.line_rules import Changeover
from twin.units.lines.interruption import Interruption


@dataclass(frozen=True)
class ChangeoverRule:
    """``work``: the stop itself; ``outlet``: where the flush goes, by its place among the line's outlets, -1 where nothing is flushed."""

    model: Changeover
    work: Interruption
    materials: Sequence[str]
    outlet: int

    @property
    def flush(self) -> float:
        """Mass that is lost, kg."""
        return self.model.flush.mass if self.model.flush is not None else 0.0

    @property
    def by_material(self) -> bool:
        """Whether it is the material that must differ, not the source."""
        return self.model.between == "materials"

    def main_material(self, x: NDArray[np.float64]) -> str:
        """The material of which a lot (material, size) holds most; the first of several."""
        return self.materials[int(np.argmax(x[: len(self.materials)].sum(axis=1)))]

    def begin(self, before: str, after: str, now: int) -> None:
        """Go over from one to the other."""
        time = self.model.times.get(before, {}).get(after, self.model.time)
        self.work.begin(time, f"changes over from {before} to {after}", now)
