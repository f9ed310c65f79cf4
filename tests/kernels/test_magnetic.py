import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels.magnetic import force_index, lift_ratio, transit_factor

STEEL_PORT, REST = 0, 1
STEEL = MATERIALS.index("steel")


def compared(bench, rate=3.0, **changes):
    """Changes of impurity and recovery of the steel product, as ratios to the magnet as it stands."""
    before = bench("overband_magnet").grade_and_recovery(STEEL_PORT, ("steel",), 3.0)
    after = bench("overband_magnet", **changes).grade_and_recovery(STEEL_PORT, ("steel",), rate)
    return (1 - after[0]) / (1 - before[0]), after[1] / before[1]


def test_load_buries_the_steel_and_makes_it_dirtier(bench):
    impurity, recovery = compared(bench, rate=12.0)
    assert impurity > 2.0
    assert recovery < 0.98


def test_a_stronger_field_lifts_more_and_dirtier_steel(bench):
    impurity, recovery = compared(bench, field=0.55)
    assert impurity > 1.1
    assert recovery > 1.1


def test_a_higher_magnet_lifts_less_and_cleaner_steel(bench):
    impurity, recovery = compared(bench, height=0.33)
    assert impurity < 0.95
    assert recovery < 0.8


def test_a_faster_belt_thins_the_layer_but_passes_too_fast(bench):
    impurity, recovery = compared(bench, belt_speed=2.5)
    assert impurity < 0.9
    assert recovery < 0.95


def test_a_wider_belt_thins_the_layer(bench):
    impurity, recovery = compared(bench, belt_width=2.0)
    assert impurity < 0.9
    assert recovery > 1.001


def test_without_field_nothing_is_lifted_and_no_more_than_the_magnetic_share_is(bench):
    machine = bench("overband_magnet", field=0.0)
    assert not machine.split(machine.feed(), 3.0)[STEEL_PORT].any()
    strong = bench("overband_magnet", field=4.0, carry=0.0)
    x = strong.feed()
    lifted = strong.split(x, 0.01)[STEEL_PORT].sum(axis=1) / x.sum(axis=1)
    np.testing.assert_allclose(lifted, PROPERTIES["ferromagnetic"], rtol=1e-3)
    assert strong.warned[1] == 1


def test_half_is_lifted_at_the_threshold(bench):
    pure = {**PROPERTIES, "ferromagnetic": np.array([1.0, 0, 0, 0, 0, 0])}
    threshold = np.sqrt(transit_factor(0.3, 1.5, 1.2) / lift_ratio(force_index(1.0, 0.2, 0.3), 7850.0))
    machine = bench("overband_magnet", properties=pure, field=threshold, carry=0.0)
    x = machine.feed()
    np.testing.assert_allclose(machine.split(x, at=np.zeros_like(x))[STEEL_PORT][STEEL], 0.5 * x[STEEL], rtol=1e-12)


def test_small_pieces_are_held_down_by_the_layer(bench):
    machine = bench("overband_magnet")
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    lifted = machine.split(x, at=machine.feed() * 0.05)[STEEL_PORT][STEEL]
    assert np.all(np.diff(lifted) > 0.0)


@given(rate=st.floats(0.0, 20.0), factor=st.floats(1.0, 4.0))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_recovery_of_liberated_steel_falls_with_load(bench, rate, factor):
    machine = bench("overband_magnet", carry=0.0)
    x = machine.feed()
    assert np.all(machine.split(x, rate * factor)[STEEL_PORT] <= machine.split(x, rate)[STEEL_PORT] + 1e-12)


@given(field=st.floats(0.1, 0.6), step=st.floats(1.0, 1.5))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_recovery_rises_with_the_field(bench, field, step):
    weak, strong = bench("overband_magnet", field=field), bench("overband_magnet", field=field * step)
    x = weak.feed()
    assert strong.split(x, 3.0)[STEEL_PORT][STEEL].sum() >= weak.split(x, 3.0)[STEEL_PORT][STEEL].sum() - 1e-12


def test_a_deep_burden_is_counted(bench):
    machine = bench("overband_magnet")
    machine.split(machine.feed(), 100.0)
    assert list(machine.warned) == [0, 0]
    machine.split(machine.feed(), 200.0)
    assert list(machine.warned) == [1, 0]


def test_the_force_falls_with_height_and_a_standing_belt_gives_all_the_time():
    assert force_index(0.4, 0.2, 0.2) == pytest.approx(force_index(0.4, 0.2, 0.0) * np.exp(-2.0))
    assert transit_factor(0.3, 0.0, 1.0) == 1.0
