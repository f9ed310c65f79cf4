"""Where the materials and elements that were processed went: recovery, grade and deportment, rows of the KPI table."""

from __future__ import annotations

import math
from collections.abc import Callable

from twin.results.ratios import Values, of_processed, ratio
from twin.results.tally import Totals

DEPORTED = ("Cu", "Au", "Ag", "Sn", "Pb", "Zn", "Ni")
"""Elements whose deportment stands among the key figures of a plant that smelts."""


def recovery(totals: Totals) -> Values:
    """Yield of each target what is of it in all products that target it, over what was processed of it."""
    targets = dict.fromkeys(name for product in totals.inputs.products.values() for name in product.targets)
    for of in targets:
        out = sum(totals.mass(name, of) for name, product in totals.inputs.products.items() if of in product.targets)
        yield of, of_processed(totals, out, of)


def recovery_by_product(totals: Totals) -> Values:
    """Yield the same of one product and one of its targets."""
    for name, product in totals.inputs.products.items():
        for of in product.targets:
            yield f"{name}.{of}", of_processed(totals, totals.mass(name, of), of)


def grade(totals: Totals) -> Values:
    """Yield the mass fraction in a product of each of its targets, and of what its specification names."""
    for name, product in totals.inputs.products.items():
        whole = totals.mass(name) - (totals.water(name) if product.dry else 0.0)
        for of in dict.fromkeys((*product.targets, *product.spec)):
            yield f"{name}.{of}", ratio(totals.mass(name, of), whole)


def grade_found(totals: Totals) -> Values:
    """Yield the same as the samples of its loads show it, of what the specification names, weighed by the mass of the loads."""
    materials, elements = totals.names["material"], totals.names["element"]
    for name, product in totals.inputs.products.items():
        found = totals.samples.found(name, totals.begin) if product.sampled else None
        if found is None:
            continue
        by_material, by_element = (dict(zip(names, row.tolist(), strict=True)) for names, row in zip((materials, elements), found, strict=True))
        water = math.fsum(by_material[of] * share for of, share in totals.inputs.moisture.items() if of in by_material) if product.dry else 0.0
        for of in product.spec:
            members = totals.inputs.groups.get(of, (of,))
            share = by_element[of] if of in by_element else math.fsum(by_material[member] for member in members if member in by_material)
            yield f"{name}.{of}", share / (1.0 - water)


def judged(figure: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a share of the mass that was judged by samples, for each product whose loads are."""

    def values(totals: Totals) -> Values:
        for name, product in totals.inputs.products.items():
            if product.sampled and totals.at("gates/judged_mass", name) > 0.0:
                yield name, ratio(figure(totals, name), totals.at("gates/judged_mass", name))

    return values


def truly_off(totals: Totals, name: str) -> float:
    """Return the mass of judged loads that truly miss the specification, kg: those found outside it, less those wrongly, plus those that passed."""
    rejected = totals.at("gates/rejected_mass", name)
    found = totals.at("gates/offspec_mass", name) + (rejected if rejected == rejected else 0.0)
    return found - totals.at("gates/failed_onspec", name) + totals.at("gates/passed_offspec", name)


def deportment(totals: Totals) -> Values:
    """Yield the share of an element that left with each product, in all of it that left, of a plant that smelts."""
    if not totals.names["process"]:
        return
    for element in DEPORTED:
        masses = {name: totals.mass(name, element) for name in totals.inputs.products}
        for name, mass in masses.items():
            yield f"{element}.{name}", ratio(mass, sum(masses.values()))
