"""On which scale a target is compared: where the chance of the plant is nearly normal and of one size.

What runs show decides, and nothing else: if what was read had a say in it, a reading that is low by chance would be compared in another way than one that
is high, and be believed more or less for it. So a scale is defined for every reading: beyond a knot, where readings come by their error alone, it goes on
straight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FAR_FROM_ZERO = 0.2
"""Logarithms are taken where the smallest run has at least this share of the median."""
FROM_THE_END = 4.0
"""Logarithms and odds are taken where the runs' median lies at least so many deviations of the error from the end of the scale; closer, the error is bent."""


@dataclass(frozen=True)
class Scale:
    """``log``, ``root`` (of value + ``shift``, for what may be 0), ``linear``, or ``logit`` (of a share that comes near 1).

    It goes on straight below ``low`` and above ``high``.
    """

    form: Literal["log", "root", "linear", "logit"]
    shift: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    def of(self, value: Floats) -> Floats:
        """Return values on this scale.

        >>> Scale("logit", high=0.5).of(np.array([0.5, 1.25])).tolist()
        [0.0, 3.0]
        """
        inside = np.clip(value, self.low, self.high)
        beyond = value - inside
        return np.asarray(self._bent(inside) + np.where(beyond < 0.0, self.slope(self.low), self.slope(self.high)) * beyond)

    def back(self, scaled: Floats) -> Floats:
        """Return what stands on this scale as values."""
        low, high = (float(self._bent(np.array([end]))[0]) if math.isfinite(end) else end for end in (self.low, self.high))
        inside = np.clip(scaled, low, high)
        beyond = scaled - inside
        return np.asarray(self._straight(inside) + beyond / np.where(beyond < 0.0, self.slope(self.low), self.slope(self.high)))

    def _bent(self, value: Floats) -> Floats:
        if self.form == "log":
            return np.asarray(np.log(np.maximum(value, 1e-300)))
        if self.form == "root":
            return np.asarray(np.sqrt(np.maximum(value + self.shift, 0.0)))
        if self.form == "logit":
            inside = np.clip(value, 1e-9, 1.0 - 1e-9)
            return np.asarray(np.log(inside / (1.0 - inside)))
        return value

    def _straight(self, scaled: Floats) -> Floats:
        if self.form == "log":
            return np.asarray(np.exp(scaled))
        if self.form == "root":
            return np.asarray(np.maximum(scaled, 0.0) ** 2 - self.shift)
        if self.form == "logit":
            return np.asarray(1.0 / (1.0 + np.exp(-scaled)))
        return scaled

    def slope(self, value: float) -> float:
        """Return by how much the scale grows with the value, 1/SI: with it small deviations are carried over."""
        at = min(max(value, self.low), self.high)
        if not math.isfinite(at):
            return 1.0  # no knot there
        if self.form == "log":
            return 1.0 / max(at, 1e-300)
        if self.form == "root":
            return 0.5 / math.sqrt(max(at + self.shift, 1e-12 * max(1.0, self.shift)))
        if self.form == "logit":
            inside = min(max(at, 1e-6), 1.0 - 1e-6)
            return 1.0 / (inside * (1.0 - inside))
        return 1.0

    def bend(self, value: float) -> float:
        """Return by how much the slope grows with the value, 1/SI²: half of it by the variance of an error is what a reading shows too much in the mean.

        >>> Scale("log").bend(2.0), round(Scale("logit").bend(0.9), 2), Scale("log", low=1.0).bend(0.5)
        (-0.25, 98.77, 0.0)
        """
        if not self.low <= value <= self.high:
            return 0.0
        if self.form == "log":
            return -(self.slope(value) ** 2)
        if self.form == "root":
            return -2.0 * self.slope(value) ** 3
        if self.form == "logit":
            inside = min(max(value, 1e-6), 1.0 - 1e-6)
            return (2.0 * inside - 1.0) * self.slope(value) ** 2
        return 0.0


def scale_for(runs: Floats, error: float, *, share: bool) -> Scale:
    """Return the scale for a target from what runs (run,) gave and the deviation ``error`` of a reading there; ``share``: it may lie between 0 and 1.

    >>> [scale_for(np.array(runs), 0.1, share=False).form for runs in ([9.0, 11.0], [0.0, 4.0], [0.2, 0.3], [-1.0, 1.0])]
    ['log', 'root', 'root', 'linear']
    >>> [scale_for(np.array(runs), 0.02, share=True).form for runs in ([0.8, 0.95], [0.9, 0.98], [0.8, 1.0])]
    ['logit', 'linear', 'linear']
    """
    known = runs[~np.isnan(runs)]
    least, middle, most = float(known.min()), float(np.median(known)), float(known.max())
    if share and least >= 0.0 and middle > 0.5 and most <= 1.0:
        left = 1.0 - middle
        if least > 0.0 and most < 1.0 and left >= FROM_THE_END * error:
            return Scale("logit", low=middle / FROM_THE_END, high=1.0 - left / FROM_THE_END)
        return Scale("linear")
    if least > 0.0 and least >= FAR_FROM_ZERO * middle and middle >= FROM_THE_END * error:
        return Scale("log", low=FAR_FROM_ZERO * middle)
    shift = max(0.1 * middle, error)
    if least >= 0.0 and shift > 0.0:
        return Scale("root", shift, low=0.0)
    return Scale("linear")
