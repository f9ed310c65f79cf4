"""A shredder: breaks pieces until they pass its gap, finer the more energy each tonne gets."""

from __future__ import annotations

from typing import Literal

from twin.quantities import Factor, Length
from twin.scenario.comminution import EnergyAboveZero, Mill
from twin.scenario.kind import MEMORY, Kind, default

MODEL = "assumption of the shredder model; calibrate to a product's size distribution"


class Shredder(Mill):
    """Breaks pieces by a population balance with Austin's breakage function, behind an opening that lets small pieces out."""

    kind: Literal["shredder"]
    gap: Length = default(0.040, MODEL, low=0.020, high=0.080, description="Opening that lets pieces out: nothing wider leaves. It grows with wear.")
    nominal_gap: Length = default(
        0.040, MODEL, low=0.020, high=0.080, description="The gap at which pieces are broken as described; a wider one empties the mill faster."
    )
    energy: EnergyAboveZero = default(
        18 * 3600.0,
        MEMORY,
        low=8 * 3600.0,
        high=40 * 3600.0,
        description="Energy that breaks each kg at the nominal rate; what it draws is 'power'.",
    )
    strength: EnergyAboveZero = default(
        6 * 3600.0, MODEL, low=2 * 3600.0, high=15 * 3600.0, description="Energy in which a piece of 100 mm of breakage 1 breaks once, on average."
    )
    selection_exponent: Factor = default(0.8, MEMORY, low=0.4, high=1.5, description="Exponent of size in the rate of breakage.")


KIND = Kind(
    name="shredder",
    model=Shredder,
    role="machine",
    ports=lambda model: ("out",),
    kernel="twin.kernels.mills:SHREDDER",
    summary="Breaks pieces until they pass its gap; coarser with more load, a wider gap or less energy.",
)
