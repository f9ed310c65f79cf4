"""What stops a line: the end of a shift, planned stops, failures, hazards and the replacement of worn parts. It knows when it will be stopped next."""

from __future__ import annotations

from typing import Protocol

from twin.engine.clock import Clock
from twin.engine.states import RUNNING
from twin.engine.unit import Unit
from twin.engine.waiting import WaitingList
from twin.scenario.line_rules import RUN_EMPTY
from twin.units.lines.breakdown import WORKING, Replacement, next_failure
from twin.units.lines.changeover import ChangeoverRule
from twin.units.lines.cleaning import Cleaning
from twin.units.lines.hazard import QUIET, Hazard
from twin.units.lines.line_times import START, WORK, Equipment, TimedLine
from twin.units.lines.machine import Machine
from twin.units.lines.outage import Outage


class Follower(Protocol):
    """What stands while the line is down: a belt."""

    def line_changed(self, down: bool, serviced: bool, now: int) -> None:
        """The line went down, or works again."""


class StoppableLine(TimedLine):
    """What of a line knows its stops. Machines report failures and repairs, hazards and replacements their begin and end."""

    def __init__(self, name: str, index: int, clock: Clock, equipment: Equipment) -> None:
        super().__init__(name, index, clock, equipment)
        self.machines: list[Machine] = self.network.machines
        self.breakdowns: list[Outage] = []
        self.replacements: dict[str, Replacement] = {}
        self.hazards: list[Hazard] = []
        self.repaired = WaitingList(f"{name}: repair", self._works, self.menders)
        self.changeover: ChangeoverRule | None = None
        self.cleanings: list[tuple[int, Cleaning]] = []
        self.followers: list[Follower] = []
        self._open_until = -1
        self._next_failure = -1
        self._dated: list[Outage] | None = None
        """The outages that come by the calendar; None as long as nobody has looked."""

    def _tell(self, now: int) -> None:
        """Tell the belts that stop with the line whether it stands."""
        for follower in self.followers:
            follower.line_changed(self.record.down > 0, self.record.serviced > 0, now)

    def _works(self, _: float) -> bool:
        return not (self.record.down or self.record.serviced or self.record.pauses)

    def menders(self) -> list[Unit]:
        """Who brings it about that the line works again."""
        units: list[Unit] = [b for b in self.breakdowns if b.record.phase != WORKING]
        units += [h for h in self.hazards if h.record.phase != QUIET]
        units += [cleaning.work for _, cleaning in self.cleanings if cleaning.work.busy]
        units += [self.changeover.work] if self.changeover is not None and self.changeover.work.busy else []
        return [*units, *(r for r in self.replacements.values() if r.record.phase != WORKING)]

    def _look_at_windows(self, now: int) -> tuple[int, int]:
        """The state that the windows impose and until when; sets until when the line may work, ``now`` if it may not."""
        record, closing = self.record, self.closing
        imposed, until = self.windows.status(now)
        if imposed == RUNNING:
            self._open_until = until
            if closing is not None and record.closes != until:
                record.closes, record.rule = until, closing.rule_at(self.windows, until)
        else:
            begun = record.phase in (START, WORK) and record.left < record.duration
            self._open_until = closing.overtime_until(record.rule, record.closes, until) if closing is not None and begun else now
            if self._open_until > now:
                return RUNNING, self._open_until
        return imposed, until

    @property
    def _feed_stops(self) -> int:
        """When the feed of a line that runs empty stops, ns."""
        return self.record.closes - (self.closing.run_out if self.closing is not None else 0)

    def _stop(self, now: int) -> int:
        """When the running line will be stopped next, ns."""
        record = self.record
        stop, until_failure = now + record.left, self._next_failure - record.operated
        if until_failure < record.left:
            stop = now + max(0, until_failure)
        if now >= self._open_until:  # not known yet after a resume
            self._look_at_windows(now)
        if self._open_until < stop:
            stop = max(now, self._open_until)
        if record.rule == RUN_EMPTY and self._feed_stops < stop:
            stop = max(now, self._feed_stops)
        if self._dated is None:
            self._dated = [breakdown for breakdown in self.breakdowns if breakdown.by_calendar]
        for breakdown in self._dated:
            if breakdown.record.phase == WORKING and now <= breakdown.record.fails_at < stop:
                stop = breakdown.record.fails_at
        return stop

    def _fail_due(self, now: int) -> None:
        record = self.record
        self._next_failure = -1
        for breakdown in self.breakdowns:
            own = breakdown.record
            if not breakdown.by_calendar and own.phase == WORKING and 0 <= own.fails_at <= record.operated:
                breakdown.fail(now)

    # -- what others report --------------------------------------------------------------------------------------------------------------

    def copy_down(self, outage: Outage, now: int) -> None:
        """A copy of a machine failed; all up to now is accounted for."""
        machine = outage.machine
        self.record.ailing += 1
        self._next_failure = -1
        if outage.alone:
            machine.record.up -= 1
            self.records.copies(self, self.machines.index(machine), machine)
            if machine.record.up == 0 and machine.bypass_port < 0:
                self.record.down += 1
                self._tell(now)
        if self.record.phase == WORK and self.record.until >= 0:
            self._replan(now)

    def copy_up(self, outage: Outage, now: int) -> None:
        """A copy of a machine is repaired; all up to now is accounted for."""
        machine = outage.machine
        self.record.ailing -= 1
        self._next_failure = -1
        if outage.alone:
            if machine.record.up == 0 and machine.bypass_port < 0:
                self.record.down -= 1
                self._tell(now)
            machine.record.up += 1
            self.records.copies(self, self.machines.index(machine), machine)
        if self.record.phase == WORK and self.record.until >= 0:
            self._replan(now)
        self.repaired.wake_first(now)

    def failure_moved(self, now: int) -> None:
        """The next failure of a copy comes at another time; all up to now is accounted for."""
        self._next_failure = -1
        if self.record.phase == WORK and self.record.until >= 0:
            self._replan(now)

    def stop_begins(self, now: int) -> None:
        """A hazard struck: the line stands."""
        self.record.ailing += 1
        self.record.down += 1
        self._tell(now)

    def stop_ends(self, now: int) -> None:
        """What struck is dealt with."""
        self.record.ailing -= 1
        self.record.down -= 1
        self._tell(now)
        self.repaired.wake_first(now)

    def service_begins(self, now: int) -> None:
        """A worn part is being replaced: the line stands."""
        self._cut(now)
        self.record.serviced += 1
        self._tell(now)

    def service_ends(self, machine: Machine, now: int) -> None:
        """The part is new."""
        self._cut(now)
        self.record.serviced -= 1
        self._tell(now)
        self.network.changed(machine)
        self.recorder.note(now, machine.name, "worn part replaced")
        self.repaired.wake_first(now)

    def pause_begins(self, state: int, now: int) -> None:
        """The line changes over or is cleaned: it stands, in that state."""
        self._cut(now)
        self.record.pauses += 1
        self.record.paused = state

    def pause_ends(self, now: int) -> None:
        """It is done."""
        self._cut(now)
        self.record.pauses -= 1
        self.repaired.wake_first(now)

    def change_power(self, machine: Machine, power: tuple[float, float], now: int) -> None:
        """A timed event changed the power of a machine."""
        self.settle(now)
        machine.power = power
        self.records.copies(self, self.machines.index(machine), machine)

    def _replan(self, now: int) -> None:
        """While working: the next stop may have moved."""
        record = self.record
        if record.began < now:
            self._progress(now)
        self._next_failure = next_failure(self.breakdowns)
        until = now if record.down or record.serviced else self._stop(now)
        if until != record.until:
            record.until = until
            self.clock.reschedule(self, until)
