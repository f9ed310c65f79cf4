"""A CSV file that grows: rows of time, signal and value, or of time and a column for each signal. A row counts when its line is ended."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from twin.live.readings import Reading
from twin.live.sources.inbox import Inbox
from twin.live.sources.source import Source
from twin.live.tags import Tag

LOOK = 0.25
"""Seconds between two looks at the file."""
BLOCK = 1 << 20
LONGEST_LINE = 1 << 20
_TRUE, _FALSE = ("1", "true", "True", "good", ""), ("0", "false", "False", "bad")


class FileSource(Source):
    """Follows a file from its begin; what the history has is not stored again. One that was replaced or cut is read anew."""

    def __init__(self, name: str, inbox: Inbox, path: Path, tags: Sequence[Tag]) -> None:
        super().__init__(name, inbox)
        self.path = path
        self._signals = {tag.address: tag.signal for tag in tags}

    def listen(self) -> None:
        """Read what is there and what comes."""
        with self.path.open("rb") as file:
            self.up()
            rest, columns = b"", None
            identity = os.fstat(file.fileno())
            while not self.stopping:
                block = file.read(BLOCK)
                if not block:
                    if self._replaced(file, identity.st_ino, identity.st_dev):
                        self.inbox.note("file", self.name, "it was replaced or cut; read from its begin")
                        return
                    self._stop.wait(LOOK)
                    continue
                *lines, rest = (rest + block).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    self.inbox.count(f"malformed.{self.name}")
                    rest = b""
                columns = self._read(lines, columns)

    def _replaced(self, file: IO[bytes], inode: int, device: int) -> bool:
        there = self.path.stat()
        return (there.st_ino, there.st_dev) != (inode, device) or there.st_size < file.tell()

    def _read(self, lines: list[bytes], columns: list[str] | None) -> list[str] | None:
        readings: list[Reading] = []
        malformed = 0
        for line in lines:
            try:
                cells = next(csv.reader([line.decode("utf-8-sig").rstrip("\r")]), [])
            except (csv.Error, UnicodeDecodeError):
                malformed += 1
                continue
            if not cells:
                continue
            if columns is None:
                columns = _columns(cells)
                continue
            try:
                readings += self._row(dict(zip(columns, cells, strict=True)))
            except (ValueError, OverflowError):
                malformed += 1
        if malformed:
            self.inbox.count(f"malformed.{self.name}", malformed)
        for first in range(0, len(readings), 1000):  # a file can wait
            block = readings[first : first + 1000]
            while not self.inbox.wait_for_room(len(block), LOOK):
                if self.stopping:
                    return columns
            self.inbox.put(self.name, block)
            self.came(len(block))
        return columns

    def _row(self, row: dict[str, str]) -> list[Reading]:
        time = read_time(row["time"])
        if "signal" not in row:
            return [Reading(self._signals[name], time, _number(cell)) for name, cell in row.items() if name in self._signals and cell.strip()]
        signal = self._signals.get(row["signal"])
        if signal is None:
            self.inbox.count(f"unknown.{self.name}")
            return []
        good = row.get("good", "")
        if good not in _TRUE and good not in _FALSE:
            raise ValueError
        sequence = row.get("sequence", "")
        return [Reading(signal, time, _number(row["value"]), good in _TRUE, int(sequence) if sequence else -1)]


def _columns(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if "time" not in names or ("signal" in names) != ("value" in names):
        raise ValueError(f"its head must have a column 'time', and 'signal' and 'value' or a column for each signal (got {', '.join(names)[:200]!r})")
    return names


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_time(text: str) -> float:
    """Return s since 1970 UTC of a number of seconds or a date and time with offset (without one: UTC). Raises ``ValueError``.

    >>> read_time("1767589200"), read_time("2026-01-05T06:00:00+01:00")
    (1767589200.0, 1767589200.0)
    """
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
