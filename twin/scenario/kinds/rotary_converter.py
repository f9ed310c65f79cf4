"""A rotary converter: oxidises black copper step by step, its slags kept apart."""

from __future__ import annotations

from typing import Literal

from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.kind import Kind


class RotaryConverter(FurnaceModel):
    """Works in batches: charge, oxidise and tap slag in steps, tap copper."""

    kind: Literal["rotary_converter"]


KIND = Kind(
    name="rotary_converter",
    model=RotaryConverter,
    role="process",
    ports=ports_of,
    behaviour="twin.units.melts.furnace:Furnace",
    summary="A rotary converter: oxidises black copper step by step, its slags kept apart.",
)
