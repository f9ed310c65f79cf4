"""Sensitivity: what a key figure depends on, from the runs of a sweep.

Elementary effects (M. D. Morris 1991; mu* by F. Campolongo et al. 2007) and Sobol' indices (A. Saltelli et al. 2010), with bootstrap intervals, are computed by
SALib for the designs that were made for them. For any other design the ranks of a key figure are regressed on the ranks of the factors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.results.held import contradictions
from twin.study.read import Study
from twin.study.statistics import check_confidence

Method = Literal["morris", "sobol", "ranks"]
Floats = NDArray[np.float64]
RESAMPLES = 1000
"""Of the bootstrap."""
_STEADY = 1e-12
"""A key figure that changes by less than this share of itself does not change."""


@dataclass(frozen=True)
class Influence:
    """How much a key figure depends on one factor.

    ``size`` is what factors are ordered by, ``half_width`` that of its bootstrap interval (None without): mu*, the mean size of the change over the factor's
    whole range, in SI; the total Sobol' index; the regression coefficient of standardised ranks. ``second`` is sigma, the spread of that change (large where
    it depends on others, or is no straight line); the first Sobol' index; the share of the ranks' variance.
    """

    path: str
    basis: str
    size: float
    half_width: float | None
    second: float
    second_half_width: float | None = None


@dataclass(frozen=True)
class Sensitivity:
    """One key figure: its factors by their influence, the largest first, and how far that can be trusted.

    ``used`` of ``points`` points have results and were used. ``noise`` is the share of the variance between the points that is chance and not plant; None where
    there is one replication. ``fit`` is R² of the regression of ranks. ``assumed`` is the share of the variance that rests on factors whose basis is "assumed",
    ``assumed_half_width`` its interval from Sobol' indices. ``reason`` says why there is nothing, where there is nothing.
    """

    name: str
    unit: str
    method: Method
    factors: tuple[Influence, ...]
    points: int
    used: int
    replications: int
    noise: float | None = None
    fit: float | None = None
    assumed: float | None = None
    assumed_half_width: float | None = None
    reason: str = ""


def sensitivity(study: Study, responses: Sequence[str] = (), confidence: float = 0.95) -> list[Sensitivity]:
    """Return what the key figures of a study depend on, by default those it asks for. Raises ``UsageError`` for what cannot be answered."""
    check_confidence(confidence)
    with contradictions(study.path):
        return _found(study, responses, confidence)


def _found(study: Study, responses: Sequence[str], confidence: float) -> list[Sensitivity]:
    if not study.factors:
        raise UsageError(f"{study.path}: nothing varies in this study; give it 'vary'")
    check_drawn(study)
    chosen = tuple(responses) or tuple(json.loads(study.attrs["responses"]))
    if not chosen:
        raise UsageError(f"{study.path}: the study asks for no key figure; say which, e.g. --response throughput")
    bases = bases_of(study)
    values = np.column_stack([study.factor(path) for path in study.factors])
    points = _Design(study.design, study.levels(), values, tuple(bases.items()), int(study.attrs["design_seed"]), confidence)
    try:
        return [points.analyse(name, study.all_responses.get(name, ""), study.response(name)) for name in dict.fromkeys(chosen)]
    except ImportError as error:
        raise UsageError(f"the indices of the design {next(iter(study.design))!r} need {error.name}: pip install 'twin[study]'") from None


def check_drawn(study: Study) -> None:
    """Raise ``UsageError`` for the runs of an optimisation: its settings were sought where they are good, and say nothing of the whole range."""
    if "optimise" in study.design:
        raise UsageError(f"{study.path} holds the runs of an optimisation, whose settings were sought and not drawn; make a sweep, or see its own importances")


def bases_of(study: Study) -> dict[str, str]:
    """Return on what the base value of each factor rests, by path, as the scenario says; "" for what is no number of it."""
    known = {number.path: number.basis for number in study.base().parameters()}
    return {path: known.get(path, "") for path in study.factors}


def analyse(
    design: Mapping[str, Any], levels: Floats, values: Floats, response: Floats, bases: Mapping[str, str], *, seed: int = 0, confidence: float = 0.95
) -> Sensitivity:
    """Return what ``response`` (point, replication) depends on; ``levels`` and ``values`` are (point, factor), ``bases`` has every factor in that order.

    ``design`` is as in a study file. The response 3 a + b on a grid of 0, 1 for both rests on a and b with 9 to 1, but on ranks alone, of which it has four,
    with 4 to 1:

    >>> corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> found = analyse({"grid": 2}, corners, corners, corners @ [[3.0], [1.0]], {"a": "assumed", "b": "measured"})
    >>> [(factor.path, round(factor.second, 3)) for factor in found.factors], round(found.assumed, 3)
    ([('a', 0.8), ('b', 0.2)], 0.8)
    """
    return _Design(dict(design), levels, values, tuple(bases.items()), seed, confidence).analyse("", "1", response)


def noise_share(response: Floats) -> float | None:
    """Return which share of the variance between the points' means is chance; None for fewer than two replications or points.

    Replication k has the same random numbers at all points; what it does to all of them alike moves no point against another and does not count.
    """
    points, replications = response.shape
    if points < 2 or replications < 2:
        return None
    means = response.mean(axis=1, keepdims=True)
    rest = response - means - response.mean(axis=0, keepdims=True) + response.mean()
    chance = float((rest**2).sum()) / ((points - 1) * (replications - 1)) / replications
    between = float(means.var(ddof=1))
    return min(1.0, chance / between) if between > 0 else None


@dataclass(frozen=True)
class _Design:
    """The points of a study and how they were chosen."""

    design: dict[str, Any]
    levels: Floats
    values: Floats
    factors: tuple[tuple[str, str], ...]
    seed: int
    confidence: float

    @property
    def method(self) -> Method:
        return "morris" if "morris" in self.design else "sobol" if "saltelli" in self.design else "ranks"

    @property
    def block(self) -> int:
        """Points that belong together: where one has no result, the others say nothing."""
        count = len(self.factors)
        return {"morris": count + 1, "sobol": count + 2, "ranks": 1}[self.method]

    def analyse(self, name: str, unit: str, response: Floats) -> Sensitivity:
        points, replications = response.shape
        whole = np.isfinite(response).all(axis=1).reshape(-1, self.block).all(axis=1)
        keep = np.repeat(whole, self.block)
        used = int(keep.sum())
        about: dict[str, Any] = {"name": name, "unit": unit, "method": self.method, "points": points, "used": used, "replications": replications}
        y = response[keep].mean(axis=1)
        if reason := self._too_little(int(whole.sum()), y):
            return Sensitivity(factors=(), reason=reason, **about)
        about["noise"] = noise_share(response[keep])
        ranks = None if self.method == "sobol" else self._ranks(self.values[keep], y)
        if self.method == "ranks":
            if ranks is None:
                return Sensitivity(factors=(), reason="factors change together in this design, so that they cannot be told apart", **about)
            return self._by_ranks(about, *ranks)
        if self.method == "morris":
            shares: dict[str, Any] = {} if ranks is None else {"fit": ranks[2], "assumed": self._sum_of_assumed(ranks[1])}
            return Sensitivity(factors=self._morris(self.levels[keep], y), **about, **shares)
        return self._sobol(about, y)

    def _too_little(self, blocks: int, y: Floats) -> str:
        least = len(self.factors) + 2 if self.method == "ranks" else 2
        if blocks < least:
            of = {"morris": "trajectories", "sobol": "blocks of factors + 2 points", "ranks": "points"}[self.method]
            return f"{blocks} {of} have a result at every run, at least {least} are needed"
        return "it does not change" if np.ptp(y) <= _STEADY * float(np.abs(y).max()) else ""

    def _problem(self) -> dict[str, Any]:
        count = len(self.factors)
        return {"num_vars": count, "names": [f"x{k}" for k in range(count)], "bounds": [[0.0, 1.0]] * count}

    @property
    def _options(self) -> dict[str, Any]:
        seed = self.seed % (2**32 - 1) + 1  # SALib takes 0 for no seed at all
        return {"num_resamples": RESAMPLES, "conf_level": self.confidence, "seed": seed}

    def _morris(self, levels: Floats, y: Floats) -> tuple[Influence, ...]:
        from SALib.analyze import morris

        found = morris.analyze(self._problem(), levels, y, num_levels=int(self.design["morris"].get("levels", 4)), **self._options)
        columns = [np.asarray(found[key], dtype=np.float64).tolist() for key in ("mu_star", "mu_star_conf", "sigma")]
        return _ordered(Influence(*factor, *numbers) for factor, *numbers in zip(self.factors, *columns, strict=True))

    def _sobol(self, about: dict[str, Any], y: Floats) -> Sensitivity:
        from SALib.analyze import sobol
        from scipy.special import ndtri

        found = sobol.analyze(self._problem(), y, calc_second_order=False, keep_resamples=True, **self._options)
        columns = [np.asarray(found[key], dtype=np.float64).tolist() for key in ("ST", "ST_conf", "S1", "S1_conf")]
        factors = _ordered(Influence(*factor, *numbers) for factor, *numbers in zip(self.factors, *columns, strict=True))
        resampled = np.asarray(found["S1_conf_all"], dtype=np.float64)[:, [basis == "assumed" for _, basis in self.factors]].sum(axis=1)
        width = float(ndtri(0.5 + self.confidence / 2)) * float(resampled.std(ddof=1))
        return Sensitivity(factors=factors, assumed=self._sum_of_assumed(columns[2]), assumed_half_width=width, **about)

    def _by_ranks(self, about: dict[str, Any], coefficients: list[float], shares: list[float], fit: float) -> Sensitivity:
        factors = _ordered(Influence(*factor, size, None, share) for factor, size, share in zip(self.factors, coefficients, shares, strict=True))
        return Sensitivity(factors=factors, fit=fit, assumed=self._sum_of_assumed(shares), **about)

    def _ranks(self, values: Floats, y: Floats) -> tuple[list[float], list[float], float] | None:
        """Coefficients of standardised ranks, what each explains of the variance of the ranks (Pratt: coefficient times correlation), and their sum, R²."""
        x, ranked = _standardised(values), _standardised(y[:, None])[:, 0]
        varies = x.any(axis=0)
        if np.linalg.matrix_rank(x) < int(varies.sum()):
            return None
        coefficients = np.linalg.lstsq(x, ranked, rcond=None)[0]
        shares = coefficients * (x.T @ ranked) / len(y)
        return coefficients.tolist(), shares.tolist(), float(shares.sum())

    def _sum_of_assumed(self, shares: Sequence[float]) -> float:
        return math.fsum(share for (_, basis), share in zip(self.factors, shares, strict=True) if basis == "assumed")


def _standardised(columns: Floats) -> Floats:
    """Ranks of each column with mean 0 and variance 1; 0 where nothing changes."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(columns, axis=0), dtype=np.float64)
    ranks -= ranks.mean(axis=0)
    spread = ranks.std(axis=0)
    scaled: Floats = ranks / np.where(spread > 0, spread, 1.0)
    return scaled


def _ordered(factors: Any) -> tuple[Influence, ...]:
    return tuple(sorted(factors, key=lambda factor: -abs(factor.size)))
