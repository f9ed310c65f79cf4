"""Types of numbers of the energy networks that may change in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator

from twin.errors import UsageError
from twin.materials.carriers import emission_factor
from twin.quantities import shown
from twin.scenario.problems import wrong
from twin.scenario.series import OrSeries, Series

ELECTRICITY = "electricity"

PriceOrSeries: TypeAlias = Annotated[float | Series, OrSeries("EUR/J")]


def _stored(value: object) -> object:
    """The stored factor of a year, where one is named: ``{year: 2024, vintage: "2025"}``."""
    if not isinstance(value, Mapping) or "series" in value:
        return value
    if not {"year"} <= set(value) <= {"year", "vintage"} or type(value["year"]) is not int:
        raise wrong(f"a factor, {{series: ...}} or the year of a stored factor, {{year: 2024, vintage: '2025'}}, is needed (got {shown(value)})")
    try:
        return f"{emission_factor(ELECTRICITY, value['year'], value.get('vintage')).number.value!r} kg/J"
    except UsageError as error:
        raise wrong(str(error)) from None


FactorOrSeries: TypeAlias = Annotated[float | Series, OrSeries("kg/J", 0.0)]
GridFactor: TypeAlias = Annotated[float | Series, OrSeries("kg/J", 0.0), BeforeValidator(_stored)]
PowerOrSeries: TypeAlias = Annotated[float | Series, OrSeries("W", 0.0)]
FlowOrSeries: TypeAlias = Annotated[float | Series, OrSeries("kg/s", 0.0)]
TemperatureOrSeries: TypeAlias = Annotated[float | Series, OrSeries("K", 0.0)]
RatioOrSeries: TypeAlias = Annotated[float | Series, OrSeries("1", 0.01)]
