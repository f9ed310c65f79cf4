"""What samples of loads show beside what is true, and how often they were wrong: rows of the KPI table."""

from __future__ import annotations

import math
from collections.abc import Callable

from twin.results.ratios import Values, ratio
from twin.results.tally import Totals


def grade_found(totals: Totals) -> Values:
    """Yield the same as the samples of its loads show it, of what the specification names, weighed by the mass of the loads."""
    materials, elements = totals.names["material"], totals.names["element"]
    for name, product in totals.inputs.products.items():
        found = totals.samples.found(name, totals.begin, totals.end) if product.sampled else None
        if found is None:
            continue
        by_material, by_element = (dict(zip(names, row.tolist(), strict=True)) for names, row in zip((materials, elements), found, strict=True))
        water = math.fsum(by_material[of] * share for of, share in totals.inputs.moisture.items() if of in by_material) if product.dry else 0.0
        for of in product.spec:
            members = totals.inputs.groups.get(of, (of,))
            share = by_element[of] if of in by_element else math.fsum(by_material[member] for member in members if member in by_material)
            yield f"{name}.{of}", share / (1.0 - water)


def of_judged(figure: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
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


ROWS: tuple[tuple[str, str, str, Callable[[Totals], Values]], ...] = (
    (
        "grade_found.<product>.<X>",
        "1",
        "grade of what the specification names as the samples of the loads show it, of a product whose loads are sampled; the truth stands in grade",
        grade_found,
    ),
    ("offspec_share_true.<product>", "1", "mass of loads that truly miss the specification over mass judged by samples", of_judged(truly_off)),
    (
        "passed_offspec.<product>",
        "1",
        "mass of loads that truly miss the specification and whose samples keep it, over mass judged by samples",
        of_judged(lambda t, n: t.at("gates/passed_offspec", n)),
    ),
    (
        "failed_onspec.<product>",
        "1",
        "mass of loads that truly keep the specification and whose samples miss it, over mass judged by samples",
        of_judged(lambda t, n: t.at("gates/failed_onspec", n)),
    ),
)
"""Name, unit, meaning and values of each key figure."""
