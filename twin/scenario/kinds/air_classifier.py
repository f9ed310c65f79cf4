"""An air classifier: lifts light and flat pieces in a zigzag channel."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from twin.quantities import Area, Factor, FactorOrZero, Speed
from twin.scenario.fields import Count
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults

MODEL = "assumption of the zigzag model; calibrate to a measured recovery and grade"


class AirClassifier(MachineModel):
    """Parts pieces by terminal velocity in stages; solids slow the air and blur each stage."""

    kind: Literal["air_classifier"]
    velocity: Speed = default(9.0, MEMORY, low=5.0, high=15.0, description="Speed of the air in the channel.")
    area: Area = default(0.5, MEMORY, low=0.2, high=1.5, description="Cross-section of the channel.")
    stages: Count = default(8, MEMORY, low=4, high=16, description="Number of steps from the bottom exit to the top exit.")
    feed_stage: Count = default(4, "middle of the default stages", low=2, high=12, description="Step at which it is fed, counted from the bottom.")
    sharpness: Factor = default(2.0, MODEL, low=1.0, high=4.0, description="Exponent of the odds to go up, (air speed/terminal velocity)^n, at one stage.")
    velocity_loss: FactorOrZero = default(0.05, MODEL, low=0.0, high=0.3, description="How solids slow the air, for each kg per kg of air.")
    sharpness_loss: FactorOrZero = default(0.8, MODEL, low=0.2, high=2.0, description="How solids blur a stage, for each kg per kg of air.")

    @model_validator(mode="after")
    def _fed_inside(self) -> Self:
        if self.feed_stage >= self.stages:
            faults = Faults()
            faults.add(f"must be below the number of 'stages', {self.stages} (got {self.feed_stage})", "feed_stage")
            faults.stop()
        return self


KIND = Kind(
    name="air_classifier",
    model=AirClassifier,
    role="machine",
    ports=lambda model: ("light", "heavy"),
    kernel="twin.kernels.air_classifier:AIR_CLASSIFIER",
    summary="Lifts light and flat pieces; more with more air, sharper with more stages, blurred by load.",
)
