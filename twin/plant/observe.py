"""What the plant is like now, by the names of quantities; at the end of a record step the same as the file will say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.materials import ELEMENTS
from twin.plant.build import Built
from twin.plant.translation import Translation
from twin.quantities import NANOSECONDS
from twin.scenario.machine import MachineModel
from twin.scenario.quantity_names import Quantity, resolve, values
from twin.units.lines.machine import Machine

Floats = NDArray[np.float64]
MOST_REMEMBERED = 64
"""Lists of names that an observer remembers: callers ask for few lists, many times."""


class Observer:
    """Reads quantities of a plant that runs.

    Instants hold now. A mean is that of the record step that runs, from its begin until now, divided by the time that has passed in it; at the end of a step,
    of the whole step; at the start of the run, when no time has passed, there is none (NaN). To observe a mean, what units are at is accounted for up to now.
    """

    def __init__(self, built: Built, translation: Translation) -> None:
        self.built, self.translation = built, translation
        self._machines: dict[str, Machine] = {machine.name: machine for line in built.lines for machine in line.machines}
        models = {name: model for name, model in built.site.scenario.units.items() if isinstance(model, MachineModel)}
        self._wearing = {name: model.wear.parameter for name, model in models.items() if model.wear is not None}
        axes = built.site.recorder.axes
        self.axes = {
            "stream": axes.streams, "unit": tuple(translation.units), "bunker": axes.bunkers, "machine": tuple(translation.machines),
            "material": tuple(built.site.scenario.materials.names), "element": ELEMENTS, "carrier": axes.carriers, "state": axes.states, "gate": axes.gates,
            "resource": axes.resources,
        }  # fmt: skip
        self._found: dict[tuple[str, ...], list[Quantity]] = {}
        built.site.recorder.keeps_last = True

    def find(self, names: Sequence[str]) -> list[Quantity]:
        """Look names up; raises ``UsageError`` for one that stands for nothing here. What is asked for again and again is looked up once."""
        asked = tuple(names)
        found = self._found.get(asked)
        if found is None:
            found = [resolve(name, self.axes, self._wearing) for name in asked]
            if len(self._found) < MOST_REMEMBERED:
                self._found[asked] = found
        return found

    def observe(self, names: Sequence[str]) -> Floats:
        """Return the quantities now, in SI, in the order of their ``names``."""
        return self.read(self.find(names))

    def read(self, quantities: Sequence[Quantity]) -> Floats:
        """Return the quantities now, in SI."""
        site = self.built.site
        now = site.clock.now
        groups: dict[str, dict[str, Floats]] = {}
        if any(quantity.when == "mean" for quantity in quantities):
            for unit in site.units:
                unit.settle(now)

        def array(path: str) -> Any:
            group = path.partition("/")[0]
            if group not in groups:
                groups[group] = self._group(group, now)
            return groups[group][path]

        return np.array([self._instant(quantity) if quantity.when == "instant" else values(quantity, array)[0] for quantity in quantities], dtype=np.float64)

    def _group(self, group: str, now: int) -> dict[str, Floats]:
        """The means of a group of the file, as arrays of one step."""
        sums, passed = self.built.site.recorder.sums_at(now)
        translation = self.translation
        compute = {"streams": translation.streams, "units": translation.units_of, "gates": translation.gates, "resources": translation.resources}[group]
        if not sums or not passed:
            sums = {name: np.zeros_like(array[:1]) for name, array in self.built.site.recorder.arrays.items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            return compute(sums, np.array([passed / NANOSECONDS]))

    def _instant(self, quantity: Quantity) -> float:
        if quantity.words:
            return self._machines[quantity.words[0]].worn_share
        return self.built.site.bunkers[self.axes["bunker"][quantity.index[0]]].level
