"""The smelting kernel: what it must do with any feed."""

import math
from itertools import pairwise

import numpy as np
import pytest
from furnace import CARBON, GAS, METAL, SLAG, Furnace
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.kernels import phases, smelting
from twin.kernels.basicity import basicity_of
from twin.kernels.smelting_space import Chemistry
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import thermochemistry

CHARGE = {"Cu": 1000.0, "Fe": 100.0, "Si": 28.0, "Sn": 20.0, "Pb": 30.0, "Zn": 40.0, "Ni": 10.0, "Ag": 1.0, "Au": 0.1, "Al": 10.0, "Ca": 8.0, "Sb": 2.0}
"""Black copper with slag formers, kg."""


@pytest.fixture(scope="module")
def furnace():
    return Furnace()


def test_the_worked_number(furnace):
    """A ton of copper, 100 kg of iron, 60 kg of SiO2 and 28 kg of further oxygen, as the docstring gives it."""
    melt = furnace(Cu=1000.0, Fe=100.0, Si=28.05, O=31.95 + 28.0)
    assert melt.status == 0
    assert f"{melt.log_po2:.4f}, {melt.percent(METAL, 'Fe'):.4f}, {melt.percent(SLAG, 'Cu'):.4f}" in smelting.smelt.__doc__
    assert melt.warnings == []


@pytest.mark.parametrize("function", [phases.self_limited, phases.pure_limited])
def test_docstring_examples(function):
    import doctest

    globs = {"math": math, function.__name__: function}
    for example in doctest.DocTestParser().get_doctest(function.__doc__, globs, function.__name__, None, 0).examples:
        statement = example.source.strip()
        if example.want:
            assert str(eval(statement, globs)) == example.want.strip()
        else:
            exec(statement, globs)


amounts = st.floats(-8.0, 4.0).map(lambda power: 10.0**power)
feeds = st.dictionaries(st.sampled_from(ELEMENTS), amounts, min_size=1, max_size=len(ELEMENTS))


@settings(max_examples=400, deadline=None)
@given(feed=feeds, oxygen=st.one_of(st.none(), st.floats(-4.0, 0.3)), temperature=st.floats(1373.15, 1773.15))
def test_any_feed_closes(feed, oxygen, temperature):
    """Every element and oxygen within 1e-12, nothing negative, nothing that is not a number."""
    if oxygen is not None:
        feed["O"] = 10.0**oxygen * sum(feed.values())
    melt = Furnace(temperature=temperature)(**feed)
    assert melt.status == 0
    assert np.isfinite(melt.out).all()
    assert all(math.isfinite(value) for value in melt.state.values())
    assert melt.out.min() >= -1e-13 * max(melt.mass)
    assert melt.closure() <= 1e-12
    # the root itself, before the remainder is put where most oxygen is; oxygen may be a trace among the rest
    assert melt.state["residual"] * feed.get("O", 0.0) <= 1e-10 * sum(feed.values())


def _whatever_its_basicity():
    data = thermochemistry().smelting()
    elements = data.elements.copy()
    elements["basicity"] = 0.0
    return Chemistry(elements, data.gases)


@settings(max_examples=150, deadline=None)
@given(feed=feeds, oxygen=st.floats(-3.0, 0.0), more=st.floats(0.01, 0.3), temperature=st.floats(1373.15, 1773.15))
def test_more_oxygen_never_lowers_its_pressure(feed, oxygen, more, temperature):
    """At a given basicity. Where much germanium oxidises beside a little soda, the slag gets more acid and takes it more easily: 8e-4 less at a quarter more oxygen."""
    feed["O"] = 10.0**oxygen * sum(feed.values())
    furnace = Furnace(_whatever_its_basicity(), temperature)
    before = furnace(**feed).log_po2
    feed["O"] *= 1.0 + more
    assert furnace(**feed).log_po2 >= before - 1e-6


@settings(max_examples=50, deadline=None)
@given(feed=feeds, guess=st.floats(-12.0, -4.0), factor=st.floats(1e-3, 1e3))
def test_neither_guess_nor_batch_size_matters(feed, guess, factor):
    furnace = Furnace()
    feed["O"] = 0.1 * sum(feed.values())
    first, second = furnace(**feed), furnace.smelt(factor * furnace(**feed).mass, guess)
    assert second.log_po2 == pytest.approx(first.log_po2, abs=1e-6)
    assert second.out / factor == pytest.approx(first.out, rel=1e-5, abs=1e-7 * sum(feed.values()))


@settings(max_examples=150, deadline=None)
@given(feed=feeds, oxygen=st.floats(-3.0, 0.3), temperature=st.floats(1373.15, 1773.15))
def test_the_basicity_is_that_of_the_slag(feed, oxygen, temperature):
    """What is inert counts in it. The nested search, which a quarter of such feeds need, left it out: one in 50 was wrong, by up to 0.35."""
    feed["O"] = 10.0**oxygen * sum(feed.values())
    melt = Furnace(temperature=temperature)(**feed)
    if melt.out[SLAG].sum() > 1e-6 * sum(feed.values()):
        assert melt.state["basicity"] == pytest.approx(basicity_of(melt.out[SLAG], thermochemistry().smelting().elements), abs=1e-6)


def test_the_basicity_of_lead_burnt_in_nearly_pure_oxygen(furnace):
    """Found by the nested search, from any guess: 0.0018, which was 0.0917 where it began at 1e-8 atm."""
    feed = {"rest": 5497.352, "Pb": 246.86, "O": 116.447, "Fe": 17.648, "Na": 7.856, "Cl": 2.521, "Au": 0.864, "Mn": 0.405, "Ge": 0.211}
    melts = [furnace.smelt([feed.get(name, 0.0) for name in ELEMENTS], guess) for guess in (-12.0, -8.0, -6.0, -3.0)]
    elements = thermochemistry().smelting().elements
    for melt in melts:
        assert melt.state["basicity"] == pytest.approx(basicity_of(melt.out[SLAG], elements), abs=1e-6)
        assert melt.log_po2 == pytest.approx(melts[0].log_po2, abs=1e-6)


def test_the_same_bits_each_time(furnace):
    melts = [furnace(**CHARGE, O=90.0, C=5.0) for _ in range(3)]
    assert all((melt.out == melts[0].out).all() and melt.state == melts[0].state for melt in melts)


def test_monotone_in_oxygen(furnace):
    """Step by step, no element goes back into the metal, and the pressure rises."""
    melts = [furnace(**CHARGE, O=float(oxygen)) for oxygen in range(20, 400, 10)]
    pressures = [melt.log_po2 for melt in melts]
    assert pressures == sorted(pressures)
    for element in ("Fe", "Sn", "Pb", "Ni", "Cu", "Zn"):
        shares = [melt.kg(METAL, element) for melt in melts]
        assert all(later <= earlier * (1.0 + 1e-6) + 1e-9 for earlier, later in pairwise(shares)), element


def test_monotone_in_temperature():
    """At the same charge the oxides are less stable when it is hotter: the pressure rises, and so does zinc's share in the gas."""
    melts = [Furnace(temperature=celsius + 273.15)(**CHARGE, O=90.0, N=20.0) for celsius in range(1100, 1501, 25)]
    pressures = [melt.log_po2 for melt in melts]
    fumed = [melt.kg(GAS, "Zn") for melt in melts]
    assert pressures == sorted(pressures)
    assert fumed == sorted(fumed)


@pytest.mark.parametrize("element", [name for name in ELEMENTS if name not in ("H", "C", "N", "O", "Cl", "Br", "rest", "Zn", "Na")])
def test_one_element_without_oxygen_is_metal(furnace, element):
    melt = furnace(**{element: 1.0})
    assert melt.status == 0
    assert melt.kg(METAL, element) == pytest.approx(1.0, abs=1e-9)
    assert "oxygen_low" in melt.warnings


@pytest.mark.parametrize("element", ["Na", "Zn"])
def test_one_element_that_boils_is_gas(furnace, element):
    assert furnace(**{element: 1.0}).kg(GAS, element) == pytest.approx(1.0, abs=1e-9)


def test_all_oxygen(furnace):
    """With far more oxygen than anything takes no base metal is left but gold, and the rest is free oxygen. Some tin leaves as SnO."""
    melt = furnace(**CHARGE, O=5000.0)
    assert "oxygen_high" in melt.warnings
    assert melt.log_po2 == pytest.approx(0.0, abs=1e-3)  # vapours take some of the gas
    for element in ("Cu", "Fe", "Sn", "Ni", "Si", "Al"):
        assert melt.kg(METAL, element) < 0.01 * CHARGE[element], element
    for element in ("Cu", "Fe", "Ni", "Si", "Al"):
        assert melt.oxidised(element) > 0.99, element
    assert melt.kg(GAS, "O") > 4000.0


def test_no_metal(furnace):
    melt = furnace(Si=1.0, Ca=1.0, Fe=1.0, O=10.0)
    assert melt.out[METAL].sum() < 1e-9


def test_no_slag_former(furnace):
    melt = furnace(Cu=1000.0, Sn=10.0, O=0.2)
    assert melt.out[SLAG].sum() < 1e-9
    assert melt.kg(METAL, "O") == pytest.approx(0.2, rel=1e-6)


def test_nothing(furnace):
    melt = furnace()
    assert melt.status == 0
    assert melt.out.sum() == 0.0


def test_too_much_carbon_stays_solid(furnace):
    melt = furnace(**CHARGE, C=100.0, O=60.0)
    assert melt.kg(CARBON, "C") > 50.0
    assert melt.state["solid_carbon"] == pytest.approx(melt.kg(CARBON, "C") / 0.012011)
    assert "solid_carbon" in melt.warnings
    enough = furnace(**CHARGE, C=20.0, O=90.0)
    assert enough.kg(CARBON, "C") == 0.0
    assert enough.warnings == []


def test_carbon_and_oxygen_alone_give_carbon_monoxide(furnace):
    """Both sides of the jump at the pressure where carbon and its gas are alone, joined by the lever rule."""
    melt = furnace(C=1.0, O=1.0)
    assert melt.kg(GAS, "C") == pytest.approx(12.011 / 15.999, rel=1e-3)
    assert melt.kg(CARBON, "C") == pytest.approx(1.0 - 12.011 / 15.999, rel=3e-3)


def test_copper_and_its_oxide_alone_share_by_the_lever_rule(furnace):
    """Nearly: copper holds x_O / x_Cu = 0.0595 beside it, and the oxide of one copper atom half an oxygen."""
    melt = furnace(Cu=63.546, O=0.25 * 15.999)
    held = melt.kg(METAL, "O") / 15.999 / (melt.kg(METAL, "Cu") / 63.546)
    assert melt.kg(SLAG, "Cu") / 63.546 == pytest.approx((0.25 - held) / (0.5 - held), rel=1e-6)


def test_gases(furnace):
    """H, C, N, Cl and Br leave; halogens bind hydrogen; sulphur stays in copper at low oxygen and leaves at high."""
    melt = furnace(**CHARGE, O=95.0, C=10.0, H=2.0, N=50.0, Cl=1.0, Br=0.5, S=5.0)
    for element, kg in (("C", 10.0), ("H", 2.0), ("N", 50.0), ("Cl", 1.0), ("Br", 0.5)):
        assert melt.kg(GAS, element) == kg
    assert melt.kg(METAL, "S") > 4.9
    blown = furnace(Cu=1000.0, S=5.0, N=100.0, O=17.0)
    assert blown.kg(GAS, "S") > 4.5


@pytest.mark.parametrize(
    ("feed", "warning"),
    [
        ({"Cu": 100.0, "S": 2.0, "O": 0.001}, "matte"),
        ({"Cu": 80.0, "As": 10.0, "Sb": 5.0, "O": 0.001}, "speiss"),
        ({"Cu": 100.0, "Fe": 20.0, "O": 1.0}, "iron_rich"),
        ({"Cu": 10.0, "Pb": 90.0, "O": 0.01}, "copper_poor"),
    ],
)
def test_what_is_beyond_the_model_is_counted(furnace, feed, warning):
    assert warning in furnace(**feed).warnings


def test_temperature_out_of_range():
    assert "temperature" in Furnace(temperature=1300.0)(**CHARGE, O=90.0).warnings
    assert Furnace(temperature=900.0)(**CHARGE).status == 2
    assert Furnace(pressure=1000.0)(**CHARGE).status == 2


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_an_amount_that_is_none(furnace, amount):
    melt = furnace(Cu=1.0, Fe=amount)
    assert melt.status == 1
    assert np.isfinite(melt.out).all()


def test_a_slope_turns_the_distribution_about_the_pivot():
    """Antimony's is flat unless a slope is given; at 1e-8 both agree, two decades below a slope of 0.75 gives 10^-1.5 of it."""
    flat, steep = Furnace(), Furnace(thermochemistry().smelting(slopes={"Sb": 0.75}))
    for log_po2, ratio in ((-8.0, 1.0), (-10.0, 10.0**-1.5)):
        first, second = (furnace.at_pressure(log_po2, **{**CHARGE, "Sb": 1e-6}) for furnace in (flat, steep))
        found = [melt.kg(SLAG, "Sb") / melt.kg(METAL, "Sb") for melt in (first, second)]
        assert found[1] / found[0] == pytest.approx(ratio, rel=1e-5)


def test_a_slope_leaves_the_oxygen_balance():
    """Much antimony: what is in the slag holds one and a half oxygen, whatever its slope."""
    melt = Furnace(thermochemistry().smelting(slopes={"Sb": 0.3}))(Cu=50.0, Sb=40.0, Si=10.0, O=20.0)
    bound = sum(z * melt.kg(SLAG, e) / m for e, z, m in (("Cu", 0.5, 63.546), ("Sb", 1.5, 121.76), ("Si", 2.0, 28.085)))
    assert melt.kg(SLAG, "O") / 15.999 == pytest.approx(bound, rel=1e-9)


def test_it_allocates_nothing(furnace):
    """A call from Python wraps its ten arrays; inside nothing is allocated."""
    from numba.core.runtime import _nrt_python, rtsys

    _nrt_python.memsys_enable_stats()

    mass = np.array([CHARGE.get(name, 0.0) for name in ELEMENTS])
    before = rtsys.get_allocation_stats().alloc
    for _ in range(1000):
        smelting.smelt(mass, 1573.15, furnace.data, furnace.melt)
    assert rtsys.get_allocation_stats().alloc - before <= 10 * 1000
