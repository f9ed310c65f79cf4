"""A slag granulation: hot slag becomes granulate."""

from __future__ import annotations

from typing import ClassVar, Literal

from twin.scenario.casting import CastingModel
from twin.scenario.kind import Kind


class SlagGranulation(CastingModel):
    """Granulates hot slag, with the metal drops in it. Its water is not tracked, and the granulate is dry."""

    kind: Literal["slag_granulation"]

    phase: ClassVar[str] = "granulate"

    def outlets(self) -> dict[str, float]:
        """Return the share of the one port."""
        return {"granulate": 1.0}


KIND = Kind(
    name="slag_granulation",
    model=SlagGranulation,
    role="process",
    ports=lambda model: ("granulate",),
    behaviour="twin.units.melts.casting:Casting",
    summary="A slag granulation: hot slag becomes granulate.",
)
