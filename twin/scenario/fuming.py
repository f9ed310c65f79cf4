"""What fuming adds to furnaces: how injected coal is divided, walls that slag freezes onto, an interface that grows with gas."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from twin.quantities import Area, Fraction, Length, Quantity, Temperature
from twin.scenario.kind import MEMORY, Model, default
from twin.scenario.problems import refuse

_DIVIDED = "33 % entrained, 55 % burnt, 12 % passing in Richards and Brimacombe 1985, part II, " + MEMORY


class Injection(Model):
    """How coal that is blown in with air divides between the slag, the gas before the tuyeres and the space above; what is neither passes and burns above."""

    entrained: Fraction = default(0.33, _DIVIDED, low=0.2, high=0.5, description="Share of the coal that is entrained in the slag and reduces it.")
    burnt: Fraction = default(0.55, _DIVIDED, low=0.4, high=0.7, description="Share that burns at the tuyeres.")
    slag_oxidation: Fraction = default(
        0.7, "no figure was found", low=0.0, high=1.0, description="Share of the oxygen left over at the tuyeres that oxidises the slag; the rest passes."
    )
    heat: Fraction = default(
        0.9, MEMORY, low=0.7, high=1.0, description="Share of the heat of the gas of the tuyeres, above the bath's temperature, that the bath takes up."
    )

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.entrained + self.burnt > 1.0 + 1e-9:
            refuse("'entrained' and 'burnt' must not add up to more than 100 %", "burnt")
        return self


class FreezeLining(Model):
    """Walls cooled by water, onto which slag freezes: they take what the bath supplies over its liquidus, and the layer is as thick as conducts that."""

    area: Area = Field(description="Cooled area that slag touches.")
    heat_transfer: Annotated[float, Quantity("W/(m2 K)", gt=0, example="500 W/(m2 K)")] = default(
        500.0, MEMORY, low=200.0, high=1000.0, description="From the stirred bath to the frozen slag."
    )
    conductivity: Annotated[float, Quantity("W/(m K)", gt=0, example="1.5 W/(m K)")] = default(1.5, MEMORY, low=0.8, high=3.0, description="Of frozen slag.")
    temperature: Temperature = default(350.0, MEMORY, low=310.0, high=450.0, description="Of the wall behind it.")
    thickest: Length = default(0.2, MEMORY, low=0.05, high=0.4, description="What the layer grows to where the bath is no hotter than its liquidus.")
