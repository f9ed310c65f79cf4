"""Integrals of smooth positive functions, and their inverses, to the last digits: Gauss and Legendre's rule, without outside libraries."""

from __future__ import annotations

import math
from collections.abc import Callable

_ORDER = 12
_NEAR = 1e-11
"""s: a root is found when a step is shorter than this."""
_MOST_STEPS = 100


def _rule(order: int) -> tuple[tuple[float, float], ...]:
    """Nodes on [-1, 1] with their weights, by Newton's method on the Legendre polynomial."""
    found = []
    for k in range(order):
        x, slope = math.cos(math.pi * (k + 0.75) / (order + 0.5)), 1.0
        for _ in range(20):
            before, here = 1.0, x
            for n in range(2, order + 1):
                before, here = here, ((2 * n - 1) * x * here - (n - 1) * before) / n
            slope = order * (x * here - before) / (x * x - 1.0)
            x -= here / slope
        found.append((x, 2.0 / ((1.0 - x * x) * slope * slope)))
    return tuple(found)


_RULE = _rule(_ORDER)


def integral(function: Callable[[float], float], end: float) -> float:
    """Return the integral from 0 to ``end`` of a function that turns by at most a quarter of a period in between."""
    half = 0.5 * end
    return half * math.fsum(weight * function(half + half * node) for node, weight in _RULE)


def inverse_integral(function: Callable[[float], float], target: float, end: float) -> float:
    """Return the x in [0, end] up to which ``function``, more than 0, integrates to ``target``: Newton's steps, kept in a bracket."""
    low, high = 0.0, end
    x = min(end, target / function(0.5 * end))
    for _ in range(_MOST_STEPS):
        missing = target - integral(function, x)
        low, high = (x, high) if missing > 0.0 else (low, x)
        step = missing / function(x)
        if abs(step) < _NEAR:
            return min(max(x + step, 0.0), end)
        x = x + step if low < x + step < high else 0.5 * (low + high)
    return x
