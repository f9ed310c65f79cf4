"""On which scale a target is compared: where the chance of the plant is nearly normal and of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FAR_FROM_ZERO = 0.2
"""Logarithms are taken where the smallest run has at least this share of the median."""
FROM_THE_END = 4.0
"""A share is compared by its odds where it lies at least so many deviations of its error from 1; closer, the error itself is not normal there."""


@dataclass(frozen=True)
class Scale:
    """``log``, ``root`` (of value + ``shift``, for what may be 0), ``linear``, or ``logit`` (of a share that comes near 1)."""

    form: Literal["log", "root", "linear", "logit"]
    shift: float = 0.0

    def of(self, value: Floats) -> Floats:
        """Return values on this scale; what lies outside of it comes to its edge."""
        if self.form == "log":
            return np.asarray(np.log(np.maximum(value, 1e-300)))
        if self.form == "root":
            return np.asarray(np.sqrt(np.maximum(value + self.shift, 0.0)))
        if self.form == "logit":
            inside = np.clip(value, 1e-9, 1.0 - 1e-9)
            return np.asarray(np.log(inside / (1.0 - inside)))
        return value

    def back(self, scaled: Floats) -> Floats:
        """Return what stands on this scale as values."""
        if self.form == "log":
            return np.asarray(np.exp(scaled))
        if self.form == "root":
            return np.asarray(np.maximum(scaled, 0.0) ** 2 - self.shift)
        if self.form == "logit":
            return np.asarray(1.0 / (1.0 + np.exp(-scaled)))
        return scaled

    def slope(self, value: float) -> float:
        """Return by how much the scale grows with the value, 1/SI: with it small deviations are carried over."""
        if self.form == "log":
            return 1.0 / max(value, 1e-300)
        if self.form == "root":
            return 0.5 / float(np.sqrt(max(value + self.shift, 1e-12 * max(1.0, self.shift))))
        if self.form == "logit":
            inside = min(max(value, 1e-6), 1.0 - 1e-6)
            return 1.0 / (inside * (1.0 - inside))
        return 1.0

    def bend(self, value: float) -> float:
        """Return by how much the slope grows with the value, 1/SI²: half of it by the variance of an error is what a reading shows too much in the mean.

        >>> Scale("log").bend(2.0), round(Scale("logit").bend(0.9), 2)
        (-0.25, 98.77)
        """
        if self.form == "log":
            return -(self.slope(value) ** 2)
        if self.form == "root":
            return -2.0 * self.slope(value) ** 3
        if self.form == "logit":
            inside = min(max(value, 1e-6), 1.0 - 1e-6)
            return (2.0 * inside - 1.0) * self.slope(value) ** 2
        return 0.0


def scale_for(runs: Floats, measured: float, error: float, *, share: bool) -> Scale:
    """Return the scale for a target from what runs (run,) gave and what was measured with an ``error``; ``share``: it lies between 0 and 1.

    >>> scale_for(np.array([9.0, 11.0]), 10.0, 0.1, share=False).form, scale_for(np.array([0.0, 4.0]), 2.0, 0.1, share=False).form
    ('log', 'root')
    """
    known = runs[~np.isnan(runs)]
    both = np.append(known, measured)
    if share and float(np.median(known)) > 0.5:
        inside = both.min() > 0.0 and both.max() < 1.0
        return Scale("logit" if inside and 1.0 - measured >= FROM_THE_END * error else "linear")
    if both.min() > 0.0 and both.min() >= FAR_FROM_ZERO * float(np.median(both)):
        return Scale("log")
    shift = max(0.1 * float(np.median(known)), error)
    if both.min() >= 0.0 and shift > 0.0:
        return Scale("root", shift)
    return Scale("linear")
