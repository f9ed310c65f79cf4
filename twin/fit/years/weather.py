"""A synthetic year: outside temperature, sun and a day-ahead price, hour by hour. It is made up by the rules written here and is no measured year.

One uniform a day, of Philox streams keyed by the seed, is inverted to a normal: the same year on every machine, another for another seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
DAYS = 365
HOURS = 24 * DAYS
TEMPERATURE, CLEARNESS, PRICE, YEAR = range(77, 81)
"""Keys of the streams."""


@dataclass(frozen=True)
class Climate:
    """Temperatures in °C and K: ``mean`` of the year, met exactly; half the swing of the ``year``; half that of a day in winter and in summer; ``spread`` of
    daily means about the season, of which a share ``lasts`` to the next day; ``coldest`` day of the year; ``years``: standard deviation of the means of years,
    by which ``mean`` is then moved. The defaults are assumed for Westphalia."""

    mean: float = 10.3
    year: float = 8.5
    winter_day: float = 2.0
    summer_day: float = 4.5
    spread: float = 3.4
    lasts: float = 0.8
    coldest: float = 18.0
    years: float = 0.0


def temperatures(seed: int, climate: Climate = Climate()) -> Floats:
    """Return a year of outside temperatures (hour,), °C: a yearly and a daily harmonic, and an autoregression of days joined by straight lines.

    The daily harmonic is lowest at 3 o'clock. With no spread, no swing of the day and a mean of 10 it is 10 - 8.5 cos(2 pi (d - 18) / 365).
    """
    uniform = _uniforms(seed, TEMPERATURE)
    rest = [0.0]
    for draw in uniform[1:].tolist():
        rest.append(climate.lasts * rest[-1] + climate.spread * math.sqrt(1.0 - climate.lasts**2) * float(ndtri(draw)))
    found = []
    for hour in range(HOURS):
        day, part = divmod(hour / 24.0, 1.0)
        between = rest[int(day)] * (1.0 - part) + rest[int(day) + 1] * part
        season = -math.cos(2.0 * math.pi * (hour / 24.0 - climate.coldest) / DAYS)
        swing = climate.winter_day + (climate.summer_day - climate.winter_day) * (1.0 + season) / 2.0
        found.append(climate.mean + climate.year * season - swing * math.cos(2.0 * math.pi * (hour % 24 - 3) / 24.0) + between)
    mean = climate.mean
    if climate.years:
        mean += climate.years * float(ndtri(_uniforms(seed, YEAR)[0]))
    return np.array(found) + (mean - math.fsum(found) / HOURS)


def sun(seed: int, latitude: float = 51.6, yield_: float = 950.0) -> Floats:
    """Return the power of solar cells over their rated power (hour,), kWh/kWp: the sine of the sun's height at mid-hour, dimmed by a share drawn for each day.

    It sums to ``yield_`` h. At noon of a day of equinox the sun stands 90° - ``latitude`` high.
    """
    dimmed = 0.25 + 0.75 * _uniforms(seed, CLEARNESS)
    found = [max(0.0, math.sin(sun_height(hour + 0.5, latitude))) * float(dimmed[hour // 24]) for hour in range(HOURS)]
    values = np.array(found)
    return values * (yield_ / math.fsum(found))


def sun_height(hour: float, latitude: float) -> float:
    """Return the height of the sun (rad) at an hour of the year in solar time, by the declination 23.44° sin(2 pi (d - 80.5) / 365).

    Noon of 22 June at 51.6° north: 61.84°.
    """
    tilt = math.radians(23.44) * math.sin(2.0 * math.pi * (hour / 24.0 - 80.5) / DAYS)
    turn = math.pi * (hour % 24.0 - 12.0) / 12.0
    place = math.radians(latitude)
    return math.asin(math.sin(place) * math.sin(tilt) + math.cos(place) * math.cos(tilt) * math.cos(turn))


def prices(seed: int, light: Floats, mean: float = 80.0, evening: float = 30.0, midday: float = 60.0, spread: float = 25.0) -> Floats:
    """Return a day-ahead price (hour,), EUR/MWh: dear in the evening, cheap where the sun shines (``light``, as :func:`sun`); mean ``mean``.

    Negative hours come where sun and a cheap day meet. Made up: it has the shape of such prices and none of their sizes is a market's.
    """
    draw = np.array([float(ndtri(u)) for u in _uniforms(seed, PRICE).tolist()])
    hours = np.arange(HOURS)
    values = evening * np.cos(2.0 * np.pi * (hours - 19) / 24.0) - midday * light + spread * draw[hours // 24]
    return np.asarray(values + (mean - math.fsum(values.tolist()) / HOURS))


def _uniforms(seed: int, key: int) -> Floats:
    """One a day and one more, above 0 and below 1."""
    drawn = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(0, key)))).random(DAYS + 1)
    return np.clip(drawn, 1e-12, 1.0 - 1e-12)
