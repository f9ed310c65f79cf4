"""The properties of a material that kernels ask for, each with its unit, limits and default."""

from __future__ import annotations

from dataclasses import dataclass

from twin.quantities import Quantity


@dataclass(frozen=True)
class Property:
    """One column of the table of properties. ``default`` None: the catalogue must give it, or it follows from others (:data:`DERIVED`)."""

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
    "solidity": Property(Quantity("1", gt=0, le=1), "share of a piece's outer volume that its material fills, less than 1 for hollow ones", 1.0),
    "wall": Property(Quantity("m", ge=0), "thickness of the sheet, or diameter of the wire, of pieces that are no solid ones", 0.0),
    "envelope_density": Property(
        Quantity("kg/m3", gt=0), "mass of a piece over the volume of its outline, air and all; of solid, film and crumpled ones", None
    ),
    "moisture": Property(Quantity("1", ge=0, le=1), "water in the material as received, mass fraction; 1 is water itself", 0.0),
    "heating_value": Property(
        Quantity("J/kg"),
        "lower heating value of the dry material, less the evaporation of its moisture as received: C, H and S, with the O, N, Cl and Br on them, become CO2, "
        "water vapour, SO2, N2, HCl and HBr; metals and oxides stay. Less than 0 where that takes heat, as in carbonates and hydroxides",
        0.0,
    ),
    "oxide_oxygen": Property(
        Quantity("1", ge=0, le=1),
        "the most of the dry material's oxygen that is on metals and silicon, the rest being in organics; what an assay gives at most, which is the default",
        1.0,
    ),
    "biogenic_carbon": Property(Quantity("1", ge=0, le=1), "share of the carbon that grew lately: wood, paper, natural fibres and rubber", 0.0),
    "carbonate_carbon": Property(Quantity("1", ge=0, le=1), "share of the carbon that is on minerals, as carbonate", 0.0),
    "grain": Property(Quantity("m", gt=0), "size of the grains of one constituent inside a composite, which liberation goes by", 0.002),
}
"""A property that a catalogue leaves out takes its default, which is assumed; a composite's ``COMPUTED`` ones follow from its constituents."""

OF_CARBON = ("biogenic_carbon", "carbonate_carbon")
"""Shares of the carbon; the rest of it is fossil. Those of a composite follow from its constituents, by their carbon."""

COMPUTED = ("density", "heating_value", "oxide_oxygen", *OF_CARBON)

DERIVED = {"envelope_density": "density times solidity"}
"""Properties that follow from others where a catalogue leaves them out."""

EVAPORATION = 2.4427e6
"""Heat that turns a kg of water at 25 °C into vapour, J/kg: (285.830 - 241.826) kJ/mol / 18.015 g/mol, enthalpies of formation of NIST and JANAF."""

CLASSES = ("nir", "colour")
"""Texts that say what a sensor takes a piece of the material for: its near-infrared spectrum, and the colour of its surface."""

NO_CLASS = "none"
"""The class of a material that says none."""

FRACTION = Quantity("1", ge=0, le=1)
LENGTH = Quantity("m", gt=0)
