"""Slag: viscosity, window, liquidus, settling."""

import math

import numpy as np
import pytest
from furnace_phase import HEAT, SMELTING, E

from twin.kernels import slag
from twin.materials import ELEMENTS

OXIDES = {"SiO2": ("Si", 28.085 / 60.083), "CaO": ("Ca", 40.078 / 56.077), "FeO": ("Fe", 55.845 / 71.844), "Al2O3": ("Al", 53.964 / 101.961)}
OXIDES |= {"MgO": ("Mg", 24.305 / 40.304), "Na2O": ("Na", 45.98 / 61.979), "ZnO": ("Zn", 65.38 / 81.379), "Cr2O3": ("Cr", 103.992 / 151.989)}


def properties(temperature=1573.15, **oxides):
    mass, shares = np.zeros(E), np.zeros(len(slag.KEYS))
    for name, share in oxides.items():
        element, metal = OXIDES[name]
        mass[ELEMENTS.index(element)] = share * metal
    viscosity, liquidus = slag.slag_properties(mass, SMELTING.elements, HEAT.elements, temperature, shares)
    return viscosity, liquidus, dict(zip(slag.KEYS, shares.tolist(), strict=True))


def test_riboud_by_hand():
    """Moles of 100 g by the formula as printed: 32 SiO2, 55 FeO, 5 CaO, 6 Al2O3, 2 Na2O."""
    parts = {"SiO2": 32.0, "FeO": 55.0, "CaO": 5.0, "Al2O3": 6.0, "Na2O": 2.0}
    moles = {"SiO2": 32 / 60.083, "FeO": 55 / 71.844, "CaO": 5 / 56.077, "Al2O3": 6 / 101.961, "Na2O": 2 / 61.979}
    total = sum(moles.values())
    b, a, n = (moles["FeO"] + moles["CaO"]) / total, moles["Al2O3"] / total, moles["Na2O"] / total
    big_a, big_b = math.exp(-19.81 + 1.73 * b + 7.02 * n - 35.76 * a), 31140 - 23896 * b - 39159 * n + 68833 * a
    assert properties(**parts)[0] == pytest.approx(big_a * 1573.15 * math.exp(big_b / 1573.15), rel=1e-3)


def test_blast_furnace_slag():
    """About 0.3 Pa s at 1500 °C, which settles that the coefficients are for Pa s."""
    assert properties(1773.15, CaO=40.0, SiO2=40.0, Al2O3=10.0, MgO=10.0)[0] == pytest.approx(0.32, abs=0.03)


def test_viscosity_falls_with_temperature_and_bases():
    base = {"SiO2": 35.0, "FeO": 55.0, "CaO": 5.0, "Al2O3": 5.0}
    thick = properties(**base)[0]
    assert properties(1673.15, **base)[0] < thick
    assert properties(**{**base, "FeO": 65.0})[0] < thick
    assert properties(**{**base, "Al2O3": 15.0})[0] > thick


def test_window():
    shares = properties(SiO2=35.0, FeO=55.0, CaO=5.0, Al2O3=5.0)[2]
    assert shares["Ca"] == pytest.approx(0.05, rel=1e-3)
    assert shares["Al"] == pytest.approx(0.05, rel=1e-3)
    assert shares["iron_to_silica"] == pytest.approx(55.0 * 55.845 / 71.844 / 35.0, rel=1e-3)


def test_liquidus_estimate():
    good = {"SiO2": 35.0, "FeO": 58.0, "CaO": 5.0, "Al2O3": 2.0}
    liquidus = properties(**good)[1]
    assert 1400.0 < liquidus < 1480.0
    for change in ({"FeO": 90.0}, {"SiO2": 60.0}, {"Al2O3": 20.0}, {"MgO": 5.0}, {"ZnO": 20.0}, {"Cr2O3": 2.0}, {"CaO": 25.0}):
        assert properties(**{**good, **change})[1] > liquidus, change
    assert properties(SiO2=1.0, Cr2O3=50.0)[1] == slag.HIGHEST_LIQUIDUS


def test_no_slag():
    assert math.isnan(properties()[0])


def test_settling_velocity():
    """Stokes: with the square of the drop, against the viscosity."""
    slow = slag.settling_velocity(1e-4, 0.2)
    assert slag.settling_velocity(2e-4, 0.2) == pytest.approx(4.0 * slow)
    assert slag.settling_velocity(1e-4, 0.1) == pytest.approx(2.0 * slow)
