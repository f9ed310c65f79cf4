"""Types of numbers of the energy networks that may change in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.materials.carriers import emission_factor
from twin.quantities import Quantity, shown
from twin.scenario.problems import wrong
from twin.scenario.series import OrSeries, Series

ELECTRICITY = "electricity"

PriceOrSeries: TypeAlias = Annotated[float | Series, OrSeries("EUR/J")]


FACTOR = OrSeries("kg/J", 0.0)


class OrStored:
    """Makes ``Annotated[float | Series, OrStored()]`` a factor, a series, or the stored one of a year: ``{year: 2024, vintage: "2025"}``."""

    @property
    def quantity(self) -> Quantity:
        """What one value of it is."""
        return FACTOR.quantity

    def read(self, value: object, info: ValidationInfo) -> float | Series:
        """Return the number or the series; raises pydantic's error."""
        if not isinstance(value, Mapping) or "series" in value:
            return FACTOR.read(value, info)
        if not {"year"} <= set(value) <= {"year", "vintage"} or type(value["year"]) is not int:
            raise wrong(f"a factor, {{series: ...}} or the year of a stored factor, {{year: 2024, vintage: '2025'}}, is needed (got {shown(value)})")
        try:
            return emission_factor(ELECTRICITY, value["year"], value.get("vintage")).number.value
        except UsageError as error:
            raise wrong(str(error)) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        keys = {"year": {"type": "integer"}, "vintage": {"type": "string"}}
        stored = {"type": "object", "properties": keys, "required": ["year"], "additionalProperties": False}
        return {"anyOf": [*FACTOR.json_schema()["anyOf"], stored]}


FactorOrSeries: TypeAlias = Annotated[float | Series, FACTOR]
GridFactor: TypeAlias = Annotated[float | Series, OrStored()]
PowerOrSeries: TypeAlias = Annotated[float | Series, OrSeries("W", 0.0)]
FlowOrSeries: TypeAlias = Annotated[float | Series, OrSeries("kg/s", 0.0)]
TemperatureOrSeries: TypeAlias = Annotated[float | Series, OrSeries("K", 0.0)]
RatioOrSeries: TypeAlias = Annotated[float | Series, OrSeries("1", 0.01)]
