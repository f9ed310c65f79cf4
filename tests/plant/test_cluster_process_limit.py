"""Furnaces, casting, refineries and tankhouses under the power limit of a cluster: what a phase may draw is granted with all else that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from smelter_plant import smelter
from test_settling_furnace import PLANT as SETTLING

from twin.errors import ScenarioError
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.results.cluster import ClusterResult, open_cluster
from twin.scenario.cluster import load_cluster

POWERS = {"tsl": {"power": {"idle": "300 kW", "specific": "60 kWh/t"}}, "converter": {"power": {"idle": "200 kW", "specific": "40 kWh/t"}}}
CLUSTER = """twin: 1
time: {start: 2026-01-05T00:00, horizon: 18 h}
sites:
  a: {extends: smelter.yaml, seed: 1}
  b: {extends: smelter.yaml, seed: 2}
  s: {extends: settling.yaml, seed: 3, change: {units.slag_furnace.electrodes.holding: 600 kW}}
energy: {power: {price: 100 EUR/MWh}}
"""
HOUSE = """twin: 1
time: {horizon: 6 d}
record: {every: 1 h}
catalogue: [copper_scrap]
units:
  anodes: {kind: bunker, capacity: 900 t, initial: {mass: 900 t, composition: {bright_copper: 100 %}}}
  house:
    kind: electrorefining
    from: anodes
    sections: 2
    cells: 10
    anodes: 21
    anode_mass: 400 kg
    cathode_area: 2 m2
    current_density: 300 A/m2
    anode_cycle: 4 d
    pulls: 2
    stagger: 0 h
    load: {time: 2 h}
    pull: {time: 4 h}
    power: {specific: 100 kWh/t}
  all: {kind: product, from: [house.cathode, house.scrap, house.slimes, house.bleed, house.liberator]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("process_limit")
    texts = {"smelter": yaml.safe_dump(smelter("18 h", **POWERS)), "settling": SETTLING, "c": CLUSTER, "house": HOUSE}
    texts["houses"] = "twin: 1\nsites: {one: {extends: house.yaml, seed: 1}}\nenergy: {power: {price: 100 EUR/MWh}}\n"
    for name, text in texts.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    return found


@pytest.fixture
def shipped() -> Path:
    return Path(__file__).parents[2] / "scenarios" / "clusters" / "recycler_to_smelter.yaml"


def highest(result: ClusterResult) -> float:
    return result.energy.number("power/highest")


def digests(result: ClusterResult) -> list[tuple[str, int]]:
    return [(site.digest, int(site.attrs["events"])) for site in result.sites.values()]


def test_furnaces_are_never_above_the_limit_and_do_less_under_it(folder: Path) -> None:
    """Without a limit lance furnaces, converters, oxygen plants and electrodes draw 6.6 MW together; what a phase may draw is more than what it does."""
    with run_cluster(load_cluster(folder / "c.yaml")) as free:
        assert 6.5e6 < highest(free) < 6.7e6
        for limit in (6.0, 5.0):
            with run_cluster(load_cluster(folder / "c.yaml", {"energy.power.limit": f"{limit} MW"})) as held:
                assert 0.6 * limit * 1e6 < highest(held) <= limit * 1e6 * (1.0 + 1e-9)
                load = np.asarray(held.energy.values["power/load"]).sum(axis=1)
                assert load.max() <= limit * 1e6 * (1.0 + 1e-9)
                assert held.energy.number("power/drawn") < free.energy.number("power/drawn")


def test_a_limit_that_furnaces_never_meet_changes_no_bit(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "c.yaml")) as free, run_cluster(load_cluster(folder / "c.yaml", {"energy.power.limit": "30 MW"})) as held:
        assert digests(free) == digests(held)
        assert free.energy.number("power/cost") == held.energy.number("power/cost")


def test_the_site_that_is_named_gets_power_first(folder: Path) -> None:
    """Under 5 MW the slag furnace with its electrodes does more batches where its site is named."""
    drawn = {}
    for first in ((), ("s",)):
        with run_cluster(load_cluster(folder / "c.yaml", {"energy.power.limit": "5 MW", "energy.power.priority": list(first)})) as result:
            drawn[first] = result.energy.by_name("power/source", "power/energy")["s"]
    assert drawn["s",] > 1.03 * drawn[()]


def test_electricity_that_held_a_waiting_bath_counts_when_it_was_drawn(folder: Path) -> None:
    """A furnace tells it when its next phase begins; the sums by step add up to all that was drawn all the same, late or not."""
    with run_cluster(load_cluster(folder / "c.yaml")) as result:
        network, site = result.energy, result.sites["s"]
        drawn = network.by_name("power/source", "power/energy")["s"]
        assert drawn == pytest.approx(site.kpis["energy.electricity"].value, rel=1e-12)
        seconds = 3600.0
        assert float(np.asarray(network.values["power/load"])[:, 2].sum()) * seconds == pytest.approx(drawn, rel=1e-12)
        assert float(np.asarray(network.values["power/load"])[:, 2].max()) <= 3.01e6


def test_furnaces_under_a_limit_go_on(folder: Path) -> None:
    cluster = load_cluster(folder / "c.yaml", {"energy.power.limit": "5 MW", "energy.power.priority": ["s"]})
    run_cluster_until(cluster, 30000.000000123, folder / "state.h5")
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, resume_cluster(folder / "state.h5", out=folder / "again.h5") as again:
        assert whole.digest == again.digest
        for name in ("drawn", "cost", "highest"):
            assert whole.energy.number(f"power/{name}") == again.energy.number(f"power/{name}")


def test_sections_of_a_tankhouse_take_turns(folder: Path) -> None:
    """A section of 10 cells of 20 cathodes of 2 m2 at 300 A/m2 and .3 V: 36 kW over .93 = 38.709677 kW, and 100 kWh/t of the .0375406 kg/s that it deposits,
    13.5146 kW. Two draw 104.4486 kW; under 80 kW one of them waits."""
    one = 36e3 / 0.93 + 100 * 3600.0 * (0.063546 / (2 * 96485.33212) * 0.95 * 12000 * 10)
    with run_cluster(load_cluster(folder / "houses.yaml")) as free, run_cluster(load_cluster(folder / "houses.yaml", {"energy.power.limit": "80 kW"})) as held:
        assert highest(free) == pytest.approx(2.0 * one, rel=1e-6)
        assert highest(held) == pytest.approx(one, rel=1e-6)
        assert held.energy.number("power/drawn") < 0.75 * free.energy.number("power/drawn")


def test_what_of_a_process_can_never_start_is_said(folder: Path) -> None:
    def wrong(name: str, **changes: Any) -> str:
        with pytest.raises(ScenarioError) as caught:
            load_cluster(folder / f"{name}.yaml", {key.replace("__", "."): value for key, value in changes.items()})
        return str(caught.value)

    found = wrong("c", energy__power__limit="2.5 MW")
    assert "s.slag_furnace can never start: its phase 'settle' may draw 2.4 MW above the 1.6 MW that all units draw idle, more than 2.5 MW" in found
    assert "a.tsl can never start: its phase 'charge' may draw 2.4" in found
    assert "all units draw 1.6 MW idle, and nothing can start under 900 kW" in wrong("c", energy__power__limit="900 kW")
    assert "one.house can never start: the current of a section draws 52.2" in wrong("houses", energy__power__limit="50 kW")


def test_what_heat_pumps_may_draw_is_kept_for_them(folder: Path) -> None:
    """4 MW of heat at a COP of 3.2 and 5 MW at .99: 6.300505 MW are kept, so that 30 MW are left as 23.7 of sites."""
    boilers = {"pump": {"power": "4 MW", "carrier": "electricity", "efficiency": 3.2}, "rod": {"power": "5 MW", "carrier": "electricity", "efficiency": 0.99}}
    heat = {"supply": "90 °C", "return": "60 °C", "boilers": boilers, "users": {"homes": {"heat": "8 MW"}}}
    changes = {"energy.heat": heat, "energy.power.limit": "10 MW"}
    with pytest.raises(
        ScenarioError, match=r"may draw 2\.4 MW above the 7\.901 MW that all units draw idle, 6\.301 MW of them kept for boilers and heat pumps"
    ):
        load_cluster(folder / "c.yaml", changes)
    with run_cluster(load_cluster(folder / "c.yaml", {**changes, "energy.power.limit": "11 MW"})) as result:
        assert 8e6 < highest(result) <= 11e6 * (1.0 + 1e-9)


def test_a_line_with_pickers_and_belts_beside_a_smelter(shipped: Path) -> None:
    """The shipped recycler and smelter for a day: the same bits under 90 MW, and at 9 MW not a moment above, belts included."""
    changes: dict[str, Any] = {"time": {"horizon": "1 d", "warmup": "0 h"}, "energy": {"power": {"price": "100 EUR/MWh"}}}
    found = []
    for limit in (None, "90 MW", "9 MW"):
        more = {"energy.power.limit": limit, "energy.power.priority": ["recycler"]} if limit else {}
        with run_cluster(load_cluster(shipped, {**changes, **more})) as result:
            found.append((digests(result), highest(result)))
    free, loose, tight = found
    assert loose == free
    assert 7e6 < tight[1] <= 9e6 * (1.0 + 1e-9) < free[1]
