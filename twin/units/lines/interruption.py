"""Stops that a line makes by itself between two lots: a changeover to another material, or cleaning."""

from __future__ import annotations

from dataclasses import dataclass

from twin.engine.clock import Clock, nanoseconds
from twin.engine.needs import Needs
from twin.engine.streams import Draw, Stream
from twin.engine.unit import State
from twin.units.ground.task import Task, TaskRecord
from twin.units.lines.outage import StoppedLine

IDLE, ASKING, AT_WORK = "idle", "asking", "at work"


@dataclass(slots=True)
class InterruptionRecord(TaskRecord):
    """``duration``: ns of the present stop; ``count``: stops so far."""

    phase: str = IDLE
    duration: int = 0
    count: int = 0


class Interruption(Task):
    """One cause for which a line stops between lots, in ``state``. The work is done while line and people are there; ``stream`` gives its time."""

    def __init__(self, name: str, index: int, clock: Clock, state: int, stream: Stream, needs: Needs) -> None:
        super().__init__(name, index, clock, record := InterruptionRecord(), needs)
        self.record: InterruptionRecord = record
        self.state, self.stream = state, stream
        self.line: StoppedLine

    def stops(self, line: StoppedLine) -> None:
        """It is the line's: work passes within its hours."""
        self.line = line
        self.calendars = list(dict.fromkeys([*self.calendars, *line.windows.calendars]))

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
            if self.needs and (opens := max([now, *(calendar.opens(now) for calendar in self.line.windows.calendars)])) > now:
                self.abandon_lists(now)  # nobody is kept waiting while the line is closed
                record.until = opens
                return True
            if not self.begins(now, lambda: record.duration):
                return False
            record.phase = AT_WORK
            if self.needs:
                record.until = min([record.ends, *(calendar.closes(now) for calendar in self.line.windows.calendars)])
            return True
        if record.phase == AT_WORK:
            if not self.over(now):
                record.phase = ASKING
                return True
            record.phase = IDLE
            self.line.pause_ends(now)
        return False

    def save(self) -> State:
        return {**super().save(), "used": self.stream.used}

    def load(self, state: State) -> None:
        super().load(state)
        self.stream.rewind(state["used"])
