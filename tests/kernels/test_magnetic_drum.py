import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels.magnetic import MU0, force_index, holding_ratio, lift_ratio, pole_decay
from twin.kernels.sizing import size_moment

STEEL_PORT, REST = 0, 1
STEEL = MATERIALS.index("steel")
HOLDING = {"duty": 1.0, "field": 0.12, "pole_pitch": 0.12, "radius": 0.4, "drum_speed": 0.6}
quick = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def moved(bench, rates=(5.0, 5.0), duty=None, **range_of):
    """Percentage points by which grade and recovery of the steel change from one end of a range to the other."""
    ends = [{**(duty or {}), **{key: values[end] for key, values in range_of.items()}} for end in (0, 1)]
    before, after = (bench("magnetic_drum", **c).grade_and_recovery(STEEL_PORT, ("steel",), rate) for c, rate in zip(ends, rates, strict=True))
    return [100.0 * (b - a) for a, b in zip(before, after, strict=True)]


@pytest.mark.parametrize("duty", [{}, HOLDING])
def test_load_takes_less_and_dirtier_steel(bench, duty):
    grade, recovery = moved(bench, rates=(1.0, 20.0), duty=duty)
    assert grade < -1.0
    assert recovery < -1.0


@pytest.mark.parametrize(("duty", "field"), [({}, (0.2, 0.4)), (HOLDING, (0.08, 0.2))])
def test_a_stronger_field_takes_more_and_dirtier_steel(bench, duty, field):
    grade, recovery = moved(bench, rates=(12.0, 12.0), duty=duty, field=field)
    assert grade < -1.0
    assert recovery > 10.0


def test_a_faster_drum_holds_less_and_cleaner_steel(bench):
    grade, recovery = moved(bench, duty=HOLDING, drum_speed=(0.4, 1.1))
    assert grade > 1.0
    assert recovery < -5.0


def test_a_wider_gap_and_a_finer_pole_pitch_lift_less_and_cleaner_steel(bench):
    grade, recovery = moved(bench, rates=(12.0, 12.0), gap=(0.09, 0.16))
    assert grade > 1.0
    assert recovery < -20.0
    grade, recovery = moved(bench, rates=(12.0, 12.0), pole_pitch=(0.6, 0.3))
    assert grade > 0.3
    assert recovery < -20.0


def test_a_faster_feed_thins_the_layer_but_passes_too_fast(bench):
    grade, recovery = moved(bench, rates=(12.0, 12.0), feed_speed=(0.8, 2.0))
    assert grade > 1.0
    assert recovery < -5.0


@pytest.mark.parametrize("duty", [{}, HOLDING])
def test_limits_of_field_and_load(bench, duty):
    still = bench("magnetic_drum", **{**duty, "field": 0.0})
    assert not still.split(still.feed(), 3.0)[STEEL_PORT].any()
    strong = bench("magnetic_drum", **{**duty, "field": 10.0, "carry": 0.0})
    x = strong.feed()
    taken = strong.split(x, 0.01)[STEEL_PORT].sum(axis=1) / x.sum(axis=1)
    np.testing.assert_allclose(taken, PROPERTIES["ferromagnetic"], rtol=1e-2)
    assert strong.warned[1] == 1
    buried = bench("magnetic_drum", **{**duty, "carry": 0.0})
    assert buried.split(x, 1e5)[STEEL_PORT].sum() < 0.01 * x.sum()
    assert buried.warned[0] == 1


def test_half_is_held_where_the_pull_just_suffices(bench):
    """Where the middle of a flat piece lies: half its height above the shell, on average over its class."""
    pure = {**PROPERTIES, "ferromagnetic": np.array([1.0, 0, 0, 0, 0, 0])}
    s, decay = 6, pole_decay(0.12)
    needed = holding_ratio(0.4, 0.6) / lift_ratio(force_index(1.0, decay, 0.5 * 0.35 * size_moment(1.0, SIZES.lower[s], SIZES.upper[s])), 7850.0)
    machine = bench("magnetic_drum", properties=pure, **{**HOLDING, "field": np.sqrt(needed), "carry": 0.0})
    x = machine.feed()
    assert machine.split(x, at=np.zeros_like(x))[STEEL_PORT, STEEL, s] == pytest.approx(0.5 * x[STEEL, s], rel=1e-12)


def test_thin_pieces_are_held_better_than_thick_ones(bench):
    thick = {**PROPERTIES, "thickness_ratio": np.full(6, 1.0)}
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    flat, round_ = (bench("magnetic_drum", properties=p, **HOLDING).split(x, 1.0)[STEEL_PORT, STEEL, 2:] for p in (PROPERTIES, thick))
    assert np.all(flat > round_)


@pytest.mark.parametrize("duty", [{}, HOLDING])
@given(rate=st.floats(0.0, 20.0), factor=st.floats(1.0, 4.0))
@quick
def test_recovery_of_steel_falls_with_load(bench, duty, rate, factor):
    machine = bench("magnetic_drum", **{**duty, "carry": 0.0})
    x = machine.feed()
    assert np.all(machine.split(x, rate * factor)[STEEL_PORT] <= machine.split(x, rate)[STEEL_PORT] + 1e-12)


@pytest.mark.parametrize("duty", [{}, HOLDING])
@given(field=st.floats(0.05, 0.5), step=st.floats(1.0, 1.5))
@quick
def test_recovery_rises_with_the_field(bench, duty, field, step):
    weak, strong = (bench("magnetic_drum", **{**duty, "field": b}) for b in (field, field * step))
    x = weak.feed()
    assert strong.split(x, 3.0)[STEEL_PORT][STEEL].sum() >= weak.split(x, 3.0)[STEEL_PORT][STEEL].sum() - 1e-12


def test_the_pull_at_the_shell_is_the_field_squared_over_the_decay():
    assert lift_ratio(force_index(0.1, pole_decay(0.16), 0.0), 7850.0) == pytest.approx(3 * 0.01 * np.pi / 0.16 / (MU0 * 7850.0 * 9.80665))
    assert holding_ratio(0.4, 0.0) == 1.0
