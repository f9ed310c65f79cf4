"""Which rows of a table are read: by the text in a column, and by a span of time.

Rows are left out after the columns were read, so that a decimal sign or the order of day and month is told by all rows of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twin.errors import TableError, UsageError
from twin.fit.tables.cells import Cell
from twin.fit.tables.columns import Column, the_one
from twin.fit.tables.options import Options
from twin.fit.tables.rows import moments_of, shown_time, times_of
from twin.scenario.problems import nearest


@dataclass(frozen=True)
class Selected:
    """The columns with the rows that are read, and notes on what was left out."""

    columns: list[Column]
    notes: list[str]


def selected(columns: Sequence[Column], options: Options, kind: str) -> Selected:
    """Return the rows that ``only``, ``begin`` and ``end`` of the options leave. Raises ``UsageError``, ``TableError`` where none is left.

    Conditions on one column are alternatives, those on several must all hold: ``Sorte=A`` or ``Sorte=B``, and ``Werk=Nord``.
    """
    kept, notes = list(range(len(columns[0].lines))), []
    for name in dict.fromkeys(name for name, _ in options.only):
        column = _named(columns, name)
        wanted = [value for key, value in options.only if key == name]
        before, fits = len(kept), frozenset(_rows_with(column, wanted))
        kept = [k for k in kept if k in fits]
        column.notes.append("says which rows are read")
        notes.append(f"{len(kept)} of {before} rows read: {column.label} is {' or '.join(wanted)}")
    if options.begin is not None or options.end is not None:
        before = len(kept)
        kept = _within(_rows(columns, kept), options, kind, kept)
        since = f" from {shown_time(options.begin)}" if options.begin else ""
        until = f" to before {shown_time(options.end)}" if options.end else ""
        notes.append(f"{len(kept)} of {before} rows read: those{since}{until}")
    if not kept:
        raise TableError([f"no row is left to read ({'; '.join(notes)})"])
    return Selected(_rows(columns, kept) if notes else list(columns), notes)


def _rows(columns: Sequence[Column], kept: Sequence[int]) -> list[Column]:
    """The same columns with fewer rows; what was detected of them stays."""
    return [_cut(column, kept) for column in columns]


def _cut(column: Column, kept: Sequence[int]) -> Column:
    numbers, moments, clocks = column.numbers, column.moments, column.clocks
    return replace(
        column,
        cells=tuple(column.cells[k] for k in kept),
        lines=tuple(column.lines[k] for k in kept),
        numbers=replace(numbers, values=tuple(numbers.values[k] for k in kept)) if numbers is not None else None,
        moments=replace(moments, values=tuple(moments.values[k] for k in kept)) if moments is not None else None,
        clocks=tuple(clocks[k] for k in kept) if clocks is not None else None,
    )


def _named(columns: Sequence[Column], name: str) -> Column:
    """The column of a heading, of a place (``#3``), or the one column of a role."""
    exact = [column for column in columns if name in (column.label, f"#{column.position}")]
    alike = [column for column in columns if column.label.lower() == name.lower()]
    of_role = [column for column in columns if column.role == name]
    for found in (exact, alike, of_role):
        if len(found) == 1:
            return found[0]
    raise UsageError(f"--only names the column {name!r}; {nearest(name, [column.label for column in columns])}")


def _rows_with(column: Column, wanted: Sequence[str]) -> list[int]:
    texts = [_plain(cell) for cell in column.cells]
    known = list(dict.fromkeys(filter(None, texts)))
    for value in wanted:
        if _plain(value) not in known:
            raise UsageError(f"--only {column.label}={value}: no row has this value; {nearest(value, known)}")
    return [k for k, text in enumerate(texts) if text in {_plain(value) for value in wanted}]


def _plain(cell: Cell) -> str:
    return " ".join(str(cell).split())


def _within(columns: Sequence[Column], options: Options, kind: str, kept: Sequence[int]) -> list[int]:
    """Of the rows ``kept``, to which ``columns`` are cut, those in the span; one without a date is in none."""
    times = _times([replace(column, notes=[]) for column in columns], options, kind)
    low, high = options.begin or datetime.min, options.end or datetime.max
    return [k for k, time in zip(kept, times, strict=True) if time is not None and low <= time < high]


def _times(columns: Sequence[Column], options: Options, kind: str) -> Sequence[datetime | None]:
    if kind == "sieve":
        raise UsageError("--from and --to choose rows by their date, and a sieving has none")
    if kind == "stops":
        column = the_one(columns, "begin")
        if column is None:
            raise TableError(["no column says when a stop begins: --from and --to need one"])
        return moments_of(column, options)
    return times_of(columns, options).values
