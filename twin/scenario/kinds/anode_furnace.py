"""An anode furnace: oxidises and poles converter copper to anode copper."""

from __future__ import annotations

from typing import Literal

from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.kind import Kind


class AnodeFurnace(FurnaceModel):
    """Works in batches: charge, melt, oxidise, pole, tap to the casting wheel."""

    kind: Literal["anode_furnace"]


KIND = Kind(
    name="anode_furnace",
    model=AnodeFurnace,
    role="process",
    ports=ports_of,
    behaviour="twin.units.melts.furnace:Furnace",
    summary="An anode furnace: oxidises and poles converter copper to anode copper.",
)
