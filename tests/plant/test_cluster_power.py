"""The power network of a cluster: what sites draw is priced as it is drawn, own power is used first, and the sites do not notice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.errors import ScenarioError
from twin.plant.cluster import resume_cluster, resume_cluster_until, run_cluster, run_cluster_until, stored_cluster
from twin.results.cluster import open_cluster
from twin.scenario.cluster import load_cluster
from twin.scenario.starters import starter

MILL = """twin: 1
time: {start: 2026-01-05T00:00, horizon: 1 d}
lot: 200 kg
record: {every: 6 h}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
calendars: {hour: {monday: ["00:10-01:05"]}, night: {monday: ["00:40-02:10"]}}
units:
  drop: {kind: feed, every: 30 d, mass: 1 t, composition: {steel: 100 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  heap: {kind: bunker, from: drop, capacity: 4000 t}
  mill: {kind: shredder, from: heap, rate: 12 t/h, calendar: hour, power: {idle: 100 kW}}
  out: {kind: product, from: mill}
"""
QUARTERS = """twin: 1
time: {horizon: 1 d}
sites: {one: {extends: mill.yaml, seed: 1}, two: {extends: mill.yaml, seed: 2, change: {units.mill.power.idle: 0 kW}}}
energy: {power: {price: {series: {file: tariff.csv, column: price}}, co2: {series: {file: grid.csv, column: co2}, }}}
"""
PAIR = """twin: 1
time: {horizon: 3 d, warmup: 12 h}
sites: {north: {extends: plant.yaml, seed: 11}, south: {extends: plant.yaml, seed: 12, change: {record.every: 45 min}}}
energy:
  power:
    price: {series: {file: tariff.csv, column: price}}
    co2: 363 g/kWh
    pv: {power: {series: {file: sun.csv, column: power}}, feed_in: 70 EUR/MWh}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("power")
    for name, text in {"mill": MILL, "quarters": QUARTERS, "pair": PAIR, "plant": starter()}.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    prices = "".join(f"{15 * k} min,{(10, 30)[k % 2]}\n" for k in range(4 * 24 * 3))
    (found / "tariff.csv").write_text("time,price [ct/kWh]\n" + prices, encoding="utf-8")
    factors = "".join(f"{k} h,{(300, 400, 500)[k % 3]}\n" for k in range(24))
    (found / "grid.csv").write_text("time,co2 [g/kWh]\n" + factors, encoding="utf-8")
    sun = "".join(f"{k} h,{max(0.0, 300.0 * np.sin(np.pi * (k % 24 - 6) / 12)):.3f}\n" for k in range(72))
    (found / "sun.csv").write_text("time,power [kW]\n" + sun, encoding="utf-8")
    return found


@pytest.mark.parametrize("every", ["6 h", "25 min"])
def test_a_tariff_is_integrated_as_it_steps(folder: Path, every: str) -> None:
    """100 kW from 00:10 to 01:05 at 10 and 30 ct/kWh by quarter hours in turn: 5, 15, 15, 15 and 5 minutes. By step means of 6 h it would be 18.33."""
    with run_cluster(load_cluster(folder / "quarters.yaml", {"sites.one.change": {"record.every": every}})) as result:
        energy = result.energy
        assert energy.number("power/cost") == pytest.approx(19.1666666667, abs=1e-6)
        assert energy.number("power/drawn") == pytest.approx(100e3 * 55 * 60, rel=1e-12)
        assert energy.by_name("power/source", "power/tariff_cost") == pytest.approx({"one": 19.1666666667, "two": 0.0}, abs=1e-6)


def test_co2_follows_the_hour(folder: Path) -> None:
    """2 MW from 00:40 to 02:10 at 300, 400 and 500 g/kWh by the hour, of two sites together."""
    changes = {f"sites.{name}.change": {"units.mill.power.idle": "1 MW", "units.mill.calendar": "night"} for name in ("one", "two")}
    with run_cluster(load_cluster(folder / "quarters.yaml", changes)) as result:
        assert result.energy.number("power/co2") == pytest.approx(1166.6666666667, abs=1e-6)
        assert result.energy.number("power/highest") == pytest.approx(2e6, rel=1e-12)


def test_own_power_is_used_first(folder: Path) -> None:
    """60 kW of sun under 100 kW of load; outside the 55 minutes it is fed in."""
    pv = {"energy.power.pv": {"power": "60 kW", "feed_in": "70 EUR/MWh"}, "energy.power.price": "200 EUR/MWh"}
    with run_cluster(load_cluster(folder / "quarters.yaml", pv)) as result:
        energy = result.energy
        assert energy.number("power/own_used") == pytest.approx(60e3 * 3300, rel=1e-12)
        assert energy.number("power/fed_in") == pytest.approx(60e3 * (86400 - 3300), rel=1e-12)
        assert energy.number("power/from_grid") == pytest.approx(40e3 * 3300, rel=1e-12)
        assert energy.number("power/cost") == pytest.approx(40.0 * 55 / 60 * 0.2, rel=1e-12)
        assert energy.number("power/income") == pytest.approx(60.0 * (24 - 55 / 60) * 0.07, rel=1e-12)


def test_the_sites_do_not_notice_and_their_energy_adds_up(folder: Path) -> None:
    """Sites that record at different steps; each keeps the digest that it has unlinked, and its own electricity is what the network counts for it."""
    cluster, off = load_cluster(folder / "pair.yaml"), load_cluster(folder / "pair.yaml", {"linked": False})
    with run_cluster(cluster) as on, run_cluster(off) as alone:
        assert {name: site.digest for name, site in on.sites.items()} == {name: site.digest for name, site in alone.sites.items()}
        assert on.digest != alone.digest and not alone.energy.has_power
        energy = on.energy
        for name, joules in energy.by_name("power/source", "power/energy").items():
            assert joules == pytest.approx(on.sites[name].kpis["energy.electricity"].value, rel=1e-12)
        drawn, grid, own = (energy.number(f"power/{key}") for key in ("drawn", "from_grid", "own_used"))
        assert drawn == pytest.approx(grid + own, rel=1e-13) and own > 0.0
        assert energy.number("power/fed_in") > 0.0


def test_without_networks_a_cluster_is_the_same(folder: Path) -> None:
    text = PAIR[: PAIR.index("energy:")]
    (folder / "bare.yaml").write_text(text, encoding="utf-8")
    assert load_cluster(folder / "bare.yaml").sha256 == load_cluster(folder / "pair.yaml", {"linked": False}).sha256
    assert load_cluster(folder / "bare.yaml").sha256 != load_cluster(folder / "pair.yaml").sha256


def test_a_run_goes_on_and_is_done_again_from_its_file_alone(folder: Path) -> None:
    cluster = load_cluster(folder / "pair.yaml")
    run_cluster_until(cluster, 100000.123456789, folder / "first.h5")
    resume_cluster_until(folder / "first.h5", 200000.5, folder / "second.h5")
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, resume_cluster(folder / "second.h5", out=folder / "again.h5") as again:
        assert whole.digest == again.digest
    with stored_cluster(folder / "whole.h5") as (stored, from_file), run_cluster(from_file) as rerun:
        assert stored.digest == rerun.digest
        assert from_file.sha256 == cluster.sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy.power.price": "5 EUR"}, "energy.power.price"),
        ({"energy.power.priority": ["west"]}, "there is no site 'west'"),
        ({"energy.power.pv.powr": "5 kW"}, "did you mean 'power'?"),
        ({"energy.power.price": {"series": {"file": "tarif.csv", "column": "price"}}}, "no such file"),
        ({"energy.power.price": {"series": {"file": "tariff.csv", "column": "prize"}}}, "did you mean 'price'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(folder: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "pair.yaml", changes)
    assert message in str(caught.value)


def test_the_factor_of_a_year_is_looked_up(folder: Path) -> None:
    """363 g/kWh of 2024; a fuel's factor is that of its carrier, 202 g/kWh of natural gas."""
    changes = {"energy.power.co2": {"year": 2024, "vintage": "2025"}, "energy.power.price": "100 EUR/MWh"}
    gas = {"power": "1 MW", "carrier": "natural_gas", "efficiency": 0.8, "price": "45 EUR/MWh"}
    changes["energy.heat"] = {"supply": "90 °C", "return": "60 °C", "boilers": {"gas": gas}, "users": {"homes": {"heat": "1 MW"}}}
    with run_cluster(load_cluster(folder / "quarters.yaml", changes)) as result:
        assert result.energy.number("power/co2") == pytest.approx(100 * 55 / 60 * 0.363, rel=1e-12)
        assert result.kpis["heat_co2"].value == pytest.approx(24_000 / 0.8 * 0.202, rel=1e-12)
        assert result.kpis["power_cost"].value == pytest.approx(100 * 55 / 60 * 0.1, rel=1e-12)
    with pytest.raises(ScenarioError, match="for 2031 is stored"):
        load_cluster(folder / "quarters.yaml", {"energy.power.co2": {"year": 2031}})


def test_a_day_of_25_hours_is_told_to_be_written_in_standard_time(folder: Path) -> None:
    """The hour that comes twice, and times with their zone, are refused with what to do."""
    rows = "".join(f"2026-10-25 {hour:02d}:00,{price}\n" for hour, price in ((1, 10), (2, 20), (2, 30), (3, 40)))
    for text, message in (
        ("time,price [EUR/MWh]\n2026-10-25 00:00,5\n" + rows, "where summer time ends an hour comes twice: write the standard time of the place all year"),
        ("time,price [EUR/MWh]\n2026-03-29T00:00+01:00,10\n", "without time zone (got '2026-03-29T00:00+01:00'); write the standard time of the place"),
    ):
        (folder / "clock.csv").write_text(text, encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            load_cluster(folder / "quarters.yaml", {"energy.power.price": {"series": {"file": "clock.csv", "column": "price"}}})
        assert message in str(caught.value)


def test_a_series_that_ends_long_before_the_run_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "short.csv").write_text("time,price [EUR/MWh]\n0 h,10\n1 h,-20\n2 h,30\n", encoding="utf-8")
    assert main(["validate", str(folder / "quarters.yaml"), "--set", "energy.power.price={series: {file: short.csv, column: price}}"]) == 0
    assert "short.csv, price: its last value, of 2 h, holds for the other" in capsys.readouterr().out
    assert main(["validate", str(folder / "quarters.yaml")]) == 0
    assert "its last value" not in capsys.readouterr().out


def test_a_price_below_zero_pays_who_draws_and_charges_who_feeds_in(folder: Path) -> None:
    """At -100 EUR/MWh the 91.667 kWh of the hour bring 9.1667 EUR; 60 kW of sun cover 55 of them, so that 36.667 bring 3.6667, and 1,385 fed in at -20 cost."""
    for pv, cost in (({}, -9.1666666667), ({"energy.power.pv": {"power": "60 kW", "feed_in": "-20 EUR/MWh"}}, -3.6666666667)):
        with run_cluster(load_cluster(folder / "quarters.yaml", {"energy.power.price": "-100 EUR/MWh", **pv})) as result:
            assert result.energy.number("power/cost") == pytest.approx(cost, abs=1e-9)
            assert result.energy.number("power/income") == pytest.approx(-0.02 * 1385.0 if pv else 0.0, abs=1e-9)
