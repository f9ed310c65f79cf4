"""When a machine is cleaned, and how long that takes."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from twin.quantities import Duration, Fraction, Mass
from twin.scenario.kind import Model
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults
from twin.scenario.variates import DurationVariate


class Cleaning(Model):
    """Cleaning between two lots, a state of its own: whichever of the causes given comes first."""

    every: Duration | None = Field(default=None, description="Working time of the line from one cleaning to the next.")
    per: Mass | None = Field(default=None, description="Mass through the machine from one cleaning to the next.")
    blinding: Fraction | None = Field(
        default=None, gt=0, description="Relative change of the parameter that wears at which the machine is cleaned, which makes the parameter as new."
    )
    time: DurationVariate = Field(description="How long the line stands.")
    needs: Needs = Field(default=(), description="Resources that are held meanwhile.")
    priority: Priority | None = Field(default=None, description=PRIORITY)

    @model_validator(mode="after")
    def _has_a_cause(self) -> Self:
        if self.every is None and self.per is None and self.blinding is None:
            faults = Faults()
            faults.add("says not when: give 'every' (working time), 'per' (mass) or 'blinding' (change of the worn parameter)")
            faults.stop()
        return self
