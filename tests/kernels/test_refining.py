"""Electrorefining: Faraday's law with the published figures, where elements go, and what is bled."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.kernels import refining
from twin.materials import ELEMENTS

CU = ELEMENTS.index("Cu")
HOUR, DAY = 3600.0, 86400.0


def test_the_worked_numbers() -> None:
    failed, tried = doctest.testmod(refining)
    assert (failed, tried) == (0, 7)


def test_an_ampere_hour_deposits_what_is_published() -> None:
    grams = refining.COPPER * HOUR * 1e3
    assert grams == pytest.approx(1.18549, abs=5e-6)


@pytest.mark.parametrize(("voltage", "efficiency", "published"), [(0.30, 0.95, 266.4), (0.32, 0.93, 290.2)])
def test_a_ton_of_copper_takes_what_is_published(voltage: float, efficiency: float, published: float) -> None:
    energy = refining.specific_energy(voltage, efficiency) / HOUR  # J/kg -> kWh/t
    assert energy == pytest.approx(published, abs=0.05)
    assert energy == pytest.approx(843.53 * voltage / efficiency, rel=1e-5)  # 1000/1.18549; 843.4 is printed too, and is 1.5e-4 less


def test_a_square_metre_deposits_what_is_published() -> None:
    assert refining.deposition(320.0, 0.95) * DAY == pytest.approx(8.649, rel=1e-4)


def test_copper_lasts_as_long_as_it_is_deposited() -> None:
    rate, chemical, slimes = refining.deposition(30000.0, 0.95), 0.012, 0.002
    life = refining.copper_life(20000.0, rate, chemical, slimes)
    assert refining.anode_copper(rate * life, chemical, slimes) == pytest.approx(20000.0, rel=1e-12)


shares = st.floats(0.0, 1.0)
masses = st.lists(st.one_of(st.just(0.0), st.floats(1e-9, 1e3)), min_size=len(ELEMENTS), max_size=len(ELEMENTS))


@given(masses, st.floats(1.0, 1e5), st.floats(1e-6, 1.0), st.floats(0.0, 0.1), st.lists(shares, min_size=34, max_size=34), shares)
def test_whatever_the_anodes_are_each_element_closes(others: list[float], copper: float, part: float, chemical: float, split: list[float], kept: float) -> None:
    anodes = np.array(others)
    anodes[CU] = copper
    to_slimes = np.array(split)
    to_slimes[CU] = 0.1 * to_slimes[CU]
    to_cathode = (1.0 - to_slimes) * kept
    deposited = part * copper * (1.0 - to_slimes[CU]) / (1.0 + chemical)
    made = refining.dissolve(anodes, CU, deposited, chemical, to_slimes, to_cathode)
    taken = anodes * min(1.0, refining.anode_copper(deposited, chemical, float(to_slimes[CU])) / copper)
    np.testing.assert_allclose(sum(made), taken, rtol=1e-15, atol=0.0)
    assert made[0][CU] == deposited
    assert (taken <= anodes).all()
    others_too = np.arange(len(ELEMENTS)) != CU
    for part_of_it in made:
        assert (part_of_it[others_too] >= 0.0).all()
        assert part_of_it[CU] >= -1e-15 * copper


def test_shares_that_take_all_leave_nothing_to_dissolve() -> None:
    anodes = np.array([1.0, 100.0])
    _, _, dissolved = refining.dissolve(anodes, 1, 50.0, 0.0, np.array([0.9, 0.0]), np.array([0.1, 0.0]))
    assert dissolved[0] == 0.0


def test_no_more_dissolves_than_there_is() -> None:
    anodes = np.array([100.0])
    made = refining.dissolve(anodes, 0, 100.0 * (1.0 + 1e-13), 0.0, np.zeros(1), np.zeros(1))
    assert sum(float(part[0]) for part in made) == 100.0


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_a_bleed_brings_all_to_their_limits_and_none_further(nickel: float, arsenic: float) -> None:
    dissolved = np.array([45000.0, nickel, arsenic])
    share = refining.bleed_share(dissolved, {1: 20.0, 2: 10.0}, 1000.0)
    after = dissolved * (1.0 - share)
    assert 0.0 <= share < 1.0
    assert after[1] <= 20000.0 * (1.0 + 2e-9)
    assert after[2] <= 10000.0 * (1.0 + 2e-9)
    if share > 0.0:
        assert max(after[1] / 20000.0, after[2] / 10000.0) == pytest.approx(1.0, rel=1e-9)
