"""How long the copies of a line's machines are down, for which reason, and how much of that they wait for who repairs them.

A copy is down from its failure to the end of its repair, or for as long as a list says, while its line is meant to work: what falls into off-shift time or
maintenance is that. A hazard takes all copies of its machine down. Where several things hold a copy at once its time is booked once: under the list's
reason, which somebody wrote down, else under the hazard's, else under that of the breakdown. Times are summed over the copies;
:mod:`twin.plant.translation` divides by their number.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.engine.recording import Recorder
from twin.units.lines.absent import parked
from twin.units.lines.hazard import ASKING as HAZARD_ASKING
from twin.units.lines.hazard import QUIET, Hazard
from twin.units.lines.listed_stops import ListedStops
from twin.units.lines.machine import Machine
from twin.units.lines.outage import ASKING, WORKING, Outage


class Downtime:
    """Accounts for one machine, in ``row`` of the recorder's ``down`` and ``repair_wait``, and by reason in ``stopped``."""

    def __init__(self, machine: Machine, row: int, outages: Sequence[Outage], hazards: Sequence[Hazard]) -> None:
        self.machine, self.row, self.hazards = machine, row, tuple(hazards)
        self.copies: list[list[Outage]] = [[] for _ in range(machine.count)]
        for outage in sorted(outages, key=lambda outage: not isinstance(outage, ListedStops)):
            self.copies[outage.copy].append(outage)

    def now(self) -> tuple[list[int], int]:
        """The row of the reason of each copy that is down now, and how many of them wait for a repair to begin."""
        struck = [hazard for hazard in self.hazards if hazard.record.phase != QUIET]
        nobody_yet = bool(struck) and all(hazard.record.phase == HAZARD_ASKING for hazard in struck)
        rows, asking = [], 0
        for outages in self.copies:
            if parked(outages):
                continue
            holder = next((outage for outage in outages if outage.record.phase != WORKING), None)
            if struck and not isinstance(holder, ListedStops):
                rows.append(struck[0].row)
                asking += nobody_yet
            elif holder is not None:
                rows.append(holder.row)
                asking += holder.record.phase == ASKING
        return rows, asking

    def add(self, recorder: Recorder, begin: int, end: int) -> None:
        """Nothing changed from ``begin`` to ``end``, ns, in which the line was meant to work."""
        rows, asking = self.now()
        if rows:
            for k, part in recorder.cut(begin, end):
                recorder.down[k][self.row] += len(rows) * part
                recorder.repair_wait[k][self.row] += asking * part
                for row in rows:
                    recorder.stopped[k][row] += part
