"""Key figures of a cluster: those of its sites as ``SITE/NAME``, what they come to together, and what its links and networks did.

What one site pays another is cost there and revenue here, so it cancels in the sum of margins. What lies at a receiver counts at what it paid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twin.results import cluster_energy, elsewhere, energy_figures, money
from twin.results.energy import EnergyAccount, StoredEnergy
from twin.results.hauls import Haul
from twin.results.kpis import Kpi
from twin.results.read import Result
from twin.results.scopes import ELECTRICITY, scopes_of

MARGINS = ("margin", "margin_cash")
"""Figures of sites that a cluster has as their sum, less what driving, fuels of boilers and heat of others cost, which no site bears."""
OF_LINKS = (
    ("hauled", "kg", "mass", "taken in by the receiver of a link"),
    ("haul_paid", "EUR", "worth", "what the receiver of a link paid, by the link's own terms"),
    ("haul_distance", "m", "distance", "driven for a link, loaded and empty"),
    ("haul_energy", "J", "energy", "fuel of a link"),
    ("haul_cost", "EUR", "cost", "driving for a link, fuel included; no site bears it"),
    ("haul_co2", "kg", "co2", "fuel of a link"),
)
"""Figures of links, as ``NAME.LINK``: name, unit, what of :class:`~twin.results.hauls.Moved` it is, and what it means."""
WEIGHED = "haul_weighed"
"""The same of a link whose loads are weighed or sampled: what the weighbridge showed."""

OWN = (
    *MARGINS,
    *("co2", "scope_1", "scope_1_biogenic", "scope_2", "energy", elsewhere.UPSTREAM, elsewhere.AVOIDED),
    WEIGHED,
    *(row[0] for rows in (OF_LINKS, energy_figures.POWER, energy_figures.HEAT, energy_figures.STOCK) for row in rows),
)
"""The words before the first dot of what only a cluster has as a whole."""


@dataclass(frozen=True)
class Stored:
    """What a cluster's file says of itself, as written: links by name, energy networks, factors of CO2 elsewhere."""

    links: Mapping[str, str]
    energy: StoredEnergy
    elsewhere: str


def cluster_figures(sites: Mapping[str, Result], stored: Stored, hauls: Mapping[str, Haul], energy: EnergyAccount) -> dict[str, Kpi]:
    """Return every key figure: of the whole first, then of links and networks, then of sites. A sum of which a part has no value has none, and says why."""
    of_sites = {f"{name}/{key}": kpi for name, site in sites.items() for key, kpi in site.kpis.items()}
    together = {**dict(_money(sites, hauls, energy, stored.energy)), **dict(_co2(sites, hauls, energy)), **dict(_energy(sites))}
    ends = {name: json.loads(text) for name, text in stored.links.items()}
    carried = {name: (haul, str(ends[name].get("from")), str(ends[name].get("to"))) for name, haul in hauls.items()}
    together |= dict(elsewhere.figures(stored.elsewhere, sites, carried, energy, stored.energy))
    return {**together, **dict(_of_links(hauls)), **dict(energy_figures.energy_figures(energy)), **of_sites}


def _money(sites: Mapping[str, Result], hauls: Mapping[str, Haul], energy: EnergyAccount, stored: StoredEnergy) -> Iterator[tuple[str, Kpi]]:
    """Margins. Where there is a power network the grid's bill counts, and where a tank is the bill of its deliveries: not what sites reckon."""
    more = -math.fsum(haul.moved.cost for haul in hauls.values()) - cluster_energy.cost_of_heat(energy, stored)
    if energy.has_power:
        more += energy.number("power/income") - (energy.number("power/cost") if "power/cost" in energy.values else math.nan)
    for name, margin in (("margin", money.margin), ("margin_cash", money.margin_cash)):
        bills = cluster_energy.bills_of_stocks(energy, cash=name == "margin_cash")
        if without := [f"tank {tank}" for tank, bill in bills.items() if math.isnan(bill.cost)]:
            yield name, Kpi(math.nan, "EUR", note=f"no price of {', '.join(without)}")
            continue
        parts: dict[str, Kpi | None] = {}
        for site, result in sites.items():
            billed = [*([ELECTRICITY] if energy.has_power else []), *(bill.carrier for bill in bills.values() if bill.site == site)]
            parts[site] = Kpi(margin(result.totals, billed), "EUR", note=money.incomplete(result.totals, billed))
        yield name, _sum(parts, "EUR", more - math.fsum(bill.cost for bill in bills.values()))


def _co2(sites: Mapping[str, Result], hauls: Mapping[str, Haul], energy: EnergyAccount) -> Iterator[tuple[str, Kpi]]:
    """Scopes, together and by site. What is burnt for driving is direct; where there is a power network, its grid is scope 2 of all."""
    driving = math.fsum(haul.moved.co2 for haul in hauls.values())
    scopes = {name: scopes_of(site.totals) for name, site in sites.items()}
    direct = math.fsum([scope.direct for scope in scopes.values()]) + driving + cluster_energy.co2_of_heat(energy, biogenic=False)
    grid = math.fsum([scope.grid for scope in scopes.values()])
    if energy.has_power:
        grid = energy.number("power/co2") if "power/co2" in energy.values else math.nan
    notes = [f"no CO2 factor of {', '.join(parts)}" if parts else "" for parts in (energy_figures.boilers_without_factor(energy), _without_grid(energy))]
    yield "co2", Kpi(direct + grid, "kg", note="; ".join(note for note in notes if note))
    yield "scope_1", Kpi(direct, "kg", note=notes[0])
    yield "scope_1_biogenic", Kpi(math.fsum([scope.biogenic for scope in scopes.values()]) + cluster_energy.co2_of_heat(energy, biogenic=True), "kg")
    yield "scope_2", Kpi(grid, "kg", note=notes[1])
    for name, scope in scopes.items():
        yield f"scope_1.{name}", Kpi(scope.direct, "kg")
        yield f"scope_1_biogenic.{name}", Kpi(scope.biogenic, "kg")
        if not energy.has_power:
            yield f"scope_2.{name}", Kpi(scope.grid, "kg")


def _without_grid(energy: EnergyAccount) -> list[str]:
    """The grid where it has no factor."""
    return ["the power network's grid"] if energy.has_power and ("power/co2" not in energy.values or math.isnan(energy.number("power/co2"))) else []


def _energy(sites: Mapping[str, Result]) -> Iterator[tuple[str, Kpi]]:
    for key in dict.fromkeys(key for result in sites.values() for key in result.kpis if key.startswith("energy.")):
        yield key, _sum({site: result.kpis[key] for site, result in sites.items() if key in result.kpis}, "J", 0.0)


def _sum(parts: Mapping[str, Kpi | None], unit: str, more: float) -> Kpi:
    missing = [f"{site} ({kpi.note})" if kpi is not None and kpi.note else site for site, kpi in parts.items() if kpi is None or math.isnan(kpi.value)]
    if missing:
        return Kpi(math.nan, unit, note=f"no value of {', '.join(missing)}")
    return Kpi(math.fsum([*(kpi.value for kpi in parts.values() if kpi is not None), more]), unit)


def _of_links(hauls: Mapping[str, Haul]) -> Iterator[tuple[str, Kpi]]:
    for name, unit, part, _ in OF_LINKS:
        for link, haul in hauls.items():
            yield f"{name}.{link}", Kpi(float(getattr(haul.moved, part)), unit)
    for link, haul in hauls.items():
        if haul.found is not None:
            yield f"{WEIGHED}.{link}", Kpi(haul.found.weighed, "kg")


def as_markdown() -> str:
    """Return the table that the docs show."""
    costs = "the sites' together, less driving, fuels of boilers and heat of others; with a power network its bill counts, and that of deliveries into tanks"
    rows = [(f"`{name}`", "EUR", costs) for name in MARGINS]
    rows += [("`co2`", "kg", "scope 1 and 2 together; `co2` of one plant is that of the carriers it bought, without its charge")]
    direct = "fossil and mineral carbon of stacks, fuels burnt elsewhere by their factor; together also driving, boilers and sources"
    rows += [("`scope_1`, `scope_1.<site>`", "kg", direct)]
    rows += [("`scope_1_biogenic`, `scope_1_biogenic.<site>`", "kg", "biogenic carbon of charges, and of boilers")]
    rows += [("`scope_2`, `scope_2.<site>`", "kg", "electricity; with a power network what came from the grid, which is nobody's alone")]
    rows += [(names, "kg", meaning) for names, meaning in elsewhere.FIGURES]
    rows += [("`energy.<carrier>`", "J", "what sites drew, together")]
    rows += [(f"`{name}.<link>`", unit, meaning) for name, unit, _, meaning in OF_LINKS]
    rows += [(f"`{WEIGHED}.<link>`", "kg", "taken in, as the receiver's weighbridge showed it; by that, and by what samples are found to hold, it is paid")]
    rows += [(f"`{name}`", unit, meaning) for name, unit, _, meaning in energy_figures.POWER]
    rows += [(f"`{name}`", unit, meaning) for name, unit, meaning in energy_figures.HEAT]
    rows += [(f"`{name}.<stock>`", unit or "J or Nm3", meaning) for name, unit, _, meaning in energy_figures.STOCK]
    rows += [("`<site>/<KPI>`", "", "a key figure of a site")]
    return "\n".join(["| key figure | unit | |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
