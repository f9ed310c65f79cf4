"""Types of numbers of the energy networks that may change in time."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from twin.scenario.series import OrSeries, Series

PriceOrSeries: TypeAlias = Annotated[float | Series, OrSeries("EUR/J")]
FactorOrSeries: TypeAlias = Annotated[float | Series, OrSeries("kg/J", 0.0)]
PowerOrSeries: TypeAlias = Annotated[float | Series, OrSeries("W", 0.0)]
FlowOrSeries: TypeAlias = Annotated[float | Series, OrSeries("kg/s", 0.0)]
TemperatureOrSeries: TypeAlias = Annotated[float | Series, OrSeries("K", 0.0)]
RatioOrSeries: TypeAlias = Annotated[float | Series, OrSeries("1", 0.01)]
