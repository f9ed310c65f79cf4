"""Heat that homes want, hour by hour, from outside temperatures: by degree hours, or by the standard load profiles of German gas utilities (demandlib)."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Homes:
    """``area`` m2 of all flats; ``heating`` and ``hot_water`` kWh/m2 a year; heated on days colder than ``limit`` °C, to ``inside`` °C."""

    area: float
    heating: float
    hot_water: float
    limit: float = 15.0
    inside: float = 20.0

    @property
    def year(self) -> float:
        """All heat of a year, kWh."""
        return self.area * (self.heating + self.hot_water)


def degree_hours(homes: Homes, outside: Floats) -> Floats:
    """Return by how much (hour,), K, it is too cold outside: what is missing inside on heating days, none on others; a mean of 16 °C is no heating day."""
    days = outside.reshape(-1, 24).mean(axis=1)
    return np.maximum(0.0, np.where(np.repeat(days, 24) < homes.limit, homes.inside - outside, 0.0))


def need_of(homes: Homes, outside: Floats, normal: float) -> Homes:
    """Return the homes as they heat in a year of its own: ``heating`` is that of a year of ``normal`` degree hours (K h), and goes with this year's.

    Two days of 0 and 20 °C have 480 K h; where 600 are normal, 50 kWh/m2 become 40.
    """
    if not normal > 0.0:
        raise UsageError(f"the degree hours of a normal year must be above 0 K h (got {normal:g})")
    return replace(homes, heating=homes.heating * math.fsum(degree_hours(homes, outside).tolist()) / normal)


def by_degree_hours(homes: Homes, outside: Floats) -> Floats:
    """Return the heat (hour,), kW, of a year of ``outside`` temperatures (hour,), °C: by what is missing inside on heating days, and even hot water.

    What the year wants is met exactly. Two days of 0 and 20 °C, 100 m2, 48 kWh/m2 of heating and none of hot water: 200 kW on the first, 0 on the second.
    """
    missing = degree_hours(homes, outside)
    whole = math.fsum(missing.tolist())
    if whole <= 0.0 and homes.heating > 0.0:
        raise UsageError(f"no day is colder than {homes.limit:g} °C, so that heat cannot be spread over degree hours; give a colder year")
    heating = missing * (homes.area * homes.heating / whole) if whole > 0.0 else missing
    return np.asarray(heating + homes.area * homes.hot_water / len(outside))


def by_load_profile(homes: Homes, outside: Floats, year: int, state: str = "NW") -> Floats:
    """The same by the standard load profile of many-family houses (BDEW/VKU/GEODE, class 5), with hot water and the holidays of a German state.

    Needs ``demandlib`` and ``holidays`` (``pip install 'twin[energy]'``). Raises :class:`~twin.errors.UsageError` without them.
    """
    try:
        import holidays
        import pandas as pd
        from demandlib import bdew
    except ImportError as error:
        raise UsageError(f"{error.name} is needed for standard load profiles: pip install 'twin[energy]'; or take degree hours") from None
    index = pd.date_range(f"{year}-01-01", periods=len(outside), freq="h")
    free = dict(holidays.country_holidays("DE", subdiv=state, years=year))
    about = {"shlp_type": "MFH", "building_class": 5, "wind_class": 0, "ww_incl": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the library calls, which is not ours to change
        profile = bdew.HeatBuilding(index, holidays=free, temperature=pd.Series(outside, index=index), annual_heat_demand=homes.year, **about)
        return np.asarray(profile.get_bdew_profile(), dtype=np.float64)


def rows(start: datetime, columns: dict[str, Floats], digits: int = 3) -> str:
    """Return a CSV of hourly columns from ``start`` on; a column is named with its unit, ``heat [MW]``."""
    lines = [",".join(["time", *columns])]
    for hour, values in enumerate(zip(*(column.tolist() for column in columns.values()), strict=True)):
        moment = (start + timedelta(hours=hour)).isoformat(timespec="minutes")
        lines.append(",".join([moment, *(f"{value:.{digits}f}" for value in values)]))
    return "\n".join(lines) + "\n"
