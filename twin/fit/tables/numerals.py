"""A column of numbers: its decimal sign, the sign between thousands, units beside the numbers. Two readings that differ are refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from twin.errors import TableError, UsageError
from twin.fit.tables.cells import Cell, Typed, is_blank, picture
from twin.fit.tables.units import Unit, unit_of

Decimal = Literal["comma", "point"]
SIGNS: dict[Decimal, str] = {"point": ".", "comma": ","}
_SPACES = "[\u00a0\u202f\u2009 '\u2019]"
_LONGEST = 60
_LARGEST = Fraction(10) ** 300
_PARTS = re.compile(r"([+-]?)([0-9.,]+(?:[eE][+-]?[0-9]{1,3})?)(-?)\s*(.{0,20})", re.DOTALL)


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column, None where a cell is blank. ``percent``: those that bear a % sign are shares already.

    ``decimal`` is the sign that was read, "" where no cell tells; ``thousands`` the sign between groups; ``unit`` the one beside every number.
    """

    values: tuple[Fraction | None, ...]
    decimal: str
    thousands: str
    unit: Unit | None
    places: int
    percent: bool = False


def numbers(cells: Sequence[Cell], decimal: Decimal | None, lines: Sequence[int] = ()) -> Numbers | None:
    """Return the numbers of a column, or None where it holds other texts; ``decimal`` decides where both signs fit and differ.

    >>> numbers(["1.024,50", "24,36"], None).decimal
    ','

    Raises ``TableError`` where two readings differ, or where each cell is a number and no one decimal sign fits all.
    """
    filled = [(index, cell) for index, cell in enumerate(cells) if not is_blank(cell)]
    if not filled or any(isinstance(cell, Typed) and not isinstance(cell.value, Fraction) for _, cell in filled):
        return None
    readings: dict[Decimal, list[_Numeral | None]] = {}
    for name, sign in SIGNS.items():
        readings[name] = [_read(cell, sign) for _, cell in filled]
    fits = {name: [numeral for numeral in read if numeral is not None] for name, read in readings.items() if None not in read}
    if not fits:
        _refuse_mixed(filled, readings, lines)
        return None
    if decimal in fits:
        fits = {decimal: fits[decimal]}
    first, *others = fits.values()
    for other in others:
        for (index, cell), one, two in zip(filled, first, other, strict=True):
            if one.value != two.value:
                raise TableError([_two_readings(picture(cell), lines[index] if lines else index + 1, one, two)])
    chosen = next(iter(fits)) if len(fits) == 1 else None
    if chosen and chosen != decimal:
        _refuse_doubtful(filled, first, SIGNS[chosen], lines)
    unit, percent = _unit_beside(filled, first, lines)
    values: list[Fraction | None] = [None] * len(cells)
    for (index, _), numeral in zip(filled, first, strict=True):
        values[index] = numeral.value
    shown = SIGNS[chosen] if chosen and any(numeral.places or numeral.thousands for numeral in first) else ""
    thousands = next((numeral.thousands for numeral in first if numeral.thousands), "")
    return Numbers(tuple(values), shown, thousands, unit, max(numeral.places for numeral in first), percent)


@dataclass(frozen=True)
class _Numeral:
    value: Fraction
    places: int
    thousands: str
    unit: str


@lru_cache(maxsize=1 << 16)
def _read(cell: Cell, sign: str) -> _Numeral | None:
    """One cell with ``sign`` before its decimals; what groups its digits is another sign, and groups have three digits."""
    if isinstance(cell, Typed):
        assert isinstance(cell.value, Fraction)
        digits = f"{float(cell.value * 100 if cell.percent else cell.value):.12g}".partition(".")[2]
        return _Numeral(cell.value, len(digits) if digits.isdigit() else 0, "", "% typed" if cell.percent else "")
    if len(cell) > _LONGEST:
        return None
    text = cell.strip().replace("\u2212", "-")
    spaces = re.search(f"(?<=[0-9]){_SPACES}(?=[0-9])", text)
    match = None if spaces else _PARTS.fullmatch(text)
    if spaces:
        return _grouped_by_space(text, sign, spaces[0])
    if match is None or (match[1] and match[3]):
        return None
    return _numeral(match[1] or match[3], match[2], match[4], sign, "." if sign == "," else ",", "")


def _grouped_by_space(text: str, sign: str, space: str) -> _Numeral | None:
    match = re.fullmatch(rf"([+-]?)([0-9]{{1,3}}(?:{re.escape(space)}[0-9]{{3}})+(?:{re.escape(sign)}[0-9]+)?)(-?)\s*(.{{0,20}})", text, re.DOTALL)
    if match is None or match[2].startswith("0"):
        return None
    return _numeral(match[1] or match[3], match[2].replace(space, ""), match[4], sign, "", space)


def _numeral(minus: str, digits: str, unit: str, sign: str, group: str, thousands: str) -> _Numeral | None:
    if re.match(r"[0-9.,'eE+-]", unit):
        return None
    mantissa, _, exponent = digits.lower().partition("e")
    whole, _, part = mantissa.partition(sign)
    if sign in part or (group and group in part) or not (whole or part):
        return None
    if group and group in whole:
        if not re.fullmatch(rf"[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}})+", whole) or exponent:
            return None
        whole, thousands = whole.replace(group, ""), group
    value = Fraction(f"{whole or '0'}.{part or '0'}e{exponent or '0'}")
    if abs(value) > _LARGEST:
        return None
    return _Numeral(-value if minus == "-" else value, len(part), thousands, unit.strip())


def _unit_beside(filled: Sequence[tuple[int, Cell]], read: Sequence[_Numeral], lines: Sequence[int]) -> tuple[Unit | None, bool]:
    """The unit that stands beside every number of a column; what is no unit makes it a column of text."""
    words = list(dict.fromkeys(numeral.unit for numeral in read))
    if words == ["% typed"]:
        return None, True
    if words in ([""], []):
        return None, False
    if len(words) > 1:
        at = next(k for k, numeral in enumerate(read) if numeral.unit != words[0])
        index, cell = filled[at]
        raise TableError(
            [f"line {lines[index] if lines else index + 1}: {picture(cell)} has another unit than {picture(filled[0][1])}: one column has one unit"]
        )
    try:
        found = unit_of(words[0])
    except UsageError as error:
        raise TableError([str(error)]) from None
    if found is None:
        raise TableError([f"the numbers bear {words[0]!r}, which is no unit that is known"])
    return found, False


def _two_readings(cell: str, line: int, one: _Numeral, two: _Numeral) -> str:
    unit = f" {one.unit}" if one.unit and one.unit != "% typed" else ""
    point, comma = f"{float(one.value):,.10g}{unit}", f"{float(two.value):,.10g}{unit}"
    return (
        f"line {line}: {cell} is {point} (decimal point) or {comma} (decimal comma), and no cell of the column decides: "
        "say --decimal point or --decimal comma, or decimal: for this column in a mapping"
    )


def _refuse_doubtful(filled: Sequence[tuple[int, Cell]], read: Sequence[_Numeral], sign: str, lines: Sequence[int]) -> None:
    """Raise where 12.260 stands beside 1,5 and no cell has both signs: thousands, or decimal signs that are mixed."""
    other = "." if sign == "," else ","
    grouped = [k for k, numeral in enumerate(read) if numeral.thousands == other]
    if not grouped or any(read[k].places for k in grouped) or not any(numeral.places for numeral in read):
        return
    once = [k for k in grouped if str(filled[k][1]).count(other) == 1]
    if len(once) < len(grouped) or not once:
        return
    index, cell = filled[once[0]]
    at, beside = filled[next(k for k, numeral in enumerate(read) if numeral.places)]
    alone, grouping = _read(cell, other), read[once[0]]
    assert alone is not None
    point, comma = (alone, grouping) if other == "." else (grouping, alone)
    ways = f"{picture(cell)} is {float(point.value):,.10g} (decimal point) or {float(comma.value):,.10g} (decimal comma)"
    where, there = (lines[k] if lines else k + 1 for k in (index, at))
    name = "comma" if sign == "," else "point"
    raise TableError(
        [f"line {where}: {ways}, and {picture(beside)} in line {there} has a {name}: thousands, or mixed signs? Say --decimal {name}, or correct the file"]
    )


def _refuse_mixed(filled: Sequence[tuple[int, Cell]], readings: dict[Decimal, list[_Numeral | None]], lines: Sequence[int]) -> None:
    """Raise where every cell is a number by some decimal sign, and none fits all: that is no column of text."""
    by_sign = [next((k for k, numeral in enumerate(read) if numeral is None), 0) for read in readings.values()]
    if all(any(read[k] is not None for read in readings.values()) for k in range(len(filled))):
        shown = [f"{picture(filled[k][1])} (line {lines[filled[k][0]] if lines else filled[k][0] + 1})" for k in by_sign]
        raise TableError([f"the decimal signs are mixed: {shown[1]} has a point, {shown[0]} a comma, and no sign fits all: correct the file"])
