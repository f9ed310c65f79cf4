"""What a reader of a run must know beside its key figures: what limits the plant, what products are made of, and where a figure must not be trusted."""

from __future__ import annotations

import math
from typing import NamedTuple

from twin.quantities import format_quantity
from twin.results.lots import slowed_lines
from twin.results.read import Result
from twin.results.tally import Product, Totals
from twin.results.texts import bounds_text

MOST_NAMED = 4
"""Materials of a product that are named."""
ENRICHED = 1.05
"""A material that is richer in a product than in the feed by less than this factor was not concentrated there."""
MOST_RATIOS = 6
"""Uncertain shares that are named."""
LEAST_SHARE = 0.005
"""Materials below this share of a product are not named."""


class Part(NamedTuple):
    """A material or element with its share of a product, 0 to 1."""

    name: str
    share: float


def composition_of(totals: Totals, product: str) -> list[Part]:
    """Return what a product is made of, the largest first: materials, or elements where it is a melt. Empty where nothing left."""
    whole = totals.mass(product)
    if not whole > 0.0:
        return []
    names = totals.names["material"]
    if product in totals.names["stream"] and math.isnan(totals.at("streams/mass_flow", product, names[0])):
        names = totals.names["element"]
    parts = [Part(name, totals.mass(product, name) / whole) for name in names]
    return sorted((part for part in parts if part.share > 0.0), key=lambda part: -part.share)


def composition_text(parts: list[Part]) -> str:
    """Return the largest parts as people read them: ``"steel 93.1 %, plastics 4.2 %"``."""
    named = [part for part in parts[:MOST_NAMED] if part.share >= LEAST_SHARE]
    return ", ".join(f"{part.name} {100 * part.share:.3g} %" for part in named)


def findings_of(result: Result) -> list[str]:
    """Return what is to be warned of, one phrase each: figures that say little, prices that are paid for something else, ranges that were left."""
    return figure_findings(result) + range_warnings(result) + held_up(result)


def held_up(result: Result) -> list[str]:
    """Return which lines took longer for lots than their machines need, one phrase each."""
    return [
        f"{line.line}: {line.slowed} of {line.lots} lots ({line.share}) took longer than any machine needs, because the recycle does not settle faster: "
        "more would come back than the loop lets go"
        for line in slowed_lines(result)
    ]


def figure_findings(result: Result) -> list[str]:
    """Return the same without the ranges: what there is to say of figures and prices."""
    return [*paid_for_something_else(result.totals), *_open_ratios(result)]


def paid_for_something_else(totals: Totals) -> list[str]:
    """Products that are mostly something else than what they are paid for."""
    found = []
    for name, product in totals.inputs.products.items():
        parts = composition_of(totals, name)
        plain = math.fsum(price for of, price, _ in product.price if not of)
        if parts and plain > 0.0 and not product.settled:
            found += _impure_of(totals, name, product, parts, plain)
    return found


def _impure_of(totals: Totals, name: str, product: Product, parts: list[Part], plain: float) -> list[str]:
    paid = f"{name} is paid {format_quantity(plain, 'EUR/kg')} for all its mass"
    if product.targets:
        aimed = math.fsum(totals.mass(name, of) for of in product.targets) / totals.mass(name)
        return [f"{paid}, of which {', '.join(product.targets)} is only {100 * aimed:.3g} %: {composition_text(parts)}"] if aimed < 0.5 else []
    most = parts[0]
    taken = totals.processed(most.name) / totals.processed() if totals.processed() > 0.0 else math.nan
    if most.name in totals.inputs.converted or not most.share <= ENRICHED * taken:
        return []
    return [
        f"{paid}, and is mostly what the plant takes in: {composition_text(parts)} ({most.name} is {100 * taken:.3g} % of the feed). "
        "Price what is in it, e.g. {copper: 5000 EUR/t}, or name its 'targets'"
    ]


def _open_ratios(result: Result) -> list[str]:
    """Shares of what was processed that a change of stock makes uncertain, or that reach 100 %."""
    found = [f"{name} ({bounds_text(name, kpi)})" for name, kpi in result.kpis.items() if kpi.open]
    more = f" and {len(found) - MOST_RATIOS} more" if len(found) > MOST_RATIOS else ""
    return [f"stock in the plant changed, so that these are uncertain: {', '.join(found[:MOST_RATIOS])}{more}; a longer window narrows them"] if found else []


def range_warnings(result: Result) -> list[str]:
    """Return where models left their valid range: of machines in how many of their lots, of furnaces how often."""
    counts, units, kinds = result.array("units/range_warnings"), result.array("unit"), result.array("warning")
    lots = result.array("units/lots") if result.has("units/lots") else [0] * len(units)
    found = []
    for u, unit in enumerate(units):
        for k, kind in enumerate(kinds):
            count, of = int(counts[u, k]), int(lots[u])
            if count > 0:
                often = f"in {count} of {of} lots ({100 * count / of:.3g} %)" if of else f"{count} times"
                found.append(f"{unit}: valid range left {often} ({kind})")
    return found


def range_share(result: Result) -> float:
    """Return the largest share of its lots in which a machine left a valid range, 0 where none did."""
    if not result.has("units/lots"):
        return 0.0
    counts, lots = result.array("units/range_warnings"), result.array("units/lots").tolist()
    return max((count / of for row, of in zip(counts.tolist(), lots, strict=True) if of for count in row), default=0.0)
