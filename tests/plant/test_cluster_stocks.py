"""Tanks of fuels and oxygen at sites of a cluster: deliveries, orders, who waits, what is paid; worked out by hand for batches of a refinery."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from smelter_plant import smelter

from twin.cli.parser import main
from twin.errors import ScenarioError
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.results.cluster import ClusterResult, open_cluster
from twin.scenario.cluster import load_cluster

MWH = 3.6e9
REFINERY: dict[str, Any] = {
    "twin": 1,
    "time": {"start": "2026-01-05T00:00", "horizon": "2 d"},
    "record": {"every": "1 h"},
    "catalogue": ["copper_scrap"],
    "carriers": {"natural_gas": {"price": "50 EUR/MWh"}, "electricity": {"price": "0 EUR/MWh"}},
    "units": {
        "slimes": {"kind": "bunker", "capacity": "900 t", "initial": {"mass": "900 t", "composition": {"bright_copper": "100 %"}}},
        "refinery": {"kind": "slimes_refinery", "from": "slimes", "batch": "1 t", "time": "2 h", "heating": {"carrier": "natural_gas", "specific": "10 MWh/t"}},
        "all": {"kind": "product", "from": [f"refinery.{port}" for port in ("dore", "liquor", "selenium", "slag")], "price": "0 EUR/t"},
    },
}
ONE = """twin: 1
sites: {one: {extends: refinery.yaml, seed: 1}}
energy:
  fuels:
    gas: {of: one.natural_gas, capacity: 40 MWh, delivery: {size: 20 MWh, every: 12 h, first: 12 h, price: 40 EUR/MWh}}
"""
BOTH = """twin: 1
time: {start: 2026-01-05T00:00, horizon: 18 h}
sites: {a: {extends: smelter.yaml, seed: 1}, b: {extends: smelter.yaml, seed: 2}}
energy:
  power: {price: 100 EUR/MWh, limit: 5 MW, priority: [b]}
  fuels:
    gas: {of: a.natural_gas, capacity: 250 MWh, fill: 26 %, keep: 2 MWh, delivery: {size: 30 MWh, level: 70 MWh, lead: {uniform: {low: 3 h, high: 12 h}}, price: 45 EUR/MWh}}
  oxygen:
    tank: {of: a.o2, capacity: 20000 Nm3, fill: 60 %, delivery: {size: 6000 Nm3, every: 5 h, first: 2 h, price: 0.1 EUR/Nm3}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("stocks")
    texts = {"refinery": yaml.safe_dump(REFINERY), "one": ONE, "smelter": yaml.safe_dump(smelter("18 h")), "both": BOTH}
    texts["never"] = ONE.replace(", delivery: {size: 20 MWh, every: 12 h, first: 12 h, price: 40 EUR/MWh}", "")
    texts["plenty"] = BOTH.replace("limit: 5 MW, priority: [b]", "").replace("fill: 26 %", "fill: 90 %").replace("20000 Nm3", "90000 Nm3")
    for name, text in texts.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    (found / "gas.csv").write_text("time,price [EUR/MWh]\n0 h,40\n24 h,80\n", encoding="utf-8")
    return found


def tank(result: ClusterResult, name: str = "gas") -> dict[str, float]:
    return next(dict(numbers) for _, label, _, numbers in result.energy.stocks() if label == name)


def one(folder: Path, **delivery: Any) -> ClusterResult:
    """Batches of 10 MWh and 2 h from a tank of 40 MWh, full, with other deliveries."""
    changes = {"energy.fuels.gas.delivery": {"size": "20 MWh", "price": "40 EUR/MWh", **delivery}} if delivery else {}
    return run_cluster(load_cluster(folder / "one.yaml", changes))


def test_at_fixed_times_batches_wait_for_the_next(folder: Path) -> None:
    """40 MWh last 8 h, and each 20 MWh 4 h of the 12: in 48 h 10 batches, and 28 h of waiting."""
    with one(folder) as result:
        found, used = tank(result), result.sites["one"].kpis["energy.natural_gas"].value
        assert (found["used"], found["delivered"], found["last"], found["deliveries"]) == (100 * MWH, 60 * MWH, 0.0, 3)
        assert found["waited"] == 28 * 3600.0 and found["paid"] == pytest.approx(2400.0) and found["worth"] == pytest.approx(4000.0)
        assert used == pytest.approx(100 * MWH, rel=1e-12)
        content = np.asarray(result.energy.values["fuels/content"])[:, 0] / MWH
        assert content[:13].tolist() == pytest.approx([35, 30, 25, 20, 15, 10, 5, 0, 0, 0, 0, 0, 15])


def test_ordered_as_the_level_falls(folder: Path) -> None:
    """Ordered at 15 MWh, 5 h on the way: the first comes after 10 h, then one each 6 h, of which 2 are waited. 170 MWh are used; at 40 and, from 24 h on,
    80 EUR/MWh the seven deliveries cost 8,800 EUR, and what was used 9,600."""
    series = {"series": {"file": "gas.csv", "column": "price", "hold": "step"}}
    with one(folder, level="15 MWh", lead="5 h", price=series) as result:
        found = tank(result)
        assert (found["used"] / MWH, found["last"] / MWH, found["deliveries"]) == (pytest.approx(170.0), pytest.approx(10.0), 7)
        assert found["waited"] == pytest.approx(14 * 3600.0, abs=1e-6)
        assert found["paid"] == pytest.approx(8800.0, rel=1e-9) and found["worth"] == pytest.approx(9600.0, rel=1e-9)
        kpis = result.kpis
        assert kpis["margin_cash"].value == pytest.approx(-8800.0, rel=1e-9) and kpis["margin"].value == pytest.approx(-9600.0, rel=1e-9)


def test_a_bill_that_is_known_needs_no_price_of_the_site(folder: Path) -> None:
    """100 MWh are used and 60 delivered at 40 EUR/MWh, the 40 of the start at 30. Without any price of the tank the site's counts; without that, nothing is
    known, and what lacks a price is named."""
    (folder / "unpriced.yaml").write_text(yaml.safe_dump({**REFINERY, "carriers": {"electricity": {"price": "0 EUR/MWh"}}}), encoding="utf-8")
    unpriced, delivery = {"sites.one.extends": str(folder / "unpriced.yaml")}, {"size": "20 MWh", "every": "12 h", "first": "12 h"}

    def margins(changes: dict[str, Any]) -> tuple[float, float, str]:
        with run_cluster(load_cluster(folder / "one.yaml", changes)) as result:
            return result.kpis["margin"].value, result.kpis["margin_cash"].value, result.kpis["margin"].note

    assert margins(unpriced)[:2] == (pytest.approx(-4000.0), pytest.approx(-2400.0))
    assert margins({**unpriced, "energy.fuels.gas.price": "30 EUR/MWh"})[:2] == (pytest.approx(-3600.0), pytest.approx(-2400.0))
    assert margins({"energy.fuels.gas.delivery": delivery})[:2] == (pytest.approx(-5000.0), pytest.approx(-5000.0))
    nothing = margins({**unpriced, "energy.fuels.gas.delivery": delivery})
    assert np.isnan(nothing[0]) and np.isnan(nothing[1]) and nothing[2] == "no value of one (incomplete: no price of natural_gas)"


@pytest.mark.parametrize(("every", "first", "used"), [("40 h", "40 h", 60.0), ("40 h", "50 h", 40.0), ("100 h", "0 h", 40.0)])
def test_of_deliveries_without_a_price_the_sites_counts_however_many_come(folder: Path, every: str, first: str, used: float) -> None:
    """One comes, none comes in time, one goes back whole: in cash, too, each MWh is 50 EUR, and not free where none came."""
    delivery = {"size": "20 MWh", "every": every, "first": first}
    with run_cluster(load_cluster(folder / "one.yaml", {"energy.fuels.gas.delivery": delivery})) as result:
        assert [result.kpis[name].value for name in ("margin", "margin_cash")] == pytest.approx([-50.0 * used] * 2)


def test_a_tank_that_is_never_filled_has_a_price_of_what_lies_in_it(folder: Path) -> None:
    """40 MWh at 30 EUR/MWh are used, and nothing is paid; without it they count at the 50 EUR/MWh of the site."""
    for price, worth in ({"energy.fuels.gas.price": "30 EUR/MWh"}, -1200.0), ({}, -2000.0):
        with run_cluster(load_cluster(folder / "never.yaml", price)) as result:
            assert result.kpis["margin"].value == pytest.approx(worth) and result.kpis["margin_cash"].value == 0.0


def test_what_does_not_fit_goes_back_and_is_not_paid(folder: Path) -> None:
    """Each hour 20 MWh, and 5 are used: 5 of each fit but of the first, which comes to a full tank at its second hour."""
    with one(folder, every="1 h") as result:
        found = tank(result)
        assert found["waited"] == 0.0 and found["lowest"] / MWH == pytest.approx(35.0)
        assert found["delivered"] / MWH == pytest.approx(47 * 5.0) and found["turned_back"] / MWH == pytest.approx(48 * 20.0 - 47 * 5.0)
        assert found["paid"] == pytest.approx(47 * 5.0 * 40.0)


def test_at_fixed_times_only_if_it_has_run_low(folder: Path) -> None:
    """Looked at each 6 h: at 6 h there are 10 MWh, and 20 come; then at 12 h, when it is empty, and so on: none at the start."""
    with one(folder, every="6 h", level="15 MWh") as result:
        found = tank(result)
        assert found["deliveries"] == 7 and found["used"] / MWH == pytest.approx(40 + 7 * 20)


def test_sums_begin_with_the_warm_up(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "one.yaml", {"time.warmup": "13 h"})) as result:
        found = tank(result)
        assert (found["first"] / MWH, found["used"] / MWH, found["delivered"] / MWH) == (pytest.approx(15.0), pytest.approx(55.0), pytest.approx(40.0))
        assert found["waited"] == pytest.approx(24 * 3600.0)


def test_a_tank_that_is_never_filled_ends_quietly(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "never.yaml")) as result:
        assert tank(result)["used"] == 40 * MWH and tank(result)["paid"] == 0.0


def test_a_tank_that_always_holds_enough_changes_no_bit(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "plenty.yaml")) as held, run_cluster(load_cluster(folder / "both.yaml", {"linked": False})) as free:
        assert {name: site.digest for name, site in held.sites.items()} == {name: site.digest for name, site in free.sites.items()}
        for name, what in (("gas", "energy.natural_gas"), ("tank", "")):
            assert tank(held, name)["waited"] == tank(held, name)["lacking"] == 0.0
            if what:
                assert tank(held, name)["used"] == pytest.approx(held.sites["a"].kpis[what].value, rel=1e-12)


def test_furnaces_that_wait_for_gas_oxygen_and_power_go_on(folder: Path) -> None:
    """Stopped at an odd moment, in the middle of phases, with deliveries on their way."""
    cluster = load_cluster(folder / "both.yaml")
    run_cluster_until(cluster, 30000.000000123, folder / "state.h5")
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, resume_cluster(folder / "state.h5", out=folder / "again.h5") as again:
        assert whole.digest == again.digest
        for key, values in whole.energy.values.items():
            np.testing.assert_array_equal(np.asarray(values), np.asarray(again.energy.values[key]), key)
        found = tank(whole), tank(whole, "tank")
        assert found[0]["waited"] > 3600.0 and found[1]["waited"] > 0.0
        for numbers in found:
            assert numbers["lowest"] >= -1e-6 and numbers["first"] + numbers["delivered"] - numbers["used"] == pytest.approx(numbers["last"], rel=1e-9)
        assert whole.energy.number("power/highest") <= 5e6 * (1.0 + 1e-9)


@pytest.mark.parametrize("hours", [0.5, 10.0, 12.0, 12.5, 15.0, 26.0])
def test_it_is_resumed_at_awkward_moments(folder: Path, hours: float, tmp_path: Path) -> None:
    """In a batch, at the instant of an order, with two deliveries on their way and the tank empty, while the refinery waits, across the warm-up."""
    changes = {"time.warmup": "12 h", "energy.fuels.gas.delivery": {"size": "6 MWh", "level": "15 MWh", "lead": {"uniform": {"low": "4 h", "high": "9 h"}}}}
    cluster = load_cluster(folder / "one.yaml", changes)
    run_cluster_until(cluster, hours * 3600.0, tmp_path / "state.h5")
    with run_cluster(cluster) as whole, resume_cluster(tmp_path / "state.h5", out=tmp_path / "again.h5") as again:
        assert whole.digest == again.digest and tank(whole)["waited"] > 0.0 and tank(whole)["deliveries"] > 3
        for key, values in whole.energy.values.items():
            np.testing.assert_array_equal(np.asarray(values), np.asarray(again.energy.values[key]), key)


def test_the_command_shows_tanks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(folder / "one.yaml")]) == 0
    assert "tank gas: one.natural_gas, 40 MWh, deliveries of 20 MWh" in capsys.readouterr().out
    assert main(["run", str(folder / "one.yaml"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["energy"]["fuels"]["used"] == [100 * MWH]
    assert main(["run", str(folder / "one.yaml")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "gas 100 MWh 60 MWh 2,400 EUR 0 J 0 J 1.167 d" in shown


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"capacity": "9 MWh", "delivery.size": "5 MWh"}, "one.refinery can never start: a batch may use 10 MWh, and the tank holds 9 MWh"),
        ({"keep": "35 MWh"}, "one.refinery can never start: a batch may use 10 MWh, and the tank holds 40 MWh, of which 35 MWh are kept"),
        ({"keep": "40 MWh"}, "nothing is left to be used: 40 MWh are kept of 40 MWh"),
        ({"capacity": "0 MWh"}, "capacity"),
        ({"delivery.size": "50 MWh"}, "the tank holds less than that: 40 MWh (got 50 MWh)"),
        ({"delivery.size": "1 kWh"}, "the tank would take more than 1,000 of them: 40 MWh (got 1 kWh)"),
        ({"delivery": {"size": "20 MWh"}}, "say when: level: 40 MWh, every: 1 d, or both"),
        ({"delivery": {"size": "20 MWh", "level": "5 MWh"}}, "could wait for ever: a batch may use 10 MWh, and nothing is ordered above 5 MWh"),
        ({"delivery": {"size": "20 MWh", "level": "5 MWh", "every": "1 h"}}, "could wait for ever: a batch may use 10 MWh, and nothing is ordered above 5 MWh"),
        ({"delivery": {"size": "20 MWh", "level": "40 MWh"}}, "the tank is never above it: it holds 40 MWh (got 40 MWh)"),
        ({"delivery": {"size": "20 MWh", "level": "39.9999999999999 MWh"}}, "less than 0.1% of 40 MWh is free above it"),
        ({"delivery": {"size": "20 MWh", "level": "39.97 MWh"}}, "less than 0.1% of 40 MWh is free above it"),
        ({"delivery": {"size": "20 MWh", "every": "1e-10 s"}}, "more than 200,000 times"),
        ({"delivery": {"size": "20 MWh", "every": "0.8 s"}}, "a run of 2 d has more than 200,000 times 800 ms apart; choose longer ones"),
        ({"delivery": {"size": "20 MWh", "every": "nan h"}}, "every"),
        ({"delivery": {"size": "inf MWh", "every": "1 h"}}, "size"),
        ({"fill": "nan"}, "fill"),
        ({"of": "one/natural_gas"}, "SITE.CARRIER is needed (got 'one/natural_gas')"),
        ({"of": ""}, "of"),
        ({"delivery": {"size": "20 MWh", "level": "20 MWh", "first": "1 h"}}, "'first' needs 'every'"),
        ({"of": "one.coal"}, "no unit of site 'one' draws 'coal'"),
        ({"of": "two.natural_gas"}, "SITE.CARRIER is needed (got 'two.natural_gas'); sites:"),
        ({"of": "one.electricity"}, "electricity is drawn from the power network"),
        ({"capacity": "40 Nm3"}, "an energy is needed"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "one.yaml", {f"energy.fuels.gas.{key}": value for key, value in changes.items()})
    assert message in str(caught.value) and "energy.fuels.gas" in str(caught.value)


@pytest.mark.parametrize(("changes", "path"), [({"fill": "20 %"}, "fill"), ({"keep": "35 MWh"}, "capacity"), ({"fill": "0 %"}, "fill")])
def test_a_tank_that_is_never_filled_must_do_for_one(folder: Path, changes: dict[str, str], path: str) -> None:
    with pytest.raises(ScenarioError, match=rf"energy\.fuels\.gas\.{path}.*one\.refinery can never start: a batch may use 10 MWh"):
        load_cluster(folder / "never.yaml", {f"energy.fuels.gas.{key}": value for key, value in changes.items()})


def test_more_deliveries_than_a_run_can_have_are_refused(folder: Path) -> None:
    """5 MW of batches over 1,000 d are 120 GWh: 6,000 deliveries of 20 MWh, but 1.2 million where only 0.1 MWh are free above the level of the order."""
    changes = {"time.horizon": "1000 d", "energy.fuels.gas.delivery": {"size": "20 MWh", "level": "20 MWh"}}
    load_cluster(folder / "one.yaml", changes)
    changes["energy.fuels.gas.delivery"] = {"size": "20 MWh", "level": "39.9 MWh"}
    with pytest.raises(ScenarioError, match=r"one may use 120 GWh in a run of 1000 d, which is more than 200,000 deliveries of 100 kWh"):
        load_cluster(folder / "one.yaml", changes)


def test_an_oxygen_plant_may_be_called_as_a_fuel(folder: Path) -> None:
    """Names of carriers and of plants are of two worlds: each tank gives what it holds, as it does where the plant has another name."""
    plant = json.loads(json.dumps(smelter("18 h")).replace('"o2"', '"natural_gas"'))
    (folder / "namesake.yaml").write_text(yaml.safe_dump(plant), encoding="utf-8")
    (folder / "namesakes.yaml").write_text(BOTH.replace("smelter.yaml", "namesake.yaml").replace("of: a.o2", "of: a.natural_gas"), encoding="utf-8")
    with run_cluster(load_cluster(folder / "namesakes.yaml")) as same, run_cluster(load_cluster(folder / "both.yaml")) as other:
        for name in ("gas", "tank"):
            assert tank(same, name) == tank(other, name) and tank(same, name)["used"] > 0.0


def test_co2_of_oxygen_and_of_deliveries_is_upstream_and_of_the_site(folder: Path) -> None:
    """.5 kg for each Nm3 that was drawn, 60 kg for each delivery that came; the fuel itself counts as its carrier. Nothing else moves, and what of a tank has no
    factor is named."""
    factors = {"upstream": {"oxygen": {"tank": "0.5 kg/Nm3"}, "deliveries": {"gas": "60 kg"}, "carriers": {"natural_gas": "40 g/kWh"}}}
    with run_cluster(load_cluster(folder / "both.yaml", factors)) as stated, run_cluster(load_cluster(folder / "both.yaml")) as plain:
        gas, oxygen = tank(stated), tank(stated, "tank")
        gases = {site: 0.04 / 3.6e6 * stated.sites[site].kpis["energy.natural_gas"].value for site in "ab"}
        own = 0.5 * oxygen["used"] + 60.0 * gas["deliveries"]
        assert own > 1000.0 and stated.kpis["scope_3_upstream.a"].value == pytest.approx(gases["a"] + own, rel=1e-12)
        assert stated.kpis["scope_3_upstream.b"].value == pytest.approx(gases["b"], rel=1e-12)
        assert stated.kpis["scope_3_upstream"].note == "without electricity, coke, deliveries of tank, of no stated factor"
        assert all(stated.sites[site].digest == plain.sites[site].digest for site in "ab")
        assert stated.kpis["scope_1"].value == plain.kpis["scope_1"].value and "scope_3_upstream" not in plain.kpis
    assert load_cluster(folder / "both.yaml", {**factors, "linked": False}).energy is None
    for name, said in (("gas", "there is no tank of oxygen 'gas' in energy"), ("tanc", "did you mean 'tank'")):
        with pytest.raises(ScenarioError, match=said):
            load_cluster(folder / "both.yaml", {"upstream": {"oxygen": {name: "0.5 kg/Nm3"}}})


def test_phases_that_can_never_start_are_said(folder: Path) -> None:
    """15 MW of a burner for 4 h at most are 60 MWh; the blast of 8000 Nm3/h at 40 % takes 7,696 Nm3 of bought oxygen in that time, and the burner the rest."""
    delivery = {"size": "10 MWh", "every": "1 h"}
    changes = {"energy.fuels.gas.capacity": "61 MWh", "energy.fuels.gas.delivery": delivery, "energy.oxygen.tank.of": "a.tsl"}
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "both.yaml", changes)
    assert "a.tsl can never start: its phase 'charge' may use 60 MWh, and the tank holds 61 MWh, of which 2 MWh are kept" in str(caught.value)
    assert "site 'a' has no oxygen plant 'tsl'" in str(caught.value)
    with pytest.raises(ScenarioError, match=r"a\.tsl can never start: its phase 'charge' may use 15279 Nm3, and the tank holds 9000 Nm3"):
        load_cluster(folder / "both.yaml", {"energy.oxygen.tank.capacity": "9000 Nm3"})


def test_what_a_burner_that_holds_a_bath_did_not_find_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The furnace waits a day for scrap, and its burner holds the bath: told when the next charge begins. A small tank had not so much, a large one had; what
    was used in all is what the site counts."""
    plant = smelter("40 h", trucks={"every": {"constant": "30 h"}, "mass": "40 t"}, bay={"initial": {"mass": "35 t"}})
    (folder / "waits.yaml").write_text(yaml.safe_dump(plant), encoding="utf-8")
    tank_of = "gas: {of: a.natural_gas, capacity: 150 MWh, fill: 62 %, delivery: {size: 100 MWh, every: 38 h, first: 38 h, price: 45 EUR/MWh}}"
    text = f"twin: 1\nsites: {{a: {{extends: waits.yaml, seed: 1}}}}\nenergy: {{fuels: {{{tank_of}}}}}\n"
    (folder / "holding.yaml").write_text(text, encoding="utf-8")
    larger = load_cluster(folder / "holding.yaml", {"energy.fuels.gas.capacity": "900 MWh"})
    with run_cluster(load_cluster(folder / "holding.yaml")) as small, run_cluster(larger) as large:
        found, ample = tank(small), tank(large)
        assert ample["lacking"] == 0.0 < found["lacking"] and found["lowest"] >= -1e-3
        assert found["used"] + found["lacking"] == pytest.approx(small.sites["a"].kpis["energy.natural_gas"].value, rel=1e-9)
        assert ample["used"] == pytest.approx(large.sites["a"].kpis["energy.natural_gas"].value, rel=1e-9)
    assert main(["run", str(folder / "holding.yaml"), "-o", str(folder / "holding.h5")]) == 0
    assert "that burners took to hold waiting baths were not there" in " ".join(capsys.readouterr().out.split())
