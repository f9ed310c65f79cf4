"""Properties of molten slag: viscosity, an estimate of its liquidus, the window it should keep to, and the settling of metal drops.

Viscosity after Riboud et al. 1981, coefficients as collected by Kekkonen et al., Aalto 12/2012, with mole fractions of oxides in groups::

    eta = A T exp(B/T) Pa s,   ln A = -19.81 + 1.73 x_b + 7.02 x_n - 35.76 x_a,   B = 31140 - 23896 x_b - 39159 x_n + 68833 x_a

b: CaO, MgO, FeO, MnO and other oxides of base metals, n: Na2O, a: Al2O3; the rest SiO2. A slag of 40 % CaO, 40 SiO2, 10 Al2O3, 10 MgO has 0.32 Pa s at
1773 K, as blast furnace slags do. For fayalite it gives 0.2 Pa s at 1573 K where 0.05 to 0.1 are measured (recalled): settling is too slow by that.

The liquidus is a straight-line estimate without a source at hand: fit for a warning, for nothing else.
"""

from __future__ import annotations

import math

from twin.kernels.compile import Floats, kernel
from twin.kernels.smelting import MOLAR_MASS, OXYGEN

GROUP, ATOMS, KEY = 10, 11, 12
"""Columns of the table of heats: group of the oxide (FORMER to AMPHOTERIC, 0 none), atoms of metal in its formula, and which of KEYS it is, from 1."""
FORMER, BASIC, ALKALI, AMPHOTERIC = 1, 2, 3, 4
KEYS = ("Fe", "Si", "Ca", "Al", "Mg", "Zn", "Cr", "flux")
"""What the window and the liquidus ask for; ``flux``: oxides that lower the liquidus, of Pb, Cu, Na, Bi and Sb."""

WINDOW_IRON = (1.1, 1.5)  # Fe/SiO2 by mass
WINDOW_LIME = (0.03, 0.10)
MOST_ALUMINA = 0.15
MOST_VISCOUS = 0.5  # Pa s
LEAST_SILICATE = 0.5  # FeO + SiO2 by mass: with less it is no iron silicate, and window, viscosity and liquidus say nothing
METAL_DENSITY, SLAG_DENSITY = 7900.0, 3600.0  # kg/m3: liquid copper, iron silicate slag; recalled
GRAVITY = 9.81
HIGHEST_LIQUIDUS = 2000.0


@kernel()
def slag_properties(slag: Floats, table: Floats, heat: Floats, temperature: float, shares: Floats) -> tuple[float, float]:
    """Viscosity [Pa s] at ``temperature`` [K] and liquidus [K] of a slag of ``slag`` (element,) kg; NaN where there is none.

    ``shares`` (9,) receives the mass fractions of the oxides of KEYS, and Fe/SiO2 by mass.
    """
    moles, basic, alkali, alumina, mass, iron = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    shares[:] = 0.0
    for i in range(table.shape[0]):
        group = int(heat[i, GROUP])
        if group == 0 or slag[i] <= 0.0:
            continue
        n = slag[i] / table[i, MOLAR_MASS]
        oxide = slag[i] + n * table[i, OXYGEN] * 0.015999
        mass += oxide
        n /= heat[i, ATOMS]
        moles += n
        basic += n if group == BASIC else 0.0
        alkali += n if group == ALKALI else 0.0
        alumina += n if group == AMPHOTERIC else 0.0
        key = int(heat[i, KEY])
        if key > 0:
            shares[key - 1] += oxide
        if key == 1:
            iron = slag[i]
    if moles <= 0.0:
        return math.nan, math.nan
    for k in range(8):
        shares[k] /= mass
    silica = shares[1]
    shares[8] = iron / mass / silica if silica > 0.0 else math.inf
    b, n, a = basic / moles, alkali / moles, alumina / moles
    exponent = -19.81 + 1.73 * b + 7.02 * n - 35.76 * a + (31140.0 - 23896.0 * b - 39159.0 * n + 68833.0 * a) / temperature
    return temperature * math.exp(min(exponent, 30.0)), _liquidus(shares)


@kernel()
def _liquidus(shares: Floats) -> float:
    """Estimate: fayalite-like slag melts near 1150 C; more away from its iron to silica, with lime above 6, alumina and ZnO above 5 %, MgO, chromia."""
    away = min(abs(shares[8] - 1.3), 3.0)
    rise = 90.0 * away + 400.0 * max(shares[2] - 0.06, 0.0) + 800.0 * max(shares[3] - 0.05, 0.0)
    rise += 1000.0 * shares[4] + 500.0 * max(shares[5] - 0.05, 0.0) + 6000.0 * shares[6] - 400.0 * shares[7]
    return float(min(max(1423.15 + rise, 1273.15), HIGHEST_LIQUIDUS))


@kernel()
def settling_velocity(droplet: float, viscosity: float) -> float:
    """Stokes velocity [m/s] of copper drops of diameter ``droplet`` [m] in slag of ``viscosity`` [Pa s].

    >>> round(settling_velocity(0.0002, 0.1), 7)
    0.0009374
    """
    return (METAL_DENSITY - SLAG_DENSITY) * GRAVITY * droplet * droplet / (18.0 * viscosity)
