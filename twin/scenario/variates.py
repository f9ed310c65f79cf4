"""Fields of a scenario that are drawn: a quantity, or a distribution of such quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import Quantity, article, example_of, format_quantity, kind_of, shown
from twin.scenario.distributions import FORMS, Distribution, constant, exponential, read_distribution
from twin.scenario.problems import Faults, nearest, wrong


@dataclass(frozen=True)
class Variate:
    """Makes ``Annotated[Distribution, Variate("kg/s")]`` a pydantic type: a quantity or a distribution of such quantities.

    Draws must not be negative: a normal distribution is clipped at ``floor`` times its mean, every other form whose support goes below zero is
    refused; ``floor`` also keeps a draw that must not be zero (a rate) away from it. The mean must be more than 0. A bare quantity is a
    constant, or the mean of an exponential distribution where ``bare`` says so.
    """

    si: str
    floor: float = 0.0
    bare: str = "constant"

    def read(self, value: object) -> Distribution:
        """Return the distribution; raises pydantic's ``ValidationError`` or ``PydanticCustomError``."""
        if not isinstance(value, Mapping):
            try:
                number = Quantity(self.si, gt=0).read(value)
            except UsageError as error:
                raise wrong(self._message(str(error), value)) from None
            return replace(exponential(number, self.si), bare=True) if self.bare == "exponential" else constant(number, self.si)
        if len(value) != 1 or (form := str(next(iter(value)))) not in FORMS:
            keys = [str(key) for key in value]
            unknown = next((key for key in keys if key not in FORMS), None)
            hint = nearest(unknown, FORMS) if unknown is not None else f"known: {', '.join(FORMS)}"
            raise wrong(f"a distribution is a mapping with one form, e.g. {{exponential: {{mean: {example_of(self.si)}}}}} (got {shown(keys)}); {hint}")
        return self._checked(read_distribution(form, value[form], self.si), form)

    def _message(self, message: str, value: object) -> str:
        return message if isinstance(value, (str, int, float)) else f"{article(kind_of(self.si))} or a distribution of it is needed (got {shown(value)})"

    def _checked(self, found: Distribution, form: str) -> Distribution:
        faults = Faults()
        if not found.mean > 0:
            faults.add(f"the mean must be more than 0 (got {format_quantity(found.mean, self.si)})", form)
        elif found.lower < 0 and form != "normal":
            faults.add(f"no value may be less than 0 (got {format_quantity(found.lower, self.si)})", form)
        elif found.upper <= (floor := self.floor * found.mean):
            faults.add(f"'max' must be more than {format_quantity(floor, self.si)} (got {format_quantity(found.upper, self.si)})", form, "max")
        elif found.lower < floor or (found.lower < 0 and form == "normal"):
            found = replace(found, lower=max(found.lower, floor))
        faults.stop_if_any()
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**Quantity(self.si, gt=0).json_schema(), "x-distribution": True}


RateVariate = Annotated[Distribution, Variate("kg/s", floor=0.01)]
"""A throughput; no draw is below 1 % of the mean, so that no lot takes for ever."""
MassVariate = Annotated[Distribution, Variate("kg", floor=1e-6)]
DurationVariate = Annotated[Distribution, Variate("s")]
CycleVariate = Annotated[Distribution, Variate("s", floor=1e-6)]
GapVariate = Annotated[Distribution, Variate("kg", floor=1e-6, bare="exponential")]
LifeVariate = Annotated[Distribution, Variate("s", floor=1e-6, bare="exponential")]
"""A time to failure or to repair; a bare quantity is the mean of an exponential distribution."""
