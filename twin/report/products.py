"""Products by material: what each is made of, and its grades beside what its specification asks."""

from __future__ import annotations

from twin.report.key_figures import Figures
from twin.report.language import Language
from twin.report.source import Source
from twin.report.tables import Table
from twin.results.findings import composition_of, composition_text
from twin.results.kpis import NO_VALUE


def products_of(source: Source, figures: Figures, words: Language, most: int | None = None) -> Table:
    """Mass, main materials, grades and share off the specification of each product; with ``most``, of the heaviest only."""
    names = list(source.totals.inputs.products)
    if most is not None:
        names = sorted(names, key=lambda name: -source.totals.mass(name))[:most]
    off = any(figures.known(f"offspec_share.{name}") for name in names)
    rows = [
        (
            name,
            words.amount(composition_text(composition_of(source.totals, name))) or NO_VALUE,
            grades(figures, name, words),
            with_interval(figures, f"product_mass.{name}"),
            *((with_interval(figures, f"offspec_share.{name}"),) if off else ()),
        )
        for name in names
    ]
    return Table(("product", "is made of", "grades", "mass", *(("off-spec share",) if off else ())), tuple(rows), 3, wide=(1, 2))


def with_interval(figures: Figures, name: str) -> str:
    """A key figure with half of its interval, where there is one."""
    figure = figures[name]
    return f"{figure.text} ± {figure.plus_minus}" if figure.plus_minus else figure.text


def grades(figures: Figures, product: str, words: Language) -> str:
    """The grades of a product, what it targets or its specification names: ``"Cu 93.1 % (≥ 90 %)"``."""
    found = []
    for name in figures.kpis:
        owner, _, of = name.removeprefix("grade.").partition(".")
        if name.startswith("grade.") and owner == product and figures.known(name):
            limit = figures.limit(product, of)
            found.append(f"{of} {figures[name].text}" + (f" ({limit})" if limit != NO_VALUE else ""))
    return words.amount(", ".join(found)) or NO_VALUE
