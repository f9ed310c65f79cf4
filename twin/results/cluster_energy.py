"""Key figures of the power and heat networks of a cluster, and what they change in its money and CO2.

Sites reckon their electricity by the price and factor of their own carrier. Where there is a power network, what came from the grid counts instead. What the
networks and sites pay one another (waste heat of a site, the heat that users pay) cancels: fuels and the heat of others count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

from twin.results.energy import EnergyAccount, StoredEnergy
from twin.results.kpis import Kpi

ELECTRICITY = "electricity"
OF_POWER = (
    ("grid_energy", "J", "power/from_grid", "electricity from the grid"),
    ("grid_cost", "EUR", "power/cost", "its price"),
    ("grid_co2", "kg", "power/co2", "its CO2, scope 2"),
    ("grid_peak", "W", "power/highest_from_grid", "the highest power from the grid at once"),
    ("own_power_used", "J", "power/own_used", "own power that was used as it was made"),
    ("fed_in", "J", "power/fed_in", "own power fed into the grid"),
    ("fed_in_income", "EUR", "power/income", "paid for it"),
)
OF_HEAT = (
    ("heat_served", "J", "heat/served", "heat that users got"),
    ("heat_lacking", "J", "heat/lacking", "heat wanted that was not there"),
    ("heat_wasted", "J", "heat/wasted", "heat of sources that nobody took"),
    ("heat_income", "EUR", "heat/income", "what users paid; it cancels in the margin of all together"),
)
BY_NAME = (
    ("heat_taken", "J", "heat/source", "heat/taken", "source", "heat taken of a source"),
    ("heat_made", "J", "heat/boiler", "heat/made", "boiler", "heat that a boiler made"),
)


def figures(account: EnergyAccount) -> Iterator[tuple[str, Kpi]]:
    """Yield the key figures of the networks that there are."""
    for rows, there in ((OF_POWER, account.has_power), (OF_HEAT, account.has_heat)):
        for name, unit, path, _ in rows if there else ():
            if path in account.values:
                yield name, Kpi(account.number(path), unit)
    for name, unit, axis, path, _, _ in BY_NAME if account.has_heat else ():
        for label, value in account.by_name(axis, path).items():
            yield f"{name}.{label}", Kpi(value, unit)


def cost_of_heat(account: EnergyAccount, stored: StoredEnergy) -> float:
    """Return what heat costs all together, EUR: fuels of boilers, and heat of sources that are of no site; electricity is in the power network's account."""
    if not account.has_heat:
        return 0.0
    own = sources_of_sites(stored)
    sources = [cost for name, cost in account.by_name("heat/source", "heat/source_cost").items() if name not in own]
    electric = account.by_name("heat/boiler", "heat/electric")
    boilers = [cost for name, cost in account.by_name("heat/boiler", "heat/boiler_cost").items() if not (electric[name] and account.has_power)]
    return math.fsum([*sources, *boilers])


def co2_of_heat(account: EnergyAccount, *, biogenic: bool) -> float:
    """Return the CO2 of fuels of boilers, kg, fossil or biogenic, and, with the fossil, what counts for the heat of sources."""
    if not account.has_heat:
        return 0.0
    electric, origin = (account.by_name("heat/boiler", f"heat/{name}") for name in ("electric", "biogenic"))
    parts = [
        mass
        for name, mass in account.by_name("heat/boiler", "heat/boiler_co2").items()
        if bool(origin[name]) == biogenic and not (electric[name] and account.has_power)
    ]
    return math.fsum([*parts, *(account.by_name("heat/source", "heat/source_co2").values() if not biogenic else ())])


def sources_of_sites(stored: StoredEnergy) -> Mapping[str, str]:
    """Return the sources that are a unit of a site, by name: what is paid for them stays among the members."""
    written = json.loads(stored.written) if stored.written else {}
    sources = written.get("heat", {}).get("sources", {})
    return {name: str(source["from"]) for name, source in sources.items() if isinstance(source, dict) and source.get("from")}
