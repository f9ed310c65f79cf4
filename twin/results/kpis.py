"""The KPI table: one definition for each key figure, computed from the arrays in a file; the docs' table is generated from it.

All are taken over the *window*: the record steps that begin at or after the warm-up. A ratio whose denominator is 0 is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from twin.quantities import format_quantity
from twin.results.tally import Line, Product, Tally, Totals

Values = Iterator[tuple[str, float]]


class Kpi(NamedTuple):
    """A key figure: its value and the SI unit of it."""

    value: float
    unit: str


@dataclass(frozen=True)
class Definition:
    """One row of the table. ``pattern`` names it, with names in angle brackets; ``values`` yields the names after the first dot."""

    pattern: str
    unit: str
    meaning: str
    values: Callable[[Totals], Values]

    def named(self, totals: Totals) -> Iterator[tuple[str, Kpi]]:
        """Yield the figures of this row by their full names."""
        stem = self.pattern.partition(".")[0]
        for name, value in self.values(totals):
            yield (f"{stem}.{name}" if name else stem), Kpi(value, self.unit)


COUNTS = ("queue", "unloading", "resource_queue")
"""KPIs of unit 1 that are numbers of things, not shares."""


def kpi_text(name: str, value: float, unit: str) -> str:
    """A key figure as people read it: ``kpi_text("throughput", 1.0, "kg/s")`` is ``"3.6 t/h"``, of a share per cent, of a count a number."""
    if math.isnan(value):
        return "–"
    return f"{value:.4g}" if name.partition(".")[0] in COUNTS else format_quantity(value, unit)


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")


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


def _lines(function: Callable[[Totals, Line], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for line in totals.inputs.lines:
            yield line.head, function(totals, line)

    return values


def _machines(function: Callable[[Totals, Line, str], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for line in totals.inputs.lines:
            for machine in line.machines:
                yield machine, function(totals, line, machine)

    return values


def _gates(names: Callable[[Totals], tuple[str, ...]], function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for gate in names(totals):
            if gate in totals.names["gate"]:
                yield gate, function(totals, gate)

    return values


def _feeds(totals: Totals) -> tuple[str, ...]:
    return tuple(totals.inputs.feed_prices)


def _product_names(totals: Totals) -> tuple[str, ...]:
    return tuple(totals.inputs.products)


def _state(totals: Totals, unit: str, state: str) -> float:
    return totals.at("units/state_share", unit, state)


def planned_time(totals: Totals, line: Line) -> float:
    """Return the time (s) in which a line is meant to work: the window without off-shift and planned maintenance."""
    return totals.duration - _state(totals, line.head, "off_shift") - _state(totals, line.head, "maintenance")


def _of_planned(state: str) -> Callable[[Totals], Values]:
    return _lines(lambda totals, line: _ratio(_state(totals, line.head, state), planned_time(totals, line)))


def _availability(totals: Totals, line: Line, machine: str) -> float:
    return 1.0 - _ratio(totals.at("units/down_share", machine), planned_time(totals, line))


def _bottleneck(totals: Totals, line: Line, machine: str) -> float:
    return _ratio(totals.at("units/bottleneck", machine), _state(totals, line.head, "running"))


def _load(totals: Totals, line: Line, machine: str) -> float:
    return _ratio(totals.at("units/load", machine), _state(totals, line.head, "running"))


def _oee(totals: Totals, line: Line) -> float:
    loads = [totals.at("units/load", machine) for machine in line.machines]
    fullest = max((load for load in loads if load == load), default=float("nan"))
    made = sum((totals.at("gates/product_mass", name) for name in line.products), 0.0)
    failed = sum((totals.at("gates/offspec_mass", name) for name in line.products), 0.0)
    quality = 1.0 - failed / made if made > 0 else 1.0
    return _ratio(fullest, planned_time(totals, line)) * quality


def _recovery(totals: Totals) -> Values:
    targets = dict.fromkeys(name for product in totals.inputs.products.values() for name in product.targets)
    for of in targets:
        out = sum(totals.mass(name, of) for name, product in totals.inputs.products.items() if of in product.targets)
        yield of, _ratio(out, totals.processed(of))


def _recovery_by_product(totals: Totals) -> Values:
    for name, product in totals.inputs.products.items():
        for of in product.targets:
            yield f"{name}.{of}", _ratio(totals.mass(name, of), totals.processed(of))


def _grade(totals: Totals) -> Values:
    for name, product in totals.inputs.products.items():
        for of in dict.fromkeys((*product.targets, *product.spec)):
            yield f"{name}.{of}", _ratio(totals.mass(name, of), totals.mass(name))


def _energy(totals: Totals, carrier: str) -> float:
    drawn = (totals.at("units/power", unit, carrier) for unit in totals.names["unit"])
    return sum((value for value in drawn if value == value), 0.0)  # a unit without this carrier may hold NaN


def _energies(totals: Totals) -> Values:
    for carrier in totals.names["carrier"]:
        yield carrier, _energy(totals, carrier)


def _energy_per_mass(totals: Totals) -> Values:
    if len(totals.names["carrier"]) > 1:
        for carrier in totals.names["carrier"]:
            yield carrier, _ratio(_energy(totals, carrier), totals.processed())


def _heating_value(totals: Totals) -> Values:
    if totals.names["process"]:
        heat = sum(totals.processed(material) * value for material, value in totals.inputs.heating_values.items())
        yield "", _ratio(heat, totals.processed())


def _waste_heat(totals: Totals) -> Values:
    if totals.names["process"]:
        for level in totals.names["heat_level"]:
            yield level.replace(" ", "_"), sum(totals.at("units/waste_heat", process, level) for process in totals.names["process"])


DEPORTED = ("Cu", "Au", "Ag", "Sn", "Pb", "Zn", "Ni")
"""Elements whose deportment stands among the key figures of a plant that smelts."""


def _deportment(totals: Totals) -> Values:
    if not totals.names["process"]:
        return
    for element in DEPORTED:
        masses = {name: totals.mass(name, element) for name in totals.inputs.products}
        for name, mass in masses.items():
            yield f"{element}.{name}", _ratio(mass, sum(masses.values()))


def _specific_energy(totals: Totals) -> float:
    return _ratio(sum(_energy(totals, carrier) for carrier in totals.names["carrier"]), totals.processed())


def _co2(totals: Totals) -> float:
    return sum(_energy(totals, carrier) * totals.inputs.carrier_co2.get(carrier, 0.0) for carrier in totals.names["carrier"])


def _revenue_of(totals: Totals, name: str, product: Product) -> float:
    return sum((price * payable * totals.mass(name, of) for of, price, payable in product.price), 0.0)


def _revenue(totals: Totals) -> float:
    return sum((_revenue_of(totals, name, product) for name, product in totals.inputs.products.items()), 0.0)


def _feed_cost(totals: Totals) -> float:
    return sum((price * totals.mass(feed) for feed, price in totals.inputs.feed_prices.items()), 0.0)


def _energy_cost(totals: Totals) -> float:
    return sum((_energy(totals, carrier) * price for carrier, price in totals.inputs.carrier_prices.items()), 0.0)


def _penalty(totals: Totals, product: str) -> float:
    return totals.at("gates/penalty", product)


def _penalties(totals: Totals) -> float:
    return sum((_penalty(totals, name) for name, product in totals.inputs.products.items() if _penalises(product)), 0.0)


def _penalties_of_plant(totals: Totals) -> Values:
    if any(_penalises(product) for product in totals.inputs.products.values()):
        yield "", _penalties(totals)


def _margin(totals: Totals) -> float:
    return _revenue(totals) - _feed_cost(totals) - _energy_cost(totals) - _penalties(totals)


def _called_off(totals: Totals, product: str) -> float:
    limited = totals.at("gates/limited_pickups", product)
    return _ratio(limited, limited + totals.at("gates/pickups", product))


def _share_of(above: str, below: str) -> Callable[[Totals, str], float]:
    return lambda totals, gate: _ratio(totals.at(above, gate), totals.at(below, gate))


def _resources(function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for resource in totals.names["resource"]:
            yield resource, function(totals, resource)

    return values


def _mean_wait(totals: Totals, gate: str) -> float:
    return _ratio(totals.at("gates/wait", gate), totals.at("gates/arrivals", gate) - totals.at("gates/turned_away", gate))


KPIS: tuple[Definition, ...] = (
    Definition("throughput", "kg/s", "processed over the length of the window", _plant(lambda t: _ratio(t.processed(), t.duration))),
    Definition(
        "processed",
        "kg",
        "mass that left the bunkers which feeds fill (or the feeds, where a line has none), less rejected lots that came back there",
        _plant(Totals.processed),
    ),
    Definition("recovery.<X>", "1", "X in all products that target it over X processed; not the legal recycling rate", _recovery),
    Definition("recovery.<product>.<X>", "1", "X in one product that targets it over X processed", _recovery_by_product),
    Definition("grade.<product>.<X>", "1", "X in a product over its mass, for its targets and what its specification names", _grade),
    Definition("yield.<product>", "1", "mass of a product over mass processed", _products(lambda t, n, p: _ratio(t.mass(n), t.processed()))),
    Definition("product_mass.<product>", "kg", "mass that left as a product", _products(lambda t, n, p: t.mass(n))),
    Definition(
        "offspec_share.<product>",
        "1",
        "mass picked up outside the specification over mass picked up",
        _products(lambda t, n, p: _ratio(t.at("gates/offspec_mass", n), t.at("gates/product_mass", n))),
    ),
    Definition(
        "rejected_mass.<product>",
        "kg",
        "mass that trucks rejected and that went elsewhere in the plant, of a product that rejects",
        _products_that(_rejects, lambda t, n: t.at("gates/rejected_mass", n)),
    ),
    Definition("utilisation.<line>", "1", "running over planned time: the window without off-shift and maintenance", _of_planned("running")),
    Definition("blocked.<line>", "1", "blocked over planned time", _of_planned("blocked")),
    Definition("starved.<line>", "1", "starved over planned time", _of_planned("starved")),
    Definition("waiting.<line>", "1", "waiting for a resource over planned time", _of_planned("waiting")),
    Definition("oee.<line>", "1", "load of the line's fullest machine over planned time, times the on-spec share of its products", _lines(_oee)),
    Definition("availability.<machine>", "1", "1 - time down over planned time of its line", _machines(_availability)),
    Definition("load.<machine>", "1", "flow over limit while the line runs", _machines(_load)),
    Definition("bottleneck_share.<machine>", "1", "share of the line's running time in which the machine limited it", _machines(_bottleneck)),
    Definition("specific_energy", "J/kg", "energy of all carriers over mass processed", _plant(_specific_energy)),
    Definition("energy.<carrier>", "J", "energy drawn of a carrier", _energies),
    Definition("energy_per_mass.<carrier>", "J/kg", "energy of a carrier over mass processed, where there are several carriers", _energy_per_mass),
    Definition(
        "feed_heating_value", "J/kg", "lower heating value of what was processed over its mass, in a plant that smelts; no bought energy", _heating_value
    ),
    Definition("waste_heat.<level>", "J", "heat that furnaces gave off with gas, cooling melts and through walls, by temperature", _waste_heat),
    Definition("deportment.<element>.<product>", "1", "share of an element in all that left the plant, in a plant that smelts", _deportment),
    Definition("co2", "kg", "CO2 that comes with the energy drawn", _plant(_co2)),
    Definition("co2_per_tonne", "kg/kg", "CO2 over mass processed", _plant(lambda t: _ratio(_co2(t), t.processed()))),
    Definition("revenue", "EUR", "price times payable share times mass, over all products", _plant(_revenue)),
    Definition("feed_cost", "EUR", "price of what was delivered; a gate fee is negative", _plant(_feed_cost)),
    Definition("energy_cost", "EUR", "price of the energy drawn", _plant(_energy_cost)),
    Definition("penalties", "EUR", "by how much prices fell of what left outside its specification, over all products that penalise", _penalties_of_plant),
    Definition("penalty.<product>", "EUR", "the same of one product", _products_that(_penalises, _penalty)),
    Definition("margin", "EUR", "revenue - feed cost - energy cost - penalties", _plant(_margin)),
    Definition(
        "queue.<feed>",
        "1",
        "trucks waiting, without those that unload, mean over the window",
        _gates(_feeds, lambda t, g: _ratio(t.at("gates/queue", g), t.duration)),
    ),
    Definition("wait.<feed>", "s", "time that trucks waited before they unloaded, in the window, over trucks let in or waiting", _gates(_feeds, _mean_wait)),
    Definition(
        "unloading.<feed>", "1", "trucks that unload, mean over the window", _gates(_feeds, lambda t, g: _ratio(t.at("gates/unloading", g), t.duration))
    ),
    Definition(
        "turned_away_share.<feed>",
        "1",
        "trucks turned away over trucks come",
        _gates(_feeds, _share_of("gates/turned_away", "gates/arrivals")),
    ),
    Definition("turned_away_mass.<feed>", "kg", "mass turned away", _gates(_feeds, lambda t, g: t.at("gates/turned_away_mass", g))),
    Definition(
        "short_pickup_share.<product>",
        "1",
        "trucks that left with less than they came for over trucks come",
        _gates(_product_names, _share_of("gates/short_pickups", "gates/pickups")),
    ),
    Definition(
        "empty_pickup_share.<product>",
        "1",
        "trucks that found nothing to load over trucks come",
        _gates(_product_names, _share_of("gates/empty_pickups", "gates/pickups")),
    ),
    Definition(
        "rejected_pickup_share.<product>",
        "1",
        "trucks that left with nothing because what they found was outside the specification over trucks come, of a product that rejects",
        _products_that(_rejects, _share_of("gates/rejected_pickups", "gates/pickups")),
    ),
    Definition(
        "limited_pickup_share.<product>",
        "1",
        "trucks that did not come because the customer's limit was reached over trucks due, of a product with a limit",
        _products_that(lambda product: product.limited, _called_off),
    ),
    Definition(
        "resource_load.<resource>",
        "1",
        "time for which a resource was held over the time for which it was on duty",
        _resources(lambda t, r: _ratio(t.at("resources/in_use", r), t.at("resources/available", r))),
    ),
    Definition(
        "resource_queue.<resource>",
        "1",
        "units and trucks waiting for it, mean over the window",
        _resources(lambda t, r: _ratio(t.at("resources/queue", r), t.duration)),
    ),
    Definition(
        "resource_wait.<resource>",
        "s",
        "time that units and trucks waited for it over how often it was granted",
        _resources(lambda t, r: _ratio(t.at("resources/wait", r), t.at("resources/grants", r))),
    ),
)
"""The table. Names are unique in a file because products and X share no name with each other's place in the pattern."""


def kpis_of(totals: Totals) -> dict[str, Kpi]:
    """Return every KPI, in the order of the table."""
    return {name: kpi for definition in KPIS for name, kpi in definition.named(totals)}


def kpis_in(file: Any) -> dict[str, Kpi]:
    """Compute every KPI of an open results file from its arrays."""
    tally = Tally(file)
    tally.add_file(file)
    return kpis_of(tally.totals(file))


def as_markdown() -> str:
    """Return the KPI table that the docs show."""
    lines = ["| KPI | unit | definition |", "|---|---|---|"]
    lines += [f"| `{d.pattern}` | {d.unit} | {d.meaning} |" for d in KPIS]
    return "\n".join(lines) + "\n"
