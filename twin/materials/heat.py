"""Heats of melts, gases and cold materials, so that the heat balance of a furnace agrees with its equilibrium.

Enthalpies are relative to the elements as they are at 298.15 K. Every substance has a formation at 298.15 K and a heat content above it,
H(T) - H(298.15 K), that passes through zero at 298.15 K and through the value and slope known at T0 = 1573.15 K::

    H + c (T - T0) + q min(T - T0, 0)^2,    q = (c (T0 - 298.15) - H) / (T0 - 298.15)^2

A dissolved oxide has the enthalpy at T0 that its free energy gives it, that of metal and oxygen at T0 plus z/2 dH per atom of metal, dH = A - C T0; its
formation at 298.15 K is that less its heat content. Where an oxide has no free energy, the formation of the data is taken. Vapours have the
enthalpy of the liquid plus A of their evaporation. Sulphur in copper follows from SO2 in the same way. Not in here: heats of mixing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.kernels.physical_constants import T0
from twin.materials.elements import ELEMENTS, REST
from twin.materials.thermochemistry import Element, Enthalpy, Thermochemistry, thermochemistry

Floats = NDArray[np.float64]


HEAT_COLUMNS = ("metal_H", "metal_c", "oxide_F", "oxide_H", "oxide_c", "vapour_h", "vapour_c", "oxide_vapour_h", "oxide_vapour_c", "metal_F")
"""Columns of the table of elements, per kg of the element: heat content at T0 [J/kg] and slope there [J/(kg K)] of the metal; formation at 298.15 K,
heat content and slope of its oxide; enthalpy at T0 (formation included) and slope of the vapours; formation of the dissolved element."""
SLAG_COLUMNS = ("group", "atoms", "key")
"""Further columns, as the slag kernel names them: group of the oxide in Riboud's viscosity, atoms of metal in its formula, part in the slag's window."""
_GROUPS = {"Si": 1.0, "P": 1.0, "Ge": 1.0, REST: 1.0, "Na": 3.0, "Al": 4.0}
_KEYS = {"Fe": 1.0, "Si": 2.0, "Ca": 3.0, "Al": 4.0, "Mg": 5.0, "Zn": 6.0, "Cr": 7.0, "Pb": 8.0, "Cu": 8.0, "Na": 8.0, "Bi": 8.0, "Sb": 8.0}

SPECIES = ("CO", "CO2", "H2", "H2O", "SO2", "N2", "O2", "HCl", "Cl2", "O in copper")
"""Rows of the table of molecules; columns: formation [J/mol], heat content at T0 [J/mol], slope [J/(mol K)]."""

MONATOMIC = 20.786  # J/(mol K): 5/2 R
DIATOMIC = 37.0  # J/(mol K): of oxides in the gas at furnace temperature, near 9/2 R
_MOLAR_MASSES = {"CO": 0.02801, "CO2": 0.044009, "H2": 0.002016, "H2O": 0.018015, "SO2": 0.064058, "N2": 0.028014, "O2": 0.031998}
_MOLAR_MASSES |= {"HCl": 0.036458, "Cl2": 0.0709}
_AS_GAS = {"H": "H2", "N": "N2", "Cl": "Cl2", "Br": "Cl2"}
"""The gas whose heat content an element has that is not in melts. Bromine is counted as chlorine, mol for mol."""
BOUND_OXYGEN = 35000.0
"""Heat content at T0 of a mol of oxygen in a solid oxide above that of its metal, J/mol: FeO 36, SiO2 31, MgO 15, Al2O3 41 kJ. For cold charges only."""
BOUND_OXYGEN_SLOPE = 28.0


@dataclass(frozen=True)
class HeatData:
    """The arrays of the furnace kernel: ``elements`` (element, len(HEAT_COLUMNS + SLAG_COLUMNS)) and ``species`` (len(SPECIES), 3)."""

    elements: Floats
    species: Floats
    molar_mass: Floats
    oxygen: Floats

    @cached_property
    def affinity(self) -> tuple[int, ...]:
        """Indices of the elements that bind oxygen in a cold material, the firmest bond per mol of oxygen first."""
        bond = {i: self.elements[i, 2] * self.molar_mass[i] / self.oxygen[i] for i in range(len(ELEMENTS)) if self.oxygen[i] > 0.0}
        return tuple(sorted((i for i in bond if bond[i] < 0.0), key=lambda i: (bond[i], i)))

    def formation(self, assay: Floats, lower_heating_value: float | None = None) -> float:
        """Return the enthalpy of formation at 298.15 K, J/kg, of a material with the mass fractions ``assay`` (element,).

        Its oxygen is bound to its elements in the order of :attr:`affinity`, to the oxide that the slag dissolves; what is left counts as
        free. Where ``lower_heating_value`` [J/kg] is given, the material is what burns with that heat to CO2, H2O, SO2, HCl and its oxides:
        the formation is that of these plus the heating value.

        Quartz (Si 0.467, O 0.533) has -1.53e7 J/kg; carbon with 32.8 MJ/kg has 4e4.
        """
        oxygen = float(assay[ELEMENTS.index("O")]) / float(self.molar_mass[ELEMENTS.index("O")])
        total = 0.0
        for i in self.affinity:
            mol = float(assay[i] / self.molar_mass[i])
            bound = min(mol * float(self.oxygen[i]), oxygen)
            oxygen -= bound
            total += bound / float(self.oxygen[i]) * float(self.molar_mass[i] * self.elements[i, 2])
        if lower_heating_value is None:
            return total
        mol_of = {name: float(assay[ELEMENTS.index(name)] / self.molar_mass[ELEMENTS.index(name)]) for name in ("C", "H", "S", "Cl", "Br")}
        halogen = min(mol_of["Cl"] + mol_of["Br"], mol_of["H"])
        burnt = {"CO2": mol_of["C"], "H2O": 0.5 * (mol_of["H"] - halogen), "SO2": mol_of["S"], "HCl": halogen}
        return total + lower_heating_value + sum(mol * float(self.species[SPECIES.index(name), 0]) for name, mol in burnt.items())


def heat_data(data: Thermochemistry | None = None, variants: Mapping[str, str] | None = None) -> HeatData:
    """Return the heat data that belong to ``data.smelting(variants)``.

    Raises what that raises, and ``KeyError`` where the data lack a substance.
    """
    data = data or thermochemistry()
    table = data.smelting(variants).table
    mass, dg_a, dg_c, oxygen = table[:, 1], table[:, 2], table[:, 4], table[:, 5]
    species = np.array([_species(data, name) for name in SPECIES[:-1]] + [_dissolved_oxygen(data)])
    o2 = species[SPECIES.index("O2"), 1]
    rows = np.zeros((len(ELEMENTS), len(HEAT_COLUMNS) + len(SLAG_COLUMNS)))
    for i, name in enumerate(ELEMENTS):
        if name == REST:  # as silica, inert
            rest = data.enthalpies["SiO2"]
            rows[i, :5] = (rest.H.value, rest.c.value, 0.0, rest.H.value, rest.c.value)
            rows[i, 10:] = (_GROUPS[REST], 1.0, 0.0)
            continue
        element = data.elements[name]
        rows[i, :2] = _metal(data, name, float(mass[i]), species)
        if name == "S":
            so2 = species[SPECIES.index("SO2")]
            rows[i, 9] = (so2[0] + so2[1] - o2 - dg_a[i]) / mass[i] - rows[i, 0]
        if not element.oxygen:
            continue
        oxide = data.enthalpies[formula(name, element.oxygen)]
        atoms = 1.0 if float(element.oxygen).is_integer() else 2.0
        rows[i, 10:] = (_GROUPS.get(name, 2.0), atoms, _KEYS.get(name, 0.0))
        whole = float(mass[i]) + element.oxygen * 0.015999
        rows[i, 3], rows[i, 4] = oxide.H.value * whole / mass[i], oxide.c.value * whole / mass[i]
        if element.ratio is not None:
            rows[i, 2] = (oxide.formation.value if oxide.formation else math.nan) / atoms / mass[i]
        else:
            hot = 0.5 * oxygen[i] * (o2 + dg_a[i] - dg_c[i] * T0) / mass[i]
            rows[i, 2] = rows[i, 0] + hot - rows[i, 3]
        rows[i, 5:9] = _vapours(element, rows[i], float(mass[i]))
    return HeatData(rows, species, np.ascontiguousarray(mass), np.array([_bound(name, data) for name in ELEMENTS]))


def formula(name: str, oxygen: float) -> str:
    """Return the formula of an oxide with ``oxygen`` atoms to an atom of metal.

    >>> formula("Al", 1.5), formula("Cu", 0.5), formula("Si", 2.0), formula("Fe", 1.0)
    ('Al2O3', 'Cu2O', 'SiO2', 'FeO')
    """
    metals = 1 if float(oxygen).is_integer() else 2
    count = round(metals * oxygen)
    return f"{name}{metals if metals > 1 else ''}O{count if count > 1 else ''}"


def _bound(name: str, data: Thermochemistry) -> float:
    return data.elements[name].oxygen if name != REST else 0.0


def _species(data: Thermochemistry, name: str) -> tuple[float, float, float]:
    gas, mass = data.enthalpies[name], _MOLAR_MASSES[name]
    return (gas.formation.value if gas.formation else 0.0, gas.H.value * mass, gas.c.value * mass)


def _dissolved_oxygen(data: Thermochemistry) -> tuple[float, float, float]:
    oxygen = _species(data, "O2")
    return (data.gases["dissolved_oxygen"].A.value, 0.5 * oxygen[1], 0.5 * oxygen[2])


def _metal(data: Thermochemistry, name: str, mass: float, species: Floats) -> tuple[float, float]:
    if name == "O":
        return (BOUND_OXYGEN / mass, BOUND_OXYGEN_SLOPE / mass)
    if name in _AS_GAS:
        row = species[SPECIES.index(_AS_GAS[name])]
        return (0.5 * float(row[1]) / mass, 0.5 * float(row[2]) / mass)
    found: Enthalpy = data.enthalpies[name]
    return (found.H.value, found.c.value)


def _vapours(element: Element, row: Floats, mass: float) -> tuple[float, float, float, float]:
    metal = (float(row[0]) + element.vapour.A.value / mass, MONATOMIC / mass) if element.vapour else (0.0, 0.0)
    oxide = (float(row[2] + row[3]) + element.oxide_vapour.A.value / mass, DIATOMIC / mass) if element.oxide_vapour else (0.0, 0.0)
    return (*metal, *oxide)
