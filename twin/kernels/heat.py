"""Heat contents of metal, slag and gas, and the temperature that follows from an enthalpy.

Enthalpies are relative to the elements at 298.15 K. A mixture is described by three sums over what is in it: formation F [J] at 298.15 K, heat content
A [J] at T0 = 1573.15 K and slope B [J/K] there. With D = T0 - 298.15 K its enthalpy is::

    F + A + B (T - T0) + q min(T - T0, 0)^2,    q = (B D - A) / D^2

which is F at 298.15 K; both ends and the slope at T0 are exact, between them melting is smeared out. What has a constant heat capacity B has A = B D.

Data: ``twin.materials.heat``.
"""

from __future__ import annotations

import math

from twin.kernels.compile import Floats, kernel
from twin.kernels.physical_constants import COLD, LEVEL_BOUNDS, T0
from twin.kernels.smelting import MOLAR_MASS

SPAN = T0 - COLD
LOWEST = 250.0  # K: an enthalpy below that of the cold elements says no more than "cold"

METAL_H, METAL_C, OXIDE_F, OXIDE_H, OXIDE_C, VAPOUR, VAPOUR_C, OXIDE_VAPOUR, OXIDE_VAPOUR_C, METAL_F = range(10)
"""Columns of the table of elements, per kg: those of ``twin.materials.heat``."""
CO, CO2, H2, H2O, SO2, N2, O2, HCL, CL2, DISSOLVED = range(10)
"""Rows of the table of molecules; columns: formation [J/mol], heat content at T0 [J/mol], slope [J/(mol K)]."""


@kernel()
def content(a: float, b: float, temperature: float) -> float:
    """Heat content [J] above 298.15 K of a mixture of heat content ``a`` and slope ``b`` at T0.

    >>> [round(content(784800.0, 494.0, t)) for t in (298.15, 1573.15, 1673.15)]
    [0, 784800, 834200]
    """
    d = temperature - T0
    below = min(d, 0.0)
    return a + b * d + (b * SPAN - a) / (SPAN * SPAN) * below * below


@kernel()
def temperature_of(heat: float, a: float, b: float) -> float:
    """Temperature [K] at which a mixture holds ``heat`` [J] above 298.15 K: the inverse of :func:`content`, not below 250 K; NaN of nothing.

    >>> round(temperature_of(834200.0, 784800.0, 494.0), 6), round(temperature_of(content(784800.0, 494.0, 900.0), 784800.0, 494.0), 6)
    (1673.15, 900.0)
    """
    if b <= 0.0:
        return math.nan
    x = heat - a
    if x >= 0.0:
        return T0 + x / b
    root = b * b + 4.0 * (b * SPAN - a) / (SPAN * SPAN) * x
    if root <= 0.0:
        return LOWEST
    return max(T0 + 2.0 * x / (b + math.sqrt(root)), LOWEST)


@kernel()
def add_molecules(moles: Floats, species: Floats, sums: Floats) -> None:
    """Add the formation, heat content and slope of ``moles`` (species,) to ``sums`` (3,)."""
    for j in range(moles.shape[0]):
        sums[0] += moles[j] * species[j, 0]
        sums[1] += moles[j] * species[j, 1]
        sums[2] += moles[j] * species[j, 2]


@kernel()
def add_metal(mass: Floats, table: Floats, species: Floats, heat: Floats, oxygen: int, sums: Floats) -> None:
    """Add the heat of a metal ``mass`` (element,) kg; its oxygen, element ``oxygen``, is dissolved."""
    for i in range(table.shape[0]):
        if mass[i] > 0.0 and i != oxygen:
            sums[0] += mass[i] * heat[i, METAL_F]
            sums[1] += mass[i] * heat[i, METAL_H]
            sums[2] += mass[i] * heat[i, METAL_C]
    n = mass[oxygen] / table[oxygen, MOLAR_MASS]
    for k in range(3):
        sums[k] += n * species[DISSOLVED, k]


@kernel()
def add_oxides(mass: Floats, heat: Floats, oxygen: int, sums: Floats) -> None:
    """Add the heat of the oxides of ``mass`` (element,) kg; their oxygen is in the values of their elements."""
    for i in range(heat.shape[0]):
        if mass[i] > 0.0 and i != oxygen:
            sums[0] += mass[i] * heat[i, OXIDE_F]
            sums[1] += mass[i] * heat[i, OXIDE_H]
            sums[2] += mass[i] * heat[i, OXIDE_C]


@kernel()
def add_cold(mass: Floats, heat: Floats, share: float, sums: Floats) -> None:
    """Add ``share`` of the heat content and slope of a charge that has not reacted; its formation is its own."""
    for i in range(heat.shape[0]):
        sums[1] += share * mass[i] * heat[i, METAL_H]
        sums[2] += share * mass[i] * heat[i, METAL_C]


@kernel()
def add_levels(a: float, b: float, temperature: float, out: Floats) -> None:
    """Add the heat that a gas gives off from ``temperature`` down to 298.15 K to ``out`` (4,), by level."""
    above = content(a, b, temperature)
    for k in range(3):
        below = content(a, b, LEVEL_BOUNDS[k])
        if temperature > LEVEL_BOUNDS[k]:
            out[k] += above - below
            above = below
    out[3] += above
