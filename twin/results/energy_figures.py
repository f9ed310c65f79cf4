"""Key figures of the energy networks of a cluster, beside those of its sites.

The margins of sites count their electricity at their own prices, and what the networks cost is told apart; in the margin of all together the network's bill
stands in the place of theirs (:mod:`twin.results.cluster_energy`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from twin.results.energy import EnergyAccount
from twin.results.kpis import Kpi

POWER = (
    ("power_drawn", "J", "drawn", "electricity drawn by all sites and the heat network"),
    ("power_from_grid", "J", "from_grid", "of that from the grid"),
    ("power_own_used", "J", "own_used", "of that from own power"),
    ("power_fed_in", "J", "fed_in", "own power fed into the grid"),
    ("power_cost", "EUR", "cost", "price of what came from the grid, by interval"),
    ("power_income", "EUR", "income", "paid for what was fed in"),
    ("power_co2", "kg", "co2", "CO2 of what came from the grid, scope 2"),
    ("power_highest", "W", "highest", "the highest power drawn at once"),
)
HEAT = (
    ("heat_served", "J", "what users of heat got"),
    ("heat_lacking", "J", "what they, and the pipe, lacked"),
    ("heat_wasted", "J", "heat that was there and was not taken"),
    ("heat_cost", "EUR", "price of all that makes heat; of electricity at the tariff, which is in `power_cost` too"),
    ("heat_income", "EUR", "what users paid"),
    ("heat_co2", "kg", "CO2 of heat but biogenic: scope 1 of boilers, and what counts for sources; of electricity it is in `power_co2` too"),
    ("heat_co2_biogenic", "kg", "CO2 of heat from wood and the like, counted apart"),
    ("heat_taken.<source>", "J", "heat taken of a source that is there anyway"),
    ("heat_made.<boiler>", "J", "heat made by a boiler"),
)
STOCK = (
    ("stock_used", "", "used", "drawn from a tank"),
    ("stock_delivered", "", "delivered", "delivered into it"),
    ("stock_lowest", "", "lowest", "the least that it held"),
    ("stock_waited", "s", "waited", "time that units waited since it held too little for them, all together"),
    ("stock_lacking", "", "lacking", "used by burners that held waiting baths, and not there"),
    ("stock_paid", "EUR", "paid", "paid for deliveries"),
    ("stock_worth", "EUR", "worth", "what that cost which was drawn"),
)
"""Of each tank of fuel (J) or oxygen (Nm3), as ``NAME.STOCK``: name, unit where it is no amount, which number, meaning."""
HYPOTHETICAL = "the heat network is hypothetical: assumed, not there"


def energy_figures(account: EnergyAccount) -> Iterator[tuple[str, Kpi]]:
    """Yield the figures of the networks that there are."""
    if account.has_power:
        for name, unit, part, _ in POWER:
            yield name, Kpi(account.number(f"power/{part}"), unit)
    if account.has_heat:
        note = HYPOTHETICAL if account.number("heat/hypothetical") else ""
        for name, unit, value in _heat(account):
            yield name, Kpi(value, unit, note=note)
    for _, stock, si, numbers in account.stocks():
        for name, unit, part, _ in STOCK:
            yield f"{name}.{stock}", Kpi(numbers[part], unit or si)


def _heat(account: EnergyAccount) -> Iterator[tuple[str, str, float]]:
    for name in ("served", "lacking", "wasted"):
        yield f"heat_{name}", "J", account.number(f"heat/{name}")
    costs = (account.values["heat/source_cost"], account.values["heat/boiler_cost"])
    yield "heat_cost", "EUR", math.fsum(value for values in costs for value in np.asarray(values).tolist())
    yield "heat_income", "EUR", account.number("heat/income")
    fossil, biogenic = _carbon(account)
    yield "heat_co2", "kg", fossil
    yield "heat_co2_biogenic", "kg", biogenic
    for axis, name in (("source", "taken"), ("boiler", "made")):
        for label, value in account.by_name(f"heat/{axis}", f"heat/{name}").items():
            yield f"heat_{name}.{label}", "J", value


def boilers_without_factor(account: EnergyAccount) -> list[str]:
    """Return the boilers that made heat of a carrier whose CO2 is not known."""
    if not account.has_heat:
        return []
    made, carbon = (account.by_name("heat/boiler", f"heat/{name}") for name in ("made", "boiler_co2"))
    electric = account.by_name("heat/boiler", "heat/electric")
    return [f"boiler {name}" for name in made if made[name] > 0.0 and math.isnan(carbon[name]) and not (electric[name] and account.has_power)]


def _carbon(account: EnergyAccount) -> tuple[float, float]:
    """Fossil and biogenic, kg; a boiler that made nothing needs no factor."""
    made, carbon = (account.by_name("heat/boiler", f"heat/{name}") for name in ("made", "boiler_co2"))
    grown = account.by_name("heat/boiler", "heat/biogenic")
    of_sources = np.asarray(account.values["heat/source_co2"]).tolist()
    fossil = math.fsum([*of_sources, *(carbon[name] for name in made if made[name] > 0.0 and not grown[name])])
    return fossil, math.fsum(carbon[name] for name in made if made[name] > 0.0 and grown[name])
