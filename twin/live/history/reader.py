"""Reads a history, beside its writer or long after it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from twin.live.history.database import connect, told
from twin.live.readings import Reading

_SELECT = "select number, name, time, value, good, sequence, received from readings join signals on signals.id = readings.signal"


class Row(NamedTuple):
    """A reading, its ``number`` in the history (later ones are larger), and when it was ``received`` by our clock."""

    number: int
    reading: Reading
    received: float


class Note(NamedTuple):
    """What happened to a subject, a signal or a source."""

    number: int
    time: float
    kind: str
    subject: str
    text: str


class HistoryReader:
    """A history, to be read only. Raises ``FileError`` for what is none."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._connection = connect(self.path, write=False)

    def __enter__(self) -> HistoryReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def after(self, number: int = 0, most: int = 100_000) -> list[Row]:
        """Return the rows after one, in the order in which they came: what a twin that was stopped has not taken yet."""
        return self._rows(f"{_SELECT} where number > ? order by number limit ?", (number, most))

    def between(self, begin: float, end: float, block: int = 50_000) -> Iterator[Row]:
        """Yield the rows with a time from ``begin`` to before ``end`` (s since 1970, the plant's clock), in the order of time and, of one time, of arrival."""
        time, number = begin, 0
        while True:
            query = f"{_SELECT} where time < ? and (time, number) > (?, ?) order by time, number limit ?"
            rows = self._rows(query, (end, time, number, block))
            yield from rows
            if len(rows) < block:
                return
            time, number = rows[-1].reading.time, rows[-1].number

    def latest(self) -> dict[str, float]:
        """Return the time of the latest reading by signal, s since 1970."""
        with told(self.path):
            rows = self._connection.execute("select id, name from signals order by id").fetchall()
            query = "select max(time) from readings where signal=?"
            found = {name: self._connection.execute(query, (row,)).fetchone()[0] for row, name in rows}
        return {name: time for name, time in found.items() if time is not None}

    def never_came(self) -> dict[str, int]:
        """Return by signal how many of the readings that its source counted are not here: lost on the way. Signals without such are left out."""
        query = "select name, sum(span) from (select signal, max(sequence) - min(sequence) + 1 - count(*) as span from readings where sequence >= 0"
        with told(self.path):
            rows = self._connection.execute(f"{query} group by signal, era) join signals on id = signal group by name having sum(span) > 0").fetchall()
        return dict(rows)

    def notes(self, after: int = 0) -> list[Note]:
        """Return what was noted."""
        with told(self.path):
            found = self._connection.execute("select number, time, kind, subject, text from notes where number > ? order by number", (after,)).fetchall()
        return [Note(*row) for row in found]

    def counts(self) -> dict[str, int]:
        """Return what was counted over the life of the history: stored, late, repeated, refused, missing, lost."""
        with told(self.path):
            return dict(self._connection.execute("select what, count from counts order by what").fetchall())

    def check(self) -> str:
        """Return "ok" where the file is whole, else what is wrong."""
        with told(self.path):
            return str(self._connection.execute("pragma quick_check").fetchone()[0])

    def _rows(self, query: str, arguments: tuple[float, ...]) -> list[Row]:
        with told(self.path):
            found = self._connection.execute(query, arguments).fetchall()
        return [
            Row(number, Reading(name, time, math.nan if value is None else value, bool(good), sequence), received)
            for number, name, time, value, good, sequence, received in found
        ]
