"""How large the benchmarks are: whole, or small enough for the tests to run each of them, peers included, with ``TWIN_BENCH_SMALL=1``.

Small ones prove that a benchmark runs and that candidate and peer agree; their times mean nothing.
"""

from __future__ import annotations

import os
from typing import TypeVar

SMALL = os.environ.get("TWIN_BENCH_SMALL", "") == "1"
T = TypeVar("T")


def size(whole: T, small: T) -> T:
    """``whole``, or ``small`` where the tests ask for it."""
    return small if SMALL else whole
