"""One arena for all contents: places do not disturb one another while it grows, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.engine.arena import Arena
from twin.engine.content import Heap, Queue
from twin.errors import UsageError

SHAPE = (3, 2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), moves=st.integers(50, 400))
def test_contents_in_one_arena_are_those_in_arenas_of_their_own(seed: int, moves: int) -> None:
    """To the last bit, through growth of queues (over 16 lots), of the arena (over 64 slots) and of its places (over 8), and through a saved state."""
    chance, arena = np.random.default_rng(seed), Arena(SHAPE)
    kinds = [Queue if chance.random() < 0.7 else Heap for _ in range(12)]
    shared, alone = [kind(SHAPE, arena=arena) for kind in kinds], [kind(SHAPE) for kind in kinds]
    ours, theirs = np.zeros(SHAPE), np.zeros(SHAPE)
    for _ in range(moves):
        k = int(chance.integers(3 if chance.random() < 0.8 else 12))  # a few get long
        if chance.random() < 0.7 or shared[k].level == 0.0:
            x, share = chance.random(SHAPE), float(chance.random())
            amount = float(x.sum()) * share
            for content in (shared[k], alone[k]):
                content.put(x, share, amount, 0, 0)
        else:
            amount = float(chance.random()) * shared[k].level
            shared[k].peek(amount, theirs)
            shared[k].draw(amount, ours, 0)
            assert ours.tobytes() == theirs.tobytes()
            alone[k].draw(amount, theirs, 0)
            assert ours.tobytes() == theirs.tobytes()
        if chance.random() < 0.1:
            shared[k].give_back()
            arena.tidy()
    for k, (one, other) in enumerate(zip(shared, alone, strict=True)):
        state, expected = one.save(), other.save()
        assert {name: np.asarray(value).tobytes() for name, value in state.items()} == {n: np.asarray(v).tobytes() for n, v in expected.items()}
        fresh = kinds[k](SHAPE, arena=arena)
        fresh.load(state)
        total, expected_total = np.zeros(SHAPE[0]), np.zeros(SHAPE[0])
        fresh.weigh(total)
        other.weigh(expected_total)
        assert total.tobytes() == expected_total.tobytes()
        assert fresh.level == other.level


@pytest.mark.parametrize("x", [np.zeros((2, 2)), np.zeros((2, 3)).T, np.zeros(SHAPE, dtype=np.float32)])
def test_a_matrix_that_does_not_fit_is_refused(x: np.ndarray) -> None:  # type: ignore[type-arg]
    """The kernels behind look at nothing: another shape or layout would be read as if it were right."""
    queue = Queue(SHAPE)
    queue.put(np.ones(SHAPE), 1.0, 6.0, 0, 0)
    for refused in (lambda: queue.put(x, 1.0, 1.0, 0, 0), lambda: queue.draw(1.0, x, 0), lambda: queue.peek(1.0, x)):
        with pytest.raises(UsageError, match=r"contiguous array of floats of shape \(3, 2\)"):
            refused()
    assert queue.level == 6.0


def test_queues_that_were_long_give_their_room_back() -> None:
    """Eight queues that are long one after the other, never two at once, need the room of one; and what is left in them, and beside them, is what it was."""
    arena = Arena(SHAPE)
    heap, queues = Heap(SHAPE, arena=arena), [Queue(SHAPE, arena=arena) for _ in range(8)]
    heap.put(np.ones(SHAPE), 3.0, 18.0, 0, 0)
    out, most = np.zeros(SHAPE), 0
    for number, queue in enumerate(queues, start=1):
        for lot in range(200):
            queue.put(np.ones(SHAPE), 1.0 + lot, 6.0 * (1.0 + lot), 0, 0)
        while len(queue.save()["mass"]) > number:
            queue.draw(6.0 * 200, out, 0)
        left = [np.asarray(value).tobytes() for one in (*queues, heap) for value in one.save().values()]
        queue.give_back()
        arena.tidy()
        assert [np.asarray(value).tobytes() for one in (*queues, heap) for value in one.save().values()] == left
        most = max(most, len(arena._mass))
    assert most <= 2.5 * (1 + 7 * 16 + 496)  # without it 8 * 496 at least
    assert len(arena._mass) < 2.5 * (1 + 8 * 32)
