"""Key figures as a report shows them: with an interval where there are replications, and flagged where there are none."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twin.report.source import Source
from twin.results.kpis import NO_VALUE, PLANT, kpi_text
from twin.results.texts import ONE_RUN
from twin.scenario.kinds.product import Product

CONFIDENCE = 0.95
ROUNDING = 1e-9
"""Relative differences between runs up to this are shown as none."""

MATRICES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("products", "product", (("product_mass", "mass"), ("yield", "yield"), ("offspec_share", "off-spec share"),
                             ("offspec_share_true", "truly off-spec"), ("passed_offspec", "wrongly passed"), ("failed_onspec", "wrongly failed"),
                             ("pickup_queue", "trucks waiting"), ("pickup_wait", "mean wait"), ("loading", "trucks loaded"),
                             ("short_pickup_share", "short pick-ups"), ("empty_pickup_share", "empty pick-ups"), ("rejected_pickup_share", "rejected pick-ups"),
                             ("limited_pickup_share", "pick-ups called off"), ("rejected_mass", "mass rejected"), ("penalty", "penalty"),
                             ("on_time_share", "orders on time"), ("late", "mean lateness of late orders"), ("open_orders", "orders overdue"))),
    ("lines", "line", (("utilisation", "running"), ("blocked", "blocked"), ("starved", "starved"), ("waiting", "waiting"), ("oee", "OEE"),
                                    ("starts", "starts"), ("overtime", "overtime"), ("closing", "closing"), ("changeover", "changeover"),
                                    ("cleaning", "cleaning"), ("warm_up", "warm-up"))),
    ("machines", "machine", (("availability", "availability"), ("repair_wait", "waits for repair"), ("load", "load"), ("bottleneck_share", "bottleneck"))),
    ("gate", "feed", (("queue", "trucks waiting"), ("wait", "mean wait"), ("unloading", "trucks unloading"),
                      ("turned_away_share", "turned away"), ("left_share", "left after waiting"), ("turned_away_mass", "mass turned away"))),
    ("costs", "unit", (("energy_cost_of", "energy"), ("maintenance_cost_of", "maintenance"), ("wear_cost_of", "wear"),
                       ("capital_cost_of", "capital"), ("cost", "cost"))),
    ("resources", "resource", (("resource_load", "load"), ("resource_queue", "waiting for it"), ("resource_wait", "mean wait"))),
)  # fmt: skip
"""Tables with a row for each unit and a column for each key figure."""
HEADLINES = ("throughput", "specific_energy", "co2_per_tonne", "operating_result", "margin")
"""Key figures at the head of the page, with the recovery of what earns most."""


def headline_names(known: Collection[str]) -> list[str]:
    """Return the names of those that there are; where other costs than material and energy are stated, the operating result stands for the margin."""
    found = [name for name in HEADLINES if name in known]
    return [name for name in found if name != "margin" or "operating_result" not in found]


@dataclass(frozen=True)
class Figure:
    """One key figure: its mean over the runs as text, and the half-width of its interval, "" where there is none; ``flag`` says why."""

    text: str
    plus_minus: str = ""
    flag: str = ""


@dataclass(frozen=True)
class Matrix:
    """A table: a row for each name, a column for each heading. ``title`` is a key of the table of words."""

    title: str
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]
    note: bool = False


@dataclass(frozen=True)
class PlantRow:
    """A key figure of the whole plant; its ``stem`` is the word before the first dot, by which its definition is found."""

    name: str
    figure: Figure

    @property
    def stem(self) -> str:
        """The word before the first dot."""
        return self.name.partition(".")[0]


def figure_of(name: str, values: Sequence[float], unit: str) -> Figure:
    """A key figure of one or several runs; an interval only where every run has a value and there are several.

    >>> figure_of("throughput", [1.0], "kg/s")
    Figure(text='3.6 t/h', plus_minus='', flag='one run, no interval')
    >>> figure_of("throughput", [1.0, 1.1], "kg/s").plus_minus
    '2.3'
    """
    from twin.study.statistics import student_interval

    known = [value for value in values if math.isfinite(value)]
    if not known:
        return Figure(NO_VALUE)
    mean = math.fsum(known) / len(known)
    text, factor = shown(name, mean, unit)
    if len(values) < 2:
        return Figure(text, flag=ONE_RUN)
    interval = student_interval(known, CONFIDENCE) if len(known) == len(values) else None
    if interval is None:
        return Figure(text, flag=f"only {len(known)} of {len(values)} runs have it, no interval")
    half_width = interval.half_width if interval.half_width > ROUNDING * abs(mean) else 0.0
    return Figure(text, _rounded(half_width * factor) if factor else shown(name, half_width, unit)[0])


def shown(name: str, value: float, unit: str) -> tuple[str, float]:
    """A key figure as text, and by what its value was multiplied for the number in it, 0 where that cannot be told.

    >>> shown("margin", 627825.3, "EUR"), shown("co2_per_tonne", 0.026, "kg/kg")
    (('627\u202f825 EUR', 1.0), ('26 kg/t', 1000.0))
    """
    if unit == "EUR":
        return f"{value:,.0f} EUR".replace(",", "\N{NARROW NO-BREAK SPACE}"), 1.0
    text = kpi_text(name, value, unit)
    return text, float(text.split()[0]) / value if value else 0.0


def _rounded(value: float) -> str:
    """Two digits, of large numbers all before the point."""
    return f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


class Figures:
    """Key figures of a report by name."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.kpis = source.first.kpis
        tables = [result.kpis for result in source.results]
        self.figures = {
            name: figure_of(name, [table[name].value if name in table else math.nan for table in tables], kpi.unit) for name, kpi in self.kpis.items()
        }

    def __getitem__(self, name: str) -> Figure:
        return self.figures.get(name, Figure(NO_VALUE))

    def known(self, name: str) -> bool:
        """Whether a key figure has a value."""
        return name in self.figures and self.figures[name].text != NO_VALUE

    def headlines(self) -> list[tuple[str, Figure]]:
        """The few figures at the head of the page, by name."""
        found = [(name, self[name]) for name in headline_names([name for name in HEADLINES if self.known(name)])]
        earned: dict[str, float] = {}
        for name, product in self.source.totals.inputs.products.items():
            for of, price, payable in product.price:
                if of and self.known(f"recovery.{of}"):
                    earned[of] = earned.get(of, 0.0) + price * payable * self.source.totals.mass(name, of)
        best = sorted(earned, key=lambda of: -earned[of])[:2]
        return [found[0], *((f"recovery.{of}", self[f"recovery.{of}"]) for of in best), *found[1:]] if found else []

    def plant(self) -> list[PlantRow]:
        """Figures of the whole plant."""
        names = [name for name in self.kpis if ("." not in name or name.partition(".")[0] in PLANT) and self.known(name)]
        rows = [PlantRow(name, self[name]) for name in names]
        missing = [name for name, kpi in self.kpis.items() if kpi.note and not self.known(name)]
        return rows + [PlantRow(name, Figure(NO_VALUE, flag=self.kpis[name].note)) for name in missing]

    def matrices(self) -> list[Matrix]:
        """Recovery, grade, and what there is of products, lines, machines and gate."""
        found = [self._recovery(), self._grades()]
        found += [self._matrix(title, heading, columns) for title, heading, columns in MATRICES]
        return [matrix for matrix in found if matrix.rows]

    def deportment(self) -> Matrix | None:
        """Where each element left to, in a plant that smelts."""
        names = [name.split(".") for name in self.kpis if name.startswith("deportment.")]
        if not names:
            return None
        products = tuple(dict.fromkeys(name[2] for name in names))
        elements = dict.fromkeys(name[1] for name in names)
        rows = tuple((element, tuple(self[f"deportment.{element}.{product}"] for product in products)) for element in elements)
        return Matrix("deportment", "element", products, tuple(row for row in rows if any(cell.text != NO_VALUE for cell in row[1])))

    def _recovery(self) -> Matrix:
        names = [name.split(".") for name in self.kpis if name.startswith("recovery.") and self.known(name)]
        targets = list(dict.fromkeys(name[-1] for name in names))
        products = [product for product in self.source.totals.inputs.products if any(name[1] == product for name in names if len(name) == 3)]
        rows = tuple((of, (self[f"recovery.{of}"], *(self[f"recovery.{product}.{of}"] for product in products))) for of in targets)
        return Matrix("recovery", "of", ("in all", *products), rows, True)

    def _grades(self) -> Matrix:
        rows = []
        for name in self.kpis:
            if name.startswith("grade.") and self.known(name):
                product, _, of = name.removeprefix("grade.").partition(".")
                rows.append((f"{of} in {product}", (self[name], Figure(self.limit(product, of)))))
        return Matrix("grade", "share of", ("mean", "specification"), tuple(rows), True)

    def limit(self, product: str, of: str) -> str:
        """What the specification of a product asks of a material or element."""
        model = self.source.scenario.units.get(product)
        limits = [limit for limit in model.spec.limits if limit.name == of] if isinstance(model, Product) else []
        return ", ".join(limit.typeset for limit in limits) or NO_VALUE

    def _matrix(self, title: str, heading: str, columns: Sequence[tuple[str, str]]) -> Matrix:
        names = dict.fromkeys(name.partition(".")[2] for stem, _ in columns for name in self.kpis if name.startswith(f"{stem}."))
        rows = [name for name in names if any(self.known(f"{stem}.{name}") for stem, _ in columns)]
        shown = [(stem, label) for stem, label in columns if any(self.known(f"{stem}.{row}") for row in rows)]
        cells = tuple((row, tuple(self[f"{stem}.{row}"] for stem, _ in shown)) for row in rows)
        return Matrix(title, heading, tuple(label for _, label in shown), cells)
