"""Numbers from CSV files: delivery schedules and measured partitions. A column's unit stands in its header, e.g. ``size_mm``."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from twin.errors import UsageError
from twin.quantities import Quantity, parse, shown
from twin.scenario.problems import Faults, wrong

MOST_BYTES = 16 * 1024 * 1024
_MOST_ROWS = 200_000
MOST_FAULTS = 20
LONGEST_HEADER = 500
_HEADER = re.compile(r"(.*?)(?:\s*\[([^\]]+)\]|_([A-Za-zµ%]+))?")


@dataclass
class Files:
    """Reads the text files that a scenario names, and keeps what was read: ``texts`` by name.

    ``given`` are texts known beforehand (a scenario that was stored with its files); else names are paths below ``folder``. Where they are ``closed`` there is
    nothing else: a results file that somebody sends must not make this computer read, and quote, a file of its own.
    """

    folder: Path | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    start: datetime = field(default_factory=lambda: datetime(2026, 1, 5))
    closed: bool = False

    def read(self, name: str) -> str:
        """Return the text of a file; raises ``UsageError``."""
        if name not in self.texts:
            self.texts[name] = self._text(name)
        return self.texts[name]

    def _text(self, name: str) -> str:
        if name in self.given:
            return self.given[name]
        if self.closed:
            raise UsageError(not_stored(name))
        return read_text((self.folder or Path()) / name, name)


def not_stored(name: str) -> str:
    """Return why a file that a stored scenario names is not read."""
    return f"{shown(name)} is not among the texts that are stored with this scenario, and a stored scenario reads no other file"


_CONFINED: ContextVar[Path | None] = ContextVar("the only folder that is read", default=None)


@contextmanager
def confined(folder: Path) -> Iterator[None]:
    """Until the block is left, read no scenario, catalogue or CSV but those in ``folder``, none of them by way of a link."""
    token = _CONFINED.set(folder.resolve())
    try:
        yield
    finally:
        _CONFINED.reset(token)


def _check_within(path: Path, name: str) -> None:
    """Raise ``UsageError`` where a file is not in the folder to which reading is confined, or a link leads to it."""
    folder = _CONFINED.get()
    if folder is None:
        return
    try:
        found = path.resolve()
    except (OSError, RuntimeError, ValueError):
        raise UsageError(f"{name or path}: no such file") from None
    if not found.is_relative_to(folder) or found != Path(os.path.normpath(path.parent.resolve() / path.name)):
        raise UsageError(f"{name or path}: only files in the folder that is open are read, and no links; copy it there")


def read_text(path: Path, name: str = "") -> str:
    """Return the UTF-8 text of a regular file of at most 16 MiB; raises ``UsageError``.

    A device or a pipe is refused before it is opened, as it can be without end. So can a file of length 0 (the kernel's log is one), so that it is not read.
    """
    _check_within(path, name)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{name or path}: is not a file")
        if found.st_size > MOST_BYTES:
            raise UsageError(f"{name or path}: is too large ({found.st_size} bytes, at most {MOST_BYTES} are read)")
        if not found.st_size:
            return ""
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:  # it has grown since
            raise UsageError(f"{name or path}: is too large (at most {MOST_BYTES} bytes are read)")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name or path}: is not UTF-8 text (byte {error.start})") from None
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        raise UsageError(f"{name or path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{name or path}: cannot be read ({error.strerror})") from None


def files_of(info: ValidationInfo) -> Files:
    """Return the files that a scenario is validated with."""
    return info.context if isinstance(info.context, Files) else Files()


@dataclass(frozen=True)
class Column:
    """A column of a CSV: its name and the unit of its bare numbers, None where the cells must carry one."""

    name: str
    unit: str | None
    cells: tuple[str, ...]
    lines: tuple[int, ...]

    def numbers(self, quantity: Quantity, faults: Faults, table: str) -> list[float]:
        """Return the cells as SI values of ``quantity``; faults are noted with their line, and 0 stands for what is wrong."""
        values, wrong_cells = [], 0
        for line, cell in zip(self.lines, self.cells, strict=True):
            try:
                bare = self.unit is not None and cell[-1:].isdigit()
                values.append(quantity.read(f"{cell} {self.unit}" if bare else cell))
            except UsageError as error:
                values.append(0.0)
                if (wrong_cells := wrong_cells + 1) <= MOST_FAULTS:
                    faults.add(f"{table}:{line} column {self.name!r}: {error}")
        if wrong_cells > MOST_FAULTS:
            faults.add(f"{table} column {self.name!r}: {wrong_cells - MOST_FAULTS} more cells are wrong")
        return values


def csv_named(value: Mapping[Any, Any]) -> str | None:
    """Return the file that is named in place of a table, ``{csv: file}``; None where ``value`` is the table itself."""
    name = value.get("csv")
    return name if len(value) == 1 and isinstance(name, str) else None


def csv_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``{csv: file}``."""
    return {"type": "object", "properties": {"csv": {"type": "string"}}, "required": ["csv"], "additionalProperties": False}


def read_rows(name: str, files: Files) -> list[tuple[int, list[str]]]:
    """Return the lines of a CSV that are not empty, each with its number, the heading first; raises ``UsageError``.

    Lines before the heading that begin with ``#`` say where an imported table comes from, and are passed over.
    """
    stream = io.StringIO(files.read(name))
    above, begin = 0, 0
    while stream.readline().startswith("#"):
        above, begin = above + 1, stream.tell()
    stream.seek(begin)
    try:
        reader = csv.reader(stream, strict=True)
        return [(above + reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise UsageError(f"{name}: is not a table of comma-separated values ({error})") from None


def read_table(name: object, files: Files, units: Mapping[str, str]) -> dict[str, Column]:
    """Return the columns of a CSV by name; ``units`` maps a column's name (``*``: any other) to the SI unit that its header's suffix is of.

    Raises pydantic's errors: no such file, no header, a column named twice, a row of another length, an empty cell.
    """
    if not isinstance(name, str) or not name.strip():
        raise wrong(f"the name of a CSV file is needed (got {shown(name)})")
    try:
        rows = read_rows(name, files)
    except UsageError as error:
        raise wrong(str(error)) from None
    if not 2 <= len(rows) <= _MOST_ROWS:
        raise wrong(f"{name}: a header and 1 to {_MOST_ROWS} rows are needed, separated by commas (got {len(rows)} lines)")
    faults = Faults()
    headers = [_header(cell.strip(), units) for cell in rows[0][1]]
    names = [header for header, _ in headers]
    for header in dict.fromkeys(header for header in names if names.count(header) > 1 or not header):
        faults.add(f"{name}:1 {f'column {header!r} is there twice' if header else 'a column has no name'}")
    for line, row in rows[1:]:
        if len(row) != len(names):
            faults.add(f"{name}:{line} has {len(row)} values, {len(names)} are needed: one for each column")
        if len(faults) > MOST_FAULTS:
            break
    faults.stop_if_any()
    lines = tuple(line for line, _ in rows[1:])
    columns = zip(*(row for _, row in rows[1:]), strict=True)
    return {header: Column(header, unit, tuple(cell.strip() for cell in cells), lines) for (header, unit), cells in zip(headers, columns, strict=True)}


def _header(text: str, units: Mapping[str, str]) -> tuple[str, str | None]:
    if len(text) > LONGEST_HEADER:  # what the pattern costs grows with the square of the length
        return text, None
    match = _HEADER.fullmatch(text)
    suffix = match and (match[2] or match[3])
    si = units.get(match[1].strip(), units.get("*")) if match else None
    if match and suffix and si:
        try:
            parse(f"1 {suffix}", si)
        except UsageError:
            return text, None
        return match[1].strip(), suffix
    return text, None
