import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels.density_separator import AIR_TABLE, DENSE_MEDIUM, JIG, sinking

SINK, FLOAT = 0, 1
HEAVY = [MATERIALS.index(name) for name in ("steel", "aluminium", "copper", "glass")]
RANGE = slice(3, 6)  # 2 to 16 mm
MEDIA = {"dense_medium": {"medium": DENSE_MEDIUM}, "jig": {"medium": JIG}, "air_table": {"medium": AIR_TABLE}}
quick = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def sorted_out(machine, rate):
    """Grade of what is denser than boards in the sink, and its recovery."""
    x = np.zeros_like(machine.feed())
    x[:, RANGE] = machine.feed()[:, RANGE]
    sink = machine.split(x, rate)[SINK]
    return sink[HEAVY].sum() / sink.sum(), sink[HEAVY].sum() / x[HEAVY].sum()


def moved(bench, medium, rates=(1.0, 1.0), **range_of):
    ends = [{**MEDIA[medium], **{key: values[end] for key, values in range_of.items()}} for end in (0, 1)]
    before, after = (sorted_out(bench("density_separator", **changes), rate) for changes, rate in zip(ends, rates, strict=True))
    return [100.0 * (b - a) for a, b in zip(before, after, strict=True)]


@pytest.mark.parametrize("medium", MEDIA)
def test_load_makes_the_sink_dirtier_and_loses_some(bench, medium):
    grade, recovery = moved(bench, medium, rates=(0.2, 4.0), cut=(2250.0, 2250.0))
    assert grade < -1.0
    assert recovery < -1.0


@pytest.mark.parametrize("medium", MEDIA)
def test_a_denser_cut_makes_the_sink_cleaner_and_loses_some(bench, medium):
    grade, recovery = moved(bench, medium, cut=(1900.0, 2500.0))
    assert grade > 1.0
    assert recovery < -1.0


@pytest.mark.parametrize(
    ("medium", "parameter", "low", "high"), [("dense_medium", "deviation", 20, 80), ("jig", "imperfection", 0.1, 0.3), ("air_table", "imperfection", 0.1, 0.3)]
)
def test_a_larger_ep_makes_the_sink_dirtier_and_loses_some(bench, medium, parameter, low, high):
    grade, recovery = moved(bench, medium, **{parameter: (low, high)})
    assert grade < -1.0
    assert recovery < -1.0


@pytest.mark.parametrize(("parameter", "low", "high"), [("crowding", 0.0, 2.0), ("fine_size", 0.001, 0.006)])
def test_crowding_and_small_pieces_blur_the_cut(bench, parameter, low, high):
    grade, recovery = moved(bench, "jig", rates=(2.0, 2.0), **{parameter: (low, high)})
    assert grade < -1.0
    assert recovery < -1.0


def test_the_curve_is_tromps_with_ep_by_medium_size_and_load(bench):
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    m, s = MATERIALS.index("glass"), 5
    for medium, deviation in ((DENSE_MEDIUM, 40.0), (JIG, 0.16 * 1300.0), (AIR_TABLE, 0.16 * (2300.0 - 1.204))):
        ep = deviation * (1.0 + 0.002 / SIZES.mean[s]) * (1.0 + 0.5 * 3.0 / 2.0)
        out = bench("density_separator", medium=medium).split(x, 3.0)
        assert out[SINK, m, s] == pytest.approx(sinking(2500.0, 2300.0, ep), rel=1e-12)


def test_flat_pieces_float_on_an_air_table_but_not_in_a_dense_medium(bench):
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    for medium, same in ((AIR_TABLE, False), (JIG, False), (DENSE_MEDIUM, True)):
        plain, shaped = (bench("density_separator", medium=medium, shape_effect=e).split(x, 1.0)[SINK] for e in (0.0, 0.5))
        assert np.array_equal(plain, shaped) == same
        assert np.all(shaped <= plain)


@given(rate=st.floats(0.0, 20.0), factor=st.floats(1.0, 4.0))
@quick
def test_load_brings_every_material_nearer_to_half(bench, rate, factor):
    machine = bench("density_separator")
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    near, far = machine.split(x, rate * factor)[SINK] - 0.5, machine.split(x, rate)[SINK] - 0.5
    assert np.all(np.abs(near) <= np.abs(far) + 1e-12)
    assert np.all(near * far >= 0.0)


@given(cut=st.floats(1100.0, 3000.0), factor=st.floats(1.0, 1.5), medium=st.sampled_from([DENSE_MEDIUM]))
@quick
def test_a_denser_medium_sinks_less(bench, cut, factor, medium):
    low, high = (bench("density_separator", medium=medium, cut=c) for c in (cut, cut * factor))
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    assert np.all(high.split(x, 1.0)[SINK] <= low.split(x, 1.0)[SINK] + 1e-12)


def test_denser_and_larger_pieces_go_where_they_belong(bench):
    machine = bench("density_separator")
    sink = machine.split(np.ones((len(MATERIALS), len(SIZES.mean))), 1.0)[SINK]
    order = np.argsort(PROPERTIES["density"])
    assert np.all(np.diff(sink[order], axis=0) >= 0.0)
    assert np.all(np.diff(sink[HEAVY], axis=1) >= 0.0)
    assert np.all(np.diff(sink[[MATERIALS.index("plastics")]], axis=1) <= 0.0)


def test_a_very_sharp_cut_is_a_step_and_a_very_blunt_one_halves(bench):
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    sharp = bench("density_separator", deviation=1e-6).split(x, 0.0)[SINK]
    np.testing.assert_allclose(sharp, np.repeat((PROPERTIES["density"] > 2300.0)[:, None], len(SIZES.mean), axis=1), atol=1e-12)
    blunt = bench("density_separator", deviation=1e12).split(x, 0.0)
    np.testing.assert_allclose(blunt, 0.5, atol=1e-6)


def test_range_warnings(bench):
    machine = bench("density_separator", cut=3700.0)
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    machine.split(x, 1.0)
    assert list(machine.warned) == [0, 1, 1]
    coarse = bench("density_separator")
    x[:, :3] = 0.0
    coarse.split(x, 3.5)
    assert list(coarse.warned) == [1, 0, 0]
