"""Slag: viscosity, window, liquidus and solids, settling."""

import doctest
import math

import numpy as np
import pytest
from fluids.drag import v_terminal
from furnace_phase import HEAT, SMELTING, E
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.kernels import slag
from twin.materials import ELEMENTS

OXIDES = {"SiO2": ("Si", 28.085 / 60.083), "CaO": ("Ca", 40.078 / 56.077), "FeO": ("Fe", 55.845 / 71.844), "Al2O3": ("Al", 53.964 / 101.961)}
OXIDES |= {"MgO": ("Mg", 24.305 / 40.304), "Na2O": ("Na", 45.98 / 61.979), "ZnO": ("Zn", 65.38 / 81.379), "Cr2O3": ("Cr", 103.992 / 151.989)}
OXIDES |= {"PbO": ("Pb", 207.2 / 223.2), "Cu2O": ("Cu", 127.092 / 143.091), "NiO": ("Ni", 58.693 / 74.692)}
GOOD = {"SiO2": 35.0, "FeO": 58.0, "CaO": 5.0, "Al2O3": 2.0}
FAYALITE = {"SiO2": 60.083, "FeO": 2 * 71.844}


def properties(temperature=1573.15, solids=0.0, **oxides):
    mass, shares = np.zeros(E), np.zeros(len(slag.KEYS))
    for name, share in oxides.items():
        element, metal = OXIDES[name]
        mass[ELEMENTS.index(element)] = share * metal
    viscosity, liquidus, solid = slag.slag_properties(mass, SMELTING.elements, HEAT.elements, temperature, solids, shares)
    return viscosity, liquidus, solid, dict(zip(slag.KEYS, shares.tolist(), strict=True))


def celsius(**oxides):
    return properties(**oxides)[1] - 273.15


def test_viscosity_by_hand():
    """By the formula, term by term: 32 SiO2, 53 FeO, 6 CaO, 7 Al2O3, 2 MgO by mass, above its liquidus."""
    s, f, c, a = 32 / 60.083, 53 / 71.844, 6 / 56.077 + 2 / 40.304, 7 / 101.961
    total = s + f + c + a
    s, f, c, a = s / total, f / total, c / total, a / total
    m = 0.212 * s + 0.665 * f + 0.587 * c + 0.370 * a
    alpha, lime = (c + f) / (c + f + a), c / (c + f)
    b0 = 13.31 + alpha * (5.50 * lime + 34.30 * (1 - lime)) + alpha**2 * (-4.68 * lime - 45.63 * (1 - lime))
    b1 = 36.98 + alpha * (96.20 * lime - 143.64 * (1 - lime)) + alpha**2 * (-81.60 * lime + 129.96 * (1 - lime))
    b2 = -177.70 + alpha * (117.94 * lime + 368.94 * (1 - lime)) + alpha**2 * (-109.80 * lime - 210.28 * (1 - lime))
    b3 = 190.03 + alpha * (-219.56 * lime - 254.85 * (1 - lime)) + alpha**2 * (196.00 * lime + 121.20 * (1 - lime))
    b = b0 + b1 * s + b2 * s**2 + b3 * s**3
    by_hand = 0.1 * 1573.15 * math.exp(-m * b - 9.322 + 1000 * b / 1573.15)
    got, _, solid, _ = properties(SiO2=32.0, FeO=53.0, CaO=6.0, Al2O3=7.0, MgO=2.0)
    assert solid == 0.0
    assert got == pytest.approx(by_hand, rel=1e-3)


def test_viscosity_of_known_slags():
    """Fayalite at 1300 °C, and a blast furnace slag at 1500 °C, about 0.3 Pa s."""
    assert properties(**FAYALITE)[0] == pytest.approx(0.046, abs=0.001)
    assert properties(1773.15, CaO=40.0, SiO2=40.0, Al2O3=10.0, MgO=10.0)[0] == pytest.approx(0.27, abs=0.03)


def test_viscosity_follows_temperature_and_composition():
    base = {"SiO2": 35.0, "FeO": 55.0, "CaO": 5.0, "Al2O3": 5.0}
    thick = properties(**base)[0]
    assert properties(1673.15, **base)[0] < thick
    assert properties(**{**base, "FeO": 65.0})[0] < thick
    assert properties(**{**base, "SiO2": 45.0})[0] > thick
    assert properties(**{**base, "Al2O3": 15.0})[0] > thick


@pytest.mark.parametrize("oxide", ["ZnO", "PbO", "Cu2O", "NiO"])
def test_oxides_of_base_metals_count_as_ferrous_oxide(oxide):
    """Mol for mol, above both liquidus temperatures."""
    moles = OXIDES[oxide][1] and {"ZnO": 81.379, "PbO": 223.2, "Cu2O": 143.091, "NiO": 74.692}[oxide]
    iron = properties(1700.0, SiO2=60.083, FeO=1.6 * 71.844)[0]
    assert properties(1700.0, SiO2=60.083, FeO=1.3 * 71.844, **{oxide: 0.3 * moles})[0] == pytest.approx(iron, rel=1e-3)


def test_solids_thicken_after_roscoe():
    liquid = properties(**GOOD)[0]
    viscosity, _, solid, _ = properties(solids=0.2, **GOOD)
    assert solid == 0.2
    assert viscosity / liquid == pytest.approx((1 - 1.35 * 0.2) ** -2.5)


def test_the_larger_of_both_counts_of_solids_holds():
    cold = properties(1423.15, SiO2=20.0, FeO=75.0, CaO=5.0)
    assert 0.05 < cold[2] < 0.5
    assert properties(1423.15, solids=0.03, SiO2=20.0, FeO=75.0, CaO=5.0)[:3] == cold[:3]
    assert properties(1423.15, solids=0.55, SiO2=20.0, FeO=75.0, CaO=5.0)[2] == 0.55
    assert properties(1373.15, solids=0.95, SiO2=20.0, FeO=75.0, CaO=5.0)[2] == slag.MOST_SOLID


def test_window():
    shares = properties(SiO2=35.0, FeO=55.0, CaO=5.0, Al2O3=5.0)[3]
    assert shares["Ca"] == pytest.approx(0.05, rel=1e-3)
    assert shares["Al"] == pytest.approx(0.05, rel=1e-3)
    assert shares["iron_to_silica"] == pytest.approx(55.0 * 55.845 / 71.844 / 35.0, rel=1e-3)


def test_liquidus_of_the_system_with_silica():
    """Fayalite, its eutectics, wüstite's end and the steep silica line; within what the masses of atoms leave."""
    for silica, expected in ((29.5, 1205), (24.0, 1177), (38.0, 1178), (0.0, 1370), (48.0, 1434)):
        assert celsius(SiO2=silica, FeO=100.0 - silica) == pytest.approx(expected, abs=1.5), silica


def test_what_raises_and_lowers_the_liquidus():
    good = celsius(**GOOD)
    assert 1120 < good < 1210
    for change in ({"FeO": 190.0}, {"SiO2": 60.0}, {"Al2O3": 30.0}, {"MgO": 5.0}, {"ZnO": 20.0}, {"Cr2O3": 2.0}, {"CaO": 45.0}):
        assert celsius(**{**GOOD, **change}) > good, change
    acid, basic = {"SiO2": 42.0, "FeO": 58.0}, {"SiO2": 22.0, "FeO": 78.0}
    for oxide in ("CaO", "Al2O3"):
        assert celsius(**acid, **{oxide: 5.0}) < celsius(**acid), "lime and alumina dissolve silica"
    assert celsius(**basic, CaO=5.0) > celsius(**basic), "lime drives out wüstite"
    assert celsius(**GOOD, PbO=20.0) < good
    assert celsius(SiO2=18.0, FeO=22.0, ZnO=60.0) > 1320, "a converter slag of zinc is not liquid"
    assert properties(SiO2=1.0, Cr2O3=500.0)[1] == slag.HIGHEST_LIQUIDUS


def test_no_slag():
    assert math.isnan(properties()[0])


SHARES = st.floats(0.0, 100.0)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(OXIDES, SHARES)), st.floats(1373.15, 1873.15), st.floats(0.0, 1.0))
def test_any_slag_has_finite_properties(oxides, temperature, solids):
    if sum(oxides.values()) < 1e-6:
        return
    viscosity, liquidus, solid, _ = properties(temperature, solids, **oxides)
    assert 0.0 < viscosity < math.inf
    assert slag.LOWEST_LIQUIDUS <= liquidus <= slag.HIGHEST_LIQUIDUS
    assert min(solids, slag.MOST_SOLID) <= solid <= slag.MOST_SOLID


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-5, 0.05), st.floats(0.01, 10.0))
def test_drops_sink_as_fluids_has_it(droplet, viscosity):
    """Its form of Clift and Gauvin, which has other constants, and the piecewise fit of Clift, Grace and Weber."""
    got = slag.settling_velocity(droplet, viscosity)
    for method in ("Clift_Gauvin", "Clift"):
        expected = v_terminal(D=droplet, rhop=slag.METAL_DENSITY, rho=slag.SLAG_DENSITY, mu=viscosity, Method=method)
        assert got == pytest.approx(expected, rel=0.04), method


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-5, 0.05), st.floats(0.01, 10.0))
def test_drag_and_weight_of_a_sinking_drop_are_equal(droplet, viscosity):
    velocity = slag.settling_velocity(droplet, viscosity)
    reynolds = slag.SLAG_DENSITY * velocity * droplet / viscosity
    drag = 24 / reynolds * (1 + 0.15 * reynolds**0.687) + 0.42 / (1 + 42500 * reynolds**-1.16)
    weight = 4 / 3 * (slag.METAL_DENSITY - slag.SLAG_DENSITY) * slag.GRAVITY * droplet
    assert drag * slag.SLAG_DENSITY * velocity**2 == pytest.approx(weight, rel=1e-8)


def test_small_drops_follow_stokes_and_large_ones_do_not():
    stokes = (slag.METAL_DENSITY - slag.SLAG_DENSITY) * 9.81 / (18 * 0.1)
    assert slag.settling_velocity(5e-5, 0.1) == pytest.approx(stokes * 2.5e-9, rel=2e-3)
    assert stokes * 2.5e-5 / slag.settling_velocity(5e-3, 0.1) == pytest.approx(2.8, abs=0.1)


def test_a_spread_of_sizes_settles_as_its_integral():
    """Against the integral over the distribution; steps follow on each other; one size is an exponential."""
    z = np.linspace(-7, 7, 4001)
    weight = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    for depths in (0.3, 1.0, 3.0, 10.0):
        exact = float((weight * np.exp(-depths * 2.0 ** (2 * z))).sum())  # of Stokes' drops
        assert slag.settled_share(3e-5, 2.0, 0.1, 0.0, depths) == pytest.approx(exact, abs=0.004)
        assert slag.settled_share(3e-4, 1.0, 0.1, 0.0, depths) == pytest.approx(math.exp(-depths))
    once = slag.settled_share(3e-4, 2.0, 0.1, 0.0, 3.0)
    assert slag.settled_share(3e-4, 2.0, 0.1, 0.0, 1.2) * slag.settled_share(3e-4, 2.0, 0.1, 1.2, 1.8) == pytest.approx(once)
    assert slag.settled_share(3e-4, 2.0, 0.1, 1e9, 1.0) == 0.0


@pytest.mark.parametrize("name", ["liquid_viscosity", "thickened", "settling_velocity", "settled_share"])
def test_worked_numbers_in_the_docstrings(name):
    words = doctest.DocTestParser().get_doctest(getattr(slag, name).py_func.__doc__, dict(vars(slag)), name, None, 0)
    assert words.examples
    assert doctest.DocTestRunner().run(words).failed == 0
