"""The materials of a delivery: shares or masses in a column each, or one text that names the material of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from twin.errors import TableError
from twin.fit.tables.cells import is_blank, picture
from twin.fit.tables.columns import Column, the_one
from twin.fit.tables.mapping import IGNORED, ROLES, is_numbered, material_of
from twin.fit.tables.rows import normalised
from twin.fit.tables.units import Unit

_BARE = Unit("1", "share", Fraction(1))
_PERCENT = Unit("%", "share", Fraction(1, 100))


@dataclass(frozen=True)
class Composition:
    """Shares by row of the materials, and of elements in them (``pcb.Cu``), in ``names``; ``masses``: what each row sums to in kg, where masses were given."""

    names: tuple[str, ...] = ()
    shares: tuple[tuple[Fraction, ...], ...] = ()
    masses: list[Fraction | None] | None = None
    step: Fraction = Fraction(0)
    lines: tuple[int, ...] = field(default=())

    @property
    def assays_only(self) -> bool:
        """Whether only elements are given, no materials."""
        return all("." in name for name in self.names)

    def row(self, k: int) -> tuple[Fraction, ...]:
        """Return the shares of a row."""
        return self.shares[k] if self.names else ()


def composition_of(columns: Sequence[Column], times: Sequence[datetime | None], notes: list[str]) -> Composition:
    """Return what the columns of materials say. Raises ``TableError``."""
    assayed = [
        column for column in columns if column.role is None and "." in (material_of(column.entry.role or column.name) or "") and column.entry.role != IGNORED
    ]
    assays = [_assays(column) for column in assayed]
    named = the_one(columns, "material")
    if named is not None:
        found = _one_each(named)
    else:
        chosen = _materials(columns)
        found = _of_columns(chosen, times, notes) if chosen else Composition()
    if not assays:
        return found
    names = (*found.names, *(material_of(column.entry.role or column.name) or "" for column in assayed))
    count = len(columns[0].lines)
    rows = tuple((*(found.row(k)), *(values[k] for values in assays)) for k in range(count))
    return Composition(names, rows, found.masses, found.step, columns[0].lines)


def _assays(column: Column) -> list[Fraction]:
    column.role = "assay"
    if column.unit is None and column.numbers is not None and not column.numbers.percent:
        column.unit = _BARE if all(value is None or value <= 1 for value in column.numbers.values) else None
    values = column.scaled("share")
    for k, value in enumerate(values):
        if value is None or not 0 <= value <= 1:
            raise TableError([f"column {column.label!r}: line {column.lines[k]}: a share from 0 to 100 % is needed (got {picture(column.cells[k])})"])
    return [value or Fraction(0) for value in values]


def _one_each(column: Column) -> Composition:
    """Each row is of one material, that its text names."""
    found: dict[str, str] = {}
    for line, cell in zip(column.lines, column.cells, strict=True):
        name = material_of(str(cell))
        if is_blank(cell) or name is None or "." in name:
            raise TableError([f"column {column.label!r}: line {line}: the name of a material is needed (got {picture(cell)})"])
        if found.setdefault(name, str(cell)) != str(cell):
            raise TableError([f"column {column.label!r}: {found[name]!r} and {str(cell)!r} would both be the material {name!r}"])
    names = tuple(found)
    column.notes.append("each row is of one material: " + ", ".join(names[:6]) + (" …" if len(names) > 6 else ""))
    rows = tuple(tuple(Fraction(int(material_of(str(cell)) == name)) for name in names) for cell in column.cells)
    return Composition(names, rows, None, Fraction(0), column.lines)


def _materials(columns: Sequence[Column]) -> list[Column]:
    """Return the columns that are of a material: those that a mapping names, else numbers that can be shares, or have a unit of mass."""
    said = [column for column in columns if column.role is None and column.entry.role not in (None, IGNORED) and column.entry.role not in ROLES["deliveries"]]
    if said:
        return said
    free = [column for column in columns if column.role is None and column.entry.role is None and column.numbers is not None and not is_numbered(column.name)]
    massive = [column for column in free if column.unit is not None and column.unit.dimension == "mass"]
    shared = [column for column in free if (column.unit is None or column.unit.dimension == "share") and material_of(column.name)]
    sure = [column for column in shared if column.unit is not None or (column.numbers is not None and _within(column, 1))]
    for group, limit in ((sure, 1), (shared, 1), (shared, 100)):
        if group and (any(column.unit for column in group) or _sums_near(group, limit)):
            if massive:
                names = f"{massive[0].label!r} has a unit of mass and {group[0].label!r} is a share"
                raise TableError([f'{names}: say which are materials, e.g. --map "{massive[0].label}=ignore"'])
            return group
    if len(sure) > 1 and any(not _whole(column) for column in sure):
        return sure  # their sum is then named as what is wrong
    return massive


def _whole(column: Column) -> bool:
    return column.numbers is not None and all(value is None or value.denominator == 1 for value in column.numbers.values)


def _within(column: Column, most: int) -> bool:
    return column.numbers is not None and all(value is None or 0 <= value <= most for value in column.numbers.values)


def _sums_near(group: Sequence[Column], limit: int) -> bool:
    if len(group) == 1 and group[0].unit is None:  # a count of 1 in each row is no material
        return False
    rows = zip(*(column.numbers.values for column in group if column.numbers), strict=True)
    sums = [sum((value or Fraction(0) for value in row), Fraction(0)) for row in rows]
    near = [total for total in sums if abs(total - limit) <= Fraction(limit, 20)]
    return len(near) * 2 > len(sums)


def _of_columns(chosen: Sequence[Column], times: Sequence[datetime | None], notes: list[str]) -> Composition:
    names = []
    for column in chosen:
        name = material_of(column.entry.role or column.name)
        if name is None:
            raise TableError([f'column {column.label!r}: cannot be the name of a material: say which, e.g. --map "{column.label}=steel"'])
        column.role = name
        names.append(name)
    for name in names:
        if names.count(name) > 1:
            raise TableError([f"two columns are of the material {name!r}: map one to another name or to ignore"])
    of_mass = [column.unit is not None and column.unit.dimension == "mass" for column in chosen]
    if any(of_mass) and not all(of_mass):
        raise TableError(['some materials have a unit of mass and some have not: give all the same, e.g. --map "Papier=paper [t]"'])
    if not all(of_mass):
        _give_share_unit(chosen)
    columns = [column.scaled("mass" if of_mass[0] else "share") for column in chosen]
    steps = [column.step for column in chosen]
    rows, sums, scaled = [], [], 0
    for k, row in enumerate(zip(*columns, strict=True)):
        line = chosen[0].lines[k]
        shares, total, changed = _row(row, steps, line, of_mass[0], times[k] is None)
        rows.append(tuple(shares))
        sums.append(total)
        scaled += changed
    if scaled:
        notes.append(f"shares of {scaled} row{'s' * (scaled > 1)} scaled to a sum of 100 %: rounded when written")
    if any(value is None for column in columns for value in column):
        notes.append("empty cells of materials read as 0")
    return Composition(tuple(names), tuple(rows), sums if of_mass[0] else None, sum(steps, Fraction(0)), chosen[0].lines)


def _row(row: Sequence[Fraction | None], steps: Sequence[Fraction], line: int, of_mass: bool, no_date: bool) -> tuple[list[Fraction], Fraction | None, int]:
    if all(value is None for value in row):
        if no_date or of_mass:
            return [Fraction(0)] * len(row), None, 0
        raise TableError([f"line {line} has no shares of materials"])
    values = [value or Fraction(0) for value in row]
    if any(value < 0 for value in values):
        raise TableError([f"line {line}: a material has a value below 0"])
    total = sum(values, Fraction(0))
    if of_mass:
        return ([value / total for value in values] if total else values), total, 0
    if no_date:
        return values, None, 0
    shares, changed = normalised(values, steps, line, "shares of the materials")
    return shares, None, int(changed)


def _give_share_unit(chosen: Sequence[Column]) -> None:
    """Bare numbers are shares of 1 or per cent, by what they sum to."""
    bare = [column for column in chosen if column.unit is None and not (column.numbers and column.numbers.percent)]
    if not bare:
        return
    for column in bare:
        column.needed_numbers()
    percent = not all(_within(column, 1) for column in bare)
    if percent and not _sums_near(chosen, 100) and len(bare) == len(chosen):
        names = ", ".join(repr(column.label) for column in bare[:5])
        raise TableError([f'the columns {names} sum neither to 1 nor to 100 %: say their unit, e.g. --map "{bare[0].label}={bare[0].role} [t]", or ignore'])
    for column in bare:
        column.unit = _PERCENT if percent else _BARE
        column.notes.append("read as per cent: rows sum to about 100" if percent else "read as shares of 1")
