"""``twin import``: a file to the table that scenarios read, with what was detected."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import TableError
from twin.fit.tables.assays import assays
from twin.fit.tables.columns import Column, columns_of
from twin.fit.tables.deliveries import deliveries
from twin.fit.tables.layout import table_of
from twin.fit.tables.mapping import IGNORED, KINDS, ROLES, role_of
from twin.fit.tables.options import Options
from twin.fit.tables.rows import Made
from twin.fit.tables.selection import selected
from twin.fit.tables.sieve import sieve
from twin.fit.tables.source import Source, read_source
from twin.fit.tables.stops import stops

_MAKERS: dict[str, Callable[[Sequence[Column], Options], Made]] = {"deliveries": deliveries, "stops": stops, "sieve": sieve, "assays": assays}


@dataclass(frozen=True)
class Finding:
    """How a column was read."""

    column: str
    read_as: str
    unit: str
    decimal: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """A table in the form that scenarios read, and all that was detected on the way."""

    made: Made
    source: Source
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """Return the CSV: a head of lines that begin with ``#``, the heading, the rows."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.made.heading)
        writer.writerows(self.made.rows)
        return "".join(f"# {_line(line)}\n" for line in self._head()) + stream.getvalue()

    def _head(self) -> list[str]:
        lines = [f"twin import: {self.made.kind} from {self.source.name}", f"sha256: {self.source.sha256}", f"form: {self.source.form}"]
        for finding in self.findings:
            said = ", ".join(part for part in (finding.unit, f"decimal {finding.decimal}" if finding.decimal else "") if part)
            lines.append(
                f"column {finding.column!r}: {finding.read_as}{f' [{said}]' if said else ''}{'; ' + '; '.join(finding.notes) if finding.notes else ''}"
            )
        return [*lines, *(f"note: {note}" for note in self.notes), self.made.summary]


def _line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:2000]


def import_file(path: Path, options: Options) -> Imported:
    """Return what a file of an export says. Raises ``TableError`` for what is wrong or can be read in two ways, and ``UsageError``."""
    source, columns, notes = read_columns(path, options)
    try:
        kind = options.kind or guessed_kind(columns)
        assign_roles(columns, kind)
        chosen = selected(columns, options, kind)
        columns, notes = chosen.columns, [*notes, *chosen.notes]
        made = _MAKERS[kind](columns, options)
    except TableError as error:
        raise TableError([fault if fault.startswith(source.name) else f"{source.name}: {fault}" for fault in error.faults]) from None
    return Imported(made, source, tuple(_finding(column) for column in columns), (*source.notes, *notes, *made.notes))


def read_columns(path: Path, options: Options) -> tuple[Source, list[Column], list[str]]:
    """Return a file's columns, each read by itself, and notes. Raises ``TableError``, ``UsageError``."""
    source = read_source(path, encoding=options.encoding, separator=options.separator, sheet=options.sheet)
    table = table_of(source.rows, source.name)
    try:
        columns = columns_of(table, options.columns, options.decimal, options.dates)
    except TableError as error:
        raise TableError([f"{source.name}: {fault}" for fault in error.faults]) from None
    return source, columns, table.notes


def assign_roles(columns: Sequence[Column], kind: str) -> None:
    """Give each column the role that its mapping or its name says."""
    for column in columns:
        said = column.entry.role
        if said is not None:
            column.role = said if said in ROLES[kind] or said in ("material", IGNORED) else None
        elif not column.is_blank:
            column.role = role_of(column.name, kind) or role_of(column.heading, kind)


def guessed_kind(columns: Sequence[Column]) -> str:
    """Return what a table is of, where its headings or a mapping say so. Raises ``TableError``."""
    roles = {kind: {column.entry.role or role_of(column.name, kind) for column in columns} for kind in KINDS}
    if roles["stops"] & {"begin"} and roles["stops"] & {"end", "duration"}:
        return "stops"
    dated = any(column.moments is not None for column in columns) or bool(roles["deliveries"] & {"time", "date"})
    massive = bool(roles["deliveries"] & {"mass", "gross", "dry"}) or any(column.unit and column.unit.dimension == "mass" for column in columns)
    if not dated and roles["sieve"] & {"size", "lower", "upper"} and roles["sieve"] & {"retained", "passing", "coarser"}:
        return "sieve"
    if (dated and massive) or any(column.entry.unit and column.entry.unit.dimension == "mass" for column in columns):
        return "deliveries"
    if any("." in (column.entry.role or "") or _is_element(column) for column in columns):
        return "assays"
    raise TableError(
        [f"what kind of table is this? Say --kind {', '.join(KINDS[:-1])} or {KINDS[-1]} (columns: {', '.join(column.label for column in columns[:12])})"]
    )


def _is_element(column: Column) -> bool:
    from twin.materials.elements import ELEMENTS

    return column.numbers is not None and column.name.rpartition(".")[2] in ELEMENTS


def _finding(column: Column) -> Finding:
    read_as = column.role if column.role not in (None, IGNORED) else IGNORED
    notes = list(column.notes)
    if read_as == IGNORED and column.entry.role is None and not notes:
        notes.append("empty" if column.is_blank else "not recognised")
    if read_as == IGNORED:
        return Finding(column.label, IGNORED, "", "", tuple(notes))
    unit = column.unit.word if column.unit else "%" if column.numbers and column.numbers.percent else ""
    decimal = {",": "comma", ".": "point"}.get(column.numbers.decimal, "") if column.numbers else ""
    if column.numbers and column.numbers.thousands:
        sign = column.numbers.thousands
        notes.append(f"thousands {'by ' + sign if sign in ('.', ',', chr(39), '’') else 'by space'}")
    if column.moments is not None:
        notes.insert(0, column.moments.form)
    return Finding(column.label, str(read_as), unit, decimal, tuple(notes))
