"""The sensor sorter: responses, windows, and what load and parameters do to grade and recovery."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES, VALUES, Bench

from twin.kernels.compile import Sizes
from twin.kernels.sensing import BELOW, COLOUR, INDUCTION, XRF, XRT, above_threshold, responses, seen_share
from twin.kernels.sensor_sorter import hit_share
from twin.materials.pieces import with_pieces
from twin.testing import check_kernel

TARGET = MATERIALS.index("plastics")
TAUGHT = {"response": np.zeros((0, 0)), "signal": np.array([0.0, 0.0, 0.0, 0.0, 1.0, 0.0]), "visible": np.ones(6)}
COARSE = slice(5, 8)  # 16 to 125 mm
WET = {**PROPERTIES, "moisture": np.full(6, 0.1)}


def sorted_out(bench, rate=1.0, sizes=COARSE, properties=PROPERTIES, **changes):
    """Grade of the target in what is ejected, and its recovery."""
    machine = bench("sensor_sorter", properties, **{**TAUGHT, **changes})
    x = np.zeros_like(machine.feed())
    x[:, sizes] = machine.feed()[:, sizes]
    ejected = machine.split(x, rate)[0]
    return ejected[TARGET].sum() / ejected.sum(), ejected[TARGET].sum() / x[TARGET].sum()


def test_load_costs_grade_and_recovery(bench):
    (light, most), (heavy, least) = sorted_out(bench, 0.5), sorted_out(bench, 4.0)
    assert heavy < light - 0.01
    assert least < most - 0.01


@pytest.mark.parametrize(
    ("changes", "grade", "recovery"),
    [
        ({"belt_speed": 2.0}, 0, -1),  # pieces lie closer together, but windows are shorter
        ({"belt_width": 1.0}, -1, -1),
        ({"valve_time": 0.03}, -1, +1),
        ({"valve_pitch": 0.031}, -1, 0),
        ({"blocked_valves": 0.1}, 0, -1),
        ({"detection": 0.85}, 0, -1),
        ({"confusion": 0.05}, -1, 0),
        ({"smallest": 0.03}, +1, -1),  # small pieces are ejected with others more than on their own
        ({"timing_error": 0.01}, -1, -1),
        ({"position_error": 0.02}, -1, -1),
        ({"overlap": 2.0}, 0, -1),
    ],
)
def test_each_parameter_moves_what_it_should_by_more_than_a_point(bench, changes, grade, recovery):
    before, after = sorted_out(bench, 6.0), sorted_out(bench, 6.0, **changes)
    for way, change in zip((grade, recovery), np.subtract(after, before), strict=True):
        assert way == 0 or way * change > 0.01


def test_valves_that_stay_shut_cost_their_share_of_the_yield_and_no_purity(bench):
    (grade, recovery), (less_grade, less) = sorted_out(bench), sorted_out(bench, blocked_valves=0.2, late=0.0)
    assert less == pytest.approx(0.8 * recovery, rel=1e-12)
    assert less_grade == pytest.approx(grade, rel=1e-12)


def test_no_valve_works_where_all_are_blocked(bench):
    machine = bench("sensor_sorter", **TAUGHT, blocked_valves=1.7, late=0.0)
    assert not machine.split(machine.feed(), 2.0)[0].any()


def test_moisture_weakens_near_infrared_light_alone(bench):
    dry, wet = sorted_out(bench), sorted_out(bench, properties=WET)
    assert wet[1] < dry[1] - 0.01
    assert sorted_out(bench, properties=WET, sensor=COLOUR) == pytest.approx(sorted_out(bench, sensor=COLOUR), rel=1e-12)
    assert sorted_out(bench, properties=WET, moisture_loss=0.0) == pytest.approx(dry, rel=1e-12)


def test_water_that_comes_as_a_material_of_its_own_counts_as_moisture(bench):
    moist = {**PROPERTIES, "moisture": np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])}  # what was glass
    assert sorted_out(bench, properties=moist)[1] < sorted_out(bench)[1] - 0.005


def test_the_moisture_of_other_pieces_stays_with_them(bench):
    """A sponge beside a bottle does not wet it: only what is water itself comes to all."""
    moist = {**PROPERTIES, "moisture": np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.8])}
    assert sorted_out(bench, properties=moist)[1] == pytest.approx(sorted_out(bench)[1], rel=1e-3)  # fewer of them are taken by mistake


def test_light_pieces_that_cover_the_belt_cost_yield(bench):
    """Küppers et al. 2020 (Waste Management & Research): 5 % of flat pieces can cost as much yield as a fifth of the valves."""
    film = {**PROPERTIES, "density": PROPERTIES["density"].copy(), "thickness_ratio": PROPERTIES["thickness_ratio"].copy()}
    film["density"][5], film["thickness_ratio"][5] = 930.0, 0.003  # instead of the glass, 5 % of the feed
    loss = 1.0 - sorted_out(bench, 1.5, properties=film)[1] / sorted_out(bench, 1.5)[1]
    assert 0.1 < loss < 0.4


def test_one_piece_at_a_time_is_sorted_as_well_as_it_is_recognised(bench):
    machine = bench("sensor_sorter", **TAUGHT, smallest=1e-6, timing_error=0.0, position_error=0.0)
    x = machine.feed()
    ejected = machine.split(x, at=np.zeros_like(x))[0] / np.where(x > 0, x, 1.0)
    expected = np.where(np.arange(6) == TARGET, 0.95, 0.01)[:, None] * np.ones_like(x)
    np.testing.assert_allclose(ejected[x > 0], expected[x > 0], rtol=1e-9)


@given(rate=st.floats(0.01, 30.0), factor=st.floats(1.0, 3.0))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_grade_and_recovery_of_the_target_fall_with_load(bench, rate, factor):
    before, after = sorted_out(bench, rate), sorted_out(bench, rate * factor)
    assert after[1] <= before[1] + 1e-12
    assert rate * factor > 8.0 or after[0] <= before[0] + 1e-12  # beyond, hidden targets open fewer windows


def test_range_warnings(bench):
    machine = bench("sensor_sorter", **TAUGHT)
    x = np.zeros_like(machine.feed())
    x[:, COARSE] = 1.0
    machine.split(x, 1.0)
    assert list(machine.warned) == [0, 0]
    machine.split(x, 40.0)
    assert list(machine.warned) == [1, 0]
    fine = np.zeros_like(x)
    fine[:, 3] = 1.0  # 2 to 4 mm
    machine.split(fine, 0.1)
    assert list(machine.warned) == [1, 1]


# --- what a sensor takes a piece for ---------------------------------------------------------------------------------------------------


def taken(**changes):
    return responses({**VALUES["sensor_sorter"][2], **TAUGHT, **changes}, with_pieces(PROPERTIES, SIZES.lower, SIZES.upper), SIZES)[0]


def test_classes_that_give_no_signal_are_never_ejected():
    blind = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    assert taken()[TARGET, 6] == pytest.approx(0.95)
    assert not taken(visible=blind)[TARGET].any()


def test_a_measured_response_stands_in_the_place_of_the_sensor():
    table = np.linspace(0.0, 1.0, 60).reshape(6, 10)
    assert np.array_equal(taken(response=table, visible=np.zeros(0), signal=np.zeros(0)), table)


NUMBERS = np.array([26.0, 13.0, 29.0, 25.0, 7.0, 13.0])  # effective atomic numbers


def test_x_rays_part_heavy_from_light_and_either_side_can_be_ejected():
    above = taken(sensor=XRT, signal=NUMBERS, threshold=18.0)[:, 6]
    below = taken(sensor=XRT, signal=NUMBERS, threshold=18.0, ejects=BELOW)[:, 6]
    assert above[2] > 0.9
    assert above[1] < 0.1
    assert above[TARGET] == pytest.approx(0.01, abs=1e-3)
    assert above + below == pytest.approx(0.96)


def test_x_rays_err_where_pieces_are_thin_or_thick():
    """Aluminium stays below the threshold best where a piece weakens the beam well and does not swallow it."""
    wrong = taken(sensor=XRT, signal=NUMBERS, threshold=18.0)[1]
    best = int(wrong.argmin())
    assert 0 < best < 9
    assert np.all(np.diff(wrong[: best + 1]) < 0)
    assert np.all(np.diff(wrong[best:]) > 0)


def test_fluorescence_sorts_by_content_and_induction_by_conductivity():
    content = np.array([0.002, 0.0, 0.99, 0.2, 0.0, 0.0])
    copper = taken(sensor=XRF, signal=content, threshold=0.05)[:, 6]
    assert copper[2] > 0.94
    assert copper[3] > 0.94
    assert copper[0] < 0.011
    metal = taken(sensor=INDUCTION, signal=np.zeros(6))[:, 6]
    assert np.all(metal[:4] > 0.9)
    assert np.all(metal[4:] == pytest.approx(0.01))


def test_the_threshold_trades_grade_for_recovery(bench):
    heavy = (0, 2, 3)

    def of_the_heavy(threshold):
        machine = bench("sensor_sorter", **{**TAUGHT, "sensor": XRT, "signal": NUMBERS, "threshold": threshold})
        x = np.zeros_like(machine.feed())
        x[:, COARSE] = machine.feed()[:, COARSE]
        ejected = machine.split(x, 1.0)[0]
        return ejected[heavy, :].sum() / ejected.sum(), ejected[heavy, :].sum() / x[heavy, :].sum()

    (coarse, all_of_it), (fine, less) = of_the_heavy(14.0), of_the_heavy(22.0)
    assert fine > coarse + 0.01
    assert less < all_of_it - 0.01


@given(signal=st.floats(0.0, 1e3), threshold=st.floats(1e-3, 1e2), width=st.floats(1e-3, 1.0))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_above_threshold_is_a_share_that_rises_with_the_signal(signal, threshold, width):
    share = above_threshold(signal, threshold, width)
    assert 0.0 <= share <= above_threshold(1.1 * signal, threshold, width) <= 1.0


# --- windows ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "pitch", "along", "across"), [(0.05, 0.0125, 0.02, 0.006), (0.004, 0.01, 0.003, 0.004), (0.1, 0.03, 0.08, 0.05)])
def test_the_share_of_hits_is_the_integral_over_all_errors_and_places(size, pitch, along, across):
    """Against a sum over errors and places in the row of valves."""
    length = size + 0.03
    step = 1e-3
    z = np.arange(-8.0, 8.0, step) + 0.5 * step
    weight = np.exp(-0.5 * z * z) * step / math.sqrt(2 * math.pi)
    inside = float(weight[np.abs(along * z) < 0.5 * length].sum())
    places = (np.arange(400) + 0.5) / 400 * pitch
    seen = places[:, None] + across * z[None, :]
    valve = (np.floor((seen - 0.5 * size) / pitch) <= 0) & (np.floor((seen + 0.5 * size) / pitch) >= 0)
    expected = inside * float((valve * weight).sum() / len(places))
    assert hit_share(size, length, pitch, along, across) == pytest.approx(expected, abs=2e-3)


@given(size=st.floats(1e-4, 0.5), pitch=st.floats(1e-3, 0.1), along=st.floats(0.0, 0.2), across=st.floats(0.0, 0.2))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_hits_are_a_share_that_falls_with_errors(size, pitch, along, across):
    share = hit_share(size, size + 0.03, pitch, along, across)
    assert 0.0 <= hit_share(size, size + 0.03, pitch, 1.5 * along + 1e-3, across) <= share <= 1.0
    assert 0.0 <= hit_share(size, size + 0.03, pitch, along, 1.5 * across + 1e-3) <= share + 1e-12


def test_sizes_far_from_the_smallest_are_seen_or_not():
    assert seen_share(1e-9, 0.01, 8.0) < 1e-50
    assert seen_share(1.0, 0.01, 8.0) == pytest.approx(1.0)


def test_a_finer_class_is_recognised_less(bench):
    machine = bench("sensor_sorter", **TAUGHT)
    x = machine.feed()
    share = machine.split(x, at=np.zeros_like(x))[0][TARGET] / x[TARGET]
    assert np.all(np.diff(share) > 0)


def test_one_size_of_one_material(bench):
    one = Sizes(np.array([0.0]), np.array([0.1]), np.array([0.05]))
    machine = bench("sensor_sorter", {key: column[:1] for key, column in PROPERTIES.items()}, one, response=np.array([[1.0]]), smallest=1e-6)
    assert machine.split(np.array([[3.0]]), 1e-9)[0] == pytest.approx(np.array([[3.0]]), rel=2e-3)


# --- two blocks, piles, late valves, peaks ---------------------------------------------------------------------------------------------


SECOND = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
ALL_AT_ONCE = {**TAUGHT, "signal_2": SECOND, "blocked_valves": 0.3, "late": 0.7, "lifted": 0.8, "unevenness": 0.9}


def three(bench, rate=1.0, **changes):
    """Shares (port, material, size) of a sorter with two blocks of valves."""
    machine = bench("sensor_sorter", **{**TAUGHT, "signal_2": SECOND, **changes})
    machine.ports = 3
    x = np.ones_like(machine.feed())
    return machine.split(x, at=machine.feed() * rate / 100.0)


def test_a_sorter_of_all_that_there_is_keeps_the_rules_of_a_kernel():
    kernel, _, values = VALUES["sensor_sorter"]
    check_kernel(kernel, {**values, **ALL_AT_ONCE}, with_pieces(PROPERTIES, SIZES.lower, SIZES.upper), SIZES, ports=("eject", "eject_2", "pass"))


def test_each_block_takes_its_own_and_the_second_what_the_first_leaves():
    thin = three(Bench, 1e-9)
    assert thin[0, TARGET, 7] > 0.9
    assert thin[1, 1, 7] > 0.9
    assert thin[1, TARGET, 7] < 0.02
    alike = three(Bench, 1e-9, signal_2=TAUGHT["signal"])  # both are taught the same: nothing but what the first does not recognise is left
    assert alike[1, TARGET, 7] < 0.06


@given(rate=st.floats(0.0, 50.0), blocked=st.floats(0.0, 1.0), late=st.floats(0.0, 1.0), lifted=st.floats(0.0, 1.0), uneven=st.floats(0.0, 1.5))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_three_fractions_are_whole(rate, blocked, late, lifted, uneven):
    shares = three(Bench, rate, blocked_valves=blocked, late=late, lifted=lifted, unevenness=uneven)
    assert shares.min() >= 0.0
    np.testing.assert_allclose(shares.sum(axis=0), 1.0, rtol=1e-12)


def test_a_second_block_that_sees_nothing_changes_nothing_for_the_first():
    machine = bench_of(ALL_AT_ONCE | {"signal_2": np.zeros(0)})
    blind = bench_of(ALL_AT_ONCE | {"signal_2": np.zeros(6), "response_2": np.zeros((6, 10))})
    x = machine.feed()
    np.testing.assert_allclose(blind.split(x)[0], machine.split(x)[0], rtol=1e-9)
    assert not blind.split(x)[1].any()


def bench_of(values):
    machine = Bench("sensor_sorter", **values)
    machine.ports = 2 + bool(np.size(values["signal_2"]))
    return machine


@pytest.mark.parametrize("load", [1.0, 30.0])
def test_a_little_unevenness_is_next_to_none(load):
    even, little = (Bench("sensor_sorter", **TAUGHT, lifted=0.2, unevenness=u) for u in (0.0, 2e-3))
    np.testing.assert_allclose(little.split(even.feed(), load)[0], even.split(even.feed(), load)[0], rtol=1e-3)


def test_late_valves_cost_purity_and_shut_ones_none(bench):
    clean, shut, late = (sorted_out(bench, 3.0, **changes) for changes in ({}, {"blocked_valves": 0.2, "late": 0.0}, {"blocked_valves": 0.2, "late": 1.0}))
    assert shut[0] == pytest.approx(clean[0], rel=1e-12)
    assert late[0] < clean[0] - 0.01
    assert late[1] == pytest.approx(0.8 * clean[1], rel=0.08)
