"""Cells of a grid: texts as a CSV has them, or values whose type a workbook or a Parquet file knows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from twin.quantities import shown

_INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060"
_BLANK = frozenset({"", "-", "--", "–", "—", "n/a", "na", "#n/a", "#nv", "k.a.", "k. a.", "null", "none", "nan", "."})


@dataclass(frozen=True)
class Typed:
    """A value whose type is known: a number (``percent``: written as 60 % for 0.6), a moment, a day, a time of day or a length of time."""

    value: Fraction | datetime | date | time | timedelta
    percent: bool = False

    def __str__(self) -> str:
        if isinstance(self.value, Fraction):
            return f"{float(self.value * 100):.15g} %" if self.percent else f"{float(self.value):.15g}"
        return str(self.value)


Cell = str | Typed
"""What stands in a place of a grid; "" where nothing does."""


@dataclass(frozen=True)
class Row:
    """A row of a grid and the number of its line, from 1."""

    line: int
    cells: tuple[Cell, ...]


def is_blank(cell: Cell) -> bool:
    """Whether a cell says nothing: empty, a dash, ``n/a``.

    >>> is_blank(" - "), is_blank("0")
    (True, False)
    """
    return isinstance(cell, str) and cell.strip().lower() in _BLANK


def trimmed(text: str) -> str:
    """Return a cell's text without blanks and invisible marks around it."""
    return text.strip(_INVISIBLE + " \t\r\n\u00a0\u202f\u2009")


def picture(cell: Cell) -> str:
    """Return a cell as a message shows it."""
    return shown(cell) if isinstance(cell, str) else str(cell)


def typed(value: object, *, percent: bool = False) -> Cell:
    """Return a value of a workbook or a Parquet file as a cell; text and what has no type of its own as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, Decimal)):
        return Typed(Fraction(value), percent) if not isinstance(value, Decimal) or value.is_finite() else ""
    if isinstance(value, float):
        return Typed(Fraction(repr(value)), percent) if math.isfinite(value) else ""
    if isinstance(value, (datetime, date, time, timedelta)):
        return Typed(value)
    return trimmed(str(value))
