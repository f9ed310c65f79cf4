"""Failures, repairs and the replacement of worn parts, one unit for each copy of a machine.

Operating-hour clocks stand still unless the line runs: the line asks for the next failure and calls :meth:`Breakdown.fail`. Calendar clocks tick
always: the breakdown wakes by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.engine.calendars import FAR, Calendar, open_time
from twin.engine.clock import NANOSECONDS, Clock, nanoseconds
from twin.engine.needs import Needs, release
from twin.engine.streams import Draw, Stream
from twin.engine.unit import NEVER, State
from twin.scenario.equilibrium import beyond
from twin.units.ground.inputs import Input, Listener
from twin.units.ground.task import Task, TaskRecord
from twin.units.lines.outage import ASKING, REPAIRING, Outage, StoppedLine
from twin.units.lines.outage import WORKING as WORKING

if TYPE_CHECKING:
    from twin.units.lines.absent import Absent
    from twin.units.lines.machine import Machine


LONGEST_LIFE = 1e9
"""Seconds; a longer one is never lived to the end."""


@dataclass(slots=True)
class BreakdownRecord(TaskRecord):
    """``fails_at``: ns of operation (operating clock) or of the run (calendar clock); the life that then ends began at ``base``."""

    until: int = 0
    phase: str = WORKING
    fails_at: int = NEVER
    base: int = 0
    failures: int = 0


class Breakdown(Task, Outage):
    """The failures of one copy of a machine, booked under the reason in ``row`` of the recorder."""

    record: BreakdownRecord

    def __init__(
        self,
        name: str,
        index: int,
        clock: Clock,
        machine: Machine,
        life: tuple[Draw, Stream],
        repair: tuple[Draw, Stream],
        by_calendar: bool,
        needs: Needs,
        calendar: Calendar | None,
        row: int,
        copy: int,
    ) -> None:
        super().__init__(name, index, clock, record := BreakdownRecord(), needs, calendar)
        self.record = record
        self.holds(machine, copy, by_calendar)
        self._life, self._repair, self._row = life, repair, row
        self.absent: Absent | None = None
        self.listener: Listener | None = None

    @property
    def row(self) -> int:
        return self._row

    def draw_life(self, base: int) -> None:
        """Set the next failure, counted from ``base`` ns."""
        distribution, stream = self._life
        self.record.base = base
        self.record.fails_at = base + nanoseconds(min(distribution.inverse(stream.uniform()), LONGEST_LIFE))

    def redraw(self, now: int) -> None:
        record, (distribution, stream) = self.record, self._life
        if record.phase != WORKING:
            self.redraw_length(now, self._repair, at_work=record.phase == REPAIRING)
            return
        age = now if self.by_calendar else self.line.operated(now)
        if not age < record.fails_at < FAR:  # not drawn yet, due at this instant, or away
            return
        life = beyond(distribution.inverse, (age - record.base) / NANOSECONDS, stream.uniform())
        record.fails_at = max(age, record.base + nanoseconds(min(life, LONGEST_LIFE)))
        if self.by_calendar:
            record.until = record.fails_at
            self.clock.reschedule(self, record.until)
        self.line.failure_moved(now)

    @property
    def imposed(self) -> bool:
        """Whether no failure is drawn: its copy fails by :meth:`stop` only."""
        return self.record.fails_at == FAR and not (self.absent is not None and self.absent.record.phase != WORKING)

    def impose(self, now: int) -> None:
        """From now on no failure and no end of a repair is drawn."""
        record = self.record
        if record.phase == WORKING:
            record.base = record.base if record.fails_at not in (NEVER, FAR) else self._age(now)
            record.fails_at = FAR
            self.cancel()
            self.line.failure_moved(now)
            return
        if record.phase == REPAIRING and self.needs:
            release(self, self.needs, now)
        self.leave_lists()
        record.phase, record.fails_at = REPAIRING, FAR
        record.left = record.asked = -1
        self.cancel()

    def stop(self, now: int) -> None:
        """The copy fails now, and is down until :meth:`restart`."""
        record = self.record
        self._go_down(now)
        record.phase, record.begun, record.left, record.asked = REPAIRING, now, -1, -1

    def restart(self, now: int) -> None:
        """The copy works again."""
        record = self.record
        self.line.settle(now)
        self.line.recorder.note(now, self.name, "repaired")
        record.phase, record.fails_at = WORKING, FAR
        record.base = self._age(now)
        self.line.copy_up(self, now)

    def release(self, now: int) -> None:
        """Failures are drawn again, given that none came since the last repair; a repair that is on ends when one does that has lasted so long."""
        record = self.record
        if record.fails_at != FAR or (self.absent is not None and self.absent.record.phase != WORKING):
            return
        if record.phase == WORKING:
            distribution, stream = self._life
            life = beyond(distribution.inverse, (self._age(now) - record.base) / NANOSECONDS, stream.uniform())
            record.fails_at = max(self._age(now), record.base + nanoseconds(min(life, LONGEST_LIFE)))
            if self.by_calendar:
                record.until = max(now, record.fails_at)
                self.clock.schedule(self, record.until)
            self.line.failure_moved(now)
            return
        distribution, stream = self._repair
        done = open_time(self.calendars, record.begun, now)
        record.whole = nanoseconds(beyond(distribution.inverse, done / NANOSECONDS, stream.uniform()))
        record.left, record.asked, record.phase = max(0, record.whole - done), record.begun, ASKING
        self.wake(now)

    def _age(self, now: int) -> int:
        return now if self.by_calendar else self.line.operated(now)

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == WORKING:
            if record.fails_at == NEVER:
                self.draw_life(0)
                self._freeze_if_away(now)
                if self.by_calendar:
                    record.until = max(record.fails_at, now)
                    return True
                return False
            self._go_down(now)
        if record.phase == ASKING:
            if not self.begins(now, self._draw_repair):
                return False
            self.line.settle(now)
            record.phase = REPAIRING
            return True
        self.line.settle(now)
        if not self.over(now):
            record.phase = ASKING
            return True
        return self._go_up(now)

    def _freeze_if_away(self, now: int) -> None:
        """A copy that is not there does not age."""
        if self.absent is not None:
            self.absent.freeze(self, now)

    def _draw_repair(self) -> int:
        distribution, stream = self._repair
        return nanoseconds(distribution.inverse(stream.uniform()))

    def _go_down(self, now: int) -> None:
        if self.listener is not None:
            self.listener(Input(now, "stop", self.machine.name, 0.0, self.copy))
        self.line.settle(now)
        self.record.phase = ASKING
        self.record.failures += 1
        self.line.recorder.note(now, self.name, "failed")
        self.line.recorder.stop_began(now, self.row)
        self.line.copy_down(self, now)

    def _go_up(self, now: int) -> bool:
        record = self.record
        if self.listener is not None:
            self.listener(Input(now, "restart", self.machine.name, 0.0, self.copy))
        self.line.recorder.note(now, self.name, "repaired")
        record.phase = WORKING
        self.draw_life(now if self.by_calendar else self.line.operated(now))
        self._freeze_if_away(now)
        self.line.copy_up(self, now)
        if not self.by_calendar:
            return False
        record.until = record.fails_at
        return True

    def save(self) -> State:
        return {**super().save(), "used": [self._life[1].used, self._repair[1].used]}

    def load(self, state: State) -> None:
        super().load(state)
        self._life[1].rewind(state["used"][0])
        self._repair[1].rewind(state["used"][1])


@dataclass(slots=True)
class ReplacementRecord(TaskRecord):
    """``phase``: working (nothing to do), asking, repairing."""

    phase: str = WORKING
    count: int = 0


class Replacement(Task):
    """The replacement of a machine's worn part: the line stands in maintenance meanwhile."""

    def __init__(self, name: str, index: int, clock: Clock, machine: Machine, seconds: float, needs: Needs) -> None:
        super().__init__(name, index, clock, record := ReplacementRecord(), needs)
        self.record: ReplacementRecord = record
        self.machine = machine
        self.duration = nanoseconds(seconds)
        self.line: StoppedLine

    def begin(self, now: int) -> None:
        """The line asks for a new part, between two lots."""
        self.record.phase = ASKING
        self.line.service_begins(now)
        self.run(now)

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == ASKING:
            if not self.begins(now, lambda: self.duration):
                return False
            record.phase = REPAIRING
            return True
        if record.phase == REPAIRING:
            if not self.over(now):
                record.phase = ASKING
                return True
            record.phase = WORKING
            record.count += 1
            self.machine.replaced()
            self.line.service_ends(self.machine, now)
        return False


def next_failure(breakdowns: Sequence[Outage]) -> int:
    """The operating time (ns) at which the next of these copies fails; :data:`~twin.engine.calendars.FAR` if none does."""
    return min(
        (b.record.fails_at for b in breakdowns if not b.by_calendar and b.record.phase == WORKING and b.record.fails_at >= 0),
        default=FAR,
    )
