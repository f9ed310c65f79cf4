"""A magnetic drum: lifts steel off what passes below, or holds it while the rest is thrown off."""

from __future__ import annotations

from typing import Literal

from twin.quantities import ArealMass, Density, Factor, FluxDensity, Fraction, Frequency, Length, Speed
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel

MODEL = "assumption of the magnet model; calibrate to a measured recovery and grade"


class MagneticDrum(MachineModel):
    """Takes a piece where the pull of its poles exceeds weight, burden and centrifugal force."""

    kind: Literal["magnetic_drum"]
    duty: Literal["pick_up", "holding"] = default("pick_up", "as behind a shredder", description="Fed below the drum, or onto it.")
    field: FluxDensity = default(0.25, MEMORY, low=0.08, high=0.40, description="Flux density at the shell of the drum.")
    pole_pitch: Length = default(0.45, MEMORY, low=0.08, high=0.60, description="From one pole to the next along the shell.")
    radius: Length = default(0.60, MEMORY, low=0.20, high=0.80, description="Radius of the drum.")
    drum_speed: Frequency = default(0.5, MEMORY, low=0.2, high=1.2, description="Revolutions of the shell per time.")
    gap: Length = default(0.13, MEMORY, low=0.05, high=0.25, description="From the chute or belt up to the shell, with 'duty: pick_up'.")
    feed_speed: Speed = default(1.2, MEMORY, low=0.6, high=2.5, description="Speed of what passes below, with 'duty: pick_up'.")
    width: Length = default(1.2, MEMORY, low=0.5, high=2.5, description="Width that is covered with material.")
    bulk_density: Density = default(500.0, MEMORY, low=250.0, high=900.0, description="Bulk density of the layer.")
    steepness: Factor = default(4.0, MODEL, low=2.0, high=10.0, description="How sharply recovery passes from 0 to 1 around the threshold.")
    carry: Fraction = default(0.5, MODEL, low=0.1, high=1.0, description="Share of what lies on or below a piece of steel that comes along.")
    clinging: ArealMass = default(
        2.0,
        MODEL,
        low=0.3,
        high=20.0,
        description="Areal mass of the pieces of which half of what is carried arrives; film and paper all, heavy pieces slide off.",
    )


KIND = Kind(
    name="magnetic_drum",
    model=MagneticDrum,
    role="machine",
    ports=lambda model: ("steel", "rest"),
    kernel="twin.kernels.magnetic:MAGNETIC_DRUM",
    summary="Takes steel with a turning drum; more with field, less and dirtier with load, less and cleaner with drum speed when it holds.",
)
