"""Properties of molten slag: viscosity, liquidus and solids, the window it should keep to, and the settling of metal drops.

**Viscosity** of the liquid after Kondratiev and Jak, Fuel 80 (2001) 1989, made for slags of SiO2, Al2O3, CaO and FeO. By mole fractions x::

    eta = T exp(-(m B + 9.322)) exp(1000 B / T) Poise,   m = 0.665 x_F + 0.587 x_C + 0.370 x_A + 0.212 x_S
    B = sum over i = 0..3 of x_S^i (b_i + sum over j = 1, 2 of a^j (c b_Cji + (1 - c) b_Fji)),   a = (x_C + x_F)/(x_C + x_F + x_A),   c = x_C/(x_C + x_F)

The coefficients are recalled, twice and apart with the same result; a source could not be read. A (group ``amphoteric``) is Al2O3; S (``former``) SiO2,
P2O5, GeO2 and what is inert; C (``lime``) CaO, MgO and Na2O, which give oxygen away most readily; F (``iron``) FeO and all other oxides of base metals,
whose bonds to oxygen are about as firm as those of FeO. Solids thicken it after Roscoe 1952: eta (1 - 1.35 f)^-2.5 at the volume share f.

**Liquidus**: the highest of six primary fields, each a line, parabola or logarithm through invariant points of the binaries and ternaries with FeO; see
:func:`_liquidus`. **Solids**: the lever rule on the slope of that field, ``SOLIDS_PER_KELVIN``; factor of two. What the equilibrium itself has counted as
solid is of the same crystals, so the larger of the two is taken, not the sum.

**Drops** sink as rigid spheres with the drag of Clift and Gauvin 1970. Copper drops below sqrt(sigma/(delta rho g)), 5 mm, are rigid: traces of oxygen and
sulphur at their surface stop the flow inside, which would make them 1.4 times as fast after Hadamard and Rybczynski.
"""

from __future__ import annotations

import math

import numpy as np

from twin.kernels.compile import Floats, kernel
from twin.kernels.record_table import Records
from twin.kernels.smelting_tables import GROUP, KEY

KEYS: tuple[str, ...] = KEY._fields
WINDOW_IRON = (1.1, 1.5)  # Fe/SiO2 by mass
WINDOW_LIME = (0.03, 0.10)
MOST_ALUMINA = 0.15
MOST_VISCOUS = 0.5  # Pa s
LEAST_SILICATE = 0.5  # FeO + SiO2 by mass: with less it is no iron silicate, and window, viscosity and liquidus say little
METAL_DENSITY, SLAG_DENSITY = 7900.0, 3600.0  # kg/m3: liquid copper, iron silicate slag; recalled
GRAVITY = 9.81
LOWEST_LIQUIDUS, HIGHEST_LIQUIDUS = 1273.15, 2000.0
ICE = 273.15

PER_MOLE = (0.212, 0.370, 0.587, 0.665)  # of S, A, C, F
SHIFT = 9.322
BASE = (13.31, 36.98, -177.70, 190.03)
LIME = ((5.50, 96.20, 117.94, -219.56), (-4.68, -81.60, -109.80, 196.00))
IRON = ((34.30, -143.64, 368.94, -254.85), (-45.63, 129.96, -210.28, 121.20))
POISE = 0.1  # Pa s
ROSCOE, ROSCOE_POWER = 1.35, 2.5
MOST_SOLID = 0.6  # beyond it a slag does not flow at all
NOTICED_SOLIDS = 0.02  # below it a slag flows as a liquid: a trace of chromite, say

SOLIDS_PER_KELVIN = (0.00065, 0.006, 0.0045, 0.00145, 0.0147, 0.0022)
"""Mass share that has become solid a kelvin below the liquidus: silica, olivine, wüstite and zincite, spinel, chromite (times Cr2O3), lime silicates."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
NODES: tuple[float, ...] = tuple(float(value) for value in _NODES)
WEIGHTS: tuple[float, ...] = tuple(float(value) for value in _WEIGHTS / _WEIGHTS.sum())
"""Gauss-Hermite: sizes of a log-normal distribution in standard deviations, and their shares of mass."""


@kernel()
def slag_properties(slag: Floats, elements: Records, heat: Records, temperature: float, solids: float, shares: Floats) -> tuple[float, float, float]:
    """Viscosity [Pa s] at ``temperature`` [K], liquidus [K] and share of solids, 0 to 0.6, of a slag of ``slag`` (element,) kg; NaN where there is none.

    ``solids``: the share of its volume that the equilibrium has found solid; the larger one of that and of the estimate by the liquidus thickens the slag.
    ``elements``, ``heat``: an ELEMENT and a HEAT for each. ``shares`` (len(KEYS),) receives the mass fractions of the oxides by KEY, and Fe/SiO2 by mass.
    """
    former, lime, iron_like, alumina, mass, iron = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    shares[:] = 0.0
    for i in range(elements.shape[0]):
        group = heat[i].group
        if group == GROUP.none or slag[i] <= 0.0:
            continue
        n = slag[i] / elements[i].molar_mass
        oxide = slag[i] + n * elements[i].oxygen * 0.015999
        mass += oxide
        n /= heat[i].atoms
        former += n if group == GROUP.former else 0.0
        lime += n if group == GROUP.lime else 0.0
        iron_like += n if group == GROUP.iron else 0.0
        alumina += n if group == GROUP.amphoteric else 0.0
        key = heat[i].key
        if key != KEY.none:
            shares[key] += oxide
        if key == KEY.Fe:
            iron = slag[i]
    if former + lime + iron_like + alumina <= 0.0:
        return math.nan, math.nan, 0.0
    for k in range(KEY.iron_to_silica):
        shares[k] /= mass
    silica = shares[KEY.Si]
    shares[KEY.iron_to_silica] = iron / mass / silica if silica > 0.0 else math.inf
    liquidus, slope = _liquidus(shares)
    solid = min(max(solids, slope * max(liquidus - temperature, 0.0)), MOST_SOLID)
    return thickened(liquid_viscosity(former, alumina, lime, iron_like, temperature), solid), liquidus, solid


@kernel()
def liquid_viscosity(former: float, alumina: float, lime: float, iron: float, temperature: float) -> float:
    """Viscosity [Pa s] of a liquid slag of so many mol of SiO2, Al2O3, CaO and FeO, or what counts as them, at ``temperature`` [K].

    Fayalite at 1300 °C:

    >>> round(liquid_viscosity(1.0, 0.0, 0.0, 2.0, 1573.15), 4)
    0.0459
    """
    total = former + alumina + lime + iron
    basic = lime + iron
    a = basic / (basic + alumina) if basic + alumina > 0.0 else 1.0
    c = lime / basic if basic > 0.0 else 0.0
    s, power, b = former / total, 1.0, 0.0
    for i in range(4):
        b += power * (BASE[i] + a * (c * LIME[0][i] + (1.0 - c) * IRON[0][i] + a * (c * LIME[1][i] + (1.0 - c) * IRON[1][i])))
        power *= s
    m = (PER_MOLE[0] * former + PER_MOLE[1] * alumina + PER_MOLE[2] * lime + PER_MOLE[3] * iron) / total
    return POISE * temperature * math.exp(min(1000.0 * b / temperature - m * b - SHIFT, 30.0))


@kernel()
def thickened(viscosity: float, solids: float) -> float:
    """Viscosity of a liquid with the volume share ``solids``, 0 to 0.6, of solids.

    >>> [round(thickened(1.0, f), 3) for f in (0.0, 0.1, 0.3)]
    [1.0, 1.437, 3.662]
    """
    return float(viscosity * (1.0 - ROSCOE * solids) ** -ROSCOE_POWER)


@kernel()
def _liquidus(shares: Floats) -> tuple[float, float]:
    """Liquidus [K], and the share of solids that a kelvin below it makes. At iron saturation: what is oxidised to spinel the equilibrium has to count.

    Weight percent of oxides; z = ZnO/(FeO + ZnO) goes from the points of the system with FeO to those with ZnO, x is SiO2 over SiO2, FeO, ZnO and MgO. In °C:

    - silica: 1178 at 38 % SiO2, monotectic 1690 at 58 %; with ZnO 1442 at 40.5 %. CaO and Al2O3 take up 0.4 and 0.44 % SiO2 a percent;
    - olivine: fayalite 1205 at x = 29.5 %, eutectics of 1177 at 24 and 38 %; willemite 1512 at 27 %, 1497 and 1442 at 23.2 and 40.5 %.
      CaO lowers by 4.6 a percent, down to kirschsteinite's 1117, Al2O3 by 5 (1148 with hercynite and wüstite), MgO raises by 20;
    - wüstite: 1177 at 24 % SiO2, 1370 at none; zincite: 1497 at 23.2 %, 1975 at none;
    - spinel: 1088 at 12 % Al2O3, hercynite 1780 at 58.7 %; MgO raises by 15. Lifted with z as silica is;
    - chromite: 1300 at 0.44 % Cr2O3 (0.3 % Cr); twice as much dissolves 69 K above (assumed);
    - lime silicates: 1093 at 17 % CaO, wollastonite 1544 at 48.3 %.

    PbO, Cu2O, Na2O, Bi2O3 and Sb2O3 lower each by 4 a percent (assumed).
    """
    silica, lime, alumina, magnesia = 100.0 * shares[KEY.Si], 100.0 * shares[KEY.Ca], 100.0 * shares[KEY.Al], 100.0 * shares[KEY.Mg]
    chromia, flux, olivine = 100.0 * shares[KEY.Cr], 100.0 * shares[KEY.flux], shares[KEY.Si] + shares[KEY.Fe] + shares[KEY.Zn] + shares[KEY.Mg]
    base = shares[KEY.Fe] + shares[KEY.Zn]
    z = shares[KEY.Zn] / base if base > 0.0 else 0.0
    highest = 1178.0 + 264.0 * z + 25.6 * (silica - 38.0 - 2.5 * z - 0.4 * lime - 0.44 * alumina)
    slope = SOLIDS_PER_KELVIN[0]
    away = 100.0 * shares[KEY.Si] / olivine - 29.5 + 2.5 * z if olivine > 0.0 else 100.0
    width, depth = (5.5 - 1.7 * z, 28.0 - 13.0 * z) if away < 0.0 else (8.5 + 5.0 * z, 28.0 + 42.0 * z)
    field = 1205.0 + 307.0 * z - depth * (away / width) ** 2 - min(4.6 * lime, 88.0) - 5.0 * alumina + 20.0 * magnesia
    if field > highest:
        highest, slope = field, SOLIDS_PER_KELVIN[1]
    field = (1.0 - z) * (1177.0 + 8.04 * (24.0 - silica)) + z * (1497.0 + 20.6 * (23.2 - silica)) + 15.0 * magnesia
    if base > 0.0 and field > highest:
        highest, slope = field, SOLIDS_PER_KELVIN[2]
    field = 1088.0 + 264.0 * z + 14.8 * (alumina - 12.0) + 15.0 * magnesia
    if alumina > 0.0 and field > highest:
        highest, slope = field, SOLIDS_PER_KELVIN[3]
    field = 1300.0 + 100.0 * math.log(max(chromia, 1e-6) / 0.44)
    if field > highest:
        highest, slope = field, SOLIDS_PER_KELVIN[4] * shares[KEY.Cr]
    field = 1093.0 + 14.4 * (lime - 17.0)
    if field > highest:
        highest, slope = field, SOLIDS_PER_KELVIN[5]
    return float(min(max(highest - 4.0 * flux + ICE, LOWEST_LIQUIDUS), HIGHEST_LIQUIDUS)), slope


@kernel()
def settling_velocity(droplet: float, viscosity: float) -> float:
    """Velocity [m/s] at which copper drops of diameter ``droplet`` [m] sink in slag of ``viscosity`` [Pa s].

    Drag coefficient 24/Re (1 + 0.15 Re^0.687) + 0.42/(1 + 42500 Re^-1.16), up to Re = 3e5. Its root is found by Newton's method in ln Re, from Stokes'
    velocity, in six steps at most: to 1e-9. Drops of 0.2 mm sink by Stokes, those of 5 mm at 0.36 of his velocity:

    >>> round(settling_velocity(0.0002, 0.1), 7), round(settling_velocity(0.005, 0.1), 4)
    (0.0009329, 0.2084)
    """
    stokes = (METAL_DENSITY - SLAG_DENSITY) * GRAVITY * droplet * droplet / (18.0 * viscosity)
    aim = SLAG_DENSITY * stokes * droplet / viscosity
    reynolds = aim
    for _ in range(6):
        viscous = 0.15 * reynolds**1.687
        late = 42500.0 * reynolds**-1.16
        turbulent = 0.0175 * reynolds * reynolds / (1.0 + late)
        total = reynolds + viscous + turbulent
        slope = (reynolds + 1.687 * viscous + turbulent * (2.0 + 1.16 * late / (1.0 + late))) / total
        further = math.log(aim / total) / slope
        reynolds *= math.exp(further)
        if abs(further) < 1e-6:  # the error squares with each step
            break
    return float(reynolds * viscosity / (SLAG_DENSITY * droplet))


@kernel()
def settled_share(droplet: float, spread: float, viscosity: float, fallen: float, further: float) -> float:
    """Share of the drops still in a slag that is left after the drop of median size has fallen by ``further`` depths more than the ``fallen`` ones before.

    Sizes are log-normal by mass about ``droplet`` [m] with the geometric standard deviation ``spread``; those of each of seven classes (Gauss-Hermite) are
    evenly mixed in the slag, so that exp(-depths fallen) of them are left: the coarse ones leave first, and what is left settles ever more slowly.

    >>> round(settled_share(3e-4, 1.0, 0.1, 0.0, 1.0), 4)
    0.3679
    >>> [round(settled_share(3e-4, 2.0, 0.1, start, 1.0), 3) for start in (0.0, 1.0, 5.0)]
    [0.396, 0.633, 0.837]
    """
    before, after, median = 0.0, 0.0, settling_velocity(droplet, viscosity)
    for k in range(len(NODES)):
        ratio = settling_velocity(droplet * spread ** NODES[k], viscosity) / median
        before += WEIGHTS[k] * math.exp(-ratio * fallen)
        after += WEIGHTS[k] * math.exp(-ratio * (fallen + further))
    return after / before if before > 0.0 else 0.0
