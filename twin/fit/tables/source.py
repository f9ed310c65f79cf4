"""A file on disk to a grid of cells; what it is is known by its content, not by its name."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass, field
from pathlib import Path

from twin.errors import TableError, UsageError
from twin.fit.tables import parquet, text, workbook
from twin.fit.tables.cells import Row
from twin.fit.tables.limits import MOST_BYTES

_OTHERS = {b"\xd0\xcf\x11\xe0": "an old workbook (.xls)", b"%PDF": "a PDF", b"\x1f\x8b": "packed by gzip", b"\x89HDF": "an HDF5 file", b"\x89PNG": "a picture"}


@dataclass(frozen=True)
class Source:
    """A file as it was read: its rows that are not blank, its sha256, and what was found out about its form."""

    name: str
    sha256: str
    form: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)


def read_source(path: Path, *, encoding: str | None = None, separator: str | None = None, sheet: str | None = None) -> Source:
    """Return the grid of a CSV, XLSX or Parquet file of at most 64 MiB. Raises ``UsageError`` and ``TableError``."""
    content, name = read_bytes(path), path.name
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(b"PK\x03\x04"):
        rows, _, notes = workbook.rows_of(content, sheet, name)
        return Source(name, digest, "XLSX", rows, notes)
    if sheet is not None:
        raise UsageError(f"--sheet is of workbooks, and {name} is none")
    if content.startswith(b"PAR1"):
        return Source(name, digest, "Parquet", parquet.rows_of(content, name))
    for mark, what in _OTHERS.items():
        if content.startswith(mark):
            raise TableError([f"{name}: is {what}; save the table as CSV, XLSX or Parquet"])
    written, found, notes = text.decoded(content, encoding, name)
    if not written.strip():
        raise TableError([f"{name}: is empty"])
    rows, chosen = text.rows_of(written, separator, name)
    if not rows:
        raise TableError([f"{name}: has no values"])
    word = next((word for word, sign in text.SEPARATORS.items() if sign == chosen), chosen)
    return Source(name, digest, f"CSV, {found}, {word}", rows, notes)


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file of at most 64 MiB; raises ``UsageError``."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path}: is not a file")
        if found.st_size > MOST_BYTES:
            raise UsageError(f"{path}: is too large ({found.st_size} bytes, at most {MOST_BYTES} are read)")
        if not found.st_size:  # a file of length 0 may be without end (the kernel's log is one), so that it is not read
            return b""
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path}: is too large (at most {MOST_BYTES} bytes are read)")
    return content
