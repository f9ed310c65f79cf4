"""Picking by hand: grade and recovery with load, pickers, picks; what can be gripped; Erlang's loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, Bench, size_classes

from twin.kernels.covering import uncovered_share
from twin.kernels.manual_picking import erlang_loss

BOARD = MATERIALS.index("pcb")
TARGET = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
quick = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def bench(**changes):
    return Bench("manual_picking", target=TARGET, **changes)


def boards(rate=1.0, **changes):
    """Grade and recovery of boards in what is picked."""
    return bench(**changes).grade_and_recovery(0, ("pcb",), rate)


def without_boards(rate=1.0, **changes):
    """Grade of all else in the rest, of which boards are picked, and its recovery."""
    return bench(**changes).grade_and_recovery(1, tuple(name for name in MATERIALS if name != "pcb"), rate)


def test_load_hides_pieces_and_hurries_pickers():
    light, heavy = boards(0.3), boards(3.0)
    assert light[0] > heavy[0] + 0.01
    assert light[1] > heavy[1] + 0.01


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"pickers": 1.0}, {"pickers": 5.0}),
        ({"pickers": 2.0, "picks": 20 / 60}, {"pickers": 2.0, "picks": 45 / 60}),
        ({"recognition": 0.6}, {"recognition": 0.95}),
    ],
)
def test_more_pickers_who_are_quicker_or_see_better_pick_more_and_cleaner(less, more):
    before, after = boards(**less), boards(**more)
    assert after[0] > before[0] + 0.01
    assert after[1] > before[1] + 0.01


def test_what_is_left_is_cleaner_the_more_is_picked():
    few, many = without_boards(smallest=0.01, mistakes=0.0, pickers=5.0), without_boards(smallest=0.01, mistakes=0.0, pickers=300.0)
    assert many[0] > few[0] + 0.01
    assert few[1] == many[1] == 1.0


def test_a_faster_belt_spreads_the_pieces():
    assert boards(2.0, belt_speed=0.5, pickers=20.0)[1] > boards(2.0, belt_speed=0.25, pickers=20.0)[1] + 0.01


def test_nobody_picks_nothing():
    out = bench(pickers=0.0).split(bench().feed(), 1.0)
    assert not out[0].any()


def test_without_load_pickers_take_all_they_recognise_of_what_they_can_grip():
    machine = bench(smallest=0.001, largest=10.0, heaviest=1e6)
    x = machine.feed()
    out = machine.split(x, at=np.zeros_like(x))
    np.testing.assert_allclose(out[0, BOARD, 2:], 0.9 * x[BOARD, 2:], rtol=1e-12)
    np.testing.assert_allclose(out[0, 0, 2:], 0.01 * x[0, 2:], rtol=1e-12)


def test_too_small_too_large_and_too_heavy_pieces_pass():
    machine = bench(smallest=0.063, largest=0.125)
    out = machine.split(machine.feed(), 1.0)[0]
    assert not out[:, :8].any()
    assert not out[:, 9:].any()
    assert out[BOARD, 8] > 0.0
    heaviest = 0.999 * PROPERTIES["density"][0] * PROPERTIES["thickness_ratio"][0] * 0.063**3  # less than a steel piece of 63 mm
    steel = Bench("manual_picking", target=np.ones(6), heaviest=heaviest).split(machine.feed(), 1.0)[0]
    assert not steel[0, 8:].any()
    assert steel[0, 7] > 0.0
    assert steel[BOARD, 8] > 0.0


def test_pickers_never_pick_more_than_they_can():
    machine = bench(smallest=0.016)
    pieces = PROPERTIES["density"][BOARD] * PROPERTIES["thickness_ratio"][BOARD]
    for rate in (0.1, 0.5, 2.0, 8.0):
        x = machine.feed() * rate / 100.0
        picked = machine.split(x, at=x)[0][BOARD, 6:] / (pieces * machine.sizes.mean[6:] ** 3)  # pieces a second
        assert picked.sum() <= 4 * 0.5


@given(a=st.floats(1e-6, 60.0), c=st.floats(0.0, 40.0), more=st.floats(0.0, 5.0))
@quick
def test_the_loss_falls_with_pickers_and_rises_with_what_is_offered(a, c, more):
    assert 0.0 <= erlang_loss(c + more, a) <= erlang_loss(c, a) <= 1.0
    assert erlang_loss(c, a) <= erlang_loss(c, a + more) + 1e-15
    assert a * (1.0 - erlang_loss(c, a)) <= c * (1.0 + 1e-12)


def test_the_share_picked_has_no_jumps_in_the_number_of_pickers():
    recovered = [boards(pickers=pickers)[1] for pickers in np.linspace(0.5, 4.5, 401)]
    assert np.max(np.abs(np.diff(recovered))) < 0.003


def test_pieces_in_many_layers_are_all_but_hidden():
    assert uncovered_share(1e-12) == pytest.approx(1.0)
    assert uncovered_share(2e-9) == pytest.approx(1.0 - 1e-9, rel=1e-12)
    assert uncovered_share(50.0) == pytest.approx(0.02)


def test_a_deep_belt_is_counted():
    machine = bench()
    machine.split(machine.feed(), 1.0)
    assert not machine.warned.any()
    machine.split(machine.feed(), 10.0)
    assert machine.warned[0] == 1


def test_one_size():
    machine = Bench("manual_picking", sizes=size_classes(100), target=TARGET, smallest=0.02)
    x = np.full(machine.shape, 5.0)
    assert 0.0 < machine.split(x, 0.1)[0][BOARD, 0] < 5.0
