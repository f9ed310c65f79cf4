"""XLSX to a grid: stored values, their types, and percent by the number format. Formulas are not computed."""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import Any

from twin.errors import TableError, UsageError
from twin.fit.tables.cells import Cell, Row, typed
from twin.fit.tables.limits import MOST_COLUMNS, MOST_ROWS, MOST_UNPACKED

_PROLOG = 1 << 20


def rows_of(content: bytes, sheet: str | None, name: str) -> tuple[list[Row], str, list[str]]:
    """Return the rows of a sheet that are not blank, its title and notes. Raises ``TableError``, ``UsageError``."""
    _check_archive(content, name)
    try:
        import openpyxl
    except ImportError:
        raise UsageError(f"{name}: XLSX needs openpyxl: pip install 'twin[data]'; or save the sheet as CSV") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which say nothing of the values
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        found = [(page.title, rows) for page in book.worksheets if sheet in (None, page.title) and (rows := _rows(page, name))]
        titles = [page.title for page in book.worksheets]
    except (TableError, UsageError):
        raise
    except Exception as error:  # noqa: BLE001  the library raises whatever a broken file leads it to
        raise TableError([f"{name}: is no workbook that can be read ({type(error).__name__}: {str(error)[:100]}); save it anew as XLSX or CSV"]) from None
    if sheet is not None and sheet not in titles:
        raise UsageError(f"{name}: there is no sheet {sheet!r} (there are {', '.join(map(repr, titles))})")
    if not found:
        raise TableError([f"{name}: is empty"])
    if len(found) > 1:
        raise TableError([f"{name}: has several sheets with values: say --sheet ({', '.join(repr(title) for title, _ in found[:10])})"])
    title, rows = found[0]
    _check_formulas(content, title, rows, name)
    return rows, title, [f"sheet {title!r}"]


def _check_archive(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if unpacked > MOST_UNPACKED or len(parts) > 10_000:
                raise TableError([f"{name}: is too large when unpacked ({unpacked} bytes in {len(parts)} parts, at most {MOST_UNPACKED} are read)"])
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        if b"<!DOCTYPE" in stream.read(_PROLOG):
                            raise TableError([f"{name}: {part.filename} declares a document type, which no workbook does: it is not read"])
    except TableError:
        raise
    except Exception as error:  # noqa: BLE001  a damaged archive raises what its parts lead zipfile and zlib to
        raise TableError([f"{name}: is a damaged archive, no workbook ({str(error)[:100]})"]) from None


def _rows(page: Any, name: str) -> list[Row]:
    if not hasattr(page, "reset_dimensions"):
        return []  # a sheet of charts
    page.reset_dimensions()  # what a file says of its size need not be so
    rows: list[Row] = []
    for line, cells in enumerate(page.iter_rows(), start=1):
        if len(cells) > MOST_COLUMNS:
            raise TableError([f"{name}: sheet {page.title!r} row {line} has {len(cells)} columns, at most {MOST_COLUMNS} are read"])
        values = [_value(cell) for cell in cells]
        if any(value != "" for value in values):
            rows.append(Row(line, tuple(values)))
        if len(rows) > MOST_ROWS:
            raise TableError([f"{name}: sheet {page.title!r} has more than {MOST_ROWS} rows: cut it into parts"])
    width = max((len(row.cells) for row in rows), default=0)
    return [Row(row.line, row.cells + ("",) * (width - len(row.cells))) for row in rows]


def _value(cell: Any) -> Cell:
    return typed(cell.value, percent="%" in str(getattr(cell, "number_format", "") or ""))


def _check_formulas(content: bytes, title: str, rows: list[Row], name: str) -> None:
    """Refuse a formula whose value is not stored: it would be read as an empty cell."""
    import openpyxl

    blank = {(row.line, column) for row in rows for column, cell in enumerate(row.cells) if cell == ""}
    if not blank:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        page: Any = openpyxl.load_workbook(io.BytesIO(content), read_only=True)[title]
    page.reset_dimensions()
    for line, cells in enumerate(page.iter_rows(values_only=True), start=1):
        for column, value in enumerate(cells):
            if isinstance(value, str) and value.startswith("=") and (line, column) in blank:
                what = f"{name}: row {line} column {column + 1} is the formula {value[:40]!r}, and its value is not stored in the file"
                raise TableError([f"{what}: open it in a spreadsheet program and save it"])
