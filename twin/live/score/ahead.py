"""Forecasts against what came: how often nine-of-ten intervals hold it, and the fair score beside persistence dressed with its own past errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.live.ensemble.forecast import crps
from twin.live.score.said import SaidForecast

Floats = NDArray[np.float64]
TIE = 1.0
"""Kilograms within which two levels are one: full and empty bays."""
LEAST_PAST = 8
"""Past errors that persistence needs to be dressed."""


@dataclass(frozen=True)
class Course:
    """What quantities were, SI: ``values`` by name at ``start`` s and every ``window`` s after it; not a number where nobody knows."""

    start: float
    window: float
    values: Mapping[str, Floats]

    def at(self, quantity: str, time: float) -> float:
        """Return what it was at ``time`` s; nan beyond what is known, and between ends of windows."""
        place = (time - self.start) / self.window
        known = self.values.get(quantity, np.zeros(0))
        whole = round(place)
        return float(known[whole]) if 0 <= whole < len(known) and abs(place - whole) * self.window < 1.0 else float("nan")

    def changes(self, quantity: str, time: float, lead: float, since: float) -> Floats:
        """Return by how much it changed over ``lead`` s, each time from ``since`` to ``time`` that it was seen to."""
        first, last = max(0, round((since - self.start) / self.window)), round((time - self.start) / self.window)
        known, apart = self.values.get(quantity, np.zeros(0))[first : last + 1], round(lead / self.window)
        if apart < 1 or apart >= len(known):
            return np.zeros(0)
        past = known[apart:] - known[:-apart]
        return np.asarray(past[np.isfinite(past)])


class Ahead(NamedTuple):
    """Of one forecast of one quantity: whether what came was inside, and scores as shares of the capacity (nan where there is none)."""

    lead: float
    inside: bool
    score: float
    of_persistence: float


def held_against(forecasts: Sequence[SaidForecast], came: Course, capacities: Mapping[str, float], since: float, chance: np.random.Generator) -> list[Ahead]:
    """Return one row for each forecast, quantity and lead of which is known what came; ``since`` s: from when on errors of persistence are looked at.

    The rank of what came among the n members is drawn in ties, and inside is one from 5 to 95 % of n + 1.
    """
    found = []
    for forecast in forecasts:
        for column, quantity in enumerate(forecast.quantities):
            capacity = capacities.get(quantity.removeprefix("level."), np.nan)
            now = came.at(quantity, forecast.time)
            for row, lead in enumerate(forecast.leads):
                true, values = came.at(quantity, forecast.time + lead), forecast.values[column, row]
                if not np.isfinite(true):
                    continue
                rank = _rank(values, true, chance)
                past = came.changes(quantity, forecast.time, lead, since)
                dressed = crps(now + past, true) / capacity if len(past) >= LEAST_PAST and np.isfinite(now) else np.nan
                found.append(Ahead(lead, 0.05 < rank < 0.95, crps(values, true) / capacity, dressed))
    return found


def _rank(values: Floats, true: float, chance: np.random.Generator) -> float:
    below, ties = int((values < true - TIE).sum()), int((np.abs(values - true) <= TIE).sum())
    return float((below + chance.random() * (ties + 1)) / (len(values) + 1))
