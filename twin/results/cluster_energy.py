"""What the power and heat networks of a cluster change in its money and CO2.

Sites reckon their electricity by the price and factor of their own carrier. Where there is a power network, what came from the grid counts instead. What the
networks and sites pay one another (waste heat of a site, the heat that users pay) cancels: fuels and the heat of others count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from twin.results.energy import EnergyAccount, StoredEnergy


def cost_of_heat(account: EnergyAccount, stored: StoredEnergy) -> float:
    """Return what heat costs all together, EUR: fuels of boilers, and heat of sources that are of no site; electricity is in the power network's account."""
    if not account.has_heat:
        return 0.0
    own = sources_of_sites(stored)
    sources = [cost for name, cost in account.by_name("heat/source", "heat/source_cost").items() if name not in own]
    boilers = [cost for name, cost in account.by_name("heat/boiler", "heat/boiler_cost").items() if _burns(account, name)]
    return math.fsum([*sources, *boilers])


def cost_of_stocks(account: EnergyAccount, *, cash: bool) -> float:
    """Return what came by deliveries costs, EUR: what was paid for them, or what that cost which was drawn. What lies in tanks counts as it was paid."""
    return math.fsum(numbers["paid" if cash else "worth"] for *_, numbers in account.stocks())


def stocked_fuels(account: EnergyAccount) -> list[tuple[str, str]]:
    """Return site and carrier of each fuel that comes by deliveries: their bill stands in the place of what the site reckons."""
    places = account.names("fuels/of") if "fuels/of" in account.values else ()
    return [(site, carrier) for site, _, carrier in (place.partition(".") for place in places)]


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
