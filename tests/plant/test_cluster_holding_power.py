"""Electricity that held a waiting bath hot, which a furnace tells afterwards, in the power network of its cluster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from test_settling_furnace import PLANT

from twin.engine.clock import NANOSECONDS
from twin.plant.cluster import run_cluster
from twin.results.cluster import ClusterResult
from twin.scenario.cluster import load_cluster

CLUSTER = """twin: 1
time: {horizon: 18 h}
sites:
  s: {extends: settling.yaml, seed: 3, change: {units.slag_furnace.electrodes.holding: 600 kW}}
energy: {power: {price: 100 EUR/MWh}}
"""
NO_TIME = "      - tap: {slag: 60 t/h}\n      - settle: {until: {temperature: '> 900 °C'}, max: 2 h}\n"
"""It is waited after the settling, and what comes then is over as it begins."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ClusterResult]:
    folder = tmp_path_factory.mktemp("holding_power")
    (folder / "c.yaml").write_text(CLUSTER, encoding="utf-8")

    def found(plant: str = PLANT, **changes: object) -> ClusterResult:
        (folder / "settling.yaml").write_text(plant, encoding="utf-8")
        return run_cluster(load_cluster(folder / "c.yaml", {key.replace("__", "."): value for key, value in changes.items()}))

    return found


def told(result: ClusterResult) -> tuple[float, float]:
    """What the network, and what the site itself, says was drawn, J."""
    return result.energy.number("power/drawn"), result.sites["s"].kpis["energy.electricity"].value


def by_step(result: ClusterResult) -> np.ndarray:
    return np.asarray(result.energy.values["power/load"]).sum(axis=1)


def test_own_power_covers_it(run: Callable[..., ClusterResult]) -> None:
    """5 MW of own power are more than all draws at any moment: nothing is bought, and what is not used of 90 MWh is fed in."""
    with run(energy__power__pv={"power": "5 MW", "feed_in": "70 EUR/MWh"}) as result:
        network, site = told(result)
        assert network == pytest.approx(site, rel=1e-12)
        sums = {name: result.energy.number(f"power/{name}") for name in ("from_grid", "own_used", "fed_in", "cost", "income")}
        assert sums["from_grid"] == sums["cost"] == 0.0
        assert sums["own_used"] == pytest.approx(site, rel=1e-12)
        assert sums["fed_in"] == pytest.approx(90.0 * 3.6e9 - site, rel=1e-12)
        assert sums["income"] == pytest.approx(sums["fed_in"] * 70.0 / 3.6e9, rel=1e-12)
        assert np.asarray(result.energy.values["power/fed"]) == pytest.approx(5e6 - by_step(result), rel=1e-12)


def test_before_a_phase_that_takes_no_time_it_counts_once(run: Callable[..., ClusterResult]) -> None:
    with run(PLANT.replace("      - settle: 2 h\n", "      - settle: 2 h\n" + NO_TIME)) as result:
        network, site = told(result)
        assert network == pytest.approx(site, rel=1e-12)
        assert by_step(result).max() <= 600e3


def test_the_highest_power_has_it(run: Callable[..., ClusterResult]) -> None:
    """No hour's mean is above the highest power, and in the first two hours, in which nothing but the holding draws, both are the same."""
    with run() as result, run(time={"horizon": "2 h"}) as first:
        highest = result.energy.number("power/highest")
        assert highest == result.energy.number("power/highest_from_grid")
        assert by_step(result).max() <= highest < 600e3
        assert first.energy.number("power/highest") == pytest.approx(by_step(first).max(), rel=1e-12)


def test_it_counts_in_the_hours_in_which_it_was_drawn_whatever_is_warm_up(run: Callable[..., ClusterResult]) -> None:
    """The site books it when it is told: what was drawn before the end of the warm-up and told after it is the site's, and not the network's."""
    with run() as cold, run(time={"horizon": "18 h", "warmup": "10 h"}) as warm:
        network, site = told(warm)
        assert network == pytest.approx(by_step(cold)[10:].sum() * 3600.0, rel=1e-12)
        with run(time={"horizon": "10 h"}) as first:
            before = told(first)[1]
        assert before + site == pytest.approx(told(cold)[1], rel=1e-12)
        assert site - network == pytest.approx(by_step(cold)[:10].sum() * 3600.0 - before, rel=1e-9)
        assert site > 1.2 * network


def test_at_a_horizon_within_a_phase_the_site_has_booked_the_share_of_it_that_is_over(run: Callable[..., ClusterResult]) -> None:
    """A third into the charge that tells, the network counts twice as much more than the site as at two thirds; while the bath waits neither has any."""
    with run() as whole:
        site = whole.sites["s"]
        rows = zip(*(site.array(f"batches/{name}").tolist() for name in ("batch_unit", "phase", "phase_start", "phase_end")), strict=True)
        charges = [(begin / NANOSECONDS, end / NANOSECONDS) for unit, phase, begin, end in rows if (unit, phase) == ("slag_furnace", "charge")]
    begin, end = charges[1]
    differ = {}
    for share in (1 / 3, 2 / 3):
        with run(time={"horizon": f"{begin + share * (end - begin)} s"}) as cut:
            network, booked = told(cut)
            differ[share] = network - booked
    assert differ[1 / 3] > 0.2 * 3.6e9
    assert differ[1 / 3] == pytest.approx(2.0 * differ[2 / 3], rel=1e-6)
    with run(time={"horizon": f"{begin - 600.0} s"}) as waiting:
        network, booked = told(waiting)
        assert network == pytest.approx(booked, rel=1e-12)
