"""The data that come with twin: complete, sourced, and adding up."""

from __future__ import annotations

import math

import pytest

from twin.materials import CLASSES, ELEMENTS, PROPERTIES, Catalogue, Number, builtin_catalogue, builtin_names, carriers, emission_factor
from twin.materials.pieces import WALLED
from twin.materials.properties import COMPUTED, OF_CARBON

WEEE = builtin_catalogue("weee")
DEFAULT = "default of twin"


def catalogue_numbers() -> list[tuple[str, Number]]:
    return [(f"{name}: {path}", number) for name in builtin_names() for path, number in builtin_catalogue(name).numbers(builtin_catalogue(name).materials)]


@pytest.mark.parametrize("name", builtin_names())
def test_every_assay_sums_to_one(name: str) -> None:
    catalogue = builtin_catalogue(name)
    for material in catalogue.materials:
        assay = catalogue.assay(material)
        assert math.isclose(math.fsum(assay), 1.0, abs_tol=1e-12), material
        assert min(assay) >= 0.0, material


@pytest.mark.parametrize("name", builtin_names())
def test_rest_is_a_small_remainder(name: str) -> None:
    catalogue = builtin_catalogue(name)
    left_open = {material: catalogue.assay(material)[-1] for material in catalogue.materials}
    assert all(rest < 0.07 for rest in left_open.values()), left_open


def test_every_number_has_a_source_and_every_assumed_one_a_range() -> None:
    for path, number in catalogue_numbers():
        assert number.source != "not stated" and len(number.source) > 10, path
        if number.basis == "assumed" and number.source != DEFAULT:
            assert number.low is not None and number.high is not None and number.low < number.high, path


SORTED = ("elv", "lvp", "weee")
"""Catalogues of sorting plants, whose machines ask for every property."""


@pytest.mark.parametrize("name", builtin_names())
def test_what_magnets_eddy_currents_and_sensors_see_is_given_everywhere(name: str) -> None:
    for material in builtin_catalogue(name).materials.values():
        seen = {key: material.properties[key] for key in ("conductivity", "ferromagnetic", "sphericity")} | dict(material.classes)
        assert all(stated.source != DEFAULT for stated in seen.values()), material.name


@pytest.mark.parametrize("name", SORTED)
def test_every_property_and_class_is_given_for_every_material(name: str) -> None:
    for material in builtin_catalogue(name).materials.values():
        open_ones = (
            (*COMPUTED, "solidity") if material.constituents else ("oxide_oxygen", "grain", "solidity", *OF_CARBON)
        )  # all of the assay's where it is not said; composites have grains; of carbon: tests/plant/test_charge_carbon.py
        walled = material.form.value in WALLED
        own = ("wall", "envelope_density") if material.form.value in ("film", "crumpled") else ("wall",) if walled else ()
        assert material.form.source != DEFAULT, material.name
        for key in [key for key in PROPERTIES if key not in open_ones and (key in own or key not in ("wall", "envelope_density"))]:
            assert material.properties[key].source != DEFAULT, (material.name, key)
        for key in CLASSES:
            assert len(material.classes[key].source) > 10 and material.classes[key].source != DEFAULT, (material.name, key)


NIR = (
    "abs",
    "board",
    "carton",
    "dark",
    "glass",
    "metal",
    "mixed",
    "organic",
    "paper",
    "pe",
    "pet",
    "pp",
    "ps",
    "pur",
    "pvc",
    "rubber",
    "textile",
    "water",
    "wood",
)
COLOURS = ("black", "blue", "brown", "clear", "green", "grey", "mixed", "red", "silver", "white", "yellow")


@pytest.mark.parametrize("name", builtin_names())
def test_classes_are_those_of_the_sensors(name: str) -> None:
    for material in builtin_catalogue(name).materials.values():
        assert material.classes["nir"].value in (*NIR, "none"), material.name
        assert material.classes["colour"].value in (*COLOURS, "none"), material.name


@pytest.mark.parametrize("name", SORTED)
def test_every_composite_comes_apart_and_conserves_elements(name: str) -> None:
    catalogue = builtin_catalogue(name)
    composites = [material for material in catalogue.materials.values() if material.constituents]
    assert len(composites) >= 2
    for material in composites:
        parts = catalogue.made_of(material.name)
        assert parts, material.name
        together = [math.fsum(share * catalogue.assay(part)[e] for part, share in parts.items()) for e in range(len(ELEMENTS))]
        assert together == pytest.approx(catalogue.assay(material.name), abs=1e-14), material.name
        assert material.properties["grain"].source != DEFAULT, material.name
        for number in material.constituents.values():
            assert number.low is not None and number.high is not None, material.name


def test_a_board_that_comes_apart_has_the_assay_of_a_board() -> None:
    """The constituents of ``populated_board`` add up to the literature assay of ``pcb``, to 0.15 % of the mass."""
    whole, apart = WEEE.assay("pcb"), WEEE.assay("populated_board")
    for element, given, found in zip(ELEMENTS, whole, apart, strict=True):
        assert found == pytest.approx(given, abs=0.0015), element
    for element in ("Cu", "Ag", "Au", "Pd", "Ni", "Cr", "Sn", "Pb", "Zn"):
        assert apart[ELEMENTS.index(element)] == pytest.approx(whole[ELEMENTS.index(element)], rel=0.01), element


@pytest.mark.parametrize("name", SORTED)
def test_water_and_batteries_are_the_same_everywhere(name: str) -> None:
    catalogue = builtin_catalogue(name)
    assert catalogue.materials["water"] == WEEE.materials["water"] and catalogue.materials["battery"] == WEEE.materials["battery"]
    held = {element: share for element, share in zip(ELEMENTS, catalogue.assay("water"), strict=True) if share}
    assert held == {"H": 0.111907, "O": 0.888093}


def test_any_two_catalogues_load_together() -> None:
    for one in builtin_names():
        for other in builtin_names():
            assert not builtin_catalogue(one).joined(builtin_catalogue(other)).clashes(), (one, other)


def test_the_names_of_the_scenario_examples_exist() -> None:
    assert {"steel", "aluminium", "copper", "pcb", "cable", "plastics"} <= set(WEEE.materials)
    assert not WEEE.clashes()


def test_conductivity_over_density_is_the_published_ratio() -> None:
    """s/rho in m2/(Ohm kg) of the metals an eddy current separates: Al 12960, cast Al 7400, Cu 6470, Zn 2380, brass 1770, 304 180."""
    published = {"aluminium": 12960, "cast_aluminium": 7400, "copper": 6470, "zinc": 2380, "brass": 1770, "stainless": 180}
    _conducts_as_published(WEEE, published, rel=0.03)
    _conducts_as_published(builtin_catalogue("elv"), {**published, "lead": 420}, rel=0.05)
    _conducts_as_published(builtin_catalogue("lvp"), {"aluminium": 12960}, rel=0.03)


def _conducts_as_published(catalogue: Catalogue, published: dict[str, float], rel: float) -> None:
    materials = catalogue.select(list(published))
    for name, sigma, rho in zip(materials.names, materials.properties["conductivity"], materials.properties["density"], strict=True):
        assert sigma / rho == pytest.approx(published[name], rel=rel), name


def test_printed_circuit_boards_lie_within_the_literature_columns() -> None:
    ranges = {"Cu": (6.5, 28.7), "Fe": (0.1, 12), "Al": (1, 7), "Sn": (1, 5.6), "Pb": (0.3, 4.2), "Ni": (0.1, 2), "Zn": (0.2, 2.2)}
    ranges |= {"Sb": (0.05, 4), "Ag": (0.008, 0.33), "Au": (0.007, 0.1), "Pd": (0.003, 0.025)}
    assay = dict(zip(ELEMENTS, WEEE.assay("pcb"), strict=True))
    for element, (low, high) in ranges.items():
        assert low <= 100 * assay[element] <= high, element


@pytest.mark.parametrize(("year", "vintage", "grams"), [(1990, None, 764), (2015, None, 527), (2015, "2017-05", 534), (2019, None, 401), (None, None, 363)])
def test_grid_factor_by_year_and_vintage(year: int | None, vintage: str | None, grams: float) -> None:
    assert emission_factor("electricity", year, vintage).number.value * 3.6e9 == pytest.approx(grams, rel=1e-12)


def test_direct_factors() -> None:
    """Per kWh of lower heating value; 0.056 t/GJ for gas and 0.105 t/GJ for coke are the same figures."""
    assert emission_factor("natural_gas").number.value * 1e9 == pytest.approx(56, rel=5e-3)
    assert emission_factor("coke").number.value * 1e9 == pytest.approx(105, rel=1e-9)
    assert emission_factor("hard_coal").number.value * 3.6e6 == pytest.approx(0.335, rel=1e-12)
    assert emission_factor("coal_dust").number.value * 1e9 == pytest.approx(99, rel=5e-3)
    assert emission_factor("heavy_oil").number.value * 1e9 == pytest.approx(78, rel=5e-3)
    assert emission_factor("hydrogen").number.value == emission_factor("oxygen").number.value == 0.0


def test_every_factor_has_a_source() -> None:
    for carrier in carriers().values():
        assert carrier.scope in ("grid", "direct")
        assert carrier.factors
        for factor in carrier.factors:
            assert factor.number.basis == "literature" and factor.number.source, carrier.name
            assert carrier.scope == "direct" or (factor.year and factor.vintage and factor.status), carrier.name


@pytest.mark.parametrize("name", SORTED)
def test_every_material_says_how_it_breaks(name: str) -> None:
    for material in builtin_catalogue(name).materials.values():
        assert material.breaks.source != DEFAULT and len(material.breaks.source) > 10, material.name
        if "metals" in material.groups and not any(cast in material.name for cast in ("cast", "zinc", "magnesium")):
            assert material.breaks.value == "ductile", material.name
    assert builtin_catalogue("elv").materials["tyre"].breaks.value == "rubber" and WEEE.materials["glass"].breaks.value == "brittle"


def test_boards_motors_cables_and_compounds_have_tables_of_liberation() -> None:
    """Some of each is open at 31.5 mm but of cable, nearly all at 1 mm, none of them at 250 mm or more."""
    tables = {
        "weee": ("populated_board", "motor", "transformer", "coil", "cable", "compound_housing"),
        "elv": ("motor", "wire_harness", "interior_trim", "tyre"),
    }
    for name, composites in tables.items():
        for composite in composites:
            points = builtin_catalogue(name).materials[composite].liberated
            assert points[0][2].value >= 0.95 and points[-1][2].value <= 0.10, composite
            assert all(share.low is not None and share.high is not None for _, _, share in points), composite


def test_palladium_is_rarer_than_gold_and_silver_sits_in_more_than_components() -> None:
    """Palladium over gold .435 as in telephones; chips hold 91 % of the gold; half of the silver is in solder and contacts."""
    board = dict(zip(ELEMENTS, WEEE.assay("populated_board"), strict=True))
    assert board["Pd"] / board["Au"] == pytest.approx(151 / 347, rel=0.01)
    made = WEEE.materials["populated_board"].constituents

    def held(element: str, *parts: str) -> float:
        place = ELEMENTS.index(element)
        return math.fsum(made[part].value * WEEE.assay(part)[place] for part in parts) / board[element]

    assert held("Au", "components") == pytest.approx(0.91, abs=0.01)
    assert held("Ag", "solder", "contacts") > 0.5
    assert WEEE.assay("brass")[ELEMENTS.index("Ag")] > 0.0
