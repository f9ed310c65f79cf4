"""The columns of a table, each read by itself: numbers, moments, times of day or text.

What cannot be told is a fault of the column, raised where the column is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

from twin.errors import TableError, UsageError
from twin.fit.tables.cells import Cell, is_blank, picture
from twin.fit.tables.layout import Table
from twin.fit.tables.mapping import ColumnMap, Entry, role_of, word_of
from twin.fit.tables.moments import Moments, Order, bare_clocks, clocks, moments, serials
from twin.fit.tables.numerals import SIGNS, Decimal, Numbers, numbers
from twin.fit.tables.units import Unit, heading_unit, unit_of

_DATE_WORDS = ("date", "datum", "time", "zeit", "tag", "day", "monat", "month", "begin", "start", "end", "von", "bis")


@dataclass
class Column:
    """A column: its heading, the name in it, its unit, and its cells as what they are.

    ``role`` and ``notes`` are what the kinds of tables make of it; ``fault`` says why it cannot be read.
    """

    heading: str
    position: int
    name: str
    unit: Unit | None
    cells: tuple[Cell, ...]
    lines: tuple[int, ...]
    entry: Entry
    numbers: Numbers | None = None
    moments: Moments | None = None
    clocks: tuple[timedelta | None, ...] | None = None
    fault: str = ""
    role: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The heading, or the place where there is none."""
        return self.heading or f"#{self.position}"

    @property
    def is_blank(self) -> bool:
        """Whether no cell says anything."""
        return all(is_blank(cell) for cell in self.cells)

    def needed_numbers(self) -> tuple[Fraction | None, ...]:
        """Return the numbers; raises ``TableError`` with what is in the way."""
        self.stop_if_faulty()
        if self.numbers is None:
            raise TableError([self._odd_cell("numbers", lambda cell: numbers([cell], "point") is not None)])
        return self.numbers.values

    def needed_moments(self) -> Moments:
        """Return the moments; raises ``TableError`` with what is in the way."""
        self.stop_if_faulty()
        if self.moments is None:
            raise TableError([self._odd_cell("dates", lambda cell: moments([cell], "day-first") is not None)])
        return self.moments

    def stop_if_faulty(self) -> None:
        """Raise ``TableError`` where the column can be read in two ways."""
        if self.fault:
            raise TableError([f"column {self.label!r}: {self.fault}"])

    def scaled(self, dimension: str) -> list[Fraction | None]:
        """Return the numbers in kg, mm, min or as shares; raises ``TableError`` where the unit is missing or of something else."""
        values = self.needed_numbers()
        if self.numbers is not None and self.numbers.percent and dimension == "share":
            return list(values)
        unit = self.unit
        if unit is None or unit.dimension != dimension:
            example = {"mass": "kg", "length": "mm", "time": "min", "share": "%"}[dimension]
            got = f"{unit.word!r} is a unit of {unit.dimension}" if unit else "it has no unit"
            raise TableError(
                [f'column {self.label!r}: {got}, and {dimension} is needed: say which, e.g. --map "{self.label}={self.role or "ROLE"} [{example}]"']
            )
        return [None if value is None else value * unit.size for value in values]

    @property
    def step(self) -> Fraction:
        """The last decimal place that is written, in the unit of the CSV form."""
        places = self.numbers.places if self.numbers else 0
        percent = Fraction(1, 100) if self.numbers and self.numbers.percent else Fraction(1)
        return Fraction(1, 10**places) * (self.unit.size if self.unit else percent)

    def _odd_cell(self, wanted: str, fits: object) -> str:
        assert callable(fits)
        for line, cell in zip(self.lines, self.cells, strict=True):
            if not is_blank(cell) and not _fits(fits, cell):
                return f"column {self.label!r}: line {line}: {picture(cell)} is not one of the {wanted} that are needed"
        return f"column {self.label!r}: {'is empty' if self.is_blank else 'its cells are written in several ways'}, and {wanted} are needed"


def _fits(fits: object, cell: Cell) -> bool:
    assert callable(fits)
    try:
        return bool(fits(cell))
    except TableError:
        return True


def columns_of(table: Table, mapping: ColumnMap, decimal: Decimal | None, order: Order | None) -> list[Column]:
    """Return the columns of a table, each read by itself; a column without heading and without values is left out. Raises ``UsageError``, ``TableError``."""
    mapping.check(table.headings)
    found = []
    for index, heading in enumerate(table.headings):
        column = _column(table, index, mapping.entry(heading, index + 1), decimal, order)
        if heading or not column.is_blank:
            found.append(column)
    headings = [column.heading for column in found if column.heading]
    for heading in dict.fromkeys(heading for heading in headings if headings.count(heading) > 1):
        places = [column.position for column in found if column.heading == heading]
        if not all(column.entry.role for column in found if column.heading == heading):
            raise TableError(
                [f'the heading {heading!r} is there twice (columns {places[0]} and {places[1]}): name them by place, e.g. --map "#{places[1]}=ignore"']
            )
    _with_unit_column(found)
    return found


def _with_unit_column(columns: Sequence[Column]) -> None:
    """A column that says the unit of each row, the same in all, gives it to masses that have none."""
    for column in columns:
        words = {str(cell) for cell in column.cells}
        if word_of(column.name) not in _UNIT_WORDS or len(words) != 1 or column.entry.role is not None:
            continue
        try:
            unit = unit_of(words.pop())
        except UsageError:
            continue
        for other in columns if unit is not None and unit.dimension == "mass" else ():
            if other.unit is None and role_of(other.name, "deliveries") in ("mass", "gross", "tare", "dry"):
                other.unit = unit
                other.notes.append(f"unit from column {column.label!r}")


def _column(table: Table, index: int, entry: Entry, decimal: Decimal | None, order: Order | None) -> Column:
    heading, cells = table.headings[index], table.column(index)
    fault = ""
    try:
        name, unit = heading_unit(heading)
        below = unit_of(table.units[index]) if table.units[index] else None
    except UsageError as error:
        name, unit, below, fault = re.sub(r"[\s_\[(/]+tons?[\])]?$", "", heading, flags=re.IGNORECASE), None, None, str(error)
    column = Column(heading, index + 1, name, entry.unit or below or unit, cells, table.lines, entry)
    if fault and entry.unit is None:
        column.fault = fault
    _read(column, entry.decimal or decimal, order)
    if below and unit and below != unit:
        column.fault = f"the heading says {unit.word!r} and the line below {below.word!r}"
    if column.numbers is not None:
        _with_numbers(column, entry.decimal)
    return column


def _read(column: Column, decimal: Decimal | None, order: Order | None) -> None:
    try:
        column.moments = moments(column.cells, order, column.lines)
        if column.moments is not None and _is_numeral(column.moments) and not (column.unit is None and _is_dated(column)):
            column.numbers = numbers(column.cells, decimal, column.lines)  # 12.2026 and 1278.4 are months only where the heading says so
            column.moments = None if column.numbers is not None else column.moments
            if column.numbers is not None:
                return
        if column.moments is None:
            column.clocks = clocks(column.cells)
        if column.moments is None and column.clocks is None:
            column.numbers = numbers(column.cells, decimal, column.lines)
    except TableError as error:
        column.fault = column.fault or str(error)
    if column.numbers is not None and (word_of(column.name) in _CLOCK_WORDS or column.entry.role == "clock") and (since := bare_clocks(column.cells)):
        column.clocks, column.numbers = since, None
        column.notes.append("digits read as hours and minutes")
    bare = column.numbers is not None and column.unit is None and column.numbers.unit is None
    if bare and column.numbers is not None and _is_dated(column) and (found := serials(column.numbers.values)):
        column.moments, column.numbers = found, None


def _is_numeral(found: Moments) -> bool:
    """Whether dates are written as numbers can be: 11.2026, 20260302."""
    return found.grain == "month" or found.form == "yearmonthday"


_UNIT_WORDS = ("einheit", "unit", "me", "mengeneinheit", "uom", "gewichtseinheit")
_CLOCK_WORDS = ("uhrzeit", "zeit", "time", "clock", "timeofday", "wiegezeit", "wiegeuhrzeit")


def _is_dated(column: Column) -> bool:
    word = word_of(column.name)
    return column.entry.role in ("time", "date", "begin", "end") or any(word.endswith(part) or word.startswith(part) for part in _DATE_WORDS)


def _with_numbers(column: Column, wanted: Decimal | None) -> None:
    found = column.numbers
    assert found is not None
    if found.unit is not None:
        if column.unit is not None and (column.unit.dimension, column.unit.size) != (found.unit.dimension, found.unit.size):
            column.fault = f"its cells say {found.unit.word!r} and its heading or mapping {column.unit.word!r}"
        column.unit = found.unit
    if wanted and found.decimal not in ("", SIGNS[wanted]):
        column.fault = f"its decimal sign is {found.decimal!r}, and the mapping says {wanted}"


def the_one(columns: Sequence[Column], role: str) -> Column | None:
    """Return the one column of a role, one that a mapping names before those that are guessed; None where there is none. Raises ``TableError``."""
    found = [column for column in columns if column.role == role]
    said = [column for column in found if column.entry.role == role]
    if said:
        for column in found:
            if column not in said:
                column.role = None
        found = said
    if len(found) > 1:
        names = " and ".join(repr(column.label) for column in found[:2])
        raise TableError([f'the columns {names} can both be {role!r}: say which is, e.g. --map "{found[0].label}={role}" --map "{found[1].label}=ignore"'])
    return found[0] if found else None
