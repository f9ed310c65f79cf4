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
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting_tables import MOLECULE

SPAN = T0 - COLD
LOWEST = 250.0  # K: an enthalpy below that of the cold elements says no more than "cold"


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
def add_molecules(moles: Floats, species: Records, sums: Record) -> None:
    """Add the enthalpy of ``moles`` (species,) to ``sums``; ``species`` and ``sums`` are of ENTHALPY."""
    for j in range(moles.shape[0]):
        sums.formation += moles[j] * species[j].formation
        sums.content += moles[j] * species[j].content
        sums.slope += moles[j] * species[j].slope


@kernel()
def add_metal(mass: Floats, molar_mass: float, species: Records, heat: Records, oxygen: int, sums: Record) -> None:
    """Add the heat of a metal ``mass`` (element,) kg; its oxygen, element ``oxygen`` of that ``molar_mass``, is dissolved. ``heat``: a HEAT for each."""
    for i in range(heat.shape[0]):
        if mass[i] > 0.0 and i != oxygen:
            sums.formation += mass[i] * heat[i].metal_F
            sums.content += mass[i] * heat[i].metal_H
            sums.slope += mass[i] * heat[i].metal_c
    n = mass[oxygen] / molar_mass
    dissolved = species[MOLECULE.DISSOLVED]
    sums.formation += n * dissolved.formation
    sums.content += n * dissolved.content
    sums.slope += n * dissolved.slope


@kernel()
def add_oxides(mass: Floats, heat: Records, oxygen: int, sums: Record) -> None:
    """Add the heat of the oxides of ``mass`` (element,) kg; their oxygen is in the values of their elements."""
    for i in range(heat.shape[0]):
        if mass[i] > 0.0 and i != oxygen:
            sums.formation += mass[i] * heat[i].oxide_F
            sums.content += mass[i] * heat[i].oxide_H
            sums.slope += mass[i] * heat[i].oxide_c


@kernel()
def add_higher(mass: Floats, heat: Records, sums: Record) -> None:
    """Add what the higher oxides of ``mass`` (element,) kg have more than the oxides that :func:`add_oxides` takes them for."""
    for i in range(heat.shape[0]):
        if mass[i] > 0.0:
            sums.formation += mass[i] * heat[i].higher_F
            sums.content += mass[i] * heat[i].higher_H
            sums.slope += mass[i] * heat[i].higher_c


@kernel()
def add_cold(mass: Floats, heat: Records, share: float, sums: Record) -> None:
    """Add ``share`` of the heat content and slope of a charge that has not reacted; its formation is its own."""
    for i in range(heat.shape[0]):
        sums.content += share * mass[i] * heat[i].metal_H
        sums.slope += share * mass[i] * heat[i].metal_c


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
