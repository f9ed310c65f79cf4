"""Copies of a machine that are not there: events change how many there are, and what is away neither works, nor fails, nor counts as down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin.engine.calendars import FAR
from twin.engine.clock import Clock
from twin.engine.unit import NEVER
from twin.units.lines.breakdown import Breakdown
from twin.units.lines.machine import Machine
from twin.units.lines.outage import REPAIRING, WORKING, Outage, StoppedLine


@dataclass(slots=True)
class AbsentRecord:
    """``phase``: repairing while the copy is away.

    ``left``: how long the life of each breakdown goes on when the copy is back, ns of operation, below 0 where it does not wait; never changed in place.
    """

    until: int = NEVER
    fails_at: int = NEVER
    phase: str = WORKING
    left: list[int] = field(default_factory=list)


class Absent(Outage):
    """Takes one copy away and brings it back; it has no event of its own."""

    def __init__(self, name: str, index: int, clock: Clock, machine: Machine, copy: int, drawn: Sequence[Breakdown]) -> None:
        super().__init__(name, index, clock, record := AbsentRecord(left=[-1] * len(drawn)))
        self.record: AbsentRecord = record
        self.holds(machine, copy)
        self.drawn = tuple(drawn)
        for breakdown in drawn:
            breakdown.absent = self

    @property
    def row(self) -> int:
        """No reason: an absent copy is not down."""
        return -1

    def stands(self, present: bool, now: int) -> None:
        """The copy is there, or is not, from ``now`` ns on."""
        record = self.record
        if present == (record.phase == WORKING):
            return
        self.line.settle(now)
        if present:
            record.phase = WORKING
            self.machine.record.away -= 1
            for breakdown, left in zip(self.drawn, record.left, strict=True):
                if left >= 0:
                    breakdown.record.fails_at = self.line.operated(now) + left
                    breakdown.record.base += self.line.operated(now)
            self.line.copy_up(self, now)
        else:
            record.phase, record.left = REPAIRING, [-1] * len(self.drawn)
            self.machine.record.away += 1
            for breakdown in self.drawn:
                self.freeze(breakdown, now)
            self.line.copy_down(self, now)

    def freeze(self, breakdown: Breakdown, now: int) -> None:
        """While the copy is away its life by hours of operation stands still; one by the calendar, and a repair that is on, go on."""
        own = breakdown.record
        if breakdown.by_calendar or own.phase != WORKING or self.record.phase == WORKING:
            return
        if own.fails_at == NEVER:  # its first life is drawn when the plant starts
            return
        left, own.fails_at = max(0, own.fails_at - self.line.operated(now)), FAR
        own.base -= self.line.operated(now)  # what it has lived, below 0, until it is back
        self.record.left = [left if each is breakdown else other for each, other in zip(self.drawn, self.record.left, strict=True)]


def present(line: StoppedLine, machine: Machine, count: int, now: int) -> None:
    """``count`` copies of the machine are there from ``now`` ns on, the first ones."""
    for outage in line.breakdowns:
        if isinstance(outage, Absent) and outage.machine is machine:
            outage.stands(outage.copy < count, now)


def parked(outages: Sequence[Outage]) -> bool:
    """Whether one of what holds a copy is that it is away."""
    return any(isinstance(outage, Absent) and outage.record.phase != WORKING for outage in outages)
