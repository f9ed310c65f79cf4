"""A plan of boilers laid from a run of a cluster: who follows it pays what the programme says, and less than by rule."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from twin.errors import UsageError
from twin.fit.years.cluster_plan import LaidPlan, lay_plan
from twin.fit.years.homes import rows
from twin.plant.cluster import run_cluster
from twin.results.energy import EnergyAccount
from twin.scenario.cluster import Cluster, load_cluster

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
TOWN = """twin: 1
time: {horizon: 72 h}
sites: {one: {extends: quiet.yaml, seed: 1}}
energy:
  power: {price: {series: {file: hours.csv, column: price}}}
  heat:
    supply: 95 °C
    return: 60 °C
    every: 30 min
    sources:
      works: {heat: {series: {file: hours.csv, column: waste}}}
      gas: {temperature: 300 °C, flow: 4 kg/s}
    boilers:
      heat_pump: {power: 4 MW, carrier: electricity, efficiency: {series: {file: hours.csv, column: cop}}}
      gas_boiler: {power: 25 MW, carrier: natural_gas, efficiency: 92 %, price: 45 EUR/MWh}
    tank: {diameter: 8 m, height: 12 m, conductance: 0.3 W/(m2 K), around: 10 °C, fill: 40 %, charge: 12 MW, discharge: 12 MW}
    pipe: {length: 2 km, conductance: 0.25 W/(m K), flow: 60 kg/s}
    users: {homes: {heat: {series: {file: hours.csv, column: demand}}, price: 80 EUR/MWh}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("plans")
    (found / "quiet.yaml").write_text(QUIET, encoding="utf-8")
    (found / "town.yaml").write_text(TOWN, encoding="utf-8")
    random, hours = np.random.default_rng(8), np.arange(72)
    columns = {
        "demand [MW]": 9.0 + 5.0 * np.cos(2 * np.pi * (hours - 7) / 24) + random.random(72),
        "waste [MW]": np.where(random.random(72) < 0.5, 0.0, 14.0 * random.random(72)),
        "price [EUR/MWh]": 110.0 + 90.0 * np.cos(2 * np.pi * (hours - 19) / 24) + 20.0 * random.random(72),
        "cop": 2.5 + random.random(72),
    }
    (found / "hours.csv").write_text(rows(datetime(2026, 1, 5), columns, 9), encoding="utf-8")
    return found


def _planned(folder: Path, cluster: Cluster) -> tuple[LaidPlan, EnergyAccount]:
    """The plan, and what a run of the cluster by rule did."""
    with run_cluster(cluster) as result:
        return lay_plan(result, cluster), result.energy


def test_who_follows_the_plan_pays_what_the_programme_says(folder: Path) -> None:
    """Within 1e-5, with pipe, pump by the hour and steps of half an hour; by rule it is more, by several percent."""
    laid, by_rule = _planned(folder, load_cluster(folder / "town.yaml"))
    (folder / "plan.csv").write_text(laid.csv(), encoding="utf-8")
    assert laid.boilers == ("heat_pump", "gas_boiler") and laid.every == 1800.0 and len(laid.plan.content) == 144
    plan = {name: {"series": {"file": "plan.csv", "column": name}} for name in laid.boilers}
    with run_cluster(load_cluster(folder / "town.yaml", {"energy.heat.dispatch": {"plan": plan}})) as result:
        followed = result.energy
    assert followed.number("heat/closure") <= 1e-12
    cost = float(np.sum(followed.values["heat/boiler_cost"]))
    assert cost == pytest.approx(laid.plan.cost, rel=1e-5)
    assert followed.number("heat/tank_last") >= laid.given.first * (1.0 - 1e-6)
    assert np.asarray(followed.values["heat/content"]) == pytest.approx(laid.plan.content, abs=1e-5 * laid.given.store.capacity)
    missing = max(0.0, laid.given.first - by_rule.number("heat/tank_last")) * 45.0 / 0.92 / 3.6e9
    assert float(np.sum(by_rule.values["heat/boiler_cost"])) + missing > 1.02 * cost


def test_a_table_has_a_row_where_something_changes(folder: Path) -> None:
    laid, _ = _planned(folder, load_cluster(folder / "town.yaml", {"energy.heat.users.homes.heat": "100 kW"}))
    assert laid.plan.cost == pytest.approx(0.0, abs=1e-6)
    assert laid.csv() == "time,heat_pump [MW],gas_boiler [MW]\n2026-01-05T00:00:00,0.000000000,0.000000000\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"energy.heat": {"supply": "90 °C", "return": "60 °C"}}, "a plan needs a tank"),
        ({"energy.heat.boilers.gas_boiler.power": {"series": {"file": "hours.csv", "column": "demand"}}}, "the power of 'gas_boiler' changes in time"),
        ({"energy.heat.every": "50 min"}, "no whole number of steps"),
        ({"energy.heat.boilers.gas_boiler.power": "1 kW"}, "no plan meets the demand"),
        ({"linked": False}, "has no heat network to plan"),
    ],
)
def test_what_cannot_be_planned_is_said(folder: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        _planned(folder, load_cluster(folder / "town.yaml", changes))
