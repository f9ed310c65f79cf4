"""Electrodes: heat straight into the bath, as much as its target needs."""

from itertools import pairwise

import pytest
from furnace_phase import METAL, SLAG, E, charge, melt, row, run

SLAG_BATH = {"Fe": 18000.0, "Si": 7800.0, "Ca": 1000.0, "Al": 1300.0, "O": 15700.0, "Cu": 1000.0}


@pytest.fixture(scope="module")
def cold():
    return melt(1493.15, **SLAG_BATH)


def test_electrodes_hold_the_target_against_the_walls(cold):
    """At the target they give what the walls lose, whatever the step; the heats close."""
    plan = {"electrode_power": 3e6, "wall_loss": 5e5, "target": 1523.15, "coldest": 1400.0}
    found = []
    for dt in (60.0, 6.0):
        result = run(*cold, dt=dt, at_least=7200.0, at_most=7200.0, **plan)
        assert result.temperature == pytest.approx(1523.15, abs=1e-6)
        assert result.heat_closure() < 1e-10
        found.append(result.sums["electric_heat"])
        later = run(result.bath, result.state_array, dt=dt, at_least=3600.0, at_most=3600.0, **plan)
        assert later.sums["electric_heat"] == pytest.approx(later.sums["wall_loss"], rel=1e-6)
        assert later.sums["wall_loss"] == pytest.approx(5e5 * 3600.0 * (1523.15 - 298.15) / 1275.0, rel=1e-6)
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_power_limits_how_fast_they_heat(cold):
    result = run(*cold, electrode_power=1e5, target=1523.15, coldest=1300.0, at_least=600.0, at_most=600.0)
    assert result.sums["electric_heat"] == pytest.approx(6e7)
    assert 1493.5 < result.temperature < 1523.0
    assert run(*cold, electrode_power=0.0, target=1523.15, at_least=600.0, at_most=600.0).sums["electric_heat"] == 0.0


def test_they_do_not_heat_what_is_hot_enough(cold):
    result = run(*cold, electrode_power=3e6, target=1450.0, coldest=1300.0, at_least=600.0, at_most=600.0)
    assert result.sums["electric_heat"] == 0.0


def test_a_cold_charge_is_melted_by_electricity():
    """A tonne of copper from 25 to 1250 °C: 218 kWh to 1300 °C, less 494 J/(kg K) over 50 K."""
    feed = charge(row(Cu=10000.0))
    heel = melt(1523.15, Cu=10000.0)
    result = run(*heel, feed, feed_rate=5.0, electrode_power=6e6, target=1523.15, coldest=1400.0, at_most=20000.0, tests=[("temperature", None, 1, 1523.0)])
    assert result.outcome == "done"
    assert result.sums["electric_heat"] / 3.6e6 / 10.0 == pytest.approx((784800 - 494 * 50) / 3600, rel=2e-3)


def test_drops_of_many_sizes_leave_ever_more_slowly(cold):
    """Half-hours of settling: one size keeps the share that each leaves, a spread does not; a stir begins anew."""
    plan = {"electrode_power": 3e6, "target": 1523.15, "coldest": 1400.0, "droplet": 1e-4, "area": 20.0}
    start = run(*cold, at_least=600.0, at_most=600.0, stirred=1.0, entrainment=0.002, **plan)
    assert start.state["entrained"] == pytest.approx(0.002 * float(start.split[SLAG, :E].sum()))
    left = {}
    for spread in (1.0, 2.0):
        states, now = [start.state["entrained"]], start
        for _ in range(3):
            now = run(now.bath, now.state_array, at_least=1800.0, at_most=1800.0, spread=spread, **plan)
            states.append(now.state["entrained"])
        left[spread] = [b / a for a, b in pairwise(states)]
        again = run(now.bath, now.state_array, at_least=60.0, at_most=60.0, stirred=1.0, entrainment=0.002, spread=spread, **plan)
        assert again.state["fallen"] == 0.0
        assert now.state["fallen"] > 0.0
        assert float(now.split[METAL, :E].sum()) >= now.state["entrained"]
    assert left[1.0][1] == pytest.approx(left[1.0][2], rel=1e-3)
    assert left[2.0][0] < left[2.0][1] < left[2.0][2]
