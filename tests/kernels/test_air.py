import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, SIZES

from twin.kernels.air_classifier import climb, drag_coefficient, terminal_velocity

LIGHT, HEAVY = 0, 1
PLASTICS = MATERIALS.index("plastics")
RANGE = slice(3, 6)  # 2 to 16 mm: an air classifier needs a narrow feed


def light(machine, rate):
    """Grade and recovery of plastics in the light product, from a feed of 2 to 16 mm."""
    x = np.zeros_like(machine.feed())
    x[:, RANGE] = machine.feed()[:, RANGE]
    product = machine.split(x, rate)[LIGHT]
    return product[PLASTICS].sum() / product.sum(), product[PLASTICS].sum() / x[PLASTICS].sum()


def compared(bench, rate=1.0, **changes):
    before, after = light(bench("air_classifier"), 1.0), light(bench("air_classifier", **changes), rate)
    return after[0] / before[0], after[1] / before[1]


def test_load_blurs_the_cut(bench):
    grade, recovery = compared(bench, rate=6.0)
    assert grade < 0.97
    assert recovery < 0.95


def test_more_air_takes_more_and_heavier_pieces_up(bench):
    grade, recovery = compared(bench, velocity=8.3)
    assert grade < 0.95
    assert recovery > 1.01


def test_more_stages_sharpen_the_cut(bench):
    grade, recovery = compared(bench, stages=12.0, feed_stage=6.0)
    assert grade > 1.02
    assert recovery > 1.01


def test_a_feed_further_up_loses_fewer_lights_and_more_heavies(bench):
    grade, recovery = compared(bench, feed_stage=6.0)
    assert grade < 0.9
    assert recovery > 1.01


def test_a_larger_channel_carries_the_same_load_more_thinly(bench):
    grade, recovery = compared(bench, rate=6.0, area=3.0)
    np.testing.assert_allclose((grade, recovery), 1.0, rtol=1e-12)


def test_lighter_smaller_and_flatter_pieces_go_up_more(bench):
    machine = bench("air_classifier")
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    up = machine.split(x, 0.1)[LIGHT]
    assert np.all(np.diff(up, axis=1) <= 0.0)
    assert up[MATERIALS.index("plastics"), 5] > up[MATERIALS.index("aluminium"), 5] > up[MATERIALS.index("steel"), 5]


@given(rate=st.floats(0.0, 4.0), velocity=st.floats(2.0, 20.0), step=st.floats(1.0, 2.0))
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_recovery_rises_with_air_at_one_loading(bench, rate, velocity, step):
    slow, fast = bench("air_classifier", velocity=velocity), bench("air_classifier", velocity=velocity * step)
    x = slow.feed()
    assert np.all(fast.split(x, rate * step)[LIGHT] >= slow.split(x, rate)[LIGHT] - 1e-9)


def test_range_warnings(bench):
    machine = bench("air_classifier")
    x = machine.feed()
    below = x.copy()
    below[:, -1] = 0.0
    machine.split(below, 1.0)
    assert list(machine.warned) == [0, 0]
    machine.split(below, 15.0)
    assert list(machine.warned) == [1, 0]
    storm = bench("air_classifier", velocity=40.0)  # steel of 180 mm falls at a Reynolds number of half a million and more
    storm.split(x, 1.0)
    assert list(storm.warned) == [0, 1]


@given(log_odds=st.floats(-60.0, 60.0), stages=st.integers(2, 40), data=st.data())
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_the_zigzag_is_a_probability_and_mirrors(log_odds, stages, data):
    at = data.draw(st.integers(1, stages - 1))
    up = climb(log_odds, float(stages), float(at))
    assert 0.0 <= up <= 1.0
    assert up == pytest.approx(1.0 - climb(-log_odds, float(stages), float(stages - at)), abs=1e-12)


def test_the_zigzag_is_a_random_walk():
    """Absorption probabilities from the linear system of the walk itself."""
    p, stages = 0.55, 7
    walk = np.eye(stages - 1)
    for i in range(stages - 1):
        if i > 0:
            walk[i, i - 1] = -(1 - p)
        if i < stages - 2:
            walk[i, i + 1] = -p
    exit_top = np.zeros(stages - 1)
    exit_top[-1] = p
    expected = np.linalg.solve(walk, exit_top)
    np.testing.assert_allclose([climb(np.log((1 - p) / p), 7.0, float(i)) for i in range(1, stages)], expected, rtol=1e-12)
    assert climb(0.0, 8.0, 2.0) == 0.25
    assert climb(1e-12, 8.0, 2.0) == pytest.approx(0.25, rel=1e-9)


@given(size=st.floats(1e-5, 0.5), density=st.floats(50.0, 20000.0), sphericity=st.floats(0.1, 1.0))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_terminal_velocity_balances_drag_and_weight(size, density, sphericity):
    v = terminal_velocity(size, density, sphericity)
    reynolds = 1.204 * v * size / 1.825e-5
    assert v**2 == pytest.approx(4 * 9.80665 * size * (density - 1.204) / (3 * 1.204 * drag_coefficient(reynolds, sphericity)), rel=1e-9)


def test_what_floats_does_not_fall():
    assert terminal_velocity(0.01, 1.0, 1.0) == 0.0
    assert terminal_velocity(0.0, 1000.0, 1.0) == 0.0
