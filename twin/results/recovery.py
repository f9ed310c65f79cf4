"""Where the materials and elements that were processed went: recovery, grade and deportment, rows of the KPI table."""

from __future__ import annotations

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


def deportment(totals: Totals) -> Values:
    """Yield the share of an element that left with each product, in all of it that left, of a plant that smelts."""
    if not totals.names["process"]:
        return
    for element in DEPORTED:
        masses = {name: totals.mass(name, element) for name in totals.inputs.products}
        for name, mass in masses.items():
            yield f"{element}.{name}", ratio(mass, sum(masses.values()))
