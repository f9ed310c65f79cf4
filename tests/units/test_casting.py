"""Casting wheel and slag granulation: melt becomes solid at a rate, first in first out, and everything closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from melter import driven, plant, row, taken
from melter import melter as melter

import twin
from twin.errors import DeadlockError, ScenarioError

pytestmark = pytest.mark.usefixtures("melter")
COPPER = {"Cu": 9900.0, "Ni": 60.0, "O": 40.0}
"""10 t of anode copper."""
WHEEL: dict[str, Any] = {"kind": "casting_wheel", "from": "furnace.metal", "capacity": "20 t", "rate": "20 t/h"}
SINKS: dict[str, Any] = {"anodes": {"kind": "product", "from": "wheel.anodes"}, "rejects": {"kind": "product", "from": "wheel.rejects"}}
GAS: dict[str, Any] = {"gas": {"kind": "product", "from": "furnace.offgas"}}


def casting(furnace: dict[str, Any] | None = None, wheel: dict[str, Any] | None = None, horizon: str = "100 h", **units: Any) -> twin.Scenario:
    melts = {"metal": COPPER, "sensible": 7e9, "formation": -1e8, **(furnace or {})}
    return plant({"furnace": melts, "wheel": {**WHEEL, **(wheel or {})}, **GAS, **SINKS, **units}, horizon)


def batches(result: twin.Result, unit: str = "wheel") -> Any:
    """Begin and end of each cast, h, shape (cast, 2)."""
    mine = result.array("batches/batch_unit") == unit
    return np.array([result.array("batches/phase_start")[mine], result.array("batches/phase_end")[mine]]).T / 3.6e12


def test_melt_becomes_anodes_and_rejects_of_the_same_composition() -> None:
    result = twin.run(casting({"batches": 3}, {"rejects": "5 %"}))
    assert taken(result, "anodes") == pytest.approx({"Cu": 0.95 * 29700.0, "Ni": 0.95 * 180.0, "O": 0.95 * 120.0}, rel=1e-13)
    assert taken(result, "rejects") == pytest.approx({"Cu": 0.05 * 29700.0, "Ni": 0.05 * 180.0, "O": 0.05 * 120.0}, rel=1e-13)
    assert taken(result, "wheel.anodes") == pytest.approx(taken(result, "anodes"), rel=1e-13)
    assert np.abs(result.array("balance/residual")).max() <= 1e-9
    assert result.array("balance/stored").sum() == pytest.approx(1000.0)


def test_portions_are_cast_one_after_the_other_at_the_rate() -> None:
    """10 t come after 1, 2, 3 h; each takes 0.8 h at 12.5 t/h."""
    assert batches(twin.run(casting({"batches": 3}, {"rate": "12.5 t/h"}))) == pytest.approx(np.array([[1.0, 1.8], [2.0, 2.8], [3.0, 3.8]]))


def test_a_slow_wheel_holds_up_the_furnace_when_its_tundish_is_full() -> None:
    """At 5 t/h a portion takes 2 h. At 3 h one is being cast, one lies in the tundish of 15 t and half of the third; the other half at 3 h too, when the second is taken."""
    result = twin.run(casting(wheel={"rate": "5 t/h", "capacity": "15 t"}))
    casts = batches(result)
    assert casts[0] == pytest.approx([1.0, 3.0])
    assert casts[1:, 0] == pytest.approx(casts[:-1, 1])
    assert row(result, "units/state_share", "unit", "wheel")[5:, result.array("state").tolist().index("running")] == pytest.approx(1.0)
    blocked = row(result, "units/state_share", "unit", "furnace")[:, result.array("state").tolist().index("blocked")]
    assert blocked[10:].mean() == pytest.approx(0.5, abs=0.02)
    assert sum(taken(result, "anodes").values()) + sum(taken(result, "rejects").values()) == pytest.approx(
        5000.0 * 99, abs=10000.0
    )  # a portion at most is on the wheel


@pytest.mark.parametrize("capacity", [2.0, 7.0, 25.0])
def test_the_tundish_never_holds_more_than_its_capacity(capacity: float) -> None:
    scenario = casting(wheel={"rate": "3 t/h", "capacity": f"{capacity} t"})
    levels = [site.bunkers["tundish of wheel"].level for site in driven(scenario, 40)]
    assert max(levels) <= 1000.0 * capacity * (1.0 + 2e-9)
    assert max(levels) > 800.0 * capacity


def test_anodes_wait_for_room_and_the_wheel_is_blocked() -> None:
    """Two full rooms: the stock takes 12 t, trucks take 12 t every 10 h."""
    stock = {"kind": "bunker", "from": "wheel.anodes", "capacity": "12 t"}
    trucks = {"kind": "product", "from": "stock", "pickup": {"every": "10 h", "mass": "12 t"}}
    result = twin.run(casting(wheel={"rejects": "0 %"}, stock=stock, anodes=trucks))
    states = row(result, "units/state_share", "unit", "wheel")
    assert states[20:, result.array("state").tolist().index("blocked")].mean() > 0.8
    assert sum(taken(result, "anodes").values()) == pytest.approx(9 * 12000.0)
    assert row(result, "units/level_max", "bunker", "stock").max() <= 12000.0 * (1 + 2e-9)


def test_a_stock_that_nobody_empties_is_a_deadlock() -> None:
    units = {"stock": {"kind": "bunker", "from": "wheel.anodes", "capacity": "12 t"}}
    with pytest.raises(DeadlockError, match=r"'wheel' waits for 'stock: room', which only nobody can bring about"):
        twin.run(plant({"furnace": {"metal": COPPER}, "wheel": WHEEL, **GAS, "rejects": SINKS["rejects"], **units}))


def test_a_furnace_that_has_ended_is_no_deadlock() -> None:
    result = twin.run(casting({"batches": 2}))
    states = row(result, "units/state_share", "unit", "wheel")
    assert states[10:, result.array("state").tolist().index("starved")].min() == pytest.approx(1.0)


def test_rejects_go_back_through_a_bunker() -> None:
    """A bunker takes rejects; a product empties it once a day."""
    returns = {"kind": "bunker", "from": "wheel.rejects", "capacity": "9 t"}
    back = {"kind": "product", "from": "returns", "pickup": {"every": "1 d", "mass": "9 t"}}
    result = twin.run(casting(wheel={"rejects": "2 %"}, returns=returns, rejects=back))
    assert taken(result, "returns")["Cu"] == pytest.approx(taken(result, "rejects")["Cu"], rel=1e-12)
    assert taken(result, "returns")["Ni"] / taken(result, "returns")["Cu"] == pytest.approx(60.0 / 9900.0, rel=1e-12)


def test_the_melts_heat_is_given_off_while_it_is_cast() -> None:
    """7 GJ a portion, 400/1175 of it above 800 °C; half an hour of each hour."""
    result = twin.run(casting({"batches": 10}))
    heat = row(result, "units/waste_heat", "process", "wheel").sum(axis=0) * 3600.0
    assert heat == pytest.approx(7e10 * np.array([400.0, 400.0, 200.0, 175.0]) / 1175.0, rel=1e-12)
    assert np.nansum(result.array("batches/waste_heat")) == pytest.approx(7e10, rel=1e-12)
    in_, out = result.array("batches/heat_in"), result.array("batches/heat_out")
    assert in_[:10] == pytest.approx([6.9e9] * 10) and (in_ == out)[:10].all()


def test_what_was_cast_is_cold_and_keeps_its_formation() -> None:
    *_, site = driven(casting({"batches": 4}), 20)
    out = site.accounts["anodes"].taken + site.accounts["rejects"].taken
    assert out[site.components.sensible] == 0.0
    assert out[site.components.formation] == pytest.approx(-4e8, rel=1e-14)


def test_electricity_is_idle_power_and_that_of_what_is_cast() -> None:
    result = twin.run(casting({"batches": 10}, {"power": {"idle": "50 kW", "specific": "6 kWh/t"}}))
    assert float(result.array("balance/energy_in")[0]) == pytest.approx(5e4 * 3.6e5 + 1e5 * 6 * 3600.0, rel=1e-12)


@pytest.mark.parametrize(("temperature", "shares"), [("1200 °C", [400, 400, 200, 175]), ("700 °C", [0, 300, 200, 175]), ("100 °C", [0, 0, 0, 75])])
def test_heat_comes_at_the_levels_that_the_melt_passes(temperature: str, shares: list[float]) -> None:
    result = twin.run(casting({"batches": 2}, {"temperature": temperature}))
    heat = row(result, "units/waste_heat", "process", "wheel").sum(axis=0) * 3600.0
    assert heat == pytest.approx(1.4e10 * np.array(shares) / sum(shares), rel=1e-12)


def test_slag_becomes_granulate() -> None:
    slag = {"Fe": 4000.0, "Si": 1400.0, "O": 2700.0, "Cu": 90.0, "rest": 1810.0}
    granulation = {"kind": "slag_granulation", "from": "furnace.metal", "capacity": "15 t", "rate": "30 t/h", "temperature": "1250 °C"}
    units = {"furnace": {"metal": slag, "batches": 4}, "granulation": granulation, "iron_silicate": {"kind": "product", "from": "granulation"}, **GAS}
    result = twin.run(plant(units))
    assert taken(result, "iron_silicate") == pytest.approx({name: 4 * mass for name, mass in slag.items()}, rel=1e-13)
    phases = result.array("batches/phase").tolist()
    assert phases == ["granulate"] * 4


def test_two_furnaces_pour_into_one_tundish() -> None:
    second = {"kind": "melter", "from": "yard", "every": "90 min", "metal": {"Cu": 5000.0}, "batches": 6}
    more = {"second": second, "second_gas": {"kind": "product", "from": "second.offgas"}}
    result = twin.run(casting({"batches": 6}, {"from": ["furnace.metal", "second.metal"], "capacity": "5 t", "rate": "9 t/h"}, **more))
    assert taken(result, "anodes")["Cu"] + taken(result, "rejects")["Cu"] == pytest.approx(6 * 14900.0, rel=1e-12)


def test_lots_descend_from_what_was_poured() -> None:
    """Furnace, wheel, product: each cast is a child of one portion, and its anodes and rejects of the cast."""
    result = twin.run(casting({"batches": 2}))
    rows = zip(*(result.array(f"lots/{name}").tolist() for name in ("lot", "parent", "at_unit")), strict=True)
    parents = {lot: (unit, parent) for lot, parent, unit in rows}
    for lot, (unit, cast) in parents.items():
        if unit in ("anodes", "rejects"):
            assert parents[cast][0] == "wheel", lot
            assert parents[parents[cast][1]][0] == "furnace"
    assert [unit for unit, _ in parents.values()].count("wheel") == 2
    copper = result.array("lots/element_mass")[:, result.array("element").tolist().index("Cu")]
    assert copper[result.array("lots/at_unit") == "wheel"] == pytest.approx([9900.0, 9900.0])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("hours", [0.5, 1.0, 1.7, 3.0, 3.2, 10.25, 47.9])
def test_a_run_saved_in_the_middle_goes_on_to_the_last_bit(tmp_path: Path, hours: float) -> None:
    stock = {"kind": "bunker", "from": "wheel.anodes", "capacity": "12 t"}
    trucks = {"kind": "product", "from": "stock", "pickup": {"every": "7 h", "mass": "12 t"}}
    power = {"idle": "50 kW", "specific": "6 kWh/t"}
    scenario = casting(wheel={"rate": "7 t/h", "capacity": "13 t", "power": power}, horizon="50 h", stock=stock, anodes=trucks)
    twin.run_until(scenario, hours * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == twin.run(scenario).digest


def test_melt_must_come_from_a_port() -> None:
    with pytest.raises(ScenarioError, match=r"units.wheel.from: melt comes hot, from ports .* \(got 'yard'\)"):
        casting(wheel={"from": "yard"})


@pytest.mark.parametrize(("key", "value"), [("temperature", "20 °C"), ("rate", "0 t/h"), ("capacity", "0 t"), ("rejects", "101 %")])
def test_values_out_of_range_are_refused(key: str, value: str) -> None:
    with pytest.raises(ScenarioError, match=rf"units.wheel.{key}"):
        casting(wheel={key: value})


@pytest.mark.soak
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metal=st.dictionaries(st.sampled_from(["Cu", "Ni", "O", "Pb", "Au", "rest"]), st.floats(1e-6, 3e4), min_size=1),
    rate=st.floats(1.0, 60.0),
    capacity=st.floats(0.5, 40.0),
    rejects=st.integers(0, 100),
    every=st.floats(0.1, 4.0),
)
def test_any_melt_rate_capacity_and_share_closes(metal: dict[str, float], rate: float, capacity: float, rejects: int, every: float) -> None:
    wheel = {"rate": f"{rate} t/h", "capacity": f"{capacity} t", "rejects": f"{rejects} %"}
    result = twin.run(casting({"metal": metal, "every": f"{every} h"}, wheel, horizon="20 h"))
    assert result.attrs["worst_residual"] < 1e-9
    casts = batches(result)
    assert (casts[1:, 0] >= casts[:-1, 1]).all()
    assert np.isfinite(result.array("units/waste_heat")).all()


PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "anodes",
    "time": {"horizon": "2 d"},
    "catalogue": ["copper_scrap"],
    "record": {"every": "1 h", "genealogy": True},
    "units": {
        "trucks": {"kind": "feed", "every": "4 h", "mass": "25 t", "composition": {"light_copper": "95 %", "brass_scrap": "5 %"}},
        "bay": {"kind": "bunker", "from": "trucks", "capacity": "500 t"},
        "returns": {"kind": "bunker", "from": "wheel.rejects", "capacity": "20 t"},
        "furnace": {
            "kind": "anode_furnace",
            "from": ["bay", "returns"],
            "capacity": {"metal": "120 t", "slag": "20 t"},
            "heel": {"metal": "10 t"},
            "temperature": {"target": "1200 °C", "coldest": "1120 °C", "hottest": "1280 °C"},
            "burner": {"carrier": "natural_gas", "power": "12 MW"},
            "walls": "0.8 MW",
            "droplets": {"area": "25 m2"},
            "initial": {"temperature": "1200 °C", "metal": {"mass": "12 t", "assay": {"Cu": "99 %"}}},
            "phases": [
                {"charge": {"recipe": {"bay": "50 t", "returns": {"mass": "10 t", "least": "0 t"}}, "rate": "30 t/h"}},
                {"oxidise": {"blast": {"rate": "1500 Nm3/h"}, "until": {"metal.Fe": "< 0.05 %"}, "max": "3 h"}},
                {"tap": {"slag": "30 t/h"}},
                {"tap": {"metal": "40 t/h", "ladle": "10 t"}},
            ],
        },
        "wheel": {"kind": "casting_wheel", "from": "furnace.metal", "capacity": "15 t", "rate": "35 t/h"},
        "granulation": {"kind": "slag_granulation", "from": "furnace.slag", "capacity": "10 t", "rate": "20 t/h"},
        "filter": {"kind": "offgas_filter", "from": "furnace.offgas", "hopper": "2 t"},
        "anodes": {"kind": "product", "from": "wheel.anodes"},
        "iron_silicate": {"kind": "product", "from": "granulation"},
        "dust": {"kind": "product", "from": "filter.dust"},
        "stack": {"kind": "product", "from": "filter.gas"},
    },
}


def test_behind_an_anode_furnace(tmp_path: Path) -> None:
    """Copper at 1200 °C gives off about 200 kWh a tonne; rejects return; zinc fumes into the dust as oxide; a run saved while casting goes on."""
    scenario = twin.load(PLANT)
    result = twin.run(scenario)
    assert result.attrs["worst_residual"] < 1e-9
    cast = sum(taken(result, "wheel.anodes").values()) + sum(taken(result, "wheel.rejects").values())
    assert cast > 1e5
    heat = row(result, "units/waste_heat", "process", "wheel").sum() * 3600.0
    assert heat / cast / 3600.0 == pytest.approx(205.0, abs=25.0)
    dust = taken(result, "dust")
    assert dust["O"] == pytest.approx(sum(dust.get(name, 0.0) / mass for name, mass in (("Zn", 65.38), ("Pb", 207.2))) * 15.999, rel=0.05)
    assert taken(result, "returns")["Cu"] > 0.0
    assert taken(result, "iron_silicate")["Fe"] > 0.0
    middle = batches(result)[1].mean() * 3600.0
    twin.run_until(scenario, middle, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == result.digest
