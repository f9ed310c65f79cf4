"""The journal of a sweep: finished runs, one a line, written as they finish, so that a killed sweep loses none of them.

A line is a checksum and a JSON object. A last line that was not finished is dropped. What is written survives the death of the process at once, and that of
the computer a second later.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from twin.errors import FileError, UsageError
from twin.results.kpis import Kpi
from twin.results.replace import Mark, check_replaceable, what_stands_at
from twin.results.temporary import drop, temporary_for
from twin.study.runs import Outcome

HEADER = b"twin journal 1\n"
_LONGEST = 1 << 24
"""Bytes of the longest row that is looked at."""
SYNC = 1.0
"""Seconds between two syncs to disk."""


@dataclass(frozen=True)
class Row:
    """A finished run: its key and its outcome."""

    key: str
    outcome: Outcome

    def to_json(self) -> str:
        """Return the row as one line; floats are written so that they are read back to the last bit."""
        o = self.outcome
        kpis = None if o.kpis is None else [[name, kpi.value, kpi.unit] for name, kpi in o.kpis.items()]
        return json.dumps([self.key, o.status, o.error, o.digest, o.events, o.warnings, o.cpu, kpis])

    def is_sound(self) -> bool:
        """Whether all parts have the types that a sweep writes."""
        o = self.outcome
        texts = isinstance(self.key, str) and isinstance(o.error, str) and isinstance(o.digest, str) and o.status in ("done", "failed", "lost")
        numbers = type(o.events) is int and type(o.warnings) is int and isinstance(o.cpu, float)
        kpis = (o.kpis or {}).items()
        return texts and numbers and all(isinstance(name, str) and isinstance(kpi.value, float) and isinstance(kpi.unit, str) for name, kpi in kpis)

    @classmethod
    def from_json(cls, text: str) -> Row:
        """Return the row in a line."""
        key, status, error, digest, events, warnings, cpu, kpis = json.loads(text)
        named = None if kpis is None else {name: Kpi(value, unit) for name, value, unit in kpis}
        return cls(key, Outcome(named, error, digest, events, warnings, cpu, status))


class Journal:
    """An open journal. Only one process can have it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._first = 0
        self.places: dict[str, tuple[int, int]] = {}
        """Where the row of each key begins and how long it is; the last one where there are several."""
        self._handle = _opened(path)
        try:
            _lock(self._handle, path)
            self._end = self._read()
            os.ftruncate(self._handle, self._end)
        except BaseException:
            os.close(self._handle)
            raise
        self._reader = path.open("rb", buffering=0)
        self._synced = time.monotonic()

    def _read(self) -> int:
        """Find all rows; return where the last whole one ends."""
        end = 0
        with self.path.open("rb") as stream:
            for line in stream:
                if line == HEADER and not end:
                    end = self._first = len(HEADER)
                    continue
                row = _whole(line)
                if row is None:
                    break
                self.places[row.key] = end, len(line)
                end += len(line)
        return end

    def append(self, row: Row) -> None:
        """Add a row. Raises ``FileError`` where there is no room for it."""
        text = row.to_json().encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        try:
            written = 0
            while written < len(line):
                written += os.write(self._handle, line[written:])
        except OSError as error:
            os.ftruncate(self._handle, self._end)
            raise FileError(f"cannot write {self.path}: {error.strerror}; the runs that had finished are kept") from None
        self.places[row.key] = self._end, len(line)
        self._end += len(line)
        if time.monotonic() - self._synced > SYNC:
            self.sync()

    def sync(self) -> None:
        """Bring all rows to disk. Where the disk does not confirm it the rows stay, as they are all that there is."""
        with contextlib.suppress(OSError):
            os.fsync(self._handle)
        self._synced = time.monotonic()

    def row(self, key: str) -> Row:
        """Return the row of a key."""
        place, length = self.places[key]
        self._reader.seek(place)
        row = _whole(self._reader.read(length))
        if row is None or row.key != key:
            raise FileError(f"{self.path} was changed while it was in use")
        return row

    def clear(self) -> None:
        """Forget all rows, when they stand elsewhere."""
        os.ftruncate(self._handle, self._first)
        self.places.clear()
        self._end = self._first

    def close(self) -> None:
        """Bring all to disk and let go of the file; an empty one is removed."""
        if self._handle >= 0:
            self.sync()
            if self._end <= self._first:
                with contextlib.suppress(OSError):
                    self.path.unlink(missing_ok=True)
            self._reader.close()
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _is_journal(path: Path) -> bool:
    """Whether a file is a journal: it begins as one, or with a whole row, as those of earlier versions do."""
    with path.open("rb") as file:
        line = file.readline(_LONGEST)
    return line == HEADER or _whole(line) is not None


JOURNAL = Mark("the journal of a sweep of twin", _is_journal)


def _opened(path: Path) -> int:
    """Open a journal, made first where there is none. A file of somebody else, or what a link points at, is neither read on nor emptied."""
    check_replaceable(path, JOURNAL)
    try:
        if what_stands_at(path) is None:
            with contextlib.suppress(FileExistsError):  # another sweep was faster, and has the lock
                _make(path)
        return os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}") from None


def _make(path: Path) -> None:
    """Make a journal without rows in one step, so that a kill never leaves an empty file, which would be nobody's."""
    temporary = temporary_for(path)
    try:
        temporary.write_bytes(HEADER)
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            temporary.rename(path)
    finally:
        drop(temporary)


def _whole(line: bytes) -> Row | None:
    """Return the row in a line; None where it was not finished or is damaged."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        row = Row.from_json(text.decode())
    except (ValueError, TypeError, RecursionError):  # a right checksum over what is no row
        return None
    return row if row.is_sound() else None


def _lock(handle: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another sweep is at work on {path.with_suffix('')}; wait for it, or give another file") from None
    except OSError:  # a file system without locks
        return
