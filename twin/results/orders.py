"""Key figures of orders: those that were due in the window, by the table of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twin.results.ratios import Values, ratio
from twin.results.tally import Totals


def of_ordered(function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each product that has orders."""

    def values(totals: Totals) -> Values:
        for product in dict.fromkeys(totals.orders.product):
            yield product, function(totals, product)

    return values


def _due(totals: Totals, product: str) -> Iterator[tuple[float, float]]:
    """When each order of a product that was due in the window was due and done, s; NaN where it was not done by the end of the window."""
    table = totals.orders
    for name, due, done in zip(table.product, table.due, table.done, strict=True):
        if name == product and totals.begin < due <= totals.end:
            yield due, done if done <= totals.end else float("nan")


def on_time(totals: Totals, product: str) -> float:
    """Return the share of the orders due in the window that were done by their due date."""
    found = list(_due(totals, product))
    return ratio(float(sum(done <= due for due, done in found)), float(len(found)))


def late(totals: Totals, product: str) -> float:
    """Return the mean time (s) by which those were late that were done late; NaN where none was."""
    times = [done - due for due, done in _due(totals, product) if done > due]
    return ratio(sum(times), float(len(times)))


def still_open(totals: Totals, product: str) -> float:
    """Return how many of the orders due in the window were not done at its end."""
    return float(sum(done != done for _, done in _due(totals, product)))
