"""A laboratory's report to shares of elements, as a schedule of deliveries names them: ``pcb.Cu``."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from fractions import Fraction

from twin.errors import TableError
from twin.fit.tables.cells import picture
from twin.fit.tables.columns import Column
from twin.fit.tables.mapping import IGNORED, material_of
from twin.fit.tables.options import Options
from twin.fit.tables.rows import Made, number, stamp, times_of
from twin.materials.elements import ELEMENTS


def assays(columns: Sequence[Column], options: Options) -> Made:
    """Return the shares of elements in the order of their dates, and their means. Raises ``TableError``."""
    chosen = [column for column in columns if column.entry.role != IGNORED and (name := _element(column, options.material))]
    if not chosen:
        raise TableError(['no column is of an element: name them by symbol, e.g. "Cu [%]", or --map "Kupfer=pcb.Cu [%]"'])
    names, shares = [], []
    for column in chosen:
        name = _element(column, options.material)
        if "." not in name:
            raise TableError([f'column {column.label!r}: of which material is the {name}? Say --material NAME, or --map "{column.label}=pcb.{name}"'])
        column.role = "assay"
        names.append(name)
        shares.append(_shares(column))
    times = times_of(columns, options)
    rows = [(time, row) for time, row in zip(times.values, zip(*shares, strict=True), strict=True) if time is not None and None not in row]
    left = len(times.values) - len(rows)
    notes = [f"{left} row{'s' * (left > 1)} without a date or with an empty cell left out"] if left else []
    if not rows:
        raise TableError(["no row has a date and all shares"])
    rows.sort(key=lambda row: row[0])
    means = [sum((row[1][k] or Fraction(0) for row in rows), Fraction(0)) / len(rows) for k in range(len(names))]
    inline = ", ".join(f"{name}: {float(100 * mean):.5g} %" for name, mean in zip(names, means, strict=True))
    if len(rows) > 1:
        spread = ", ".join(f"{name} {100 * _deviation([float(row[1][k] or 0) for row in rows]):.3g} %" for k, name in enumerate(names))
        notes.append(f"samples differ by (standard deviation, of the mean; laboratory's error and all): {spread}")
    made = [[stamp(time), *(number(value or Fraction(0)) for value in row)] for time, row in rows]
    where = "a feed takes the means: assay: {csv: this file}"
    return Made("assays", ["timestamp", *names], made, notes, f"{len(made)} sample{'s' * (len(made) > 1)}; means {inline}; {where}")


def _deviation(values: Sequence[float]) -> float:
    mean = statistics.fmean(values)
    return statistics.stdev(values, mean) / mean if mean > 0 else 0.0


def _element(column: Column, material: str | None) -> str:
    said = material_of(column.entry.role or column.name) if column.entry.role or "." in column.name else None
    if said and "." in said:
        return said
    symbol = column.entry.role or column.name
    if symbol in ELEMENTS and symbol != "rest":
        return f"{material}.{symbol}" if material else symbol
    return ""


def _shares(column: Column) -> list[Fraction | None]:
    values = column.scaled("share")
    for k, value in enumerate(values):
        if value is not None and not 0 <= value <= 1:
            raise TableError([f"column {column.label!r}: line {column.lines[k]}: a share from 0 to 100 % is needed (got {picture(column.cells[k])})"])
    return values
