"""Heat contents, and temperatures from enthalpies."""

import doctest
import math

import numpy as np
import pytest
from furnace_phase import HEAT, SMELTING, E
from hypothesis import given
from hypothesis import strategies as st

from twin.kernels import furnace_control, heat, slag
from twin.kernels.smelting_tables import ENTHALPY, MOLECULE
from twin.materials import ELEMENTS

OXYGEN = ELEMENTS.index("O")
MOLAR_MASS = float(SMELTING.elements["molar_mass"][OXYGEN])


@pytest.mark.parametrize("function", [heat.content, heat.temperature_of, slag.settling_velocity, furnace_control.bought])
def test_docstring_examples(function):
    globs = {"content": heat.content, function.__name__: function}
    examples = doctest.DocTestParser().get_doctest(function.__doc__, globs, function.__name__, None, 0).examples
    assert examples
    for example in examples:
        assert str(eval(example.source.strip(), globs)) == example.want.strip()


@given(mean=st.floats(100.0, 3000.0), ratio=st.floats(0.5, 1.8), temperature=st.floats(260.0, 3000.0), mass=st.floats(1e-6, 1e6))
def test_temperature_is_the_inverse_of_content(mean, ratio, temperature, mass):
    """For any slope at T0 between half and twice the mean."""
    a, b = mass * mean * heat.SPAN, mass * mean * ratio
    assert heat.temperature_of(heat.content(a, b, temperature), a, b) == pytest.approx(temperature, rel=1e-9)


def test_content_is_zero_when_cold_and_smooth_at_t0():
    a, b, h = 7e5, 480.0, 1e-3
    assert heat.content(a, b, 298.15) == pytest.approx(0.0, abs=1e-9)
    below = (heat.content(a, b, heat.T0) - heat.content(a, b, heat.T0 - h)) / h
    above = (heat.content(a, b, heat.T0 + h) - heat.content(a, b, heat.T0)) / h
    assert below == pytest.approx(above, rel=1e-5)


def test_nothing_has_no_temperature():
    assert math.isnan(heat.temperature_of(0.0, 0.0, 0.0))
    assert heat.temperature_of(-1e12, 7e5, 480.0) == heat.LOWEST


def test_metal_and_oxide_differ_by_the_reaction():
    """A kmol of lead and half of O2 against PbO at T0: -183.8 kJ/mol, the free energy's A."""
    metal, oxide = ENTHALPY.new(2)
    lead = np.zeros(E)
    lead[ELEMENTS.index("Pb")] = 207.2
    heat.add_metal(lead, MOLAR_MASS, HEAT.species, HEAT.elements, OXYGEN, metal)
    heat.add_oxides(lead, HEAT.elements, OXYGEN, oxide)
    oxygen = 500.0 * HEAT.species["content"][MOLECULE.O2]
    assert (sum(oxide.tolist()[:2]) - sum(metal.tolist()[:2]) - oxygen) / 1e6 == pytest.approx(-367.681 / 2)


def test_oxygen_in_copper_has_its_heat():
    copper, sums = np.zeros(E), ENTHALPY.new()[0]
    copper[OXYGEN] = 0.015999
    heat.add_metal(copper, MOLAR_MASS, HEAT.species, HEAT.elements, OXYGEN, sums)
    assert sums["formation"] == pytest.approx(-85350.0)


def test_levels_add_up():
    out = np.zeros(4)
    a, b = 5e4, 50.0
    heat.add_levels(a, b, 1500.0, out)
    assert out.sum() == pytest.approx(heat.content(a, b, 1500.0))
    assert (out > 0.0).all()
    assert out[3] == pytest.approx(heat.content(a, b, 473.15))
    out[:] = 0.0
    heat.add_levels(a, b, 600.0, out)
    assert out[0] == out[1] == 0.0
    assert out[2] > 0.0
