"""Scopes of CO2 of a plant: what leaves its stacks and what it burns elsewhere (1), and the electricity that it draws (2).

Of units whose off-gas is followed the carbon in it counts, of whatever it came, and never the fuels too: they are in it. Of others that burn something
the fuel counts by its factor. Biogenic carbon stands apart. What comes with bought oxygen, lime or scrap is upstream and in none of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.materials.carbon import CO2
from twin.results import money
from twin.results.tally import Totals

ELECTRICITY = "electricity"


@dataclass(frozen=True)
class Scopes:
    """CO2 in kg: ``direct`` of fossil and mineral carbon, ``biogenic`` of the charge, ``grid`` of electricity."""

    direct: float
    biogenic: float
    grid: float


def scopes_of(totals: Totals) -> Scopes:
    """Return the CO2 of a plant by scope; NaN where a carrier that was drawn has no factor, or no unit states a power."""
    fuels = [_burnt(totals, carrier) for carrier in totals.names["carrier"] if carrier != ELECTRICITY]
    processes = totals.names["process"]
    stack = [totals.at("units/gas_carbon", process, label) for process in processes for label in totals.names["carbon"] if label != "charge biogenic"]
    biogenic = [totals.at("units/gas_carbon", process, "charge biogenic") for process in processes]
    grid = money.co2_of(totals, ELECTRICITY, energy) if (energy := money.energy_of(totals, ELECTRICITY)) > 0.0 else 0.0
    return Scopes(money.energy_stated(totals, math.fsum([CO2 * math.fsum(stack), *fuels])), CO2 * math.fsum(biogenic), money.energy_stated(totals, grid))


def _burnt(totals: Totals, carrier: str) -> float:
    """CO2 of a fuel that units burn whose off-gas is not followed, less that of what boilers supplied (steam of waste heat costs none)."""
    units = [unit for unit in totals.names["unit"] if f"{unit}.offgas" not in totals.names["stream"]]
    drawn = {unit: energy for unit in units if (energy := totals.at("units/power", unit, carrier)) == energy and energy != 0.0}
    if not math.fsum(drawn.values()) > money.ROUNDING * math.fsum(map(abs, drawn.values())):
        return 0.0
    if carrier in totals.inputs.costs.emits_by_series:
        return math.fsum(totals.metered.co2[unit, carrier] for unit in drawn)
    factor = totals.inputs.carrier_co2.get(carrier)
    return math.nan if factor is None else factor * math.fsum(drawn.values())
