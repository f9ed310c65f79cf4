"""Innovations of a plant without a fault, followed in memory: what alarms must not be raised by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.priors import EDGE
from twin.live.ensemble.estimate import DAY, Ensemble
from twin.live.ensemble.members import Following
from twin.live.ensemble.parameters import Changes
from twin.measurement import UNIFORMS, Measurement
from twin.plant.plant import Plant
from twin.scenario import Scenario

Floats = NDArray[np.float64]
MEMBERS = 20
SETTLING = 2 * DAY
"""The first days, in which the ensemble finds the plant, are left out."""
OF_ANOTHER = 10_000
"""Added to the scenario's seed: the plant's chance is none of the members'."""


class HiddenPlant:
    """A plant whose slow parameters are drawn, seen through its instruments only."""

    def __init__(self, scenario: Scenario, following: Following, seed: int) -> None:
        self.chance = np.random.Generator(np.random.Philox([seed, 3]))
        own = scenario.change({"record.every": f"{following.window!r} s", "record.genealogy": False, "seed": (scenario.seed + OF_ANOTHER + seed) % 2**32})
        self.plant = Plant(own, live=True)
        self.values = np.clip(self.chance.standard_normal(len(following.parameters)), -EDGE, EDGE)
        if following.parameters:
            self.plant.revise(Changes(scenario, following.parameters).of(self.values.tolist()))
        self.instruments: dict[str, Measurement] = {
            signal: measurement.with_bias(float(self.chance.uniform())) for signal, measurement in following.measurements.items()
        }
        self._quantities = [measurement.quantity for measurement in self.instruments.values()]
        self.plant.happened()

    def read(self) -> dict[str, float]:
        """What the instruments show now, SI by signal."""
        true = self.plant.observe(self._quantities).tolist()
        return {s: m.read(value, self.chance.random(UNIFORMS)) for (s, m), value in zip(self.instruments.items(), true, strict=True)}


def fault_free(scenario: Scenario, following: Following, length: float, seed: int = 1) -> Floats:
    """Return innovations (window, signal) of ``length`` s after the ensemble has settled, of a plant of the model itself with slow parameters drawn."""
    few = replace(following, members=min(following.members, MEMBERS))
    ensemble, hidden = Ensemble(scenario, few), HiddenPlant(scenario, few, seed)
    for window in range(1, round((SETTLING + length) / few.window) + 1):
        until = window * few.window
        hidden.plant.run(until)
        ensemble.step(until, hidden.read(), hidden.plant.happened())
    first = round(SETTLING / few.window)
    return np.array(ensemble.innovations.rows[first:])
