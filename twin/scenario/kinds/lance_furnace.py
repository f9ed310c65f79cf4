"""A lance furnace: reduces oxidic and metallic scrap to black copper, and cleans its slag."""

from __future__ import annotations

from typing import Literal

from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.kind import Kind


class LanceFurnace(FurnaceModel):
    """Works in batches: charge, reduce, settle, tap."""

    kind: Literal["lance_furnace"]


KIND = Kind(
    name="lance_furnace",
    model=LanceFurnace,
    role="process",
    ports=ports_of,
    behaviour="twin.units.melts.furnace:Furnace",
    summary="A lance furnace: reduces oxidic and metallic scrap to black copper, and cleans its slag.",
)
