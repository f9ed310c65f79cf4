"""Hazards: rare events that what passes through a machine brings about, such as a battery that catches fire or a piece that jams a rotor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.engine.calendars import Calendar
from twin.engine.clock import Clock, nanoseconds
from twin.engine.needs import Needs
from twin.engine.streams import Draw, Stream
from twin.engine.unit import State
from twin.scenario.equilibrium import beyond
from twin.units.ground.task import Task, TaskRecord
from twin.units.lines.outage import StoppedLine

if TYPE_CHECKING:
    from twin.units.lines.machine import Machine

MOST_DRAWS = 1000
"""Events that a lot is searched for; where it holds more, the next is counted from its end."""
QUIET, ASKING, STOPPED = "quiet", "asking", "stopped"


@dataclass(slots=True)
class HazardRecord(TaskRecord):
    """``to_next``: kg until the next event, below 0 before the first draw, of the ``gap`` that was drawn; ``coming``: kg in the lot on the line."""

    phase: str = QUIET
    to_next: float = -1.0
    gap: float = 0.0
    coming: float = 0.0
    count: int = 0


class Hazard(Task):
    """One hazard of a machine: it stops the line after the lot in which it strikes.

    ``materials``: places of what brings it about; ``row``: of its name among the reasons of the recorder.
    The mass from one event to the next is exponential with the mean ``per`` kg. Streams:
    ``hazard.NAME`` and ``hazard.NAME.stop``.
    """

    def __init__(
        self,
        name: str,
        index: int,
        clock: Clock,
        machine: Machine,
        materials: Sequence[int],
        gap: tuple[Draw, Stream],
        stop: tuple[Draw, Stream],
        needs: Needs,
        calendar: Calendar | None,
        row: int,
    ) -> None:
        super().__init__(name, index, clock, record := HazardRecord(), needs, calendar)
        self.record: HazardRecord = record
        self.machine = machine
        self.materials = np.array(materials, dtype=np.int64)
        self._gap, self._stop, self.row = gap, stop, row
        self.line: StoppedLine

    def _draw(self) -> float:
        distribution, stream = self._gap
        self.record.gap = distribution.inverse(stream.uniform())
        return self.record.gap

    def enters(self, mass: float) -> None:
        """A lot begins that brings ``mass`` kg of what is dangerous through the machine."""
        self.record.coming = mass

    def passed(self, now: int) -> None:
        """The lot is gone: did it strike?"""
        record = self.record
        if record.to_next < 0.0:
            record.to_next = self._draw()
        struck = record.coming >= record.to_next
        record.to_next -= record.coming
        record.coming = 0.0
        if struck:
            for _ in range(MOST_DRAWS):  # a lot that strikes more than once stops the line once
                if record.to_next > 0.0:
                    break
                record.to_next += self._draw()
            else:
                record.to_next = self._draw()
            record.count += 1
            self.line.settle(now)
            record.phase = ASKING
            self.line.recorder.note(now, self.name, "struck")
            self.line.recorder.stop_began(now, self.row)
            self.line.stop_begins(now)
            self.run(now)

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == ASKING:
            if not self.begins(now, self._draw_stop):
                return False
            self.line.settle(now)
            record.phase = STOPPED
            return True
        if record.phase == STOPPED:
            self.line.settle(now)
            if not self.over(now):
                record.phase = ASKING
                return True
            record.phase = QUIET
            self.line.recorder.note(now, self.name, "over")
            self.line.stop_ends(now)
        return False

    def _draw_stop(self) -> int:
        distribution, stream = self._stop
        return nanoseconds(distribution.inverse(stream.uniform()))

    def redraw(self, now: int) -> None:
        if self.record.phase != QUIET:
            self.redraw_length(now, self._stop, at_work=self.record.phase == STOPPED)
        elif self.record.to_next >= 0.0:
            (distribution, stream), passed = self._gap, self.record.gap - self.record.to_next
            self.record.gap = beyond(distribution.inverse, passed, stream.uniform())
            self.record.to_next = self.record.gap - passed

    def save(self) -> State:
        return {**super().save(), "used": [self._gap[1].used, self._stop[1].used]}

    def load(self, state: State) -> None:
        super().load(state)
        self._gap[1].rewind(state["used"][0])
        self._stop[1].rewind(state["used"][1])
