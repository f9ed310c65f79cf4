"""A settling furnace: keeps slag hot, by electrodes, while metal drops sink out of it."""

from __future__ import annotations

from typing import Literal

from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.kind import Kind


class SettlingFurnace(FurnaceModel):
    """Works in batches: charge hot slag, settle, tap."""

    kind: Literal["settling_furnace"]


KIND = Kind(
    name="settling_furnace",
    model=SettlingFurnace,
    role="process",
    ports=ports_of,
    behaviour="twin.units.melts.furnace:Furnace",
    summary="A settling furnace: keeps slag hot, by electrodes, while metal drops sink out of it.",
)
