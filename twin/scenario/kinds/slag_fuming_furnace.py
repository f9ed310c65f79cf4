"""A slag fuming furnace: coal is blown into a slag with air, its zinc and lead leave as fume."""

from __future__ import annotations

from typing import Annotated, Literal

from twin.quantities import Quantity
from twin.scenario.furnace import FurnaceModel, ports_of
from twin.scenario.kind import Kind, default
from twin.scenario.phases import NormalFlow

_BUBBLES = "bubbles of 1 to 3 cm that stay 0.5 s, 0.03 to 0.1 m/s on their gas side: an estimate"


class SlagFumingFurnace(FurnaceModel):
    """Works in batches: charge hot slag, fume, tap."""

    kind: Literal["slag_fuming_furnace"]
    fuming: Annotated[float, Quantity("m3/s", ge=0)] = default(
        100.0, _BUBBLES, low=50.0, high=400.0, description="Mass transfer to the gas, area times coefficient: how far vapours reach saturation."
    )
    fuming_gas: NormalFlow = default(5.0, _BUBBLES, low=3.0, high=7.0, description="Gas through the bath at which 'fuming' holds.")
    fuming_growth: Annotated[float, Quantity("1", ge=0, le=2, example="0.8")] = default(
        0.8, "grows with gas in the laboratory; hold-up of bubbles, an estimate", low=0.5, high=1.0, description="Power of the gas by which 'fuming' grows."
    )


KIND = Kind(
    name="slag_fuming_furnace",
    model=SlagFumingFurnace,
    role="process",
    ports=ports_of,
    behaviour="twin.units.melts.furnace:Furnace",
    summary="A slag fuming furnace: coal is blown into a slag with air, its zinc and lead leave as fume.",
)
