import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels.sizing import (
    karra_capacity,
    karra_efficiency,
    karra_half_size_factor,
    karra_oversize_factor,
    share_below,
    sticking,
    throughfall_aperture,
    whiten_efficiency,
)

OVERSIZE, UNDERSIZE = 0, 1
FINE_MATERIALS = ("glass", "copper")


def compared(bench, rate=7.0, **changes):
    """Ratios of grade and recovery of the fine materials in the undersize to a 2 m2 screen at 7 kg/s."""
    before = bench("screen", area=2.0).grade_and_recovery(UNDERSIZE, FINE_MATERIALS, 7.0)
    after = bench("screen", **{"area": 2.0, **changes}).grade_and_recovery(UNDERSIZE, FINE_MATERIALS, rate)
    return after[0] / before[0], after[1] / before[1]


def test_load_cuts_finer(bench):
    grade, recovery = compared(bench, rate=14.0)
    assert grade > 1.01
    assert recovery < 0.95


def test_a_larger_aperture_cuts_coarser(bench):
    grade, recovery = compared(bench, aperture=0.030)
    assert grade < 0.95
    assert recovery > 1.2


def test_a_steeper_deck_cuts_finer(bench):
    grade, recovery = compared(bench, inclination=math.radians(25))
    assert grade > 1.005
    assert recovery < 0.97


def test_more_area_cuts_coarser_until_the_cut_reaches_the_opening(bench):
    grade, recovery = compared(bench, area=2.3)
    assert grade < 0.999
    assert recovery > 1.005
    far = [bench("screen", area=area).grade_and_recovery(UNDERSIZE, FINE_MATERIALS, 7.0) for area in (50.0, 100.0)]
    assert far[0] == far[1]


def test_whitens_curve_is_sharper_with_its_sharpness(bench):
    coarse = SIZES.mean > 0.040
    misplaced = []
    for sharpness in (2.0, 4.0, 8.0):
        machine = bench("screen", curve=1.0, sharpness=sharpness)
        misplaced.append(machine.split(machine.feed(), 2.0)[UNDERSIZE][:, coarse].sum())
    assert misplaced[0] > 2 * misplaced[1] > 4 * misplaced[2]


def test_materials_of_one_size_distribution_are_not_sorted(bench):
    machine = bench("screen")
    x = np.tile(machine.feed()[0], (len(MATERIALS), 1))
    out = machine.split(x, 10.0)
    np.testing.assert_array_equal(out[:, 1:], np.repeat(out[:, :1], len(MATERIALS) - 1, axis=1))


@given(rate=st.floats(0.1, 100.0), factor=st.floats(1.0, 5.0), curve=st.sampled_from([0.0, 1.0]))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_more_load_never_sends_more_to_the_undersize(bench, rate, factor, curve):
    machine = bench("screen", curve=curve)
    x = machine.feed()
    assert np.all(machine.split(x, rate * factor)[UNDERSIZE] <= machine.split(x, rate)[UNDERSIZE] + 1e-12)


def test_coarser_classes_go_to_the_oversize_more(bench):
    for curve in (0.0, 1.0):
        machine = bench("screen", curve=curve)
        x = np.ones((len(MATERIALS), len(SIZES.mean)))
        assert np.all(np.diff(machine.split(x, 2.0)[OVERSIZE][0]) >= 0.0)


def test_range_warnings(bench, classes):
    machine = bench("screen")
    x = machine.feed()
    machine.split(x, 1.0)
    assert list(machine.warned) == [1, 0, 0, 0]
    machine.split(x, 300.0)
    assert list(machine.warned) == [1, 1, 0, 0]
    fine = bench("screen", aperture=0.0009, wire=0.0)
    fine.split(x, 300.0)
    assert fine.warned[3] == 1
    near = bench("screen", sizes=classes(16, 17, 20, 23), aperture=0.0195)  # an opening of 18.7 mm
    out = near.split(np.tile([0.05, 0.4, 0.5, 0.05], (len(MATERIALS), 1)), 30.0)
    assert near.warned[2] == 1
    np.testing.assert_allclose(out.sum(axis=0), [[0.05, 0.4, 0.5, 0.05]] * len(MATERIALS), rtol=1e-12)


def test_a_stream_without_undersize_is_an_idle_screen(bench):
    machine = bench("screen", aperture=0.004)
    x = np.zeros((len(MATERIALS), len(SIZES.mean)))
    x[:, -2:] = 1.0
    out = machine.split(x, 5.0)
    assert out[UNDERSIZE].sum() < 1e-9
    assert machine.warned[0] == 1


def test_an_opening_that_is_not_there_is_refused(bench):
    machine = bench("screen", aperture=0.005, wire=0.010, inclination=math.radians(60))
    machine.split(machine.feed(), 1.0)
    assert machine.status == 1
    assert "inclination" in machine.kernel.statuses[0]


def test_karras_factors_are_positive_and_have_no_jumps():
    percent = np.linspace(0.0, 100.0, 100_001)
    for factor, steepest in ((karra_oversize_factor, 0.0425), (karra_half_size_factor, 0.05)):
        values = np.array([factor(p) for p in percent])
        assert values.min() > 0.0
        assert np.abs(np.diff(values)).max() <= steepest * 0.001 * (1 + 1e-6)
    for original, where in ((1.6 - 0.012 * 87, 87.0), (4.275 - 0.0425 * 90, 90.0)):
        assert karra_oversize_factor(where) == pytest.approx(original)
    for original, where in ((0.012 * 30 + 0.7, 30.0), (0.1528 * 50**0.564, 50.0), (0.0061 * 70**1.37, 70.0), (0.05 * 80 - 1.5, 80.0)):
        assert karra_half_size_factor(where) == pytest.approx(original)
    assert karra_capacity(50.8) == pytest.approx(karra_capacity(50.8 - 1e-9), rel=0.02)
    assert karra_capacity(0.0) == karra_capacity(1.0) > 0


def test_curves_run_from_nothing_to_all_and_halve_at_the_cut():
    for sharpness in (0.5, 4.0, 30.0):
        assert whiten_efficiency(0.0, sharpness) == 0.0
        assert whiten_efficiency(1.0, sharpness) == pytest.approx(0.5, rel=1e-12)
        assert whiten_efficiency(1e4, sharpness) == 1.0
    assert karra_efficiency(0.0) == 0.0
    assert karra_efficiency(1.0) == pytest.approx(0.5, abs=1e-4)
    assert karra_efficiency(100.0) == 1.0


def test_a_level_deck_opens_by_its_aperture():
    assert throughfall_aperture(20.0, 5.0, 0.0) == 20.0
    assert share_below(1.0, 2.0, 4.0) == 0.0
    assert share_below(5.0, 2.0, 4.0) == 1.0


def test_blinded_openings_cut_finer_like_a_smaller_deck(bench):
    grade, recovery = compared(bench, free_area=0.5)
    assert grade > 1.01
    assert recovery < 0.95
    blinded, smaller = bench("screen", area=2.0, free_area=0.5), bench("screen", area=1.0)
    np.testing.assert_array_equal(blinded.split(blinded.feed(), 7.0), smaller.split(smaller.feed(), 7.0))
    assert np.isfinite(bench("screen", free_area=-0.2).split(blinded.feed(), 7.0)).all()  # wear past the last opening


def test_wet_fines_stay_with_the_oversize(bench):
    wet = {**PROPERTIES, "moisture": np.full(6, 0.25)}
    dry, damp = bench("screen", moisture_sensitivity=4.0), bench("screen", properties=wet, moisture_sensitivity=4.0)
    x = dry.feed()
    np.testing.assert_allclose(damp.split(x, 5.0)[UNDERSIZE], 0.5 * dry.split(x, 5.0)[UNDERSIZE], rtol=1e-12)
    for machine in (dry, bench("screen", properties=wet)):
        np.testing.assert_array_equal(machine.split(x, 5.0), bench("screen").split(x, 5.0))


def test_the_water_may_be_a_material_of_its_own(bench):
    """A tenth of water makes a stream of 10 % moisture, whatever carries it."""
    apart = {**PROPERTIES, "moisture": np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])}
    machine = bench("screen", properties=apart, moisture_sensitivity=3.0)
    x = machine.feed()
    x[2] *= 0.1 / 0.9 * (x.sum() - x[2].sum()) / x[2].sum()
    plain = bench("screen").split(x, 5.0)
    np.testing.assert_allclose(machine.split(x, 5.0)[UNDERSIZE], plain[UNDERSIZE] * (1.0 - sticking(0.1, 3.0)), rtol=1e-12)


def test_light_pieces_ride_on_top_and_dense_ones_do_not(bench):
    light = bench("screen", floating=0.2, aperture=0.1)
    plain = bench("screen", aperture=0.1)
    x = light.feed()
    cover = light.properties["piece_cover"]
    ratio = light.split(x, 0.5)[1] / plain.split(x, 0.5)[1]
    np.testing.assert_allclose(ratio, 1 / (1 + 0.2 * cover), rtol=1e-12)
