"""Heat of smelting against independently computed numbers, and furnace phases against hand calculations. T0 = 1573.15 K."""

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))
from furnace_phase import COKE, HEAT, METAL, METHANE, SLAG, E, charge, melt, row, run

from twin.kernels import heat as kernel
from twin.materials import ELEMENTS
from twin.materials.heat import SPECIES, T0
from twin.materials.thermochemistry import thermochemistry

R = 8.314462618
KWH = 3.6e6
NORMAL = 101325.0 / (R * 273.15)  # mol/Nm3


def shown(*parts):
    """Into the test's captured output: what was found beside what was expected."""
    sys.stdout.write(" ".join(map(str, parts)) + "\n")


def element(name, column):
    return float(HEAT.elements[column][ELEMENTS.index(name)])


def sensible(name, temperature=T0):
    """J/mol of a molecule above 298.15 K."""
    _, a, b = HEAT.species[SPECIES.index(name)]
    return kernel.content(a, b, temperature)


def formation(name):
    return float(HEAT.species["formation"][SPECIES.index(name)])


@pytest.mark.parametrize(("name", "expected"), [("Cu", 218), ("Fe", 307), ("Pb", 56), ("Ni", 196.7)])
def test_metals(name, expected):
    """H(T0) - H(298 K) in kWh/t, as the kernel uses it."""
    found = element(name, "metal_H") / 3600.0
    shown(name, found, expected)
    assert found == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(("name", "oxide_mass", "expected"), [("Fe", 0.071844, 378), ("Si", 0.060083, 430), ("Al", 0.0509805, 414.5), ("Ca", 0.056077, 331)])
def test_oxides(name, oxide_mass, expected):
    mass = float(HEAT.molar_mass[ELEMENTS.index(name)])
    found = element(name, "oxide_H") * mass / oxide_mass / 3600.0
    shown(name, found, expected)
    assert found == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(("name", "mass", "expected"), [("CO2", 0.044009, 416), ("CO", 0.02801, 410), ("N2", 0.028014, 406), ("H2O", 0.018015, 798)])
def test_gases(name, mass, expected):
    found = sensible(name) / mass / 3600.0
    shown(name, found, expected)
    assert found == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(("oxygen", "expected"), [(0.21, 4.02), (0.40, 6.16), (0.60, 6.95), (0.95, 7.53)])
def test_heat_left_of_carbon(oxygen, expected):
    """kWh left above T0 by a kg of graphite that burns to CO2 with 21 to 95 % oxygen."""
    nitrogen = (1.0 - oxygen) / oxygen
    left = (-formation("CO2") - sensible("CO2") - nitrogen * sensible("N2")) / 0.012011 / KWH
    shown(oxygen, left, expected)
    assert left == pytest.approx(expected, rel=0.006)


@pytest.mark.parametrize(("oxygen", "expected"), [(0.21, 40.5), (0.40, 63.6), (0.60, 72.1), (0.95, 78.4)])
def test_heat_left_of_methane(oxygen, expected):
    """Per cent of the heating value that is left above T0."""
    nitrogen = 2.0 * (1.0 - oxygen) / oxygen
    heating_value = -formation("CO2") - 2.0 * formation("H2O") - 74600.0
    left = 1.0 - (sensible("CO2") + 2.0 * sensible("H2O") + nitrogen * sensible("N2")) / heating_value
    shown(oxygen, 100.0 * left, expected)
    assert 100.0 * left == pytest.approx(expected, abs=0.4)


@pytest.mark.parametrize(("oxygen", "expected"), [(0.21, 40.5), (0.40, 63.6), (0.60, 72.1), (0.95, 78.4)])
def test_a_burner_gives_the_bath_what_is_left(oxygen, expected):
    """The same through a furnace phase: fuel over an inert bath at T0, all heat above it taken up."""
    bath, state = melt(T0, Cu=200000.0)
    plan = {"burner_power": 1e6, "burner_oxygen": oxygen, "burner_excess": 1.0, "burner_return": 1.0, "target": 3000.0, "hottest": 3000.0}
    result = run(bath, state, fuel=METHANE, fuel_lhv=50.0e6, at_least=1200.0, at_most=1200.0, **plan)
    found = 100.0 * result.sums["returned_heat"] / result.sums["fuel_heat"]
    shown(oxygen, found, expected)
    assert found == pytest.approx(expected, abs=0.8)


def test_the_two_forms_of_cuprous_oxide():
    """Copper against solid Cu2O at 1200 °C: log pO2 -4.244; the kernel dissolves the liquid, which at 1200 °C is -4.113 and meets the solid at 1244 °C."""
    oxides = thermochemistry().elements["Cu"].oxides

    def log_po2(variant, temperature):
        return oxides[variant].at(temperature) / (R * temperature * math.log(10.0))

    shown(log_po2("solid", 1473.15), -4.244, log_po2("liquid", 1473.15))
    assert log_po2("solid", 1473.15) == pytest.approx(-4.244, abs=1e-3)
    assert log_po2("liquid", 1473.15) == pytest.approx(-4.113, abs=1e-3)
    melts = (oxides["solid"].A.value - oxides["liquid"].A.value) / (oxides["liquid"].B.value - oxides["solid"].B.value)
    assert melts - 273.15 == pytest.approx(1244.0, abs=2.0)


def test_poling_with_methane():
    """CH4 + 4 [O] = CO2 + 2 H2O: from 0.8 to 0.15 % oxygen takes 2.28 Nm3 a ton when all of it is used, twice that at half use."""
    bath, state = melt(1473.15, Cu=99200.0, O=800.0)
    for use in (1.0, 0.5):
        result = run(bath, state, tests=[("metal", "O", -1, 0.0015)], reductant=METHANE, reductant_rate=0.05, reductant_use=use, wall_loss=9e5)
        volume = result.stream("reductant") / 0.016043 / NORMAL / 100.0
        shown(use, volume, 2.28 / use)
        assert result.outcome == "done"
        assert volume == pytest.approx(2.28 / use, rel=0.02)


def test_melting_copper():
    """A ton of cold copper in a large bath at T0 takes 218 kWh."""
    bath, state = melt(T0, Cu=500000.0)
    result = run(bath, state, charge(row(Cu=1000.0)), feed_rate=10.0, hottest=2000.0)
    mean = 0.5 * (result.temperature + T0)
    capacity = 500000.0 * element("Cu", "metal_c")
    found = capacity * (T0 - result.temperature) / KWH
    shown(found, 218, mean)
    assert found == pytest.approx(218.0, rel=0.01)


def test_aluminium_heats_as_its_formation_says():
    """10 kg of aluminium against the oxygen of a bath of copper with iron oxide: 4/3 Al + 2 FeO = 2 Fe + 2/3 Al2O3, by free energies."""
    bath, state = melt(T0, Cu=50000.0, Fe=8000.0, Si=4000.0, O=6600.0)
    result = run(bath, state, charge(row(Al=10.0)), feed_rate=1.0, hottest=2500.0)
    oxides = thermochemistry().elements
    per_o2 = oxides["Al"].oxides["nasa"].enthalpy(T0) - oxides["Fe"].oxides["oneill"].enthalpy(T0)
    released = -per_o2 * 0.75 * 10.0 / 0.026982 - 10.0 * element("Al", "metal_H")
    capacity = sum(
        float(result.split[METAL, i] * HEAT.elements["metal_c"][i]) + float(result.split[SLAG, i] * HEAT.elements["oxide_c"][i])
        for i in range(E)
        if ELEMENTS[i] != "O"
    )
    rise = result.temperature - T0
    shown(rise, released / capacity)
    assert rise == pytest.approx(released / capacity, rel=0.05)


def test_heat_balance_of_a_blow_by_hand():
    """Iron blown out of copper by air: temperature from reaction heat, off-gas and walls, summed up apart from the kernel's own account."""
    bath, state = melt(1523.15, Cu=20000.0, Fe=1000.0, Si=500.0, O=570.0)
    result = run(bath, state, tests=[("metal", "Fe", -1, 0.01)], blast=1.0, wall_loss=6e5, hottest=1900.0, heat_return=0.0)
    iron = (1000.0 / 0.055845) * (1.0 - result.left_in_metal("Fe"))
    oxygen = result.sums["blown"] / 0.031998
    nitrogen = oxygen * 0.79 / 0.21
    mean = 0.5 * (1523.15 + result.temperature)
    capacity = 20000.0 * 494.0 + iron * 0.0718 * 950.0 + 500.0 / 0.028085 * 0.0601 * 1430.0
    heat = -0.5 * thermochemistry().elements["Fe"].oxides["oneill"].enthalpy(mean) * 2.0 * oxygen
    heat -= oxygen * sensible("O2", mean) + nitrogen * sensible("N2", mean) + result.sums["wall_loss"]
    shown(result.temperature - 1523.15, heat / capacity)
    assert result.temperature - 1523.15 == pytest.approx(heat / capacity, rel=0.10)


def test_heat_levels_of_air_burnt_methane():
    """Off-gas at T0 cut at 800, 400 and 200 °C: shares of its heat as from the molecules themselves."""
    bath, state = melt(T0, Cu=200000.0)
    plan = {"burner_power": 1e6, "burner_excess": 1.0, "burner_return": 1.0, "target": 3000.0, "hottest": 3000.0}
    result = run(bath, state, fuel=METHANE, at_least=1200.0, at_most=1200.0, **plan)
    total = sum(result.sums[f"heat_{k}"] for k in range(4))
    moles = {"CO2": 1.0, "H2O": 2.0, "N2": 2.0 * 0.79 / 0.21}

    def content(temperature):
        return sum(n * sensible(name, temperature) for name, n in moles.items())

    cuts = [content(t) for t in (result.state["gas_temperature"], 1073.15, 673.15, 473.15)] + [0.0]
    for k in range(4):
        share = (cuts[k] - cuts[k + 1]) / cuts[0]
        shown(k, result.sums[f"heat_{k}"] / total, share)
        assert result.sums[f"heat_{k}"] / total == pytest.approx(share, abs=0.01)


def test_coke_to_carbon_dioxide():
    """Coke and its oxygen through a lance, what burns above heating the bath: it gains the heating value less the heat of CO2 and N2 at its temperature.

    With 60 % oxygen and no other air that is 6.95 kWh per kg of carbon at T0; here the bath keeps some oxygen and air burns the CO instead.
    """
    bath, state = melt(T0, Cu=300000.0, Fe=30000.0, Si=15000.0, O=17100.0 + 8600.0)
    oxygen = 0.88 / 0.012011 / NORMAL / 0.6  # Nm3 for a kg of coke
    plan = {"reductant_rate": 0.5, "blast": 0.5 * oxygen, "blast_oxygen": 0.6, "hottest": 2000.0, "heat_return": 1.0}
    result = run(bath, state, reductant=COKE, at_least=1200.0, at_most=1200.0, **plan)
    gained = float(result.bath[E:].sum() - bath[E:].sum()) / KWH
    mean = 0.5 * (T0 + result.temperature)
    gas = result.stream("gas", "C") / 0.012011 * sensible("CO2", mean) + result.stream("gas", "N") / 0.028014 * sensible("N2", mean)
    carbon = formation("CO2") * 600.0 * 0.88 / 0.012011
    expected = (600.0 * float(COKE[E]) - carbon - gas) / KWH
    shown(gained, expected, 0.88 * 600.0 * 6.95)
    assert gained == pytest.approx(expected, rel=0.01)
