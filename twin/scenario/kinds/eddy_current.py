"""An eddy-current separator: throws conductors off the end of a belt."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from twin.quantities import FactorOrZero, FluxDensity, Frequency, Length, Speed, format_quantity
from twin.scenario.fields import Count
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults

MODEL = "assumption of the eddy-current model; calibrate to a measured recovery and grade"


class EddyCurrent(MachineModel):
    """Throws pieces by conductivity over density, past two splitters: ``light`` (aluminium) farthest, ``heavy`` (copper, brass), ``rest``."""

    kind: Literal["eddy_current"]
    field: FluxDensity = default(0.20, MEMORY, low=0.10, high=0.35, description="Amplitude of the field on the belt above the rotor.")
    pole_pairs: Count = default(6, MEMORY, low=4, high=20, description="Pairs of poles on the rotor.")
    drum_radius: Length = default(0.15, MEMORY, low=0.10, high=0.25, description="Radius of the drum that the belt runs on.")
    rotor_speed: Frequency = default(50.0, MEMORY, low=25.0, high=75.0, description="Revolutions of the rotor per time.")
    belt_speed: Speed = default(2.0, MEMORY, low=1.0, high=3.0, description="Speed of the belt.")
    belt_width: Length = default(1.0, MEMORY, low=0.5, high=2.0, description="Width of the belt that is covered with material.")
    drop: Length = default(0.6, MEMORY, low=0.3, high=1.0, description="From the top of the drum down to the edges of the splitters.")
    splitter: Length = default(1.2, MODEL, low=1.0, high=1.5, description="From the axis of the drum to the far splitter; what flies beyond is 'light'.")
    splitter_rest: Length = default(0.82, MODEL, low=0.75, high=1.0, description="From the axis of the drum to the near splitter; what falls short is 'rest'.")
    spread: Length = default(0.06, MODEL, low=0.03, high=0.15, description="Standard deviation of the landing points of equal pieces.")
    scatter: FactorOrZero = default(1.0, MODEL, low=0.3, high=3.0, description="By what share the spread grows for each layer on the belt.")
    shielding: FactorOrZero = default(0.2, MODEL, low=0.0, high=1.0, description="How collisions shorten the throw for each layer on the belt.")

    @model_validator(mode="after")
    def _splitters_in_order(self) -> Self:
        if self.splitter < self.splitter_rest:
            faults = Faults()
            near = format_quantity(self.splitter_rest, "m")
            faults.add(f"must not be nearer than 'splitter_rest', {near} (got {format_quantity(self.splitter, 'm')})", "splitter")
            faults.stop()
        return self


KIND = Kind(
    name="eddy_current",
    model=EddyCurrent,
    role="machine",
    ports=lambda model: ("light", "heavy", "rest"),
    kernel="twin.kernels.eddy_current:EDDY_CURRENT",
    summary="Throws conductors: aluminium to light, copper to heavy; blurred by load, shifted by field, rotor speed and splitters.",
)
