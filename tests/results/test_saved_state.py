"""Saved states come back exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twin.errors import FileError
from twin.results.state import has_state, load_state, save_state


def in_memory(name: str = "state") -> Any:
    return h5py.File(name, "w", driver="core", backing_store=False)


@pytest.fixture
def file() -> Iterator[Any]:
    with in_memory() as opened:
        yield opened


def same(one: Any, other: Any) -> bool:
    """Equal in type and to the last bit, the sign of zero included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, float):
        return one.hex() == other.hex()
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


arrays = hnp.arrays(st.sampled_from(["f8", "f4", "i8", "u8", "i4", "u1", "?", ">f8", ">i4"]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | arrays
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4), max_leaves=20)


@pytest.mark.soak
@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=6), trees, max_size=5))
def test_any_state_comes_back(state: dict[str, Any]) -> None:
    with in_memory() as opened:
        save_state(opened, state)
        assert same(load_state(opened), state)


@pytest.mark.parametrize("number", [0, -1, 2**63, -(2**200), 10**4000, -(10**5000) + 1], ids=lambda number: f"{number.bit_length()} bits")
def test_integers_of_any_size(file: Any, number: int) -> None:
    save_state(file, {"n": number})
    assert load_state(file)["n"] == number


@pytest.mark.parametrize("number", [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, 2**53 + 1.0])
def test_floats_to_the_last_bit(file: Any, number: float) -> None:
    save_state(file, {"x": number})
    assert same(load_state(file)["x"], number)


@pytest.mark.parametrize("text", ["", "Lünen", "a\0b", "\ud800", '\n\t"\\', "$", "𝄞"])
def test_texts(file: Any, text: str) -> None:
    save_state(file, {text: text, "$": {"$": [text]}})
    assert load_state(file) == {text: text, "$": {"$": [text]}}


def test_payload_bits_of_nan_in_arrays(file: Any) -> None:
    values = np.array([0x7FF8000000000123, 0xFFF0000000000001], dtype="u8").view("f8")
    save_state(file, {"a": values})
    assert load_state(file)["a"].tobytes() == values.tobytes()


def test_a_view_is_saved_by_its_values(file: Any) -> None:
    whole = np.arange(24.0).reshape(4, 6)
    save_state(file, {"a": whole[::2, 1::2], "t": whole.T})
    loaded = load_state(file)
    assert np.array_equal(loaded["a"], whole[::2, 1::2]) and np.array_equal(loaded["t"], whole.T)
    loaded["a"][0, 0] = 7  # can be written to


def test_a_later_state_replaces_the_earlier(file: Any) -> None:
    assert not has_state(file)
    save_state(file, {"a": np.ones(3)})
    save_state(file, {"b": 1})
    assert has_state(file) and load_state(file) == {"b": 1}


def test_many_small_arrays_make_few_datasets(file: Any) -> None:
    save_state(file, {"lots": [np.full((4, 3), float(number)) for number in range(5000)]})
    assert len(file["saved_state"]) == 2
    assert load_state(file)["lots"][4321][3, 2] == 4321


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ((1, 2), r"state\.units\[1\] is a builtins\.tuple"),
        (np.float64(1), r"is a numpy\.float64"),
        (np.int64(1), r"is a numpy\.int64"),
        ({1: 2}, r"state\.units\[1\] has the key 1"),
        ({1, 2}, r"builtins\.set"),
        (1j, r"builtins\.complex"),
        (b"x", r"builtins\.bytes"),
        (np.array(["a"]), r"numpy\.ndarray"),
        (np.array([None]), r"numpy\.ndarray"),
    ],
)
def test_what_would_not_come_back_exactly_is_refused(file: Any, value: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        save_state(file, {"units": [0, value]})


def test_no_state_and_a_broken_one(file: Any) -> None:
    with pytest.raises(FileError, match="holds no saved state"):
        load_state(file)
    save_state(file, {"a": np.ones(3)})
    del file["saved_state/arrays_f8"]
    with pytest.raises(FileError, match="damaged"):
        load_state(file)
