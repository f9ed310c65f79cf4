"""Waste-heat boiler: what it takes of a gas, steam that units draw before any is bought, and what becomes of the rest."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from melter import by_element, plant
from melter import melter as melter
from test_tankhouse import ANODE, TANKHOUSE

import twin
from twin.errors import ScenarioError
from twin.materials.heat import heat_data
from twin.units.melts.boiler import cool, heat_capacity
from twin.units.melts.steam_main import meet

HEAT = heat_data()
MWH = 3.6e9
HOT = {"N": 1000.0, "C": 60.0, "O": 240.0, "Zn": 5.0}


def steam_plant(boiler: dict[str, Any], horizon: str = "40 h", sensible: float = 1.2e9, every: str = "1 h", **more: Any) -> twin.Scenario:
    """A furnace that gives 1.3 t of gas an hour, a boiler, and a tankhouse that draws 62 kW of steam once its sections run."""
    units = {
        "furnace": {"metal": {"Cu": 10.0}, "offgas": HOT, "sensible": sensible},
        "copper": {"kind": "product", "from": "furnace.metal"},
        "boiler": {"kind": "waste_heat_boiler", "from": "furnace.offgas", **boiler},
        "filter": {"kind": "offgas_filter", "from": "boiler.gas", "hopper": "100 t"},
        "dust": {"kind": "product", "from": "filter.dust"},
        "stack": {"kind": "product", "from": "filter.gas"},
        "anodes": {"kind": "bunker", "capacity": "900 t", "initial": {"mass": "500 t", "melt": ANODE}},
        "tankhouse": {**TANKHOUSE, "heating": {}, "initial": {"assay": ANODE}},
        **{
            name: {"kind": "product", "from": f"tankhouse.{port}"}
            for name, port in {"cathodes": "cathode", "scrap": "scrap", "slimes": "slimes", "b": "bleed", "l": "liberator"}.items()
        },
    }
    top = {
        "carriers": {"steam": {"co2": "220 g/kWh", "price": "50 EUR/MWh"}, "electricity": {"price": "100 EUR/MWh"}},
        "record": {"every": every, "genealogy": True},
    }
    return plant(units, horizon, **{**top, **more})


# -- what it takes of a parcel ------------------------------------------------------------------------------------------------------------------


def test_heat_of_nitrogen_is_that_of_the_tables() -> None:
    """N2 between 25 and 1300 °C: 41.1 MJ/kmol and 34.9 kJ/(kmol K) at the end (JANAF), to 1 %."""
    a, b = heat_capacity(by_element({"N": 28.014}), HEAT)
    assert a == pytest.approx(41.1e6, rel=0.01)
    assert b == pytest.approx(34.9e3, rel=0.02)


def test_a_gas_gives_off_what_lies_above_the_exit_and_air_keeps_some_of_it() -> None:
    gas, none = by_element({"N": 1000.0}), by_element({})
    a, _ = heat_capacity(gas, HEAT)
    hot = cool(gas, a, none, 623.15, HEAT)
    assert hot.temperature == pytest.approx(1573.15)
    assert hot.given + hot.kept == pytest.approx(a)
    assert 0.70 < hot.given / a < 0.80, "of 1275 K, 950 are above 350 °C"
    assert hot.levels.sum() == pytest.approx(hot.given)
    assert hot.levels[3] == pytest.approx(0.0, abs=1.0) and hot.levels[0] > hot.levels[2] > 0.0
    thin = cool(gas, a, by_element({"N": 100.0}), 623.15, HEAT)
    assert thin.given == pytest.approx(hot.given - 0.1 * hot.kept)


def test_a_cold_gas_gives_nothing() -> None:
    assert cool(by_element({"N": 1000.0}), 1e6, by_element({}), 623.15, HEAT).given == 0.0
    assert cool(by_element({}), 0.0, by_element({}), 623.15, HEAT).given == 0.0


# -- steam that meets its takers ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(made=st.floats(0.0, 1e7), drawn=st.floats(0.0, 1e7), level=st.floats(0.0, 1.0), store=st.floats(0.0, 1e12), length=st.integers(1, 10**14))
def test_what_is_made_is_used_stored_or_over(made: float, drawn: float, level: float, store: float, length: int) -> None:
    start = left = level * store
    used = over = 0.0
    at = 0
    for part, after in meet(0, length, made, drawn, start, store):
        assert part.begin == at and part.end > part.begin
        at, left = part.end, after
        used += part.used * (part.end - part.begin) / 1e9
        over += part.over * (part.end - part.begin) / 1e9
    assert at == length
    seconds = length / 1e9
    scale = made * seconds + drawn * seconds + store + 1.0
    assert made * seconds - used - over - (left - start) == pytest.approx(0.0, abs=1e-9 * scale)
    assert 0.0 <= left <= store and used <= drawn * seconds + 1e-9 * scale
    spare = 1e-9 * abs(made - drawn) * 1.001 + 1e-12 * scale
    assert over == 0.0 or left >= store - spare
    assert used == pytest.approx(drawn * seconds, abs=1e-9 * scale) or left <= spare


# -- in a plant ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("melter")
def test_energy_of_the_gas_is_steam_losses_and_colder_gas() -> None:
    result = twin.run(steam_plant({"ingress": 0.1, "efficiency": "90 %", "excess": "exported"}))
    kpis = {name: kpi.value for name, kpi in result.kpis.items()}
    air = by_element({"O": 0.21 * 31.998, "N": 0.79 * 28.014})
    gas = by_element(HOT)
    one = cool(gas, 1.2e9, 0.1 * gas.sum() * air / air.sum(), 623.15, HEAT)
    assert one.given > 0.5e9
    # parcels come from hour 1 on and each makes steam for an hour: at 40 h 39 of them are done
    assert kpis["steam_made"] == pytest.approx(39 * 0.9 * one.given, rel=1e-9)
    assert kpis["steam_made"] == pytest.approx(kpis["steam_used"] + kpis["steam_exported"], rel=1e-12)
    taken = sum(kpi.value for name, kpi in result.kpis.items() if name.startswith("waste_heat."))
    drawn = float(np.nansum(result.array("balance/energy_used"))) + kpis["steam_used"]
    assert taken == pytest.approx(drawn - 39 * 0.9 * one.given, rel=1e-6), "the melter gives no heat of its own; the tankhouse's all becomes waste heat"


@pytest.mark.usefixtures("melter")
@pytest.mark.parametrize("excess", ["exported", "blown_off"])
def test_steam_bought_falls_by_what_is_used_and_so_do_cost_and_co2(excess: str) -> None:
    with_boiler = {name: kpi.value for name, kpi in twin.run(steam_plant({"excess": excess})).kpis.items()}
    cold = {name: kpi.value for name, kpi in twin.run(steam_plant({"excess": excess}, sensible=1e6)).kpis.items()}
    assert cold["steam_made"] == 0.0
    assert with_boiler["steam_used"] > 0.9 * cold["energy.steam"]
    assert with_boiler["energy.steam"] == pytest.approx(cold["energy.steam"] - with_boiler["steam_used"], rel=1e-9)
    assert with_boiler["energy_cost"] == pytest.approx(cold["energy_cost"] - with_boiler["steam_used"] * 50.0 / MWH, rel=1e-9)
    assert with_boiler["co2"] == pytest.approx(cold["co2"] - with_boiler["steam_used"] * 220.0 / MWH, rel=1e-9)
    other = {"exported": "blown_off", "blown_off": "exported"}[excess]
    assert with_boiler[f"steam_{excess}"] > 0.0 and with_boiler[f"steam_{other}"] == 0.0


@pytest.mark.usefixtures("melter")
def test_an_accumulator_bridges_what_a_short_spread_does_not() -> None:
    short = {name: kpi.value for name, kpi in twin.run(steam_plant({"spread": "10 min"})).kpis.items()}
    stored = {name: kpi.value for name, kpi in twin.run(steam_plant({"spread": "10 min", "store": "1 MWh"})).kpis.items()}
    assert stored["steam_used"] > 4.0 * short["steam_used"]
    assert stored["energy.steam"] < short["energy.steam"]


@pytest.mark.usefixtures("melter")
def test_nothing_depends_on_record_steps_and_a_plant_goes_on_from_its_state(tmp_path: Path) -> None:
    fine, coarse = (twin.run(steam_plant({"spread": "25 min", "store": "30 kWh"}, every=every)) for every in ("7 min", "40 h"))
    for name in ("steam_made", "steam_used", "steam_blown_off", "energy.steam", "energy_cost"):
        assert fine.kpis[name].value == pytest.approx(coarse.kpis[name].value, rel=1e-9), name
    whole = twin.run(steam_plant({"spread": "25 min", "store": "30 kWh"}))
    twin.run_until(steam_plant({"spread": "25 min", "store": "30 kWh"}), 13.3 * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest


@pytest.mark.usefixtures("melter")
def test_prices_that_step_credit_steam_at_the_price_of_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "steam.csv").write_text("time,price\n2026-01-05T00:00,20 EUR/MWh\n2026-01-05T20:00,80 EUR/MWh\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    carriers = {"steam": {"co2": "220 g/kWh", "price": {"series": {"file": "steam.csv", "column": "price", "hold": "step"}}}}
    scenario = steam_plant({}, sensible=0.65e9, carriers=carriers, time={"start": "2026-01-05", "horizon": "40 h"})
    result = twin.run(scenario)
    power = result.array("units/power")[:, :, result.array("carrier").tolist().index("steam")]
    hours = np.nansum(power, axis=1) * 3600.0 / MWH
    expected = math.fsum((hours * np.where(np.arange(40) < 20, 20.0, 80.0)).tolist())
    assert np.nanmin(power) < 0.0
    assert np.nansum(result.array("accounts/energy_cost")[:, result.array("carrier").tolist().index("steam")]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.usefixtures("melter")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"from": "yard"}, "off-gas comes from ports"),
        ({"carrier": "electricity"}, "a boiler makes heat, not electricity"),
        ({"exit": "20 °C"}, "exit"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.run(steam_plant(change))


@pytest.mark.usefixtures("melter")
def test_two_boilers_of_one_carrier_and_gas_into_a_bunker_are_refused() -> None:
    second = {
        "other": {"kind": "melter", "from": "yard", "every": "1 h", "offgas": HOT, "metal": {"Cu": 1.0}},
        "other_copper": {"kind": "product", "from": "other.metal"},
        "other_boiler": {"kind": "waste_heat_boiler", "from": "other.offgas"},
        "other_stack": {"kind": "product", "from": "other_boiler.gas"},
    }
    base = {
        "furnace": {"metal": {"Cu": 10.0}, "offgas": HOT},
        "copper": {"kind": "product", "from": "furnace.metal"},
        "boiler": {"kind": "waste_heat_boiler", "from": "furnace.offgas"},
    }
    steam = {"carriers": {"steam": {"co2": "220 g/kWh"}}}
    with pytest.raises(ScenarioError, match="another boiler makes 'steam'"):
        twin.run(plant({**base, "stack": {"kind": "product", "from": "boiler.gas"}, **second}, **steam))
    with pytest.raises(ScenarioError, match="the gas must go on to an off-gas filter"):
        twin.run(plant({**base, "bin": {"kind": "bunker", "from": "boiler.gas", "capacity": "1 t"}, "out": {"kind": "product", "from": "bin"}}, **steam))
