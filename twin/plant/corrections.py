"""Levels of bunkers that were measured otherwise than a plant in memory has them: put right, and accounted for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import EMPTY
from twin.errors import UsageError
from twin.plant.build import Built
from twin.scenario.problems import nearest

Floats = NDArray[np.float64]


class Corrections:
    """``added``: kg so far by bunker. What a bunker held last, in shares, is what is added to it when it is empty."""

    def __init__(self, built: Built) -> None:
        self._bunkers, self._clock = built.site.bunkers, built.site.clock
        self.added = dict.fromkeys(self._bunkers, 0.0)
        self._usual: dict[str, Floats] = {name: np.zeros(built.site.shape) for name in self._bunkers}
        self._part = np.zeros(built.site.shape)

    def correct(self, name: str, level: float, now: int) -> float:
        """Put one right; returns what was added, kg."""
        if name not in self._bunkers:
            raise UsageError(f"no bunker {name[:80]!r}; {nearest(name, self._bunkers)}")
        if not level >= 0.0:
            raise UsageError(f"{name} cannot hold {level:g} kg")
        bunker = self._bunkers[name]
        self._look(name)
        added = bunker.correct(level, self._usual[name], now)
        self.added[name] += added
        return added

    def _look(self, name: str) -> None:
        """Note what a bunker holds, where it holds enough to tell."""
        bunker = self._bunkers[name]
        if bunker.level > EMPTY * bunker.capacity:
            bunker.content.peek(bunker.level, self._part)
            mass = self._part.sum()
            if mass > 0.0:
                self._usual[name][:] = self._part / mass

    def save(self) -> dict[str, Any]:
        """As plain data and arrays."""
        return {"added": dict(self.added), "usual": {name: shares for name, shares in self._usual.items() if shares.any()}}

    def load(self, state: dict[str, Any]) -> None:
        """Take over what was saved."""
        self.added = dict(state["added"])
        for name, shares in self._usual.items():
            shares[:] = state["usual"].get(name, 0.0)
