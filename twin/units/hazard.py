"""Hazards: rare events that what passes through a machine brings about, such as a battery that catches fire or a piece that jams a rotor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.engine.calendars import Calendar, advance
from twin.engine.clock import Clock, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.resource import Resource, release, seize, work_calendars
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit

if TYPE_CHECKING:
    from twin.units.line import Line
    from twin.units.machine import Draw, Machine

MOST_DRAWS = 1000
"""Events that a lot is searched for; where it holds more, the next is counted from its end."""
QUIET, ASKING, STOPPED = "quiet", "asking", "stopped"


@dataclass(slots=True)
class HazardRecord:
    """``left``: kg until the next event, below 0 before the first draw; ``coming``: kg in the lot on the line."""

    until: int = NEVER
    phase: str = QUIET
    left: float = -1.0
    coming: float = 0.0
    count: int = 0


class Hazard(Unit):
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
        resources: Sequence[Resource],
        calendar: Calendar | None,
        row: int,
    ) -> None:
        super().__init__(name, index, clock, record := HazardRecord())
        self.record: HazardRecord = record
        self.takes_any = False
        self.machine, self.resources = machine, tuple(resources)
        self.materials = np.array(materials, dtype=np.int64)
        self.calendars = work_calendars(self.resources, calendar)
        self._gap, self._stop, self.row = gap, stop, row
        self.line: Line

    def _draw(self) -> float:
        distribution, stream = self._gap
        return distribution.inverse(stream.uniform())

    def enters(self, mass: float) -> None:
        """A lot begins that brings ``mass`` kg of what is dangerous through the machine."""
        self.record.coming = mass

    def passed(self, now: int) -> None:
        """The lot is gone: did it strike?"""
        record = self.record
        if record.left < 0.0:
            record.left = self._draw()
        struck = record.coming >= record.left
        record.left -= record.coming
        record.coming = 0.0
        if struck:
            for _ in range(MOST_DRAWS):  # a lot that strikes more than once stops the line once
                if record.left > 0.0:
                    break
                record.left += self._draw()
            else:
                record.left = self._draw()
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
            if self.resources and not seize(self, self.resources, now):
                check_deadlock(self, now)
                return False
            self.line.settle(now)
            distribution, stream = self._stop
            record.phase, record.until = STOPPED, advance(self.calendars, now, nanoseconds(distribution.inverse(stream.uniform())))
            return True
        if record.phase == STOPPED:
            if self.resources:
                release(self, self.resources, now)
            self.line.settle(now)
            record.phase = QUIET
            self.line.recorder.note(now, self.name, "over")
            self.line.stop_ends(now)
        return False

    def save(self) -> State:
        return {**super().save(), "used": [self._gap[1].used, self._stop[1].used]}

    def load(self, state: State) -> None:
        super().load(state)
        self._gap[1].rewind(state["used"][0])
        self._stop[1].rewind(state["used"][1])
