"""Bytes of a text file to a grid: its encoding, its separator, its quotes."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from twin.errors import TableError, UsageError
from twin.fit.tables.cells import Row, trimmed
from twin.fit.tables.layout import heading_of
from twin.fit.tables.limits import MOST_COLUMNS, MOST_ROWS

SEPARATORS = {"semicolon": ";", "tab": "\t", "comma": ",", "pipe": "|"}
_MARKS = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_LOOKED_AT = 200  # rows that decide the separator
_IMPORTED = "# twin import: "
_HINT = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


def decoded(content: bytes, encoding: str | None, name: str) -> tuple[str, str, list[str]]:
    """Return the text of a file, its encoding and notes on it.

    A byte order mark decides, else strict UTF-8, else Windows-1252 with a note. Raises ``TableError`` for what is no text.
    """
    notes: list[str] = []
    found = encoding or next((known for mark, known in _MARKS if content.startswith(mark)), None)
    try:
        if found is not None:
            text = content.decode(found)
        else:
            text, found, notes = _guessed(content, name)
    except LookupError:
        raise UsageError(f"--encoding {encoding!r} is not known, e.g. cp1252, cp850, utf-16") from None
    except ValueError as error:
        place = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        raise TableError([f"{name}: is not {found} text{place}; say which with --encoding, e.g. cp1252"]) from None
    text = text.removeprefix("\ufeff")
    if match := _CONTROL.search(text):
        raise TableError([f"{name}: holds the control character 0x{ord(match[0]):02x}: it is no table of text; save it as CSV, XLSX or Parquet"])
    if "\ufeff" in text:
        notes.append("byte order marks within the text are left out: files were joined, perhaps")
    return text, found, notes


def _guessed(content: bytes, name: str) -> tuple[str, str, list[str]]:
    if b"\x00" in content:
        raise TableError([f"{name}: holds zero bytes and no byte order mark: no text, or UTF-16; then say --encoding utf-16-le or utf-16-be"])
    try:
        return content.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError:
        text = content.decode("cp1252")
        return text, "cp1252", ["is not UTF-8 and taken as Windows-1252; where letters are wrong say --encoding, e.g. cp850"]


def rows_of(text: str, separator: str | None, name: str) -> tuple[list[Row], str]:
    """Return the rows of a text that are not blank, and the separator. Raises ``TableError``."""
    skipped = 0
    if text.startswith(_IMPORTED):  # a table of ours, read again
        head = list(itertools.takewhile(lambda line: line.startswith("#"), text.split("\n")))
        skipped, text = len(head), text[sum(len(line) + 1 for line in head) :]
    elif hint := _HINT.match(text):
        separator, text, skipped = separator or hint[1], text[hint.end() :], 1
    chosen = separator or _separator(text, name)
    rows: list[Row] = []
    try:
        for line, cells in _split(text, chosen):
            if len(cells) > MOST_COLUMNS:
                raise TableError([f"{name}:{line} has {len(cells)} columns, at most {MOST_COLUMNS} are read"])
            if any(cells):
                rows.append(Row(line + skipped, tuple(cells)))
            if len(rows) > MOST_ROWS:
                raise TableError([f"{name}: has more than {MOST_ROWS} rows: cut it into parts"])
    except csv.Error as error:
        raise TableError([f"{name}:{len(rows) + 1} is not split by {chosen!r} as a table is ({error})"]) from None
    return rows, chosen


def _split(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for cells in reader:
        yield reader.line_num, [trimmed(cell) for cell in cells]


def _separator(text: str, name: str) -> str:
    """The separator that splits most lines alike, and into more than one value."""
    found: list[tuple[float, bool, int, str]] = []
    wide, fault = 0, ""
    for separator in SEPARATORS.values():
        try:
            rows = [Row(line, tuple(cells)) for line, cells in itertools.islice(_split(text, separator), _LOOKED_AT) if any(cells)]
        except csv.Error as error:
            fault = str(error)
            continue
        widths = Counter(len(row.cells) for row in rows)
        wide = max(wide, *widths, 0)
        width, many = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        if width > 1:
            found.append((many / len(rows), _has_heading(rows, width, name), width, separator))
    if wide > MOST_COLUMNS:
        raise TableError([f"{name}: has {wide} columns, at most {MOST_COLUMNS} are read"])
    if fault and not any(heading for _, heading, _, _ in found):
        raise TableError([f"{name}: is not split as a table is ({fault}): is a quote not closed, or a field without end?"])
    if not found:
        raise TableError([f"{name}: has one column only: neither ; nor tab , or | splits its lines alike; say which with --separator"])
    best = max(alike for alike, _, _, _ in found)
    first = [item for item in found if item[0] > best - 0.02]
    heads = max(heading for _, heading, _, _ in first)
    widest = max(width for _, heading, width, _ in first if heading == heads)
    tied = [separator for _, heading, width, separator in first if heading == heads and width == widest]
    if len(tied) > 1:
        raise TableError([f"{name}: {tied[0]!r} and {tied[1]!r} split its lines alike: say which with --separator ({', '.join(SEPARATORS)})"])
    return tied[0]


def _has_heading(rows: list[Row], width: int, name: str) -> bool:
    """Whether names stand above the values when a text is split so; a decimal comma splits values, and not their heading."""
    try:
        return len(rows[heading_of(rows, name)].cells) == width
    except TableError:
        return False
