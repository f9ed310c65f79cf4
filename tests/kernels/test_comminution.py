import numpy as np
import pytest
from breakage import batch_product, reid_batch, whiten_classification
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES, VALUES

from twin.kernels.comminution import austin_breakage, breakage_matrix, gaudin_liberation, mean_discharge, newly_liberated, whiten_product

GLASS = MATERIALS.index("glass")
FINE = 5  # classes below 8 mm


def fines(machine, rate):
    """Grade and recovery of glass in what is finer than 8 mm."""
    x = machine.feed()
    below = machine.split(x, rate)[0][:, :FINE]
    return below[GLASS].sum() / below.sum(), below[GLASS].sum() / x[GLASS].sum()


def compared(bench, rate=5.0, **changes):
    """Ratios of grade and recovery to the machine as it stands."""
    before, after = fines(bench("shredder"), 5.0), fines(bench("shredder", **changes), rate)
    return after[0] / before[0], after[1] / before[1]


def test_load_leaves_pieces_coarser_so_that_only_the_brittlest_reach_the_fines(bench):
    grade, recovery = compared(bench, rate=10.0)
    assert grade > 1.01
    assert recovery < 0.95


def test_a_wider_gap_leaves_pieces_coarser(bench):
    grade, recovery = compared(bench, gap=0.060)
    assert grade > 1.05
    assert recovery < 0.97


def test_more_energy_breaks_the_tough_as_well(bench):
    grade, recovery = compared(bench, energy=36 * 3600.0)
    assert grade < 0.95
    assert recovery > 1.1


def test_a_load_slope_of_zero_switches_load_off(bench):
    machine = bench("shredder", load_slope=0.0)
    x = machine.feed()
    np.testing.assert_array_equal(machine.split(x, 1.0), machine.split(x, 10.0))


def test_the_shredder_is_whitens_crusher(bench):
    """The rearranged recursion gives P = (I-C)(I-BC)^-1 F with C = n/(n+D)."""
    machine = bench("shredder")
    v = VALUES["shredder"][2]
    x, rate = machine.feed(), 5.0
    b = breakage_matrix(SIZES.lower, SIZES.upper, SIZES.mean, v["fines_share"], v["fines_exponent"], v["coarse_exponent"])
    energy = v["energy"] * (1 + v["load_slope"]) / (1 + v["load_slope"] * rate / v["nominal"])
    out = machine.split(x, rate)[0]
    for m, relative in enumerate(PROPERTIES["breakage"]):
        events = relative * (SIZES.mean / 0.1) ** v["selection_exponent"] * energy / v["strength"]
        discharge = [mean_discharge(lo, up, 0.3 * v["gap"], v["gap"], 2.3) for lo, up in zip(SIZES.lower, SIZES.upper, strict=True)]
        again = events / (events + np.array(discharge))
        again[0] = 0.0
        np.testing.assert_allclose(out[m], whiten_product(x[m], again, b), rtol=1e-12)


def test_nothing_wider_than_the_gap_leaves(bench):
    machine = bench("shredder", gap=0.031)
    assert not machine.split(machine.feed(), 5.0)[0][:, 7:].any()


@given(gap=st.floats(0.005, 0.2), step=st.floats(1.0, 1.2))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_a_gap_that_wears_never_makes_the_product_finer_and_changes_it_little(bench, gap, step):
    worn, new = bench("shredder", gap=gap * step), bench("shredder", gap=gap)
    x = new.feed()
    finer_new, finer_worn = (np.cumsum(m.split(x, 5.0)[0].sum(axis=0)) for m in (new, worn))
    assert np.all(finer_worn <= finer_new + 1e-9)
    assert np.all(finer_new - finer_worn < 100.0 * 2.0 * (step - 1.0) + 1e-9)


@given(low=st.floats(0.1, 20.0), factor=st.floats(1.0, 5.0))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_more_load_never_makes_the_product_finer(bench, low, factor):
    machine = bench("shredder")
    x = machine.feed()
    light, heavy = (np.cumsum(machine.split(x, rate)[0], axis=1) for rate in (low, low * factor))
    assert np.all(heavy <= light + 1e-9)


def test_unbreakable_pieces_wider_than_the_gap_pass_and_are_counted(bench):
    machine = bench("shredder", properties={**PROPERTIES, "breakage": np.array([0.0, 1, 1, 1, 1, 1.0])})
    x = machine.feed()
    out = machine.split(x, 5.0)
    np.testing.assert_array_equal(out[0][0, 8:], x[0, 8:])
    assert machine.warned[2] == 1


def test_overload_and_a_gap_outside_the_classes_are_counted(bench):
    machine = bench("shredder", gap=0.0004)
    machine.split(machine.feed(), 20.0)
    assert list(machine.warned) == [1, 1, 0]


@given(
    ratio=st.floats(1.05, 4.0),
    share=st.floats(0.0, 1.0),
    fine=st.floats(0.3, 2.0),
    coarse=st.floats(2.0, 8.0),
    count=st.integers(1, 14),
)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_fragments_add_up_and_are_no_larger_than_their_parent(ratio, share, fine, coarse, count):
    bounds = np.array([0.0, *(ratio**k for k in range(count))])
    mean = np.sqrt(bounds[:-1] * bounds[1:])
    mean[0] = bounds[1] / 2
    b = breakage_matrix(bounds[:-1].copy(), bounds[1:].copy(), mean, share, fine, coarse)
    assert b.min() >= 0.0
    assert not np.tril(b, -1).any()
    np.testing.assert_allclose(b.sum(axis=0), 1.0, rtol=1e-14)


@given(time=st.floats(0.0, 500.0), scale=st.floats(0.0, 30.0))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_the_batch_series_keeps_mass_and_sign(time, scale):
    b = breakage_matrix(SIZES.lower, SIZES.upper, SIZES.mean, 0.4, 0.6, 3.0)
    product = batch_product(np.ones(len(SIZES.mean)), scale * SIZES.mean, b, time)
    assert product.min() >= 0.0
    assert product.sum() == pytest.approx(len(SIZES.mean), rel=1e-12)


def test_series_and_closed_form_agree():
    b = breakage_matrix(SIZES.lower, SIZES.upper, SIZES.mean, 0.4, 0.6, 3.0)
    feed, rates = np.linspace(1.0, 2.0, len(SIZES.mean)), 20.0 * SIZES.mean
    rates[0] = 0.0
    np.testing.assert_allclose(batch_product(feed, rates, b, 3.0), reid_batch(feed, rates, b, 3.0), rtol=1e-9)


def test_the_series_takes_equal_rates_and_long_times():
    b = np.array([[1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(batch_product(np.array([0.0, 1.0]), np.array([0.0, 1.0]), b, 2.0), [1 - np.exp(-2), np.exp(-2)], rtol=1e-14)
    np.testing.assert_allclose(batch_product(np.array([0.0, 1.0]), np.array([1.0, 1.0]), b, 2000.0), [1.0, 0.0], atol=1e-12)


def test_distributions_run_from_nothing_to_all():
    assert gaudin_liberation(1.0) == 0.0
    assert austin_breakage(1.5, 0.4, 0.6, 3.0) == 1.0
    assert austin_breakage(0.0, 0.4, 0.6, 3.0) == 0.0


def test_the_discharge_of_a_class_is_the_mean_over_its_sizes():
    lower, upper = 0.010, 0.050
    points = lower + (np.arange(4000) + 0.5) / 4000 * (upper - lower)
    mean = np.mean([1.0 - whiten_classification(x, 0.015, 0.040, 2.3) for x in points])
    assert mean_discharge(lower, upper, 0.015, 0.040, 2.3) == pytest.approx(mean, rel=1e-6)


# --- liberation ------------------------------------------------------------------------------------------------------------------------

PARTS = np.zeros((6, 6))
PARTS[3, [2, 4]] = 0.3, 0.7  # boards of copper and plastics
GRAIN = {**PROPERTIES, "grain": np.full(6, 0.006)}


def test_the_way_to_a_size_does_not_matter():
    for coarse, middle, fine in [(0.0, 0.3, 0.8), (0.2, 0.2, 0.9), (0.1, 0.6, 1.0)]:
        two_steps = 1 - (1 - newly_liberated(coarse, middle)) * (1 - newly_liberated(middle, fine))
        assert two_steps == pytest.approx(newly_liberated(coarse, fine), rel=1e-14)


@pytest.mark.parametrize("rate", [1.0, 7.0])
def test_a_composite_comes_apart_in_its_own_grade_and_nothing_else_changes(bench, rate):
    """What is lost of the composite is its constituents, whatever the size; other materials break as without liberation."""
    whole, apart = bench("shredder", gap=0.012), bench("shredder", gap=0.012, properties=GRAIN, constituents=PARTS)
    x = whole.feed()
    before, after = whole.split(x, rate)[0], apart.split(x, rate)[0]
    lost = (before[3] - after[3]).sum()
    assert 0.1 * before[3].sum() < lost < before[3].sum()
    for m, share in ((2, 0.3), (4, 0.7)):
        assert (after[m] - before[m]).sum() == pytest.approx(share * lost, rel=1e-12)
    for m in (0, 1, 5):
        np.testing.assert_array_equal(after[m], before[m])
    assert after.sum() == pytest.approx(x.sum(), rel=1e-13)


def test_nothing_comes_apart_above_the_grain_and_all_in_a_table_of_ones(bench):
    x = np.zeros((6, len(SIZES.mean)))
    x[3, -1] = 100.0
    coarse = bench("shredder", gap=0.25, properties={**GRAIN, "grain": np.full(6, 1e-5)}, constituents=PARTS).split(x)[0]
    assert coarse[3].sum() == pytest.approx(100.0, rel=1e-13)
    shares = np.zeros((6, len(SIZES.mean)))
    shares[3, :-1] = 1.0
    free = bench("shredder", gap=0.02, properties=GRAIN, constituents=PARTS, liberated=shares).split(x)[0]
    assert free[3].sum() == 0.0
    assert free[2].sum() == pytest.approx(30.0, rel=1e-12)


def test_a_smaller_gap_and_a_lower_load_set_more_free(bench):
    """The share of free copper in copper and boards, and what comes free of the boards, move by more than a point."""

    def free(gap, rate):
        out = bench("shredder", gap=gap, properties=GRAIN, constituents=PARTS).split(bench("shredder").feed(), rate)[0]
        return out[2].sum() / out[2:4].sum(), 1 - out[3].sum() / bench("shredder").feed()[3].sum()

    grades, recoveries = zip(*(free(gap, 4.0) for gap in (0.03, 0.015, 0.008)), strict=True)
    assert np.diff(recoveries).min() > 0.01
    assert grades[-1] - grades[0] > 0.01
    light, heavy = free(0.012, 1.0), free(0.012, 12.0)
    assert light[0] - heavy[0] > 0.01
    assert light[1] - heavy[1] > 0.01
