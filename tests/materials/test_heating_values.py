"""What burns in materials: heating values and assays agree, and oxygen is where it belongs."""

from __future__ import annotations

import pytest

from twin.materials import ELEMENTS, Materials, builtin_catalogue, builtin_names

OXIDES = {"Na": 0.3480, "Mg": 0.6583, "Al": 0.8895, "Si": 1.1393, "P": 1.2914, "Ca": 0.3992, "Cr": 0.4616, "Mn": 0.2912, "Fe": 0.4297, "Ni": 0.2726} | {
    "Cu": 0.1259,
    "Zn": 0.2447,
    "Sn": 0.1348,
    "Sb": 0.1971,
    "Pb": 0.0772,
}
"""Oxygen for a kg of the element in Na2O, MgO, Al2O3, SiO2, P2O5, CaO, Cr2O3, MnO, Fe2O3, NiO, Cu2O, ZnO, SnO, Sb2O3, PbO."""
CARBONATES = ("limestone", "burnt_lime", "soda_ash", "hydroxide_sludge")
CATALOGUES = {name: builtin_catalogue(name).select(list(builtin_catalogue(name).materials)) for name in builtin_names()}
CASES = [(catalogue, material) for catalogue, found in CATALOGUES.items() for material in found.names]


def dry(catalogue: str, material: str) -> tuple[dict[str, float], float, float, float]:
    """Assay without the water, water, heating value and oxide oxygen; a composite's water is that of its parts."""
    whole = builtin_catalogue(catalogue)
    materials: Materials = CATALOGUES[catalogue]
    k = materials.index(material)
    entry = whole.materials[material]
    water = sum(f.value * whole.materials[part].properties["moisture"].value for part, f in entry.constituents.items())
    water += (1 - water) * entry.properties["moisture"].value
    x = dict(zip(ELEMENTS, materials.assay[k].tolist(), strict=True))
    x["H"] -= 0.111907 * water
    x["O"] -= 0.888093 * water
    return x, water, float(materials.properties["heating_value"][k]), float(materials.properties["oxide_oxygen"][k])


@pytest.mark.parametrize(("catalogue", "material"), [case for case in CASES if case[1] not in CARBONATES])
def test_the_elements_give_the_heat(catalogue: str, material: str) -> None:
    """Boie: 34.8 C + 93.9 H + 6.3 N + 10.5 S - 10.8 O - 2.44 W MJ/kg, less the H that goes with Cl and Br; within 12 % and 0.2 MJ/kg.

    The oxygen is that of the organics: what the oxides leave.
    """
    x, water, heating_value, oxide_oxygen = dry(catalogue, material)
    organic = max(0.0, x["O"] - min(oxide_oxygen, sum(x[element] * oxygen for element, oxygen in OXIDES.items())))
    hydrogen = x["H"] - 1.008 * (x["Cl"] / 35.45 + x["Br"] / 79.904)
    boie = 34.8 * x["C"] + 93.9 * max(0.0, hydrogen) + 6.3 * x["N"] + 10.5 * x["S"] - 10.8 * organic - 2.44 * water
    assert heating_value / 1e6 == pytest.approx(boie, rel=0.12, abs=0.2)


@pytest.mark.parametrize(("catalogue", "material"), CASES)
def test_there_is_no_more_oxygen_than_can_be_bound(catalogue: str, material: str) -> None:
    x, _, _, oxide_oxygen = dry(catalogue, material)
    most = sum(x[element] * oxygen for element, oxygen in OXIDES.items()) + 0.135 * (x["Cu"] + x["Sn"])  # CuO, SnO2
    others = 2.66 * x["C"] + 7.94 * x["H"] + 1.5 * x["S"]
    assert -1e-9 <= x["O"] <= most + others + 0.02
    assert oxide_oxygen <= x["O"] + 1e-9


@pytest.mark.parametrize("material", ["glass", "mineral_fines", "copper_slag", "silica_sand", "limestone", "burnt_lime", "soda_ash", "dust", "mill_scale"])
def test_minerals_carry_the_oxygen_of_their_oxides(material: str) -> None:
    """Si, Al, Ca, Mg and Na are oxides in them, and their oxygen is in the assay."""
    catalogue = "weee" if material in ("glass", "dust") else "copper_scrap"
    x, _, _, oxide_oxygen = dry(catalogue, material)
    assert oxide_oxygen >= 0.99 * sum(x[element] * OXIDES[element] for element in ("Si", "Al", "Ca", "Mg", "Na"))


@pytest.mark.parametrize(
    ("material", "low", "high"), [("pp", 36, 44), ("abs", 35, 40), ("plastics", 30, 40), ("pvc", 13, 22), ("rubber", 28, 37), ("wood", 14, 18)]
)
def test_organics_have_the_heat_that_tables_give(material: str, low: float, high: float) -> None:
    assert low <= dry("weee", material)[2] / 1e6 <= high


@pytest.mark.parametrize(
    ("catalogue", "material", "low", "high"),
    [
        *(("lvp", "ldpe_film", 40, 44), ("lvp", "hdpe", 40, 44), ("lvp", "pp", 39, 44), ("lvp", "pet_clear", 21, 24), ("lvp", "ps", 37, 41)),
        *(("lvp", "paper", 10, 15), ("lvp", "organic", 3, 8), ("elv", "tyre", 25, 32), ("elv", "pur_foam", 23, 29), ("elv", "cast_iron", 0.9, 1.3)),
    ],
)
def test_packaging_and_vehicles_have_the_heat_that_tables_give(catalogue: str, material: str, low: float, high: float) -> None:
    """Gross 47.7 (PE), 45.8 (PP), 24.1 (PET), 43.7 (PS) MJ/kg in Walters et al. 2000, less 2.44 MJ for each kg of water."""
    assert low <= dry(catalogue, material)[2] / 1e6 <= high


def test_metals_and_glass_have_none() -> None:
    for material in ("aluminium", "cast_aluminium", "copper", "brass", "zinc", "stainless"):
        assert dry("weee", material)[2] == 0.0, material
    assert -0.01e6 < dry("weee", "glass")[2] <= 0.0


def test_boards_have_the_heat_of_their_resin() -> None:
    """About 30 % organics of 25 to 30 MJ/kg."""
    for catalogue, material in (("weee", "pcb"), ("copper_scrap", "escrap_medium")):
        assert 7e6 < dry(catalogue, material)[2] < 10e6, material


@pytest.mark.parametrize(("material", "pure", "molar_heat", "molar_mass"), [("limestone", 0.97, 178.3, 100.09), ("soda_ash", 0.99, 323.0, 105.99)])
def test_carbonates_take_heat(material: str, pure: float, molar_heat: float, molar_mass: float) -> None:
    """CaCO3 = CaO + CO2 takes 178.3 kJ/mol, Na2CO3 = Na2O + CO2 323 kJ/mol; the water as received takes its part."""
    _, water, heating_value, _ = dry("copper_scrap", material)
    assert heating_value == pytest.approx(-(1 - water) * pure * molar_heat / molar_mass * 1e6 - water * 2.4427e6, rel=0.01)


def test_aluminium_in_boards_is_metal_for_the_most_part() -> None:
    """The oxygen on metals and silicon is less than silicon, calcium and all aluminium would take, though the assay has enough."""
    for material in ("escrap_low", "escrap_medium"):
        x, _, _, oxide_oxygen = dry("copper_scrap", material)
        oxides = sum(x[element] * OXIDES[element] for element in ("Si", "Ca", "Mg"))
        assert 0.1 < (oxide_oxygen - oxides) / (x["Al"] * OXIDES["Al"]) < 0.5, material
        assert x["O"] > oxides + x["Al"] * OXIDES["Al"] or material == "escrap_low"
