"""What is believed of a parameter before the data: from low to high, in one of three forms, as a function of a standard normal number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twin.scenario.places import Plain
from twin.study.factors import written

Floats = NDArray[np.float64]
Form = Literal["uniform", "normal", "lognormal"]
FORMS: tuple[Form, ...] = ("uniform", "normal", "lognormal")
EDGE = 4.0
"""Standard normal numbers are kept from -4 to 4: 6 in 100 000 lie beyond."""
_NORMAL = NormalDist()
_TO_95 = _NORMAL.inv_cdf(0.95)


@dataclass(frozen=True)
class Prior:
    """A parameter by path, SI: of the form ``uniform`` it lies between ``low`` and ``high``; of the others in 9 of 10 cases, evenly on either side."""

    path: str
    unit: str
    low: float
    high: float
    form: Form = "uniform"

    def value(self, u: float) -> float:
        """Return the value at a standard normal number.

        >>> [round(Prior("x", "1", 1.0, 4.0, form).value(0.0), 3) for form in FORMS]
        [2.5, 2.5, 2.0]
        >>> round(Prior("x", "1", 1.0, 4.0, "lognormal").value(1.6448536), 6)
        4.0
        """
        at = min(max(u, -EDGE), EDGE)
        if self.form == "uniform":
            return self.low + (self.high - self.low) * _NORMAL.cdf(at)
        low, high = (math.log(self.low), math.log(self.high)) if self.form == "lognormal" else (self.low, self.high)
        value = 0.5 * (low + high) + 0.5 * (high - low) / _TO_95 * at
        return math.exp(value) if self.form == "lognormal" else value

    def values(self, u: Floats) -> Floats:
        """Return the values at standard normal numbers of any shape."""
        return np.array([self.value(one) for one in u.ravel().tolist()]).reshape(u.shape)

    def standard(self, value: float) -> float:
        """Return the standard normal number of a value, kept within -4 to 4."""
        if self.form == "uniform":
            share = (value - self.low) / (self.high - self.low)
            return EDGE * math.copysign(1.0, share - 0.5) if not 0.0 < share < 1.0 else min(max(_NORMAL.inv_cdf(share), -EDGE), EDGE)
        if self.form == "lognormal" and value <= 0.0:
            return -EDGE
        own, low, high = (math.log(x) if self.form == "lognormal" else x for x in (value, self.low, self.high))
        return min(max((own - 0.5 * (low + high)) / (0.5 * (high - low)) * _TO_95, -EDGE), EDGE)

    def written(self, u: float) -> Plain:
        """Return the value as a scenario has it: decimal text that is read back to the last bit."""
        return written(self.value(u), self.unit)

    @property
    def spread(self) -> float:
        """Its width from 5 % to 95 %."""
        return self.value(_TO_95) - self.value(-_TO_95)


def changes(priors: Sequence[Prior], u: Sequence[float]) -> dict[str, Plain]:
    """Return what a point changes in a scenario, by path."""
    return {prior.path: prior.written(one) for prior, one in zip(priors, u, strict=True)}
