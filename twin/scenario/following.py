"""What a rate follows: a level between two set points."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from twin.quantities import DurationOrZero, MassOrZero
from twin.quantities import MassFlow as Rate
from twin.scenario.fields import Name
from twin.scenario.kind import NOT_USED, Model, default
from twin.scenario.problems import Faults


class Following(Model):
    """A rate between `lowest` and the machine's `rate`, in proportion to a level between two set points; looked up for each lot."""

    of: Name = Field(description="The bunker or conveyor whose content is followed.")
    lowest_at: MassOrZero = Field(description="Content at which, and beyond, the rate is `lowest`.")
    full_at: MassOrZero = Field(description="Content at which, and beyond, it is the machine's `rate`; less than `lowest_at` for a bunker behind.")
    lowest: Rate = Field(gt=0, description="The smallest rate, of each where several are parallel.")
    ramp: DurationOrZero = default(0.0, NOT_USED, description="How long the rate takes from one end to the other at the fastest.")

    @model_validator(mode="after")
    def _spans(self) -> Self:
        if self.full_at == self.lowest_at:
            faults = Faults()
            faults.add("must differ from 'lowest_at': the rate changes between the two", "full_at")
            faults.stop()
        return self
