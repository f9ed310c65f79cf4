"""What costs rest on besides the arrays of a file: the block ``money`` of its scenario in SI, and what was summed while the plant ran."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.quantities import YEAR
from twin.results.investment import Investment

Terms = tuple[tuple[str, float, float], ...]
"""What a product earns: (name, EUR/kg, payable share), "" for all mass."""


@dataclass(frozen=True)
class UnitCosts:
    """``line``: whose running time is the unit's; ``copies`` of it; EUR/s while one runs, EUR for each failure, (EUR, kg) of each wear part."""

    line: str
    copies: int
    per_hour: float = 0.0
    per_failure: float = 0.0
    wear: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Prices:
    """Prices as they may become; what is not named stays."""

    products: Mapping[str, Terms] = field(default_factory=dict)
    feeds: Mapping[str, float] = field(default_factory=dict)
    carriers: Mapping[str, float] = field(default_factory=dict)
    carbon: float | None = None


@dataclass(frozen=True)
class CostInputs:
    """``labour``: by role, EUR in the window; ``investments`` by place (a unit's name, "" for the plant); ``carbon``: EUR/kg and the factors (kg/J) that
    are paid for instead of the carriers' own; ``peak``: EUR/J, the price of a W for a second, None without a tariff."""

    labour: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, UnitCosts] = field(default_factory=dict)
    investments: Mapping[str, Investment] = field(default_factory=dict)
    carbon: float | None = None
    factors: Mapping[str, float] = field(default_factory=dict)
    peak: float | None = None
    prices: Mapping[str, Prices] = field(default_factory=dict)
    priced_by_series: tuple[str, ...] = ()
    emits_by_series: tuple[str, ...] = ()
    used: bool = False
    """Whether the scenario has the block, or a tariff with a peak."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> CostInputs:
        """Read the entry ``costs`` of the KPI inputs; nothing where there is none."""
        if not data:
            return cls()
        return cls(
            {role: float(cost) for role, cost in data.get("labour", {}).items()},
            {name: _unit(entry) for name, entry in data.get("units", {}).items()},
            {name: investment_in(entry) for name, entry in data.get("investments", {}).items()},
            _number(data.get("carbon")),
            {name: float(value) for name, value in data.get("factors", {}).items()},
            _number(data.get("peak")),
            {name: _prices(entry) for name, entry in data.get("prices", {}).items()},
            tuple(data.get("priced_by_series", ())),
            tuple(data.get("emits_by_series", ())),
            bool(data.get("used", False)),
        )


def investment_in(entry: Mapping[str, Any]) -> Investment:
    """Return an investment as the KPI inputs hold it: EUR, years, interest a year as a share."""
    return Investment(*(float(entry[key]) for key in ("amount", "life", "interest", "salvage")))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _unit(entry: Mapping[str, Any]) -> UnitCosts:
    wear = tuple((float(price), float(per)) for price, per in entry.get("wear", ()))
    return UnitCosts(str(entry["line"]), int(entry["copies"]), float(entry.get("per_hour", 0.0)), float(entry.get("per_failure", 0.0)), wear)


def _prices(entry: Mapping[str, Any]) -> Prices:
    products = {name: tuple((str(of), float(price), float(share)) for of, price, share in terms) for name, terms in entry.get("products", {}).items()}
    feeds, carriers = ({name: float(price) for name, price in entry.get(key, {}).items()} for key in ("feeds", "carriers"))
    return Prices(products, feeds, carriers, _number(entry.get("carbon")))


@dataclass(frozen=True)
class Metered:
    """What was summed while the plant ran, from the end of the warm-up on: EUR and kg of CO2 by (unit, carrier), kg through machines, and the peaks of
    power, W, each with the time (s) that it counts."""

    cost: Mapping[tuple[str, str], float] = field(default_factory=dict)
    co2: Mapping[tuple[str, str], float] = field(default_factory=dict)
    through: Mapping[str, float] = field(default_factory=dict)
    peaks: tuple[tuple[float, float], ...] = ()
    settled: Mapping[str, float] = field(default_factory=dict)
    """What the lots of a product were worth, EUR, where they are settled; ``paid``: what was paid in the window, for earlier ones too."""
    paid: Mapping[str, float] = field(default_factory=dict)
    fees: Mapping[str, float] = field(default_factory=dict)
    """What was taken in cost, EUR, by feed, where its price is a series."""

    @classmethod
    def of(cls, file: Any, names: Mapping[str, tuple[str, ...]]) -> Metered:
        """Read the group of a file, empty where the plant has no meter."""
        if "accounts/energy_cost" not in file:
            return cls()
        cost, co2 = ({(unit, carrier): value for unit, row in zip(names["unit"], file[f"accounts/{name}"][...].tolist(), strict=True)
                      for carrier, value in zip(names["carrier"], row, strict=True)} for name in ("energy_cost", "co2"))  # fmt: skip
        through = dict(zip(names["machine"], file["accounts/through"][...].tolist(), strict=True))
        peaks = zip(file["accounts/peak_power"][...].tolist(), file["accounts/peak_time"][...].tolist(), strict=True)
        settled, paid = (
            {product: value for product, value in zip(names["product"], file[f"accounts/{name}"][...].tolist(), strict=True) if not math.isnan(value)}
            for name in ("settled", "paid")
        )
        fees = dict(zip(names["gate"], file["accounts/feed_cost"][...].tolist(), strict=True)) if "accounts/feed_cost" in file else {}
        fees = {feed: fee for feed, fee in fees.items() if not math.isnan(fee)}
        return cls(cost, co2, through, tuple((float(power), float(time)) for power, time in peaks), settled, paid, fees)

    def energy_cost(self, carrier: str) -> float:
        """Return what a carrier cost, EUR, whose price is a series."""
        return math.fsum(value for (_, own), value in self.cost.items() if own == carrier and not math.isnan(value))

    def emitted(self, carrier: str) -> float:
        """Return the CO2 of a carrier, kg, whose factor is a series."""
        return math.fsum(value for (_, own), value in self.co2.items() if own == carrier and not math.isnan(value))


def per_second(investment: Investment) -> float:
    """Return the annuity of an investment, EUR/s.

    >>> round(per_second(Investment(250e3, 10, 0.06, 15e3)) * 365 * 86400, 2)
    32828.97
    """
    return investment.annuity() / YEAR
