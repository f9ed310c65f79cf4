"""What every machine kernel must keep, whatever it does: mass, sign, linearity at given conditions, and no trouble at the edges."""

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from machine_bench import PROPERTIES, SIZES, VALUES

MACHINES = sorted(VALUES)
SHAPE = (len(PROPERTIES["density"]), len(SIZES.mean))
MODULES = (
    "air_classifier", "bag_opener", "belt_load", "ballistic_separator", "comminution", "corona_separator", "density_separator", "eddy_current", "magnetic", "manual_picking",
    "mills", "particles", "partition", "philox", "robot", "sensing", "sensor_sorter", "sizing", "suction_hood", "trommel",
)  # fmt: skip

masses = st.one_of(st.just(0.0), st.floats(1e-9, 1e4))
lots = arrays(np.float64, SHAPE, elements=masses)
rates = st.floats(0.0, 50.0)
NOT_SCALED = {"curve", "deck", "duty", "medium", "stages", "feed_stage", "splitter", "splitter_rest", "shares", "partition", "target"}
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def closes(x, out):
    assert out.min() >= 0.0
    np.testing.assert_allclose(out.sum(axis=(0, 2)), x.sum(axis=1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("module", MODULES)
def test_docstring_examples(module):
    results = doctest.testmod(importlib.import_module(f"twin.kernels.{module}"))
    assert results.failed == 0
    assert results.attempted > 0 or module in ("bag_opener", "partition", "robot")


@pytest.mark.parametrize("name", MACHINES)
@given(x=lots, rate=rates)
@quick
def test_mass_is_conserved_for_each_material_and_nothing_is_negative(bench, name, x, rate):
    closes(x, bench(name).split(x, rate))


@pytest.mark.parametrize("name", MACHINES)
@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
def test_mass_is_conserved_for_any_parameters(bench, name, data):
    values = VALUES[name][2]
    changes = {key: value * data.draw(st.floats(0.5, 1.5), key) for key, value in values.items() if key not in NOT_SCALED}
    machine = bench(name, **changes)
    x = machine.feed()
    closes(x, machine.split(x, data.draw(rates)))


@pytest.mark.parametrize("name", MACHINES)
@given(x=lots, y=lots, rate=rates, factor=st.floats(0.0, 100.0))
@quick
def test_linear_in_the_lot_at_a_given_stream(bench, name, x, y, rate, factor):
    machine = bench(name)
    at = machine.feed() * rate / 100.0
    apart = machine.split(x, at=at) + factor * machine.split(y, at=at)
    np.testing.assert_allclose(machine.split(x + factor * y, at=at), apart, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("name", MACHINES)
def test_the_size_of_the_lot_changes_no_split(bench, name):
    machine = bench(name)
    x = machine.feed()
    small, large = machine.split(x, 3.0), machine.split(1024.0 * x, 3.0)
    np.testing.assert_array_equal(1024.0 * small, large)


@pytest.mark.parametrize("name", MACHINES)
def test_no_feed_gives_nothing_and_no_warning(bench, name):
    machine = bench(name)
    assert np.array_equal(machine.split(np.zeros(SHAPE)), np.zeros((machine.ports, *SHAPE)))
    assert machine.status == 0
    assert not machine.warned.any()


@pytest.mark.parametrize("name", MACHINES)
def test_a_lot_in_a_stream_that_has_not_begun_is_split_like_one_in_a_thin_stream(bench, name):
    machine = bench(name)
    x = machine.feed()
    still, thin = machine.split(x, at=np.zeros(SHAPE)), machine.split(x, at=x * 1e-9)
    np.testing.assert_allclose(still, thin, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", MACHINES)
def test_one_material_and_one_size_class(bench, classes, name):
    one = {key: column[:1] for key, column in PROPERTIES.items()}
    machine = bench(name, properties=one, sizes=classes(1000), shares=np.array([0.2, 0.5, 0.3]))
    x = np.array([[7.0]])
    closes(x, machine.split(x, 2.0))


@pytest.mark.parametrize("name", MACHINES)
def test_a_material_that_is_not_there_comes_out_nowhere(bench, name):
    machine = bench(name)
    x = machine.feed()
    x[2] = 0.0
    assert not machine.split(x, 2.0)[:, 2].any()


@pytest.mark.parametrize("name", MACHINES)
def test_kernels_compile_ahead_to_the_one_signature(bench, name):
    kernel = bench(name).kernel
    for function in (kernel.apply,) if kernel.response is None else (kernel.response.settle, kernel.response.split):
        assert len(function.signatures) == 1


@pytest.mark.parametrize("rate", [2.0, 4.0, 6.0])
def test_a_shredder_and_a_screen_in_a_loop_settle(bench, rate):
    """Splits are continuous in the stream, so that substitution converges: the oversize comes back until nothing changes."""
    shredder = bench("shredder")
    feed = shredder.feed() * rate / 100.0
    for aperture in np.linspace(0.020, 0.045, 26):
        screen = bench("screen", aperture=aperture, area=3.0)
        back, change = np.zeros_like(feed), 1.0
        for _ in range(300):
            shredded = shredder.split(feed + back, at=feed + back)[0]
            oversize, undersize = screen.split(shredded, at=shredded)
            change = np.abs(oversize - back).sum() / oversize.sum()
            back = oversize
            if change < 1e-12:
                break
        assert change < 1e-12, aperture
        np.testing.assert_allclose(undersize.sum(axis=1), feed.sum(axis=1), rtol=1e-9)
