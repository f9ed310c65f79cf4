"""Stops of a list, replayed: each takes one copy of a machine out at its time, for its time, as a breakdown does, and nobody is needed to end it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from twin.engine.clock import Clock
from twin.engine.unit import NEVER
from twin.units.lines.outage import REPAIRING, WORKING, Outage

if TYPE_CHECKING:
    from twin.units.lines.machine import Machine


class ListedStop(NamedTuple):
    """A stop from ``begin`` to ``end``, ns; ``row``: of its reason in the recorder."""

    begin: int
    end: int
    row: int
    reason: str


@dataclass(slots=True)
class ListedRecord:
    """``place``: the stop that is on, or comes next; ``fails_at``: when that begins, ns of the run, -1 after the last."""

    until: int
    fails_at: int
    phase: str = WORKING
    place: int = 0


class ListedStops(Outage):
    """The stops of one copy: ``stops`` in the order of time, at least one; of two that overlap by rounding the second begins when the first is over."""

    def __init__(self, name: str, index: int, clock: Clock, machine: Machine, copy: int, stops: Sequence[ListedStop]) -> None:
        first = stops[0].begin
        super().__init__(name, index, clock, record := ListedRecord(first, first))
        self.record: ListedRecord = record
        self.holds(machine, copy)
        self.stops = tuple(stops)

    @property
    def row(self) -> int:
        return self.stops[self.record.place].row

    def step(self, now: int) -> bool:
        record = self.record
        self.line.settle(now)
        if record.phase == WORKING:
            record.phase = REPAIRING
            self._begin(now)
            self.line.copy_down(self, now)
            return True
        self.line.recorder.note(now, self.name, "over")
        record.place += 1
        following = self.stops[record.place].begin if record.place < len(self.stops) else NEVER
        if 0 <= following <= now:  # the copy does not start between the two
            self._begin(now)
            return True
        record.phase, record.until, record.fails_at = WORKING, following, following
        self.line.copy_up(self, now)
        return following >= 0

    def _begin(self, now: int) -> None:
        stop = self.stops[self.record.place]
        self.line.recorder.note(now, self.name, f"stopped: {stop.reason}")
        self.line.recorder.stop_began(now, stop.row)
        self.record.until = max(stop.end, now)
