"""What never fits: deliveries, rejected loads and bales that are larger than where they must lie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from twin.quantities import format_quantity
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import REJECTED, Product
from twin.scenario.model import Scenario

ROUNDING = 1e-9


def never_fits(scenario: Scenario, destination: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (path, message) of each; ``destination`` says which unit takes a stream."""
    for name, model in scenario.units.items():
        if isinstance(model, Feed):
            yield from _delivery(scenario, name, model, destination.get(name, ""))
        elif isinstance(model, Product) and model.pickup is not None:
            yield from _rejected(scenario, name, model, destination.get(f"{name}.{REJECTED}", ""))
            yield from _bale(scenario, name, model)
        if isinstance(model, Product) and model.orders:
            yield from _orders(scenario, name, model, destination.get(f"{name}.{REJECTED}", ""))


def _capacity(scenario: Scenario, unit: str) -> float:
    """What a unit holds, kg; endless where it has no capacity."""
    capacity = getattr(scenario.units.get(unit), "capacity", None)
    return math.inf if capacity is None else float(capacity)


def _delivery(scenario: Scenario, name: str, feed: Feed, taker: str) -> Iterator[tuple[str, str]]:
    holds = _capacity(scenario, taker)
    if feed.mass is not None and feed.mass.lower > holds * (1 + ROUNDING):
        least = format_quantity(feed.mass.lower, "kg")
        yield f"units.{name}.mass", f"a delivery of at least {least} never fits into {taker!r}, which holds {format_quantity(holds, 'kg')}"


def _rejected(scenario: Scenario, name: str, product: Product, taker: str) -> Iterator[tuple[str, str]]:
    holds = _capacity(scenario, taker)
    if product.pickup is not None and product.pickup.mass.lower > holds * (1 + ROUNDING):
        least = format_quantity(product.pickup.mass.lower, "kg")
        yield f"units.{name}.pickup.mass", f"a rejected load of {least} never fits into {taker!r}, which holds {format_quantity(holds, 'kg')}"


def _orders(scenario: Scenario, name: str, product: Product, taker: str) -> Iterator[tuple[str, str]]:
    """Orders that never lie there whole, and rejected lots that never leave the bunker that they are loaded from."""
    together = math.fsum(_capacity(scenario, source) for source in product.from_)
    sources, largest = ", ".join(map(repr, product.from_)), format_quantity(product.orders.largest, "kg")
    path = f"units.{name}.orders"
    if product.orders.largest > together * (1 + ROUNDING):
        which = next(order.name for order in product.orders.orders if order.mass == product.orders.largest)
        yield path, f"order {which!r} of {largest} never lies whole in {sources}, which hold {format_quantity(together, 'kg')}: split it, or give more room"
    elif product.rejects and product.orders.largest > _capacity(scenario, taker) * (1 + ROUNDING) and len(product.from_) == 1:
        yield path, f"a rejected load of {largest} never fits into {taker!r}, which holds {format_quantity(_capacity(scenario, taker), 'kg')}"
    if product.rejects and taker in product.from_:
        yield (
            f"units.{name}.from",
            f"lots that are rejected go back to {taker!r}, where orders are loaded, and would be rejected at once again; lead them elsewhere",
        )


def _bale(scenario: Scenario, name: str, product: Product) -> Iterator[tuple[str, str]]:
    unit = product.pickup.unit if product.pickup is not None else None
    for source in product.from_:
        model = scenario.units.get(source)
        if unit is not None and isinstance(model, Bunker) and unit > model.capacity * (1 + ROUNDING):
            holds = format_quantity(model.capacity, "kg")
            yield f"units.{name}.pickup.unit", f"{source!r} holds {holds}, less than one unit of {format_quantity(unit, 'kg')}"
