"""Readings that wait until their window is closed: of each signal and window no more than is needed, however many come."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.live.readings import Reading

MOST_INPUTS = 1000
"""So many trucks, stops and restarts one signal may tell of in a window; more are no plant's."""


@dataclass
class Sum:
    """Of the values of a mean: partial sums that do not overlap, so that their sum is exact whatever came first (J. R. Shewchuk, Discrete Comput. Geom. 18
    (1997) 305), and how many there were.

    >>> mean = Sum()
    >>> for value in (1e16, 1.0, -1e16):
    ...     mean.add(value)
    >>> mean.mean
    0.3333333333333333
    """

    partials: list[float] = field(default_factory=list)
    count: int = 0

    def add(self, value: float) -> None:
        """One more."""
        kept = []
        for partial in self.partials:
            large, small = (value, partial) if abs(value) >= abs(partial) else (partial, value)
            value = large + small
            if rest := small - (value - large):
                kept.append(rest)
        self.partials = [*kept, value]
        self.count += 1

    @property
    def mean(self) -> float:
        """Their mean; not a number where the sum is beyond every number, as values may be that were saved before they were bounded."""
        try:
            return math.fsum(self.partials) / self.count
        except (ValueError, OverflowError):
            return math.nan


@dataclass
class Window:
    """What came for one window: ``inputs`` by signal, the last reading of each instant, SI sums of each mean."""

    inputs: dict[str, list[Reading]] = field(default_factory=dict)
    last: dict[str, Reading] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)

    def told(self) -> list[Reading]:
        """The inputs in the order of time."""
        return sorted((row for rows in self.inputs.values() for row in rows), key=lambda row: (row.time, row.signal, row.sequence))


class Waiting:
    """All windows that are open, by the number of the window. ``refused``: inputs beyond what a plant can do in a window."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._open: dict[int, Window] = {}
        self.refused = 0

    def __len__(self) -> int:
        return len(self._open)

    def of(self, moment: float) -> Window:
        """The window in which ``moment`` s lies: it ends at or after it."""
        number = math.ceil(moment / self._window)
        while moment > number * self._window:
            number += 1
        return self._open.setdefault(number, Window())

    def add_input(self, moment: float, reading: Reading) -> None:
        """A truck, a stop, a restart."""
        rows = self.of(moment).inputs.setdefault(reading.signal, [])
        if len(rows) < MOST_INPUTS:
            rows.append(reading)
        else:
            self.refused += 1

    def add_instant(self, moment: float, reading: Reading) -> None:
        """What a signal shows at an instant: the last one of its window counts."""
        last = self.of(moment).last
        known = last.get(reading.signal)
        if known is None or (reading.time, reading.sequence) >= (known.time, known.sequence):
            last[reading.signal] = reading

    def add_mean(self, moment: float, signal: str, value: float) -> None:
        """What a signal shows of a time, SI: all of a window count."""
        self.of(moment).sums.setdefault(signal, Sum()).add(value)

    def close(self, end: float) -> Window:
        """Return what came for the window that ends at ``end`` s, or for one before it."""
        number, whole = round(end / self._window), Window()
        for due in sorted(k for k in self._open if k <= number):
            part = self._open.pop(due)
            for signal, rows in part.inputs.items():
                whole.inputs.setdefault(signal, []).extend(rows)
            whole.last |= part.last
            whole.sums |= part.sums
        return whole

    def save(self) -> dict[str, Any]:
        """As plain data."""
        return {"refused": self.refused, "windows": list(self._rows())}

    def _rows(self) -> Iterator[list[Any]]:
        for number, window in sorted(self._open.items()):
            inputs = [list(row) for rows in window.inputs.values() for row in rows]
            sums = [[signal, own.count, own.partials] for signal, own in window.sums.items()]
            yield [number, inputs, [list(row) for row in window.last.values()], sums]

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self.refused = int(state["refused"])
        self._open = {int(number): _window(inputs, last, sums) for number, inputs, last, sums in state["windows"]}


def _window(inputs: Sequence[Sequence[Any]], last: Sequence[Sequence[Any]], sums: Sequence[Sequence[Any]]) -> Window:
    window = Window(last={row[0]: Reading(*row) for row in last}, sums={signal: Sum(list(partials), int(count)) for signal, count, partials in sums})
    for row in inputs:
        window.inputs.setdefault(row[0], []).append(Reading(*row))
    return window
