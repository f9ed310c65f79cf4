"""Whether an investment pays: net present value, internal rate of return, payback, and what a year of it costs.

The formulas are those of any textbook of engineering economics (e.g. VDI 6025); they are written here and use no library. A payment falls at the end of its
year, the investment at the beginning of the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twin.errors import UsageError

LOWEST, HIGHEST = -0.99, 100.0
"""Rates between which an internal rate is looked for, per year."""
HALVINGS = 200
LARGEST = 600.0
"""Natural logarithm of the largest factor by which a payment is multiplied."""


@dataclass(frozen=True)
class Investment:
    """``amount`` EUR are spent at once; ``salvage`` EUR come back after ``life`` years; ``interest`` is per year, as a share.

    Raises :class:`~twin.errors.UsageError` for a life that is not above 0, an interest of -100 % or less, and what is not finite.
    """

    amount: float
    life: float
    interest: float
    salvage: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.life) and self.life > 0.0):
            raise UsageError(f"the life of an investment must be above 0 years (got {self.life:g})")
        if not (math.isfinite(self.interest) and self.interest > -1.0):
            raise UsageError(f"an interest must be above -100 % a year (got {100 * self.interest:g} %)")
        if -self.life * math.log1p(self.interest) > LARGEST:
            raise UsageError(f"an interest of {100 * self.interest:g} % over {self.life:g} years makes values too large to compute; choose a shorter life")
        if not (math.isfinite(self.amount) and math.isfinite(self.salvage)):
            raise UsageError(f"an investment and its salvage must be finite (got {self.amount:g} and {self.salvage:g} EUR)")

    def npv(self, gain: float) -> float:
        """Return the net present value, EUR, of ``gain`` EUR at the end of each year, and of its part of the last where ``life`` is no whole number.

        >>> round(Investment(250e3, 10, 0.06, 15e3).npv(52e3), 2)
        141100.45
        """
        return gain * annuity_factor(self.interest, self.life) + self.salvage * discount(self.interest, self.life) - self.amount

    def annuity(self) -> float:
        """Return what the investment costs in each year of its life, EUR/a: the gain at which its net present value is 0.

        >>> round(Investment(250e3, 10, 0.06, 15e3).annuity(), 2)
        32828.97
        """
        return (self.amount - self.salvage * discount(self.interest, self.life)) / annuity_factor(self.interest, self.life)

    def internal_rate(self, gain: float) -> float:
        """Return the interest at which the net present value is 0, per year as a share; NaN where there is none.

        >>> round(100 * Investment(250e3, 10, 0.06, 15e3).internal_rate(52e3), 4)
        16.4975
        """
        years = math.floor(self.life)
        if self.life == years and 0 < years <= 1000:
            return internal_rate([-self.amount, *[gain] * (years - 1), gain + self.salvage])
        return _root(lambda rate: Investment(self.amount, self.life, rate, self.salvage).npv(gain), self.life)

    def payback(self, gain: float) -> float:
        """Return the time until the gains have paid the investment, in years, without interest or salvage; infinite where they never do.

        >>> round(Investment(250e3, 10, 0.06, 15e3).payback(52e3), 4)
        4.8077
        """
        if self.amount <= 0.0:
            return 0.0
        return self.amount / gain if gain > 0.0 else math.inf

    def discounted_payback(self, gain: float) -> float:
        """Return the same with interest, by the annuity factor; infinite where interest eats the gain. Salvage is left out.

        >>> round(Investment(250e3, 10, 0.06, 15e3).discounted_payback(52e3), 4)
        5.8406
        """
        simple = self.payback(gain)
        if self.interest == 0.0 or not 0.0 < simple < math.inf:
            return simple
        left = 1.0 - self.interest * simple
        return -math.log(left) / math.log1p(self.interest) if left > 0.0 else math.inf


def discount(interest: float, years: float) -> float:
    """Return the present value of 1 EUR after so many years: (1 + i)^-n.

    >>> round(discount(0.06, 10), 6)
    0.558395
    """
    return math.exp(-years * math.log1p(interest))


def annuity_factor(interest: float, years: float) -> float:
    """Return the present value of 1 EUR at the end of each of so many years: (1 - (1 + i)^-n) / i.

    >>> round(annuity_factor(0.06, 10), 6), annuity_factor(0.0, 10)
    (7.360087, 10)
    """
    return years if interest == 0.0 else -math.expm1(-years * math.log1p(interest)) / interest


def npv(flows: Sequence[float], interest: float) -> float:
    """Return the net present value, EUR, of payments at the end of year 0, 1, 2, …

    >>> round(npv([-40e3, 5e3, 8e3, 12e3, 30e3], 0.08), 2)
    3065.22
    """
    return math.fsum(flow * discount(interest, year) for year, flow in enumerate(flows))


def internal_rate(flows: Sequence[float]) -> float:
    """Return the interest at which the net present value of payments is 0; NaN where none, or where several may be: where their sign changes not just once.

    >>> round(internal_rate([-100.0, 110.0]), 6)
    0.1
    """
    signs = [flow > 0.0 for flow in flows if flow]
    if sum(a != b for a, b in pairwise(signs)) != 1:
        return math.nan
    return _root(lambda rate: npv(flows, rate), len(flows))


def _root(value: Callable[[float], float], years: float) -> float:
    """Where a function of the rate changes its sign, by halving."""
    low, high = max(LOWEST, math.expm1(-0.99 * LARGEST / years)), HIGHEST
    at_low, at_high = value(low), value(high)
    if at_low == 0.0 or not at_low * at_high < 0.0:
        return math.nan
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        at = value(middle)
        if at == 0.0 or middle in (low, high):
            return middle
        low, high = (middle, high) if at * at_low > 0.0 else (low, middle)
    return 0.5 * (low + high)
