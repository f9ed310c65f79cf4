"""Sums over the record steps of a file: what every KPI is computed from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.results.cost_inputs import CostInputs, Metered
from twin.results.layout import BY_PATH
from twin.results.sampled import SampleTable

Floats = NDArray[np.float64]

_ROWS = 512
_LABELLED = (
    "stream", "unit", "machine", "material", "element", "carrier", "process", "heat_level", "carbon", "steam", "state", "gate", "product", "resource", "cause",
    "stop",
)  # fmt: skip
_NANOSECOND = 1e-9

FROM_OUTSIDE = ("H", "C", "N", "O", "S")
"""Elements that a furnace also takes from air, fuel and acid, or gives off to the air: what of them lies in the plant cannot be told from its streams."""

# variable -> whether it is a rate or share, and so is multiplied by the length of its record step
_SUMMED: dict[str, bool] = {
    "streams/mass_flow": True,
    "streams/element_flow": True,
    "units/state_share": True,
    "units/starts": False,
    "units/load": True,
    "units/bottleneck": True,
    "units/down_share": True,
    "units/wait_share": True,
    "units/repair_wait_share": True,
    "units/power": True,
    "units/waste_heat": True,
    "units/gas_carbon": True,
    "units/boiler_steam": True,
    "gates/arrivals": False,
    "gates/turned_away": False,
    "gates/turned_away_mass": False,
    "gates/queue": True,
    "gates/wait": False,
    "gates/pickups": False,
    "gates/short_pickups": False,
    "gates/empty_pickups": False,
    "gates/rejected_pickups": False,
    "gates/limited_pickups": False,
    "gates/product_mass": False,
    "gates/offspec_mass": False,
    "gates/rejected_mass": False,
    "gates/penalty": False,
    "gates/unloading": True,
    "gates/left": False,
    "gates/judged_mass": False,
    "gates/passed_offspec": False,
    "gates/failed_onspec": False,
    "resources/in_use": True,
    "resources/available": True,
    "resources/queue": True,
    "resources/wait": False,
    "resources/grants": False,
    "stops/number": False,
    "stops/down": False,
}


@dataclass(frozen=True)
class Line:
    """A line: its machines, head first, the products that it feeds, and what overtime costs, EUR/s."""

    head: str
    machines: tuple[str, ...]
    products: tuple[str, ...]
    overtime_cost: float = 0.0


@dataclass(frozen=True)
class Product:
    """What a product is to recover, what its specification names, and what it earns: (name, EUR/kg, payable share), "" for all mass.

    ``when_off_spec``: accept, penalise or reject; ``limited``: whether the customer takes only so much in a time; ``loads``: whether loading takes
    time; ``settled``: whether its price is what settlements brought, over its mass; ``sampled``: whether loads are judged by samples; ``dry``: whether
    grades are told on dry mass; ``goes_to``: recycling, other_recovery, disposal, or "" where it is not said.
    """

    targets: tuple[str, ...]
    spec: tuple[str, ...]
    price: tuple[tuple[str, float, float], ...]
    when_off_spec: str = "accept"
    limited: bool = False
    load: float = math.nan
    loads: bool = False
    settled: bool = False
    sampled: bool = False
    dry: bool = False
    goes_to: str = ""


@dataclass(frozen=True)
class CalculationPoint:
    """Where mass enters an ``operation``: the streams ``at`` it, the ``act`` that measures there, and its ``targets``."""

    at: tuple[str, ...]
    operation: str
    act: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where material lies between units: the units that fill it, those that empty it, and the streams that lead to it."""

    fillers: tuple[str, ...]
    takers: tuple[str, ...]
    streams: tuple[str, ...]


@dataclass(frozen=True)
class KpiInputs:
    """What the KPIs need besides the arrays. It stands in the file as JSON, see :meth:`from_json`."""

    intake: tuple[str, ...]
    products: Mapping[str, Product]
    feed_prices: Mapping[str, float | None]
    carrier_prices: Mapping[str, float | None]
    carrier_co2: Mapping[str, float | None]
    lines: tuple[Line, ...]
    groups: Mapping[str, tuple[str, ...]]
    heating_values: Mapping[str, float]
    returned: tuple[str, ...] = ()
    feeds_to: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    converted: tuple[str, ...] = ()
    smelts: bool = False
    patience: tuple[str, ...] = ()
    """Feeds whose trucks leave after they have waited for a while."""
    costs: CostInputs = field(default_factory=CostInputs)
    moisture: Mapping[str, float] = field(default_factory=dict)
    """Water in materials as received, 0 to 1, of those that have some."""
    calculation_points: Mapping[str, CalculationPoint] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> KpiInputs:
        """Read the JSON object that the plant writes::

            {"intake": ["yard"],
             "products": {"copper": {"targets": ["Cu"], "spec": ["Cu", "plastics"], "price": [["Cu", 6.0, 0.92]]},
                          "mixed": {"targets": [], "spec": [], "price": -0.08}},
             "feeds": {"deliveries": {"price": 0.05, "to": "yard"}},
             "carriers": {"electricity": {"price": 5e-08, "co2": 1.0083e-07}},
             "lines": {"shredder": {"machines": ["shredder", "screen"], "products": ["copper"]}},
             "groups": {"metals": ["steel", "copper"]},
             "heating_values": {"plastics": 3.5e7},
             "places": {"yard": {"from": ["deliveries"], "to": ["shredder"], "streams": ["deliveries"]}},
             "converted": ["cable"], "smelts": false}

        ``intake`` names the streams whose mass counts as processed, ``returned`` (where there are any) those of rejected lots that come back to it.
        A product may also state ``when_off_spec``, ``sampled``, ``grade_basis``, ``limited``, ``loads`` and ``load``, the mean mass that a truck comes for, kg;
        a feed ``patience``. Prices are EUR/kg and EUR/J, CO2 kg/J, heating values J/kg; a price that was not stated is null. ``places`` says who fills and
        empties what, and which streams lead there; ``converted`` names materials that come to be or cease to be in the plant. A furnace stands among the
        lines, without machines; a line may state ``overtime_cost``, EUR/s; ``costs`` is there where money is more than prices, see
        :class:`~twin.results.cost_inputs.CostInputs`; ``moisture`` where materials have some.
        """
        data = json.loads(text or "{}")
        return cls(
            tuple(data.get("intake", ())),
            {name: _product(entry) for name, entry in data.get("products", {}).items()},
            {name: _number(entry.get("price")) for name, entry in data.get("feeds", {}).items()},
            {name: _number(entry.get("price")) for name, entry in data.get("carriers", {}).items()},
            {name: _number(entry.get("co2")) for name, entry in data.get("carriers", {}).items()},
            tuple(_line(head, entry) for head, entry in data.get("lines", {}).items()),
            {name: tuple(members) for name, members in data.get("groups", {}).items()},
            {name: float(value) for name, value in data.get("heating_values", {}).items()},
            tuple(data.get("returned", ())),
            {name: str(entry["to"]) for name, entry in data.get("feeds", {}).items() if "to" in entry},
            {name: Place(*(tuple(entry.get(side, ())) for side in ("from", "to", "streams"))) for name, entry in data.get("places", {}).items()},
            tuple(data.get("converted", ())),
            bool(data.get("smelts", False)),
            tuple(name for name, entry in data.get("feeds", {}).items() if entry.get("patience")),
            CostInputs.from_json(data.get("costs")),
            {name: float(share) for name, share in data.get("moisture", {}).items()},
            {
                name: CalculationPoint(tuple(entry["at"]), str(entry["operation"]), str(entry["act"]), tuple(entry["targets"]))
                for name, entry in data.get("calculation_points", {}).items()
            },
        )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _line(head: str, entry: Mapping[str, Any]) -> Line:
    return Line(head, tuple(entry.get("machines", (head,))), tuple(entry.get("products", ())), float(entry.get("overtime_cost", 0.0)))


def _product(entry: Mapping[str, Any]) -> Product:
    price = entry.get("price") or ()
    rules = (("", float(price), 1.0),) if isinstance(price, int | float) else tuple((str(n), float(v), float(p)) for n, v, p in price)
    when_off_spec, limited = str(entry.get("when_off_spec", "accept")), bool(entry.get("limited", False))
    load, loads = float(entry["load"]) if "load" in entry else math.nan, bool(entry.get("loads", False))
    sampled, dry = bool(entry.get("sampled", False)), entry.get("grade_basis") == "dry"
    targets, spec = tuple(entry.get("targets", ())), tuple(entry.get("spec", ()))
    return Product(targets, spec, rules, when_off_spec, limited, load, loads, bool(entry.get("settled", False)), sampled, dry, str(entry.get("goes_to", "")))


@dataclass(frozen=True)
class OrderTable:
    """The orders of a run: of which ``product`` each is, when it was ``due`` and ``done`` (s from the start, NaN where it was not)."""

    product: tuple[str, ...] = ()
    due: tuple[float, ...] = ()
    done: tuple[float, ...] = ()

    @classmethod
    def of(cls, file: Any) -> OrderTable:
        """Read the table of a file, empty where the plant has no orders."""
        if "orders/due" not in file:
            return cls()
        names = tuple(name.decode("utf-8") for name in file["orders/order_product"][...].tolist())
        return cls(names, *(tuple(file[f"orders/{column}"][...].tolist()) for column in ("due", "done")))


@dataclass(frozen=True)
class Totals:
    """Sums over the record steps that begin at or after the warm-up; ``duration`` (s) is their length together.

    ``sums`` holds, by variable, the sum without its time axis: masses in kg, energies in J, times in s, numbers of trucks.
    ``names`` holds the labels of each axis. ``begin`` and ``end`` (s from the start) bound the window; ``orders`` are those of the whole run.
    """

    inputs: KpiInputs
    names: Mapping[str, tuple[str, ...]]
    duration: float
    sums: Mapping[str, Floats]
    begin: float = 0.0
    end: float = math.inf
    orders: OrderTable = OrderTable()
    metered: Metered = field(default_factory=Metered)
    samples: SampleTable = field(default_factory=SampleTable)

    def at(self, variable: str, *labels: str) -> float:
        """Return one sum by its labels, NaN where plant or file have no such thing: ``at("units/power", "shredder", "electricity")``."""
        found: Any = self._lists.get(variable)
        if found is None:
            return math.nan
        for dim, label in zip(BY_PATH[variable].dims[1:], labels, strict=True):
            place = self._places[dim].get(label)
            if place is None:
                return math.nan
            found = found[place]
        return float(found)

    @cached_property
    def _lists(self) -> dict[str, Any]:
        return {variable: total.tolist() for variable, total in self.sums.items()}

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """The place of each label on its axis, the first where there are several."""
        return {axis: {label: place for place, label in reversed(list(enumerate(labels)))} for axis, labels in self.names.items()}

    @cached_property
    def _masses(self) -> dict[tuple[str, str], float]:
        """What :meth:`mass` has found so far: many key figures rest on the same streams."""
        return {}

    def mass(self, stream: str, of: str = "") -> float:
        """Return the mass (kg) in a stream: all of it, or that of an element, a material or a group of materials."""
        if (stream, of) not in self._masses:
            self._masses[stream, of] = self._mass(stream, of)
        return self._masses[stream, of]

    def _mass(self, stream: str, of: str) -> float:
        if of in self.names["element"]:
            return self.at("streams/element_flow", stream, of)
        if not of and stream in self.names["stream"]:  # melts have no materials, so that theirs are not numbers
            of_stream = self.sums["streams/mass_flow"][self.names["stream"].index(stream)]
            if np.isnan(of_stream).all():
                return math.fsum(self.sums["streams/element_flow"][self.names["stream"].index(stream)].tolist())
        materials = self.inputs.groups.get(of, (of,)) if of else self.names["material"]
        known = [material for material in materials if material in self.names["material"]]
        return sum((self.at("streams/mass_flow", stream, material) for material in known), 0.0 if known or not of else float("nan"))

    def dry(self, stream: str, of: str) -> float:
        """Return the mass (kg) of an element, a material or a group in a stream without the moisture of materials."""
        if of in self.names["element"]:
            return self.mass(stream, of)
        members = self.inputs.groups.get(of, (of,))
        return sum((self.mass(stream, one) * (1.0 - self.inputs.moisture.get(one, 0.0)) for one in members if one in self.names["material"]), 0.0)

    def water(self, stream: str) -> float:
        """Return the moisture (kg) in the materials of a stream; a melt has none."""
        masses = ((self.mass(stream, material), share) for material, share in self.inputs.moisture.items())
        return math.fsum(mass * share for mass, share in masses if mass == mass)

    def processed(self, of: str = "") -> float:
        """Return the mass (kg) that the plant took in for processing; what came back to be processed again counts once."""
        taken = sum(self.mass(stream, of) for stream in self.inputs.intake)
        return taken - sum(self.mass(stream, of) for stream in self.inputs.returned) if self.inputs.returned else taken

    def conserved(self, of: str) -> bool:
        """Whether an element, a material, a group, or ("") all mass, only moves through the plant, so that what came in and did not leave lies there."""
        if not of or of not in self.names["element"]:
            members = self.inputs.groups.get(of, (of,)) if of else ()
            return not self.inputs.smelts and not any(member in self.inputs.converted for member in members)
        return not (self.inputs.smelts and of in FROM_OUTSIDE)

    def leaving(self, of: str = "") -> float:
        """Return the mass (kg) that left with all products together."""
        return math.fsum(self.mass(name, of) for name in self.inputs.products)

    def stock_change(self, place: str, of: str = "") -> float:
        """Return by how much the stock (kg) in a place grew: what flowed in less what flowed out; NaN where a flow was not recorded."""
        inflow = math.fsum(self.mass(stream, of) for stream in self.inputs.places[place].streams)
        spilt = self.mass(stream, of) if (stream := f"{place}.overflow") in self.names["stream"] else 0.0
        return inflow - self.mass(place, of) - spilt

    def places_before(self, product: str) -> list[str]:
        """Return the places that a product is loaded from."""
        return [name for name, place in self.inputs.places.items() if product in place.takers]

    def share_of_place(self, place: str, product: str) -> float:
        """Return the share of what is taken from a place that goes to a product; all alike where nothing was taken."""
        takers = [taker for taker in self.inputs.places[place].takers if taker in self.inputs.products]
        masses = {taker: self.mass(taker) for taker in takers}
        whole = math.fsum(masses.values())
        return masses[product] / whole if whole > 0.0 else 1.0 / len(takers)

    def stored_before_products(self, of: str = "") -> float:
        """Return by how much the stock (kg) in all places that products are loaded from grew, the intake's apart."""
        places = dict.fromkeys(place for product in self.inputs.products for place in self.places_before(product) if place not in self.inputs.intake)
        return math.fsum(self.stock_change(place, of) for place in places)


class Tally:
    """Adds up record steps that begin at or after the warm-up, or between ``begin`` and ``end`` (s).

    Rows are added one after the other, so that the sums do not depend on how they were cut into blocks.
    """

    def __init__(self, file: Any, begin: float | None = None, end: float = math.inf) -> None:
        self._warmup = float(file.attrs.get("warmup", 0.0)) if begin is None else begin
        self._last = end
        self._sums: dict[str, Floats] = {variable: np.zeros(file[variable].shape[1:]) for variable in _SUMMED if variable in file}
        self._duration = 0.0
        self._begin, self._end = math.inf, 0.0

    def add(self, bounds: Floats, rows_of: Callable[[str], Floats]) -> None:
        """Add a block of steps: ``bounds`` (step, 2) in s, ascending, and the rows of each variable for the same steps."""
        first = int(np.searchsorted(bounds[:, 0], self._warmup - _NANOSECOND))
        last = int(np.searchsorted(bounds[:, 0], self._last - _NANOSECOND)) if self._last < math.inf else len(bounds)
        lengths = bounds[first:last, 1] - bounds[first:last, 0]
        if not lengths.size:
            return
        self._begin, self._end = min(self._begin, float(bounds[first, 0])), float(bounds[last - 1, 1])
        for length in lengths.tolist():
            self._duration += length
        for variable, total in self._sums.items():
            rows = rows_of(variable)[first:last]
            if _SUMMED[variable]:
                rows = rows * lengths.reshape(-1, *[1] * (rows.ndim - 1))
            for row in rows:
                np.add(total, row, out=total)

    def add_file(self, file: Any) -> None:
        """Add all steps of an open file, block by block."""
        bounds = file["time_bounds"]
        for start in range(0, bounds.shape[0], _ROWS):
            part = slice(start, start + _ROWS)
            block = {variable: np.asarray(file[variable][part]) for variable in self._sums}
            self.add(bounds[part], block.__getitem__)

    def totals(self, file: Any) -> Totals:
        """Return the sums, with the labels and the other inputs of KPIs that stand in the file."""
        inputs = KpiInputs.from_json(file["scenario/kpi_inputs"][()].decode("utf-8"))
        names = {name: tuple(label.decode("utf-8") for label in file[name][...].tolist()) if name in file else () for name in _LABELLED}
        totals = Totals(inputs, names, self._duration, self._sums, self._begin, self._end, OrderTable.of(file), Metered.of(file, names), SampleTable.of(file))
        return _at_settled_prices(totals) if totals.metered.settled or totals.metered.fees else totals


def _at_settled_prices(totals: Totals) -> Totals:
    """The totals with the mean price of each product whose lots were settled, so that its stock has a worth too, and of each feed whose price is a series."""

    def priced(name: str, product: Product) -> Product:
        value, mass = totals.metered.settled.get(name, math.nan), totals.mass(name)
        return replace(product, price=(("", value / mass if mass > 0.0 else 0.0, 1.0),)) if product.settled else product

    products = {name: priced(name, product) for name, product in totals.inputs.products.items()}
    came = {feed: totals.mass(feed) for feed in totals.metered.fees}
    fees = {feed: fee / came[feed] if came[feed] > 0.0 else 0.0 for feed, fee in totals.metered.fees.items()}
    return replace(totals, inputs=replace(totals.inputs, products=products, feed_prices={**totals.inputs.feed_prices, **fees}))
