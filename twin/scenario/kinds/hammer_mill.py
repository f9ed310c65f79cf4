"""A hammer mill: hammers on a fast rotor break pieces until they pass a grate."""

from __future__ import annotations

from typing import Literal

from twin.quantities import Factor, Fraction, Frequency, Length, Mass
from twin.scenario.comminution import EnergyAboveZero, Mill
from twin.scenario.kind import MEMORY, Kind, default

MODEL = "assumption of the hammer mill's model; calibrate to a product's size distribution"


class HammerMill(Mill):
    """Breaks pieces by the hits of hammers, whose energy rises with the square of the tip speed, behind a grate that lets small pieces out."""

    kind: Literal["hammer_mill"]
    grate: Length = default(0.030, MEMORY, low=0.010, high=0.100, description="Opening of the grate: nothing wider leaves. It grows with wear.")
    nominal_grate: Length = default(
        0.030, MODEL, low=0.010, high=0.100, description="The grate at which pieces are broken as described; a wider one empties the mill faster."
    )
    rotor_diameter: Length = default(1.2, MEMORY, low=0.6, high=2.5, description="Diameter of the circle of the hammers' tips.")
    rotor_speed: Frequency = default(
        800 / 60, MEMORY, low=400 / 60, high=1500 / 60, description="Revolutions of the rotor per time; tips at 40 to 80 m/s are usual."
    )
    impacts: Factor = default(50.0, MODEL, low=20.0, high=150.0, description="Hits that a piece gets on average at the nominal rate.")
    hammer_mass: Mass = default(
        15.0, MEMORY, low=5.0, high=120.0, description="Mass of a hammer; pieces that are not much lighter take up less. It falls with wear."
    )
    hammer_edge: Factor = default(
        1.0, MODEL, low=0.5, high=1.0, description="Share of the hits' energy that breaks, against new hammers; edges that wear round lower it."
    )
    strength: EnergyAboveZero = default(
        6 * 3600.0, MODEL, low=2 * 3600.0, high=15 * 3600.0, description="Energy in which a piece of 100 mm of breakage 1 breaks once, on average."
    )
    selection_exponent: Factor = default(0.8, MEMORY, low=0.4, high=1.5, description="Exponent of size in the rate of breakage.")
    fines_share: Fraction = default(0.4, MEMORY, low=0.2, high=0.7, description="Austin's phi of brittle materials: weight of the term that makes the fines.")


KIND = Kind(
    name="hammer_mill",
    model=HammerMill,
    role="machine",
    ports=lambda model: ("out",),
    kernel="twin.kernels.mills:HAMMER_MILL",
    summary="Breaks pieces by hammers until they pass its grate; coarser with more load, a slower rotor, worn hammers or a wider grate.",
)
