"""The KPI table: one definition for each key figure, computed from the arrays in a file; the docs' table is generated from it.

All are taken over the *window*: the record steps that begin at or after the warm-up. A ratio whose denominator is 0 is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from twin.quantities import format_quantity
from twin.results import calculation_points as points
from twin.results import carbon, costs, judged, money, operation, orders, recovery, steam
from twin.results.ratios import Bounded, Ratio, Values, of_processed, ratio
from twin.results.tally import Product, Totals


class Kpi(NamedTuple):
    """A key figure: its value and the SI unit of it.

    Of a ratio, what stands ``above`` and ``below`` the line. Of a share of what was processed, ``low`` and ``high``: the value if the change of stock in the
    window is counted as lost, and as recovered. ``note``: why there is no value, or what it leaves out.
    """

    value: float
    unit: str
    above: float = math.nan
    below: float = math.nan
    low: float = math.nan
    high: float = math.nan
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether the bounds are so wide, or hold so much, that the value says little: they reach 100 %, or lie more than :data:`WIDE` of it apart."""
        return self.high >= 1.0 + WIDE * 1e-6 or (self.high - self.low > WIDE * abs(self.value))


WIDE = 0.01
"""Relative width of the bounds of a figure of one run above which they are shown."""


@dataclass(frozen=True)
class Definition:
    """One row of the table. ``pattern`` names it, with names in angle brackets; ``values`` yields the names after the first dot."""

    pattern: str
    unit: str
    meaning: str
    values: Callable[[Totals], Values]
    note: Callable[[Totals], str] = str

    def named(self, totals: Totals) -> Iterator[tuple[str, Kpi]]:
        """Yield the figures of this row by their full names."""
        stem = self.pattern.partition(".")[0]
        note = "" if self.note is str else self.note(totals)
        for name, value in self.values(totals):
            above, below = (value.above, value.below) if isinstance(value, Ratio) else (math.nan, math.nan)
            low, high = (value.low, value.high) if isinstance(value, Bounded) else (math.nan, math.nan)
            yield (f"{stem}.{name}" if name else stem), Kpi(float(value), self.unit, above, below, low, high, note)


NO_VALUE = "–"
PLANT = ("energy", "energy_per_mass", "waste_heat", "charge_co2", "charge_co2_per_tonne", "operating_result_at", "settled", "unpaid")
"""KPIs of the whole plant that have a name behind the dot."""
COUNTS = ("queue", "unloading", "pickup_queue", "loading", "resource_queue", "starts", "open_orders")
"""KPIs of unit 1 that are numbers of things, not shares."""


def stem_of(name: str) -> str:
    """Return the word before the first dot of a key figure's name, also of one of a site of a cluster.

    >>> stem_of("recovery.Cu"), stem_of("recycler/queue.yard")
    ('recovery', 'queue')
    """
    return name.rpartition("/")[2].partition(".")[0]


def kpi_text(name: str, value: float, unit: str) -> str:
    """A key figure as people read it: of a share per cent, of a count a number, of one mass over another kg/t, of money whole euros.

    >>> kpi_text("throughput", 1.0, "kg/s"), kpi_text("recovery.Cu", 1.0, "1"), kpi_text("queue.yard", 1.0, "1"), kpi_text("co2_per_tonne", 0.026, "kg/kg")
    ('3.6 t/h', '100 %', '1', '26 kg/t')
    """
    if math.isnan(value):
        return NO_VALUE
    if unit == "1":
        return f"{value:.4g}" if stem_of(name) in COUNTS else f"{100 * value:.4g} %"
    if unit == "kg/kg":
        return f"{1000 * value:.4g} kg/t"
    if unit == "EUR" and abs(value) >= 100.0:
        return f"{value:,.0f} EUR"
    return format_quantity(value, unit)


def _plant(function: Callable[[Totals], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        yield "", function(totals)

    return values


def _products(function: Callable[[Totals, str, Product], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for name, product in totals.inputs.products.items():
            yield name, function(totals, name, product)

    return values


def _products_that(which: Callable[[Product], bool], function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for name, product in totals.inputs.products.items():
            if which(product):
                yield name, function(totals, name)

    return values


def _rejects(product: Product) -> bool:
    return product.when_off_spec == "reject"


def _penalises(product: Product) -> bool:
    return product.when_off_spec == "penalise"


def _energies(totals: Totals) -> Values:
    for carrier in totals.names["carrier"]:
        yield carrier, money.energy_stated(totals, money.energy_of(totals, carrier))


def _energy_per_mass(totals: Totals) -> Values:
    if len(totals.names["carrier"]) > 1:
        for carrier in totals.names["carrier"]:
            yield carrier, ratio(money.energy_of(totals, carrier), totals.processed())


def _heating_value(totals: Totals) -> Values:
    if totals.names["process"]:
        heat = sum(totals.processed(material) * value for material, value in totals.inputs.heating_values.items())
        yield "", ratio(heat, totals.processed())


def _waste_heat(totals: Totals) -> Values:
    if totals.names["process"]:
        for level in totals.names["heat_level"]:
            yield level.replace(" ", "_"), sum(totals.at("units/waste_heat", process, level) for process in totals.names["process"])


def _specific_energy(totals: Totals) -> float:
    energy = sum(money.energy_of(totals, carrier) for carrier in totals.names["carrier"])
    return ratio(money.energy_stated(totals, energy), totals.processed())


def _overtime_costs(totals: Totals) -> Values:
    if any(line.overtime_cost for line in totals.inputs.lines):
        yield "", money.overtime_cost(totals)


def _penalties_of_plant(totals: Totals) -> Values:
    if any(_penalises(product) for product in totals.inputs.products.values()):
        yield "", money.penalties(totals)


KPIS: tuple[Definition, ...] = (
    Definition("throughput", "kg/s", "processed over the length of the window", _plant(lambda t: ratio(t.processed(), t.duration))),
    Definition(
        "processed",
        "kg",
        "mass that left the bunkers which feeds fill (or the feeds, where a line has none), less rejected lots that came back there",
        _plant(Totals.processed),
    ),
    Definition(
        "recovery.<X>",
        "1",
        "X in all products that target it over X processed; bounds: the change of stock all lost, or all recovered; not the legal recycling rate",
        recovery.recovery,
    ),
    Definition("recovery.<product>.<X>", "1", "X in one product that targets it over X processed", recovery.recovery_by_product),
    Definition(
        "grade.<product>.<X>",
        "1",
        "X in a product over its mass, for its targets and what its specification names; as received, or without moisture where the product says dry",
        recovery.grade,
    ),
    Definition(
        "yield.<product>", "1", "mass of a product over mass processed; bounds as of recovery", _products(lambda t, n, p: of_processed(t, t.mass(n), ""))
    ),
    Definition("product_mass.<product>", "kg", "mass that left as a product", _products(lambda t, n, p: t.mass(n))),
    Definition(
        "offspec_share.<product>",
        "1",
        "mass picked up outside the specification over mass picked up; as the samples show it where loads are sampled",
        _products(lambda t, n, p: ratio(t.at("gates/offspec_mass", n), t.at("gates/product_mass", n))),
    ),
    *(Definition(*row) for row in judged.ROWS),
    Definition(
        "rejected_mass.<product>",
        "kg",
        "mass that trucks rejected and that went elsewhere in the plant, of a product that rejects",
        _products_that(_rejects, lambda t, n: t.at("gates/rejected_mass", n)),
    ),
    Definition(
        "utilisation.<line>",
        "1",
        "running, overtime included, over planned time: the window without off-shift and maintenance, overtime included",
        operation.of_lines(lambda t, line: ratio(operation.worked(t, line), operation.planned_time(t, line))),
    ),
    Definition("starts.<line>", "1", "how often the line began to work after it had stood", operation.of_lines(operation.starts)),
    Definition("overtime.<line>", "s", "work after the end of a shift, in a plant where lines finish their lots", operation.of_rule("overtime")),
    Definition(
        "closing.<line>",
        "s",
        "time before the end of a shift in which the line ran empty, or started nothing that it would not finish, in a plant with such a rule",
        operation.of_rule("closing"),
    ),
    Definition("changeover.<line>", "s", "time in which a line went over to another source or material", operation.of_rule("changeover")),
    Definition("warm_up.<line>", "s", "time that starts of a line took after it was in stand-by or off", operation.of_rule("warm_up")),
    Definition("cleaning.<line>", "s", "time in which a line was cleaned", operation.of_rule("cleaning")),
    Definition("blocked.<line>", "1", "blocked over planned time", operation.of_planned("blocked")),
    Definition("starved.<line>", "1", "starved over planned time", operation.of_planned("starved")),
    Definition("waiting.<line>", "1", "waiting for a resource over planned time", operation.of_planned("waiting")),
    Definition(
        "oee.<line>", "1", "load of the line's fullest machine over planned time, times the on-spec share of its products", operation.of_lines(operation.oee)
    ),
    Definition(
        "availability.<machine>", "1", "1 - time down over planned time of its line; mean over its copies", operation.of_machines(operation.availability)
    ),
    Definition(
        "repair_wait.<machine>",
        "1",
        "time down in which the repair had not begun, since the resources it needs were not free, over planned time of its line; mean over its copies",
        operation.of_machines(operation.repair_wait),
    ),
    Definition("load.<machine>", "1", "flow over limit while the line runs", operation.of_machines(operation.load)),
    Definition(
        "bottleneck_share.<machine>", "1", "share of the line's running time in which the machine limited it", operation.of_machines(operation.bottleneck)
    ),
    Definition("specific_energy", "J/kg", "energy of all carriers over mass processed", _plant(_specific_energy), money.power_note),
    Definition("energy.<carrier>", "J", "energy drawn of a carrier", _energies),
    Definition("energy_per_mass.<carrier>", "J/kg", "energy of a carrier over mass processed, where there are several carriers", _energy_per_mass),
    Definition(
        "feed_heating_value", "J/kg", "lower heating value of what was processed over its mass, in a plant that smelts; no bought energy", _heating_value
    ),
    Definition(
        "waste_heat.<level>",
        "J",
        "heat that furnaces gave off with gas, cooling melts and through walls, by temperature, less what boilers took of it",
        _waste_heat,
    ),
    *(Definition(*row) for row in steam.ROWS),
    Definition("deportment.<element>.<product>", "1", "share of an element in all that left the plant, in a plant that smelts", recovery.deportment),
    *(Definition(*row) for row in points.ROWS),
    Definition("co2", "kg", "CO2 that comes with the energy drawn", _plant(money.co2), money.co2_note),
    Definition("co2_per_tonne", "kg/kg", "CO2 over mass processed", _plant(lambda t: ratio(money.co2(t), t.processed())), money.co2_note),
    *(Definition(*row) for row in carbon.ROWS),
    Definition("revenue", "EUR", "price times payable share times mass, over all products with a price", _plant(money.revenue), money.revenue_note),
    Definition(
        "feed_cost",
        "EUR",
        "price of what was processed, of each yard at the mean price of what was delivered there; a gate fee is below 0; no value where no feed has a price",
        _plant(money.feed_cost),
    ),
    Definition(
        "energy_cost", "EUR", "price of the energy drawn; no value where a carrier that was drawn has no price", _plant(money.energy_cost), money.energy_note
    ),
    Definition("overtime_cost", "EUR", "overtime times its cost, over all lines, in a plant where overtime costs", _overtime_costs),
    Definition("penalties", "EUR", "by how much prices fell of what left outside its specification, over all products that penalise", _penalties_of_plant),
    Definition("penalty.<product>", "EUR", "the same of one product", _products_that(_penalises, money.penalty)),
    Definition(
        "stock_value",
        "EUR",
        "value of what lies in the plant at the end of the window less that at its beginning: before a product at its price, below 0 for what "
        "costs, between at what the products bring on average; the yards of feeds are not in it",
        _plant(money.stock_value),
    ),
    Definition(
        "margin",
        "EUR",
        "revenue + stock value - feed cost - energy cost - penalties - overtime cost; no value where a carrier drawn or a product has no price",
        _plant(money.margin),
        money.incomplete,
    ),
    Definition(
        "margin_cash",
        "EUR",
        "revenue - price of what was delivered - energy cost - penalties - overtime cost: what was paid in the window, whatever lies in the plant",
        _plant(money.margin_cash),
        money.incomplete,
    ),
    *(Definition(*row) for row in costs.ROWS),
    Definition(
        "queue.<feed>",
        "1",
        "trucks waiting, without those that unload, mean over the window",
        operation.of_feeds(lambda t, g: ratio(t.at("gates/queue", g), t.duration)),
    ),
    Definition(
        "wait.<feed>",
        "s",
        "time that trucks waited before they unloaded or lost patience, in the window, over trucks let in or waiting",
        operation.of_feeds(operation.mean_wait),
    ),
    Definition(
        "unloading.<feed>", "1", "trucks that unload, mean over the window", operation.of_feeds(lambda t, g: ratio(t.at("gates/unloading", g), t.duration))
    ),
    Definition(
        "turned_away_share.<feed>",
        "1",
        "trucks turned away over trucks come",
        operation.of_feeds(operation.share_of("gates/turned_away", "gates/arrivals")),
    ),
    Definition(
        "left_share.<feed>",
        "1",
        "trucks that left after waiting over trucks come, of a feed with patience; they are among those turned away",
        operation.of_impatient(operation.share_of("gates/left", "gates/arrivals")),
    ),
    Definition("turned_away_mass.<feed>", "kg", "mass turned away", operation.of_feeds(lambda t, g: t.at("gates/turned_away_mass", g))),
    Definition(
        "pickup_queue.<product>",
        "1",
        "trucks that wait to be loaded, mean over the window, of a product whose loading takes time",
        _products_that(lambda product: product.loads, lambda t, p: ratio(t.at("gates/queue", p), t.duration)),
    ),
    Definition(
        "pickup_wait.<product>",
        "s",
        "time that trucks waited to be loaded, in the window, over trucks come",
        _products_that(lambda product: product.loads, operation.share_of("gates/wait", "gates/pickups")),
    ),
    Definition(
        "loading.<product>",
        "1",
        "trucks that are loaded, mean over the window",
        _products_that(lambda product: product.loads, lambda t, p: ratio(t.at("gates/unloading", p), t.duration)),
    ),
    Definition(
        "short_pickup_share.<product>",
        "1",
        "trucks that left with less than they came for over trucks come",
        operation.of_pickups(operation.share_of("gates/short_pickups", "gates/pickups")),
    ),
    Definition(
        "empty_pickup_share.<product>",
        "1",
        "trucks that found nothing to load over trucks come",
        operation.of_pickups(operation.share_of("gates/empty_pickups", "gates/pickups")),
    ),
    Definition(
        "rejected_pickup_share.<product>",
        "1",
        "trucks that left with nothing because what they found was outside the specification over trucks come, of a product that rejects",
        _products_that(_rejects, operation.share_of("gates/rejected_pickups", "gates/pickups")),
    ),
    Definition(
        "limited_pickup_share.<product>",
        "1",
        "trucks that did not come because the customer's limit was reached over trucks due, of a product with a limit",
        _products_that(lambda product: product.limited, operation.called_off),
    ),
    Definition("on_time_share.<product>", "1", "orders done by their due date over orders due in the window, by number", orders.of_ordered(orders.on_time)),
    Definition("late.<product>", "s", "mean time by which orders due in the window were late, of those that were done late", orders.of_ordered(orders.late)),
    Definition("open_orders.<product>", "1", "orders due in the window that were not done at its end", orders.of_ordered(orders.still_open)),
    Definition(
        "resource_load.<resource>",
        "1",
        "time for which a resource was held over the time for which it was on duty",
        operation.of_resources(lambda t, r: ratio(t.at("resources/in_use", r), t.at("resources/available", r))),
    ),
    Definition(
        "resource_queue.<resource>",
        "1",
        "units and trucks waiting for it, mean over the window",
        operation.of_resources(lambda t, r: ratio(t.at("resources/queue", r), t.duration)),
    ),
    Definition(
        "resource_wait.<resource>",
        "s",
        "time that units and trucks waited for it over how often it was granted",
        operation.of_resources(lambda t, r: ratio(t.at("resources/wait", r), t.at("resources/grants", r))),
    ),
)
"""The table. Names are unique in a file because products and X share no name with each other's place in the pattern."""


def kpis_of(totals: Totals) -> dict[str, Kpi]:
    """Return every KPI, in the order of the table."""
    return {name: kpi for definition in KPIS for name, kpi in definition.named(totals)}


def as_markdown() -> str:
    """Return the KPI table that the docs show."""
    lines = ["| KPI | unit | definition |", "|---|---|---|"]
    lines += [f"| `{d.pattern}` | {d.unit} | {d.meaning} |" for d in KPIS]
    return "\n".join(lines) + "\n"
