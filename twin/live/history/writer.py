"""Writes a history: blocks of readings, each in one commit, each acknowledged only when it is on disk."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from twin.errors import FileError
from twin.live.history.database import connect, told
from twin.live.readings import Reading

LATEST = 7_258_118_400.0
"""2200-01-01: no clock of a plant is right beyond."""
MOST_SIGNALS = 100_000
_HALF = re.compile("[\ud800-\udfff]")
NOTE_EVERY = 3600.0
"""Clock skew of a signal is noted once in so long [s]."""


class Stored(NamedTuple):
    """What became of a block: rows ``stored``, ``late`` ones among them, ``repeated`` and ``refused`` ones that were not; ``last``: number of the last row."""

    stored: int = 0
    late: int = 0
    repeated: int = 0
    refused: int = 0
    last: int = 0


@dataclass
class _Signal:
    """What is known of a signal: its latest time, its source's last count, how often that count began anew, the skew of its clock as it was noted."""

    row: int
    latest: float = -math.inf
    sequence: int = -1
    era: int = 0
    skew: float = 0.0
    noted: float = -math.inf


class History:
    """The one writer of a history. ``skew_step`` [s]: a clock that moves by more against ours is noted; None where the plant's time is not ours."""

    def __init__(self, path: str | os.PathLike[str], *, skew_step: float | None = 60.0) -> None:
        self.path, self.skew_step = Path(path), skew_step
        self._lock = _locked(self.path)
        try:
            self._connection = connect(self.path, write=True)
            with told(self.path):
                self._signals = self._known()
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._lock.close()

    def _known(self) -> dict[str, _Signal]:
        names = self._connection.execute("select id, name from signals").fetchall()
        query = "select sequence, era from readings where signal=? and sequence>=0 order by era desc, sequence desc limit 1"
        found = {}
        for row, name in names:
            latest = self._connection.execute("select max(time) from readings where signal=?", (row,)).fetchone()[0]
            sequence, era = self._connection.execute(query, (row,)).fetchone() or (-1, 0)
            found[name] = _Signal(row, -math.inf if latest is None else latest, sequence, era)
        return found

    @property
    def last(self) -> int:
        """The number of the last row, 0 where there is none."""
        with told(self.path):
            return int(self._connection.execute("select coalesce(max(number), 0) from readings").fetchone()[0])

    def append(self, readings: Sequence[Reading], received: float) -> Stored:
        """Store a block of readings that came at ``received`` (s since 1970, our clock). When this returns they are on disk, all or none.

        A reading with the count of one that is stored, or where its source does not count with the time of one, is told as repeated and not stored again.
        One that is older than the latest of its signal is stored and told as late. One without a possible time is refused. What is no number is stored as
        missing, and as not good.

        Raises ``FileError``: nothing of the block was stored, and it can be given again.
        """
        before = {name: (own.latest, own.sequence, own.era, own.skew, own.noted) for name in {r.signal for r in readings} if (own := self._signals.get(name))}
        known = len(self._signals)
        try:
            with told(self.path):
                self._connection.execute("begin immediate")
                found = self._store(readings, received)
                self._connection.execute("commit")
        except BaseException:
            self._undo(before, known)
            raise
        return found

    def _undo(self, before: dict[str, tuple[float, int, int, float, float]], known: int) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):  # the failure that brought us here is the one to tell
                self._connection.execute("rollback")
        for name in list(self._signals)[known:]:
            del self._signals[name]
        for name, values in before.items():
            own = self._signals[name]
            own.latest, own.sequence, own.era, own.skew, own.noted = values

    def _store(self, readings: Sequence[Reading], received: float) -> Stored:
        told_of: Counter[str] = Counter()
        insert = "insert or ignore into readings(signal, time, value, good, sequence, era, received) values(?,?,?,?,?,?,?)"
        for reading in readings:
            signal, reason = self._signal(reading, received)
            if signal is None:
                told_of["refused"] += 1
                if told_of["refused"] <= 3:  # a flood of them is counted, not written down
                    self._note(received, "refused", reading.signal[:200], reason)
                continue
            self._count_on(signal, reading, received)
            good = reading.good and math.isfinite(reading.value)
            value = reading.value if math.isfinite(reading.value) else None
            row = (signal.row, reading.time, value, int(good), reading.sequence, signal.era, received)
            if not self._connection.execute(insert, row).rowcount:
                told_of["repeated"] += 1
                continue
            told_of["stored"] += 1
            told_of["missing"] += value is None
            told_of["late"] += reading.time < signal.latest
            signal.latest = max(signal.latest, reading.time)
            signal.sequence = max(signal.sequence, reading.sequence)
            self._watch_clock(signal, reading, received)
        self.count(told_of)
        return Stored(told_of["stored"], told_of["late"], told_of["repeated"], told_of["refused"], self.last)

    def _signal(self, reading: Reading, received: float) -> tuple[_Signal | None, str]:
        if not (math.isfinite(reading.time) and 0.0 <= reading.time < LATEST):
            return None, f"its time is not possible ({reading.time!r})"
        if not -1 <= reading.sequence < 1 << 62:
            return None, f"its count is not possible ({reading.sequence!r})"
        if reading.signal in self._signals:
            return self._signals[reading.signal], ""
        if len(self._signals) >= MOST_SIGNALS:
            return None, f"there are {MOST_SIGNALS} signals already"
        if _HALF.search(reading.signal):
            return None, "its name holds half a character"
        row = self._connection.execute("insert into signals(name) values(?)", (reading.signal,)).lastrowid
        self._signals[reading.signal] = _Signal(row or 0)
        return self._signals[reading.signal], ""

    def _count_on(self, signal: _Signal, reading: Reading, received: float) -> None:
        """A source that begins to count anew, at 0 or 1 and with a later time than all before, was restarted: its counts are no repetitions."""
        if 0 <= reading.sequence <= 1 and signal.sequence > 1 and reading.time > signal.latest:
            signal.era += 1
            self._note(received, "count began anew", reading.signal, f"after {signal.sequence}")
            signal.sequence = -1

    def _watch_clock(self, signal: _Signal, reading: Reading, received: float) -> None:
        if self.skew_step is None or reading.time < signal.latest:
            return
        skew = received - reading.time
        if abs(skew - signal.skew) > self.skew_step and received - signal.noted >= NOTE_EVERY:
            side = "behind" if skew > 0.0 else "before"
            self._note(received, "clock", reading.signal, f"its clock is {abs(skew):.1f} s {side} ours (before: {signal.skew:+.1f} s)")
            signal.skew, signal.noted = skew, received

    def count(self, what: Counter[str]) -> None:
        """Add to what is counted over the life of the history."""
        rows = [(name, number) for name, number in sorted(what.items()) if number]
        add = "insert into counts(what, count) values(?,?) on conflict(what) do update set count=count+excluded.count"
        with told(self.path):
            self._connection.executemany(add, rows)

    def note(self, time: float, kind: str, subject: str, text: str) -> None:
        """Write down what happened, e.g. that a source was lost; on disk when this returns."""
        with told(self.path):
            self._note(time, kind, subject, text)

    def _note(self, time: float, kind: str, subject: str, text: str) -> None:
        row = (time, kind, subject.encode("utf-8", "replace").decode(), text.encode("utf-8", "replace").decode())
        self._connection.execute("insert into notes(time, kind, subject, text) values(?,?,?,?)", row)


def _locked(path: Path) -> IO[bytes]:
    """Hold the lock beside a history, so that no second twin writes to it; a killed one lets go of it."""
    lock = path.with_name(path.name + ".lock")
    try:
        file = lock.open("ab")
    except OSError as error:
        raise FileError(f"{path}: the history cannot be made here ({error.strerror}); check that its folder is there and may be written") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FileError(f"{path}: another twin writes to this history; stop it, or give another file") from None
    return file
