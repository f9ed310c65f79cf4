"""Slow parameters, learnt once a day: at their true values the corrections of the day add up to nothing, and means are as they were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.priors import EDGE
from twin.measurement import Measurement

Floats = NDArray[np.float64]
FAR_FROM_CHANCE = 2.0
"""A correlation over n members counts by what it exceeds this over the root of n: chance makes smaller ones."""
MODEL = 0.005
"""Share of a mean that the model may miss for reasons of its own."""
LEAST_WINDOWS = 4
"""A mean over fewer windows says too little."""


class Day:
    """What a day showed: by signal and member, corrections that were made, and what means missed by."""

    def __init__(self, signals: Sequence[str], members: int) -> None:
        self.signals = tuple(signals)
        self._missed = {signal: np.zeros(members) for signal in self.signals}
        self._counts = {signal: np.zeros(members) for signal in self.signals}
        self._errors = dict.fromkeys(self.signals, 0.0)
        self._whole = dict.fromkeys(self.signals, False)

    def corrected(self, signal: str, moved: Floats, error: float) -> None:
        """A level was moved, kg; a reading of it has the variance ``error``. What moves over a day is known as well as the levels at its ends."""
        self._missed[signal] += moved
        self._counts[signal] += 1.0
        self._errors[signal] = 2.0 * error
        self._whole[signal] = True

    def means(self, signal: str, y: float, x: Floats, measurement: Measurement, count: NDArray[np.bool_]) -> None:
        """A mean ``y`` was read where the members had ``x``; ``count``: of which members it says something."""
        there = count & np.isfinite(x)
        self._missed[signal] += np.where(there, y - np.nan_to_num(x), 0.0)
        self._counts[signal] += there
        windows = max(float(self._counts[signal].mean()), 1.0)
        self._errors[signal] = measurement.deviation(y) ** 2 / windows + measurement.bias_deviation**2 + (MODEL * y) ** 2

    def rows(self) -> tuple[Floats, Floats]:
        """What was missed (member, row) and the variance of what an error makes of it (row,)."""
        missed, errors = [], []
        for signal in self.signals:
            counts = self._counts[signal]
            if counts.min() < LEAST_WINDOWS:
                continue
            missed.append(self._missed[signal] if self._whole[signal] else self._missed[signal] / counts)
            errors.append(self._errors[signal])
        return (np.array(missed).T if missed else np.zeros((0, 0))), np.array(errors)

    def save(self) -> dict[str, Any]:
        """As plain data and arrays."""
        return {"missed": dict(self._missed), "counts": dict(self._counts), "errors": dict(self._errors), "whole": dict(self._whole)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        for signal in self.signals:
            self._missed[signal] = np.array(state["missed"][signal])
            self._counts[signal] = np.array(state["counts"][signal])
            self._errors[signal] = float(state["errors"][signal])
            self._whole[signal] = bool(state["whole"][signal])


def learn(values: Floats, day: Day, chance: np.random.Generator) -> Floats:
    """Return values (member, parameter) after a day: moved so that nothing is missed, as far as what was missed hangs on them."""
    missed, errors = day.rows()
    if not missed.size or not values.size:
        return values
    n = len(values)
    about, seen = values - values.mean(axis=0), missed - missed.mean(axis=0)
    spread = seen.T @ seen / (n - 1)
    together = _beyond_chance(about.T @ seen / (n - 1), about.std(axis=0, ddof=1), seen.std(axis=0, ddof=1), n)
    gain = np.linalg.solve(spread + np.diag(errors) + 1e-12 * np.trace(spread) * np.eye(len(errors)), together.T).T
    noise = np.sqrt(errors) * chance.standard_normal(missed.shape)
    return np.asarray(np.clip(values + (noise - missed) @ gain.T, -EDGE, EDGE))


def _beyond_chance(covariance: Floats, a: Floats, b: Floats, members: int) -> Floats:
    """Covariances without what chance makes of them among so few members."""
    scale = np.outer(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.where(scale > 0.0, np.abs(covariance) / scale, 0.0)
        kept = np.where(correlation > 0.0, np.maximum(0.0, 1.0 - (FAR_FROM_CHANCE / (correlation * np.sqrt(members))) ** 2), 0.0)
    return np.asarray(covariance * kept)
