"""A grid to a table: the heading, a row of units below it, lines above and totals below that are no data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from twin.errors import TableError
from twin.fit.tables.cells import Cell, Row, Typed, is_blank, picture
from twin.fit.tables.limits import MOST_FAULTS
from twin.fit.tables.units import is_unit_like

_TOTAL = re.compile(
    r"(zwischen|teil|end|gesamt|monats|tages|jahres)?(summe|summen|gesamt|total|totals|subtotal|sum|anzahl|mittel|mittelwert|durchschnitt|average|mean|count"
    r"|datensätze|grand total|sub total|ergebnis|gesamtergebnis)\b.*|[Σ∑].*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(
    r"[+-]?[0-9][0-9.,' \u00a0\u202f\u2019]*\s*[%a-zA-Z]{0,3}|[.,][0-9]+|[0-9]{1,4}\s*[./-]\s*[0-9]{1,2}([./-][0-9]{1,4})?.*|[0-9]{1,2}:[0-9]{2}.*", re.DOTALL
)
_LOOKED_AT = 50  # rows that a heading may stand below


@dataclass(frozen=True)
class Table:
    """Columns by their headings, with the numbers of the lines; ``units``: what stands below each heading, "" where nothing does."""

    headings: tuple[str, ...]
    units: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: list[str] = field(default_factory=list)

    @property
    def lines(self) -> tuple[int, ...]:
        """The number of each row's line."""
        return tuple(row.line for row in self.rows)

    def column(self, index: int) -> tuple[Cell, ...]:
        """The cells of a column."""
        return tuple(row.cells[index] for row in self.rows)


def table_of(rows: Sequence[Row], name: str) -> Table:
    """Return the table in a grid. Raises ``TableError``."""
    head = heading_of(rows, name)
    notes: list[str] = []
    if head:
        above = [row.line for row in rows[:head]]
        notes.append(f"line{'s' * (len(above) > 1)} {_span(above)} above the heading left out")
    headings, width = _headings(rows[head])
    body = [_cut(row, width) for row in rows[head + 1 :]]
    units = ("",) * width
    if body and _is_units(body[0], headings):
        units = tuple(str(cell) for cell in body[0].cells)
        notes.append(f"line {body[0].line} read as units")
        body = body[1:]
    body = _without_totals(body, rows[head], width, notes)
    odd = [row for row in body if len(row.cells) != width]
    if odd:
        raise TableError(_odd(odd, width, name))
    if not body:
        raise TableError([f"{name}: has a heading and no rows below it"])
    return Table(headings, units, tuple(body), notes)


def _looks_like_data(cell: Cell) -> bool:
    return isinstance(cell, Typed) or _NUMBER.fullmatch(cell.strip()[:60]) is not None


def _filled(row: Row) -> list[Cell]:
    return [cell for cell in row.cells if cell != ""]


def heading_of(rows: Sequence[Row], name: str) -> int:
    """Return the first row that is filled about as the rows are and holds names, not values. Raises ``TableError``."""
    usual = Counter(len(_filled(row)) for row in rows).most_common(1)[0][0]
    usual = max(usual, 2)
    for index, row in enumerate(rows[:_LOOKED_AT]):
        cells = _filled(row)
        if len(cells) < max(2, 0.6 * usual):
            continue
        values = sum(_looks_like_data(cell) for cell in cells)
        if values * 3 <= len(cells):
            return index
        break
    shown = ", ".join(picture(cell) for cell in _filled(rows[0])[:4])
    raise TableError([f"{name}:{rows[0].line} there is no heading: a line that names the columns is needed above the values (got {shown})"])


def _headings(row: Row) -> tuple[tuple[str, ...], int]:
    cells = [" ".join(str(cell).split()) for cell in row.cells]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells), len(cells)


def _cut(row: Row, width: int) -> Row:
    """Drop empty cells beyond the heading: separators at the end of a line."""
    cells = row.cells
    while len(cells) > width and cells[-1] == "":
        cells = cells[:-1]
    return Row(row.line, cells)


def _is_units(row: Row, headings: Sequence[str]) -> bool:
    cells = _filled(row)
    return len(row.cells) == len(headings) and bool(cells) and all(isinstance(cell, str) and (is_unit_like(cell) or is_blank(cell)) for cell in cells)


def _without_totals(body: Sequence[Row], heading: Row, width: int, notes: list[str]) -> list[Row]:
    usual = Counter(len(_filled(row)) for row in body).most_common(1)[0][0] if body else 0
    kept: list[Row] = []
    for row in body:
        cells = _filled(row)
        if not cells:
            continue  # nothing but separators
        if row.cells[: len(heading.cells)] == heading.cells[:width] or row.cells == heading.cells:
            notes.append(f"line {row.line}, the heading again, left out")
        elif _is_total(cells, usual):
            notes.append(f"line {row.line} {picture(cells[0])} left out: a total, no row")
        else:
            kept.append(row)
    while kept and usual > 1 and len(_filled(kept[-1])) == 1 and isinstance(_filled(kept[-1])[0], str) and not _looks_like_data(_filled(kept[-1])[0]):
        row = kept.pop()
        notes.append(f"line {row.line} {picture(_filled(row)[0])} left out: a remark below the table")
    return kept


def _is_total(cells: Sequence[Cell], usual: int) -> bool:
    """Whether a row is a total: its first cell says so, or another one does and it is less filled than rows are."""
    if isinstance(cells[0], str) and _TOTAL.fullmatch(cells[0]) and (len(cells) < usual or len(cells[0].split()) == 1):
        return True
    return len(cells) < usual and any(isinstance(cell, str) and _TOTAL.fullmatch(cell) for cell in cells)


def _odd(odd: Sequence[Row], width: int, name: str) -> list[str]:
    faults = [f"{name}:{row.line} has {len(row.cells)} values, {width} are needed: one for each column" for row in odd[:MOST_FAULTS]]
    if len(odd) > MOST_FAULTS:
        faults.append(f"{name}: {len(odd) - MOST_FAULTS} more lines have another number of values")
    if all(len(row.cells) > width for row in odd):
        faults.append("perhaps a separator stands within values: quote those, or export with another separator")
    return faults


def _span(lines: Sequence[int]) -> str:
    return f"{lines[0]} to {lines[-1]}" if len(lines) > 1 else str(lines[0])
