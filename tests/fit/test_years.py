"""Years of weather, demand and prices that are made before a run, and plans of heat that a run follows."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from twin.errors import UsageError
from twin.fit.years.heat_plan import HeatPlan, PlanInput, heat_plan
from twin.fit.years.heat_pump import HeatPump, performance
from twin.fit.years.homes import Homes, by_degree_hours, by_load_profile, degree_hours, need_of, rows
from twin.fit.years.weather import Climate, prices, sun, sun_height, temperatures
from twin.kernels.heat_store import Tank, two_zone_tank
from twin.plant.cluster import run_cluster
from twin.results.energy import EnergyAccount
from twin.scenario.cluster import load_cluster

MWH = 3.6e9
QUIET = """twin: 1
time: {start: 2026-01-05T00:00, horizon: 1 d}
lot: 200 kg
record: {every: 7 d}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
units:
  drop: {kind: feed, every: 900 d, mass: 1 t, composition: {steel: 100 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  heap: {kind: bunker, from: drop, capacity: 4000 t}
  out: {kind: product, from: heap}
"""
PLANNED = """twin: 1
time: {horizon: 168 h}
sites: {one: {extends: quiet.yaml, seed: 1}}
energy:
  power: {price: {series: {file: hours.csv, column: price}}}
  heat:
    supply: 95 °C
    return: 60 °C
    sources: {works: {heat: {series: {file: hours.csv, column: waste}}}}
    boilers:
      heat_pump: {power: 4 MW, carrier: electricity, efficiency: 3.2}
      gas_boiler: {power: 25 MW, carrier: natural_gas, efficiency: 92 %, price: 45 EUR/MWh}
      rod: {power: 5 MW, carrier: electricity, efficiency: 99 %}
    tank: {diameter: 10 m, height: 20 m, conductance: 0.3 W/(m2 K), around: 10 °C, fill: 30 %, charge: 12 MW, discharge: 12 MW}
    users: {homes: {heat: {series: {file: hours.csv, column: demand}}}}
    dispatch:
      plan:
        heat_pump: {series: {file: plan.csv, column: heat_pump}}
        gas_boiler: {series: {file: plan.csv, column: gas_boiler}}
        rod: {series: {file: plan.csv, column: rod}}
"""


def test_a_year_of_weather_has_its_mean_and_its_seed() -> None:
    one = temperatures(1)
    assert one.mean() == pytest.approx(10.3, abs=1e-12) and np.array_equal(one, temperatures(1))
    assert np.abs(one - temperatures(2)).max() > 5.0
    days = one.reshape(365, 24).mean(axis=1)
    assert days[:31].mean() < 5.0 < 15.0 < days[181:212].mean()
    bare = temperatures(1, Climate(mean=10.0, winter_day=0.0, summer_day=0.0, spread=0.0))
    assert bare[18 * 24] == pytest.approx(1.5, abs=1e-9) and bare.max() == pytest.approx(18.5, abs=1e-3)


def test_the_spread_and_memory_of_days_are_as_given() -> None:
    """Of 20 seeds: standard deviation 3.4 K and a correlation of .8 from day to day, within bands that 3.0 and .7 miss."""
    rest = []
    flat = Climate(year=0.0, winter_day=0.0, summer_day=0.0)
    for seed in range(20):
        noon = temperatures(seed, flat)[::24]
        rest.append(noon[20:])  # the first day begins at the season's mean
    together = np.array([np.corrcoef(series[:-1], series[1:])[0, 1] for series in rest])
    assert np.mean([series.std() for series in rest]) == pytest.approx(3.4, abs=0.2)
    assert together.mean() == pytest.approx(0.8, abs=0.04)


def test_sun_and_price() -> None:
    light = sun(1)
    assert light.sum() == pytest.approx(950.0, rel=1e-12) and light.min() == 0.0
    assert light.reshape(365, 24)[:, 0:3].max() == 0.0
    assert math.degrees(sun_height(24 * 172 + 12.0, 51.6)) == pytest.approx(90.0 - 51.6 + 23.44, abs=0.01)
    cost = prices(1, light)
    assert cost.mean() == pytest.approx(80.0, abs=1e-9)
    assert cost.reshape(365, 24).mean(axis=0).argmax() in (18, 19, 20)


def test_homes_by_degree_hours() -> None:
    """Two days of 0 and 20 °C, 100 m2 of 48 kWh/m2: all of it in the first day's 24 h."""
    found = by_degree_hours(Homes(100.0, 48.0, 0.0), np.repeat([0.0, 20.0], 24))
    assert found == pytest.approx(np.repeat([200.0, 0.0], 24), rel=1e-12)
    flats = Homes(5500 * 65.0, 110.0, 17.5)
    year = by_degree_hours(flats, temperatures(1))
    assert year.sum() == pytest.approx(flats.year, rel=1e-12)
    assert year.min() == pytest.approx(flats.area * 17.5 / 8760.0, rel=1e-12)


def test_homes_by_load_profile_agree_with_degree_hours() -> None:
    """The profile of gas utilities wants the same in a year, day by day nearly in step, and knows hours of the day that degree hours do not."""
    pytest.importorskip("demandlib")
    flats, outside = Homes(5500 * 65.0, 110.0, 17.5), temperatures(1)
    profile, degree = by_load_profile(flats, outside, 2026), by_degree_hours(flats, outside)
    assert profile.sum() == pytest.approx(flats.year, rel=1e-3)
    days = [values.reshape(365, 24).sum(axis=1) for values in (profile, degree)]
    assert np.corrcoef(*days)[0, 1] > 0.95


def test_rows_are_a_series_of_a_scenario(tmp_path: Path) -> None:
    text = rows(datetime(2026, 1, 1), {"heat [MW]": np.array([1.0, 2.5]), "price [EUR/MWh]": np.array([50.0, -3.0])})
    assert text == "time,heat [MW],price [EUR/MWh]\n2026-01-01T00:00,1.000,50.000\n2026-01-01T01:00,2.500,-3.000\n"


def week() -> PlanInput:
    random, hours = np.random.default_rng(3), np.arange(168)
    demand = np.maximum(0.5, 12.0 + 4.0 * np.cos(2 * np.pi * (hours - 7) / 24) + random.normal(0, 0.5, 168))
    price = 90 + 40 * np.cos(2 * np.pi * (hours - 19) / 24) - 30 * np.cos(2 * np.pi * (hours - 13) / 24) + random.normal(0, 12, 168)
    waste = 8.0 + 6.0 * random.random(168)
    store = two_zone_tank(Tank(10.0, 20.0, 0.3, 95.0, 60.0, 10.0))
    costs = np.array([price / 3.2, np.full(168, 45 / 0.92), price / 0.99]) / MWH
    return PlanInput(demand * 1e6, waste * 1e6, 3600.0, (4e6, 25e6, 5e6), costs, store, 12e6, 12e6, 0.3 * store.capacity)


def followed(folder: Path, given: PlanInput, plan: HeatPlan) -> EnergyAccount:
    """What a run does that reads the plan as a series of decimals."""
    (folder / "quiet.yaml").write_text(QUIET, encoding="utf-8")
    (folder / "planned.yaml").write_text(PLANNED, encoding="utf-8")
    start = datetime(2026, 1, 5)
    price = given.costs[2] * 0.99 * MWH
    columns = {"demand [MW]": given.demand / 1e6, "waste [MW]": given.waste / 1e6, "price [EUR/MWh]": price}
    (folder / "hours.csv").write_text(rows(start, columns, 9), encoding="utf-8")
    names = ("heat_pump", "gas_boiler", "rod")
    (folder / "plan.csv").write_text(rows(start, {f"{name} [MW]": made / 1e6 for name, made in zip(names, plan.made, strict=True)}, 9), encoding="utf-8")
    with run_cluster(load_cluster(folder / "planned.yaml")) as result:
        return result.energy


def test_a_run_that_follows_a_plan_costs_what_the_programme_says(tmp_path: Path) -> None:
    """Within 1e-5 of its cost, and the tank holds hour by hour what was planned; the rule, which does not know tomorrow, costs more."""
    given = week()
    plan = heat_plan(given)
    account = followed(tmp_path, given, plan)
    assert account.number("heat/closure") <= 1e-12
    assert account.number("heat/boiler_cost") == pytest.approx(plan.cost, rel=1e-5)
    assert np.asarray(account.values["heat/content"]) == pytest.approx(plan.content, abs=1e-5 * given.store.capacity)
    assert account.number("heat/wasted") == pytest.approx(plan.wasted.sum() * 3600.0, abs=1e-5 * given.waste.sum() * 3600.0)
    with run_cluster(load_cluster(tmp_path / "planned.yaml", {"energy.heat.dispatch": "rule"})) as result:
        rule = result.energy
    missing = (given.first - rule.number("heat/tank_last")) * float(given.costs[1, 0])  # what the tank lacks at the end, at the price of gas
    assert rule.number("heat/boiler_cost") + missing > plan.cost * (1.0 + 1e-9)


def test_the_programme_against_a_peer() -> None:
    """oemof-solph, its storage with the same loss in each step, finds a plan of the same cost."""
    solph = pytest.importorskip("oemof.solph")
    pandas = pytest.importorskip("pandas")
    given = week()
    plan = heat_plan(given)
    index = pandas.date_range("2026-01-05", periods=169, freq="h")
    system = solph.EnergySystem(timeindex=index, infer_last_interval=False)
    bus = solph.buses.Bus(label="heat")
    parts = [bus, solph.components.Sink(label="homes", inputs={bus: solph.flows.Flow(fix=given.demand / 1e6, nominal_capacity=1)})]
    parts.append(solph.components.Source(label="works", outputs={bus: solph.flows.Flow(maximum=given.waste / 1e6, nominal_capacity=1)}))
    for name, most, costs in zip(("pump", "gas", "rod"), given.most, given.costs, strict=True):
        flow = solph.flows.Flow(nominal_capacity=most / 1e6, variable_costs=(costs * MWH).tolist())
        parts.append(solph.components.Source(label=name, outputs={bus: flow}))
    kept = math.exp(-given.store.rate * 3600.0)
    gain = -math.expm1(-given.store.rate * 3600.0) / (given.store.rate * 3600.0)
    capacity = given.store.capacity / MWH
    parts.append(
        solph.components.GenericStorage(
            label="tank",
            inputs={bus: solph.flows.Flow(nominal_capacity=12, variable_costs=1e-7)},
            outputs={bus: solph.flows.Flow(nominal_capacity=12, variable_costs=1e-7)},
            nominal_capacity=capacity,
            initial_storage_level=0.3,
            balanced=True,
            loss_rate=1.0 - kept,
            fixed_losses_absolute=gain * given.store.fixed / 1e6,
            inflow_conversion_factor=gain,
            outflow_conversion_factor=1.0 / gain,
        )
    )
    system.add(*parts)
    model = solph.Model(system)
    compiler = pytest.importorskip("pyomo.repn.plugins.standard_form").LinearStandardFormCompiler()
    form = compiler.write(model, mixed_form=True)  # the peer's own equations, with SciPy's solver as no other is installed
    table, right, sense = form.A.tocsr(), np.asarray(form.rhs), np.array([row.bound_type for row in form.rows])
    bounds = [(-np.inf if low is None else low, np.inf if high is None else high) for low, high in (variable.bounds for variable in form.columns)]
    equal, upper = sense == 0, sense != 0
    signed = np.where(sense[upper] < 0, -1.0, 1.0)
    found = linprog(
        np.asarray(form.c.todense()).ravel(), A_ub=table[upper].multiply(signed[:, None]).tocsr() if upper.any() else None,
        b_ub=right[upper] * signed if upper.any() else None, A_eq=table[equal], b_eq=right[equal], bounds=bounds, method="highs",
    )  # fmt: skip
    assert found.status == 0
    assert plan.cost == pytest.approx(float(found.fun) + float(form.c_offset[0]), rel=1e-5)


def test_a_year_may_have_a_mean_and_a_need_of_its_own() -> None:
    """Two days of 0 and 20 °C have 480 K h: of 600 that are normal, 50 kWh/m2 become 40. Means of years spread by what is given, and seeds keep their days."""
    assert need_of(Homes(100.0, 50.0, 10.0), np.repeat([0.0, 20.0], 24), 600.0) == Homes(100.0, 40.0, 10.0)
    with pytest.raises(UsageError, match="must be above 0 K h"):
        need_of(Homes(100.0, 50.0, 10.0), np.repeat([0.0, 20.0], 24), 0.0)
    own = [temperatures(seed, Climate(years=0.7)) for seed in range(200)]
    assert np.std([year.mean() for year in own]) == pytest.approx(0.7, abs=0.1)
    moved = own[3] - temperatures(3)
    assert moved.max() - moved.min() < 1e-12
    flats = Homes(5500 * 65.0, 122.5, 17.5)
    normal = float(degree_hours(flats, temperatures(3)).sum())
    colder, as_ever = (by_degree_hours(need_of(flats, outside, normal), outside).sum() for outside in (temperatures(3) - 1.0, temperatures(3)))
    assert as_ever == pytest.approx(flats.year, rel=1e-12)
    assert 1.05 < colder / as_ever < 1.15


def test_a_heat_pump_by_the_weather() -> None:
    """By Lorenz between 60 and 90 °C; a river follows the mean of ten days, and no colder than 2 °C; a source as warm as the water is refused."""
    pump = HeatPump(90.0, 60.0, share=0.5, days=0.0)
    assert pump.sink == pytest.approx(347.9345, abs=1e-4)
    assert performance(pump, np.array([10.0, 10.0])) == pytest.approx([2.566476, 2.566476], abs=1e-6)
    assert performance(pump, np.array([-10.0])) == pytest.approx([0.5 * 347.93447 / (347.93447 - 260.15)], rel=1e-6)  # air is as cold as it is
    assert HeatPump(60.0, 60.0).sink == 60.0 + 273.15
    outside = np.concatenate([np.full(240, 0.0), np.full(480, 12.0)])
    river = performance(HeatPump(90.0, 60.0), outside)
    assert river[:240] == pytest.approx(np.full(240, 0.55 * 347.93447 / (347.93447 - 272.15)), rel=1e-6)
    assert river[360] == pytest.approx(0.55 * 347.93447 / (347.93447 - (121 * 12.0 / 240 - 3.0 + 273.15)), rel=1e-6)
    assert river[600] == pytest.approx(0.55 * 347.93447 / (347.93447 - 282.15), rel=1e-6)
    with pytest.raises(UsageError, match="as warm as the water"):
        performance(HeatPump(20.0, 10.0), np.array([40.0]))
