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
"""A correlation counts by what it exceeds its own error so many times: chance makes smaller ones."""
MODEL = 0.01
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
        self._sizes = dict.fromkeys(self.signals, 0.0)
        self._biases = dict.fromkeys(self.signals, 0.0)
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
        if there.any():
            self._errors[signal] += measurement.deviation(y) ** 2
            self._sizes[signal] = max(self._sizes[signal], abs(y))
            self._biases[signal] = measurement.bias_deviation**2

    def rows(self) -> tuple[Floats, Floats]:
        """What was missed (member, row) and the variance of what an error makes of it (row,)."""
        missed, errors = [], []
        for signal in self.signals:
            counts = self._counts[signal]
            if counts.min() < LEAST_WINDOWS:
                continue
            if self._whole[signal]:
                missed.append(self._missed[signal])
                errors.append(self._errors[signal])
            else:
                missed.append(self._missed[signal] / counts)
                errors.append(self._errors[signal] / float(counts.mean()) ** 2 + self._biases[signal] + (MODEL * self._sizes[signal]) ** 2)
        return (np.array(missed).T if missed else np.zeros((0, 0))), np.array(errors)

    def save(self) -> dict[str, Any]:
        """As plain data and arrays."""
        numbers = {"errors": dict(self._errors), "sizes": dict(self._sizes), "biases": dict(self._biases), "whole": dict(self._whole)}
        return {"missed": dict(self._missed), "counts": dict(self._counts), **numbers}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        for signal in self.signals:
            self._missed[signal] = np.array(state["missed"][signal])
            self._counts[signal] = np.array(state["counts"][signal])
            self._errors[signal] = float(state["errors"][signal])
            self._sizes[signal] = float(state["sizes"][signal])
            self._biases[signal] = float(state["biases"][signal])
            self._whole[signal] = bool(state["whole"][signal])


def learn(values: Floats, day: Day, chance: np.random.Generator) -> Floats:
    """Return values (member, parameter) after a day: moved so that nothing is missed, as far as what was missed hangs on them.

    What was missed is taken up one row after the other, those first that tell most beside their error, and moves the rows that follow with it.
    """
    missed, errors = day.rows()
    if not missed.size or not values.size:
        return values
    joint = np.concatenate([values, missed], axis=1)
    parameters = values.shape[1]
    noise = np.sqrt(errors) * chance.standard_normal(missed.shape)
    telling = missed.var(axis=0, ddof=1) / np.maximum(errors, np.finfo(float).tiny)
    for row in np.argsort(-telling, kind="stable").tolist():
        own = joint[:, parameters + row]
        variance = float(own.var(ddof=1))
        if variance <= 0.0:
            continue
        about = joint - joint.mean(axis=0)
        together = _beyond_chance(about.T @ (own - own.mean()) / (len(own) - 1), joint.std(axis=0, ddof=1), np.sqrt(variance), len(own))
        joint = joint + np.outer(noise[:, row] - own, together / (variance + errors[row]))
    return np.asarray(np.clip(joint[:, :parameters], -EDGE, EDGE))


def _beyond_chance(covariance: Floats, deviations: Floats, own: float, members: int) -> Floats:
    """Covariances with one row, without what chance makes of them among so few members: a correlation r of n members errs by (1 - r2) over the root of n."""
    scale = deviations * own
    r = np.abs(np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0.0)).clip(0.0, 1.0)
    doubt = FAR_FROM_CHANCE * (1.0 - r**2) / np.sqrt(members)
    kept = 1.0 - np.square(np.divide(doubt, r, out=np.ones_like(r), where=r > 0.0)).clip(0.0, 1.0)
    return np.asarray(covariance * kept)
