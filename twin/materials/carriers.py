"""Energy carriers and the CO2 that comes with one joule of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from twin.errors import Problem, UsageError
from twin.materials.catalogue import data_text, data_tree
from twin.materials.number import Number, Reading
from twin.quantities import Quantity

_FACTOR = Quantity("kg/J", ge=0)


@dataclass(frozen=True)
class EmissionFactor:
    """CO2 of one joule. Past years are revised: ``vintage`` is when the figure was published, ``status`` whether it was final then."""

    number: Number
    year: int | None = None
    vintage: str = ""
    status: str = ""


@dataclass(frozen=True)
class CarrierData:
    """A carrier: ``scope`` is ``grid`` (CO2 where it is made) or ``direct`` (CO2 where it is used)."""

    name: str
    title: str
    scope: str
    factors: tuple[EmissionFactor, ...]


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
        found[name] = CarrierData(name, node["title"], node["scope"], tuple(factors))
    reading.stop_if_any()
    return found, int(tree["default_grid_year"])


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
