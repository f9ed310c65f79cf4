"""Stops that a line makes by itself between two lots: a changeover to another material, or cleaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.engine.calendars import Windows
from twin.engine.clock import Clock, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.resource import Resource, release, seize, work_calendars
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit

if TYPE_CHECKING:
    from twin.units.line import Line
    from twin.units.machine import Draw

IDLE, ASKING, AT_WORK = "idle", "asking", "at work"


@dataclass(slots=True)
class InterruptionRecord:
    """``duration``: ns of the present stop; ``count``: stops so far."""

    until: int = NEVER
    phase: str = IDLE
    duration: int = 0
    count: int = 0


class Interruption(Unit):
    """One cause for which a line stops between lots, in ``state``. The work is done while line and people are there; ``stream`` gives its time."""

    def __init__(self, name: str, index: int, clock: Clock, state: int, stream: Stream, resources: Sequence[Resource]) -> None:
        super().__init__(name, index, clock, record := InterruptionRecord())
        self.record: InterruptionRecord = record
        self.takes_any = False
        self.state, self.stream, self.resources = state, stream, tuple(resources)
        self.line: Line

    @property
    def busy(self) -> bool:
        """Whether the line stands because of it."""
        return self.record.phase != IDLE

    def begin(self, time: Draw, what: str, now: int) -> None:
        """The line stops for a ``time`` that is drawn; ``what`` is noted."""
        record = self.record
        record.phase, record.count = ASKING, record.count + 1
        record.duration = nanoseconds(time.inverse(self.stream.uniform()))
        self.line.recorder.note(now, self.name, what)
        self.line.pause_begins(self.state, now)
        self.run(now)

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == ASKING:
            if self.resources and not seize(self, self.resources, now):
                check_deadlock(self, now)
                return False
            there = self.line.windows
            hours = Windows([*there.calendars, *work_calendars(self.resources)], there.maintenance)
            record.phase, record.until = AT_WORK, hours.advance(now, record.duration)
            return True
        if record.phase == AT_WORK:
            if self.resources:
                release(self, self.resources, now)
            record.phase = IDLE
            self.line.pause_ends(now)
        return False

    def save(self) -> State:
        return {**super().save(), "used": self.stream.used}

    def load(self, state: State) -> None:
        super().load(state)
        self.stream.rewind(state["used"])
