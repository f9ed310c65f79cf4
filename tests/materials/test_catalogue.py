"""Reading a catalogue from a parsed tree, composites, moisture, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from twin.errors import Problem, ScenarioError, UsageError
from twin.materials import CLASSES, ELEMENTS, Catalogue, builtin_catalogue, builtin_text, catalogue_from_tree, emission_factor

IRON: dict[str, Any] = {"assay": {"Fe": "99 %"}, "density": "7850 kg/m3"}
SALT: dict[str, Any] = {"assay": {"Na": 0.39, "Cl": 0.61}, "density": "2160 kg/m3"}


def read(materials: dict[str, Any], **top: Any) -> Catalogue:
    return catalogue_from_tree({"twin_catalogue": 1, "name": "x", "materials": materials, **top}, problem)


def problem(path: str, message: str) -> Problem:
    return Problem("x.yaml", 3, 7, path, message)


def faults(materials: Any, **top: Any) -> dict[str, str]:
    with pytest.raises(ScenarioError) as caught:
        read(materials, **top)
    return {found.path: found.message for found in caught.value.problems}


def share(catalogue: Catalogue, material: str, element: str) -> float:
    return catalogue.assay(material)[ELEMENTS.index(element)]


def test_what_an_assay_leaves_open_is_rest() -> None:
    assert share(read({"iron": IRON}), "iron", "rest") == pytest.approx(0.01, abs=1e-15)
    assert share(read({"iron": IRON}), "iron", "Fe") == 0.99


def test_a_composite_follows_from_its_constituents() -> None:
    catalogue = read({"iron": IRON, "salt": SALT, "mix": {"constituents": {"iron": "25 %", "salt": "75 %"}}})
    assert share(catalogue, "mix", "Fe") == pytest.approx(0.25 * 0.99, rel=1e-15)
    assert share(catalogue, "mix", "Cl") == pytest.approx(0.75 * 0.61, rel=1e-15)
    assert catalogue.select(["mix"]).properties["density"][0] == pytest.approx(1 / (0.25 / 7850 + 0.75 / 2160), rel=1e-15)


OIL: dict[str, Any] = {"assay": {"C": 0.86, "H": 0.13}, "density": "900 kg/m3", "heating_value": "42 MJ/kg"}


def heat(catalogue: Catalogue, material: str, key: str = "heating_value") -> float:
    return float(catalogue.select([material]).properties[key][0])


def test_heat_of_a_composite_is_that_of_its_parts() -> None:
    catalogue = read({"iron": IRON, "oil": OIL, "turnings": {"constituents": {"iron": "95 %", "oil": "5 %"}}})
    assert heat(catalogue, "iron") == 0.0
    assert heat(catalogue, "turnings") == pytest.approx(2.1e6, rel=1e-15)
    given = read({"iron": IRON, "mix": {"constituents": {"iron": 1}, "heating_value": "1 MJ/kg"}})
    assert heat(given, "mix") == 1e6


def test_moisture_takes_heat_to_evaporate() -> None:
    wet = {"moisture": "20 %"}
    catalogue = read({"oil": {**OIL, **wet}, "salt": {**SALT, **wet}, "mix": {"constituents": {"oil": 0.5, "salt": 0.5}, "moisture": "10 %"}})
    assert heat(catalogue, "oil") == pytest.approx(0.8 * 42e6 - 0.2 * 2.4427e6, rel=1e-15)
    assert heat(catalogue, "salt") == pytest.approx(-0.2 * 2.4427e6, rel=1e-15)
    assert heat(catalogue, "mix") == pytest.approx(0.9 * (0.4 * 42e6 - 0.2 * 2.4427e6) - 0.1 * 2.4427e6, rel=1e-15)


def test_oxide_oxygen_is_the_assays_where_it_is_not_said() -> None:
    resin = {"assay": {"C": 0.7, "O": 0.2, "H": 0.08}, "density": "1200 kg/m3", "oxide_oxygen": 0}
    rust = {"assay": {"Fe": 0.7, "O": 0.3}, "density": "5200 kg/m3", "moisture": "10 %"}
    catalogue = read({"iron": IRON, "resin": resin, "rust": rust, "board": {"constituents": {"resin": 0.4, "rust": 0.5, "iron": 0.1}}})
    found = {name: heat(catalogue, name, "oxide_oxygen") for name in catalogue.materials}
    assert found == {"iron": 0.0, "resin": 0.0, "rust": pytest.approx(0.27, rel=1e-15), "board": pytest.approx(0.135, rel=1e-15)}
    assert heat(read({"rust": {**rust, "oxide_oxygen": "20 %"}}), "rust", "oxide_oxygen") == pytest.approx(0.18, rel=1e-15)


def test_composites_nest_and_their_numbers_are_listed() -> None:
    catalogue = read({"iron": IRON, "salt": SALT, "a": {"constituents": {"iron": 0.5, "salt": 0.5}}, "b": {"constituents": {"a": 1}}})
    assert catalogue.assay("b") == pytest.approx(catalogue.assay("a"), rel=1e-15)
    paths = [path for path, _ in catalogue.numbers(["b"])]
    assert "materials.b.constituents.a" in paths and "materials.salt.assay.Cl" in paths and "materials.iron.density" in paths


def test_moisture_adds_water() -> None:
    catalogue = read({"wet": {**SALT, "moisture": "10 %"}})
    assert share(catalogue, "wet", "H") == pytest.approx(0.1 * 2 * 1.008 / 18.015, rel=1e-5)
    assert share(catalogue, "wet", "Cl") == pytest.approx(0.9 * 0.61, rel=1e-15)
    assert sum(catalogue.assay("wet")) == pytest.approx(1, abs=1e-12)


WATER: dict[str, Any] = {"moisture": "100 %", "density": "1000 kg/m3"}


def test_water_is_hydrogen_and_oxygen_and_takes_heat_to_evaporate() -> None:
    catalogue = read({"water": WATER, "same": {**WATER, "assay": {}}})
    for name in ("water", "same"):
        assay = dict(zip(ELEMENTS, catalogue.assay(name), strict=True))
        assert {element: value for element, value in assay.items() if value} == {"H": 0.111907, "O": 0.888093}
        assert heat(catalogue, name) == -2.4427e6
        assert heat(catalogue, name, "oxide_oxygen") == 0.0


def test_water_as_a_constituent_is_moisture() -> None:
    catalogue = read({"water": WATER, "salt": SALT, "wet": {**SALT, "moisture": "10 %"}, "mix": {"constituents": {"salt": "90 %", "water": "10 %"}}})
    assert catalogue.assay("mix") == pytest.approx(catalogue.assay("wet"), rel=1e-14)


def test_what_is_not_water_needs_an_assay() -> None:
    assert "either 'assay'" in faults({"m": {"moisture": "99 %", "density": "1000 kg/m3"}})["materials.m"]


def test_classes_are_plain_or_annotated() -> None:
    nir = {"value": "pet", "basis": "literature", "source": "a spectrum", "note": "bottles"}
    catalogue = read({"bottle": {**SALT, "nir": nir, "colour": "clear"}, "iron": IRON})
    label = catalogue.materials["bottle"].classes["nir"]
    assert (label.value, label.basis, label.source, label.note) == ("pet", "literature", "a spectrum", "bottles")
    assert catalogue.materials["iron"].classes["nir"].source == "default of twin"
    assert catalogue.select(["iron", "bottle"]).classes == {"nir": ("none", "pet"), "colour": ("none", "clear")}
    assert tuple(catalogue.select([]).classes) == CLASSES == ("nir", "colour")


def test_a_composite_has_a_grain() -> None:
    catalogue = read({"iron": IRON, "mix": {"constituents": {"iron": 1}, "grain": "0.5 mm"}})
    assert catalogue.select(["iron", "mix"]).properties["grain"].tolist() == [0.002, 0.0005]


def test_select_keeps_the_order_asked_for() -> None:
    materials = builtin_catalogue("weee").select(["copper", "steel", "cable"])
    assert materials.names == ("copper", "steel", "cable")
    assert materials.assay.shape == (3, len(ELEMENTS)) and materials.assay.dtype == np.float64
    assert materials.properties["density"][1] == 7850
    assert materials.groups["metals"] == ("copper", "steel")
    assert materials.members("metals") == (0, 1) and materials.members("steel") == (1,) and materials.members("gold") == ()
    assert "minerals" not in materials.groups


def test_select_names_what_it_does_not_know() -> None:
    with pytest.raises(UsageError, match="'unobtainium' is not in catalogue 'weee'; known: steel"):
        builtin_catalogue("weee").select(["unobtainium"])


def test_an_annotated_number_keeps_basis_source_and_range() -> None:
    density = {"value": "8 t/m3", "basis": "assumed", "source": "a guess", "low": "7 t/m3", "high": "9 t/m3", "note": "hm"}
    number = read({"iron": {**IRON, "density": density}}).materials["iron"].properties["density"]
    assert (number.value, number.low, number.high, number.unit) == (8000, 7000, 9000, "kg/m3")
    assert (number.basis, number.source, number.note) == ("assumed", "a guess", "hm")


def test_left_out_properties_take_the_assumed_default() -> None:
    number = read({"iron": IRON}).materials["iron"].properties["sphericity"]
    assert (number.value, number.basis, number.source) == (0.7, "assumed", "default of twin")


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"density": 7850}, "materials.m.density", "a density is needed"),
        ({"density": "-1 kg/m3"}, "materials.m.density", "more than 0"),
        ({"density": "3 t/h"}, "materials.m.density", "mass per time"),
        ({"sphericity": 1.5}, "materials.m.sphericity", "at most 1"),
        ({"assay": {"Xx": 0.1}}, "materials.m.assay.Xx", "unknown element 'Xx'"),
        ({"assay": {"Fe": 0.8, "Cu": 0.3}}, "materials.m.assay", "more than 100 % (got 110 %)"),
        ({"color": "red"}, "materials.m.color", "unknown key 'color'"),
        ({"colour": 3}, "materials.m.colour", "a class is named by lower-case letters"),
        ({"nir": "PET bottle"}, "materials.m.nir", "e.g. 'pet' (got 'PET bottle')"),
        ({"nir": {"value": ["pet"]}}, "materials.m.nir.value", "a class is named"),
        ({"nir": {"basis": "measured"}}, "materials.m.nir", "'value' is missing"),
        ({"nir": {"value": "pet", "basis": "gut"}}, "materials.m.nir.basis", "unknown basis 'gut'"),
        ({"nir": {"value": "pet", "low": "pe"}}, "materials.m.nir.low", "unknown key 'low'"),
        ({"grain": "2"}, "materials.m.grain", "a length is needed"),
        ({"grain": "0 mm"}, "materials.m.grain", "more than 0"),
        ({"moisture": "101 %"}, "materials.m.moisture", "at most 1"),
        ({"moisture": "100 %"}, "materials.m", "leaves nothing dry"),
        ({"moisture": "100 %", "assay": {}, "constituents": {"m": 1}}, "materials.m", "leaves nothing dry"),
        ({"constituents": {"m": 1}}, "materials.m", "either 'assay'"),
        ({"groups": "metals"}, "materials.m.groups", "a list of names"),
        ({"groups": ["Fe"]}, "materials.m.groups", "a list of names"),
        ({"groups": ["m"]}, "materials.m", "two things"),
        ({"density": {"basis": "measured"}}, "materials.m.density", "'value' is missing"),
        ({"density": {"value": "1 kg/m3", "basis": "gut"}}, "materials.m.density.basis", "unknown basis 'gut'"),
        ({"density": {"value": "1 kg/m3", "low": "2 kg/m3"}}, "materials.m.density", "between low and high"),
        ({"title": 3}, "materials.m.title", "a text is needed"),
        ({"heating_value": "40 MJ"}, "materials.m.heating_value", "an energy per mass is needed"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], path: str, says: str) -> None:
    found = faults({"m": {**IRON, **change}})
    assert says in found[path]


def test_composites_that_cannot_be() -> None:
    found = faults({"iron": IRON, "a": {"constituents": {"b": 1}}, "b": {"constituents": {"a": 1}}, "c": {"constituents": {"iron": 0.5, "gold": 0.3}}})
    assert "constituent of itself" in found["materials.a.constituents"]
    assert "unknown material 'gold'" in found["materials.c.constituents.gold"]
    assert "add up to 100 % (got 80 %)" in found["materials.c.constituents"]


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "text",
        3,
        {},
        {"twin_catalogue": 2, "materials": {}},
        {"twin_catalogue": 1, "materials": [1]},
        {"twin_catalogue": 1, "materials": {"A b": 3}},
    ],
)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    with pytest.raises(ScenarioError):
        catalogue_from_tree(tree, problem)


def test_all_problems_come_at_once() -> None:
    assert len(faults({"m": {"density": 1, "assay": {"Xx": "1 t"}, "colour": 1}})) >= 3


def test_unknown_names_of_data_are_refused() -> None:
    with pytest.raises(UsageError, match="known: copper_scrap, elv, lvp, weee"):
        builtin_text("../carriers")
    with pytest.raises(UsageError, match="known: electricity"):
        emission_factor("steam")
    with pytest.raises(UsageError, match="known: 1990"):
        emission_factor("electricity", 1850)
    with pytest.raises(UsageError, match="vintage"):
        emission_factor("electricity", 2024, "1999")


def test_joined_catalogues_replace_by_name() -> None:
    joined = builtin_catalogue("weee").joined(read({"steel": IRON, "salt": SALT}))
    assert share(joined, "steel", "Fe") == 0.99
    assert "salt" in joined.materials and "copper" in joined.materials


def test_a_piece_has_a_form() -> None:
    catalogue = read({"iron": IRON, "sheet": {**IRON, "form": "plate", "wall": "1 mm"}})
    chosen = catalogue.select(["iron", "sheet"])
    assert chosen.forms == ("solid", "plate")
    assert chosen.properties["envelope_density"].tolist() == chosen.properties["density"].tolist()
    assert [shape.wall for shape in chosen.shapes()] == [0.0, 0.001]


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        ({"form": "lump"}, "materials.m.form", "unknown form 'lump'; allowed: solid, plate, film, hollow, wire, crumpled"),
        ({"form": "film"}, "materials.m", "pieces of the form 'film' need a 'wall' above 0"),
        ({"wall": "1 mm"}, "materials.m.wall", "solid pieces have no wall"),
    ],
)
def test_forms_that_are_none(written: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read({"m": {**IRON, **written}})
    assert [(problem.path, message in problem.message) for problem in caught.value.problems] == [(path, True)]


def board(**extra: Any) -> dict[str, Any]:
    return {
        "sheet": {"density": "1 kg/l", "assay": {}},
        "chip": {"density": "2 kg/l", "assay": {}},
        "board": {"constituents": {"sheet": 0.8, "chip": 0.2}, **extra},
    }


def test_a_material_says_how_it_breaks_and_a_composite_how_it_comes_apart() -> None:
    points = {"16 mm": "20 %", "2 mm": {"value": "90 %", "low": "70 %", "high": "100 %"}}
    catalogue = read(board(breaks="fibre", liberated=points, comes_off={"chip": "3 mm"}))
    chosen = catalogue.select(["sheet", "chip", "board"])
    assert chosen.breaks == ("brittle", "brittle", "fibre")
    assert chosen.liberated == {"board": ((0.002, 0.9), (0.016, 0.2))}
    assert chosen.comes_off == {"board": {"chip": 0.003}}
    numbers = dict(catalogue.numbers(["board"]))
    assert numbers["materials.board.liberated.2 mm"].low == 0.7 and numbers["materials.board.comes_off.chip"].value == 0.003


def test_water_of_a_moist_composite_is_one_of_its_parts_and_comes_off_in_drops() -> None:
    wet = {**board(moisture="25 %"), "rain": {"density": "1 kg/l", "moisture": "100 %"}}
    assert read(wet).made_of("board") == {"sheet": pytest.approx(0.6), "chip": pytest.approx(0.15), "rain": 0.25}
    assert 0.0 < read(wet).select(["sheet", "chip", "board", "rain"]).comes_off["board"]["rain"] < 1e-5
    assert read(board(moisture="25 %")).made_of("board") == {}  # no water that it could become


@pytest.mark.parametrize(
    ("extra", "path", "message"),
    [
        ({"breaks": "glassy"}, "materials.board.breaks", "unknown way to break 'glassy'; allowed: brittle, ductile, rubber, fibre"),
        ({"liberated": {"1 mm": 0.2, "2 mm": 0.4}}, "materials.board.liberated", "must not rise with size"),
        ({"liberated": {"1 mm": 0.2, "1000 um": 0.2}}, "materials.board.liberated", "each size may stand once"),
        ({"liberated": {}}, "materials.board.liberated", "sizes and shares are missing"),
        ({"liberated": {"1 kg": 0.2}}, "materials.board.liberated", "length is needed"),
        ({"liberated": {"1 mm": 2}}, "materials.board.liberated.1 mm", "at most"),
        ({"liberated": 0.5}, "materials.board.liberated", "a mapping is needed"),
        ({"comes_off": {"gold": "1 mm"}}, "materials.board.comes_off.gold", "is none of its 'constituents'"),
        ({"comes_off": {"chip": "0 mm"}}, "materials.board.comes_off.chip", "more than"),
        ({"comes_off": ["chip"]}, "materials.board.comes_off", "a mapping is needed"),
    ],
)
def test_how_it_does_not_come_apart(extra: dict[str, Any], path: str, message: str) -> None:
    found = faults(board(**extra))
    assert message in found[path], found


def test_only_composites_come_apart() -> None:
    found = faults({"sheet": {"density": "1 kg/l", "assay": {}, "liberated": {"1 mm": 0.5}, "comes_off": {"chip": "1 mm"}}})
    assert "only a material with 'constituents'" in found["materials.sheet.liberated"] and "is none of its" in found["materials.sheet.comes_off.chip"]
