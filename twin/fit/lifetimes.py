"""Times to failure and times to repair: exponential, Weibull and lognormal by maximum likelihood, right-censored times among them.

A time is censored where what would have ended it had not happened when the watching ended. Its likelihood is then the chance to last that long.
Intervals are from the observed information with the logarithms of the parameters as coordinates, so that they never reach below 0.

Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data, 1998; NIST/SEMATECH e-Handbook of Statistical Methods, 8.4.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from twin.errors import UsageError

Form = Literal["exponential", "weibull", "lognormal"]
Floats = NDArray[np.float64]
FORMS: tuple[Form, ...] = ("exponential", "weibull", "lognormal")
FEWEST_FOR_TWO = 5
"""Ended times from which on a form with two parameters is fitted."""
_LIMITS: dict[Form, Callable[[float], float]] = {
    "exponential": lambda n: 1.094 / (math.sqrt(n) + 0.26 + 0.5 / math.sqrt(n)) + 0.2 / n,
    "weibull": lambda n: 0.874 / math.sqrt(n),
    "lognormal": lambda n: 0.895 / (math.sqrt(n) - 0.01 + 0.85 / math.sqrt(n)),
}
"""Distance between sample and fitted distribution that one sample in twenty passes by chance (Stephens 1974; Chandra and others 1981)."""


@dataclass(frozen=True)
class Interval:
    """A value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """A fitted distribution: its parameters by name with their intervals, its mean, its AIC.

    ``distance`` is the largest one between the fitted distribution and the sample's (Kaplan and Meier's); ``limit`` what chance explains in 19 of 20 samples.
    """

    form: Form
    parameters: dict[str, Interval]
    mean: Interval
    log_likelihood: float
    distance: float
    limit: float

    @property
    def aic(self) -> float:
        """Akaike's criterion: 2 k - 2 ln L; the smaller the better."""
        return 2.0 * len(self.parameters) - 2.0 * self.log_likelihood


def fit(form: Form, ended: Floats, censored: Floats, confidence: float = 0.9) -> Fit:
    """Return the fit of ``form`` to ``ended`` times, shape ``(n,)``, and to ``censored`` ones, all above 0 and in one unit.

    The parameters are ``mean``; ``scale`` and ``shape``; ``mean`` and ``sd``, as scenarios write them. For NIST's 54, 187, 216, 240, 244, 335, 361, 373,
    375, 386 h with ten units that ran to 500 h the Weibull scale is 606.528 h and the shape 1.7208. Raises ``UsageError`` where no time ended.
    """
    ended, censored = np.asarray(ended, float), np.asarray(censored, float)
    if not len(ended) or min(ended.min(), *(censored if len(censored) else [np.inf])) <= 0.0:
        raise UsageError("a fit needs one time that ended at least, and times above 0")
    log_likelihood = _LIKELIHOODS[form]
    theta = _ESTIMATES[form](ended, censored)
    covariance = _covariance(lambda x: log_likelihood(x, ended, censored), theta)
    z = float(special.ndtri(0.5 + confidence / 2.0))
    named = _NAMED[form]
    parameters = {name: _interval(of, theta, covariance, z) for name, of in named.items()}
    mean = _interval(_MEANS[form], theta, covariance, z)
    distance = _distance(form, theta, ended, censored)
    return Fit(form, parameters, mean, log_likelihood(theta, ended, censored), distance, _LIMITS[form](len(ended)))


def fits(ended: Floats, censored: Floats, confidence: float = 0.9) -> list[Fit]:
    """Return the fits that so many times allow, the best by AIC first; of fewer than five, or of equal ones, only the exponential."""
    wide = len(ended) >= FEWEST_FOR_TWO and len(set(ended.tolist())) > 1
    return sorted((fit(form, ended, censored, confidence) for form in (FORMS if wide else FORMS[:1])), key=lambda found: found.aic)


# theta holds logarithms: (ln mean), (ln scale, ln shape), (mu, ln sigma)


def _exponential(theta: Floats, ended: Floats, censored: Floats) -> float:
    mean = math.exp(theta[0])
    return -len(ended) * float(theta[0]) - (math.fsum(ended) + math.fsum(censored)) / mean


def _weibull(theta: Floats, ended: Floats, censored: Floats) -> float:
    shape = math.exp(theta[1])
    x, c = np.log(ended) - theta[0], np.log(censored) - theta[0]
    return len(ended) * float(theta[1]) + math.fsum(shape * x - np.log(ended)) - math.fsum(np.exp(shape * x)) - math.fsum(np.exp(shape * c))


def _lognormal(theta: Floats, ended: Floats, censored: Floats) -> float:
    sigma = math.exp(theta[1])
    x, c = (np.log(ended) - theta[0]) / sigma, (np.log(censored) - theta[0]) / sigma
    density = -0.5 * x**2 - 0.5 * math.log(2.0 * math.pi) - theta[1] - np.log(ended)
    return math.fsum(density) + math.fsum(special.log_ndtr(-c))


def _exponential_estimate(ended: Floats, censored: Floats) -> Floats:
    return np.array([math.log((math.fsum(ended) + math.fsum(censored)) / len(ended))])


def _weibull_estimate(ended: Floats, censored: Floats) -> Floats:
    """The root of the profile likelihood in the shape, then the scale in closed form."""
    every = np.concatenate([ended, censored])
    logs, largest = np.log(every), math.log(every.max())
    mean_log = float(np.log(ended).mean())

    def slope(shape: float) -> float:
        weights = np.exp(shape * (logs - largest))
        return float((weights * logs).sum() / weights.sum()) - 1.0 / shape - mean_log

    high = 1.0
    while slope(high) < 0.0 and high < 1e6:
        high *= 2.0
    shape = float(optimize.brentq(slope, 1e-3, high, xtol=1e-14, rtol=1e-14))
    scale = largest + math.log(math.fsum(np.exp(shape * (logs - largest))) / len(ended)) / shape
    return np.array([scale, math.log(shape)])


def _lognormal_estimate(ended: Floats, censored: Floats) -> Floats:
    """In closed form where nothing is censored, else by expectation and maximisation from there."""
    x, c = np.log(ended), np.log(censored)
    mu, sigma = float(x.mean()), max(float(x.std()), 1e-9)
    for _ in range(10_000 if len(c) else 0):
        a = (c - mu) / sigma
        hazard = np.exp(-0.5 * a**2 - 0.5 * math.log(2.0 * math.pi) - special.log_ndtr(-a))
        first = mu + sigma * hazard
        second = mu**2 + sigma**2 + sigma * (c + mu) * hazard
        new_mu = (math.fsum(x) + math.fsum(first)) / (len(x) + len(c))
        new_sigma = math.sqrt(max((math.fsum(x**2) + math.fsum(second)) / (len(x) + len(c)) - new_mu**2, 1e-18))
        done = abs(new_mu - mu) < 1e-12 and abs(new_sigma - sigma) < 1e-12
        mu, sigma = new_mu, new_sigma
        if done:
            break
    return np.array([mu, math.log(sigma)])


_LIKELIHOODS = {"exponential": _exponential, "weibull": _weibull, "lognormal": _lognormal}
_ESTIMATES = {"exponential": _exponential_estimate, "weibull": _weibull_estimate, "lognormal": _lognormal_estimate}


def _lognormal_mean(theta: Floats) -> float:
    return float(theta[0]) + 0.5 * math.exp(2.0 * theta[1])


def _lognormal_sd(theta: Floats) -> float:
    return _lognormal_mean(theta) + 0.5 * math.log(math.expm1(math.exp(2.0 * theta[1])))


def _weibull_mean(theta: Floats) -> float:
    return float(theta[0]) + math.lgamma(1.0 + math.exp(-float(theta[1])))


# logarithms of what a scenario writes, and of the mean, by theta
_NAMED: dict[Form, dict[str, Callable[[Floats], float]]] = {
    "exponential": {"mean": lambda theta: float(theta[0])},
    "weibull": {"scale": lambda theta: float(theta[0]), "shape": lambda theta: float(theta[1])},
    "lognormal": {"mean": _lognormal_mean, "sd": _lognormal_sd},
}
_MEANS: dict[Form, Callable[[Floats], float]] = {"exponential": lambda theta: float(theta[0]), "weibull": _weibull_mean, "lognormal": _lognormal_mean}


def _steps(theta: Floats) -> Floats:
    return np.eye(len(theta)) * 1e-4


def _covariance(log_likelihood: Callable[[Floats], float], theta: Floats) -> Floats:
    """The inverse of the observed information, by second differences."""
    steps = _steps(theta)
    h = 1e-4
    information = np.zeros((len(theta), len(theta)))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            corners = log_likelihood(theta + a + b) - log_likelihood(theta + a - b) - log_likelihood(theta - a + b) + log_likelihood(theta - a - b)
            information[i, j] = -corners / (4.0 * h * h)
    return np.asarray(np.linalg.pinv(information), float)


def _interval(of: Callable[[Floats], float], theta: Floats, covariance: Floats, z: float) -> Interval:
    """A value and its interval on the logarithmic scale, by the delta method."""
    slope = np.array([(of(theta + step) - of(theta - step)) / 2e-4 for step in _steps(theta)])
    deviation = math.sqrt(max(float(slope @ covariance @ slope), 0.0))
    value = of(theta)
    return Interval(*(math.exp(min(x, 700.0)) for x in (value, value - z * deviation, value + z * deviation)))


def _distance(form: Form, theta: Floats, ended: Floats, censored: Floats) -> float:
    """The largest distance between the fitted distribution and Kaplan and Meier's, before and after each failure."""
    empirical = stats.ecdf(stats.CensoredData.right_censored(np.concatenate([ended, censored]), np.repeat([False, True], [len(ended), len(censored)])))
    times, after = empirical.cdf.quantiles, empirical.cdf.probabilities
    before = np.concatenate([[0.0], after[:-1]])
    fitted = _distribution(form, theta, times)
    return float(max(np.abs(fitted - after).max(), np.abs(fitted - before).max()))


def _distribution(form: Form, theta: Floats, times: Floats) -> Floats:
    if form == "lognormal":
        return np.asarray(special.ndtr((np.log(times) - theta[0]) / math.exp(theta[1])))
    shape = math.exp(theta[1]) if form == "weibull" else 1.0
    return np.asarray(-np.expm1(-np.exp(shape * (np.log(times) - theta[0]))), float)
