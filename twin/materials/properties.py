"""The properties of a material that kernels ask for, each with its unit, limits and default."""

from __future__ import annotations

from dataclasses import dataclass

from twin.quantities import Quantity


@dataclass(frozen=True)
class Property:
    """One column of the table of properties. ``default`` None: the catalogue must give it."""

    quantity: Quantity
    summary: str
    default: float | None


PROPERTIES: dict[str, Property] = {
    "density": Property(Quantity("kg/m3", gt=0), "mass per volume of a piece, without the voids between pieces", None),
    "conductivity": Property(Quantity("S/m", ge=0), "electric conductivity of a piece, as an eddy current sees it", 0.0),
    "sphericity": Property(Quantity("1", gt=0, le=1), "surface of the sphere of equal volume over the surface of the piece", 0.7),
    "ferromagnetic": Property(Quantity("1", ge=0, le=1), "share of the mass that a magnet can hold", 0.0),
    "breakage": Property(Quantity("1", ge=0), "rate of breakage relative to mixed plastics", 1.0),
    "thickness_ratio": Property(Quantity("1", gt=0, le=1), "thickness of a piece over its sieve size", 0.5),
    "moisture": Property(Quantity("1", ge=0, lt=1), "water in the material as received, mass fraction", 0.0),
}
"""A property that a catalogue leaves out takes its default, which is assumed."""

FRACTION = Quantity("1", ge=0, le=1)
