import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels.sizing import sticking
from twin.kernels.trommel import critical_speed, fall, passage, turn

OVERSIZE, UNDERSIZE = 0, 1
PLASTICS, GLASS = MATERIALS.index("plastics"), MATERIALS.index("glass")
quick = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def screened(machine, rate):
    """Grade and recovery of the coarse plastics in the oversize, and recovery of the fine glass in the undersize, from equal masses of both."""
    x = np.zeros_like(machine.feed())
    for row, x63 in ((PLASTICS, 0.060), (GLASS, 0.015)):
        below = [1.0 - math.exp(-((u / x63) ** 2)) for u in SIZES.upper[:-1]]
        x[row] = 50.0 * np.diff([0.0, *below, 1.0])
    out = machine.split(x, rate)
    oversize = out[OVERSIZE]
    return oversize[PLASTICS].sum() / oversize.sum(), oversize[PLASTICS].sum() / 50.0, out[UNDERSIZE, GLASS].sum() / 50.0


def moved(bench, rates=(1.0, 1.0), **range_of):
    """By how many percentage points the three figures change from one end of a parameter's range (or of ``rates``) to the other."""
    ends = [{key: values[end] for key, values in range_of.items()} for end in (0, 1)]
    before, after = (screened(bench("trommel", **changes), rate) for changes, rate in zip(ends, rates, strict=True))
    return [100.0 * (b - a) for a, b in zip(before, after, strict=True)]


def test_load_leaves_fines_in_the_oversize(bench):
    grade, coarse, fines = moved(bench, rates=(1.0, 12.0))
    assert grade < -8.0
    assert coarse > 5.0
    assert fines < -10.0


def test_a_steeper_drum_gives_fewer_contacts(bench):
    for rate in (1.0, 12.0):
        grade, coarse, fines = moved(bench, rates=(rate, rate), inclination=(math.radians(2), math.radians(8)))
        assert grade < -2.0
        assert coarse > 1.0
        assert fines < -4.0


def test_a_faster_drum_gives_fewer_contacts_with_little_load_and_a_thinner_bed_with_much(bench):
    grade, coarse, fines = moved(bench, rates=(1.0, 1.0), speed=(9 / 60, 18 / 60))
    assert grade < -2.0
    assert coarse > 1.0
    assert fines < -2.0
    grade, coarse, fines = moved(bench, rates=(20.0, 20.0), speed=(9 / 60, 18 / 60))
    assert grade > 2.0
    assert coarse < -1.0
    assert fines > 2.0


@pytest.mark.parametrize(("parameter", "low", "high"), [("open_area", 0.3, 0.6), ("length", 4.0, 8.0), ("reach", 0.5, 2.0), ("aperture", 0.025, 0.035)])
def test_more_openings_a_longer_drum_and_larger_holes_pass_more(bench, parameter, low, high):
    grade, coarse, fines = moved(bench, rates=(12.0, 12.0), **{parameter: (low, high)})
    assert grade > 1.0
    assert coarse < -1.0
    assert fines > 1.0


@given(rate=st.floats(0.1, 100.0), factor=st.floats(1.0, 5.0))
@quick
def test_more_load_never_passes_more(bench, rate, factor):
    machine = bench("trommel")
    x = machine.feed()
    assert np.all(machine.split(x, rate * factor)[UNDERSIZE] <= machine.split(x, rate)[UNDERSIZE] + 1e-12)


@given(aperture=st.floats(0.005, 0.1), factor=st.floats(1.0, 3.0), rate=st.floats(0.0, 30.0))
@quick
def test_a_finer_aperture_never_passes_more_in_all(bench, aperture, factor, rate):
    fine, coarse = bench("trommel", aperture=aperture), bench("trommel", aperture=aperture * factor)
    x = fine.feed()
    assert fine.split(x, rate)[UNDERSIZE].sum() <= coarse.split(x, rate)[UNDERSIZE].sum() + 1e-9


def test_finer_classes_pass_more_and_what_is_above_the_aperture_never(bench):
    machine = bench("trommel")
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    passed = machine.split(x, 5.0)[UNDERSIZE]
    assert np.all(np.diff(passed[0]) <= 0.0)
    assert not passed[:, SIZES.lower >= 0.030].any()
    assert np.all(passed[:, SIZES.upper < 0.030] > 0.05)
    np.testing.assert_array_equal(passed, np.repeat(passed[:1], len(MATERIALS), axis=0))


def test_without_load_each_contact_counts_and_with_too_much_nothing_passes(bench, classes):
    near = classes(19.999, 20.001, 60)
    machine = bench("trommel", sizes=near)
    x = np.ones((len(MATERIALS), 3))
    contacts = 6.0 / (fall(2.5, 0.2 / critical_speed(2.5)) * math.tan(math.radians(5)))
    passed = 1.0 - (1.0 - passage(0.020, 0.030, 0.45)) ** contacts
    assert machine.split(x, at=np.zeros_like(x))[UNDERSIZE, 0, 1] == pytest.approx(passed, rel=1e-4)
    assert machine.split(x, 1e7)[UNDERSIZE].max() < 1e-4


def test_the_table_solves_the_way_along_the_drum(bench, classes):
    """Against many small steps along the drum, in each of which the bed is as deep as what is still there."""
    sizes = classes(4.999, 5.001, 14.999, 15.001, 24.999, 25.001, 30, 60)
    machine = bench("trommel", sizes=sizes)
    x = np.zeros((len(MATERIALS), 8))
    x[0, 1], x[0, 3], x[0, 5], x[0, 7] = 0.2, 0.3, 0.1, 0.4
    rate, speed = 15.0, 0.2
    step = fall(2.5, speed / critical_speed(2.5)) * math.tan(math.radians(5))
    layers = rate / (400.0 * math.pi * 2.5 * speed * step * 0.030)
    contacts, steps = 6.0 / step, 20_000
    left = np.array([0.2, 0.3, 0.1, 0.4])
    k = -np.log1p(-np.array([passage(d, 0.030, 0.45) for d in (0.005, 0.015, 0.025, 0.06)]))
    for _ in range(steps):
        half = left * (1.0 - 0.5 * k * contacts / steps / (1.0 + layers * left.sum()))
        left = left - k * half * contacts / steps / (1.0 + layers * half.sum())
    found = machine.split(x, rate)[OVERSIZE, 0, [1, 3, 5, 7]]
    np.testing.assert_allclose(found, left, atol=3e-4)


def test_a_piece_lands_where_the_formulas_say():
    """It leaves at cos a = N^2 and meets the drum again 4a on, having fallen 2 D N^2 (1 - N^4), after sin(2a)/pi of a revolution in flight."""
    diameter, share = 2.0, 0.6
    radius, speed = 0.5 * diameter, share * critical_speed(diameter)
    angle, v = math.acos(share**2), 2.0 * math.pi * 0.5 * diameter * share * critical_speed(diameter)
    time = math.sin(2.0 * angle) / math.pi / speed
    x = -radius * math.sin(angle) + v * math.cos(angle) * time
    y = radius * math.cos(angle) + v * math.sin(angle) * time - 0.5 * 9.80665 * time**2
    assert math.hypot(x, y) == pytest.approx(radius, rel=1e-12)
    assert radius * math.cos(angle) - y == pytest.approx(fall(diameter, share), rel=1e-12)
    riding = (2.0 * math.pi - 4.0 * angle) / (2.0 * math.pi)
    assert turn(share) == pytest.approx(riding + time * speed, rel=1e-12)


def test_wet_fines_stay_with_the_oversize(bench):
    wet = {**PROPERTIES, "moisture": np.full(6, 0.2)}
    dry = bench("trommel", moisture_sensitivity=2.0)
    damp = bench("trommel", properties=wet, moisture_sensitivity=2.0)
    x = dry.feed()
    np.testing.assert_allclose(damp.split(x, 5.0)[UNDERSIZE], dry.split(x, 5.0)[UNDERSIZE] * (1.0 - sticking(0.2, 2.0)), rtol=1e-12)
    np.testing.assert_array_equal(bench("trommel", properties=wet).split(x, 5.0), dry.split(x, 5.0))


def test_blinding_passes_less_and_may_go_to_the_end(bench):
    open_areas = [bench("trommel", open_area=share) for share in (0.45, 0.30, 0.0, -0.1)]
    x = open_areas[0].feed()
    passed = [machine.split(x, 5.0)[UNDERSIZE].sum() for machine in open_areas]
    assert passed[0] > passed[1] > passed[2] == passed[3] == 0.0


def test_range_warnings_and_a_drum_that_carries_all_round(bench):
    machine = bench("trommel")
    x = machine.feed()
    machine.split(x, 5.0)
    assert list(machine.warned) == [0, 0]
    machine.split(x, 60.0)
    assert list(machine.warned) == [0, 1]
    slow = bench("trommel", speed=0.1)
    slow.split(x, 1.0)
    assert list(slow.warned) == [1, 0]
    fast = bench("trommel", speed=0.5)
    fast.split(x, 1.0)
    assert fast.status == 1
    assert "critical speed" in fast.kernel.statuses[0]
