"""Robots: grade and recovery with load, arms, cycle time and grips; what can be gripped; the lost pieces against a simulated belt."""

import heapq
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, Bench

from twin.kernels.covering import uncovered_share

BOARD = MATERIALS.index("pcb")
TARGET = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
quick = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def bench(**changes):
    return Bench("robot", **{"target": TARGET, **changes})


def boards(rate=1.0, **changes):
    """Grade and recovery of boards in what is picked."""
    return bench(**changes).grade_and_recovery(0, ("pcb",), rate)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"rate": 3.0}, {"rate": 0.3}),
        ({"arms": 1.0}, {"arms": 4.0}),
        ({"picks": 20 / 60}, {"picks": 80 / 60}),
        ({"grip": 0.5}, {"grip": 0.95}),
        ({"recognition": 0.7}, {"recognition": 0.95}),
        ({"unevenness": 1.0}, {"unevenness": 0.0}),
        ({"heaviest": 0.05}, {"heaviest": 5.0}),
        ({"largest": 0.08}, {"largest": 0.5}),
        ({"smallest": 0.1}, {"smallest": 0.02, "arms": 20.0}),
        ({"rate": 3.0, "belt_speed": 0.25, "arms": 50.0}, {"rate": 3.0, "belt_speed": 1.0, "arms": 50.0}),
    ],
)
def test_recovery_rises_with_what_gives_arms_time_sight_and_hold(less, more):
    assert boards(**more)[1] > boards(**less)[1] + 0.005


@pytest.mark.parametrize(("dirty", "clean"), [({"mistakes": 0.08}, {"mistakes": 0.0}), ({"recognition": 0.7}, {"recognition": 0.95})])
def test_a_better_eye_picks_cleaner(dirty, clean):
    assert boards(**clean)[0] > boards(**dirty)[0] + 0.01


def test_grips_by_material_and_a_confusion_matrix_stand_in_the_place_of_the_numbers():
    taken = np.where(TARGET == 1.0, 0.9, 0.02)
    plain, table = bench(), bench(target=np.zeros(6), taken=taken, grips=np.full((1, 10), 0.85), recognition=0.0, mistakes=0.0, grip=0.0)
    assert np.array_equal(plain.split(plain.feed(), 1.0), table.split(plain.feed(), 1.0))
    poor = np.full((6, 10), 0.85)
    poor[BOARD] = 0.4
    weak = bench(grips=poor)
    assert weak.split(plain.feed(), 1.0)[0, BOARD].sum() == pytest.approx(0.4 / 0.85 * plain.split(plain.feed(), 1.0)[0, BOARD].sum(), rel=1e-12)


def test_without_load_it_picks_what_it_recognises_and_holds():
    machine = bench(smallest=0.001, largest=10.0, heaviest=1e6)
    x = machine.feed()
    out = machine.split(x, at=np.zeros_like(x))
    np.testing.assert_allclose(out[0, BOARD, 2:], 0.9 * 0.85 * x[BOARD, 2:], rtol=1e-12)
    np.testing.assert_allclose(out[0, 0, 2:], 0.02 * 0.85 * x[0, 2:], rtol=1e-12)


def test_no_arms_pick_nothing():
    assert not bench(arms=0.0).split(bench().feed(), 1.0)[0].any()


@pytest.mark.parametrize("rate", [0.1, 1.0, 10.0])
def test_arms_never_pick_more_than_they_can(rate):
    machine = bench()
    x = machine.feed() * rate / 100.0
    grips = (machine.split(x, at=x)[0] * machine.properties["piece_number"]).sum()  # held, a second
    assert grips <= 0.85 * 2 * 0.7


def test_a_simulated_belt_with_peaks_is_picked_as_the_formula_says():
    """2 arms of 42 grips a minute over plates of one kind; stretches of belt with loads drawn from a gamma distribution. Standard error .004."""
    machine = bench(unevenness=0.5)
    x = np.zeros(machine.shape)
    x[BOARD, 8] = 1.0
    rate = 0.5
    numbers = rate * machine.properties["piece_number"][BOARD, 8]
    layers = rate * machine.properties["piece_cover"][BOARD, 8] / (0.5 * 1.2)
    chance, came, met = random.Random(3), 0, 0
    for _ in range(400):
        load, now, busy = chance.gammavariate(4.0, 0.25), 0.0, [0.0, 0.0]
        seen = uncovered_share(layers * load)
        while now < 200.0:
            now += chance.expovariate(max(numbers * load, 1e-9))
            came += 1
            if chance.random() < 0.9 * seen and busy[0] <= now:
                heapq.heapreplace(busy, now + 1.0 / 0.7)
                met += chance.random() < 0.85
    assert machine.split(x, rate)[0].sum() == pytest.approx(met / came, abs=0.02)


@given(rate=st.floats(0.01, 20.0), factor=st.floats(1.0, 3.0))
@quick
def test_load_never_raises_recovery(rate, factor):
    assert boards(rate * factor)[1] <= boards(rate)[1] + 1e-12


def test_more_than_a_layer_is_counted():
    machine = bench()
    machine.split(machine.feed(), 1.0)
    assert not machine.warned.any()
    machine.split(machine.feed(), 30.0)
    assert machine.warned[0] == 1
