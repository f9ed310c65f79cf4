"""Fuming: coal divided between tuyeres, slag and freeboard; slag that freezes onto walls; an interface that grows with gas."""

import pytest
from furnace_phase import HEAT, SLAG, melt, row, run
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.kernels.fuming import frozen, transfer
from twin.kernels.furnace_plan import possible
from twin.kernels.furnace_tables import PLAN
from twin.kernels.smelting_tables import MOLECULE
from twin.materials import ELEMENTS

SLAG_BATH = {"Zn": 900.0, "Pb": 120.0, "Fe": 2640.0, "Si": 1030.0, "Ca": 860.0, "Al": 240.0, "Mg": 120.0, "O": 2800.0}
"""10 t with a trace of ferric iron: without any, ferrous iron reduces zinc."""
CARBON = row(32.76e6, C=1.0)
COAL = row(25.7e6, C=0.65, H=0.052, N=0.013, O=0.201, S=0.008, Si=0.028, Al=0.016, Fe=0.007, Ca=0.006, rest=0.019)
MOL = 1.0 / 0.012011
"""Of carbon in a kg."""
NORMAL = 44.615
"""mol in a Nm3."""
PLAN_OF_ALL = {"coldest": 1300.0, "hottest": 1773.0, "tuyere_zone": 1.0, "at_least": 60.0, "at_most": 60.0, "dt": 60.0, "fuming": 100.0}


@pytest.fixture(scope="module")
def bath():
    return melt(1550.0, **SLAG_BATH)


def blown(bath, oxygen, reductant=CARBON, **plan):
    """A minute with 0.1 kg/s of coal and a blast that brings ``oxygen`` mol of O2 to a mol of its carbon."""
    carbon = reductant[ELEMENTS.index("C")] * MOL
    return run(*bath, reductant=reductant, reductant_rate=0.1, blast=0.1 * carbon * oxygen / 0.21 / NORMAL, **{**PLAN_OF_ALL, **plan})


def heat_of(moles):
    """Enthalpy in J of gases at 1550 K."""
    total = 0.0
    for name, n in moles.items():
        gas = HEAT.species[getattr(MOLECULE, name)]
        d = 1550.0 - 1573.15
        q = (gas["slope"] * 1275.0 - gas["content"]) / 1275.0**2
        total += n * (gas["formation"] + gas["content"] + gas["slope"] * d + q * d * d)
    return total


@pytest.mark.parametrize(("oxygen", "gas"), [
    (1.0, {"CO2": 1.0, "N2": 0.79 / 0.21}),
    (0.75, {"CO2": 0.5, "CO": 0.5, "N2": 0.75 * 0.79 / 0.21}),
    (0.5, {"CO": 1.0, "N2": 0.5 * 0.79 / 0.21}),
    (0.25, {"CO": 0.5, "N2": 0.25 * 0.79 / 0.21}),
])  # fmt: skip
def test_carbon_burns_as_far_as_the_blast_lets_it_and_heats_the_bath(bath, oxygen, gas):
    """All of it is to burn at the tuyeres and its gas leaves at the bath's temperature: the heat is that of the gas; what finds no oxygen passes."""
    result = blown(bath, oxygen, reductant_use=0.0, coal_burnt=1.0, fuming=0.0)
    burnt = gas.get("CO2", 0.0) + gas.get("CO", 0.0)
    brought = 0.1 * 60.0 * (burnt * float(CARBON[-2]) - MOL * heat_of(gas))
    gained = float(result.bath[-2:].sum() - result.before[-2:].sum())
    assert gained == pytest.approx(brought, abs=0.01 * 0.1 * 60.0 * MOL * 393.5e3)
    assert result.closure() < 1e-12
    assert result.heat_closure() < 1e-12
    assert result.stream("gas", "C") == pytest.approx(6.0, rel=1e-9)


def test_what_the_coal_leaves_oxidises_the_slag_by_its_share(bath):
    before = run(*bath, at_most=0.0).kg(SLAG, "O")
    gains = [blown(bath, 1.5, reductant_use=0.0, coal_burnt=1.0, slag_oxidation=share, fuming=0.0).kg(SLAG, "O") - before for share in (0.0, 0.4, 1.0)]
    assert gains[0] == pytest.approx(0.0, abs=1e-6)
    assert gains[1] == pytest.approx(0.4 * 0.5 * 6.0 * MOL * 0.031998, rel=0.01)
    assert gains[2] == pytest.approx(2.5 * gains[1], rel=0.01)


def test_ash_goes_into_the_slag_with_its_oxygen(bath):
    """Coal that passes reduces nothing: its ash brings its own oxygen, and its heat is that of the heating value."""
    result = blown(bath, 0.0, COAL, reductant_use=0.0, coal_burnt=0.0, fuming=0.0)
    start = run(*bath, at_most=0.0)
    assert result.state["log_po2"] == pytest.approx(start.state["log_po2"], abs=0.02)
    assert result.kg(SLAG, "Si") - start.kg(SLAG, "Si") == pytest.approx(6.0 * 0.028, rel=1e-6)
    assert abs(result.temperature - start.temperature) < 1.0


def test_entrained_coal_fumes_zinc_and_coal_at_the_tuyeres_does_not(bath):
    """None, 4.4 and 14.1 kg, in steps of 60 s and of 1 s."""
    fumed = [blown(bath, 1.0, reductant_use=share, coal_burnt=0.4).stream("fume", "Zn") for share in (0.0, 0.2, 0.5)]
    assert fumed[0] == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < fumed[1] < 0.7 * fumed[2]


def test_the_interface_grows_with_the_gas(bath):
    """Of vapours that are far from saturation twice the transfer takes nearly twice as much."""
    plan = {"reductant_use": 0.3, "coal_burnt": 0.5, "fuming_gas": 1e-3}
    fixed = blown(bath, 0.7, fuming=1e-3, **plan).stream("fume", "Zn")
    grown = blown(bath, 0.7, fuming=1e-3, fuming_exponent=0.2, **plan).stream("fume", "Zn")
    assert grown > 2.0 * fixed > 0.0
    record = PLAN.of({"fuming": 10.0, "fuming_gas": 5.0, "fuming_exponent": 0.8})[0]
    assert transfer(5.0 * NORMAL * 60.0, 60.0, record) == pytest.approx(10.0, rel=1e-4)
    assert transfer(10.0 * NORMAL * 60.0, 60.0, record) == pytest.approx(10.0 * 2.0**0.8, rel=1e-4)


def test_jackets_take_what_the_bath_supplies_over_its_liquidus():
    """And what the thickest layer conducts from a bath that is colder."""
    hot = melt(1750.0, **SLAG_BATH)
    plan = {"coldest": 1300.0, "hottest": 1773.0, "jacket_area": 10.0, "frozen_most": 0.1}
    first = run(*hot, at_least=5.0, at_most=5.0, **plan)
    start = run(*hot, at_most=0.0, hottest=1773.0)
    flux = first.sums["wall_loss"] / 5.0 / 10.0
    assert flux == pytest.approx(500.0 * (start.temperature - start.state["liquidus"]), rel=0.01)
    cold = run(*melt(1500.0, **SLAG_BATH), at_least=60.0, at_most=60.0, **plan)
    assert cold.temperature < cold.state["liquidus"]
    assert cold.sums["wall_loss"] / 600.0 == pytest.approx(1.5 * (cold.state["liquidus"] - 350.0) / 0.1, rel=0.01)
    assert first.heat_closure() < 1e-12
    assert cold.sums["wall_loss"] / 60.0 < 0.5 * first.sums["wall_loss"] / 5.0


@given(st.floats(0.0, 1e4), st.floats(400.0, 2000.0), st.floats(400.0, 2000.0))
@settings(max_examples=50, deadline=None)
def test_a_layer_conducts_what_it_takes(film, temperature, liquidus):
    flux, thickness = frozen(film, 1.5, 0.2, 350.0, temperature, liquidus)
    assert 0.0 < thickness <= 0.2 * (1.0 + 1e-9)
    assert flux * thickness == pytest.approx(1.5 * (liquidus - 350.0))
    assert flux >= film * (temperature - liquidus) * (1.0 - 1e-12)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 3.0))
@settings(max_examples=25, deadline=None)
def test_all_divisions_close(bath_of_all, first, second, oxidation, heat, oxygen):
    result = blown(
        bath_of_all, oxygen, COAL, reductant_use=first, coal_burnt=second * (1.0 - first), slag_oxidation=oxidation, tuyere_heat=heat, jacket_area=3.0
    )
    assert result.status == 0
    assert result.closure() < 1e-11
    assert result.heat_closure() < 1e-11
    assert (result.bath[:-2] >= 0.0).all()


@pytest.fixture(scope="module")
def bath_of_all():
    return melt(1550.0, **SLAG_BATH)


@pytest.mark.parametrize("values", [
    {"tuyere_zone": 1.0, "reductant_use": 0.6, "coal_burnt": 0.5}, {"coal_burnt": 1.1}, {"fuming_gas": 0.0}, {"frozen_most": 0.0}, {"jacket_area": -1.0},
])  # fmt: skip
def test_plans_that_are_not_possible(values):
    assert possible(PLAN.of({}))
    assert not possible(PLAN.of(values))
