"""The particle mode: its random numbers, the same decisions for any number of threads, and the closed forms where they hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import PROPERTIES as OF_MATERIALS
from machine_bench import SIZES, VALUES, Bench

from twin.errors import UsageError
from twin.kernels.particle_belt import HALF, RANK, ROWS, X, Y, hide, pile
from twin.kernels.particles import alias_table, eddy_partition, sensor_partition
from twin.kernels.philox import uniforms
from twin.materials.pieces import with_pieces

LOW = 0xFFFFFFFF
PROPERTIES = with_pieces(OF_MATERIALS, SIZES.lower, SIZES.upper)
TAUGHT = {"response": np.zeros((0, 0)), "signal": np.array([0.0, 0.0, 0.0, 0.0, 1.0, 0.0]), "visible": np.ones(6)}
SENSOR = {**VALUES["sensor_sorter"][2], **TAUGHT}
EDDY = VALUES["eddy_current"][2]


def coarse(rate):
    """A stream, kg/s, of 16 to 125 mm."""
    x = np.zeros_like(Bench("eddy_current").feed())
    x[:, 6:8] = Bench("eddy_current").feed()[:, 6:8]
    return x * rate / x.sum()


def philox(counter, key):
    """Philox 4x32-10 in plain integers."""
    w, x, y, z = counter
    low, high = key
    for _ in range(10):
        p, q = 0xD2511F53 * w, 0xCD9E8D57 * y
        w, x, y, z = (q >> 32) ^ x ^ low, q & LOW, (p >> 32) ^ z ^ high, p & LOW
        low, high = (low + 0x9E3779B9) & LOW, (high + 0xBB67AE85) & LOW
    return w, x, y, z


# --- random numbers --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((LOW, LOW, LOW, LOW), (LOW, LOW), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0), "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers(counter, key, words):
    """Those of Random123 (Salmon et al. 2011), of the plain version here."""
    assert " ".join(f"{word:08x}" for word in philox(counter, key)) == words


@given(b=st.integers(0, LOW), c=st.integers(0, LOW), d=st.integers(0, LOW), low=st.integers(0, LOW), high=st.integers(0, LOW))
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_the_kernel_draws_the_same_words(b, c, d, low, high):
    out = np.empty((4, 20))
    uniforms(20, b, c, d, low, high, out)
    for i in range(20):
        assert out[:, i].tolist() == [(word + 0.5) / 2**32 for word in philox((i, b, c, d), (low, high))]


@given(shares=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40).filter(lambda shares: sum(shares) > 0.0))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_the_alias_tables_give_back_the_shares(shares):
    wanted = np.array(shares) / sum(shares)
    stay, cells = alias_table(wanted)
    got = np.zeros(len(wanted))
    for bucket, (own, other) in enumerate(cells):
        got[own] += stay[bucket] / len(wanted)
        got[other] += (1.0 - stay[bucket]) / len(wanted)
    assert got == pytest.approx(wanted, abs=1e-12)


# --- pieces that lie on one another ----------------------------------------------------------------------------------------------------


def heap(seed, count=60):
    rng = np.random.Generator(np.random.Philox(seed))
    pieces = rng.random((ROWS, count))
    pieces[X].sort()
    pieces[HALF] = rng.choice([0.01, 0.03, 0.08], count)
    return pieces


@pytest.mark.parametrize("seed", range(5))
def test_hidden_is_whose_centre_lies_under_a_piece_of_higher_rank(seed):
    pieces = heap(seed)
    hidden = np.empty(60, np.uint8)
    hide(pieces, 60, 0.08, hidden, np.empty(60, np.uint8))
    far = np.maximum(abs(pieces[X][:, None] - pieces[X]), abs(pieces[Y][:, None] - pieces[Y]))
    assert np.array_equal(hidden, ((far < pieces[HALF]) & (pieces[RANK] > pieces[RANK][:, None])).any(axis=1))
    assert 0 < hidden.sum() < 60
    hide(pieces, 60, 0.0, hidden, np.empty(60, np.uint8))
    assert not hidden.any()


@pytest.mark.parametrize("seed", range(5))
def test_layers_are_what_overlaps_a_piece_over_its_area(seed):
    pieces = heap(seed)
    layers = np.empty(60)
    pile(pieces, 60, 0.16, layers, np.empty(60))
    low, high = pieces[[X, Y]] - pieces[HALF], pieces[[X, Y]] + pieces[HALF]
    shared = np.clip(np.minimum(high[:, :, None], high[:, None]) - np.maximum(low[:, :, None], low[:, None]), 0.0, None).prod(axis=0)
    np.fill_diagonal(shared, 0.0)
    assert layers == pytest.approx(shared.sum(axis=1) / (2.0 * pieces[HALF]) ** 2, abs=1e-12)


# --- the same for any number of threads ------------------------------------------------------------------------------------------------


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("partition", "values"), [(sensor_partition, SENSOR), (eddy_partition, EDDY)])
def test_threads_change_no_bit_and_the_seed_does(partition, values):
    one, two, five = (partition(values, PROPERTIES, SIZES, coarse(4.0), pieces=30_000, seed=3, threads=n) for n in (1, 2, 5))
    for other in (two, five):
        assert np.array_equal(one.pieces, other.pieces)
        assert one.share.tobytes() == other.share.tobytes()
        assert one.error.tobytes() == other.error.tobytes()
    assert not np.array_equal(one.pieces, partition(values, PROPERTIES, SIZES, coarse(4.0), pieces=30_000, seed=4).pieces)
    assert not np.array_equal(one.pieces, partition(values, PROPERTIES, SIZES, coarse(4.0), pieces=30_000, seed=3 + 2**32).pieces)


@pytest.mark.parametrize(("partition", "values"), [(sensor_partition, SENSOR), (eddy_partition, EDDY)])
def test_shares_sum_to_one_and_cells_without_pieces_have_none(partition, values):
    at = coarse(4.0)
    sampled = partition(values, PROPERTIES, SIZES, at, pieces=30_000)
    assert sampled.share[:, at > 0].sum(axis=0) == pytest.approx(np.ones((at > 0).sum()), abs=1e-12)
    assert np.isnan(sampled.share[:, at == 0]).all()
    assert not sampled.pieces[at == 0].any()
    assert sampled.pieces.sum() == pytest.approx(30_000, rel=0.1)


# --- against the closed forms ----------------------------------------------------------------------------------------------------------


def closed(name, at, **changes):
    return Bench(name, **changes).split(np.ones_like(at), at=at)


def agrees(sampled, shares, sigma=4.0):
    """Within ``sigma`` standard errors, in each cell with enough pieces on either side; at least one more piece for the rest."""
    there = sampled.pieces > 100
    band = sigma * sampled.error[0][there] + 10.0 / sampled.pieces[there]
    return np.all(np.abs(sampled.share[0][there] - shares[0][there]) < band)


@pytest.mark.parametrize("rate", [1.0, 10.0])
@pytest.mark.parametrize(
    "changes", [{"overlap": 0.0}, {"overlap": 0.0, "position_error": 0.01, "timing_error": 0.01}, {"overlap": 0.0, "blocked_valves": 0.15, "valve_pitch": 0.03}]
)
def test_where_no_piece_hides_another_the_closed_form_of_the_sorter_is_exact(rate, changes):
    """On a belt so wide that its edges do not count."""
    values, at = {**SENSOR, **changes, "belt_width": 40.0}, 20.0 * coarse(rate)
    sampled = sensor_partition(values, PROPERTIES, SIZES, at, pieces=150_000, seed=11)
    assert agrees(sampled, closed("sensor_sorter", at, **values))


def test_pieces_that_hide_one_another_follow_it_on_a_thinly_covered_belt():
    values, at = {**SENSOR, "position_error": 0.0, "timing_error": 0.0, "belt_width": 40.0}, 20.0 * coarse(2.0)
    sampled = sensor_partition(values, PROPERTIES, SIZES, at, pieces=150_000, seed=11)
    assert np.nanmax(np.abs(sampled.share[0] - closed("sensor_sorter", at, **values)[0])[sampled.pieces > 1000]) < 0.01
    unhidden = closed("sensor_sorter", at, **{**values, "overlap": 0.0})[0]
    assert sampled.share[0][4, 7] < unhidden[4, 7] - 0.002


def test_on_a_crowded_belt_the_closed_form_of_the_sorter_underrates_what_is_ejected():
    values, at = {**SENSOR, "belt_width": 2.0}, coarse(60.0)
    sampled = sensor_partition(values, PROPERTIES, SIZES, at, pieces=150_000, seed=11)
    assert sampled.share[0][4, 6] > closed("sensor_sorter", at, **values)[0][4, 6] + 0.01


def test_misalignment_loses_targets():
    shares = [
        sensor_partition({**SENSOR, "timing_error": t}, PROPERTIES, SIZES, coarse(1.0), pieces=60_000, seed=1).share[0][4, 6] for t in (0.0, 0.005, 0.01, 0.02)
    ]
    assert np.all(np.diff(shares) < -0.01)


def test_blocked_valves_cost_their_share():
    clean, blocked = (
        sensor_partition({**SENSOR, "blocked_valves": b}, PROPERTIES, SIZES, coarse(1.0), pieces=400_000, seed=1) for b in (0.0, 0.25)
    )  # fmt: skip
    assert blocked.share[0][4, 6] == pytest.approx(0.75 * clean.share[0][4, 6], abs=4.0 * (blocked.error[0][4, 6] + clean.error[0][4, 6]))


def test_single_pieces_land_where_the_closed_form_of_the_eddy_current_has_them():
    at = coarse(1e-4)
    sampled = eddy_partition(EDDY, PROPERTIES, SIZES, at, pieces=300_000, seed=5)
    assert agrees(sampled, closed("eddy_current", at))


def test_crowding_makes_the_throw_of_the_eddy_current_worse_as_in_the_closed_form():
    """The mean of a scatter that differs from piece to piece is not that of the mean occupation, but it goes the same way."""
    at, near = coarse(8.0), {"splitter": 1.5}
    sampled, single = (eddy_partition({**EDDY, **near}, PROPERTIES, SIZES, stream, pieces=200_000, seed=5).share[0] for stream in (at, coarse(1e-4)))
    before, after = (closed("eddy_current", stream, **near)[0] for stream in (coarse(1e-4), at))
    aluminium = (1, 7)
    assert single[aluminium] - sampled[aluminium] > 0.01
    assert before[aluminium] - after[aluminium] > 0.01
    assert sampled[aluminium] == pytest.approx(after[aluminium], abs=0.06)


def test_errors_are_those_of_repeated_samples():
    at = coarse(4.0)
    runs = [sensor_partition(SENSOR, PROPERTIES, SIZES, at, pieces=20_000, seed=seed) for seed in range(30)]
    shares = np.array([run.share[0][4, 6] for run in runs])
    told = np.mean([run.error[0][4, 6] for run in runs])
    assert shares.std(ddof=1) == pytest.approx(told, rel=4.0 / np.sqrt(2 * 29))


# --- what cannot be sampled ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partition", [sensor_partition, eddy_partition])
def test_no_stream_and_too_fine_a_stream_are_refused(partition):
    values = SENSOR if partition is sensor_partition else EDDY
    for at in (np.zeros((6, 10)), -coarse(1.0), coarse(1.0) * np.nan):
        with pytest.raises(UsageError, match="needs a stream"):
            partition(values, PROPERTIES, SIZES, at)
    dusty = coarse(1.0)
    dusty[0, 0] = 100.0
    with pytest.raises(UsageError, match="leave out the finest sizes"):
        partition(values, PROPERTIES, SIZES, dusty)
