"""Key figures of a cluster: those of its sites as ``SITE/NAME``, what they come to together, and what its links did.

What one site pays another is cost there and revenue here, so it cancels in the sum of margins. What lies at a receiver counts at what it paid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from twin.results.hauls import Haul
from twin.results.kpis import Kpi
from twin.results.read import Result

SUMMED = ("energy_cost", "co2", "co2_with_charge")
"""Figures of sites that a cluster has as their sum: each is told where any site has it; ``co2_with_charge`` of a site that melts nothing is its ``co2``."""
MARGINS = ("margin", "margin_cash")
"""These too, less what driving costs, which no site bears."""
OF_LINKS = (
    ("hauled", "kg", "mass", "taken in by the receiver of a link"),
    ("haul_paid", "EUR", "worth", "what the receiver of a link paid, by the link's own terms"),
    ("haul_distance", "m", "distance", "driven for a link, loaded and empty"),
    ("haul_energy", "J", "energy", "fuel of a link"),
    ("haul_cost", "EUR", "cost", "driving for a link, fuel included; no site bears it"),
    ("haul_co2", "kg", "co2", "fuel of a link"),
)
"""Figures of links, as ``NAME.LINK``: name, unit, what of :class:`~twin.results.hauls.Moved` it is, and what it means."""


def cluster_figures(sites: Mapping[str, Result], hauls: Mapping[str, Haul]) -> dict[str, Kpi]:
    """Return every key figure: of the whole first, then of links, then of sites. A sum of which a part has no value has none, and says whose is missing."""
    return {
        **dict(_together(sites, hauls)),
        **dict(_of_links(hauls)),
        **{f"{name}/{key}": kpi for name, site in sites.items() for key, kpi in site.kpis.items()},
    }


def _together(sites: Mapping[str, Result], hauls: Mapping[str, Haul]) -> Iterator[tuple[str, Kpi]]:
    driving, burnt = math.fsum(haul.moved.cost for haul in hauls.values()), math.fsum(haul.moved.co2 for haul in hauls.values())
    for name in MARGINS:
        yield name, _sum({site: result.kpis.get(name) for site, result in sites.items()}, "EUR", -driving)
    for name in SUMMED:
        parts = {site: result.kpis.get(name) or (result.kpis.get("co2") if name == "co2_with_charge" else None) for site, result in sites.items()}
        if name != "co2_with_charge" or any(name in result.kpis for result in sites.values()):
            yield name, _sum(parts, "EUR" if name == "energy_cost" else "kg", burnt if name.startswith("co2") else 0.0)
    carriers = dict.fromkeys(key for result in sites.values() for key in result.kpis if key.startswith("energy."))
    for key in carriers:
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


def as_markdown() -> str:
    """Return the table that the docs show."""
    rows = [(f"`{name}`", "EUR", "the sites' together, less what driving costs") for name in MARGINS]
    rows += [("`energy_cost`", "EUR", "the sites' together")]
    rows += [("`co2`, `co2_with_charge`", "kg", "the sites' together and that of driving; of a site that melts nothing `co2` counts for both")]
    rows += [("`energy.<carrier>`", "J", "the sites' together")]
    rows += [(f"`{name}.<link>`", unit, meaning) for name, unit, _, meaning in OF_LINKS]
    rows += [("`<site>/<KPI>`", "", "a key figure of a site")]
    return "\n".join(["| key figure | unit | |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
