"""An instrument of the emulated plant: a reading of the truth as its tag says, and what a fault makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twin.live.emulator.study_file import Fault, stream_of
from twin.live.readings import Reading
from twin.live.tags import Tag
from twin.measurement import UNIFORMS


class Sent(NamedTuple):
    """A reading, and when it leaves the plant: s from the start."""

    time: float
    reading: Reading


class Instrument:
    """Reads one quantity. Its bias is drawn once, its errors one after the other, from random numbers of its own; so faults of one change no other."""

    def __init__(self, tag: Tag, start: float, seed: int, faults: Sequence[Fault]) -> None:
        self.tag, self.start = tag, start
        self._faults = [fault for fault in faults if fault.signal == tag.signal]
        self._errors, self._mishaps = stream_of(seed, f"error/{tag.signal}"), stream_of(seed, f"fault/{tag.signal}")
        self._measurement = tag.measurement.with_bias(float(self._errors.random()))
        self._stuck = math.nan
        self._count = 0

    def read(self, time: float, true: float) -> list[Sent]:
        """Return what leaves the plant of the truth at ``time`` s: nothing where it is missing, twice where it is repeated."""
        value = self._measurement.read(true, self._errors.random(UNIFORMS)) if math.isfinite(true) else math.nan
        shown = time + self._measurement.delay
        missing, late, clock, copies = math.isnan(value), 0.0, 0.0, 1
        stuck = False
        for fault in self._faults:
            struck = float(self._mishaps.random()) < fault.chance  # drawn whether it is on or not, so that a window changes nothing after it
            if not (fault.holds(shown) and struck):
                continue
            if fault.kind == "bias":
                value += fault.size
            elif fault.kind == "drift":
                value += fault.size * (shown - fault.begin)
            elif fault.kind == "factor":
                value *= fault.factor
            elif fault.kind == "nan":
                value = math.nan
            elif fault.kind == "stuck":
                stuck = True
            elif fault.kind == "late":
                late = fault.by
            elif fault.kind == "clock":
                clock = fault.by
            elif fault.kind == "repeated":
                copies = 2
            missing = missing or fault.kind == "missing"
        if stuck and math.isfinite(self._stuck):
            value = self._stuck
        else:
            self._stuck = value
        if missing:
            return []
        reading = Reading(self.tag.signal, self.start + shown + clock, self.tag.written(value), math.isfinite(value), self._count)
        self._count += 1
        return [Sent(shown + late, reading)] * copies


class Average:
    """The mean of a quantity over the time between two readings, from those of record steps; what has no value in a step has no part in it."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._values: list[float] = []

    def add(self, value: float) -> float | None:
        """Take one more step; returns the mean where the time of a reading is full."""
        self._values.append(value)
        if len(self._values) < self.steps:
            return None
        there = [value for value in self._values if not math.isnan(value)]
        self._values.clear()
        return float(np.sum(there)) / len(there) if there else math.nan
