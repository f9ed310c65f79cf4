"""CO2 elsewhere of what a cluster buys and sells, by the factors that it states. What links carry from member to member was neither bought nor sold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from twin.errors import FileError
from twin.results import money
from twin.results.create import text_array, text_type
from twin.results.energy import EnergyAccount, StoredEnergy
from twin.results.hauls import Haul
from twin.results.kpis import Kpi
from twin.results.read import Result
from twin.results.scopes import ELECTRICITY
from twin.scenario.elsewhere import Elsewhere, stored_elsewhere

WRITTEN = "elsewhere"
UPSTREAM, AVOIDED = "scope_3_upstream", "avoided"
FIGURES = (
    (f"`{UPSTREAM}`, `{UPSTREAM}.<site>`", "made and brought elsewhere before it was bought, by the stated factors; together also boilers and grid"),
    (f"`{AVOIDED}.<name>`", "may be spared elsewhere by what left the cluster, by the stated factor; in no other figure"),
)


def write_elsewhere(file: Any, written: str) -> None:
    """Write the factors as they stand in the scenario, JSON; nothing where there are none."""
    if written:
        labels = text_array([written])
        file.create_dataset(WRITTEN, data=labels, dtype=text_type(labels.dtype.itemsize)).attrs["long_name"] = "factors of CO2 elsewhere as written, JSON"


def elsewhere_in(file: Any) -> str:
    """Return the factors of a file as they were written, "" where it has none. Raises ``FileError``."""
    if WRITTEN not in file:
        return ""
    found = file[WRITTEN]
    if getattr(found, "shape", None) != (1,) or found.dtype.kind != "S":
        raise FileError(f"{file.filename}: {WRITTEN} is no text: twin did not write this file, or it was changed")
    return str(found[0].decode("utf-8", "replace"))


def figures(
    written: str, sites: Mapping[str, Result], hauls: Mapping[str, tuple[Haul, str, str]], energy: EnergyAccount, stored: StoredEnergy
) -> Iterator[tuple[str, Kpi]]:
    """Yield name and key figure. ``hauls``: what each link did, with its sender as SITE.PRODUCT and its receiver as SITE.FEED."""
    if not written:
        return
    try:
        found = stored_elsewhere(written)
    except ValueError as error:
        raise FileError(f"the factors of CO2 elsewhere in the file cannot be read: {error}") from None
    of_tanks = _of_tanks(found, energy)
    of_sites = {name: math.fsum([_upstream(found, name, site, hauls), *of_tanks.get(name, ())]) for name, site in sites.items()}
    without = [carrier for name in sites for carrier in _left_out(found, sites[name])]
    shared, more = _shared(found, sites, energy, stored)
    more += _tanks_left_out(found, energy)
    note = f"without {', '.join(dict.fromkeys([*without, *more]))}, of no stated factor" if without or more else ""
    yield UPSTREAM, Kpi(math.fsum([*of_sites.values(), shared]), "kg", note=note)
    for name, value in of_sites.items():
        yield f"{UPSTREAM}.{name}", Kpi(value, "kg")
    for name, avoided in found.avoided.items():
        site, _, product = avoided.product.partition(".")
        inside = math.fsum(haul.moved.loaded for haul, sender, _ in hauls.values() if sender == avoided.product)
        sold = sites[site].totals.mass(product)
        left = sold - inside if abs(sold - inside) > money.ROUNDING * sold else 0.0
        yield f"{AVOIDED}.{name}", Kpi(avoided.factor * left, "kg", note=f"instead of {avoided.instead_of}")


def _upstream(found: Elsewhere, name: str, site: Result, hauls: Mapping[str, tuple[Haul, str, str]]) -> float:
    """Upstream CO2 of a site's carriers and feeds, kg."""
    totals, factors = site.totals, found.upstream
    parts = [factors.carriers[carrier] * drawn for carrier, drawn in money.drawn(totals) if carrier in factors.carriers]
    for place, factor in factors.feeds.items():
        if place.partition(".")[0] == name:
            inside = math.fsum(haul.moved.mass for haul, _, receiver in hauls.values() if receiver == place)
            parts.append(factor * (totals.mass(place.partition(".")[2]) - inside))
    return math.fsum(parts)


def _of_tanks(found: Elsewhere, energy: EnergyAccount) -> dict[str, list[float]]:
    """Upstream CO2 of oxygen drawn from tanks, and of bringing what filled them, kg by site. A fuel itself counts as its carrier, as it is drawn."""
    factors, places = found.upstream, energy.places()
    parts: dict[str, list[float]] = {}
    for group, name, _, numbers in energy.stocks():
        drawn = numbers["used"] + numbers["lacking"] if group == "oxygen" else 0.0
        parts.setdefault(places[name][0], []).extend([factors.oxygen.get(name, 0.0) * drawn, factors.deliveries.get(name, 0.0) * numbers["deliveries"]])
    return parts


def _tanks_left_out(found: Elsewhere, energy: EnergyAccount) -> list[str]:
    """Tanks whose oxygen, or whose deliveries, have no factor though those of others have."""
    factors, without = found.upstream, list[str]()
    for group, name, _, numbers in energy.stocks():
        if factors.oxygen and group == "oxygen" and numbers["used"] > 0.0 and name not in factors.oxygen:
            without.append(f"oxygen of {name}")
        if factors.deliveries and numbers["deliveries"] and name not in factors.deliveries:
            without.append(f"deliveries of {name}")
    return without


def _left_out(found: Elsewhere, site: Result) -> list[str]:
    return [carrier for carrier, _ in money.drawn(site.totals) if carrier not in found.upstream.carriers] if found.upstream.carriers else []


def _shared(found: Elsewhere, sites: Mapping[str, Result], energy: EnergyAccount, stored: StoredEnergy) -> tuple[float, list[str]]:
    """What boilers take, and the grid beside what sites draw of it, kg: with own power less comes from the grid. And carriers without a factor."""
    factors, parts, without = found.upstream.carriers, [], []
    if energy.has_heat and factors:
        boilers = json.loads(stored.written)["heat"].get("boilers", {})
        for name, drawn in energy.by_name("heat/boiler", "heat/used").items():
            carrier = str(boilers[name]["carrier"])
            if carrier == ELECTRICITY and energy.has_power:
                continue
            parts.append(factors.get(carrier, 0.0) * drawn)
            without += [carrier] if drawn > 0.0 and carrier not in factors else []
    if energy.has_power and ELECTRICITY in factors:
        of_sites = math.fsum(money.energy_of(site.totals, ELECTRICITY) for site in sites.values())
        parts.append(factors[ELECTRICITY] * (energy.number("power/from_grid") - of_sites))
    return math.fsum(parts), without
