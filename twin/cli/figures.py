"""Key figures of one run as tables: the plant, its products, lines, machines and gate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from twin.results.findings import composition_of, composition_text
from twin.results.kpis import NO_VALUE, PLANT, Kpi, kpi_text
from twin.results.limits import limit_of, standings
from twin.results.stops import pareto
from twin.results.tally import Totals
from twin.results.texts import bounds_text

MATRICES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("product", (("product_mass", "mass"), ("yield", "yield"), ("offspec_share", "off-spec"), ("offspec_share_true", "truly off-spec"),
                 ("passed_offspec", "wrongly passed"), ("failed_onspec", "wrongly failed"),
                 ("pickup_queue", "waiting"), ("pickup_wait", "mean wait"), ("loading", "loading"),
                 ("short_pickup_share", "short pick-ups"), ("empty_pickup_share", "empty pick-ups"), ("rejected_pickup_share", "rejected pick-ups"),
                 ("limited_pickup_share", "called off"), ("rejected_mass", "rejected"), ("penalty", "penalty"),
                 ("on_time_share", "on time"), ("late", "late by"), ("open_orders", "overdue"))),
    ("feed", (("queue", "trucks waiting"), ("wait", "mean wait"), ("unloading", "unloading"),
              ("turned_away_share", "turned away"), ("left_share", "left"), ("turned_away_mass", "mass turned away"))),
    ("resource", (("resource_load", "load"), ("resource_queue", "waiting"), ("resource_wait", "mean wait"))),
    ("line", (("utilisation", "running"), ("blocked", "blocked"), ("starved", "starved"), ("waiting", "waiting"), ("oee", "OEE"), ("starts", "starts"),
              ("overtime", "overtime"), ("closing", "closing"), ("changeover", "changeover"),
              ("cleaning", "cleaning"), ("warm_up", "warm-up"))),
    ("machine", (("availability", "availability"), ("repair_wait", "waits for repair"), ("load", "load"), ("bottleneck_share", "bottleneck"))),
    ("unit", (("energy_cost_of", "energy"), ("maintenance_cost_of", "maintenance"), ("wear_cost_of", "wear"),
              ("capital_cost_of", "capital"), ("cost", "cost"))),
)  # fmt: skip
"""Tables with a row for each unit and a column for each KPI."""


def new_table(*headings: str, title: str | None = None) -> Table:
    """A table without lines, numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for k, heading in enumerate(headings):
        table.add_column(escape(heading), justify="left" if k == 0 else "right", overflow="fold")
    return table


def print_whole(console: Console, table: Table) -> None:
    """Print a table, or where the terminal is so narrow that words of it would be torn, its rows below one another."""
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    headings = [str(column.header) for column in table.columns]
    words = [" ".join((heading, *cells)).split() for heading, cells in zip(headings, columns, strict=True)]
    if sum(max(map(cell_len, own), default=0) for own in words) + 2 * (len(words) - 1) <= console.width:
        console.print(table)
        return
    if table.title:
        console.print(table.title, style="bold")
    for first, *others in zip(*columns, strict=True):
        console.print(first)
        for heading, cell in zip(headings[1:], others, strict=True):
            if cell:
                console.print(Padding(f"[dim]{heading}[/] {cell}", (0, 0, 0, 2), expand=False))


def print_figures(console: Console, kpis: Mapping[str, Kpi]) -> None:
    """Print all key figures that have a value."""
    left = {name: kpi for name, kpi in kpis.items() if not math.isnan(kpi.value) or kpi.note}
    table = new_table("plant", "", "")
    table.columns[2].justify = "left"
    for name in [name for name in left if name.partition(".")[0] in PLANT or "." not in name]:
        kpi = left.pop(name)
        table.add_row(escape(name), kpi_text(name, kpi.value, kpi.unit), escape(kpi.note))
    console.print(table)
    _print_shares(console, left)
    _print_deportment(console, left)
    for heading, columns in MATRICES:
        _print_matrix(console, left, heading, columns)
    if left:  # KPIs that no table above knows
        table = new_table("further", "")
        for name, kpi in left.items():
            table.add_row(escape(name), kpi_text(name, kpi.value, kpi.unit))
        console.print(table)


def _print_deportment(console: Console, left: dict[str, Kpi]) -> None:
    """Which share of an element left with which product."""
    names = [name.split(".") for name in left if name.startswith("deportment.")]
    if not names:
        return
    products = list(dict.fromkeys(name[2] for name in names))
    console.print()
    table = new_table("deportment", *products)
    for element in dict.fromkeys(name[1] for name in names):
        cells = [left.pop(name) if (name := f"deportment.{element}.{product}") in left else None for product in products]
        table.add_row(escape(element), *(kpi_text("deportment", kpi.value, kpi.unit) if kpi is not None else NO_VALUE for kpi in cells))
    console.print(table)


def _print_shares(console: Console, left: dict[str, Kpi]) -> None:
    """Recovery by target, in all and by product, and grades."""
    totals = [name for name in left if name.startswith("recovery.") and name.count(".") == 1]
    if totals:
        console.print()
        table = new_table("recovery", "in all", "by product", "with the change of stock")
        table.columns[2].justify = table.columns[3].justify = "left"
        for name in totals:
            of = name.partition(".")[2]
            parts = [n for n in left if n.startswith("recovery.") and n.count(".") == 2 and n.endswith(f".{of}")]
            texts = [f"{part.split('.')[1]} {kpi_text(part, left[part].value, left[part].unit)}" for part in parts]
            bounds = bounds_text(name, left[name]) if left[name].open else ""
            table.add_row(escape(of), kpi_text(name, left[name].value, "1"), escape(", ".join(texts)), escape(bounds))
            for part in (name, *parts):
                del left[part]
        console.print(table)
    grades: dict[str, list[str]] = {}
    for name in [name for name in left if name.startswith("grade.")]:
        kpi = left.pop(name)
        product, _, of = name.removeprefix("grade.").partition(".")
        grades.setdefault(product, []).append(f"{of} {kpi_text(name, kpi.value, kpi.unit)}")
    if grades:
        console.print()
        table = new_table("grade", "")
        table.columns[1].justify = "left"
        for product, texts in grades.items():
            table.add_row(escape(product), escape(", ".join(texts)))
        console.print(table)


def _print_matrix(console: Console, left: dict[str, Kpi], heading: str, columns: Sequence[tuple[str, str]]) -> None:
    rows: dict[str, None] = {}
    for stem, _ in columns:
        rows.update(dict.fromkeys(name.partition(".")[2] for name in left if name.startswith(f"{stem}.")))
    if not rows:
        return
    shown = [(stem, title) for stem, title in columns if any(f"{stem}.{row}" in left for row in rows)]
    console.print()
    table = new_table(heading, *(title for _, title in shown))
    for row in rows:
        cells = []
        for stem, _ in shown:
            kpi = left.pop(f"{stem}.{row}", None)
            cells.append(NO_VALUE if kpi is None else kpi_text(stem, kpi.value, kpi.unit))
        table.add_row(escape(row), *cells)
    console.print(table)


LEAST_WAIT = 0.01
"""Waits of a smaller share of a unit's time are not shown."""


def print_limit(console: Console, totals: Totals) -> None:
    """What limits the plant, and who stood because of whom."""
    console.print(escape(limit_of(totals).sentence()), style="bold", soft_wrap=True)
    waits = sorted((wait for wait in standings(totals) if wait.share >= LEAST_WAIT), key=lambda wait: -wait.share)
    if waits:
        table = new_table("stood", "because of", "share of its planned time")
        table.columns[1].justify = "left"
        for wait in waits:
            table.add_row(escape(wait.unit), escape(f"{wait.how} {wait.on}"), f"{100 * wait.share:.3g} %")
        console.print(table)


def print_products(console: Console, totals: Totals) -> None:
    """What each product is made of."""
    rows = [(name, composition_text(composition_of(totals, name))) for name in totals.inputs.products]
    if any(text for _, text in rows):
        console.print()
        table = new_table("product", "is made of")
        table.columns[1].justify = "left"
        for name, text in rows:
            table.add_row(escape(name), escape(text or NO_VALUE))
        console.print(table)


MOST_REASONS = 12
"""Reasons of stops that are shown; the table names how many more there are."""


def print_stops(console: Console, totals: Totals) -> None:
    """Why machines stopped, the longest first."""
    rows = pareto(totals)
    if not rows:
        return
    console.print()
    table = new_table("stopped because of", "machine", "stops", "time down", "share", "cumulative")
    table.columns[1].justify = "left"
    for row in rows[:MOST_REASONS]:
        cells = (f"{row.number}", _hours(row.seconds), f"{100 * row.share:.3g} %", f"{100 * row.cumulative:.3g} %")
        table.add_row(escape(row.reason), escape(row.machine), *cells)
    if left := rows[MOST_REASONS:]:
        seconds, share = sum(row.seconds for row in left), sum(row.share for row in left)
        table.add_row(f"{len(left)} more", "", f"{sum(row.number for row in left)}", _hours(seconds), f"{100 * share:.3g} %", "100 %")
    console.print(table)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600.0:.4g} h"
