"""A sieve report to the share finer than each aperture, coarsest or finest first, retained or cumulative."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from twin.errors import TableError
from twin.fit.tables.cells import Cell, is_blank, picture
from twin.fit.tables.columns import Column, the_one
from twin.fit.tables.numerals import numbers
from twin.fit.tables.options import Options
from twin.fit.tables.rows import Made, normalised, number
from twin.fit.tables.units import Unit, unit_of

_PAN = re.compile(r"(pan|boden|bodenschale|schale|auffangschale|rest|unterlauf|fines|fein|bottom)\b.*|<.*|-.*", re.IGNORECASE | re.DOTALL)
_CLASS = re.compile(r"([0-9.,]+)\s*(?:-|–|to|bis|…|/)\s*([0-9.,]+)\s*(\S{0,8})")
_ABOVE = re.compile(r"[>+≥]\s*([0-9.,]+)\s*(\S{0,8})")
_NEAR = Fraction(1, 50)


def sieve(columns: Sequence[Column], options: Options) -> Made:
    """Return the cumulative passing of a sieve report, finest first. Raises ``TableError``."""
    notes: list[str] = []
    for better, lesser in (("passing", ("coarser", "retained")), ("coarser", ("retained",))):
        if any(column.role == better for column in columns):
            for column in columns:
                if column.role in lesser and column.entry.role is None:
                    column.role = None
                    column.notes.append("not used: the cumulative column says it")
    named = {role: the_one(columns, role) for role in ("size", "lower", "upper", "passing", "coarser", "retained")}
    shares = next((named[role] for role in ("passing", "coarser", "retained") if named[role] is not None), None)
    if shares is None:
        raise TableError(['no column says how much was retained or passed: say which, e.g. --map "COLUMN=retained [%]" or --map "COLUMN=passing [%]"'])
    points = _points(named, shares, notes)
    if points[-1][1] != 1:
        raise TableError([f"only {float(100 * points[-1][1]):.6g} % pass the coarsest size, {float(points[-1][0]):g} mm: add the size that all passes"])
    rows = [[number(size), number(passing)] for size, passing in points]
    median = _at_half(points)
    return Made(
        "sieve",
        ["size_mm", "passing"],
        rows,
        notes,
        f"{len(rows)} sizes, {number(points[0][0])} to {number(points[-1][0])} mm; half is finer than {median:.4g} mm",
    )


def _points(named: dict[str, Column | None], shares: Column, notes: list[str]) -> list[tuple[Fraction, Fraction]]:
    lower, upper = _bounds(named, notes)
    values, step = _values(shares)
    rows = [(lower[k], upper[k], value, shares.lines[k]) for k, value in enumerate(values) if value is not None]
    if not rows:
        raise TableError([f"column {shares.label!r} is empty"])
    form = _form(shares, [value for _, _, value, _ in rows], notes)
    if form == "retained":
        return _from_retained(rows, step, shares, notes)
    return _from_cumulative(rows, form, notes)


def _form(shares: Column, values: Sequence[Fraction], notes: list[str]) -> str:
    """Whether each value is of one class, or cumulative: what the name says, unless the values cannot be it."""
    role = shares.role or ""
    rises, falls = (all(a <= b for a, b in pairwise(values)), all(a >= b for a, b in pairwise(values)))
    mass = shares.unit is not None and shares.unit.dimension == "mass"
    single = abs(sum(values, Fraction(0)) - 1) <= _NEAR or mass
    cumulative = (rises or falls) and len(values) > 1 and abs(max(values) - 1) <= _NEAR and not mass
    if role == "retained" and not single and cumulative:
        notes.append(f"column {shares.label!r} reaches 100 % and is read as cumulative retained")
        return "coarser"
    if role in ("passing", "coarser") and not cumulative and single:
        notes.append(f"column {shares.label!r} sums to 100 % and is read as the share of each class")
        return "retained"
    if role == "retained" and not single:
        raise TableError([f"column {shares.label!r}: sums to {float(100 * sum(values, Fraction(0))):.6g} %, neither classes (100 %) nor cumulative"])
    if role in ("passing", "coarser") and not (rises or falls):
        raise TableError([f"column {shares.label!r}: is cumulative and both rises and falls: correct it, or map it as retained"])
    return role


def _values(shares: Column) -> tuple[list[Fraction | None], Fraction]:
    values = shares.needed_numbers()
    if shares.unit is None and not (shares.numbers and shares.numbers.percent):
        filled = [value for value in values if value is not None]
        shares.unit = unit_of("%") if max(filled, default=Fraction(0)) > 1 or abs(sum(filled, Fraction(0)) - 100) <= 2 else unit_of("share")
        shares.notes.append("read as per cent" if shares.unit and shares.unit.word == "%" else "read as shares of 1")
    dimension = shares.unit.dimension if shares.unit else "share"
    if dimension not in ("mass", "share"):
        raise TableError([f"column {shares.label!r}: {shares.unit.word if shares.unit else ''!r} is no unit of mass or of a share"])
    found = shares.scaled(dimension)
    for k, value in enumerate(found):
        if value is not None and value < 0:
            raise TableError([f"column {shares.label!r}: line {shares.lines[k]}: a value below 0 ({picture(shares.cells[k])})"])
    if dimension == "mass":
        total = sum((value for value in found if value is not None), Fraction(0))
        if not total:
            raise TableError([f"column {shares.label!r}: no mass was retained"])
        shares.notes.append(f"of {float(total):g} kg in all")
        return [None if value is None else value / total for value in found], Fraction(0)
    return found, shares.step


def _bounds(named: dict[str, Column | None], notes: list[str]) -> tuple[list[Fraction | None], list[Fraction | None]]:
    """Return the lower and upper size of each row in mm; one sieve size alone is the lower bound of what stays on it."""
    lower, upper, size = named["lower"], named["upper"], named["size"]
    if lower is not None and upper is not None:
        return _sizes(lower, notes)[0], _sizes(upper, notes)[0]
    only = size or lower or upper
    if only is None:
        raise TableError(['no column has the sizes: say which, e.g. --map "COLUMN=size [mm]"'])
    one, two = _sizes(only, notes)
    if any(value is not None for value in two):
        return one, two
    return ([None] * len(one), one) if upper is not None else (one, [None] * len(one))


def _sizes(column: Column, notes: list[str]) -> tuple[list[Fraction | None], list[Fraction | None]]:
    """Return sizes in mm, and upper bounds where cells are classes such as 4-8; the pan has 0."""
    if column.numbers is not None or column.fault:
        column.needed_numbers()
        _give_length(column, notes)
        found = column.scaled("length")
        return [Fraction(0) if value is None else value for value in found], [None] * len(found)
    pairs = [_class(cell, column) for cell in column.cells]
    words = [word for _, _, word in pairs if word]
    if column.unit is None and words:
        column.unit = unit_of(words[0])
    _give_length(column, notes)
    assert column.unit is not None
    scale = column.unit.size
    return [low * scale for low, _, _ in pairs], [None if high is None else high * scale for _, high, _ in pairs]


def _give_length(column: Column, notes: list[str]) -> None:
    if column.unit is None:
        column.unit = Unit("mm", "length", Fraction(1))
        notes.append(f"sizes in {column.label!r} taken as mm: no unit is written")
    if column.unit.dimension != "length":
        raise TableError([f"column {column.label!r}: {column.unit.word!r} is no unit of length"])


def _class(cell: Cell, column: Column) -> tuple[Fraction, Fraction | None, str]:
    text = str(cell).strip()
    if is_blank(cell):
        return Fraction(0), None, ""
    if match := _CLASS.fullmatch(text):
        return _one(match[1], column), _one(match[2], column), match[3]
    if match := _ABOVE.fullmatch(text):
        return _one(match[1], column), None, match[2]
    if _PAN.fullmatch(text):
        below = re.search(r"[0-9.,]+", text)
        return Fraction(0), _one(below[0], column) if below else None, ""
    return _one(text.rstrip(" m"), column), None, ""


def _one(text: str, column: Column) -> Fraction:
    found = numbers([text], column.entry.decimal)
    if found is None or found.values[0] is None:
        raise TableError([f"column {column.label!r}: {text!r} is no size"])
    return found.values[0]


def _from_retained(
    rows: Sequence[tuple[Fraction | None, Fraction | None, Fraction, int]], step: Fraction, shares: Column, notes: list[str]
) -> list[tuple[Fraction, Fraction]]:
    """Sum the classes from the finest on; where only lower bounds are given, a class reaches to the next."""
    ordered = sorted(rows, key=lambda row: row[0] if row[0] is not None else (row[1] or Fraction(0)))
    values, changed = normalised([row[2] for row in ordered], [step] * len(ordered), shares.lines[0], "shares of the classes")
    if changed:
        notes.append("shares scaled to a sum of 100 %: rounded when written")
    highs: list[Fraction] = []
    for k, (low, high, value, line) in enumerate(ordered):
        above = ordered[k + 1][0] if k + 1 < len(ordered) else None
        if high is None and above is None:
            if value != 0:
                assert low is not None
                high = 2 * low
                notes.append(f"line {line}: no size says how coarse the coarsest class is; taken up to {number(high)} mm, twice its sieve")
            else:
                high = low
        top = high if high is not None else above
        assert top is not None
        highs.append(top)
        if low is not None and above is not None and high is not None and above != high:
            raise TableError([f"line {line}: this class ends at {number(high)} mm and the next begins at {number(above)} mm: classes must join"])
    points: list[tuple[Fraction, Fraction]] = []
    total = Fraction(0)
    for top, value in zip(highs, values, strict=True):
        total += value
        if top > 0 and not (points and points[-1][0] == top):
            points.append((top, total))
        elif points:
            points[-1] = (top, total)
    return _rising(points)


def _from_cumulative(rows: Sequence[tuple[Fraction | None, Fraction | None, Fraction, int]], form: str, notes: list[str]) -> list[tuple[Fraction, Fraction]]:
    points = []
    for low, high, value, line in rows:
        size = high if high is not None and form == "passing" else low if low is not None else high
        assert size is not None
        if value > 1 + _NEAR:
            raise TableError([f"line {line}: more than 100 % ({float(100 * value):.6g} %)"])
        points.append((size, min(value, Fraction(1)) if form == "passing" else 1 - min(value, Fraction(1))))
    points.sort()
    points = [point for point in points if point[0] > 0]
    top = points[-1][1] if points else Fraction(0)
    if top != 1 and abs(top - 1) <= _NEAR / 20:
        notes.append("the coarsest size taken as passed by all: rounded when written")
        points[-1] = (points[-1][0], Fraction(1))
    elif top != 1 and points:
        notes.append(f"{float(100 * (1 - top)):.4g} % stay on the coarsest sieve; taken as finer than {number(2 * points[-1][0])} mm, twice that")
        points.append((2 * points[-1][0], Fraction(1)))
    return _rising(points)


def _rising(points: list[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    for (a, one), (b, two) in pairwise(points):
        if b <= a:
            raise TableError([f"the size {number(b)} mm is there twice"])
        if two < one:
            raise TableError([f"less passes {number(b)} mm than {number(a)} mm: passing must not fall as sizes rise; is the column retained, or passing?"])
    if not points:
        raise TableError(["no size above 0 is found"])
    return points


def _at_half(points: Sequence[tuple[Fraction, Fraction]]) -> float:
    """The size that half of the mass is finer than, between points on the logarithm of the size."""
    before = (Fraction(0), Fraction(0))
    for size, passing in points:
        if passing >= Fraction(1, 2):
            if before[0] == 0 or passing == before[1]:
                return float(size) * (0.5 / float(passing) if before[0] == 0 and passing else 1.0)
            share = float((Fraction(1, 2) - before[1]) / (passing - before[1]))
            return float(before[0]) * math.exp(share * math.log(size / before[0]))
        before = (size, passing)
    return float(points[-1][0])
