"""CO2 of the charge's own carbon, rows of the KPI table: what left with gas, by where its carbon comes from. Of bought carriers ``co2`` tells."""

from __future__ import annotations

import math

from twin.materials.carbon import CO2
from twin.results import money
from twin.results.ratios import Values, ratio
from twin.results.tally import Totals

ORIGINS = ("fossil", "biogenic", "mineral")
"""Of the charge's carbon, as the file labels them behind ``charge``."""


def of_charge(totals: Totals, origin: str) -> float:
    """Return the CO2 (kg) of the charge's carbon of an origin; NaN where the file does not tell."""
    return CO2 * math.fsum(totals.at("units/gas_carbon", process, f"charge {origin}") for process in totals.names["process"])


def by_origin(totals: Totals) -> Values:
    """Yield the CO2 of each origin, in a plant that smelts."""
    if totals.names["process"]:
        for origin in ORIGINS:
            yield origin, of_charge(totals, origin)


def by_origin_per_tonne(totals: Totals) -> Values:
    """Yield the same over the mass processed."""
    for origin, mass in by_origin(totals):
        yield origin, ratio(float(mass), totals.processed())


def with_charge(totals: Totals) -> float:
    """Return the CO2 (kg) of energy and of the charge's fossil and mineral carbon."""
    return money.co2(totals) + of_charge(totals, "fossil") + of_charge(totals, "mineral")


def together(totals: Totals) -> Values:
    """Yield that, in a plant that smelts."""
    if totals.names["process"]:
        yield "", with_charge(totals)


def together_per_tonne(totals: Totals) -> Values:
    """Yield the same over the mass processed."""
    if totals.names["process"]:
        yield "", ratio(with_charge(totals), totals.processed())


ROWS = (
    (
        "charge_co2.<origin>",
        "kg",
        "CO2 of the charge's own carbon that left with gas: fossil, biogenic and mineral (of carbonates), in a plant that smelts",
        by_origin,
    ),
    ("charge_co2_per_tonne.<origin>", "kg/kg", "the same over mass processed", by_origin_per_tonne),
    (
        "co2_with_charge",
        "kg",
        "CO2 of energy, and of the charge's fossil and mineral carbon, in a plant that smelts; biogenic carbon is left out",
        together,
        money.co2_note,
    ),
    ("co2_with_charge_per_tonne", "kg/kg", "the same over mass processed", together_per_tonne, money.co2_note),
)
