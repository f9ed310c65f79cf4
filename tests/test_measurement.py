"""The model of measurement: closed forms, and readings that are spread as the likelihood says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from twin.errors import UsageError
from twin.measurement import Measurement, deviations_of_rows, sampling_deviation


def uniforms(count: int, seed: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(key=seed)).random((count, 3))


def test_readings_have_the_stated_mean_and_deviation() -> None:
    scale = Measurement("flow.feed", absolute=2.0, relative=0.03, bias=1.5)
    read = np.array([scale.read(100.0, u) for u in uniforms(4000, 1)])
    assert abs(read.mean() - 101.5) < 4 * math.hypot(2.0, 3.0) / math.sqrt(4000)
    assert abs(read.std() / math.hypot(2.0, 3.0) - 1.0) < 4 / math.sqrt(8000)


def test_counted_pieces_are_binomial() -> None:
    share = Measurement("share.copper.Cu", pieces=50)
    read = np.array([share.read(0.2, u) for u in uniforms(4000, 2)])
    counts = np.rint(read * 50).astype(int)
    expected = 4000 * stats.binom.pmf(np.arange(4, 17), 50, 0.2)
    found = np.array([(counts == k).sum() for k in range(4, 17)])
    assert (((found - expected) ** 2 / expected).sum()) < stats.chi2.ppf(0.9999, 13)
    assert share.log_likelihood(0.2, 11 / 50) == pytest.approx(stats.binom.logpmf(11, 50, 0.2), abs=1e-11)
    assert share.log_likelihood(0.0, 0.0) == 0.0 and share.log_likelihood(0.0, 0.02) == -math.inf == share.log_likelihood(0.2, 0.211)


def test_closed_forms() -> None:
    assert Measurement("a", absolute=3.0, relative=0.04).log_likelihood(100.0, 96.0) == pytest.approx(stats.norm.logpdf(96, 100, 5), abs=1e-12)
    stepped = Measurement("a", absolute=2.0, resolution=1.0)
    assert stepped.log_likelihood(10.2, 12.0) == pytest.approx(math.log(stats.norm.cdf(12.5, 10.2, 2) - stats.norm.cdf(11.5, 10.2, 2)), abs=1e-12)
    assert math.isfinite(stepped.log_likelihood(10.0, 200.0)), "far out it is small, not nothing"
    pieces = Measurement("a", absolute=0.01, pieces=20)
    mixed = sum(stats.binom.pmf(k, 20, 0.3) * stats.norm.pdf(0.28, k / 20, 0.01) for k in range(21))
    assert pieces.log_likelihood(0.3, 0.28) == pytest.approx(math.log(mixed), abs=1e-10)


def test_readings_share_a_bias() -> None:
    """Against the normal density with the covariance written out."""
    scale = Measurement("a", absolute=1.0, relative=0.01, bias=0.3, bias_deviation=2.0)
    true, read = np.array([100.0, 50.0, 80.0]), np.array([103.0, 52.5, 82.0])
    covariance = np.diag(1.0 + (0.01 * true) ** 2) + 4.0
    assert scale.log_likelihood(true, read) == pytest.approx(stats.multivariate_normal.logpdf(read, true + 0.3, covariance), abs=1e-10)
    assert scale.log_likelihood(true[:1], read[:1]) == pytest.approx(stats.norm.logpdf(103.0, 100.3, math.sqrt(6.0)), abs=1e-12)
    one = scale.with_bias(stats.norm.cdf(1.0))
    assert one.bias == pytest.approx(2.3) and one.bias_deviation == 0.0


def test_gaps_are_readings_too() -> None:
    meter = Measurement("a", absolute=1.0, gaps=0.25)
    read = np.array([meter.read(5.0, u) for u in uniforms(2000, 3)])
    assert abs(np.isnan(read).mean() - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 2000)
    assert meter.log_likelihood([5.0, 5.0], [math.nan, 5.0]) == pytest.approx(math.log(0.25 * 0.75) + stats.norm.logpdf(0.0), abs=1e-12)
    assert Measurement("a", absolute=1.0).log_likelihood(5.0, math.nan) == -math.inf


def test_the_likelihood_is_highest_at_the_truth_on_average() -> None:
    scale = Measurement("a", absolute=1.0, relative=0.02, resolution=0.5, gaps=0.1)
    read = [scale.read(60.0, u) for u in uniforms(1500, 4)]
    at = {true: scale.log_likelihood(true, read) for true in (59.0, 60.0, 61.0)}
    assert max(at, key=lambda true: at[true]) == 60.0


def test_a_delay_looks_back() -> None:
    assert Measurement("a", absolute=1.0, delay=90.0).moment(300.0) == 210.0


@given(st.floats(0.0, 1.0), st.floats(-1e6, 1e6), st.floats(0.0, 100.0), st.sampled_from([0.0, 0.5, 10.0]))
def test_a_reading_is_on_a_step_and_finite(u: float, true: float, absolute: float, resolution: float) -> None:
    read = Measurement("a", absolute=absolute, resolution=resolution).read(true, [u, u, u])
    assert math.isfinite(read)
    assert resolution == 0.0 or abs(read / resolution - round(read / resolution)) < 1e-6


@pytest.mark.parametrize("fault", [{"absolute": -1.0}, {"relative": math.nan}, {"gaps": 1.0}, {"bias": math.inf}, {"pieces": 10**9}])
def test_what_is_no_measurement_is_refused(fault: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"measurement of a: .*{next(iter(fault))}|counted pieces"):
        Measurement("a", **fault)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="3 uniforms"):
        Measurement("a").read(1.0, [0.5])


def test_a_share_that_only_rounding_left_has_no_deviation() -> None:
    """1e-200 of it: its square is no number above nothing (a run of the packaging plant ended there once)."""
    shares = np.array([1e-200, 1.0])
    assert math.isnan(sampling_deviation(shares, np.array([1.0, 1.0]), np.array([1.0, 0.0]), 1.0, 100.0))


def test_deviations_by_rows_are_those_of_each_constituent_to_the_last_bit() -> None:
    chance = np.random.default_rng(5)
    for _ in range(20):
        shares = chance.random((7, 6)) ** 4 * (chance.random((7, 6)) < 0.7)
        shares[3] = 0.0
        shares /= shares.sum()
        masses = 10.0 ** chance.uniform(-6.0, 0.0, shares.shape)
        rows = np.kron(np.eye(7), np.ones(6))
        each = [sampling_deviation(shares.ravel(), masses.ravel(), row, 2.0, 5000.0) for row in rows]
        assert np.array(deviations_of_rows(shares, masses, 2.0, 5000.0)).tobytes() == np.array(each).tobytes()
