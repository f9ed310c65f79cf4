"""The thermochemistry data: every number has its basis and source, and the kernel's arrays follow from it."""

import math

import numpy as np
import pytest

from twin.errors import ScenarioError, UsageError
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import changed, thermochemistry

DATA = thermochemistry()
NUMBERS = DATA.numbers()


@pytest.mark.parametrize(("path", "number"), NUMBERS, ids=[path for path, _ in NUMBERS])
def test_every_number_says_where_it_comes_from(path, number):
    assert math.isfinite(number.value)
    assert number.unit
    assert number.basis in ("measured", "literature", "assumed")
    assert len(number.source) > 20
    if "UNVERIFIED" in number.source:
        assert number.basis == "assumed"
    if number.low is not None:
        assert number.low <= number.value <= number.high


def test_what_is_recalled_is_assumed_and_has_a_range():
    """Activity coefficients and recalled free energies can be swept: they have low and high, but for the solvent."""
    for path, number in NUMBERS:
        uncertain = ".metal." in path or ".slag." in path or path.endswith(("recalled.A", "dissolved_sno.A", "ratio"))
        if uncertain and path.endswith((".b", ".A", "ratio")) and ".Cu.metal" not in path and "sloped" not in path:
            assert number.low is not None, path


def test_all_elements_are_there():
    assert tuple(DATA.elements) == tuple(name for name in ELEMENTS if name != "rest")


def test_docstring_numbers():
    assert DATA.elements["Fe"].oxides["oneill"].at(1573.15) == pytest.approx(-323604, abs=20)
    assert DATA.elements["Sn"].metal["shim"].at(1573.15) == pytest.approx(0.0371, abs=1e-4)
    assert DATA.enthalpies["Cu"].at(1573.15) == pytest.approx(218 * 3600.0)
    assert DATA.elements["Fe"].oxides["oneill"].A.value == -551159.0


def test_enthalpy_of_oxidation_is_the_slope_of_dg_over_t():
    """Gibbs and Helmholtz, by differences."""
    for oxide in (DATA.elements["Fe"].oxides["oneill"], DATA.elements["Pb"].oxides["liquid"]):
        t, h = 1573.15, 0.01
        slope = (oxide.at(t + h) / (t + h) - oxide.at(t - h) / (t - h)) / (1.0 / (t + h) - 1.0 / (t - h))
        assert oxide.enthalpy(t) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("substance", "kwh_per_t"),
    [
        ("Cu", 218),
        ("Fe", 307),
        ("Pb", 56),
        ("Ni", 196.7),
        ("FeO", 378),
        ("SiO2", 430),
        ("Al2O3", 414.5),
        ("CaO", 331),
        ("CO2", 416),
        ("CO", 410),
        ("N2", 406),
        ("H2O", 798),
    ],
)
def test_enthalpies(substance, kwh_per_t):
    """H(1573.15 K) - H(298.15 K), computed from NASA data."""
    enthalpy = DATA.enthalpies[substance]
    assert enthalpy.at(1573.15) / 3600.0 == pytest.approx(kwh_per_t, abs=0.5)
    assert enthalpy.form


def test_enthalpies_agree_with_nasa():
    """Of gases and of what melts below, against Cantera where it is installed: value within 1 %, slope within 6 %."""
    ct = pytest.importorskip("cantera")
    found = {s.name: s for s in (*ct.Species.list_from_file("nasa_gas.yaml"), *ct.Species.list_from_file("nasa_condensed.yaml"))}
    weight = {"CO2": 44.009, "CO": 28.010, "N2": 28.014, "H2O": 18.015}
    for name, mass in weight.items():
        thermo = found[name].thermo
        ours, theirs = DATA.enthalpies[name], (thermo.h(1573.15) - thermo.h(298.15)) / mass
        assert ours.at(1573.15) == pytest.approx(theirs, rel=0.01), name
        assert ours.c.value == pytest.approx(thermo.cp(1573.15) / mass, rel=0.06), name
    copper = (found["Cu(L)"].thermo.h(1573.15) - found["Cu(cr)"].thermo.h(298.15)) / 63.546
    assert DATA.enthalpies["Cu"].at(1573.15) == pytest.approx(copper, rel=0.01)
    assert DATA.enthalpies["Cu"].c.value == pytest.approx(found["Cu(L)"].thermo.cp(1573.15) / 63.546, rel=0.06)


def test_arrays():
    data = DATA.smelting()
    assert data.elements.shape == (len(ELEMENTS),)
    assert data.gases.shape == (1,)
    assert all(value != 0.0 for value in data.gases[0].tolist())
    row = data.elements[ELEMENTS.index("Fe")]
    assert (row["A"], row["C"], row["oxygen"], row["self"]) == (-551159.0, -16.9484, 1.0, 11.3)
    assert math.isnan(row["slope"])
    assert np.isnan(data.elements["A"][ELEMENTS.index("Sb")]) == np.False_


def test_zinc_oxide_refers_to_the_liquid():
    """Two zinc to an O2: twice the evaporation is added to the reaction of the gas."""
    row = DATA.smelting().elements[ELEMENTS.index("Zn")]
    assert row["A"] == pytest.approx(-927990 + 2 * 111671)


def test_dilute_tin_and_magnesium_from_the_constants_of_their_assessments():
    """Redlich-Kister, copper first: ln g of what is dilute is the sum of the constants over RT."""
    for temperature in (1473.15, 1573.15, 1673.15):
        tin = (-9002.8 - 5.8381 * temperature) + (-20100.4 + 3.6366 * temperature) - 10528.4
        magnesium = (-36962.71 + 4.74394 * temperature) - 8182.19
        for name, total in (("Sn", tin), ("Mg", magnesium)):
            activity = next(iter(DATA.elements[name].metal.values()))
            assert activity.at(temperature) == pytest.approx(math.exp(total / (8.314462618 * temperature)), rel=2e-4)


def test_ranges_hold_what_others_give():
    """Activity coefficients in copper at 1300 °C that were recalled or measured, beside those that are taken."""
    for name, known in (("Zn", 0.17), ("Ni", 2.5), ("Fe", 15.8), ("Al", 0.005), ("Mg", 0.05), ("Cr", 10.0), ("Si", 0.01), ("Sn", 0.0746), ("Sn", 0.01)):
        taken = next(iter(DATA.elements[name].metal.values()))
        slope = taken.a.value / 1573.15 if taken.a else 0.0
        assert taken.b.low <= math.log10(known) - slope <= taken.b.high, name


def test_variants():
    chosen = DATA.smelting(variants={"Fe": "nasa", "Sn": "sno2_emf2"}, activities={"Sn": "low"}, slopes={"Sb": 0.75}).elements
    assert chosen["A"][ELEMENTS.index("Fe")] == -490144.0
    assert chosen["oxygen"][ELEMENTS.index("Sn")] == 2.0
    assert chosen["metal_b"][ELEMENTS.index("Sn")] == -2.0
    assert chosen["slope"][ELEMENTS.index("Sb")] == 0.75


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"variants": {"Fe": "best"}}, "unknown variant 'best' of the oxide of Fe; known: oneill, nasa"),
        ({"activities": {"Sn": "high"}}, "known: shim, sloped, low"),
        ({"slopes": {"N": 1.0}}, "'N' has no oxide in the slag"),
        ({"variants": {"Xx": "a"}}, "'Xx' has no oxide"),
    ],
)
def test_wrong_choices(choice, message):
    with pytest.raises(UsageError, match=message):
        DATA.smelting(**choice)


def test_a_number_can_be_changed():
    path = "elements.Pb.slag.default.b"
    other = dict(changed({path: -1.0, "elements.Sb.ratio": 100.0, "limits.matte": 0.02, "enthalpies.Cu.H": 8e5}).numbers())
    assert other[path].value == -1.0
    assert other[path].basis == "assumed"
    assert other["elements.Sb.ratio"].value == 100.0
    assert other["enthalpies.Cu.H"].value == 8e5
    assert dict(NUMBERS)[path].value == pytest.approx(math.log10(0.15), abs=1e-6)


@pytest.mark.sampled(60)
@pytest.mark.parametrize("path", [path for path, _ in NUMBERS])
def test_every_number_can_be_changed_to_itself(path):
    known = dict(NUMBERS)[path]
    assert dict(changed({path: known.value}).numbers())[path].value == known.value


def test_a_number_that_is_not_there():
    with pytest.raises(UsageError, match=r"no number 'elements\.Fe\.magic'"):
        changed({"elements.Fe.magic": 1.0})


def test_an_activity_that_would_fall_with_the_amount():
    with pytest.raises(ScenarioError, match="self x clamp must be less than 1"):
        changed({"elements.Fe.metal.default.clamp": 0.09})
