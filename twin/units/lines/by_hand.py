"""Stops that somebody outside imposes on a copy of a machine that does not fail by itself; there is one for each such copy of a plant that is followed live."""

from __future__ import annotations

from dataclasses import dataclass

from twin.engine.clock import Clock
from twin.engine.unit import NEVER
from twin.units.lines.machine import Machine
from twin.units.lines.outage import REPAIRING, WORKING, Outage

REASON = "stopped"


@dataclass(slots=True)
class ByHandRecord:
    """``phase``: repairing while the copy stands. Nothing comes of itself."""

    until: int = NEVER
    fails_at: int = NEVER
    phase: str = WORKING


class StoppedByHand(Outage):
    """Takes one copy out, and lets it work again; it has no event of its own. ``row``: of its reason in the recorder."""

    def __init__(self, name: str, index: int, clock: Clock, machine: Machine, copy: int, row: int) -> None:
        super().__init__(name, index, clock, record := ByHandRecord())
        self.record: ByHandRecord = record
        self.holds(machine, copy)
        self._row = row

    @property
    def row(self) -> int:
        return self._row

    @property
    def imposed(self) -> bool:
        """It never stops by chance."""
        return True

    def stop(self, now: int) -> None:
        """The copy stands from now on."""
        self.line.settle(now)
        self.record.phase = REPAIRING
        self.line.recorder.note(now, self.name, f"stopped: {REASON}")
        self.line.recorder.stop_began(now, self.row)
        self.line.copy_down(self, now)

    def restart(self, now: int) -> None:
        """It works again."""
        self.line.settle(now)
        self.line.recorder.note(now, self.name, "over")
        self.record.phase = WORKING
        self.line.copy_up(self, now)

    def impose(self, now: int) -> None:
        """Nothing is drawn of it anyway."""

    def release(self, now: int) -> None:
        """Nobody knows how long it would stand: it works again at once."""
        if self.record.phase != WORKING:
            self.restart(now)
