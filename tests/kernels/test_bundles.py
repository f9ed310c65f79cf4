"""Bundles: what compiled code reads is what Python laid out, and what it would misread is refused."""

from __future__ import annotations

import copy
from typing import Any

import numba
import numpy as np
import pytest
from numba import types

from twin.kernels.bundles import Bundle, BundleType, record_of, records_of

PIECE = np.dtype([("mass", "f8"), ("place", "i8")])
INNER = BundleType("Inner", (("piece", record_of(PIECE)), ("count", types.int64)))
OUTER = BundleType("Outer", (("x", types.float64[:, ::1]), ("pieces", records_of(PIECE)), ("inner", INNER), ("row", types.int64[::1])))


class Inner(Bundle):
    kind = INNER
    piece: Any
    count: int


class Outer(Bundle):
    kind = OUTER
    x: Any
    pieces: Any
    inner: Inner
    row: Any


@numba.njit
def total(outer: Any) -> float:
    found = outer.x.sum() + outer.inner.count + outer.inner.piece.mass
    for k in range(outer.row.shape[0]):
        outer.pieces[k].mass += outer.row[k]
        found += outer.pieces[k].mass
    outer.x[1, 2] = found
    return found


def made() -> Outer:
    pieces = np.zeros(3, dtype=PIECE)
    pieces["mass"] = (1.0, 2.0, 4.0)
    return Outer(np.full((2, 3), 0.5), pieces, inner=Inner(pieces[1:], 7), row=np.array([10, 20]))


def test_compiled_code_reads_and_writes_what_was_laid_out() -> None:
    outer = made()
    assert total(outer) == 3.0 + 7 + 2.0 + 11.0 + 22.0
    assert outer.x[1, 2] == 45.0 and outer.pieces["mass"].tolist() == [11.0, 22.0, 4.0]
    outer.lay_out({"x": np.zeros((4, 3)), "pieces": outer.pieces, "inner": outer.inner, "row": np.zeros(0, dtype=np.int64)})
    assert total(outer) == 7 + 22.0, "the record is the second piece itself, whose mass has risen"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", np.zeros((2, 3), dtype=np.float32)),
        ("x", np.zeros(6)),
        ("x", np.zeros((3, 2)).T),
        ("x", np.frombuffer(bytes(49), dtype=np.uint8)[1:].view(np.float64).reshape(2, 3)),
        ("pieces", np.zeros(3, dtype=[("mass", "f8"), ("other", "i8")])),
        ("inner", 7),
        ("inner", made()),
        ("row", np.zeros(2)),
    ],
)
def test_what_would_be_misread_is_refused(name: str, value: Any) -> None:
    good = made()
    fields = {field: getattr(good, field) for field in OUTER.kinds}
    with pytest.raises(TypeError, match=rf"Outer\.{name} takes"):
        Outer(**{**fields, name: value})


def test_a_number_that_is_none_too_many_values_a_field_alone_and_copies_are_refused() -> None:
    outer = made()
    with pytest.raises(TypeError):
        Inner(outer.pieces, 3.7)
    with pytest.raises(TypeError, match="takes an array"):
        Inner(np.zeros(0, dtype=PIECE), 3)
    with pytest.raises(TypeError, match="2 fields"):
        Inner(outer.pieces, 3, 4)
    with pytest.raises(AttributeError, match="lay_out"):
        outer.x = np.zeros((2, 3))
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.deepcopy(outer)
