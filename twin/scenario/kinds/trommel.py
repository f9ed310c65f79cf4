"""A trommel: a rotating drum screen."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twin.kernels.physical_constants import GRAVITY
from twin.quantities import ArealMassOrZero, Density, Factor, FactorOrZero, Frequency, Length, Quantity
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults

MODEL = "assumption of the trommel model; calibrate to a measured recovery of undersize"

Inclination = Annotated[float, Quantity("rad", gt=0, le=math.radians(30))]
OpenArea = Annotated[float, Quantity("1", gt=0, lt=1)]


class Trommel(MachineModel):
    """Lets pieces fall through a drum that turns: how often they meet the screen, and from how deep a bed, decides what passes."""

    kind: Literal["trommel"]
    aperture: Length = Field(description="Clear width of an opening.")
    diameter: Length = Field(description="Diameter of the drum.")
    length: Length = Field(description="Length of the drum that is perforated.")
    speed: Frequency = Field(description="Revolutions of the drum per time, mostly 30 to 60 % of the critical 42.3 rpm/sqrt(diameter in m).")
    inclination: Inclination = default(math.radians(5), MEMORY, low=math.radians(2), high=math.radians(8), description="Slope of the drum's axis.")
    open_area: OpenArea = default(0.45, MEMORY, low=0.30, high=0.60, description="Share of the shell that is open; it falls with 'wear' as openings blind.")
    bulk_density: Density = default(300.0, MEMORY, low=100.0, high=900.0, description="Bulk density of the bed in the drum.")
    reach: Factor = default(1.0, MODEL, low=0.5, high=2.0, description="Depth of the layer that gets to the openings at an impact, in apertures.")
    moisture_sensitivity: FactorOrZero = default(
        0.0, MODEL, low=0.0, high=3.0, description="s: of what would pass, s w/(1 + s w) sticks to the oversize at the moisture w of the stream."
    )
    floating: ArealMassOrZero = default(
        0.02, MODEL, low=0.0, high=0.2, description="Of pieces of the areal mass m that would pass, m/(m + this) get down to the openings: film rides on top."
    )

    @model_validator(mode="after")
    def _tumbles(self) -> Self:
        critical = math.sqrt(2.0 * GRAVITY / self.diameter) / (2.0 * math.pi)
        if self.speed >= critical:
            faults = Faults()
            faults.add(f"must be below the critical speed of the drum, {60 * critical:.4g} rpm (got {60 * self.speed:.4g} rpm)", "speed")
            faults.stop()
        return self


KIND = Kind(
    name="trommel",
    model=Trommel,
    role="machine",
    ports=lambda model: ("oversize", "undersize"),
    kernel="twin.kernels.trommel:TROMMEL",
    summary="Sorts by size in a turning drum; passes less with more load or a steeper drum, more with speed when it is loaded.",
)
