"""By how much the model errs in a window, level by level, learnt from what was seen less what was expected.

Members that were nudged are told apart again by what the model gets wrong meanwhile: too little of it, and the twin does not believe its readings; too much,
and it follows their noise and is wider than it errs. How much it is hangs on plant and model, so it is found from the innovations: for each of some sizes q
a Kalman filter of the level alone runs along (its steps are those of the members' mean, its variance grows as theirs does and by q2 a window), and the
likelihood of its innovations says how probable the size is (a bank of filters: D. T. Magill, IEEE Trans. Autom. Control 10 (1965) 434). It takes account of
how innovations hang together without estimating their correlations (R. K. Mehra, IEEE Trans. Autom. Control 15 (1970) 175).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SIZES = np.geomspace(2e-4, 0.03, 14)
"""Sizes that are tried, in shares of the bunker's capacity a window of a quarter of an hour."""
LIKELY = 0.002
"""The size that is most probable before anything is seen,"""
TIMES = 3.0
"""give or take this factor: the deviation of its logarithm."""
MEMORY = 30 * 86400.0
"""What was seen counts 1/e after so many s: a model may become worse or better."""
WILD = 9.0
"""One innovation speaks for a size as one of three deviations at most (its square)."""
MOVES = 1e-6
"""A level that changed in no member by more than this share of its capacity did not move, and nothing was got wrong."""


@dataclass(frozen=True)
class Moved:
    """Of the members of one level over a window, in shares of the capacity: the ``mean`` of how far they moved, their variance ``before`` and ``after`` it."""

    mean: float
    before: float
    after: float
    at_all: bool


def moved(before: Floats, after: Floats, capacity: float) -> Moved:
    """Return how members moved from ``before`` to ``after`` (member,), kg."""
    steps = (after - before) / capacity
    at_all = bool(np.abs(steps).max() > MOVES)
    return Moved(float(np.mean(steps)), float(np.var(before, ddof=1)) / capacity**2, float(np.var(after, ddof=1)) / capacity**2, at_all)


class ModelErrors:
    """Of each signal of a level, how large the model's error is. ``window`` s."""

    def __init__(self, signals: Sequence[str], window: float) -> None:
        self._keep = math.exp(-window / MEMORY)
        self.sizes = SIZES * math.sqrt(window / 900.0)
        self._before = -0.5 * (np.log(SIZES / LIKELY) / math.log(TIMES)) ** 2
        shape = (len(signals), len(SIZES))
        self._row = {signal: row for row, signal in enumerate(signals)}
        self._level, self._variance, self._evidence = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)

    def deviation(self, signal: str) -> float:
        """By how much a level errs anew in a window in which it moves, in shares of the capacity: the root of the mean square over the sizes."""
        weights = self.weights(signal)
        return math.sqrt(float(weights @ self.sizes**2))

    def weights(self, signal: str) -> Floats:
        """How probable each of :attr:`sizes` is."""
        told = self._evidence[self._row[signal]] + self._before
        weights = np.exp(told - told.max())
        return np.asarray(weights / weights.sum())

    def unseen(self, signal: str, step: Moved) -> None:
        """A window without a reading."""
        row = self._row[signal]
        self._level[row] = np.clip(self._level[row] + step.mean, 0.0, 1.0)
        self._variance[row] = self._grown(row, step)

    def seen(self, signal: str, step: Moved, reading: float, error: float) -> None:
        """A window with a reading and the variance of its error, in shares of the capacity and their squares."""
        row = self._row[signal]
        if not np.isfinite(self._level[row, 0]):
            self._level[row], self._variance[row] = reading, error
            return
        expected, variance = np.clip(self._level[row] + step.mean, 0.0, 1.0), self._grown(row, step)
        missed, total = reading - expected, variance + error
        squares = np.minimum(missed**2 / total, WILD)
        self._evidence[row] = self._keep * self._evidence[row] - 0.5 * (squares + np.log(total))
        gain = variance / total
        self._level[row], self._variance[row] = np.clip(expected + gain * missed, 0.0, 1.0), (1.0 - gain) * variance

    def _grown(self, row: int, step: Moved) -> Floats:
        """The variance after a step: as the members' shrinks where bunkers run empty, or grows, and the model's error beside."""
        shrunk = min(1.0, step.after / step.before) if step.before > 0.0 else 1.0
        own = self.sizes**2 if step.at_all else 0.0
        return np.asarray(self._variance[row] * shrunk + max(0.0, step.after - step.before) + own)

    def save(self) -> dict[str, Any]:
        """As plain arrays."""
        return {"level": self._level.copy(), "variance": self._variance.copy(), "evidence": self._evidence.copy()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self._level, self._variance, self._evidence = (np.array(state[name]) for name in ("level", "variance", "evidence"))
