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
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting_tables import ENTHALPY, GROUP, HEAT, KEY
from twin.materials.elements import ELEMENTS, REST
from twin.materials.thermochemistry import Enthalpy, Thermochemistry, thermochemistry

Floats = NDArray[np.float64]


_GROUPS = {**dict.fromkeys(("Si", "P", "Ge", REST), GROUP.former), **dict.fromkeys(("Ca", "Mg", "Na"), GROUP.lime), "Al": GROUP.amphoteric}
"""Of the oxide in the viscosity of slag; what is not named counts as FeO."""
_KEYS = {name: getattr(KEY, name) for name in ("Fe", "Si", "Ca", "Al", "Mg", "Zn", "Cr")} | dict.fromkeys(("Pb", "Cu", "Na", "Bi", "Sb"), KEY.flux)

SPECIES = ("CO", "CO2", "H2", "H2O", "SO2", "N2", "O2", "HCl", "Cl2", "O in copper")
"""Molecules of the table of enthalpies, in the order of their places."""

_O = ELEMENTS.index("O")
_BURNING = {name: ELEMENTS.index(name) for name in ("C", "H", "S", "Cl", "Br")}
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
    """The records of the furnace kernel: a HEAT for each of ``elements``, an ENTHALPY by the mol for each of ``species``."""

    elements: Records
    species: Records
    molar_mass: Floats
    oxygen: Floats

    @cached_property
    def affinity(self) -> tuple[int, ...]:
        """Indices of the elements that bind oxygen in a cold material, the firmest bond per mol of oxygen first."""
        bond = {i: float(self.elements["oxide_F"][i]) * self.molar_mass[i] / self.oxygen[i] for i in range(len(ELEMENTS)) if self.oxygen[i] > 0.0}
        return tuple(sorted((i for i in bond if bond[i] < 0.0), key=lambda i: (bond[i], i)))

    @cached_property
    def bonds(self) -> tuple[tuple[int, float, float, float], ...]:
        """Of each element in :attr:`affinity`: its index, kg/mol, mol of oxygen that a mol binds, and J/mol that its oxide has."""
        masses, bound, oxides = self.molar_mass.tolist(), self.oxygen.tolist(), self.elements["oxide_F"].tolist()
        return tuple((i, masses[i], bound[i], masses[i] * oxides[i]) for i in self.affinity)

    @cached_property
    def by_species(self) -> dict[str, tuple[float, float, float]]:
        """Of each of :data:`SPECIES`: formation, J/mol, heat content at T0, J/mol, and its slope there, J/(mol K)."""
        columns = (self.species[name].tolist() for name in ("formation", "content", "slope"))
        return dict(zip(SPECIES, zip(*columns, strict=True), strict=True))

    def formation(self, assay: Floats, lower_heating_value: float | None = None) -> float:
        """Return the enthalpy of formation at 298.15 K, J/kg, of a material with the mass fractions ``assay`` (element,).

        Its oxygen is bound to its elements in the order of :attr:`affinity`, to the oxide that the slag dissolves; what is left counts as
        free. Where ``lower_heating_value`` [J/kg] is given, the material is what burns with that heat to CO2, H2O, SO2, HCl and its oxides:
        the formation is that of these plus the heating value.

        Quartz (Si 0.467, O 0.533) has -1.53e7 J/kg; carbon with 32.8 MJ/kg has 4e4.
        """
        shares: list[float] = assay.tolist()
        masses: list[float] = self.molar_mass.tolist()
        oxygen = shares[_O] / masses[_O]
        total = 0.0
        for i, mass, binds, oxide in self.bonds:
            bound = min(shares[i] / mass * binds, oxygen)
            oxygen -= bound
            total += bound / binds * oxide
        if lower_heating_value is None:
            return total
        mol_of = {name: shares[place] / masses[place] for name, place in _BURNING.items()}
        halogen = min(mol_of["Cl"] + mol_of["Br"], mol_of["H"])
        burnt = {"CO2": mol_of["C"], "H2O": 0.5 * (mol_of["H"] - halogen), "SO2": mol_of["S"], "HCl": halogen}
        return total + lower_heating_value + sum(mol * self.by_species[name][0] for name, mol in burnt.items())


def heat_data(data: Thermochemistry | None = None, variants: Mapping[str, str] | None = None) -> HeatData:
    """Return the heat data that belong to ``data.smelting(variants)``.

    Raises what that raises, and ``KeyError`` where the data lack a substance.
    """
    data = data or thermochemistry()
    table = data.smelting(variants).elements
    species = np.array([_species(data, name) for name in SPECIES[:-1]] + [_dissolved_oxygen(data)], dtype=ENTHALPY.dtype)
    rows = HEAT.new(len(ELEMENTS))
    for i, name in enumerate(ELEMENTS):
        if name == REST:  # as silica, inert
            rest = data.enthalpies["SiO2"]
            _fill(rows[i], metal_H=rest.H.value, metal_c=rest.c.value, oxide_H=rest.H.value, oxide_c=rest.c.value, group=_GROUPS[REST], atoms=1.0)
            continue
        metal = _metal(data, name, float(table["molar_mass"][i]), species)
        _fill(rows[i], metal_H=metal[0], metal_c=metal[1])
        if name == "S":
            rows["metal_F"][i] = _in_copper(table[i], species, metal[0])
        if data.elements[name].oxygen:
            _fill_oxide(data, name, table[i], species, rows[i])
    return HeatData(rows, species, np.ascontiguousarray(table["molar_mass"]), np.array([_bound(name, data) for name in ELEMENTS]))


def _fill(record: Record, **values: float) -> None:
    for name, value in values.items():
        record[name] = value


def _in_copper(sulphur: Record, species: Records, content: float) -> float:
    """Formation of sulphur in copper, J/kg: its free energy is that of SO2 from it."""
    so2, o2 = species[SPECIES.index("SO2")], species[SPECIES.index("O2")]["content"]
    return float((so2["formation"] + so2["content"] - o2 - sulphur["A"]) / sulphur["molar_mass"] - content)


def _fill_oxide(data: Thermochemistry, name: str, about: Record, species: Records, row: Record) -> None:
    """Fill in oxide, slag and vapours of an element; ``about``: its ELEMENT."""
    element, mass = data.elements[name], float(about["molar_mass"])
    oxide = data.enthalpies[formula(name, element.oxygen)]
    atoms = 1.0 if float(element.oxygen).is_integer() else 2.0
    whole = mass + element.oxygen * 0.015999
    _fill(
        row,
        group=_GROUPS.get(name, GROUP.iron),
        atoms=atoms,
        key=_KEYS.get(name, KEY.none),
        oxide_H=oxide.H.value * whole / mass,
        oxide_c=oxide.c.value * whole / mass,
    )
    if element.ratio is not None:
        row["oxide_F"] = (oxide.formation.value if oxide.formation else math.nan) / atoms / mass
    else:
        hot = 0.5 * about["oxygen"] * (species["content"][SPECIES.index("O2")] + about["A"] - about["C"] * T0) / mass
        row["oxide_F"] = row["metal_H"] + hot - row["oxide_H"]
    if about["more"] > 0.0:
        _fill_higher(data, name, about, species, row)
    if element.vapour:
        _fill(row, vapour_h=float(row["metal_H"]) + element.vapour.A.value / mass, vapour_c=MONATOMIC / mass)
    if element.oxide_vapour:
        enthalpy = float(row["oxide_F"] + row["oxide_H"]) + element.oxide_vapour.A.value / mass
        _fill(row, oxide_vapour_h=enthalpy, oxide_vapour_c=DIATOMIC / mass)


def _fill_higher(data: Thermochemistry, name: str, about: Record, species: Records, row: Record) -> None:
    """Fill in what the higher oxide of an element has more than its oxide."""
    more, mass = float(about["more"]), float(about["molar_mass"])
    oxygen = data.elements[name].oxygen + more
    higher, whole = data.enthalpies[formula(name, oxygen)], mass + oxygen * 0.015999
    content = higher.H.value * whole / mass - float(row["oxide_H"])
    reaction = float(about["higher_A"]) + 0.5 * more * float(species["content"][SPECIES.index("O2")])
    _fill(row, higher_F=reaction / mass - content, higher_H=content, higher_c=higher.c.value * whole / mass - float(row["oxide_c"]))


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


def _metal(data: Thermochemistry, name: str, mass: float, species: Records) -> tuple[float, float]:
    if name == "O":
        return (BOUND_OXYGEN / mass, BOUND_OXYGEN_SLOPE / mass)
    if name in _AS_GAS:
        row = species[SPECIES.index(_AS_GAS[name])]
        return (0.5 * float(row["content"]) / mass, 0.5 * float(row["slope"]) / mass)
    found: Enthalpy = data.enthalpies[name]
    return (found.H.value, found.c.value)
