"""Costs besides material and energy, and what is left: labour, maintenance, wear parts, CO2, the peak of power, capital.

All are of the window. They are there only where a scenario has the block ``money`` or a tariff with a peak.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from twin.quantities import YEAR
from twin.results import money
from twin.results.cost_inputs import Prices, per_second
from twin.results.operation import worked
from twin.results.ratios import Values
from twin.results.tally import Line, Totals

UNKNOWN = float("nan")


def labour_cost(totals: Totals) -> float:
    """Return the wages of all who are there, EUR."""
    return math.fsum(totals.inputs.costs.labour.values())


def running_time(totals: Totals, unit: str) -> float:
    """Return how long (s) the copies of a unit ran together, as their line did."""
    costs = totals.inputs.costs.units[unit]
    return costs.copies * worked(totals, Line(costs.line, (), ()))


def failures(totals: Totals, unit: str) -> float:
    """Return how many stops of a machine began; 0 for what has no stops."""
    labels = [label for label in totals.names["stop"] if label.partition(": ")[0] == unit]
    return math.fsum(totals.at("stops/number", label) for label in labels)


def maintenance_of(totals: Totals, unit: str) -> float:
    """Return what the maintenance of a unit cost, EUR."""
    costs = totals.inputs.costs.units.get(unit)
    if costs is None:
        return 0.0
    by_hour = costs.per_hour * running_time(totals, unit) if costs.per_hour else 0.0
    return by_hour + (costs.per_failure * failures(totals, unit) if costs.per_failure else 0.0)


def wear_of(totals: Totals, unit: str) -> float:
    """Return what the wear parts of a unit cost, EUR: the price of each times the mass that passed over the mass that one lasts."""
    costs = totals.inputs.costs.units.get(unit)
    wear = costs.wear if costs is not None else ()
    return math.fsum(price * totals.metered.through.get(unit, UNKNOWN) / per for price, per in wear)


def maintenance_cost(totals: Totals) -> float:
    """Return the same of all units."""
    return math.fsum(maintenance_of(totals, unit) for unit in totals.inputs.costs.units)


def wear_cost(totals: Totals) -> float:
    """Return the same of all units."""
    return math.fsum(wear_of(totals, unit) for unit in totals.inputs.costs.units)


def carbon_cost(totals: Totals) -> float:
    """Return the price of the CO2 that comes with the energy drawn, EUR; NaN where a factor is missing."""
    inputs, total = totals.inputs, 0.0
    for carrier, energy in money.drawn(totals):
        own = inputs.costs.factors.get(carrier)
        total += energy * own if own is not None else money.co2_of(totals, carrier, energy)
    return (inputs.costs.carbon or 0.0) * total


def peak_power(totals: Totals) -> float:
    """Return the highest mean power of a whole window of the tariff, W; NaN where none lies in the time that counts."""
    return max((power for power, _ in totals.metered.peaks), default=UNKNOWN)


def peak_cost(totals: Totals) -> float:
    """Return what the peaks cost, EUR, each for the time that it counts."""
    return (totals.inputs.costs.peak or 0.0) * math.fsum(power * time for power, time in totals.metered.peaks)


def capital_cost(totals: Totals) -> float:
    """Return the annuities of all investments for the length of the window, EUR."""
    return totals.duration * math.fsum(per_second(one) for one in totals.inputs.costs.investments.values())


def operating_result(totals: Totals) -> float:
    """Return the margin less all costs but those of capital, EUR."""
    costs = (labour_cost, maintenance_cost, wear_cost, carbon_cost, peak_cost)
    return money.margin(totals) - math.fsum(cost(totals) for cost in costs if has(totals, cost))


def result(totals: Totals) -> float:
    """Return the margin less all costs, EUR."""
    return operating_result(totals) - capital_cost(totals)


def at_prices(totals: Totals, prices: Prices) -> Totals:
    """Return the same run at other prices: what was drawn and made stays, a price takes the place of a series."""
    inputs = totals.inputs
    products = {name: replace(product, price=prices.products.get(name, product.price)) for name, product in inputs.products.items()}
    series = tuple(carrier for carrier in inputs.costs.priced_by_series if carrier not in prices.carriers)
    costs = replace(inputs.costs, carbon=inputs.costs.carbon if prices.carbon is None else prices.carbon, priced_by_series=series)
    feeds, carriers = {**inputs.feed_prices, **prices.feeds}, {**inputs.carrier_prices, **prices.carriers}
    return replace(totals, inputs=replace(inputs, products=products, feed_prices=feeds, carrier_prices=carriers, costs=costs))


def results_at_prices(totals: Totals) -> Values:
    """Yield the operating result of each price scenario."""
    for name, prices in totals.inputs.costs.prices.items():
        yield name, operating_result(at_prices(totals, prices))


def energy_cost_of(totals: Totals, unit: str) -> float:
    """Return what the energy of a unit cost, EUR; NaN where a price is missing."""
    total = 0.0
    for carrier in totals.names["carrier"]:
        energy = totals.at("units/power", unit, carrier)
        if energy == energy and energy > 0.0:
            price = totals.inputs.carrier_prices.get(carrier)
            by_series = carrier in totals.inputs.costs.priced_by_series
            total += totals.metered.cost.get((unit, carrier), UNKNOWN) if by_series else UNKNOWN if price is None else energy * price
    return total


def capital_of(totals: Totals, unit: str) -> float:
    """Return the annuity of what a unit cost for the length of the window, EUR."""
    own = totals.inputs.costs.investments.get(unit)
    return totals.duration * per_second(own) if own is not None else 0.0


def by_unit(cost: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each unit that draws energy or has costs of its own, where a plant has costs."""

    def values(totals: Totals) -> Values:
        inputs = totals.inputs.costs
        for unit in totals.names["unit"] if inputs.used else ():
            if unit in inputs.units or unit in inputs.investments or energy_cost_of(totals, unit) != 0.0:
                yield unit, cost(totals, unit)

    return values


def cost_of(totals: Totals, unit: str) -> float:
    """Return what a unit cost: energy, maintenance, wear parts, capital, EUR."""
    return energy_cost_of(totals, unit) + maintenance_of(totals, unit) + wear_of(totals, unit) + capital_of(totals, unit)


def has(totals: Totals, cost: Callable[[Totals], float]) -> bool:
    """Whether a plant has a kind of cost."""
    costs = totals.inputs.costs
    units = costs.units.values()
    there: dict[Callable[[Totals], float], bool] = {
        labour_cost: bool(costs.labour),
        maintenance_cost: any(unit.per_hour or unit.per_failure for unit in units),
        wear_cost: any(unit.wear for unit in units),
        carbon_cost: costs.carbon is not None,
        peak_cost: costs.peak is not None,
        peak_power: costs.peak is not None,
        capital_cost: bool(costs.investments),
    }
    return costs.used and there.get(cost, True)


def where_used(cost: Callable[[Totals], float]) -> Callable[[Totals], Values]:
    """Return a row with one value, in a plant that has this kind of cost."""

    def values(totals: Totals) -> Values:
        if has(totals, cost):
            yield "", cost(totals)

    return values


def invested(totals: Totals) -> float:
    """Return what was invested, EUR."""
    return math.fsum(one.amount for one in totals.inputs.costs.investments.values())


def yearly(totals: Totals, value: float) -> float:
    """Return what a value of the window is in a year of 365 d."""
    return value * YEAR / totals.duration if totals.duration > 0.0 else UNKNOWN


def settled(totals: Totals) -> Values:
    """Yield what the lots of each settled product were worth."""
    yield from totals.metered.settled.items()


def unpaid(totals: Totals) -> Values:
    """Yield what of it was not paid in the window, less what was paid for earlier lots."""
    for name, value in totals.metered.settled.items():
        yield name, value - totals.metered.paid.get(name, 0.0)


ROWS: tuple[tuple[str, str, str, Callable[[Totals], Values]], ...] = (
    ("labour_cost", "EUR", "heads times wage over the hours for which they are there, over all roles", where_used(labour_cost)),
    ("maintenance_cost", "EUR", "hours run times their cost, and failures times theirs, over all units", where_used(maintenance_cost)),
    ("wear_cost", "EUR", "mass passed over the mass that a wear part lasts, times its price, over all parts", where_used(wear_cost)),
    ("carbon_cost", "EUR", "CO2 that is paid for times its price", where_used(carbon_cost)),
    ("peak_power", "W", "highest mean power within a whole window of the tariff, e.g. a quarter-hour; no record step changes it", where_used(peak_power)),
    ("peak_cost", "EUR", "price of the peak times the peak, for the time that it counts", where_used(peak_cost)),
    ("capital_cost", "EUR", "annuities of all investments for the length of the window; a year has 365 d", where_used(capital_cost)),
    ("operating_result", "EUR", "margin less labour, maintenance, wear, carbon and peak cost", where_used(operating_result)),
    ("operating_result_at.<prices>", "EUR", "the same run at the prices of a price scenario", results_at_prices),
    ("result", "EUR", "operating result less capital cost", where_used(result)),
    ("settled.<product>", "EUR", "worth of the lots that left, by their settlement; it is in the revenue", settled),
    ("unpaid.<product>", "EUR", "settled, less what was paid in the window for these and earlier lots: margin_cash does not have it", unpaid),
    ("energy_cost_of.<unit>", "EUR", "price of the energy that a unit drew, of each unit that has a cost", by_unit(energy_cost_of)),
    ("maintenance_cost_of.<unit>", "EUR", "maintenance cost of the unit", by_unit(maintenance_of)),
    ("wear_cost_of.<unit>", "EUR", "wear cost of the unit", by_unit(wear_of)),
    ("capital_cost_of.<unit>", "EUR", "capital cost of the unit, of all its copies", by_unit(capital_of)),
    ("cost.<unit>", "EUR", "energy, maintenance, wear and capital cost of the unit", by_unit(cost_of)),
)
"""Name, unit, meaning and values of each key figure."""
