"""``twin compare``: whether a change pays, its options and what they print."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from twin.cli import replications
from twin.cli.figures import new_table
from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.study.comparison import Payoff

AS_STATED = "as stated"


def arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as arguments of :func:`twin.study.compare.compare`. Raises ``UsageError``."""
    limit = None if options.payback_limit is None else _years("--payback-limit", options.payback_limit)
    return {"investment": _investment(options), "payback_limit": limit}


def _investment(options: argparse.Namespace) -> Any:
    from twin.results.investment import Investment

    needed = {"--invest": options.invest, "--life": options.life, "--interest": options.interest}
    if all(value is None for value in (*needed.values(), options.salvage)):
        return None
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise UsageError(f"an investment needs --invest, --life and --interest (missing: {', '.join(missing)})")
    salvage = 0.0 if options.salvage is None else _money("--salvage", options.salvage)
    life, interest = _years("--life", options.life), replications.share("--interest", options.interest)
    return Investment(_money("--invest", options.invest), life, interest, salvage)


def _money(option: str, text: str) -> float:
    from twin.quantities import parse

    try:
        return parse(text, "EUR")
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None


def _years(option: str, text: str) -> float:
    """A number of years, bare or with a unit of time."""
    from twin.quantities import YEAR, parse

    try:
        years = float(text) if text.strip().replace(".", "", 1).isdecimal() else parse(text, "s") / YEAR
    except UsageError:
        years = math.nan
    if not 0.0 < years < math.inf:
        raise UsageError(f"{option}: a number of years above 0 is needed, e.g. '10 a' (got {text!r})")
    return years


def show(console: Console, payoffs: Sequence[Payoff]) -> None:
    """A table with a row by price scenario, then the answer of each variant in one sentence."""
    for name in dict.fromkeys(one.name for one in payoffs):
        own = [one for one in payoffs if one.name == name]
        limit = own[0].limit
        chance = [] if limit is None else [f"P(payback < {limit:g} a)"]
        table = new_table("prices", "gain a year", "net present value", "internal rate", "payback", "discounted", *chance, "answer")
        table.columns[-1].justify = "left"
        for one in own:
            cells = [one.prices or AS_STATED, one.gain_text, one.npv_text, _rate(one), one.payback_text, _discounted(one)]
            cells += [] if limit is None else ["" if math.isnan(one.chance) else f"{100 * one.chance:.3g} %"]
            table.add_row(*(escape(cell) for cell in (*cells, one.verdict)))
        console.print()
        console.print(table)
        console.print(escape(own[0].sentence), soft_wrap=True)


def _rate(one: Payoff) -> str:
    return "none" if math.isnan(one.rate) else f"{100 * one.rate:.3g} %"


def _discounted(one: Payoff) -> str:
    if math.isnan(one.discounted):
        return "none"
    return "never" if math.isinf(one.discounted) else f"{one.discounted:.3g} a"


def as_object(one: Payoff) -> dict[str, Any]:
    """Return what an investment brings as JSON."""
    numbers = {
        key: replications.number(value) if math.isfinite(value) else None
        for key, value in {
            "gain": one.gain, "npv": one.npv, "npv_low": one.npv_low, "npv_high": one.npv_high, "internal_rate": one.rate, "payback": one.payback,
            "discounted_payback": one.discounted, "probability": one.chance,
        }.items()
    }  # fmt: skip
    plan = {"amount": one.plan.amount, "life": one.plan.life, "interest": one.plan.interest, "salvage": one.plan.salvage}
    about = {"name": one.name, "prices": one.prices, "investment": plan, "payback_limit": one.limit}
    return {**about, **numbers, "gain_interval": replications.interval_object(one.interval), "verdict": one.verdict, "sentence": one.sentence}
