"""An overband magnet: lifts steel off a belt."""

from __future__ import annotations

from typing import Literal

from twin.quantities import ArealMass, Density, Factor, FluxDensity, Fraction, Length, Speed
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel

MODEL = "assumption of the magnet model; calibrate to a measured recovery and grade"


class OverbandMagnet(MachineModel):
    """Lifts a piece where the magnetic force exceeds its weight and that of what lies on it."""

    kind: Literal["overband_magnet"]
    field: FluxDensity = default(0.45, MEMORY, low=0.25, high=0.8, description="Flux density at the face of the magnet.")
    decay: Length = default(0.20, MEMORY, low=0.10, high=0.30, description="Distance in which the field falls by a factor of e.")
    height: Length = default(0.28, MEMORY, low=0.15, high=0.45, description="From the belt to the face of the magnet.")
    length: Length = default(1.2, MEMORY, low=0.6, high=2.0, description="Length of the magnet along the belt.")
    belt_width: Length = default(1.2, MEMORY, low=0.6, high=2.0, description="Width of the belt that is covered with material.")
    belt_speed: Speed = default(1.5, MEMORY, low=0.8, high=2.5, description="Speed of the belt below.")
    bulk_density: Density = default(500.0, MEMORY, low=250.0, high=900.0, description="Bulk density of the layer on the belt.")
    steepness: Factor = default(4.0, MODEL, low=2.0, high=10.0, description="How sharply recovery passes from 0 to 1 around the threshold.")
    carry: Fraction = default(0.5, MODEL, low=0.1, high=1.0, description="Share of what lies on a lifted piece that is carried along.")
    clinging: ArealMass = default(
        2.0,
        MODEL,
        low=0.3,
        high=20.0,
        description="Areal mass of the pieces of which half of what is carried arrives; film and paper all, heavy pieces slide off.",
    )


KIND = Kind(
    name="overband_magnet",
    model=OverbandMagnet,
    role="machine",
    ports=lambda model: ("steel", "rest"),
    kernel="twin.kernels.magnetic:OVERBAND_MAGNET",
    summary="Lifts steel off a belt; more with a stronger or lower field, less and dirtier with a deeper layer.",
)
