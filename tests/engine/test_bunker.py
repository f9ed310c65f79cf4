"""Bunkers: exact splitting and mixing, tolerance, places held and reserved."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.engine.bunker import Bunker
from twin.engine.content import Heap, Queue

SHAPE = (2, 3)


def lot(chance: np.random.Generator, mass: float) -> np.ndarray:  # type: ignore[type-arg]
    x = chance.random(SHAPE)
    return np.ascontiguousarray(x * (mass / x.sum()))


@settings(max_examples=60, deadline=None)
@given(moves=st.lists(st.floats(0.01, 30.0), min_size=1, max_size=80), seed=st.integers(0, 1000))
def test_a_queue_gives_out_what_came_in_first_in_order(moves: list[float], seed: int) -> None:
    """Against a plain list of lots, drawn from the front."""
    chance = np.random.default_rng(seed)
    queue, plain, out = Queue(SHAPE), deque(), np.zeros(SHAPE)  # type: ignore[var-annotated]
    for mass in moves:
        if chance.random() < 0.55 or queue.level <= mass:
            x = lot(chance, mass)
            queue.put(x, 1.0, mass, 0, 0)
            plain.append([x.copy(), mass])
            continue
        expected, need = np.zeros(SHAPE), mass
        while need > 1e-12 * mass:
            x, own = plain[0]
            share = min(1.0, need / own)
            expected += x * share
            plain[0] = [x * (1 - share), own * (1 - share)]
            need -= own * share
            if share == 1.0:
                plain.popleft()
        peeked = np.zeros(SHAPE)
        queue.peek(mass, peeked)
        queue.draw(mass, out, 0)
        assert np.array_equal(peeked, out)
        assert np.allclose(out, expected, rtol=1e-9, atol=1e-12)
    left = np.zeros(2)
    queue.weigh(left)
    assert left.sum() == pytest.approx(sum(x.sum() for x, _ in plain), abs=1e-9)
    assert queue.level == pytest.approx(left.sum(), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(moves=st.lists(st.floats(0.01, 30.0), min_size=1, max_size=60), seed=st.integers(0, 1000))
def test_a_heap_gives_out_its_mean_composition(moves: list[float], seed: int) -> None:
    chance = np.random.default_rng(seed)
    heap, total, out = Heap(SHAPE), np.zeros(SHAPE), np.zeros(SHAPE)
    for mass in moves:
        if chance.random() < 0.6 or heap.level <= mass:
            x = lot(chance, mass)
            heap.put(x, 1.0, mass, 0, 0)
            total += x
            continue
        heap.draw(mass, out, 0)
        assert out.sum() == pytest.approx(mass, rel=1e-9)
        assert np.allclose(out / out.sum(), total / total.sum(), rtol=1e-9)
        total -= out
    assert np.allclose(heap.heap, total, atol=1e-9)


@pytest.mark.parametrize("make", [Queue, Heap])
def test_a_content_comes_back_from_its_state(make: type[Queue] | type[Heap]) -> None:
    chance = np.random.default_rng(1)
    content, out, again = make(SHAPE), np.zeros(SHAPE), np.zeros(SHAPE)
    for k in range(40):
        content.put(lot(chance, 2.0), 1.0, 2.0, 0, 0)
        if k % 3 == 2:
            content.draw(2.7, out, 0)
    twin = make(SHAPE)
    twin.load(content.save())
    for _ in range(10):
        content.draw(3.3, out, 0)
        twin.draw(3.3, again, 0)
        assert np.array_equal(out, again)
    assert content.level == twin.level


def test_three_tenths_fit_into_three_tenths() -> None:
    bunker = Bunker("b", 0.3, Queue(SHAPE))
    for _ in range(3):
        assert bunker.fits(0.1)
        bunker.put(lot(np.random.default_rng(0), 0.1), 1.0, 0.1, 0, 0)
    assert not bunker.fits(0.1)
    assert not bunker.fits(0.0)
    assert bunker.contains(0.3)
    assert bunker.room() == 0.0


def test_held_and_reserved_places_are_given_back_exactly() -> None:
    bunker = Bunker("b", 1.0, Queue(SHAPE))
    for k in range(1000):
        bunker.reserved["x"] = 0.1 * (k % 7)
        bunker.held["y"] = 0.3
        assert bunker.room() == pytest.approx(1.0 - 0.3 - 0.1 * (k % 7))
        del bunker.reserved["x"], bunker.held["y"]
    assert bunker.room() == 1.0


def test_nothing_is_left_of_a_bunker_that_is_emptied_in_many_draws() -> None:
    bunker, out = Bunker("b", 100.0, Heap(SHAPE)), np.zeros(SHAPE)
    bunker.put(lot(np.random.default_rng(0), 70.0), 1.0, 70.0, 0, 0)
    for _ in range(700):
        bunker.draw(0.1, out, 0, 0)
    assert bunker.level == 0.0
    assert not bunker.contains(0.0)
