"""A suction hood: draws film and paper off the end of a belt."""

from __future__ import annotations

from typing import Literal

from twin.quantities import Area, Factor, FactorOrZero, Fraction, Length, LengthOrZero, Speed
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel

MODEL = "assumption of the hood's model; calibrate to a measured recovery and grade"


class SuctionHood(MachineModel):
    """Draws what falls slower than its air rises off the end of a belt; a full belt hides film from it."""

    kind: Literal["suction_hood"]
    velocity: Speed = default(20.0, MEMORY, low=10.0, high=30.0, description="Speed of the air in the mouth of the hood.")
    area: Area = default(0.2, MEMORY, low=0.05, high=0.6, description="Area of the mouth.")
    distance: LengthOrZero = default(0.3, MEMORY, low=0.1, high=0.6, description="From the mouth to where the pieces pass.")
    belt_speed: Speed = default(2.0, MEMORY, low=0.5, high=3.5, description="Speed of the belt that they leave.")
    belt_width: Length = default(1.2, MEMORY, low=0.5, high=2.8, description="Width of the belt that is covered with material.")
    sharpness: Factor = default(4.0, MODEL, low=2.0, high=8.0, description="Exponent of the odds to be lifted, (air speed/terminal velocity)^n.")
    velocity_loss: FactorOrZero = default(0.5, MODEL, low=0.0, high=2.0, description="How the solids that it lifts slow the air, for each kg per kg of air.")
    held_back: Fraction = default(0.7, MODEL, low=0.3, high=1.0, description="Share of the pieces beneath others that is kept down.")


KIND = Kind(
    name="suction_hood",
    model=SuctionHood,
    role="machine",
    ports=lambda model: ("light", "heavy"),
    kernel="twin.kernels.suction_hood:SUCTION_HOOD",
    summary="Draws film and paper off the end of a belt; more with more air and nearer, less from a full belt.",
)
