"""Money: what a plant earned in a window, and what it would have if its stocks had stayed as they were.

A plant that fetches its residue less often, or fills its yard, earns nothing by it: the bill only comes later. So gate fees count when the material is
processed, and what lies in the plant at the end more than at the beginning counts at the price of the outlet that it lies before (below 0 for what costs),
material between at what the plant's products bring on average. ``margin`` is that; ``margin_cash`` counts what was paid in the window.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from twin.results.tally import Product, Totals

UNKNOWN = float("nan")
ROUNDING = 1e-12
"""A change of stock smaller than this share of what was processed, or worth less than this share of what the products brought, is rounding."""


def energy_of(totals: Totals, carrier: str) -> float:
    """Return the energy drawn of a carrier from outside, J, less what a boiler supplied; a unit without this carrier may hold NaN."""
    drawn = [value for unit in totals.names["unit"] if (value := totals.at("units/power", unit, carrier)) == value]
    net = sum(drawn, 0.0)
    return net if net > ROUNDING * sum((abs(value) for value in drawn), 0.0) else 0.0


def drawn(totals: Totals) -> Iterator[tuple[str, float]]:
    """Yield each carrier of which the plant drew some, with the energy, J."""
    for carrier in totals.names["carrier"]:
        energy = energy_of(totals, carrier)
        if energy > 0.0:
            yield carrier, energy


def without_price(totals: Totals, billed: Collection[str] = ()) -> list[str]:
    """Return what the plant drew or gave and no price is stated of: carriers but those that are ``billed`` elsewhere, then products."""
    inputs = totals.inputs
    found = [carrier for carrier, _ in drawn(totals) if inputs.carrier_prices.get(carrier) is None and carrier not in billed]
    return found + [name for name, product in inputs.products.items() if not product.price and totals.mass(name) > 0.0]


def incomplete(totals: Totals, billed: Collection[str] = ()) -> str:
    """Return why a margin cannot be told, "" where it can; carriers that are ``billed`` elsewhere need no price."""
    found = without_price(totals, billed)
    return f"incomplete: no price of {', '.join(found)}" if found else ""


def energy_stated(totals: Totals, energy: float) -> float:
    """Return an energy, or what follows from it, where the plant drew any; NaN where no unit states a power: nothing was reckoned, not nothing drawn."""
    return energy if any(True for _ in drawn(totals)) else UNKNOWN


NO_POWER = "no unit states a power"


def power_note(totals: Totals) -> str:
    """Return that nothing is known of energy, where it is so."""
    return "" if any(True for _ in drawn(totals)) else NO_POWER


def energy_cost(totals: Totals, billed: Collection[str] = ()) -> float:
    """Return the price of the energy drawn, EUR, but of carriers that are ``billed`` elsewhere; NaN where a carrier that was drawn has no price, or where no
    unit states a power."""
    costs = [cost_of(totals, carrier, energy) for carrier, energy in drawn(totals) if carrier not in billed]
    return math.fsum(costs) if costs else UNKNOWN


def cost_of(totals: Totals, carrier: str, energy: float) -> float:
    """Return what an energy (J) drawn of a carrier costs, EUR; NaN where it has no price."""
    if carrier in totals.inputs.costs.priced_by_series:
        return totals.metered.energy_cost(carrier)
    price = totals.inputs.carrier_prices.get(carrier)
    return UNKNOWN if price is None else energy * price


def co2_of(totals: Totals, carrier: str, energy: float) -> float:
    """Return the CO2 (kg) of the energy (J) drawn of a carrier; NaN where it has no factor."""
    if carrier in totals.inputs.costs.emits_by_series:
        return totals.metered.emitted(carrier)
    factor = totals.inputs.carrier_co2.get(carrier)
    return UNKNOWN if factor is None else energy * factor


def energy_note(totals: Totals) -> str:
    """Return which carriers have no price."""
    found = [carrier for carrier, _ in drawn(totals) if totals.inputs.carrier_prices.get(carrier) is None]
    return f"incomplete: no price of {', '.join(found)}" if found else power_note(totals)


def co2_note(totals: Totals) -> str:
    """Return which carriers have no emission factor."""
    found = [carrier for carrier, _ in drawn(totals) if totals.inputs.carrier_co2.get(carrier) is None]
    return f"incomplete: no CO2 factor of {', '.join(found)}" if found else power_note(totals)


def co2(totals: Totals) -> float:
    """Return the CO2 that comes with the energy drawn, kg; NaN where a carrier that was drawn has no factor."""
    return energy_stated(totals, math.fsum([co2_of(totals, carrier, energy) for carrier, energy in drawn(totals)]))


def revenue_of(totals: Totals, name: str, product: Product) -> float:
    """Return what a product brought, EUR; NaN where it has no price."""
    if not product.price:
        return UNKNOWN
    return sum((price * payable * totals.mass(name, of) for of, price, payable in product.price), 0.0)


def revenue(totals: Totals) -> float:
    """Return what the priced products brought, EUR; NaN where none has a price."""
    found = [revenue_of(totals, name, product) for name, product in totals.inputs.products.items() if product.price]
    return sum(found, 0.0) if found else UNKNOWN


def revenue_note(totals: Totals) -> str:
    """Return which products have no price and are not in the revenue."""
    found = [name for name, product in totals.inputs.products.items() if not product.price and totals.mass(name) > 0.0]
    return f"without {', '.join(found)}, of no stated price" if found else ""


def penalty(totals: Totals, product: str) -> float:
    """Return by how much the price of a product fell, EUR."""
    return totals.at("gates/penalty", product)


def penalties(totals: Totals) -> float:
    """Return the same over all products that penalise."""
    return sum((penalty(totals, name) for name, product in totals.inputs.products.items() if product.when_off_spec == "penalise"), 0.0)


def _priced_feeds(totals: Totals) -> dict[str, float]:
    return {feed: price for feed, price in totals.inputs.feed_prices.items() if price is not None}


def feed_cost_cash(totals: Totals) -> float:
    """Return the price of what was delivered, EUR; NaN where no feed has a price. A gate fee is below 0."""
    prices = _priced_feeds(totals)
    return sum((price * totals.mass(feed) for feed, price in prices.items()), 0.0) if prices else UNKNOWN


def feed_cost(totals: Totals) -> float:
    """Return the price of what was processed, EUR: of each yard at the mean price of what was delivered there; NaN where no feed has a price."""
    if not _priced_feeds(totals):
        return UNKNOWN
    taken = {stream: totals.mass(stream) for stream in totals.inputs.intake}
    whole = math.fsum(taken.values())
    kept = totals.processed() / whole if whole > 0.0 else 0.0
    return kept * sum((mass * _mean_price(totals, stream) for stream, mass in taken.items()), 0.0)


def _mean_price(totals: Totals, yard: str) -> float:
    """Price of what lies in a yard, EUR/kg: by what came in the window, or the plain mean where nothing came. A feed without a price counts as 0.

    What lies in a yard that only others overflow into may be of any feed.
    """
    feeds = totals.inputs.feed_prices
    own = [feed for feed in feeds if totals.inputs.feeds_to.get(feed, feed) == yard] or list(feeds)
    prices = {feed: feeds[feed] or 0.0 for feed in own}
    masses = {feed: totals.mass(feed) for feed in prices}
    whole = math.fsum(masses.values())
    if whole > 0.0:
        return sum((prices[feed] * mass for feed, mass in masses.items()), 0.0) / whole
    return sum(prices.values(), 0.0) / len(prices) if prices else 0.0


def stock_value(totals: Totals) -> float:
    """Return the value of what lies in the plant at the end of the window less that at its beginning, EUR; the intake's yards are not in it.

    NaN where flows inside lines were not recorded and the change cannot be told.
    """
    if not any(product.price for product in totals.inputs.products.values()):
        return UNKNOWN
    before_products = {name: _stock_before(totals, name, product) for name, product in totals.inputs.products.items()}
    value = sum((own for own in before_products.values()), 0.0)
    terms: dict[str, float] = {}
    for name, product in totals.inputs.products.items():
        for of, price, payable in product.price:
            terms[of] = terms.get(of, 0.0) + price * payable * totals.mass(name, of)
    for of, earned in terms.items():
        leaving = totals.leaving(of)
        if totals.conserved(of) and leaving > 0.0:
            value += earned / leaving * (totals.processed(of) - leaving - totals.stored_before_products(of))
    turnover = math.fsum(abs(earned) for earned in terms.values())
    return value if abs(value) > ROUNDING * turnover else 0.0


def _stock_before(totals: Totals, name: str, product: Product) -> float:
    """Value of the change of stock in the bunkers that a product takes from, as far as they are its own."""
    value = 0.0
    for of, price, payable in product.price:
        for place in totals.places_before(name):
            if place in totals.inputs.intake:
                continue  # what is taken from there is processed as it is taken
            value += price * payable * totals.share_of_place(place, name) * totals.stock_change(place, of)
    return value


def margin_cash(totals: Totals, billed: Collection[str] = ()) -> float:
    """Return revenue - price of what was delivered - energy cost - penalties - overtime cost, EUR; NaN where a price is missing. Carriers that are ``billed``
    elsewhere cost nothing here."""
    if without_price(totals, billed):
        return UNKNOWN
    costs = _or_zero(feed_cost_cash(totals)), _or_zero(energy_cost(totals, billed)), penalties(totals), overtime_cost(totals)
    return revenue(totals) - unpaid(totals) - costs[0] - costs[1] - costs[2] - costs[3]


def unpaid(totals: Totals) -> float:
    """Return what settled lots brought less what was paid for such lots in the window, EUR: below 0 where more was paid for earlier ones."""
    metered = totals.metered
    return math.fsum(value - metered.paid.get(name, 0.0) for name, value in metered.settled.items())


def margin(totals: Totals, billed: Collection[str] = ()) -> float:
    """Return revenue + value of the change of stock - price of what was processed - energy cost - penalties - overtime cost, EUR; NaN where a price is
    missing. Carriers that are ``billed`` elsewhere cost nothing here."""
    if without_price(totals, billed):
        return UNKNOWN
    costs = _or_zero(feed_cost(totals)), _or_zero(energy_cost(totals, billed)), penalties(totals), overtime_cost(totals)
    return revenue(totals) + stock_value(totals) - costs[0] - costs[1] - costs[2] - costs[3]


def overtime_cost(totals: Totals) -> float:
    """Return what the overtime of all lines cost, EUR."""
    return math.fsum(line.overtime_cost * totals.at("units/state_share", line.head, "overtime") for line in totals.inputs.lines if line.overtime_cost)


def _or_zero(value: float) -> float:
    """A plant none of whose feeds has a price, or none of whose units a power, pays nothing for them."""
    return 0.0 if math.isnan(value) else value
