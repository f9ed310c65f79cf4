"""Ratios: of two sums over a window, and to what was processed, with the bounds that a change of stock sets."""

from __future__ import annotations

from collections.abc import Iterator

from twin.results.money import ROUNDING
from twin.results.tally import Totals

Values = Iterator[tuple[str, float]]
"""The values of one row of the KPI table, each with the names behind the first dot."""


class Ratio(float):
    """A value that remembers what it is the ratio of, so that replications can be judged by the ratio of their sums."""

    __slots__ = ("above", "below")

    above: float
    below: float


class Bounded(Ratio):
    """A ratio to what was processed, with the values it has if the change of stock is all lost or all recovered."""

    __slots__ = ("high", "low")

    low: float
    high: float


def ratio(above: float, below: float) -> Ratio:
    """Return the ratio of two sums; not a number where the one below is 0."""
    found = Ratio(above / below if below > 0 else float("nan"))
    found.above, found.below = above, below
    return found


def of_processed(totals: Totals, above: float, of: str) -> Ratio:
    """Return a share of what was processed of something, with bounds where its change of stock can be told from what came and left."""
    below = totals.processed(of)
    if not (below > 0.0 and totals.conserved(of)):
        return ratio(above, below)
    stored = below - totals.leaving(of)
    if abs(stored) <= ROUNDING * below:
        stored = 0.0
    share = Bounded(above / below)
    share.above, share.below = above, below
    share.low, share.high = sorted((above / below, (above + stored) / below))
    return share
