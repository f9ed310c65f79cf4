"""Distributions: a value that is drawn, each from one uniform number by inversion.

A value in a scenario is a quantity (a constant) or ``{form: {parameter: quantity}}``, for instance
``{lognormal: {mean: 1.5 h, sd: 1.2 h}}``. Normal, lognormal, exponential, weibull and gamma also take ``min`` and ``max``: a draw outside is
set to the limit (clipped, not redrawn, so that one uniform gives one variate).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import Any

from twin.errors import UsageError
from twin.quantities import Quantity, shown
from twin.scenario.problems import Faults, nearest

_SMALLEST = 2.0**-54
_STANDARD_NORMAL = NormalDist()


@dataclass(frozen=True)
class Distribution:
    """A distribution of values in the SI unit ``unit``.

    ``names`` and ``values`` are the parameters of ``form``, in SI; empirical and discrete distributions hold their table in ``points`` and
    ``weights`` (cumulative, up to 1). Draws are clipped to ``[lower, upper]``.
    """

    form: str
    unit: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    lower: float
    upper: float
    mean: float
    points: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    bare: bool = False
    """Whether it was written as one quantity, without its form."""

    def inverse(self, u: float) -> float:
        """Return the variate of the uniform number ``u`` in [0, 1).

        For an exponential distribution of mean 2: ``inverse(0.5)`` is ``2 ln 2 = 1.3862943611198906``.
        """
        value = _FORMS[self.form].inverse(self, u)
        return self.lower if value < self.lower else self.upper if value > self.upper else value

    @property
    def is_constant(self) -> bool:
        """Whether every draw gives the same value."""
        return self.form == "constant"

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name, in SI."""
        return dict(zip(self.names, self.values, strict=True))

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        if self.bare:
            yield (), self.values[0], self.unit
            return
        if self.form == "constant":
            yield (self.form,), self.values[0], self.unit
            return
        for name, value in zip(self.names, self.values, strict=True):
            yield (self.form, name), value, "1" if name == "shape" else self.unit
        for index, point in enumerate(self.points):
            yield (self.form, "values", index), point, self.unit
        for index, weight in enumerate(self.weights):
            yield (self.form, "cumulative", index), weight, "1"


def constant(value: float, unit: str) -> Distribution:
    """Return the distribution that always gives ``value``."""
    return Distribution("constant", unit, ("value",), (value,), value, value, value, bare=True)


def exponential(mean: float, unit: str) -> Distribution:
    """Return the exponential distribution of a mean."""
    return Distribution("exponential", unit, ("mean",), (mean,), 0.0, math.inf, mean)


@dataclass(frozen=True)
class _Form:
    """One form: its parameters, what it demands of them, its inverse, mean and support."""

    inverse: Callable[[Distribution, float], float]
    mean: Callable[..., float]
    support: Callable[..., tuple[float, float]]
    parameters: tuple[str, ...]
    demands: tuple[tuple[Callable[..., bool], str], ...] = ()
    clips: bool = False


def _uniform(d: Distribution, u: float) -> float:
    low, high = d.values
    return low + (high - low) * u


def _normal(d: Distribution, u: float) -> float:
    mean, sd = d.values
    return mean + sd * _STANDARD_NORMAL.inv_cdf(max(u, _SMALLEST))


def _lognormal(d: Distribution, u: float) -> float:
    mean, sd = d.values
    variance = math.log1p((sd / mean) ** 2)
    return math.exp(math.log(mean) - variance / 2 + math.sqrt(variance) * _STANDARD_NORMAL.inv_cdf(max(u, _SMALLEST)))


def _triangular(d: Distribution, u: float) -> float:
    low, mode, high = d.values
    if u * (high - low) < mode - low:
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1 - u) * (high - low) * (high - mode))


def _exponential(d: Distribution, u: float) -> float:
    return -d.values[0] * math.log1p(-u)


def _weibull(d: Distribution, u: float) -> float:
    scale, shape = d.values
    return float(scale * (-math.log1p(-u)) ** (1 / shape))


def _gamma(d: Distribution, u: float) -> float:
    from scipy.special import gammaincinv  # slow to import, and few scenarios draw from a gamma distribution

    mean, shape = d.values
    return mean / shape * float(gammaincinv(shape, u))


def _geometric(d: Distribution, u: float) -> float:
    mean, step = d.values
    if mean <= step:
        return step
    return step * (1 + math.floor(math.log1p(-u) / math.log1p(-step / mean)))


def _empirical(d: Distribution, u: float) -> float:
    i = min(max(bisect_right(d.weights, u), 1), len(d.points) - 1)
    low, high = d.weights[i - 1], d.weights[i]
    share = (u - low) / (high - low) if high > low else 1.0
    return d.points[i - 1] + (d.points[i] - d.points[i - 1]) * share


def _discrete(d: Distribution, u: float) -> float:
    return d.points[min(bisect_right(d.weights, u), len(d.points) - 1)]


_UNLIMITED = (0.0, math.inf)
_FORMS: dict[str, _Form] = {
    "constant": _Form(lambda d, u: d.values[0], lambda value: value, lambda value: (value, value), ("value",)),
    "uniform": _Form(
        _uniform,
        lambda low, high: (low + high) / 2,
        lambda low, high: (low, high),
        ("low", "high"),
        ((lambda low, high: low < high, "'low' must be less than 'high'"),),
    ),
    "normal": _Form(
        _normal,
        lambda mean, sd: mean,
        lambda mean, sd: (-math.inf, math.inf),
        ("mean", "sd"),
        ((lambda mean, sd: sd > 0, "'sd' must be more than 0"),),
        clips=True,
    ),
    "lognormal": _Form(
        _lognormal,
        lambda mean, sd: mean,
        lambda mean, sd: _UNLIMITED,
        ("mean", "sd"),
        ((lambda mean, sd: mean > 0 and 0 < sd <= 1000 * mean, "'mean' must be more than 0 and 'sd' more than 0, at most 1000 times the mean"),),
        clips=True,
    ),
    "triangular": _Form(
        _triangular,
        lambda low, mode, high: (low + mode + high) / 3,
        lambda low, mode, high: (low, high),
        ("low", "mode", "high"),
        ((lambda low, mode, high: low <= mode <= high and low < high, "'low' <= 'mode' <= 'high' is needed, not all equal"),),
    ),
    "exponential": _Form(
        _exponential,
        lambda mean: mean,
        lambda mean: _UNLIMITED,
        ("mean",),
        ((lambda mean: mean > 0, "'mean' must be more than 0"),),
        clips=True,
    ),
    "weibull": _Form(
        _weibull,
        lambda scale, shape: scale * math.gamma(1 + 1 / shape),
        lambda scale, shape: _UNLIMITED,
        ("scale", "shape"),
        ((lambda scale, shape: scale > 0 and 0.1 <= shape <= 1000, "'scale' must be more than 0 and 'shape' from 0.1 to 1000"),),
        clips=True,
    ),
    "gamma": _Form(
        _gamma,
        lambda mean, shape: mean,
        lambda mean, shape: _UNLIMITED,
        ("mean", "shape"),
        ((lambda mean, shape: mean > 0 and 0.01 <= shape <= 1e6, "'mean' must be more than 0 and 'shape' from 0.01 to 1000000"),),
        clips=True,
    ),
    "geometric": _Form(
        _geometric,
        lambda mean, step: mean,
        lambda mean, step: (step, math.inf),
        ("mean", "step"),
        ((lambda mean, step: 0 < step <= mean <= 1e12 * step, "'step' must be more than 0 and 'mean' at least one step"),),
    ),
    "empirical": _Form(_empirical, lambda: 0.0, lambda: (0.0, 0.0), ()),
    "discrete": _Form(_discrete, lambda: 0.0, lambda: (0.0, 0.0), ()),
}
FORMS = tuple(_FORMS)
"""The names of all forms."""


def parameters_of(form: str) -> tuple[str, ...]:
    """The parameters of a form: those that it needs first, then ``min`` and ``max`` where it takes them; of a table its lists.

    >>> parameters_of("normal"), parameters_of("discrete")
    (('mean', 'sd', 'min', 'max'), ('values', 'weights'))
    """
    if form in _TABLE_KEYS:
        return "values", _TABLE_KEYS[form]
    return (*_FORMS[form].parameters, *(("min", "max") if _FORMS[form].clips else ()))


_TABLE_KEYS = {"empirical": "cumulative", "discrete": "weights"}
_MOST_POINTS = 10_000


def read_distribution(form: str, written: Any, si: str) -> Distribution:
    """Return the distribution of a form with the parameters as written, of any sign; raises pydantic's ``ValidationError`` with every fault."""
    return _Reader(form, si).read(written)


class _Reader:
    """Reads the parameters of one form in one unit, collecting every fault."""

    def __init__(self, form: str, si: str) -> None:
        self.form, self.si, self.faults = form, si, Faults()

    def read(self, written: Any) -> Distribution:
        if self.form in _TABLE_KEYS:
            return self._table(written)
        form = _FORMS[self.form]
        if self.form == "constant" and not isinstance(written, Mapping):
            written = {"value": written}
        if self.form == "uniform" and isinstance(written, list):
            if len(written) != 2:
                self._stop(f"[low, high] is needed (got {shown(written)})")
            written = {"low": written[0], "high": written[1]}
        optional = ("min", "max") if form.clips else ("step",) if self.form == "geometric" else ()
        if not isinstance(written, Mapping):
            self._stop(f"a mapping with {_listed(form.parameters)} is needed (got {shown(written)})")
        self._keys(written, form.parameters, optional)
        values = [self._number(written, name, "1" if name == "shape" else self.si) for name in form.parameters if name in written]
        if self.form == "geometric" and "step" not in written:
            values.append(1.0)
        limits = [self._number(written, name, self.si) if name in written else None for name in ("min", "max")]
        self.faults.stop_if_any()
        for holds, demand in form.demands:
            if not holds(*values):
                self._stop(f"{demand} (got {shown(dict(written))})")
        low, high = form.support(*values)
        low = low if limits[0] is None else max(low, limits[0])
        high = high if limits[1] is None else min(high, limits[1])
        if low > high or (form.clips and low == high):
            self._stop(f"'min' must be less than 'max' (got {shown(dict(written))})")
        return Distribution(self.form, self.si, form.parameters, tuple(values), low, high, form.mean(*values))

    def _table(self, written: Any) -> Distribution:
        share_key = _TABLE_KEYS[self.form]
        if not isinstance(written, Mapping):
            self._stop(f"a mapping with 'values' and, if you like, {share_key!r} is needed (got {shown(written)})")
        self._keys(written, ("values",), (share_key,))
        points = self._list(written, "values", self.si)
        shares = self._list(written, share_key, "1") if share_key in written else None
        self.faults.stop_if_any()
        if len(points) < (least := 2 if self.form == "empirical" else 1):
            self._stop(f"at least {least} values are needed (got {len(points)})", "values")
        if shares is not None and len(shares) != len(points):
            self._stop(f"as many numbers as values are needed, {len(points)} (got {len(shares)})", share_key)
        return self._empirical(points, shares) if self.form == "empirical" else self._discrete(points, shares)

    def _empirical(self, points: list[float], shares: list[float] | None) -> Distribution:
        if shares is None:
            points, shares = sorted(points), [i / (len(points) - 1) for i in range(len(points))]
        if any(a > b for a, b in pairwise(points)):
            self._stop("values must not fall", "values")
        if shares[0] != 0 or shares[-1] != 1 or any(a > b for a, b in pairwise(shares)):
            self._stop("cumulative shares must rise from 0 to 1", "cumulative")
        steps = zip(pairwise(points), pairwise(shares), strict=True)
        mean = math.fsum((a + b) / 2 * (d - c) for (a, b), (c, d) in steps)
        return Distribution("empirical", self.si, (), (), points[0], points[-1], mean, tuple(points), tuple(shares))

    def _discrete(self, points: list[float], shares: list[float] | None) -> Distribution:
        weights = shares or [1.0] * len(points)
        sums = list(accumulate(weights))
        total = sums[-1]
        if min(weights) < 0 or not 0 < total < math.inf:
            self._stop("weights must be at least 0, and not all 0", "weights")
        cumulative = [part / total for part in sums]
        mean = math.fsum(p * w / total for p, w in zip(points, weights, strict=True))
        return Distribution("discrete", self.si, (), (), min(points), max(points), mean, tuple(points), tuple(cumulative))

    def _keys(self, written: Mapping[str, Any], needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
        allowed = dict.fromkeys((*needed, *optional))
        for key in written:
            if key not in allowed:
                self.faults.add(f"unknown key {str(key)[:80]!r}; {nearest(key, allowed)}", self.form, key)
        for name in needed:
            if name not in written and name not in optional:
                self.faults.add(f"{name!r} is missing", self.form, name)

    def _number(self, written: Mapping[str, Any], name: str, si: str) -> float:
        return self._quantity(written[name], si, name)

    def _list(self, written: Mapping[str, Any], name: str, si: str) -> list[float]:
        items = written.get(name, [])
        if not isinstance(items, list) or len(items) > _MOST_POINTS:
            self.faults.add(f"a list of at most {_MOST_POINTS} values is needed (got {shown(items)})", self.form, name)
            return []
        return [self._quantity(item, si, name, index) for index, item in enumerate(items)]

    def _quantity(self, value: object, si: str, *loc: str | int) -> float:
        try:
            return Quantity(si).read(value)
        except UsageError as error:
            self.faults.add(str(error), self.form, *loc)
            return math.nan

    def _stop(self, message: str, *loc: str | int) -> Any:
        self.faults.add(message, self.form, *loc)
        self.faults.stop()


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(repr(name) for name in names)
