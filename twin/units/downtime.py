"""How long the copies of a line's machines are down, and how much of that they wait for who repairs them.

A copy is down from its failure to the end of its repair, while its line is meant to work: what falls into off-shift time or maintenance is that.
A hazard takes all copies of its machine down. Times are summed over the copies; :mod:`twin.plant.recording` divides by their number.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.engine.recording import Recorder
from twin.units.breakdown import ASKING, WORKING, Breakdown
from twin.units.hazard import ASKING as HAZARD_ASKING
from twin.units.hazard import QUIET, Hazard
from twin.units.machine import Machine


class Downtime:
    """Accounts for one machine, in ``row`` of the recorder's ``down`` and ``repair_wait``."""

    def __init__(self, machine: Machine, row: int, breakdowns: Sequence[Breakdown], hazards: Sequence[Hazard]) -> None:
        self.machine, self.row = machine, row
        self.breakdowns, self.hazards = tuple(breakdowns), tuple(hazards)

    def copies(self) -> tuple[int, int]:
        """How many copies are down now, and how many of them wait for a repair to begin."""
        struck = [hazard.record.phase for hazard in self.hazards if hazard.record.phase != QUIET]
        if struck:
            return self.machine.count, self.machine.count if all(phase == HAZARD_ASKING for phase in struck) else 0
        phases = [breakdown.record.phase for breakdown in self.breakdowns]
        return len(phases) - phases.count(WORKING), phases.count(ASKING)

    def add(self, recorder: Recorder, begin: int, end: int) -> None:
        """Nothing changed from ``begin`` to ``end``, ns, in which the line was meant to work."""
        down, asking = self.copies()
        if down:
            for k, part in recorder.cut(begin, end):
                recorder.down[k][self.row] += down * part
                recorder.repair_wait[k][self.row] += asking * part
