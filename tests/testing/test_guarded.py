"""Arrays that know their bounds, and functions without a compiler that keep compiled code's arithmetic."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest

from twin.kernels.compile import kernel
from twin.testing import guarded as module
from twin.testing.guarded import Budget, OutOfBoundsError, SpentError, guarded, uncompiled


def test_docstring_examples() -> None:
    assert doctest.testmod(module) == (0, 2)


@pytest.mark.parametrize(
    "key", [(2, 0, 0), (0, 3, 0), (0, 0, 4), (-1, 0, 0), (2,), (slice(0, 1), 3), (slice(None), slice(None), -1), np.array([0, 2]), np.array([-1])]
)
def test_no_index_leads_elsewhere(key: object) -> None:
    out = guarded(np.zeros((2, 3, 4)), "out", Budget())
    with pytest.raises(OutOfBoundsError, match=r"reads (port|material|size class) -?\d of out, which has 0 to [123]"):
        out[key]
    with pytest.raises(OutOfBoundsError, match=r"writes to (port|material|size class) -?\d of out"):
        out[key] = 1.0


def test_a_part_of_an_array_knows_its_bounds_and_its_name() -> None:
    out = guarded(np.zeros((2, 3, 4)), "out", Budget())
    with pytest.raises(OutOfBoundsError, match="reads size class 4 of out"):
        out[1][2][4]
    with pytest.raises(OutOfBoundsError, match="writes to material 3 of out"):
        out[0, :, 1][3] = 1.0
    out[1][2][3] = 7.0
    assert float(out.sum()) == 7.0


def test_what_is_given_is_not_written_to() -> None:
    x = guarded(np.ones((3, 4)), "x", Budget(), given=True)
    with pytest.raises(OutOfBoundsError, match="writes to x, which it is only given"):
        x[0][1] = 0.0
    assert x[0, 1] == 1.0


def test_looks_are_counted() -> None:
    x = guarded(np.ones((3, 4)), "x", Budget(5))
    for _ in range(5):
        assert x[0, 0] == 1.0
    with pytest.raises(SpentError):
        x[0, 0]


@kernel()
def _far(a: float) -> float:
    return math.exp(a) + math.log(a - a) + 1.0 / (a - a)


@kernel()
def _calls(a: float) -> float:
    return _far(a) / float(0)


@pytest.mark.parametrize("a", [1.0, 1e4, -1e4])
def test_overflow_logarithm_and_division_are_those_of_compiled_code(a: float) -> None:
    with np.errstate(all="ignore"):
        for function in (_far, _calls):
            assert np.array_equal(uncompiled(function)(np.float64(a)), function(a), equal_nan=True)
