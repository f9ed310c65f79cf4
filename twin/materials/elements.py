"""The chemical elements that accounts are kept for."""

from __future__ import annotations

ELEMENTS: tuple[str, ...] = (
    *("H", "C", "N", "O", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ca", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ge", "As"),
    *("Se", "Br", "Pd", "Ag", "In", "Sn", "Sb", "Te", "Pt", "Au", "Pb", "Bi", "rest"),
)
"""The element axis of every array. ``rest`` is what an assay leaves open: an inert remainder, never scaled away."""

REST = "rest"

WATER: dict[str, float] = {"H": 0.111907, "O": 0.888093}
"""Mass fractions in water, from the standard atomic weights H 1.008 and O 15.999: 2 x 1.008 / 18.015 = 0.111907."""
