"""Plants of the model itself that are followed in memory, without a fault and with one: what alarms must not be raised by, and what each fault looks like."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.priors import EDGE
from twin.live.ensemble.estimate import DAY, Ensemble
from twin.live.ensemble.evidence import Evidence
from twin.live.ensemble.members import Following
from twin.live.ensemble.parameters import Changes
from twin.live.ensemble.suspects import Suspect
from twin.measurement import UNIFORMS, Measurement
from twin.plant.plant import Plant
from twin.scenario import Scenario
from twin.scenario.places import Plain
from twin.units.ground.inputs import Input

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
        self._changes = Changes(scenario, following.parameters)
        self._paths = [parameter.prior.path for parameter in following.parameters]
        if following.parameters:
            self.plant.revise(self._changes.of(self.values.tolist()))
        self.instruments: dict[str, Measurement] = {
            signal: measurement.with_bias(float(self.chance.uniform())) for signal, measurement in following.measurements.items()
        }
        self._quantities = [measurement.quantity for measurement in self.instruments.values()]
        self.plant.happened()

    def read(self) -> dict[str, float]:
        """What the instruments show now, SI by signal."""
        true = self.plant.observe(self._quantities).tolist()
        return {s: m.read(value, self.chance.random(UNIFORMS)) for (s, m), value in zip(self.instruments.items(), true, strict=True)}

    def change(self, suspect: Suspect) -> None:
        """A parameter is another from now on, as a suspect says."""
        if suspect.parameter is None:
            return
        prior, moved = suspect.parameter.prior, self.values.copy()
        changes: dict[str, Plain] = {}
        if prior.path in self._paths:
            moved[self._paths.index(prior.path)] += suspect.size
        else:
            changes = Changes(self.plant.scenario, (suspect.parameter,)).of([suspect.size])
        self.plant.revise({**self._changes.of(np.clip(moved, -EDGE, EDGE).tolist()), **changes})

    def revise(self, changes: Mapping[str, Plain]) -> None:
        """Parameters are these from now on, beside those that were drawn."""
        self.plant.revise({**self._changes.of(self.values.tolist()), **changes})

    def save(self) -> dict[str, Any]:
        """What it is now."""
        return {"plant": self.plant.state(), "chance": deepcopy(self.chance.bit_generator.state)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Be what it was."""
        self.plant.set(state["plant"])
        self.plant.happened()
        self.chance.bit_generator.state = deepcopy(state["chance"])


class Followed(NamedTuple):
    """Window by window: ``innovations`` (window, signal), and the evidence of the day before its end (window, evidence)."""

    innovations: Floats
    vectors: Floats


class Trial:
    """A hidden plant and the ensemble that follows it, settled. Whatever is tried begins there, with the same chance."""

    def __init__(self, scenario: Scenario, following: Following, seed: int) -> None:
        few = replace(following, members=min(following.members, MEMBERS))
        self.window = few.window
        self.ensemble, self.hidden = Ensemble(scenario, few), HiddenPlant(scenario, few, seed)
        self.evidence = Evidence(self.ensemble)
        self._settled: dict[str, Any] | None = None
        self._go_on(round(SETTLING / few.window), None)
        self._settled = {"ensemble": self.ensemble.save(), "hidden": self.hidden.save(), "evidence": self.evidence.save()}

    def follow(self, length: float, suspect: Suspect | None = None) -> Followed:
        """Follow for ``length`` s from when it had settled; with a suspect what it says holds all the time."""
        assert self._settled is not None
        self.ensemble.load(self._settled["ensemble"])
        self.hidden.load(self._settled["hidden"])
        self.evidence.load(self._settled["evidence"])
        if suspect is not None:
            self.hidden.change(suspect)
        return self._go_on(round(length / self.window), suspect)

    def _go_on(self, windows: int, suspect: Suspect | None) -> Followed:
        rows, vectors = [], []
        first = begin = self.ensemble.time
        for k in range(1, windows + 1):
            until = begin + k * self.window
            self.hidden.plant.run(until)
            readings, happened = self.hidden.read(), self.hidden.plant.happened()
            told: list[Input] = happened
            if suspect is not None:
                told = [suspect.told(row) for row in happened]
                if suspect.subject in readings:
                    readings[suspect.subject] = suspect.shown(readings[suspect.subject], until - first)
            self.ensemble.step(until, readings, told)
            self.evidence.add(self.ensemble, readings, told)
            rows.append(self.ensemble.innovations.rows[-1])
            self.ensemble.innovations.forget()
            vectors.append(self.evidence.vector())
        return Followed(np.array(rows), np.array(vectors))
