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
from twin.kernels.record_table import Records
from twin.kernels.smelting_tables import GROUP, KEY

KEYS: tuple[str, ...] = KEY._fields
WINDOW_IRON = (1.1, 1.5)  # Fe/SiO2 by mass
WINDOW_LIME = (0.03, 0.10)
MOST_ALUMINA = 0.15
MOST_VISCOUS = 0.5  # Pa s
LEAST_SILICATE = 0.5  # FeO + SiO2 by mass: with less it is no iron silicate, and window, viscosity and liquidus say nothing
METAL_DENSITY, SLAG_DENSITY = 7900.0, 3600.0  # kg/m3: liquid copper, iron silicate slag; recalled
GRAVITY = 9.81
HIGHEST_LIQUIDUS = 2000.0


@kernel()
def slag_properties(slag: Floats, elements: Records, heat: Records, temperature: float, shares: Floats) -> tuple[float, float]:
    """Viscosity [Pa s] at ``temperature`` [K] and liquidus [K] of a slag of ``slag`` (element,) kg; NaN where there is none.

    ``elements``, ``heat``: an ELEMENT and a HEAT for each. ``shares`` (len(KEYS),) receives the mass fractions of the oxides by KEY, and Fe/SiO2 by mass.
    """
    moles, basic, alkali, alumina, mass, iron = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    shares[:] = 0.0
    for i in range(elements.shape[0]):
        group = heat[i].group
        if group == GROUP.none or slag[i] <= 0.0:
            continue
        n = slag[i] / elements[i].molar_mass
        oxide = slag[i] + n * elements[i].oxygen * 0.015999
        mass += oxide
        n /= heat[i].atoms
        moles += n
        basic += n if group == GROUP.basic else 0.0
        alkali += n if group == GROUP.alkali else 0.0
        alumina += n if group == GROUP.amphoteric else 0.0
        key = heat[i].key
        if key != KEY.none:
            shares[key] += oxide
        if key == KEY.Fe:
            iron = slag[i]
    if moles <= 0.0:
        return math.nan, math.nan
    for k in range(KEY.iron_to_silica):
        shares[k] /= mass
    silica = shares[KEY.Si]
    shares[KEY.iron_to_silica] = iron / mass / silica if silica > 0.0 else math.inf
    b, n, a = basic / moles, alkali / moles, alumina / moles
    exponent = -19.81 + 1.73 * b + 7.02 * n - 35.76 * a + (31140.0 - 23896.0 * b - 39159.0 * n + 68833.0 * a) / temperature
    return temperature * math.exp(min(exponent, 30.0)), _liquidus(shares)


@kernel()
def _liquidus(shares: Floats) -> float:
    """Estimate: fayalite-like slag melts near 1150 C; more away from its iron to silica, with lime above 6, alumina and ZnO above 5 %, MgO, chromia."""
    away = min(abs(shares[KEY.iron_to_silica] - 1.3), 3.0)
    rise = 90.0 * away + 400.0 * max(shares[KEY.Ca] - 0.06, 0.0) + 800.0 * max(shares[KEY.Al] - 0.05, 0.0)
    rise += 1000.0 * shares[KEY.Mg] + 500.0 * max(shares[KEY.Zn] - 0.05, 0.0) + 6000.0 * shares[KEY.Cr] - 400.0 * shares[KEY.flux]
    return float(min(max(1423.15 + rise, 1273.15), HIGHEST_LIQUIDUS))


@kernel()
def settling_velocity(droplet: float, viscosity: float) -> float:
    """Stokes velocity [m/s] of copper drops of diameter ``droplet`` [m] in slag of ``viscosity`` [Pa s].

    >>> round(settling_velocity(0.0002, 0.1), 7)
    0.0009374
    """
    return (METAL_DENSITY - SLAG_DENSITY) * GRAVITY * droplet * droplet / (18.0 * viscosity)
