"""What the power and heat networks of a cluster change in its money and CO2.

Sites reckon their electricity by the price and factor of their own carrier. Where there is a power network, what came from the grid counts instead. What the
networks and sites pay one another (waste heat of a site, the heat that users pay) cancels: fuels and the heat of others count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import NamedTuple

from twin.results.energy import EnergyAccount, StoredEnergy


def cost_of_heat(account: EnergyAccount, stored: StoredEnergy) -> float:
    """Return what heat costs all together, EUR: fuels of boilers, and heat of sources that are of no site; electricity is in the power network's account."""
    if not account.has_heat:
        return 0.0
    own = sources_of_sites(stored)
    sources = [cost for name, cost in account.by_name("heat/source", "heat/source_cost").items() if name not in own]
    boilers = [cost for name, cost in account.by_name("heat/boiler", "heat/boiler_cost").items() if _burns(account, name)]
    return math.fsum([*sources, *boilers])


class Bill(NamedTuple):
    """What a tank cost, EUR: of a ``site``, and of a ``carrier`` that the site reckons for itself otherwise, "" of oxygen."""

    site: str
    carrier: str
    cost: float


def bills_of_stocks(account: EnergyAccount, *, cash: bool) -> dict[str, Bill]:
    """Return the bill of each tank, NaN where it is not known: what was paid for deliveries, or what that cost which was drawn.

    A bill stands in the place of what the site reckons for the carrier. A fuel whose bill is not known has none: there the site's own price counts.
    """
    found: dict[str, Bill] = {}
    places = account.places()
    for group, name, _, numbers in account.stocks():
        site, what = places[name]
        cost = numbers["paid" if cash else "worth"]
        if group == "oxygen":
            found[name] = Bill(site, "", cost)
        elif not math.isnan(cost):
            found[name] = Bill(site, what, cost)
    return found


def co2_of_heat(account: EnergyAccount, *, biogenic: bool) -> float:
    """Return the CO2 of fuels of boilers, kg, fossil or biogenic, and, with the fossil, what counts for the heat of sources."""
    if not account.has_heat:
        return 0.0
    origin = account.by_name("heat/boiler", "heat/biogenic")
    carbon = account.by_name("heat/boiler", "heat/boiler_co2").items()
    parts = [mass for name, mass in carbon if bool(origin[name]) == biogenic and _burns(account, name)]
    return math.fsum([*parts, *(account.by_name("heat/source", "heat/source_co2").values() if not biogenic else ())])


def _burns(account: EnergyAccount, boiler: str) -> bool:
    """Whether a boiler made heat (one that stood needs no price and no factor) of something that is not on the power network's bill."""
    made = account.by_name("heat/boiler", "heat/made")[boiler]
    electric = account.by_name("heat/boiler", "heat/electric")[boiler]
    return made > 0.0 and not (electric and account.has_power)


def sources_of_sites(stored: StoredEnergy) -> Mapping[str, str]:
    """Return the sources that are a unit of a site, by name: what is paid for them stays among the members."""
    written = json.loads(stored.written) if stored.written else {}
    sources = written.get("heat", {}).get("sources", {})
    return {name: str(source["from"]) for name, source in sources.items() if isinstance(source, dict) and source.get("from")}
