"""A casting wheel: casts anodes, some of which are rejected."""

from __future__ import annotations

from typing import Literal

from twin.quantities import Fraction
from twin.scenario.casting import CastingModel
from twin.scenario.kind import MEMORY, Kind, default


class CastingWheel(CastingModel):
    """Casts anodes from hot metal; rejected ones have the composition of the others and can be charged again."""

    kind: Literal["casting_wheel"]
    rejects: Fraction = default(0.02, MEMORY, low=0.005, high=0.05, description="Share of the mass that is cast badly and rejected.")

    def outlets(self) -> dict[str, float]:
        """Return the share of each port."""
        return {"anodes": 1.0 - self.rejects, "rejects": self.rejects}


KIND = Kind(
    name="casting_wheel",
    model=CastingWheel,
    role="process",
    ports=lambda model: ("anodes", "rejects"),
    behaviour="twin.units.melts.casting:Casting",
    summary="A casting wheel: hot metal becomes anodes.",
)
