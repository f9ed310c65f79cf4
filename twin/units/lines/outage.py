"""What takes one copy of a machine out: a breakdown that is drawn, or the stops of a list. Both may hold the same copy at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twin.engine.unit import Unit

if TYPE_CHECKING:
    from twin.engine.calendars import Windows
    from twin.engine.recording import Recorder
    from twin.units.lines.machine import Machine

WORKING, ASKING, REPAIRING = "working", "asking", "repairing"


class StoppedLine(Protocol):
    """A line as those see it who stop it: outages of its machines, hazards, replacements, and stops that it makes by itself."""

    recorder: Recorder
    windows: Windows
    breakdowns: list[Outage]

    def settle(self, now: int) -> None:
        """Account for all up to now."""

    def operated(self, now: int) -> int:
        """Running time of the line up to ``now``, ns."""

    def failure_moved(self, now: int) -> None:
        """The next failure of a copy comes at another time."""

    def copy_down(self, outage: Outage, now: int) -> None:
        """A copy of a machine is out."""

    def copy_up(self, outage: Outage, now: int) -> None:
        """It is there again."""

    def stop_begins(self, now: int) -> None:
        """A hazard struck: the line stands."""

    def stop_ends(self, now: int) -> None:
        """What struck is dealt with."""

    def service_begins(self, now: int) -> None:
        """A worn part is being replaced."""

    def service_ends(self, machine: Machine, now: int) -> None:
        """The part is new."""

    def pause_begins(self, state: int, now: int) -> None:
        """The line changes over or is cleaned: it stands, in that state."""

    def pause_ends(self, now: int) -> None:
        """It is done."""


class OutageRecord(Protocol):
    """What the line reads: the phase, and when the next outage begins, ns of operation (operating clock) or of the run (calendar clock)."""

    until: int
    phase: str
    fails_at: int


class Outage(Unit):
    """Holds one copy of a machine while its phase is not ``working``.

    ``copy``: which of several, from 0; ``by_calendar``: it begins at a time of the run, not of operation. ``beside``: what else may hold the same copy.
    ``line`` is set when there is one.
    """

    record: OutageRecord
    line: StoppedLine

    def holds(self, machine: Machine, copy: int, by_calendar: bool = True) -> None:
        """It is a copy of this machine that it takes out."""
        self.takes_any = False
        self.machine, self.copy, self.by_calendar = machine, copy, by_calendar
        self.beside: tuple[Outage, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether nothing else holds the copy."""
        return not any(other.record.phase != WORKING for other in self.beside)

    @property
    def row(self) -> int:
        """The row of the reason, among those of the recorder, that the present outage is booked under."""
        raise NotImplementedError(f"{type(self).__name__}.row")

    def fail(self, now: int) -> None:
        """The line found that this copy's operating life is over."""
        self.run(now)
