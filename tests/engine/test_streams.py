"""Random streams: named, independent of one another, resumed by a count."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine.streams import CHUNK, Stream, spawn_key


def reference(seed: int, replication: int, unit: str, purpose: str, count: int) -> list[float]:
    digest = hashlib.sha256(f"{unit}/{purpose}".encode()).digest()
    words = [int.from_bytes(digest[k : k + 4], "little") for k in (0, 4)]
    bits = np.random.Philox(np.random.SeedSequence(seed, spawn_key=(replication, *words)))
    return np.random.Generator(bits).random(count).tolist()


def test_a_stream_is_the_philox_of_its_name() -> None:
    stream = Stream(7, 2, "shredder", "life")
    assert [stream.uniform() for _ in range(2 * CHUNK + 3)] == reference(7, 2, "shredder", "life", 2 * CHUNK + 3)
    assert stream.used == 2 * CHUNK + 3
    assert spawn_key(2, "shredder", "life") == (2, 534508540, 1105408456)


@given(used=st.integers(0, 400), more=st.integers(1, 80))
def test_a_stream_goes_on_from_any_count(used: int, more: int) -> None:
    whole = reference(3, 0, "u", "p", used + more)
    assert [Stream(3, 0, "u", "p", used).uniform()] == whole[used : used + 1]
    stream = Stream(3, 0, "u", "p")
    stream.uniform()
    stream.rewind(used)
    assert [stream.uniform() for _ in range(more)] == whole[used:]


@pytest.mark.parametrize("other", [(8, 0, "a", "p"), (7, 1, "a", "p"), (7, 0, "b", "p"), (7, 0, "a", "q")])
def test_seed_replication_unit_and_purpose_each_give_other_numbers(other: tuple[int, int, str, str]) -> None:
    assert Stream(7, 0, "a", "p").uniform() != Stream(*other).uniform()
