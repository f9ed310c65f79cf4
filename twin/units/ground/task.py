"""Timed tasks that need people or tools: they ask, work while calendars are open, may be interrupted, and go on or start again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twin.engine.calendars import Calendar, advance, open_time
from twin.engine.clock import NANOSECONDS, Clock, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import Needs, release, seize
from twin.engine.streams import Draw, Stream
from twin.engine.unit import NEVER, Unit
from twin.scenario.equilibrium import beyond


@dataclass(slots=True)
class TaskRecord:
    """``left``: ns of work left, below 0 before its length is known; ``whole``: its length, ns; it began at ``begun`` and is over at ``ends``, ns. ``asked``:
    since when people are wanted, below 0 while they are not; ``again``: it is interrupted and starts anew."""

    until: int = NEVER
    left: int = -1
    whole: int = 0
    begun: int = 0
    ends: int = 0
    asked: int = -1
    again: bool = False


class Task(Unit):
    """A unit with one task at a time. Work passes while the people it needs and ``calendar`` are there."""

    interruptible = True
    record: TaskRecord

    def __init__(self, name: str, index: int, clock: Clock, record: TaskRecord, needs: Needs, calendar: Calendar | None = None) -> None:
        super().__init__(name, index, clock, record)
        self.takes_any = False
        self.needs = needs
        self.calendars = list(dict.fromkeys([*needs.calendars, *([calendar] if calendar is not None else [])]))

    def begins(self, now: int, length: Callable[[], int]) -> bool:
        """Begin, or go on, if all that is needed is free; else wait for it. ``length`` says how long the task is, ns, once it begins."""
        record = self.record
        if record.asked < 0:
            record.asked = now
        if self.needs and not seize(self, self.needs, now, asked=record.asked):
            check_deadlock(self, now)
            return False
        if record.left < 0:
            record.left = record.whole = length()
        record.begun, record.again = now, False
        record.until = record.ends = advance(self.calendars, now, record.left)
        return True

    def redraw_length(self, now: int, length: tuple[Draw, Stream], at_work: bool) -> None:
        """A task whose length was drawn is not over: draw it anew, given how long it was worked on."""
        record, (distribution, stream) = self.record, length
        if record.left < 0 or (at_work and not now < record.until <= record.ends):
            return
        done = record.whole - record.left + (open_time(self.calendars, record.begun, now) if at_work else 0)
        whole = nanoseconds(beyond(distribution.inverse, done / NANOSECONDS, stream.uniform()))
        record.left, record.whole = record.left + whole - record.whole, whole
        if at_work:
            record.until = record.ends = max(now, advance(self.calendars, record.begun, record.left))
            self.clock.reschedule(self, record.until)

    def interrupt(self, number: int, asked: int, again: bool, now: int) -> bool:
        record = self.record
        if now >= record.ends:
            return False
        record.again = again
        record.until = now
        self.clock.reschedule(self, now)
        return True

    def over(self, now: int) -> bool:
        """Give back what is held, at the end or where the task is interrupted; False where work is left."""
        record = self.record
        if self.needs:
            release(self, self.needs, now)
        if now >= record.ends:
            record.left = record.asked = -1
            return True
        record.left = record.whole if record.again else record.left - open_time(self.calendars, record.begun, now)
        return False
