"""Energy carriers: the CO2 that comes with one joule of them, and what fuels and furnace gases are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from twin.errors import Problem, UsageError
from twin.materials.catalogue import SUM_TOLERANCE, data_text, data_tree
from twin.materials.elements import ELEMENTS, REST
from twin.materials.number import Number, Reading
from twin.materials.properties import FRACTION
from twin.quantities import Quantity

_FACTOR = Quantity("kg/J", ge=0)
_HEATING_VALUE = Quantity("J/kg", gt=0)
_DENSITY = Quantity("kg/Nm3", gt=0)


@dataclass(frozen=True)
class EmissionFactor:
    """CO2 of one joule. Past years are revised: ``vintage`` is when the figure was published, ``status`` whether it was final then."""

    number: Number
    year: int | None = None
    vintage: str = ""
    status: str = ""


@dataclass(frozen=True)
class CarrierData:
    """A carrier: ``scope`` is ``grid`` (CO2 where it is made) or ``direct`` (CO2 where it is used).

    A fuel has a lower ``heating_value``, a gas a ``density`` at 0 °C and 101325 Pa, both a ``composition`` in mass fractions, as received.
    """

    name: str
    title: str
    scope: str
    factors: tuple[EmissionFactor, ...]
    heating_value: Number | None = None
    composition: Mapping[str, Number] = field(default_factory=dict)
    density: Number | None = None


@dataclass(frozen=True)
class Fuel:
    """What burns: ``heating_value`` is the lower one, J/kg; ``composition`` kg/kg in the order of ``ELEMENTS``, its sum 1; ``density`` of a gas, kg/Nm3."""

    name: str
    title: str
    heating_value: float
    composition: tuple[float, ...]
    density: float | None


@cache
def carriers() -> Mapping[str, CarrierData]:
    """Return the carriers that come with twin, by name."""
    return _table()[0]


@cache
def _table() -> tuple[dict[str, CarrierData], int]:
    reading = Reading(lambda path, message: Problem("carriers.yaml", 0, 0, path, message))
    tree = data_tree(data_text("carriers"))
    found: dict[str, CarrierData] = {}
    for name, node in reading.mapping(tree["carriers"], "carriers").items():
        factors = []
        for place, entry in enumerate(node["co2"]):
            about = {key: entry[key] for key in entry if key not in ("year", "vintage", "status")}
            number = reading.number(about, _FACTOR, f"carriers.{name}.co2.{place}")
            if number is not None:
                factors.append(EmissionFactor(number, entry.get("year"), entry.get("vintage", ""), entry.get("status", "")))
        found[name] = CarrierData(name, node["title"], node["scope"], tuple(factors), *_make_up(node, f"carriers.{name}", reading))
    reading.stop_if_any()
    return found, int(tree["default_grid_year"])


def _make_up(node: Mapping[str, Any], path: str, reading: Reading) -> tuple[Number | None, dict[str, Number], Number | None]:
    heating_value = reading.number(node["heating_value"], _HEATING_VALUE, f"{path}.heating_value") if "heating_value" in node else None
    density = reading.number(node["density"], _DENSITY, f"{path}.density") if "density" in node else None
    composition = {}
    for element, about in node.get("composition", {}).items():
        number = reading.number(about, FRACTION, f"{path}.composition.{element}")
        if number is None or element not in ELEMENTS:
            reading.wrong(f"{path}.composition.{element}", f"a mass fraction of an element is needed; known: {', '.join(ELEMENTS)}")
        else:
            composition[element] = number
    if (total := math.fsum(number.value for number in composition.values())) > 1 + SUM_TOLERANCE:
        reading.wrong(f"{path}.composition", f"the elements must not add up to more than 100 % (got {100 * total:.6g} %)")
    return heating_value, composition, density


def fuel(name: str) -> Fuel:
    """Return the fuel ``name``: ``fuel("hydrogen").heating_value`` is ``119960000.0``, its density 0.0899 kg/Nm3.

    Raises ``UsageError`` for a carrier that does not burn, and one that is not stored.
    """
    known = carriers()
    carrier = known.get(name)
    if carrier is None or carrier.heating_value is None:
        fuels = ", ".join(other.name for other in known.values() if other.heating_value is not None)
        raise UsageError(f"{name!r} is {'no carrier that is stored' if carrier is None else 'no fuel'}; fuels: {fuels}")
    share = {element: number.value for element, number in carrier.composition.items()}
    share[REST] = max(0.0, share.get(REST, 0.0) + 1.0 - math.fsum(share.values()))
    composition = tuple(share.get(element, 0.0) for element in ELEMENTS)
    density = None if carrier.density is None else carrier.density.value
    return Fuel(name, carrier.title, carrier.heating_value.value, composition, density)


def emission_factor(carrier: str, year: int | None = None, vintage: str | None = None) -> EmissionFactor:
    """Return the CO2 of one joule of ``carrier``, in kg/J.

    ``year`` defaults to the newest that is stored, ``vintage`` to the latest figure for that year:
    ``emission_factor("electricity", 2024).number.value`` is ``1.0083333333333333e-07`` (363 g/kWh). Raises ``UsageError`` for a carrier,
    year or vintage that is not stored.
    """
    table, default_year = _table()
    if carrier not in table:
        raise UsageError(f"no CO2 factor of carrier {carrier!r} is stored; known: {', '.join(table)}; others need a 'co2' of their own")
    factors = table[carrier].factors
    years = [factor.year for factor in factors if factor.year is not None]
    if years:
        wanted = default_year if year is None else year
        factors = tuple(factor for factor in factors if factor.year == wanted)
        if not factors:
            raise UsageError(f"no CO2 factor of {carrier} for {wanted} is stored; known: {', '.join(map(str, dict.fromkeys(years)))}")
    chosen = [factor for factor in factors if vintage in (None, factor.vintage)]
    if not chosen:
        raise UsageError(f"no CO2 factor of {carrier} of vintage {vintage!r}; known: {', '.join(factor.vintage for factor in factors)}")
    return max(chosen, key=lambda factor: factor.vintage)
