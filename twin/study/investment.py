"""Whether a changed plant pays for what it costs to change it: the yearly gain of a comparison, and the net present value with its interval.

The gain is the difference of the ``operating_result`` (of the ``margin`` where a plant has no block ``money``), as it is in a year of 365 d. The net present
value is linear in it, and so its interval follows from that of the gain. Over the life of a machine the chance of a single window averages out: what is
uncertain is the mean gain, and P(payback < limit) is the probability, by Student's distribution of that mean, that it exceeds investment over limit. Prices are
not drawn: a price scenario has a row of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twin.errors import UsageError
from twin.quantities import YEAR, format_quantity
from twin.results.investment import Investment
from twin.study.comparison import Payoff, Row
from twin.study.statistics import Interval, probability_above
from twin.study.verdicts import Change

AS_STATED = ""
FIGURES = ("operating_result", "margin")
AT_PRICES = "operating_result_at."
PAYS, DOES_NOT_PAY, CANNOT_TELL = "pays", "does not pay", "cannot tell"


@dataclass(frozen=True)
class Means:
    """What a side of a comparison says of money: its name, its window (s; NaN where its runs do not agree) and what was invested, by place."""

    name: str
    window: float
    investments: Mapping[str, Investment]


def difference_of(base: Mapping[str, Investment], changed: Mapping[str, Investment]) -> Investment | None:
    """Return what a changed plant cost more, as one investment; None where nothing. Raises ``UsageError`` where lives or interests of the parts differ.

    >>> one, two = ({"eddy": Investment(amount, 10, 0.06, amount / 10)} for amount in (2e5, 4e5))
    >>> difference_of(one, two)
    Investment(amount=200000.0, life=10, interest=0.06, salvage=20000.0)
    """
    more = [changed[name] for name in changed if changed[name] != base.get(name)]
    less = [replace(base[name], amount=-base[name].amount, salvage=-base[name].salvage) for name in base if base[name] != changed.get(name)]
    parts = [*more, *less]
    if not parts:
        return None
    terms = dict.fromkeys((part.life, part.interest) for part in parts)
    if len(terms) > 1:
        found = ", ".join(f"{life:g} a at {100 * interest:g} %" for life, interest in terms)
        raise UsageError(f"what was invested differs in life or interest ({found}); say with --invest, --life and --interest what the change costs")
    ((life, interest),) = terms
    return Investment(math.fsum(part.amount for part in parts), life, interest, math.fsum(part.salvage for part in parts))


def payoffs(rows: Sequence[Row], sides: Sequence[Means], given: Investment | None, limit: float | None) -> tuple[list[Payoff], list[str]]:
    """Return what each variant's investment brings, at the prices stated and in each price scenario, and why it cannot be told of the others.

    ``given`` is the investment of every variant, else the differences of what was invested count; ``limit`` is in years.
    """
    by_name = {row.name: row for row in rows}
    found: list[Payoff] = []
    remarks: list[str] = []
    for column, side in enumerate(sides[1:], start=1):
        try:
            plan = given if given is not None else difference_of(sides[0].investments, side.investments)
        except UsageError as error:
            remarks.append(f"{side.name}: {error}")
            continue
        if plan is None:
            continue
        figure = next((name for name in FIGURES if name in by_name and _known(by_name[name], column)), None)
        if figure is None:
            remarks.append(f"{side.name}: no net present value, since its margin or that of {sides[0].name} is incomplete; 'twin run' says what has no price")
        elif not math.isclose(side.window, sides[0].window, rel_tol=1e-9):
            lengths = " and ".join(format_quantity(one.window, "s") for one in (sides[0], side))
            remarks.append(f"{side.name}: no net present value, since the windows differ in length ({lengths})")
        else:
            of_prices = [name for name in by_name if name.startswith(AT_PRICES) and _known(by_name[name], column)]
            for name in (figure, *of_prices):
                prices = name.removeprefix(AT_PRICES) if name in of_prices else AS_STATED
                found.append(payoff(side.name, prices, by_name[name].changes[column - 1], plan, side.window, limit))
    return found, remarks


def _known(row: Row, column: int) -> bool:
    return not (math.isnan(row.values[0]) or math.isnan(row.values[column]))


def payoff(name: str, prices: str, change: Change, plan: Investment, window: float, limit: float | None) -> Payoff:
    """Return what an investment brings whose gain in a window of ``window`` s is a difference of two sides."""
    a_year = YEAR / window
    gain, interval = change.difference * a_year, _scaled(change.interval, a_year)
    low, high = (gain, gain) if interval is None else (interval.low, interval.high)
    npv = plan.npv(gain)
    npv_low, npv_high = plan.npv(low), plan.npv(high)
    gains = low > 0.0 and interval is not None
    chance = math.nan if limit is None else _chance(plan, gain, interval, limit)
    verdict = CANNOT_TELL if interval is None else PAYS if npv_low > 0.0 else DOES_NOT_PAY if npv_high < 0.0 else CANNOT_TELL
    rate, payback, discounted = (plan.internal_rate(gain), plan.payback(gain), plan.discounted_payback(gain)) if gains else (math.nan,) * 3
    return Payoff(name, prices, plan, gain, interval, npv, npv_low, npv_high, rate, payback, discounted, limit, chance, verdict)


def _scaled(interval: Interval | None, factor: float) -> Interval | None:
    if interval is None:
        return None
    return replace(interval, mean=interval.mean * factor, standard_error=interval.standard_error * factor, half_width=interval.half_width * factor)


def _chance(plan: Investment, gain: float, interval: Interval | None, limit: float) -> float:
    """The probability that the investment is paid back within ``limit`` years; NaN of one run."""
    if interval is None:
        return math.nan
    return 1.0 if plan.amount <= 0.0 else probability_above(interval, plan.amount / limit)
