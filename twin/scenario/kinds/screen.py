"""A screen: sorts by size, cutting finer the more it is loaded."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twin.quantities import Area, ArealMassOrZero, Density, FactorOrZero, Length, LengthOrZero, Quantity
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults

MODEL = "assumption of the screen model; calibrate to a measured recovery of undersize"

Inclination = Annotated[float, Quantity("rad", ge=0, le=math.radians(60))]
Sharpness = Annotated[float, Quantity("1", gt=0, le=100, example="4")]
ShareAboveZero = Annotated[float, Quantity("1", gt=0, le=1)]


class Screen(MachineModel):
    """A vibrating screen after Karra, with his partition curve or Whiten's."""

    kind: Literal["screen"]
    aperture: Length = Field(description="Clear width of an opening.")
    area: Area = Field(description="Area of the deck.")
    wire: LengthOrZero = default(0.006, MEMORY, low=0.002, high=0.015, description="Diameter of the wire, or width of the bars, between apertures.")
    inclination: Inclination = default(math.radians(15), MEMORY, low=0.0, high=math.radians(25), description="Slope of the deck.")
    deck: Literal[1, 2, 3] = default(1, "the top deck where not given", description="Which deck it is, counted from the top.")
    bulk_density: Density = default(500.0, MEMORY, low=250.0, high=900.0, description="Bulk density of the feed.")
    curve: Literal["karra", "whiten"] = default("karra", "Karra's own curve goes with his cut size", description="Partition curve around the cut size.")
    sharpness: Sharpness = default(4.0, MEMORY, low=2.0, high=8.0, description="Whiten's alpha, used with curve: whiten.")
    free_area: ShareAboveZero = default(
        1.0,
        "nothing blinded unless given",
        low=0.5,
        high=1.0,
        description="Share of the openings that is not blinded; it falls with 'wear', and cleaning is the replacement.",
    )
    moisture_sensitivity: FactorOrZero = default(
        0.0, MODEL, low=0.0, high=3.0, description="s: of what would pass, s w/(1 + s w) sticks to the oversize at the moisture w of the stream."
    )
    floating: ArealMassOrZero = default(
        0.02, MODEL, low=0.0, high=0.2, description="Of pieces of the areal mass m that would pass, m/(m + this) get down to the openings: film rides on top."
    )

    @model_validator(mode="after")
    def _lets_something_through(self) -> Self:
        if (self.aperture + self.wire) * math.cos(self.inclination) <= self.wire:
            faults = Faults()
            faults.add("so steep a deck leaves no opening: (aperture + wire) cos(inclination) must exceed the wire", "inclination")
            faults.stop()
        return self


KIND = Kind(
    name="screen",
    model=Screen,
    role="machine",
    ports=lambda model: ("oversize", "undersize"),
    kernel="twin.kernels.sizing:SCREEN",
    summary="Sorts by size (Karra, Whiten); cuts finer with more load, a smaller aperture or a steeper deck.",
)
