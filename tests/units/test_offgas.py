"""Off-gas filter: metals become dust as oxides and chlorides, the rest leaves burnt, and a full hopper makes furnaces wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from melter import by_element, driven, plant, row, taken
from melter import melter as melter

import twin
from twin.errors import DeadlockError, ScenarioError
from twin.materials import ELEMENTS
from twin.materials.heat import heat_data
from twin.units.melts.offgas import CONDENSED, Cleaned, Cleaning

HEAT = heat_data()
O2, CO2, H2O, SO2, HCL = (2 * 15.999, 44.009, 18.015, 64.058, 36.458)
GAS: dict[str, float] = {
    "C": 120.0,
    "H": 20.0,
    "N": 1500.0,
    "O": 700.0,
    "S": 4.0,
    "Cl": 3.0,
    "Br": 1.0,
    "Zn": 40.0,
    "Pb": 15.0,
    "Sn": 3.0,
    "Cu": 1.0,
    "rest": 2.0,
}
"""2.4 t of off-gas of an hour, with more oxygen than it needs."""


def clean(masses: dict[str, float], efficiency: float = 1.0, halogens: float = 0.0, sulphur: float = 0.0) -> Cleaned:
    return Cleaning(HEAT, efficiency, halogens, sulphur).clean(by_element(masses))


def there(masses: Any) -> dict[str, float]:
    """What there is, kg by element."""
    return {name: mass for name, mass in zip(ELEMENTS, masses.tolist(), strict=True) if abs(mass) > 1e-12}


# -- what happens to a parcel -----------------------------------------------------------------------------------------------------------------


def test_zinc_in_nitrogen_draws_in_air_and_becomes_oxide() -> None:
    cleaned = clean({"Zn": 1.0, "N": 5.0})
    oxygen = 15.999 / 65.38
    assert there(cleaned.dust) == pytest.approx({"Zn": 1.0, "O": oxygen})
    assert cleaned.dust.sum() == pytest.approx(1.2447, abs=5e-5)
    nitrogen = oxygen / 15.999 * 14.007 * 79.0 / 21.0
    assert nitrogen == pytest.approx(0.806, abs=5e-4)
    assert there(cleaned.air) == pytest.approx({"O": oxygen, "N": nitrogen})
    assert there(cleaned.gas) == pytest.approx({"N": 5.0 + nitrogen})
    assert cleaned.dust_formation == pytest.approx(float(HEAT.elements["oxide_F"][ELEMENTS.index("Zn")]))
    assert cleaned.gas_formation == 0.0


def test_oxides_have_the_oxygen_of_the_data() -> None:
    metals = {"Zn": 1.0, "Pb": 1.0, "Sn": 1.0, "Cu": 1.0, "As": 1.0, "Si": 1.0, "Au": 1.0, "rest": 1.0}
    needed = {"Zn": 1.0, "Pb": 1.0, "Sn": 1.0, "Cu": 0.5, "As": 1.5, "Si": 2.0, "Au": 0.5, "rest": 0.0}
    oxygen = sum(n * 15.999e-3 / HEAT.molar_mass[ELEMENTS.index(name)] for name, n in needed.items())
    cleaned = clean({**metals, "O": 10.0})
    assert there(cleaned.dust) == pytest.approx({**metals, "O": oxygen})
    assert there(cleaned.gas) == pytest.approx({"O": 10.0 - oxygen})
    assert not cleaned.air.any()


def test_what_is_not_caught_leaves_with_the_gas_as_the_same_oxides() -> None:
    all_of_it, most = clean({**GAS}), clean({**GAS}, efficiency=0.999)
    assert most.dust == pytest.approx(0.999 * all_of_it.dust, rel=1e-14)
    assert there(most.gas)["Zn"] == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("masses", "burnt", "formation"),
    [
        ({"C": 12.011, "O": 15.999}, {"C": 12.011, "O": O2}, -393.5e6 / 1000),
        ({"H": 2.016}, {"H": 2.016, "O": 15.999}, -241.8e6 / 1000),
        ({"S": 32.06}, {"S": 32.06, "O": O2}, -296.8e6 / 1000),
        ({"H": 1.008, "Cl": 35.45}, {"H": 1.008, "Cl": 35.45}, -92.3e6 / 1000),
    ],
)
def test_what_is_left_burns(masses: dict[str, float], burnt: dict[str, float], formation: float) -> None:
    """A kmol of each: formation of the gas in kJ, to 0.2 %."""
    cleaned = clean(masses)
    found = there(cleaned.gas)
    found.pop("N", None)
    assert found == pytest.approx(burnt, rel=1e-9)
    assert cleaned.gas_formation / 1000.0 == pytest.approx(formation, rel=2e-3)


def test_halogens_take_the_place_of_oxygen() -> None:
    """A kmol of zinc and of Cl as HCl with air: at 70 %, 0.35 kmol ZnCl2 and 0.65 kmol ZnO."""
    cleaned = clean({"Zn": 65.38, "Cl": 35.45, "H": 1.008, "O": 100.0, "N": 300.0}, halogens=0.7)
    assert there(cleaned.dust) == pytest.approx({"Zn": 65.38, "Cl": 0.7 * 35.45, "O": 0.65 * 15.999})
    assert there(cleaned.gas)["Cl"] == pytest.approx(0.3 * 35.45)


def test_metals_bind_no_more_halogens_than_they_can() -> None:
    cleaned = clean({"Zn": 65.38, "Cl": 10 * 35.45, "Br": 79.904, "H": 20.0, "O": 500.0}, halogens=0.7)
    dust = there(cleaned.dust)
    assert "O" not in dust
    assert dust["Cl"] / 35.45 + dust["Br"] / 79.904 == pytest.approx(2.0)
    assert there(clean({"Cl": 35.45, "H": 1.008, "rest": 1.0}, halogens=0.7).dust) == {"rest": 1.0}


def test_sulphur_is_bound_as_its_dioxide() -> None:
    cleaned = clean({"S": 32.06, "O": O2, "Ca": 0.0, "rest": 5.0}, sulphur=0.9)
    assert there(cleaned.dust) == pytest.approx({"S": 0.9 * 32.06, "O": 0.9 * O2, "rest": 5.0})
    assert there(cleaned.gas) == pytest.approx({"S": 0.1 * 32.06, "O": 0.1 * O2})


def test_no_air_for_a_rounding_error() -> None:
    assert not clean({"C": 12.011, "O": O2 * (1.0 - 1e-12)}).air.any()


def test_clean_gas_gives_no_dust() -> None:
    cleaned = clean({"N": 28.0, "O": 9.0})
    assert not cleaned.dust.any()
    assert cleaned.dust_formation == cleaned.gas_formation == 0.0


@settings(max_examples=300, deadline=None)
@given(
    masses=st.dictionaries(st.sampled_from(ELEMENTS), st.one_of(st.just(0.0), st.floats(1e-9, 1e5)), min_size=1),
    efficiency=st.floats(0.0, 1.0),
    halogens=st.floats(0.0, 1.0),
    sulphur=st.floats(0.0, 1.0),
)
def test_any_parcel_closes(masses: dict[str, float], efficiency: float, halogens: float, sulphur: float) -> None:
    elements = by_element(masses)
    cleaned = clean(masses, efficiency, halogens, sulphur)
    total = elements + cleaned.air
    assert (np.abs(cleaned.dust + cleaned.gas - total) <= 4e-16 * total).all()
    assert (cleaned.dust >= 0.0).all() and (cleaned.gas >= 0.0).all() and (cleaned.air >= 0.0).all()
    assert cleaned.dust[list(CONDENSED)] == pytest.approx(efficiency * elements[list(CONDENSED)], rel=1e-14)
    assert np.isfinite([cleaned.dust_formation, cleaned.gas_formation]).all()
    burnt = clean(there(cleaned.gas), 1.0, 0.0, 0.0)
    metals = sum(cleaned.gas[i] for i in CONDENSED)
    if metals == 0.0:  # what left is burnt: no further air is drawn in
        assert burnt.air.sum() <= 1e-7 * total.sum()


# -- in a plant -------------------------------------------------------------------------------------------------------------------------------

FILTER: dict[str, Any] = {"kind": "offgas_filter", "from": "furnace.offgas", "hopper": "1 t"}
SINKS: dict[str, Any] = {"dust": {"kind": "product", "from": "filter.dust"}, "stack": {"kind": "product", "from": "filter.gas"}}
METAL: dict[str, Any] = {"metal": {"kind": "product", "from": "furnace.metal"}}
BAY: dict[str, Any] = {
    "bay": {"kind": "bunker", "from": "filter.dust", "capacity": "300 kg"},
    "dust": {"kind": "product", "from": "bay", "pickup": {"every": "10 h", "mass": "300 kg"}},
}


def filtering(furnace: dict[str, Any] | None = None, filter_: dict[str, Any] | None = None, horizon: str = "100 h", **units: Any) -> twin.Scenario:
    return plant({"furnace": {"offgas": GAS, **(furnace or {})}, "filter": {**FILTER, **(filter_ or {})}, **METAL, **SINKS, **units}, horizon)


@pytest.mark.usefixtures("melter")
def test_dust_and_gas_are_the_off_gas() -> None:
    result = twin.run(filtering({"batches": 5, "sensible": 1e9}))
    dust, gas = taken(result, "dust"), taken(result, "stack")
    for name, mass in GAS.items():
        assert dust.get(name, 0.0) + gas.get(name, 0.0) == pytest.approx(5 * mass, rel=1e-13)
    assert dust["Zn"] == pytest.approx(0.999 * 200.0) and gas["Zn"] == pytest.approx(0.001 * 200.0)
    assert dust["Cl"] == pytest.approx(0.999 * 0.7 * 15.0)
    assert "S" not in dust and "N" not in dust
    assert taken(result, "filter.dust") == pytest.approx(dust, rel=1e-13)
    assert taken(result, "filter.gas") == pytest.approx(gas, rel=1e-13)
    assert np.abs(result.array("balance/residual")).max() <= 1e-9
    assert not result.array("units/range_warnings").any()
    states = row(result, "units/state_share", "unit", "filter")
    assert states[:, result.array("state").tolist().index("running")] == pytest.approx(1.0)


@pytest.mark.usefixtures("melter")
def test_dust_and_gas_are_cold_and_have_their_own_formation() -> None:
    *_, site = driven(filtering({"batches": 3, "sensible": 1e9, "formation": -1e9}), 10)
    cleaned = clean(GAS, 0.999, 0.7)
    for name, formation in (("dust", cleaned.dust_formation), ("stack", cleaned.gas_formation)):
        assert site.accounts[name].taken[site.components.sensible] == 0.0
        assert site.accounts[name].taken[site.components.formation] == pytest.approx(3 * formation, rel=1e-13)


@pytest.mark.usefixtures("melter")
def test_air_counts_as_inflow_and_is_counted_as_a_warning() -> None:
    result = twin.run(filtering({"offgas": {"Zn": 65.38, "N": 500.0}, "batches": 4}))
    inflow = dict(zip(ELEMENTS, result.array("balance/in").tolist(), strict=True))
    assert inflow["O"] == pytest.approx(4 * 15.999)
    assert inflow["N"] == pytest.approx(4 * (500.0 + 14.007 * 79.0 / 21.0))
    warned = result.array("units/range_warnings")[result.array("unit").tolist().index("filter")]
    assert dict(zip(result.array("warning").tolist(), warned.tolist(), strict=True)) == {"short_of_oxygen": 4, "hopper_overfull": 0}


@pytest.mark.usefixtures("melter")
def test_a_full_hopper_blocks_the_furnace() -> None:
    """About 77 kg of dust an hour; trucks take 300 kg every 10 h, so that bay and hopper of 200 kg fill up."""
    result = twin.run(filtering(filter_={"hopper": "200 kg"}, **BAY))
    blocked = result.array("state").tolist().index("blocked")
    furnace, filter_ = (row(result, "units/state_share", "unit", name)[:, blocked] for name in ("furnace", "filter"))
    assert furnace[:7] == pytest.approx(0.0)
    assert furnace[40:].mean() == pytest.approx(0.6, abs=0.05)
    assert filter_[40:].mean() > furnace[40:].mean() > 0.9 * filter_[40:].mean() - 0.15
    assert sum(taken(result, "dust").values()) == pytest.approx(9 * 300.0)
    assert row(result, "units/level_max", "bunker", "bay").max() <= 300.0 * (1 + 2e-9)
    warned = result.array("units/range_warnings").sum(axis=0)
    assert warned[result.array("warning").tolist().index("hopper_overfull")] > 0


@pytest.mark.usefixtures("melter")
def test_the_hopper_holds_at_most_the_dust_of_one_parcel_too_much() -> None:
    result = twin.run(filtering(filter_={"hopper": "200 kg"}, horizon="95 h", **BAY))
    oxides = there(clean(GAS, 0.999, 0.7).dust)
    stored = dict(zip(ELEMENTS, result.array("balance/stored").tolist(), strict=True))
    in_furnace = GAS["Zn"]  # its off-gas of the last hour waits
    assert stored["Zn"] - in_furnace <= (200.0 + 300.0 + sum(oxides.values())) * oxides["Zn"] / sum(oxides.values()) + 1e-9


@pytest.mark.usefixtures("melter")
def test_dust_that_nobody_takes_is_a_deadlock() -> None:
    units = {"furnace": {"offgas": GAS}, "filter": FILTER, **METAL, "stack": SINKS["stack"], "bay": {**BAY["bay"], "capacity": "50 kg"}}
    with pytest.raises(DeadlockError, match=r"'filter' waits for 'bay: room', which only nobody can bring about"):
        twin.run(plant(units))


@pytest.mark.usefixtures("melter")
def test_furnaces_that_wait_are_served_in_order() -> None:
    """Three furnaces before a filter that gets rid of the dust of one of them every 3 h: each delivers as often as the others."""
    units: dict[str, Any] = {"bay": {"kind": "bunker", "from": "filter.dust", "capacity": "78 kg"}}
    units["dust"] = {"kind": "product", "from": "bay", "pickup": {"every": "3 h", "mass": "78 kg"}}
    for name in ("second", "third"):
        units[name] = {"kind": "melter", "from": "yard", "every": "1 h", "offgas": GAS}
        units[f"{name}_metal"] = {"kind": "product", "from": f"{name}.metal"}
    sources = ["furnace.offgas", "second.offgas", "third.offgas"]
    result = twin.run(filtering(filter_={"from": sources, "hopper": "10 kg"}, **units))
    made = [taken(result, source)["Zn"] for source in sources]
    assert max(made) - min(made) <= 2 * GAS["Zn"]
    assert sum(taken(result, "dust").values()) == pytest.approx(33 * 78.0, abs=78.0)


@pytest.mark.usefixtures("melter")
def test_several_furnaces_deliver_at_one_instant_into_a_filter_with_room() -> None:
    second = {"kind": "melter", "from": "yard", "every": "1 h", "offgas": {"N": 10.0, "Zn": 1.0, "O": 3.0}, "batches": 7}
    units = {"second": second, "second_metal": {"kind": "product", "from": "second.metal"}}
    result = twin.run(filtering({"batches": 7}, {"from": ["furnace.offgas", "second.offgas"]}, **units))
    assert taken(result, "dust")["Zn"] + taken(result, "stack")["Zn"] == pytest.approx(7 * 41.0)


@pytest.mark.usefixtures("melter")
def test_electricity_of_the_fan() -> None:
    result = twin.run(filtering({"batches": 10}, {"power": {"idle": "100 kW", "specific": "3 kWh/t"}}))
    assert float(result.array("balance/energy_in")[0]) == pytest.approx(1e5 * 3.6e5 + 10 * sum(GAS.values()) * 3 * 3600.0, rel=1e-12)


@pytest.mark.usefixtures("melter")
def test_lots_of_dust_and_gas_descend_from_the_off_gas() -> None:
    result = twin.run(filtering({"batches": 2, "offgas": {"Zn": 65.38, "N": 500.0}}))
    lots, parents, units = (result.array(f"lots/{name}").tolist() for name in ("lot", "parent", "at_unit"))
    edges = list(zip(lots, parents, units, strict=True))
    unit_of = {lot: unit for lot, _, unit in edges}
    cleaned = [lot for lot, parent, unit in edges if unit == "filter" and unit_of.get(parent) == "furnace"]
    assert len(cleaned) == 2
    assert all((lot, 0, "filter") in edges for lot in cleaned)  # the air
    leaving = [(unit_of[parent], parent) for _, parent, unit in edges if unit in ("dust", "stack")]
    assert [unit for unit, _ in leaving] == ["filter"] * 4


@pytest.mark.sampled(3)
@pytest.mark.usefixtures("melter")
@pytest.mark.parametrize("hours", [0.5, 1.0, 6.0, 9.5, 17.3, 30.0, 41.01])
def test_a_run_saved_in_the_middle_goes_on_to_the_last_bit(tmp_path: Path, hours: float) -> None:
    units = {"second": {"kind": "melter", "from": "yard", "every": "50 min", "offgas": GAS}, "second_metal": {"kind": "product", "from": "second.metal"}}
    power = {"idle": "100 kW", "specific": "3 kWh/t"}
    scenario = filtering(filter_={"from": ["furnace.offgas", "second.offgas"], "hopper": "150 kg", "power": power}, horizon="50 h", **units, **BAY)
    twin.run_until(scenario, hours * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == twin.run(scenario).digest


@pytest.mark.usefixtures("melter")
def test_gas_must_leave_the_plant_at_once() -> None:
    units = {"tank": {"kind": "bunker", "from": "filter.gas", "capacity": "90 t"}, "stack": {"kind": "product", "from": "tank"}}
    with pytest.raises(ScenarioError, match=r"units.filter: the gas must leave to a product without pick-ups \(it leads to 'tank'\)"):
        twin.run(filtering(**units))


@pytest.mark.usefixtures("melter")
def test_off_gas_must_come_from_a_port() -> None:
    with pytest.raises(ScenarioError, match=r"units.filter.from: off-gas comes from ports .* \(got 'yard'\)"):
        filtering(filter_={"from": "yard"})


@pytest.mark.soak
@pytest.mark.usefixtures("melter")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    offgas=st.dictionaries(st.sampled_from(ELEMENTS), st.floats(1e-6, 1e3), min_size=1),
    efficiency=st.integers(0, 100),
    halogens=st.integers(0, 100),
    sulphur=st.integers(0, 100),
    hopper=st.floats(0.01, 3.0),
)
def test_a_plant_with_any_off_gas_closes(offgas: dict[str, float], efficiency: int, halogens: int, sulphur: int, hopper: float) -> None:
    shares = {"efficiency": f"{efficiency} %", "halogens_in_dust": f"{halogens} %", "desulphurisation": f"{sulphur} %"}
    result = twin.run(filtering({"offgas": offgas}, {**shares, "hopper": f"{hopper} t"}, horizon="30 h", **BAY))
    assert result.attrs["worst_residual"] < 1e-9
