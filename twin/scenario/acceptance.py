"""By what a load is accepted: by samples with their chance and error, or by what it truly holds; and on which mass its shares are told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from twin.quantities import Mass
from twin.scenario.kind import default
from twin.scenario.supply import Samples

SAMPLE = 100.0
"""kg of a sample where nobody says it."""
GradeBasis = Literal["as_received", "dry"]


class Acceptance(Samples):
    """How a load is judged."""

    by: Literal["samples", "truth"] = Field(default="samples", description="Whether a load is judged by its samples, or by what it truly holds.")
    mass: Mass = default(SAMPLE, "choice of twin: what two people sort by hand in some hours", low=20.0, high=500.0, description="Mass of a sample.")
