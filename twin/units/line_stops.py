"""What stops a line: the end of a shift, planned stops, failures, hazards and the replacement of worn parts. It knows when it will be stopped next."""

from __future__ import annotations

from twin.engine.clock import Clock
from twin.engine.states import RUNNING
from twin.engine.unit import Unit
from twin.engine.waiting import WaitingList
from twin.units.breakdown import WORKING, Replacement, next_failure
from twin.units.hazard import QUIET, Hazard
from twin.units.line_times import WORK, Equipment, TimedLine
from twin.units.machine import Machine
from twin.units.outage import Outage


class StoppableLine(TimedLine):
    """What of a line knows its stops. Machines report failures and repairs, hazards and replacements their begin and end."""

    def __init__(self, name: str, index: int, clock: Clock, equipment: Equipment) -> None:
        super().__init__(name, index, clock, equipment)
        self.machines: list[Machine] = self.network.machines
        self.breakdowns: list[Outage] = []
        self.replacements: dict[str, Replacement] = {}
        self.hazards: list[Hazard] = []
        self.repaired = WaitingList(f"{name}: repair", lambda _: not (self.record.down or self.record.serviced), self._menders)
        self._open_until = -1
        self._next_failure = -1

    def _menders(self) -> list[Unit]:
        units: list[Unit] = [b for b in self.breakdowns if b.record.phase != WORKING]
        units += [h for h in self.hazards if h.record.phase != QUIET]
        return [*units, *(r for r in self.replacements.values() if r.record.phase != WORKING)]

    def _stop(self, now: int) -> int:
        """When the running line will be stopped next, ns."""
        record = self.record
        stop = now + min(record.left, max(0, self._next_failure - record.operated))
        if now >= self._open_until:  # not known yet after a resume
            imposed, until = self.windows.status(now)
            self._open_until = until if imposed == RUNNING else now
        if self._open_until < stop:
            stop = self._open_until
        for breakdown in self.breakdowns:
            if breakdown.by_calendar and breakdown.record.phase == WORKING and now <= breakdown.record.fails_at < stop:
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
            machine.record.up += 1
            self.records.copies(self, self.machines.index(machine), machine)
        if self.record.phase == WORK and self.record.until >= 0:
            self._replan(now)
        self.repaired.wake_first(now)

    def stop_begins(self, now: int) -> None:
        """A hazard struck: the line stands."""
        self.record.ailing += 1
        self.record.down += 1

    def stop_ends(self, now: int) -> None:
        """What struck is dealt with."""
        self.record.ailing -= 1
        self.record.down -= 1
        self.repaired.wake_first(now)

    def service_begins(self, now: int) -> None:
        """A worn part is being replaced: the line stands."""
        self._cut(now)
        self.record.serviced += 1

    def service_ends(self, machine: Machine, now: int) -> None:
        """The part is new."""
        self._cut(now)
        self.record.serviced -= 1
        self.network.changed(machine)
        self.recorder.note(now, machine.name, "worn part replaced")
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
