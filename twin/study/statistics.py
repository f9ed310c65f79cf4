"""Statistics of studies: means with intervals, differences, shares, where a series becomes steady, and how many replications it takes.

Replications are independent of each other, so that an interval comes from them and never from within one run. Arithmetic is exact summation; quantiles are
those of ``scipy.special``. Sources: A. M. Law, Simulation Modeling and Analysis (Student's, paired and Welch intervals, sequential stopping, Bonferroni);
E. B. Wilson 1927 and C. J. Clopper, E. S. Pearson 1934 (shares); K. P. White 1997 and S. C. Spratt 1998 (MSER-5). The formulas are quoted from memory; the
numbers in the tests hold them against worked cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from twin.errors import UsageError

BATCH = 5
"""Observations in a batch of MSER-5."""
LEAST_PERIODS = 20
"""A series of fewer periods is too short to judge."""
SURE_PERIODS = 60
"""Of fewer, MSER-5 finds no steady state in more than one steady series of ten (``benchmarks/coverage.py``)."""
MOST_NEEDED = 10_000
"""More replications than these are not counted on."""
POWER = 0.8
"""How likely a study of the needed size is to tell the sign of a difference."""


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval: mean ± t · standard error, t Student's quantile with ``degrees`` degrees of freedom, from ``n`` values."""

    mean: float
    standard_error: float
    half_width: float
    degrees: float
    n: int
    confidence: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    @property
    def excludes_zero(self) -> bool:
        """Whether the sign is beyond doubt at this confidence."""
        return abs(self.mean) > self.half_width


def mean_of(values: Sequence[float]) -> float:
    """Return the arithmetic mean, NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def variance_of(values: Sequence[float]) -> float:
    """Return the sample variance (divisor n - 1), NaN for fewer than two values."""
    if len(values) < 2:
        return math.nan
    mean = mean_of(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def quantile(probability: float, degrees: float) -> float:
    """Return Student's quantile: ``quantile(0.975, 9)`` is 2.2622."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


def probability_above(interval: Interval, value: float) -> float:
    """Return the probability, by Student's distribution, that the mean exceeds ``value``; 0, 0.5 or 1 where it has no error.

    >>> round(probability_above(Interval(52e3, 1e3, 0.0, 9, 10, 0.95), 50e3), 4)
    0.9617
    """
    from scipy.special import stdtr

    distance = interval.mean - value
    if interval.standard_error == 0.0:
        return 0.5 * (1.0 + math.copysign(1.0, distance)) if distance else 0.5
    return float(stdtr(interval.degrees, distance / interval.standard_error))


def student_interval(values: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return Student's interval for the mean of independent values; None for fewer than two, of which no interval can be told.

    >>> round(student_interval([1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09], 0.9).half_width, 4)
    0.2373
    """
    check_confidence(confidence)
    n = len(values)
    return None if n < 2 else _interval(mean_of(values), math.sqrt(variance_of(values) / n), n - 1, n, confidence)


def _interval(mean: float, error: float, degrees: float, n: int, confidence: float) -> Interval:
    width = quantile(0.5 + confidence / 2, degrees) * error if error > 0 else 0.0
    return Interval(mean, error, width, degrees, n, confidence)


def check_confidence(confidence: float) -> None:
    """Raise ``UsageError`` for what is no confidence."""
    if not 0.5 <= confidence < 1.0:
        raise UsageError(f"a confidence is from 0.5 to below 1, e.g. 0.95 (got {confidence})")


def paired(base: Sequence[float], variant: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return the interval of the mean of variant - base, pair by pair: runs that shared their random numbers. None for fewer than two pairs."""
    return student_interval([b - a for a, b in zip(base, variant, strict=True)], confidence)


def ratio_of_sums(above: Sequence[float], below: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return the interval of sum(above) / sum(below) over independent runs, with the jackknife's bias taken off and its standard error.

    A mean of ratios weighs a run that made little as much as one that made much; this weighs the mass. None for fewer than two runs, or where a sum is 0.
    R. G. Miller, The jackknife - a review, Biometrika 61 (1974) 1; from memory.

    >>> found = ratio_of_sums([1.0, 2.0, 4.0], [2.0, 5.0, 7.0])
    >>> round(found.mean, 4), round(found.standard_error, 4)
    (0.5106, 0.0735)
    """
    check_confidence(confidence)
    n, whole_above, whole_below = len(above), math.fsum(above), math.fsum(below)
    rest = [whole_below - b for b in below]
    if n < 2 or whole_below == 0.0 or any(part == 0.0 for part in rest):
        return None
    whole = whole_above / whole_below
    pseudo = [n * whole - (n - 1) * (whole_above - a) / part for a, part in zip(above, rest, strict=True)]
    return student_interval(pseudo, confidence)


def welch(base: Sequence[float], variant: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return Welch's interval of mean(variant) - mean(base) for independent runs, whose numbers and variances may differ. None where one side has one run.

    ``n`` is the smaller number of runs.
    """
    check_confidence(confidence)
    n = min(len(base), len(variant))
    if n < 2:
        return None
    parts = [variance_of(values) / len(values) for values in (base, variant)]
    error, difference = math.sqrt(math.fsum(parts)), mean_of(variant) - mean_of(base)
    if error == 0.0:
        return _interval(difference, 0.0, len(base) + len(variant) - 2, n, confidence)
    shares = [part / math.fsum(parts) for part in parts]
    degrees = 1.0 / math.fsum(share * share / (len(values) - 1) for share, values in zip(shares, (base, variant), strict=True))
    return _interval(difference, error, degrees, n, confidence)


def bonferroni(confidence: float, count: int) -> float:
    """Return the confidence of each of ``count`` intervals that all hold at once with ``confidence``: ``bonferroni(0.95, 5)`` is 0.99."""
    check_confidence(confidence)
    return 1.0 - (1.0 - confidence) / max(1, count)


def correlation(base: Sequence[float], variant: Sequence[float]) -> float:
    """Return Pearson's correlation of pairs, NaN for fewer than three pairs or where one side never changes.

    That of runs on common random numbers says how much these helped: the variance of a difference is (1 - correlation) of what independent runs would give,
    where both sides vary alike.
    """
    if len(base) < 3:
        return math.nan
    a, b = mean_of(base), mean_of(variant)
    both = math.fsum((x - a) * (y - b) for x, y in zip(base, variant, strict=True))
    scale = math.sqrt(math.fsum((x - a) ** 2 for x in base)) * math.sqrt(math.fsum((y - b) ** 2 for y in variant))
    return max(-1.0, min(1.0, both / scale)) if scale > 0 else math.nan


def needed_for_width(interval: Interval, half_width: float) -> int | None:
    """Return how many replications would bring an interval of equal spread down to ``half_width``; None for more than :data:`MOST_NEEDED`."""
    spread = interval.standard_error * math.sqrt(interval.n)
    return _needed(spread, half_width, interval, 0.0)


def needed_for_sign(interval: Interval) -> int | None:
    """Return how many replications would tell the sign of a mean, if it and the spread stay as found, four times in five; None for too many.

    Smallest n with t(1 - α/2, n - 1) + t(:data:`POWER`, n - 1) times spread / √n at most the mean.
    """
    spread = interval.standard_error * math.sqrt(interval.n)
    return _needed(spread, abs(interval.mean), interval, POWER)


def next_number(made: int, needed: int | None, at_most: int) -> int:
    """Return how many replications the next round of a sequential procedure goes up to, ``made`` where it ends.

    ``needed`` is what the spread so far asks for, None for more than can be counted on. A round at most doubles the number, as that spread is itself uncertain:
    ``next_number(5, 40, 100)`` is 10.
    """
    return max(made, min(at_most, 2 * made, 2 * made if needed is None else needed))


def _needed(spread: float, width: float, interval: Interval, power: float) -> int | None:
    per_run = interval.degrees / max(1, interval.n - 1)  # two for Welch with equal sides

    def enough(n: int) -> bool:
        degrees = max(1.0, per_run * (n - 1))
        factor = quantile(0.5 + interval.confidence / 2, degrees) + (quantile(power, degrees) if power else 0.0)
        return factor * spread <= width * math.sqrt(n) * (1.0 + 1e-12)

    if spread == 0.0:
        return 2
    if width <= 0.0 or not enough(MOST_NEEDED):
        return None
    low, high = 1, MOST_NEEDED  # enough(low) is False or low is 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def wilson(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval for a share of which ``count`` in ``n`` were seen: 93 of 100 give 0.8625 to 0.9657."""
    from scipy.special import ndtri

    _check_counts(count, n, confidence)
    z = float(ndtri(0.5 + confidence / 2))
    share = count / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    width = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - width), min(1.0, middle + width)


def clopper_pearson(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval for a share, at least as wide as it must be: 93 of 100 give 0.8611 to 0.9714."""
    from scipy.special import betaincinv

    _check_counts(count, n, confidence)
    tail = (1 - confidence) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high


def _check_counts(count: int, n: int, confidence: float) -> None:
    check_confidence(confidence)
    if n < 1 or not 0 <= count <= n:
        raise UsageError(f"a share needs 0 to n counts of at least one (got {count} of {n})")


@dataclass(frozen=True)
class Truncation:
    """Where MSER-5 cuts a series: ``cut`` observations from the front of ``batches`` batches, the mean of what is left, and the statistic."""

    cut: int
    batches: int
    statistic: float
    mean: float

    @property
    def steady(self) -> bool:
        """False where the minimum lies at the edge of the search, half of the series: what is left still changes."""
        return self.cut < BATCH * (self.batches // 2)


def mser5(series: Sequence[float]) -> Truncation:
    """Return where to cut a series so that the mean of the rest has the smallest marginal standard error, by batches of five; the first of equal minima.

    MSER(d) = Σ (x_i - mean_d)² / (n - d)² over the batch means i ≥ d, d = 0 … n/2. Observations that do not fill a batch are left out at the end. Raises
    ``UsageError`` for fewer than two batches.
    """
    n = len(series) // BATCH
    if n < 2:
        raise UsageError(f"MSER-5 needs at least {2 * BATCH} observations (got {len(series)})")
    means = [mean_of(series[BATCH * k : BATCH * (k + 1)]) for k in range(n)]
    found = Truncation(0, n, math.inf, math.nan)
    for d in range(n // 2 + 1):
        rest = means[d:]
        mean = mean_of(rest)
        statistic = math.fsum((value - mean) ** 2 for value in rest) / (n - d) ** 2
        if statistic < found.statistic:
            found = Truncation(BATCH * d, n, statistic, mean)
    return found


Verdict = Literal["steady", "no steady state", "too short to judge"]


@dataclass(frozen=True)
class SteadyState:
    """What a series of ``periods`` means, averaged over replications, says. ``cut``: periods to leave out at the front, None where it is not steady."""

    periods: int
    verdict: Verdict
    cut: int | None


def steady_state(means: Sequence[Sequence[float]]) -> SteadyState:
    """Judge means over periods, one row for each replication: averaged over these, then MSER-5.

    NaN, no value in a period, is left out of an average; a series begins after the last period without any. Under :data:`LEAST_PERIODS` nothing is said.
    """
    columns = [[value for value in column if not math.isnan(value)] for column in zip(*means, strict=True)]
    empty = max((k + 1 for k, column in enumerate(columns) if not column), default=0)
    series = [mean_of(column) for column in columns[empty:]]
    if len(series) < LEAST_PERIODS:
        return SteadyState(len(series), "too short to judge", None)
    found = mser5(series)
    if not found.steady:
        return SteadyState(len(series), "no steady state", None)
    return SteadyState(len(series), "steady", found.cut + empty if found.cut else 0)
