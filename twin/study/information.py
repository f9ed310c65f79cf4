"""Which numbers to measure first, and how well, so that a claim about a plant can be settled.

A claim is a key figure on one side of a limit, "margin >= 0 EUR". Over the points of a study its gain, the distance to the limit, varies with the factors.
The expected loss of deciding now is what perfect knowledge would be worth (H. Raiffa & R. Schlaifer 1961). What one factor's value alone would be worth
follows from the gain's mean given that factor, found by regression over the points (M. Strong, J. E. Oakley & A. Brennan 2014); samples with a
standard error shrink that mean towards its own (H. Jalal & F. Alarid-Escudero 2018).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from twin.errors import UsageError
from twin.quantities import parse
from twin.results.held import contradictions
from twin.scenario.problems import nearest
from twin.study.read import Study
from twin.study.sensitivity import bases_of, check_drawn, noise_share
from twin.study.statistics import wilson

Floats = NDArray[np.float64]
FIRST = 3
"""So many factors are named to be measured first."""
POINTS_A_TERM = 5
"""Fewer points for each term of the regression say nothing."""
LEAST_SHARE = 0.01
"""A factor that explains less than this share of the gain's variance is not worth naming."""
BISECTIONS = 60
MOST_SAMPLES = 1_000_000


@dataclass(frozen=True)
class Claim:
    """A key figure and its limit in SI: ``text`` as written, ``above`` whether it is claimed to be above."""

    text: str
    response: str
    above: bool
    limit: float


@dataclass(frozen=True)
class Worth:
    """What it is worth to know a factor.

    ``share`` of the gain's variance that it explains; ``worth`` of knowing it exactly, in the unit of the stake; ``wrong``: the probability of a wrong call
    when it is known exactly. ``error``: the standard error in SI with which it must be known so that a wrong call is as unlikely as asked for, None where even
    exact knowledge does not bring that about; ``samples`` of the spread stated that this takes, None where none is stated.
    """

    path: str
    unit: str
    basis: str
    share: float
    worth: float
    wrong: float
    error: float | None
    samples: int | None


@dataclass(frozen=True)
class Information:
    """What a study says of a claim.

    It holds at ``held`` of ``points`` points, with the interval ``likely`` of its probability. ``wrong`` is the probability of a wrong call now, ``stake`` what
    that costs in the mean, in ``unit``. ``first`` are the factors to measure first; ``together`` says the same of them all, without an ``error``; its
    ``samples`` are so many of each. ``fit``: the share of the gain's variance that curves of single factors explain. ``chance``: the share of the variance
    between points that is chance, which no measurement removes; None where there is one replication. ``allowed``: the probability of a wrong call that
    settles it.
    """

    claim: Claim
    points: int
    held: int
    likely: tuple[float, float]
    wrong: float
    stake: float
    unit: str
    first: tuple[Worth, ...]
    together: Worth | None
    fit: float
    chance: float | None
    allowed: float


def claim_of(text: str, units: Mapping[str, str]) -> Claim:
    """Return a claim as written, "margin >= 0 EUR"; ``units``: SI unit of each key figure. Raises ``UsageError``."""
    for sign in (">=", "<=", ">", "<"):
        name, found, limit = text.partition(sign)
        if found:
            break
    else:
        raise UsageError(f"a claim is a key figure, >= or <=, and a limit, e.g. 'margin >= 0 EUR' (got {text[:80]!r})")
    name = name.strip()
    if name not in units:
        raise UsageError(f"the study holds no key figure {name[:80]!r}; {nearest(name, units)}")
    return Claim(f"{name} {sign} {limit.strip()}", name, sign[0] == ">", parse(limit.strip(), units[name]))


def information(study: Study, text: str, *, spreads: Mapping[str, str] | None = None, stake: float | None = None, allowed: float = 0.05) -> Information:
    """Return what a study says of a claim.

    ``spreads``: by factor, the standard deviation of one sample of it, as written; ``stake``: what a wrong call costs, EUR, where the key figure is not money
    itself; ``allowed``: the probability of a wrong call that settles it. Raises ``UsageError`` for an unknown claim or factor and where the study has too few
    points.
    """
    check_drawn(study)
    claim = claim_of(text, study.all_responses)
    unit = study.all_responses[claim.response]
    if stake is None and unit != "EUR":
        raise UsageError(f"{claim.response} is no money: say what a wrong call would cost, e.g. --stake '250 kEUR'")
    if not 0.0 < allowed < 0.5:
        raise UsageError(f"a wrong call must be allowed with a probability between 0 and .5 (got {allowed})")
    with contradictions(study.path):
        numbers = {path: si for path, si in study.factors.items() if si}
        sigma = _spreads(spreads or {}, numbers)
        response = study.response(claim.response)
        kept = ~np.isnan(response).any(axis=1)
        values = np.column_stack([study.factor(path) for path in numbers])[kept] if numbers else np.zeros((int(kept.sum()), 0))
        return assess(claim, values, response[kept], tuple(numbers.items()), bases_of(study), spreads=sigma, stake=stake, allowed=allowed)


def _spreads(written: Mapping[str, str], numbers: Mapping[str, str]) -> dict[str, float]:
    found = {}
    for path, text in written.items():
        if path not in numbers:
            raise UsageError(f"the study varies no number {path[:80]!r}; {nearest(path, numbers)}")
        found[path] = parse(text, numbers[path])
        if found[path] <= 0.0:
            raise UsageError(f"the spread of a sample of {path} must be more than 0 (got {text!r})")
    return found


def assess(
    claim: Claim,
    values: Floats,
    response: Floats,
    factors: Sequence[tuple[str, str]],
    bases: Mapping[str, str],
    *,
    spreads: Mapping[str, float] | None = None,
    stake: float | None = None,
    allowed: float = 0.05,
) -> Information:
    """Return what points say of a claim: ``values`` (point, factor) in SI, ``response`` (point, replication).

    With a gain of mean 1 and two factors that each move it by a standard deviation of 2, a call now is wrong in 36 % of the cases, and knowing one of
    them is worth 2 phi(1/2) - Phi(-1/2) = .3956:

    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(20000, 2))
    >>> found = assess(Claim("", "margin", True, 0.0), x, (1 + 2 * x.sum(axis=1))[:, None], (("a", "1"), ("b", "1")), {})
    >>> abs(found.wrong - 0.3618) < 0.015, [abs(each.worth - 0.3956) < 0.02 for each in found.first]
    (True, [True, True])
    """
    gain = (response.mean(axis=1) - claim.limit) * (1.0 if claim.above else -1.0)
    points = len(gain)
    parts, fit = _additive(values, gain)
    mean, spread = float(gain.mean()), float(gain.std(ddof=1))
    rest_now = ndtr(-abs(mean) / spread) if spread > 0.0 else 0.0
    judge = _Judge(gain, mean, spread, stake)
    named = []
    for k, (path, unit) in enumerate(factors):
        part = parts[:, k]
        share = float(part.var() / gain.var()) if spread > 0.0 else 0.0
        if share < LEAST_SHARE:
            continue
        error = judge.error(part, float(values[:, k].std()), allowed)
        sigma = (spreads or {}).get(path)
        samples = math.ceil((sigma / error) ** 2 - 1e-9) if sigma is not None and error else None
        named.append((k, Worth(path, unit, bases.get(path, ""), share, judge.worth(part), judge.wrong(part), error, samples)))
    named.sort(key=lambda item: (-item[1].worth, -item[1].share, item[0]))
    first = named[:FIRST]
    together = None
    if len(first) > 1:
        all_of = parts[:, [k for k, _ in first]].sum(axis=1)
        names = ", ".join(each.path for _, each in first)
        each_of = [(parts[:, k], float(values[:, k].std()), (spreads or {}).get(each.path)) for k, each in first]
        samples = judge.samples([(part, prior, sigma) for part, prior, sigma in each_of if sigma is not None], allowed) if all(s for *_, s in each_of) else None
        together = Worth(names, "", "", float(all_of.var() / gain.var()), judge.worth(all_of), judge.wrong(all_of), None, samples)
    held = int((gain >= 0.0).sum())
    low, high = wilson(held, points)
    return Information(
        claim,
        points,
        held,
        (low, high),
        float(rest_now),
        judge.everything(),
        "EUR",
        tuple(each for _, each in first),
        together,
        fit,
        noise_share(response),
        allowed,
    )


def _additive(values: Floats, gain: Floats) -> tuple[Floats, float]:
    """The gain as a sum of one curve for each factor, of degree 3, 2 or 1 as the points allow: (point, factor), each of mean 0; and R², adjusted."""
    points, factors = values.shape
    degree = next((d for d in (3, 2, 1) if points >= POINTS_A_TERM * (1 + d * factors)), 0)
    if not degree:
        need = POINTS_A_TERM * (1 + factors)
        raise UsageError(f"{points} points with a result are too few for {factors} factors: at least {need} are needed; take a larger design")
    scale = values.std(axis=0)
    x = (values - values.mean(axis=0)) / np.where(scale > 0.0, scale, 1.0)
    terms = np.column_stack([x**power for power in range(1, degree + 1)]) if factors else np.zeros((points, 0))
    terms = terms - terms.mean(axis=0)
    solution, *_ = np.linalg.lstsq(terms, gain - gain.mean(), rcond=None)
    weighted = terms * solution
    parts = weighted.reshape(points, degree, factors).sum(axis=1)
    rest = gain - gain.mean() - parts.sum(axis=1)
    freedom = points - 1 - terms.shape[1]
    total = float(gain.var(ddof=1))
    fit = 1.0 - float((rest**2).sum()) / freedom / total if total > 0.0 and freedom > 0 else 0.0
    return parts, fit


@dataclass(frozen=True)
class _Judge:
    """Values knowledge: ``stake`` is what a wrong call costs, None where the gain is money itself."""

    gain: Floats
    mean: float
    spread: float
    stake: float | None

    def everything(self) -> float:
        """What it would be worth to know the gain itself: the expected loss of deciding now."""
        return self._worth(self.gain, 0.0 if self.stake is not None else None)

    def worth(self, part: Floats) -> float:
        """What it is worth to know the part of the gain that one factor, or several, make."""
        return self._worth(self.mean + part, None)

    def _worth(self, known: Floats, wrong: float | None) -> float:
        if self.stake is not None:
            now = float(ndtr(-abs(self.mean) / self.spread)) if self.spread > 0.0 else 0.0
            then = self.wrong(known - self.mean) if wrong is None else wrong
            return self.stake * max(0.0, now - then)
        return max(0.0, float(np.maximum(known, 0.0).mean()) - max(0.0, float(known.mean())))

    def wrong(self, part: Floats, shrunk: float = 1.0) -> float:
        """The probability of a wrong call when that part, shrunk by what its measurement leaves unsure, is known: of the rest, as if it were normal."""
        known = shrunk * part
        rest = math.sqrt(max(0.0, self.spread**2 - float(known.var())))
        distance = np.abs(self.mean + known)
        if rest <= 1e-12 * self.spread:
            return 0.0
        return float(ndtr(-distance / rest).mean())

    def error(self, part: Floats, prior: float, allowed: float) -> float | None:
        """The standard error, SI, with which the factor must be known so that a wrong call has the probability ``allowed``; None where that is out of reach.

        A measurement of standard error e on a factor of standard deviation s shrinks what it tells by sqrt(s²/(s² + e²)).
        """
        if self.wrong(part) > allowed:
            return None
        if self.wrong(part, 0.0) <= allowed:
            return math.inf
        low, high = 0.0, 1.0  # of the factor by which it is shrunk
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if self.wrong(part, middle) <= allowed else (middle, high)
        return prior * math.sqrt(max(0.0, 1.0 / high**2 - 1.0)) or None

    def samples(self, measured: Sequence[tuple[Floats, float, float]], allowed: float) -> int | None:
        """How many samples of each of several factors - (part, standard deviation, spread of a sample) - settle the claim; None where no number does."""

        def settles(count: int) -> bool:
            known = sum(part * (prior / math.hypot(prior, spread / math.sqrt(count))) for part, prior, spread in measured)
            return self.wrong(np.asarray(known)) <= allowed

        if not settles(MOST_SAMPLES):
            return None
        low, high = 0, MOST_SAMPLES
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if settles(middle) else (middle, high)
        return high
