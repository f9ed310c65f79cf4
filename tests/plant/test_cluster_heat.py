"""The heat network of a cluster against worked numbers, each from a run of a scenario."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.cli import main
from twin.errors import ScenarioError
from twin.plant.cluster import resume_cluster, resume_cluster_until, run_cluster, run_cluster_until, stored_cluster
from twin.results.cluster import open_cluster
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
  mill: {kind: shredder, from: heap, rate: 12 t/h, power: {idle: 100 kW}}
  out: {kind: product, from: mill}
"""
TOWN = """twin: 1
time: {horizon: 10 d}
sites: {one: {extends: quiet.yaml, seed: 1}}
energy: {heat: {supply: 95 °C, return: 60 °C}}
"""
BOILERS = {
    "heat_pump": {"power": "4 MW", "carrier": "electricity", "efficiency": 3.2},
    "gas_boiler": {"power": "25 MW", "carrier": "natural_gas", "efficiency": 0.92, "price": "45 EUR/MWh", "co2": "201 g/kWh"},
    "rod": {"power": "5 MW", "carrier": "electricity", "efficiency": 0.99},
}
VARIED = """twin: 1
time: {horizon: 20 d, warmup: 30 h}
sites: {one: {extends: quiet.yaml, seed: 1}, two: {extends: quiet.yaml, seed: 2, change: {record.every: 5 h}}}
energy:
  power: {price: {series: {file: hours.csv, column: price}}, co2: 363 g/kWh}
  heat:
    supply: 90 °C
    return: 60 °C
    every: 45 min
    sources: {furnace: {heat: {series: {file: phases.csv, column: heat}}}}
    boilers:
      heat_pump: {power: 4 MW, carrier: electricity, efficiency: 3.2}
      gas_boiler: {power: 25 MW, carrier: natural_gas, efficiency: 92 %, price: 45 EUR/MWh, co2: 201 g/kWh}
      rod: {power: 5 MW, carrier: electricity, efficiency: 99 %}
    tank: {diameter: 10 m, height: 20 m, conductance: 0.3 W/(m2 K), fill: 30 %, charge: 12 MW, discharge: 12 MW}
    pipe: {length: 3 km, conductance: 0.25 W/(m K), flow: 60 kg/s}
    users: {homes: {heat: {series: {file: hours.csv, column: demand}}, price: 80 EUR/MWh}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("heat")
    for name, text in {"quiet": QUIET, "town": TOWN, "varied": VARIED}.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    random = np.random.default_rng(5)
    hours = np.arange(480)
    demand = 9 + 6 * np.sin(2 * np.pi * hours / 24) + 4 * random.random(480)
    price = 60 + 50 * np.sin(2 * np.pi * (hours + 6) / 24) + 40 * random.random(480)
    rows = "".join(f"{hour} h,{heat:.6f},{cost:.6f}\n" for hour, heat, cost in zip(hours, demand, price, strict=True))
    (found / "hours.csv").write_text("time,demand [MW],price [EUR/MWh]\n" + rows, encoding="utf-8")
    times = np.concatenate([[0.0], np.cumsum(random.exponential(2400.0, 700))])
    phases = "".join(f"{time:.9f} s,{heat}\n" for time, heat in zip(times, random.choice([0.0, 6.0, 14.0, 22.0], 701), strict=True))
    (found / "phases.csv").write_text("time,heat [MW]\n" + phases, encoding="utf-8")
    return found


def heat(folder: Path, network: dict[str, Any], **changes: Any) -> EnergyAccount:
    """What the network of a town does; ``network`` comes to supply 95 °C and return 60 °C."""
    values = {**{f"energy.heat.{key}": value for key, value in network.items()}, **{key.replace("__", "."): value for key, value in changes.items()}}
    with run_cluster(load_cluster(folder / "town.yaml", values)) as result:
        account = result.energy
    assert account.number("heat/closure") <= 1e-12
    return account


def event(account: EnergyAccount, what: str) -> list[float]:
    """When something happened, s."""
    return [time for time, name in zip(np.asarray(account.values["heat/event_time"]).tolist(), account.names("heat/event"), strict=True) if name == what]


def test_a_store_that_loses_a_part_of_what_it_holds(folder: Path) -> None:
    account = heat(folder, {"tank": {"capacity": "100 MWh", "loss_rate": "3.6 ‰/h", "fill": "100 %"}})
    assert account.number("heat/tank_last") / (100 * MWH) == pytest.approx(0.421472815, abs=1e-9)
    assert np.asarray(account.values["heat/content"])[23] / (100 * MWH) == pytest.approx(math.exp(-0.0864), rel=1e-12)


def test_a_full_tank_that_nobody_uses_is_empty_after_165_days(folder: Path) -> None:
    tank = {"diameter": "10 m", "height": "20 m", "conductance": "0.3 W/(m2 K)", "around": "10 °C", "fill": "100 %"}
    account = heat(folder, {"tank": tank, "every": "1 d"}, time__horizon="200 d")
    assert account.number("heat/capacity") == pytest.approx(62.257873 * MWH, rel=1e-7)
    assert event(account, "tank empty")[0] / 86400.0 == pytest.approx(165.506419, abs=1e-6)
    assert account.number("heat/tank_last") == 0.0
    assert account.number("heat/tank_lost") == pytest.approx(62.257873 * MWH, rel=1e-7)


def test_a_store_that_gives_a_constant_power(folder: Path) -> None:
    """100 MWh, 5 MW, .002/h and .05 MW lost: the crossing is found, and what is lost until then is an integral of its own."""
    tank = {"capacity": "100 MWh", "loss_rate": "0.2 %/h", "loss": "50 kW", "fill": "100 %"}
    account = heat(folder, {"tank": tank, "users": {"homes": {"heat": "5 MW"}}}, time__horizon="1 d")
    assert event(account, "tank empty")[0] / 3600.0 == pytest.approx(19.41991666, abs=1e-7)
    assert account.number("heat/tank_lost") / MWH == pytest.approx(2.90041671, abs=1e-7)
    assert account.number("heat/lacking") / MWH == pytest.approx(5.0 * (24.0 - 19.41991666), abs=1e-6)


def test_a_pipe(folder: Path) -> None:
    pipe = {"length": "3 km", "conductance": "0.25 W/(m K)", "flow": "60 kg/s", "ground": "10 °C", "both": False}
    account = heat(folder, {"pipe": pipe, "sources": {"works": {"heat": "1 MW"}}})
    assert account.number("heat/arrival") - 273.15 == pytest.approx(94.746798, abs=1e-6)
    assert account.number("heat/pipe_loss") / (10 * 86400.0) == pytest.approx(63655.0, abs=0.05)
    both = heat(folder, {"pipe": {**pipe, "both": True}, "sources": {"works": {"heat": "1 MW"}}})
    assert both.number("heat/pipe_loss") / account.number("heat/pipe_loss") == pytest.approx(1.0 + 50.0 / 85.0, rel=1e-12)


def test_an_exchanger_leaves_what_is_too_cold(folder: Path) -> None:
    gas = {"temperature": "1300 °C", "flow": "12 kg/s", "specific_heat": "1150 J/(kg K)", "pinch": "20 K"}
    account = heat(folder, {"sources": {"gas": gas}, "users": {"homes": {"heat": "10 MW"}}})
    assert account.number("heat/offered") / (10 * 86400.0) == pytest.approx(16.836e6, rel=1e-12)
    assert account.number("heat/wasted") / (10 * 86400.0) == pytest.approx(6.836e6, rel=1e-12)


def test_a_boiler_that_is_on_or_off(folder: Path) -> None:
    """3 MW of demand, 8 MW, a band of 2 MWh: a period of 1.0666667 h, on for .375 of it; thresholds inside the tank cycle by what lies between them."""
    boiler = {"power": "8 MW", "carrier": "natural_gas", "efficiency": 0.92, "price": "45 EUR/MWh", "on_off": {}}
    network = {"boilers": {"boiler": boiler}, "tank": {"capacity": "2 MWh"}, "users": {"homes": {"heat": "3 MW"}}}
    account = heat(folder, network)
    on, off = event(account, "boiler on"), event(account, "boiler off")
    assert np.diff(on) / 3600.0 == pytest.approx(np.full(len(on) - 1, 16 / 15), abs=1e-6)
    assert (np.array(off[: len(on) - 1]) - on[:-1]) / np.diff(on) == pytest.approx(np.full(len(on) - 1, 0.375), abs=1e-6)
    assert account.number("heat/lacking") == pytest.approx(0.0, abs=100.0)  # a crossing is rounded up to a nanosecond
    band = {**network, "boilers": {"boiler": {**boiler, "on_off": {"on": 0.25, "off": 0.75}}}, "tank": {"capacity": "4 MWh", "fill": "50 %"}}
    on = event(heat(folder, band), "boiler on")
    assert np.diff(on) / 3600.0 == pytest.approx(np.full(len(on) - 1, 16 / 15), abs=1e-6)


@pytest.mark.parametrize(("price", "cost"), [(100, 809.782609), (30, 629.232543)])
def test_the_cheapest_heat_goes_first(folder: Path, price: float, cost: float) -> None:
    """18 MW; at 30 EUR/MWh of electricity the rod is cheaper than gas."""
    account = heat(folder, {"boilers": BOILERS, "users": {"homes": {"heat": "18 MW"}}}, energy__power={"price": f"{price} EUR/MWh", "co2": "363 g/kWh"})
    assert account.number("heat/boiler_cost") / 240.0 == pytest.approx(cost, abs=1e-6)
    drawn = account.by_name("power/source", "power/energy")["heat"]
    used = account.by_name("heat/boiler", "heat/used")
    assert drawn == pytest.approx(used["heat_pump"] + used["rod"], rel=1e-12)


def test_varied_days_close_and_do_not_hang_on_how_they_are_recorded(folder: Path) -> None:
    """Also with the sites' steps and the network's own; closure 1e-12."""
    accounts = []
    for changes in ({}, {"energy.heat.every": "13 min", "sites.one.change": {"record.every": "77 min"}}):
        with run_cluster(load_cluster(folder / "varied.yaml", changes | {"time.warmup": "0 s"})) as result:
            accounts.append(result.energy)
    for name in ("heat/made", "heat/taken", "heat/tank_last", "heat/tank_lost", "heat/boiler_cost", "heat/income"):
        first, second = (np.asarray(account.values[name]).tolist() for account in accounts)
        assert first == second, name
    first, second = accounts
    assert first.number("heat/closure") <= 1e-12 and first.number("heat/solves") > 1000
    assert first.number("power/cost") == pytest.approx(second.number("power/cost"), rel=1e-12)
    assert {"tank full", "tank empty"} <= set(first.names("heat/event"))
    assert first.number("heat/wasted") > 0.0
    lengths = np.diff([0.0, *np.asarray(first.values["heat/time"]).tolist()])
    by_step = np.asarray(first.values["heat/made_by_step"]) * lengths[:, None]
    assert by_step.sum(axis=0) == pytest.approx(np.asarray(first.values["heat/made"]), rel=1e-12)


def test_a_run_goes_on_and_is_done_again_from_its_file_alone(folder: Path) -> None:
    cluster = load_cluster(folder / "varied.yaml")
    run_cluster_until(cluster, 300000.123456789, folder / "first.h5")
    resume_cluster_until(folder / "first.h5", 800000.5, folder / "second.h5")
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, resume_cluster(folder / "second.h5", out=folder / "again.h5") as again:
        assert whole.digest == again.digest
        assert whole.energy.number("heat/closure") <= 1e-12
    with stored_cluster(folder / "whole.h5") as (stored, from_file), run_cluster(from_file) as rerun:
        assert stored.digest == rerun.digest


def test_a_plan_sets_sources_and_the_tank_takes_the_rest(folder: Path) -> None:
    """12 MW of gas planned against 10 MW of demand for 5 h: 10 MWh in the tank; a plan beyond what the tank takes is cut, one below demand is made up."""
    users = {"users": {"homes": {"heat": "10 MW"}}, "boilers": BOILERS, "tank": {"capacity": "10 MWh"}}
    power = {"price": "100 EUR/MWh"}
    account = heat(folder, {**users, "dispatch": {"plan": {"gas_boiler": "12 MW"}}}, energy__power=power)
    assert event(account, "tank full") == pytest.approx([5 * 3600.0], abs=1e-6)
    made = account.by_name("heat/boiler", "heat/made")
    assert made["gas_boiler"] == pytest.approx((2400.0 + 10.0) * MWH, rel=1e-12) and made["heat_pump"] == 0.0
    short = heat(folder, {**users, "dispatch": {"plan": {"gas_boiler": "3 MW"}}}, energy__power=power)
    made = short.by_name("heat/boiler", "heat/made")
    assert made["heat_pump"] / 240.0 == pytest.approx(4e6 * 3600, rel=1e-12) and made["gas_boiler"] / 240.0 == pytest.approx(6e6 * 3600, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": {"gas": {"temperature": "100 °C", "flow": "12 kg/s"}}}, "no heat at this level: a source of 100 °C cannot warm water to 95 °C"),
        ({"sources": {"steam": {"from": "one.mill"}}}, "site 'one' has no waste-heat boiler 'mill'; what walls and tankhouse lose cannot be had"),
        ({"sources": {"both": {"from": "one.mill", "heat": "5 MW"}}}, "give one of: from"),
        ({"return": "99 °C"}, "the return must be colder than the supply"),
        ({"boilers": {"rod": {"power": "5 MW", "carrier": "electricity"}}}, "price is missing: of electricity"),
        ({"boilers": {"gas": {"power": "5 MW", "carrier": "gas", "price": "45 EUR/MWh", "on_off": {}}}}, "needs a tank to fill"),
        ({"tank": {"diameter": "3 m"}}, "give either diameter and height, or capacity"),
        ({"dispatch": {"plan": {"gas": "5 MW"}}}, "there is no boiler 'gas'"),
        ({"dispatch": "cheapest"}, "'rule' is needed"),
        ({"users": {"homes": {"heat": "-5 MW"}}}, "must be at least 0 W"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "town.yaml", {f"energy.heat.{key}": value for key, value in changes.items()})
    assert message in str(caught.value) and "energy.heat." in str(caught.value)


def test_the_steam_that_a_smelter_exports_is_what_there_is_to_take(tmp_path: Path) -> None:
    """The smelter keeps its digest; what is offered is what its own account calls exported; it is said that the network is assumed."""
    smelter = (Path(__file__).parents[2] / "scenarios" / "copper_smelter.yaml").as_posix()
    text = f"""twin: 1
time: {{horizon: 3 d, warmup: 1 d}}
sites: {{smelter: {{extends: {smelter}, seed: 12, change: {{units.boiler.store: 40 MWh}}}}}}
energy:
  heat:
    supply: 90 °C
    return: 60 °C
    hypothetical: true
    sources: {{steam: {{from: smelter.boiler, temperature: 250 °C}}}}
    tank: {{capacity: 60 MWh}}
    users: {{homes: {{heat: 8 MW}}}}
"""
    (tmp_path / "works.yaml").write_text(text, encoding="utf-8")
    with run_cluster(load_cluster(tmp_path / "works.yaml")) as linked, run_cluster(load_cluster(tmp_path / "works.yaml", {"linked": False})) as alone:
        site = linked.sites["smelter"]
        assert site.digest == alone.sites["smelter"].digest
        assert linked.energy.number("heat/offered") == pytest.approx(site.kpis["steam_exported"].value, rel=1e-9)
        assert 0.0 < linked.energy.number("heat/taken") < linked.energy.number("heat/offered")
        assert site.attrs["hypothetical_heat"] and not alone.sites["smelter"].attrs.get("hypothetical_heat")
        assert "hypothetical" in linked.kpis["heat_served"].note


def test_the_shipped_cluster_says_what_is_hypothetical(capsys: pytest.CaptureFixture[str]) -> None:
    scenarios = Path(__file__).parents[2] / "scenarios" / "clusters"
    assert main(["validate", (scenarios / "luenen_cluster.yaml").as_posix()]) == 0
    assert "the heat network is hypothetical" in capsys.readouterr().out
    alone = load_cluster(scenarios / "luenen_alone.yaml")
    assert not alone.links and alone.energy is not None and alone.energy.heat is not None and not alone.energy.heat.sources
    assert "biomass" in alone.energy.heat.boilers
