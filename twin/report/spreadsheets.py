"""Writes tables as XLSX, CSV or Parquet, the same bytes each time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from twin.errors import UsageError
from twin.report.sheets import Cell, Sheet
from twin.results.replace import Mark, replacing, write_new
from twin.scenario.problems import nearest

Decimal = Literal["point", "comma"]
MADE = datetime(2000, 1, 1)
"""When a workbook says that it was made: always then, so that the same tables are the same bytes."""
WIDEST = 48
"""Characters of the widest column."""
OURS = Mark("a file of twin export", lambda _: True)
"""Any regular file: who says --replace means it."""


def write(sheets: Sequence[Sheet], target: Path, *, table: str | None = None, decimal: Decimal = "point", replace: bool = False) -> str:
    """Write tables to ``target``, whose suffix says how; returns what was written, in words.

    A workbook holds all tables, CSV and Parquet the one named, by default the first. ``decimal`` is for CSV: "comma" writes decimal commas between
    semicolons. Only with ``replace`` an existing file is replaced. Raises ``UsageError`` for an unknown suffix or table or a missing package, ``FileError``
    where it cannot be written.
    """
    form = target.suffix.lower()
    if form not in _WRITERS:
        raise UsageError(f"{target}: the name must end in one of {', '.join(_WRITERS)} or .zip (for openLCA), which says what is written")
    chosen = list(sheets) if table is None else [sheet for sheet in sheets if sheet.name == table]
    if not chosen:
        raise UsageError(f"no table {table!r}; {nearest(str(table), [sheet.name for sheet in sheets])}")
    if form != ".xlsx":
        chosen = chosen[:1]
    content = _as_csv(chosen[0], decimal) if form == ".csv" else _WRITERS[form](chosen)
    put(content, target, replace)
    count = sum(len(sheet.rows) for sheet in chosen)
    return f"{target}: {', '.join(sheet.name for sheet in chosen)} ({count} rows)"


def put(content: bytes, target: Path, replace: bool) -> None:
    """Write bytes where nothing stands, or in place of a regular file with ``replace``. Raises ``FileError``."""
    if not replace:  # a spreadsheet may have been worked on since
        write_new(target, content, OURS.what)
        return
    with replacing(target, OURS) as temporary:
        temporary.write_bytes(content)


def _as_csv(sheet: Sheet, decimal: Decimal = "point") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if decimal == "comma" else ",", lineterminator="\n")
    writer.writerow([_harmless(name) for name in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_as_text(cell, decimal) for cell in row])
    return text.getvalue().encode("utf-8-sig" if decimal == "comma" else "utf-8")  # the mark tells a German Excel that it is UTF-8


def _as_text(cell: Cell, decimal: Decimal) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _harmless(cell)
    text = repr(cell)
    return text.replace(".", ",") if decimal == "comma" else text


def _harmless(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and len(text) > 1) else text


def _as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError("a workbook needs XlsxWriter: pip install 'twin[data]'") from error
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book: Any = xlsxwriter.Workbook(content, options)
    book.set_properties({"created": MADE, "comments": "written by twin export"})
    bold = book.add_format({"bold": True, "bottom": 1})
    for sheet in sheets:
        page: Any = book.add_worksheet(sheet.name)
        page.freeze_panes(1, 1)
        page.write_row(0, 0, sheet.columns, bold)
        for k, row in enumerate(sheet.rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(k, column, cell)
                elif cell is not None:
                    page.write_number(k, column, cell)
        for column, name in enumerate(sheet.columns):
            texts = [len(name), *(len(cell) if isinstance(cell := row[column], str) else 10 for row in sheet.rows)]
            page.set_column(column, column, min(max(texts) + 2, WIDEST))
        if sheet.rows:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    book.close()
    return content.getvalue()


def _as_parquet(sheets: Sequence[Sheet]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow: pip install 'twin[data]'") from error
    (sheet,) = sheets
    columns = {name: _column([row[k] for row in sheet.rows]) for k, name in enumerate(sheet.columns)}
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), content)
    return content.getvalue()


def _column(cells: list[Cell]) -> list[Any]:
    """A column of one type: text where any cell is, else numbers."""
    if any(isinstance(cell, str) for cell in cells):
        return [None if cell is None else str(cell) for cell in cells]
    return [None if cell is None else float(cell) for cell in cells]


_WRITERS: dict[str, Callable[[Sequence[Sheet]], bytes]] = {
    ".xlsx": _as_xlsx,
    ".csv": lambda sheets: _as_csv(sheets[0]),
    ".parquet": _as_parquet,
}
