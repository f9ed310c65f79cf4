"""The time to the first of a row of events that has gone on for ever: the equilibrium distribution of a gap.

Its density is (1 - F(x))/mean, with F the distribution of the gap. With it as many events come in a time as the mean gap says, from the start on.
(D. R. Cox, Renewal Theory, 1962, section 5.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist

from twin.scenario.distributions import Distribution

_NORMAL = NormalDist()
_LAST = 1.0 - 2.0**-53
_STEPS = 200
"""Halvings after which a bracket of floats is closed for sure."""


def beyond(inverse: Callable[[float], float], reached: float, u: float) -> float:
    """Return the variate of the uniform ``u`` given that it is more than ``reached``, for any distribution by its ``inverse``.

    With F the probability that what is drawn is at most ``reached``, it is the inverse at F + u (1 - F). Where nothing lies beyond, it is ``reached``.

    >>> from twin.scenario.distributions import exponential
    >>> round(beyond(exponential(2.0, "s").inverse, 3.0, 0.5) - 3.0, 9)  # it has no memory: 2 ln 2
    1.386294361
    """
    if inverse(0.0) > reached:
        return inverse(u)
    if inverse(_LAST) <= reached:
        return reached
    low, high = 0.0, _LAST  # inverse(low) <= reached < inverse(high)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if inverse(middle) <= reached else (low, middle)
    return max(reached, inverse(min(low + u * (1.0 - low), _LAST)))


def first_gap(gap: Distribution, u: float) -> float:
    """Return the time to the first event for the uniform number ``u`` in [0, 1), in the unit of ``gap``.

    A constant gap is a timetable and has no chance in it: its first event comes after one whole gap. An exponential gap has no memory: its first gap
    is like all others. Of a uniform gap from 0 to 1 the first is on the average 1/3.

    >>> from twin.scenario.distributions import Distribution
    >>> uniform = Distribution("uniform", "s", ("low", "high"), (0.0, 1.0), 0.0, 1.0, 0.5)
    >>> first_gap(uniform, 0.75)
    0.5
    """
    if gap.is_constant or (gap.form == "exponential" and gap.lower <= 0.0 and gap.upper == math.inf):
        return gap.inverse(u)
    below = limited_mean(gap)
    if gap.form == "geometric" or gap.upper == math.inf:
        high = gap.mean
        whole = _whole(gap, below)
        while below(high) < u * whole:
            high *= 2.0
    else:
        high, whole = gap.upper, below(gap.upper)
    return _solve(below, u * whole, high)


def limited_mean(gap: Distribution) -> Callable[[float], float]:
    """Return the function x -> E[min(gap, x)], the integral of 1 - F from 0 to x, of a gap as it is clipped."""
    if gap.form in ("empirical", "discrete"):
        return _of_table(gap)
    inside = _LIMITED[gap.form](gap)
    lower, upper = max(gap.lower, 0.0), gap.upper
    offset = inside(lower) if lower > 0.0 else 0.0

    def clipped(x: float) -> float:
        if x <= lower:
            return x
        return lower + (inside(min(x, upper)) - offset)

    return clipped


def _whole(gap: Distribution, below: Callable[[float], float]) -> float:
    """The mean of a gap without upper end."""
    lower = max(gap.lower, 0.0)
    if lower <= 0.0 or gap.form == "geometric":
        return gap.mean if gap.form != "normal" else below(gap.values[0] + 40.0 * gap.values[1])
    return below(gap.mean * 2.0**40)


def _solve(below: Callable[[float], float], target: float, high: float) -> float:
    """The x in [0, high] at which the rising function ``below`` reaches ``target``, to the last float."""
    low = 0.0
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if below(middle) < target:
            low = middle
        else:
            high = middle
    return high


def _of_table(gap: Distribution) -> Callable[[float], float]:
    """Of a discrete distribution, 1 - F is a staircase; of an empirical one, a polygon."""
    if gap.form == "discrete":
        shares = [b - a for a, b in pairwise((0.0, *gap.weights))]
        return lambda x: math.fsum(share * min(point, x) for point, share in zip(gap.points, shares, strict=True))
    rungs = list(zip(pairwise(gap.points), pairwise(gap.weights), strict=True))

    def polygon(x: float) -> float:
        parts = []
        for (a, b), (c, d) in rungs:
            if x >= b:
                parts.append((d - c) * 0.5 * (a + b))
            elif x <= a:
                parts.append((d - c) * x)
            else:  # part of the rung lies below x, the rest counts as x
                share = (x - a) / (b - a)
                parts.append((d - c) * (share * 0.5 * (a + x) + (1.0 - share) * x))
        return math.fsum(parts)

    return polygon


def _uniform(gap: Distribution) -> Callable[[float], float]:
    low, high = gap.values
    return lambda x: x if x <= low else x - 0.5 * (min(x, high) - low) ** 2 / (high - low) - max(0.0, x - high)


def _triangular(gap: Distribution) -> Callable[[float], float]:
    low, mode, high = gap.values
    width = high - low

    def below(x: float) -> float:
        if x <= low:
            return x
        rising = min(x, mode) - low
        total = low + rising - (rising**3 / (3.0 * width * (mode - low)) if mode > low else 0.0)
        if x > mode:
            left, there = high - mode, high - min(x, high)
            total += (left**3 - there**3) / (3.0 * width * left) if left > 0.0 else 0.0
        return total

    return below


def _normal(gap: Distribution) -> Callable[[float], float]:
    mean, sd = gap.values

    def under(x: float) -> float:  # the integral of F from -infinity to x
        z = (x - mean) / sd
        return sd * (z * _NORMAL.cdf(z) + math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))

    base = under(0.0)
    return lambda x: x - (under(x) - base)


def _lognormal(gap: Distribution) -> Callable[[float], float]:
    mean, sd = gap.values
    variance = math.log1p((sd / mean) ** 2)
    middle, spread = math.log(mean) - variance / 2, math.sqrt(variance)

    def below(x: float) -> float:
        if x <= 0.0:
            return 0.0
        z = (math.log(x) - middle) / spread
        return mean * _NORMAL.cdf(z - spread) + x * _NORMAL.cdf(-z)

    return below


def _exponential(gap: Distribution) -> Callable[[float], float]:
    return lambda x: -gap.values[0] * math.expm1(-x / gap.values[0])


def _weibull(gap: Distribution) -> Callable[[float], float]:
    from scipy.special import gammainc

    scale, shape = gap.values
    mean = scale * math.gamma(1 + 1 / shape)
    return lambda x: mean * float(gammainc(1.0 / shape, (x / scale) ** shape))


def _gamma(gap: Distribution) -> Callable[[float], float]:
    from scipy.special import gammainc, gammaincc

    mean, shape = gap.values
    scale = mean / shape
    return lambda x: mean * float(gammainc(shape + 1.0, x / scale)) + x * float(gammaincc(shape, x / scale))


def _geometric(gap: Distribution) -> Callable[[float], float]:
    mean, step = gap.values
    if mean <= step:
        return lambda x: min(x, step)
    stay = math.log1p(-step / mean)

    def below(x: float) -> float:
        whole = math.floor(x / step)
        return -mean * math.expm1(whole * stay) + math.exp(whole * stay) * (x - whole * step)

    return below


_LIMITED: dict[str, Callable[[Distribution], Callable[[float], float]]] = {
    "uniform": _uniform, "triangular": _triangular, "normal": _normal, "lognormal": _lognormal, "exponential": _exponential,
    "weibull": _weibull, "gamma": _gamma, "geometric": _geometric,
}  # fmt: skip
