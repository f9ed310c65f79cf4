"""What a day of windows shows that does not fit, in numbers that tell causes apart.

Of each signal, what was seen less what was expected, in the mean of a day: levels are nudged, so this is what corrections added, day for day. Of each bunker
that trucks fill or empty, by how much its level follows the weighbridge: a level that shows 20 % too much rises 20 % too much with each truck. Of each slow
parameter, by how much it moved.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.live.ensemble.estimate import DAY, LEVEL, Ensemble
from twin.scenario import Scenario
from twin.units.ground.inputs import Input

Floats = NDArray[np.float64]
SMALL = 0.02


class Row(NamedTuple):
    """Of one window: ``missed`` (signal,) in deviations (states: as they are); ``level`` kg missed and ``trucks`` kg told (bunker,); ``parameters`` (k,)."""

    missed: Floats
    level: Floats
    trucks: Floats
    parameters: Floats


class Evidence:
    """Follows an ensemble. ``names`` of the evidence, in words, and its ``subjects``: signals and paths; :meth:`vector` is it over the last day."""

    def __init__(self, ensemble: Ensemble) -> None:
        following = ensemble.following
        self._signals = tuple(following.measurements)
        self._states = {signal for signal, own in following.measurements.items() if own.deviation(1.0) == 0.0 and own.bias_deviation == 0.0}
        self._gates = gates(ensemble.members.scenario)
        levels = {own.quantity.removeprefix(LEVEL): signal for signal, own in following.measurements.items() if own.quantity.startswith(LEVEL)}
        self._bunkers = {bunker: levels[bunker] for bunker in dict.fromkeys(bunker for bunker, _ in self._gates.values()) if bunker in levels}
        self.windows = max(1, round(DAY / following.window))
        self._rows: deque[Row] = deque(maxlen=self.windows + 1)
        paths = [parameter.prior.path for parameter in following.parameters]
        self.subjects = (*self._signals, *self._bunkers.values(), *paths)
        self.watched = np.array([subject not in self._states for subject in self.subjects])
        """Of which alarms are raised: a state, known for sure, tells causes apart, but is put right and not watched."""
        self.names = (
            *(f"{signal} in the mean of a day" for signal in self._signals),
            *(f"{signal} beside the weighed trucks" for signal in self._bunkers.values()),
            *(f"{path} as learnt" for path in paths),
        )

    def add(self, ensemble: Ensemble, shown: Mapping[str, float], inputs: Sequence[Input]) -> None:
        """Take the window that the ensemble has just closed."""
        missed = ensemble.innovations.rows[-1].copy()
        for place, signal in enumerate(self._signals):
            if signal in self._states and math.isfinite(shown.get(signal, math.nan)):
                missed[place] = shown[signal] - ensemble.expected[signal]
        trucks = dict.fromkeys(self._bunkers, 0.0)
        for happened in inputs:
            bunker, sign = self._gates.get(happened.unit, ("", 0.0)) if happened.what in ("delivery", "pickup") else ("", 0.0)
            if bunker in trucks:
                trucks[bunker] += sign * happened.mass
        measured = ensemble.following.measurements
        level = [shown.get(own, math.nan) - measured[own].bias - ensemble.expected.get(own, math.nan) for own in self._bunkers.values()]
        self._rows.append(Row(missed, np.array(level), np.array(list(trucks.values())), ensemble.members.values.mean(axis=0)))

    def vector(self) -> Floats:
        """Return the evidence of the last day (or of what there is): 0 where nothing was seen."""
        rows = list(self._rows)
        if not rows:
            return np.zeros(len(self.names))
        day = rows[-self.windows :]
        missed, level, trucks = np.array([row.missed for row in day]), np.array([row.level for row in day]), np.array([row.trucks for row in day])
        there = np.isfinite(missed)
        means = np.where(there, missed, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        told = np.where(np.isfinite(level), trucks, 0.0)
        slopes = (told * np.nan_to_num(level)).sum(axis=0) / np.sqrt(np.maximum((told**2).sum(axis=0), 1.0))
        moved = rows[-1].parameters - rows[0].parameters
        return np.concatenate([means, slopes, moved])

    def floors(self, ensemble: Ensemble) -> Floats:
        """Return the least deviation of each that is believed: of means that of a mean of white errors, of trucks a third of a reading's, else 2 %."""
        measured = ensemble.following.measurements
        means = [SMALL if signal in self._states else 1.0 / math.sqrt(self.windows) for signal in self._signals]
        slopes = [measured[signal].deviation(0.5 * ensemble.capacities[bunker]) / 3.0 for bunker, signal in self._bunkers.items()]
        return np.array([*means, *slopes, *[SMALL] * len(ensemble.following.parameters)])

    def save(self) -> dict[str, Any]:
        """As plain data and arrays."""
        return {name: np.array([getattr(row, name) for row in self._rows]) for name in Row._fields}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self._rows.clear()
        self._rows.extend(Row(*(np.array(part) for part in parts)) for parts in zip(*(state[name] for name in Row._fields), strict=True))


def gates(scenario: Scenario) -> dict[str, tuple[str, float]]:
    """The bunker that each feed fills (+1) or each product's trucks empty (-1), where there is one only."""
    bunkers = {name for name, kind in scenario.kinds.items() if kind.role == "bunker"}
    found: dict[str, tuple[str, float]] = {}
    for name, model in scenario.units.items():
        given = getattr(model, "from_", ())
        sources = [source for source in given if source in scenario.kinds] if isinstance(given, tuple) else []
        if name in bunkers:
            for source in sources:
                if scenario.kinds[source].role == "feed":
                    found[source] = (name, 1.0)
        elif scenario.kinds[name].role == "product" and len(sources) == 1 and sources[0] in bunkers:
            found[name] = (sources[0], -1.0)
    return found
