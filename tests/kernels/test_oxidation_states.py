"""Two oxides of one element in slag, solid oxides, basicity, and oxygen in copper: the balances, the published ratios, and what must hold for any melt."""

import math

import numpy as np
import pytest
from furnace import METAL, SLAG, WARM, Furnace
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.kernels.basicity import basicity_of
from twin.kernels.oxygen_pressure import dissolved_oxygen
from twin.kernels.phases import pure_at
from twin.kernels.smelting_tables import SOLUTION
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import thermochemistry

R = 8.314462618
DATA = thermochemistry()
SOLIDS = {name: element for name, element in DATA.elements.items() if element.solids}
SLAG_FORMERS = {"Fe": 100.0, "Si": 36.0, "Ca": 8.0, "Al": 8.0}


def moles(melt, phase, name):
    return melt.kg(phase, name) / DATA.elements[name].molar_mass.value


def solid_activity(melt, name, temperature):
    """Activity of the solid oxide, from what the metal holds and the pressure alone: written anew, not the kernel's."""
    element = SOLIDS[name]
    solid = next(iter(element.solids.values()))
    z = element.solid_oxygen
    dg = 0.5 * z * solid.at(temperature)
    if solid.metal == "gas":
        dg += element.vapour.A.value + element.vapour.B.value * temperature
    metal = melt.out[METAL] / np.array([DATA.elements[e].molar_mass.value if e != "rest" else 0.06 for e in ELEMENTS])
    x = metal[ELEMENTS.index(name)] / metal.sum()
    activity = next(iter(element.metal.values()))
    ln_g = math.log(activity.at(temperature))
    if activity.self_ is not None:
        ln_g -= activity.self_.value * min(x, activity.clamp.value)
    return math.exp(-dg / (R * temperature) + ln_g) * x * 10.0 ** (0.5 * z * melt.log_po2)


amounts = st.floats(-6.0, 3.0).map(lambda power: 10.0**power)
feeds = st.dictionaries(st.sampled_from([*SOLIDS, "Si", "Pb", "Ca"]), amounts, min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(feed=feeds, oxygen=st.floats(-3.0, 0.0), temperature=st.floats(1423.15, 1700.0))
def test_no_melt_is_more_than_saturated(feed, oxygen, temperature):
    """Whatever is charged: no solid's activity passes 1, and it is 1 where there is solid. Judged where there is metal, which both hang on."""
    feed["O"] = 10.0**oxygen * sum(feed.values())
    feed["Cu"] = feed.get("Cu", 0.0) + sum(feed.values())
    melt = Furnace(temperature=temperature)(**feed)
    assert melt.status == 0
    if melt.out[METAL].sum() < 1e-6 * sum(feed.values()):
        return
    for name in feed:
        if name in SOLIDS:
            activity = solid_activity(melt, name, temperature)
            assert activity <= 1.0 + 1e-5, name
            if melt.kg(SOLUTION.solids, name) > 1e-6 * feed[name]:
                assert activity == pytest.approx(1.0, abs=1e-5), name


@settings(max_examples=200, deadline=None)
@given(feed=feeds, oxygen=st.floats(-2.0, -0.3), temperature=st.floats(1423.15, 1700.0))
def test_each_state_brings_its_own_oxygen(feed, oxygen, temperature):
    """Oxygen of the slag is that of MO_z, of what is in the higher state more; parts are no more than the whole."""
    feed |= {"Sn": 5.0, "Fe": 20.0, "Si": 8.0}
    feed["O"] = 10.0**oxygen * sum(feed.values())
    melt = Furnace(temperature=temperature)(**feed)
    bound = 0.0
    for name in feed:
        element = DATA.elements[name]
        bound += element.oxygen * moles(melt, SLAG, name) + element.more * moles(melt, SOLUTION.higher, name)
        assert 0.0 <= melt.kg(SOLUTION.solids, name) <= melt.kg(SLAG, name) * (1.0 + 1e-12)
        assert 0.0 <= melt.kg(SOLUTION.higher, name) <= melt.kg(SLAG, name) * (1.0 + 1e-12)
    solids = [name for name in feed if DATA.elements[name].solids and not DATA.elements[name].more]
    bound += sum((DATA.elements[n].solid_oxygen - DATA.elements[n].oxygen) * moles(melt, SOLUTION.solids, n) for n in solids)
    assert moles(melt, SLAG, "O") == pytest.approx(bound, rel=1e-7, abs=1e-9 * feed["O"] / 0.015999)


@pytest.mark.parametrize("celsius", [1200.0, 1300.0])
def test_tin_is_half_oxidised_to_sn4_at_fmq(celsius):
    """As many of both at fayalite-magnetite-quartz (Frost 1991, log fO2 = -25096/T + 8.735), a tenth of Sn4+ two decades below.

    Sn4+ alone, or Sn2+ alone, as twin had it before, misses both. FMQ's slope with temperature is not that of the two oxides: a third of the ratio at 1200 C.
    """
    kelvin = celsius + 273.15
    fmq = -25096.3 / kelvin + 8.735
    furnace = Furnace(temperature=kelvin)
    for below, ratio in ((0.0, 1.0), (2.0, 0.1)):
        melt = furnace.at_pressure(fmq - below, **SLAG_FORMERS, Cu=1000.0, Sn=0.01)
        high = moles(melt, SOLUTION.higher, "Sn")
        assert high / (moles(melt, SLAG, "Sn") - high) == pytest.approx(ratio, rel=0.45)


def test_ferric_iron_after_kress_and_carmichael():
    """Fe3+ over Fe2+ of a smelter's slag at 1300 C: 0.047 at 1e-8 atm, as the fourth root of the pressure. Their slope of 0.196 gives 0.074 at 1e-7 then."""
    furnace = Furnace()
    for log_po2, ratio in ((-8.0, 0.047), (-7.0, 0.047 * 10.0**0.25)):
        melt = furnace.at_pressure(log_po2, **SLAG_FORMERS, Cu=1000.0)
        ferric = moles(melt, SOLUTION.higher, "Fe")
        assert ferric / (moles(melt, SLAG, "Fe") - ferric) == pytest.approx(ratio, rel=0.01)


def test_cassiterite_forms_where_its_line_says():
    """Pure SnO2 from the line of its solid, 0.0371 the coefficient of tin in copper: at 1296 C and log pO2 -4.54 copper holds 0.63 % Sn at most.

    The worked number of the issue, 0.31 %, is with 0.075; SnO alone left 3.7 % in the metal.
    """
    kelvin = 1296.0 + 273.15
    furnace = Furnace(temperature=kelvin)
    melt = furnace.at_pressure(-4.54, Cu=1000.0, Sn=100.0)
    assert melt.kg(SOLUTION.solids, "Sn") > 1.0
    dg = -568900.0 + 200.7 * kelvin
    gamma = 10.0 ** (-2070.1 / kelvin - 0.11499)
    x = math.exp(dg / (R * kelvin)) * 10.0**4.54 / gamma
    found = moles(melt, METAL, "Sn") / sum(moles(melt, METAL, e) for e in ("Cu", "Sn", "O"))
    assert found == pytest.approx(x, rel=1e-6)
    assert 100.0 * melt.kg(METAL, "Sn") / melt.out[METAL].sum() == pytest.approx(0.63, abs=0.02)


def test_solid_tin_oxide_by_the_lever_rule():
    """Nothing but copper, tin and oxygen, held at one pressure: what the saturated metal and slag do not hold is solid, and closes."""
    furnace = Furnace()
    less, more = (furnace.at_pressure(-5.5, Cu=1000.0, Sn=kg) for kg in (200.0, 300.0))
    assert more.kg(SOLUTION.solids, "Sn") - less.kg(SOLUTION.solids, "Sn") == pytest.approx(100.0, rel=1e-6)
    assert more.kg(METAL, "Sn") == pytest.approx(less.kg(METAL, "Sn"), rel=1e-6)


def test_solids_weigh_what_their_oxides_weigh():
    melt = Furnace().at_pressure(-5.5, Cu=1000.0, Sn=300.0)
    tin = melt.kg(SOLUTION.solids, "Sn")
    assert melt.state["solids"] == pytest.approx(tin * (0.11871 + 2 * 0.015999) / 0.11871, rel=1e-9)


def test_chromium_dissolves_by_tenths_of_a_percent():
    """Aalto 2019: 0.15 (log pO2 -5) to 0.3 (-10) wt% Cr beside chromite; without solids all of it dissolved."""
    melt = Furnace().at_pressure(-8.0, Cu=500.0, Fe=100.0, Si=36.0, Ca=8.0, Cr=5.0)
    dissolved = melt.kg(SLAG, "Cr") - melt.kg(SOLUTION.solids, "Cr")
    assert 0.12 <= 100.0 * dissolved / melt.out[SLAG].sum() <= 0.33


def test_copper_oxide_is_solid_below_its_melting_point():
    """At 1200 C copper is at log pO2 -4.244 beside its solid oxide, more where oxygen dilutes it; at 1300 C the liquid oxide comes first."""
    cold, hot = Furnace(temperature=1473.15)(Cu=63.5, O=4.0), Furnace()(Cu=63.5, O=4.0)
    copper = moles(cold, METAL, "Cu") / (moles(cold, METAL, "Cu") + moles(cold, METAL, "O"))
    assert cold.log_po2 == pytest.approx(-4.244 - 4.0 * math.log10(copper), abs=0.005)
    assert cold.kg(SOLUTION.solids, "Cu") > 10.0
    assert hot.kg(SOLUTION.solids, "Cu") == 0.0


@pytest.mark.parametrize(("log_po2", "x"), [(-5.66, 0.005), (-4.53, 0.02)])
def test_oxygen_in_copper_at_both_points_of_its_assessment(log_po2, x):
    """The two points computed with the assessment of Schramm 2005; Sieverts' law through the first gives 0.0184 at the second."""
    melt = Furnace().at_pressure(log_po2, Cu=1000.0)
    found = moles(melt, METAL, "O") / moles(melt, METAL, "Cu")
    assert found == pytest.approx(x, rel=0.015)


def test_lead_leaves_an_acid_slag_for_a_basic_one():
    """PbO: 0.15 saturated with silica, 3 with lime (Kudo): at the same pressure a lime slag takes a twentieth of the lead of a silica slag, by mole."""
    furnace = Furnace()
    acid = furnace.at_pressure(-7.0, Cu=1000.0, Fe=60.0, Si=60.0, Pb=0.01)
    basic = furnace.at_pressure(-7.0, Cu=1000.0, Fe=60.0, Ca=200.0, Pb=0.01)
    assert acid.state["basicity"] == -0.42
    assert basic.state["basicity"] == 0.35
    ratio = [moles(m, SLAG, "Pb") / m.state["slag_moles"] / (moles(m, METAL, "Pb") / m.state["metal_moles"]) for m in (acid, basic)]
    assert ratio[0] / ratio[1] == pytest.approx(20.0, rel=0.02)


def test_signs_of_lime_and_temperature():
    """At 1e-8 atm 10 % CaO in place of none takes 11 % of the copper, 34 % of the lead and 11 % of the zinc out of an iron silicate slag (it rises with
    CaO/SiO2: Azuma, Palacios and Gaskell, Kudo); 50 K more take 15 % of the copper out, as oxides are less stable when hot.
    """

    def in_slag(lime, temperature):
        melt = Furnace(temperature=temperature).at_pressure(-8.0, Cu=1000.0, Fe=330.0, Si=125.0, Ca=lime, Al=30.0, Zn=20.0, Pb=10.0)
        return np.array([melt.kg(SLAG, name) / melt.out[SLAG].sum() for name in ("Cu", "Pb", "Zn")])

    base = in_slag(0.0, WARM)
    assert in_slag(60.0, WARM) / base == pytest.approx([0.888, 0.664, 0.892], abs=0.01)
    assert in_slag(0.0, WARM)[0] / in_slag(0.0, WARM - 50.0)[0] == pytest.approx(0.85, abs=0.02)


def test_the_basicity_is_that_of_the_slag():
    melt = Furnace()(Cu=1000.0, **SLAG_FORMERS, Zn=40.0, O=110.0)
    assert melt.state["basicity"] == pytest.approx(basicity_of(melt.out[SLAG], Furnace().data.elements), abs=1e-6)


@pytest.mark.parametrize("function", [pure_at, dissolved_oxygen])
def test_docstring_examples(function):
    import doctest

    globs = {"math": math, function.__name__: function}
    for example in doctest.DocTestParser().get_doctest(function.__doc__, globs, function.__name__, None, 0).examples:
        statement = example.source.strip()
        if example.want:
            assert str(eval(statement, globs)) == example.want.strip()
        else:
            exec(statement, globs)


def test_temperature_of_the_tests_is_that_of_the_data():
    assert WARM == 1573.15
