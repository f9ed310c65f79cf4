"""Heat between events: worked numbers to 1e-6, the balance of a store under any course of powers, and the merit order against a linear programme."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.kernels.by_interval import heating_days, stepped_integral
from twin.kernels.heat_store import EMPTY, FREE, FULL, HeatStore, StoreData, Tank, two_zone_tank
from twin.kernels.heat_supply import HeatSource, HotStream, Pipe, exchanged, merit_order, on_off, pipe_loss, pipe_outlet

SECOND, HOUR, MWH = 10**9, 3600 * 10**9, 3.6e9
TANK = Tank(10.0, 20.0, 0.3, 95.0, 60.0, 10.0)


def exact(value: float) -> object:
    return pytest.approx(value, rel=1e-6)


def test_a_store_decays() -> None:
    store = HeatStore(StoreData(2.0, 1e-6), 1.0)
    store.give(0, 0.0)
    assert store.at(10 * 24 * HOUR) == exact(0.421472815)


def test_a_tank_of_two_zones() -> None:
    data = two_zone_tank(TANK)
    assert (data.capacity / MWH, data.rate, data.fixed) == (exact(62.257873), exact(2.94355657e-8), exact(12605.6405))
    store = HeatStore(data, data.capacity)
    empty = store.give(0, 0.0)
    assert empty is not None
    assert empty / (24 * HOUR) == exact(165.506419)
    assert store.lost_by(empty) == pytest.approx(data.capacity, rel=1e-12)


def test_a_store_that_gives_is_empty_in_time() -> None:
    store = HeatStore(StoreData(200 * MWH, 0.002 / 3600.0, 0.05e6), 100 * MWH)
    empty = store.give(0, -5e6)
    assert empty is not None
    assert (empty / HOUR, store.lost_by(empty) / MWH) == (exact(19.41991666), exact(2.90041671))
    assert store.give(empty, -5e6) is None
    assert (store.mode, store.power, store.content) == (EMPTY, 0.0, 0.0)


def test_full_and_empty_stand_still_and_lose_what_they_are_given() -> None:
    data = StoreData(10.0, 0.01, 0.2)
    store = HeatStore(data, 10.0)
    assert store.give(0, 5.0) is None
    assert (store.mode, store.power, store.most_taken(0)) == (FULL, pytest.approx(0.3), pytest.approx(0.3))
    assert store.lost_by(10 * SECOND) == pytest.approx(3.0)
    store = HeatStore(data, 0.0)
    assert store.give(0, 0.15) is None  # below the fixed loss: a part of it is made up for, nothing is stored
    assert (store.mode, store.at(7 * SECOND), store.lost_by(10 * SECOND), store.most_given(0)) == (EMPTY, 0.0, pytest.approx(1.5), 0.0)
    assert store.give(10 * SECOND, 0.25) is None and store.mode == FREE  # tends to 5, never full
    assert store.at(10**5 * SECOND) == pytest.approx(5.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_balance_closes_under_any_course_of_powers(seed: int) -> None:
    """Contents and losses come of two integrals; a slip in either, or in booking a bound, opens the balance by far more than 1e-12."""
    draw = np.random.default_rng(seed)
    rate, fixed = (0.0, 0.0) if seed % 4 == 0 else (float(draw.uniform(0.0, 2e-5)), float(draw.uniform(0.0, 2e4)))
    data = StoreData(1e9, rate, fixed)
    begin = float(draw.uniform(0.0, 1e9))
    store, now, given, turnover, modes = HeatStore(data, begin), 0, 0.0, 1e9, set()
    for _ in range(300):
        bound = store.give(now, float(draw.normal(0.0, 2e5)))
        later = now + int(draw.integers(1, 2 * HOUR))
        while bound is not None and bound <= later:  # reached on the way: the power stays what was asked for
            given, turnover = given + store.power * (bound - now) / SECOND, turnover + abs(store.power) * (bound - now) / SECOND
            now, bound = bound, store.give(bound, store.power)
        modes.add(store.mode)
        assert -1e-9 * data.capacity <= store.at(later) <= (1.0 + 1e-9) * data.capacity
        given, turnover = given + store.power * (later - now) / SECOND, turnover + abs(store.power) * (later - now) / SECOND
        now = later
    store.give(now, 0.0)
    assert abs(store.content - begin - given + store.lost - store.rounded) <= 1e-12 * turnover
    assert modes == {FREE, FULL, EMPTY}


def test_looks_do_not_change_a_store() -> None:
    data = two_zone_tank(TANK)
    looked, left = HeatStore(data, 0.4 * data.capacity), HeatStore(data, 0.4 * data.capacity)
    for store in (looked, left):
        store.give(0, 1e5)
    for hour in range(1, 24):
        looked.at(hour * HOUR), looked.lost_by(hour * HOUR), looked.most_taken(hour * HOUR)
    for store in (looked, left):
        store.give(24 * HOUR, -1e5)
    assert looked == left


def test_a_pipe() -> None:
    pipe = Pipe(3000.0, 0.25)
    assert (pipe_outlet(pipe, 95.0, 10.0, 60.0 * 4190.0), pipe_loss(pipe, 95.0, 10.0, 60.0 * 4190.0)) == (exact(94.746798), exact(63655.0))
    assert pipe_loss(pipe, 10.0, 10.0, 1000.0) == 0.0


def test_an_exchanger_keeps_its_pinch() -> None:
    gas = HotStream(1300.0, 12.0, 1150.0)
    heat = exchanged(gas, 60.0, 95.0, 20.0)
    assert (heat, heat / (4190.0 * 35.0)) == (exact(16.836e6), exact(114.804))
    assert exchanged(HotStream(114.0, 12.0, 1150.0), 60.0, 95.0, 20.0) == 0.0  # not hot enough for the outlet
    assert exchanged(HotStream(115.0, 12.0, 1150.0), 60.0, 95.0, 20.0) == pytest.approx(12.0 * 1150.0 * 35.0)


def test_a_boiler_with_two_thresholds() -> None:
    cycle = on_off(3e6, 8e6, 2 * MWH)
    assert cycle is not None
    assert (cycle.period / 3600.0, cycle.duty) == (exact(1.0666667), exact(0.375))
    assert on_off(8e6, 8e6, MWH) is None and on_off(0.0, 8e6, MWH) is None


SOURCES = (HeatSource("heat_pump", 4e6, 3.2), HeatSource("gas", 25e6, 0.92), HeatSource("rod", 5e6, 0.99))


@pytest.mark.parametrize(("power_price", "cost"), [(100.0, 809.782609), (30.0, 629.232543)])
def test_the_merit_order(power_price: float, cost: float) -> None:
    prices = [price / MWH for price in (power_price, 45.0, power_price)]
    found = merit_order(18e6, SOURCES, prices)
    assert found.cost * 3600.0 == exact(cost)
    assert (math.fsum(found.powers), found.unserved) == (pytest.approx(18e6), 0.0)
    assert merit_order(40e6, SOURCES, prices).unserved == pytest.approx(6e6)


def test_no_linear_programme_is_cheaper() -> None:
    from scipy.optimize import linprog

    draw = np.random.default_rng(5)
    for _ in range(30):
        sources = [HeatSource(str(k), float(draw.uniform(1.0, 9.0)), float(draw.uniform(0.5, 4.0))) for k in range(6)]
        prices = [float(price) for price in draw.uniform(-5.0, 100.0, 6)]
        demand = float(draw.uniform(0.0, 0.99) * sum(source.most for source in sources))
        costs = [price / source.yield_ for price, source in zip(prices, sources, strict=True)]
        best = linprog(costs, A_eq=[[1.0] * 6], b_eq=[demand], bounds=[(0.0, source.most) for source in sources], method="highs")
        assert merit_order(demand, sources, prices).cost == pytest.approx(best.fun, rel=1e-9, abs=1e-9)


def test_a_tariff_and_co2_by_interval() -> None:
    quarters = [15.0 * k for k in range(96)]
    assert 100.0 / 60.0 * stepped_integral(quarters, [0.1, 0.3] * 48, 10.0, 65.0) == exact(19.1666667)
    assert 2000.0 / 60.0 * stepped_integral([0.0, 60.0, 120.0], [0.3, 0.4, 0.5], 40.0, 130.0) == exact(1166.6666667)
    assert stepped_integral([0.0, 1.0], [2.0, 3.0], -1.0, 5.0) == 2.0 * 2.0 + 3.0 * 4.0
    assert stepped_integral([0.0], [2.0], 3.0, 3.0) == 0.0
    with pytest.raises(ValueError, match="as many values"):
        stepped_integral([0.0], [], 0.0, 1.0)


def test_an_interval_may_be_cut_anywhere() -> None:
    draw = np.random.default_rng(1)
    begins, values = np.cumsum(draw.uniform(0.1, 2.0, 40)).tolist(), draw.normal(size=40).tolist()
    for start, cut, end in np.sort(draw.uniform(-3.0, 50.0, (50, 3))).tolist():
        parts = stepped_integral(begins, values, start, cut) + stepped_integral(begins, values, cut, end)
        assert parts == pytest.approx(stepped_integral(begins, values, start, end), rel=1e-12, abs=1e-12)


def test_degree_days_of_a_year() -> None:
    days = np.linspace(0.0, 365.0, 8761)
    found = heating_days(days.tolist(), (10.0 - 9.0 * np.cos(2.0 * np.pi * days / 365.0)).tolist())
    assert (found.days, found.degree_days, found.inside_degree_days) == (exact(250.935449), exact(2124.1120), exact(3378.7893))


def test_degree_days_of_a_straight_line() -> None:
    found = heating_days([0.0, 10.0], [5.0, 25.0])
    assert (found.days, found.degree_days, found.inside_degree_days) == (pytest.approx(5.0), pytest.approx(25.0), pytest.approx(50.0))
    assert heating_days([0.0, 10.0], [16.0, 20.0]).days == 0.0
