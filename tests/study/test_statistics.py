"""Statistics of studies against worked cases. Numbers are stated to all digits known; those of Law's book are quoted from memory."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import UsageError
from twin.results import texts
from twin.study import statistics
from twin.study.statistics import (
    MOST_NEEDED,
    Interval,
    bonferroni,
    clopper_pearson,
    correlation,
    mser5,
    needed_for_sign,
    needed_for_width,
    next_number,
    paired,
    steady_state,
    student_interval,
    variance_of,
    welch,
    wilson,
)

FINITE = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


def interval(found: Interval | None) -> Interval:
    assert found is not None
    return found


@pytest.mark.parametrize("module", [statistics, texts])
def test_examples_in_the_docstrings(module: object) -> None:
    results = doctest.testmod(module)  # type: ignore[arg-type]
    assert results.attempted > 0
    assert results.failed == 0


def test_no_interval_from_one_value_or_none() -> None:
    assert student_interval([3.0]) is None
    assert student_interval([]) is None
    assert paired([1.0], [2.0]) is None
    assert welch([1.0], [2.0, 3.0]) is None


def test_inventory_policies_paired_and_welch() -> None:
    """Law, Simulation Modeling and Analysis, two inventory policies, 5 replications each."""
    first, second = [126.97, 124.31, 126.68, 122.66, 127.23], [118.21, 120.22, 122.45, 122.68, 119.40]
    pairs = interval(paired(second, first, 0.90))
    assert pairs.mean == pytest.approx(4.978, abs=1e-12)
    assert pairs.standard_error**2 == pytest.approx(2.438274, abs=1e-6)
    assert (pairs.low, pairs.high) == (pytest.approx(1.6491, abs=5e-5), pytest.approx(8.3069, abs=5e-5))
    apart = interval(welch(second, first, 0.90))
    assert apart.degrees == pytest.approx(7.992, abs=5e-4)
    assert (apart.low, apart.high) == (pytest.approx(2.6608, abs=5e-5), pytest.approx(7.2952, abs=5e-5))


def test_student_interval_of_ten_delays() -> None:
    """Law, example 4.26."""
    delays = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09]
    found = interval(student_interval(delays, 0.90))
    assert found.mean == pytest.approx(1.343, abs=1e-12)
    assert variance_of(delays) == pytest.approx(0.16751222, abs=5e-9)
    assert found.half_width == pytest.approx(0.23725341, abs=5e-9)
    assert found.n == 10


def mean_wait(services: list[float], arrivals: list[float]) -> float:
    wait = total = 0.0
    for service, arrival in zip(services, arrivals, strict=True):
        total += wait
        wait = max(0.0, wait + service - arrival)
    return total / len(services)


def test_common_random_numbers_narrow_a_difference() -> None:
    """M/M/1, load 0.8, services of rate 1 against 1.1, 30 replications of 2000 jobs from empty, inverted uniforms of one Philox stream each.

    The truth of the steady state is 1.57576; both means lie below, as the queues start empty.
    """

    def exponentials(replication: int, stream: int) -> tuple[list[float], list[float]]:
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(2024, spawn_key=(replication, stream))))
        arrivals, services = ([-math.log1p(-u) for u in generator.random(2000).tolist()] for _ in range(2))
        return services, [arrival / 0.8 for arrival in arrivals]

    base, common, independent = [], [], []
    for k in range(30):
        services, arrivals = exponentials(k, 0)
        base.append(mean_wait(services, arrivals))
        common.append(mean_wait([service / 1.1 for service in services], arrivals))
        services, arrivals = exponentials(k, 1)
        independent.append(mean_wait([service / 1.1 for service in services], arrivals))
    together, apart = interval(paired(common, base)), interval(paired(independent, base))
    assert together.mean == pytest.approx(1.42874750, abs=5e-9)
    assert together.standard_error * math.sqrt(30) == pytest.approx(0.40185655, abs=5e-9)
    assert together.half_width == pytest.approx(0.15005570, abs=5e-9)
    assert apart.mean == pytest.approx(1.28283776, abs=5e-9)
    assert apart.standard_error * math.sqrt(30) == pytest.approx(0.88499661, abs=5e-9)
    assert apart.half_width == pytest.approx(0.33046316, abs=5e-9)
    assert (apart.standard_error / together.standard_error) ** 2 == pytest.approx(4.85, abs=0.005)
    assert correlation(base, common) > 0.9 > abs(correlation(base, independent)) + 0.3


def test_mser5_cuts_an_exponential_start() -> None:
    series = [10 + 20 * math.exp(-i / 15) + math.sin(1.7 * i) + 0.5 * math.cos(0.3 * i) for i in range(200)]
    found = mser5(series)
    assert (found.batches, found.cut) == (40, 65)
    assert found.statistic == pytest.approx(0.0048924831, abs=5e-11)
    assert found.mean == pytest.approx(10.0126445747, abs=5e-11)
    assert math.fsum(series) / 200 == pytest.approx(11.5493745, abs=5e-8)
    assert found.steady


def test_mser5_of_what_never_changes_and_of_what_always_does() -> None:
    assert mser5([3.0] * 100).cut == 0
    assert mser5([3.0] * 100).steady
    ramp = mser5([float(k) for k in range(100)])
    assert ramp.cut == 50
    assert not ramp.steady
    assert steady_state([[float(k) for k in range(100)]]).verdict == "no steady state"
    with pytest.raises(UsageError, match="at least 10 observations"):
        mser5([1.0] * 9)


def test_a_short_series_is_not_judged() -> None:
    assert steady_state([[1.0] * 19]).verdict == "too short to judge"
    assert steady_state([[1.0] * 19]).cut is None
    assert steady_state([[1.0] * 20]).verdict == "steady"
    assert steady_state([]).verdict == "too short to judge"


def test_steady_state_averages_over_replications() -> None:
    """What two runs do against each other cancels; periods in which no run has a value are no part of the series."""
    series = [10 + 20 * math.exp(-i / 15) + math.sin(1.7 * i) + 0.5 * math.cos(0.3 * i) for i in range(200)]
    wobble = [30.0 * math.sin(0.01 * k) for k in range(200)]
    found = steady_state([[a + b for a, b in zip(series, wobble, strict=True)], [a - b for a, b in zip(series, wobble, strict=True)]])
    assert (found.verdict, found.periods, found.cut) == ("steady", 200, 65)
    gap = [math.nan] * 3
    late = steady_state([gap + series, gap + series])
    assert (late.verdict, late.periods, late.cut) == ("steady", 200, 68)
    one = steady_state([[math.nan, *series], [4.0, *series]])
    assert one.periods == 201


def test_share_with_wilson_and_clopper_pearson() -> None:
    """93 of 100 pieces are what they should be."""
    assert wilson(93, 100) == (pytest.approx(0.86250485, abs=5e-9), pytest.approx(0.96568074, abs=5e-9))
    assert clopper_pearson(93, 100) == (pytest.approx(0.86108027, abs=5e-9), pytest.approx(0.97139471, abs=5e-9))
    assert clopper_pearson(0, 10)[0] == 0.0
    assert clopper_pearson(10, 10)[1] == 1.0
    assert wilson(0, 10)[0] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("interval_for", [wilson, clopper_pearson])
@pytest.mark.parametrize(("count", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_are_none_are_refused(interval_for: Callable[[int, int], object], count: int, n: int) -> None:
    with pytest.raises(UsageError, match="0 to n counts"):
        interval_for(count, n)


@pytest.mark.parametrize("confidence", [0.0, 0.3, 1.0, 95.0, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(UsageError, match="a confidence is from"):
        student_interval([1.0, 2.0], confidence)


def test_bonferroni_shares_the_risk() -> None:
    assert bonferroni(0.95, 1) == pytest.approx(0.95)
    assert bonferroni(0.95, 5) == pytest.approx(0.99)
    assert bonferroni(0.95, 0) == pytest.approx(0.95)


@given(FINITE)
def test_an_interval_holds_its_mean_and_shrinks_with_confidence(values: list[float]) -> None:
    wide, narrow = interval(student_interval(values, 0.99)), interval(student_interval(values, 0.9))
    assert wide.low <= wide.mean <= wide.high
    assert narrow.half_width <= wide.half_width
    assert wide.degrees == len(values) - 1


@given(FINITE)
def test_welch_is_symmetric_and_paired_with_itself_is_nothing(values: list[float]) -> None:
    other = [2.0 * value + 1.0 for value in values]
    there, back = interval(welch(values, other)), interval(welch(other, values))
    assert there.mean == -back.mean
    assert there.half_width == pytest.approx(back.half_width)
    assert len(values) - 1 <= there.degrees * (1 + 1e-9)
    assert there.degrees <= 2 * len(values) - 2 + 1e-6
    same = interval(paired(values, values))
    assert (same.mean, same.half_width) == (0.0, 0.0)


def test_correlation_is_one_of_what_moves_together() -> None:
    assert correlation([1.0, 2.0, 4.0], [3.0, 5.0, 9.0]) == pytest.approx(1.0)
    assert correlation([1.0, 2.0, 4.0], [-1.0, -2.0, -4.0]) == pytest.approx(-1.0)
    assert math.isnan(correlation([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]))
    assert math.isnan(correlation([1.0, 2.0], [1.0, 2.0]))  # two points always lie on a line


@given(st.floats(0.01, 10.0), st.integers(2, 50), st.floats(0.05, 5.0))
def test_needed_replications_are_just_enough(spread: float, n: int, width: float) -> None:
    found = Interval(1.0, spread / math.sqrt(n), 0.0, n - 1, n, 0.95)
    needed = needed_for_width(found, width)

    def half_width(count: int) -> float:
        return statistics.quantile(0.975, count - 1) * spread / math.sqrt(count)

    if needed is None:
        assert half_width(MOST_NEEDED) > width
        return
    assert half_width(needed) <= width * (1 + 1e-9)
    assert needed == 2 or half_width(needed - 1) > width


def test_needed_for_the_sign_is_more_than_excluding_zero() -> None:
    """Difference 1, standard deviation 2: at t ≈ z some (1.96 + 0.84)² · 4 = 31.4, by Student's quantiles 34; with half the power's margin 18."""
    found = interval(student_interval([1 + 2 * math.sqrt(9 / 10) * (-1) ** k for k in range(10)]))
    assert found.mean == pytest.approx(1.0)
    assert found.standard_error * math.sqrt(10) == pytest.approx(2.0)
    assert needed_for_sign(found) == 34
    assert needed_for_width(found, 1.0) == 18
    assert needed_for_sign(Interval(0.0, 1.0, 2.0, 9, 10, 0.95)) is None
    assert needed_for_sign(Interval(1.0, 0.0, 0.0, 9, 10, 0.95)) == 2


def test_needed_for_the_sign_holds_in_four_of_five_studies() -> None:
    """34 normal numbers of mean 1 and sd 2, 4000 times: the share whose interval excludes 0 is 0.8 within four standard errors (0.025)."""
    generator = np.random.Generator(np.random.Philox(5))
    told = sum(interval(student_interval(generator.normal(1.0, 2.0, 34).tolist())).excludes_zero for _ in range(4000))
    assert told / 4000 == pytest.approx(0.8, abs=0.03)


def test_rounds_double_at_most() -> None:
    assert next_number(5, 40, 100) == 10
    assert next_number(20, 23, 100) == 23
    assert next_number(80, None, 100) == 100
    assert next_number(10, 4, 100) == 10
    assert next_number(10, 40, 10) == 10
