"""Numbers of the energy networks as they hold now, and when they next change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.engine.meter import Steps
from twin.scenario.series import Series


def steps_of(value: float | Series | None, start: datetime) -> Steps:
    """A number, or a series from the ``start`` of the run on; what is not known is NaN."""
    if isinstance(value, Series):
        return Steps([round(second * NANOSECONDS) for second in value.seconds(start)], value.values)
    return Steps([0], [float("nan") if value is None else value])


def next_change(profiles: Sequence[Steps], now: int) -> int | None:
    """When the first of them changes after ``now``, ns; None where none does."""
    found = [steps.times[k] for steps in profiles if (k := bisect_right(steps.times, now)) < len(steps.times)]
    return min(found, default=None)


def values_at(steps: Steps, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The values at ``times`` (time,), ns."""
    places = np.searchsorted(np.array(steps.times, dtype=np.int64), times, side="right") - 1
    found: NDArray[np.float64] = np.array(steps.values)[np.maximum(places, 0)]
    return found


def within(steps: Steps, begin: int, end: int) -> NDArray[np.int64]:
    """The times in [begin, end) at which a value changes, ns."""
    times = np.array(steps.times, dtype=np.int64)
    return times[(times >= begin) & (times < end)]
