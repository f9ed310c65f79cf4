"""The coefficient of performance of a heat pump by the weather, hour by hour: a share of what the second law allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError

Floats = NDArray[np.float64]
KELVIN = 273.15


@dataclass(frozen=True)
class HeatPump:
    """Heats water from ``back`` to ``supply`` °C; reaches ``share`` of the ideal cycle; its source is the mean of the last ``days`` days outside, at least
    ``coldest`` °C, less ``approach`` K. ``days`` 0: the air of the hour, however cold. ``share``, ``days`` and ``coldest`` are assumed for a river."""

    supply: float
    back: float
    share: float = 0.55
    days: float = 10.0
    coldest: float = 2.0
    approach: float = 3.0

    @property
    def sink(self) -> float:
        """The thermodynamic mean temperature of the water, K: (T1 - T0) / ln(T1 / T0). From 60 to 90 °C it is 347.9345 K."""
        supply, back = self.supply + KELVIN, self.back + KELVIN
        return (supply - back) / math.log(supply / back) if supply > back else supply


def performance(pump: HeatPump, outside: Floats) -> Floats:
    """Return heat over electricity (hour,) by Lorenz: share x sink / (sink - source), of temperatures ``outside`` (hour,), °C.

    From 60 to 90 °C, of air at 10 °C with 3 K between them and a share of 0.5: 2.566476. The first days take the mean of what was. Raises ``UsageError`` for a
    source that is as warm as the water.
    """
    span = max(1, round(24.0 * pump.days))
    sums = np.concatenate([[0.0], np.cumsum(outside)])
    last = np.arange(1, len(outside) + 1)
    first = np.maximum(0, last - span)
    mean = (sums[last] - sums[first]) / (last - first) if pump.days > 0.0 else outside
    source = (np.maximum(mean, pump.coldest) if pump.days > 0.0 else mean) - pump.approach + KELVIN
    if float(source.max()) >= pump.sink:
        raise UsageError(f"a source of {source.max() - KELVIN:.1f} °C is as warm as the water, {pump.sink - KELVIN:.1f} °C on average: that needs no heat pump")
    return np.asarray(pump.share * pump.sink / (pump.sink - source))
