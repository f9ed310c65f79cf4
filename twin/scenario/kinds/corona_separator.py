"""A corona-electrostatic roll separator: throws conductors, pins insulators."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import model_validator

from twin.quantities import Conductivity, FactorOrZero, Frequency, Length, Quantity, format_quantity
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults

MODEL = "assumption of the corona model; calibrate to a measured recovery and grade"

Voltage = Annotated[float, Quantity("V", gt=0, example="30 kV")]
Arc = Annotated[float, Quantity("rad", gt=0, le=math.pi)]
CurrentDensity = Annotated[float, Quantity("A/m2", gt=0)]
Permittivity = Annotated[float, Quantity("1", ge=1, example="3")]


class CoronaSeparator(MachineModel):
    """Sorts granulate of 0.1 to 8 mm by whether it keeps a charge: ``conductor`` is thrown, ``insulator`` pinned, ``middling`` neither."""

    kind: Literal["corona_separator"]
    voltage: Voltage = default(32e3, MEMORY, low=20e3, high=45e3, description="Voltage of the electrodes.")
    gap: Length = default(0.055, MEMORY, low=0.04, high=0.08, description="From the electrodes to the roll.")
    roll_radius: Length = default(0.14, MEMORY, low=0.10, high=0.20, description="Radius of the roll.")
    roll_speed: Frequency = default(1.0, "a study of boards found about 70 rpm best", low=0.5, high=2.0, description="Revolutions of the roll per time.")
    width: Length = default(1.0, MEMORY, low=0.3, high=2.0, description="Width of the roll that is covered with material.")
    corona_arc: Arc = default(math.radians(40), MEMORY, low=math.radians(20), high=math.radians(60), description="Angle of the roll under the corona.")
    current_density: CurrentDensity = default(2e-3, MEMORY, low=5e-4, high=5e-3, description="Ion current on the roll under the corona.")
    permittivity: Permittivity = default(3.0, MEMORY, low=2.0, high=5.0, description="Relative permittivity of the insulators.")
    drop: Length = default(0.35, MEMORY, low=0.2, high=0.6, description="From the axis of the roll down to the edges of the splitters.")
    splitter: Length = default(0.22, MODEL, low=0.18, high=0.30, description="From the axis of the roll to the far splitter; what flies beyond is 'conductor'.")
    splitter_insulator: Length = default(0.12, MODEL, low=0.02, high=0.2, description="From the axis to the near splitter; what falls short is 'insulator'.")
    spread: Length = default(0.025, MODEL, low=0.01, high=0.06, description="Standard deviation of the landing points of equal pieces.")
    scatter: FactorOrZero = default(1.0, MODEL, low=0.3, high=3.0, description="By what share the spread grows for each layer on the roll.")
    shielding: FactorOrZero = default(0.5, MODEL, low=0.0, high=2.0, description="How pieces keep ions from one another, for each layer on the roll.")
    moisture_conductivity: Conductivity = default(
        1e-9, MODEL, low=0.0, high=1e-7, description="Conductivity that wet insulators would have at a moisture of 1; in proportion below."
    )

    @model_validator(mode="after")
    def _splitters_in_order(self) -> Self:
        if self.splitter < self.splitter_insulator:
            faults = Faults()
            near = format_quantity(self.splitter_insulator, "m")
            faults.add(f"must not be nearer than 'splitter_insulator', {near} (got {format_quantity(self.splitter, 'm')})", "splitter")
            faults.stop()
        return self


KIND = Kind(
    name="corona_separator",
    model=CoronaSeparator,
    role="machine",
    ports=lambda model: ("conductor", "middling", "insulator"),
    kernel="twin.kernels.corona_separator:CORONA_SEPARATOR",
    summary="Throws conductors off a charged roll and pins insulators; blurred by load, shifted by voltage, roll speed and splitters.",
)
