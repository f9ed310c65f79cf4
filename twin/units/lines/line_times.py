"""How a line spends its time: its record, and the account of what it worked and why it stood, cut where shifts begin and end."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.engine.calendars import Windows
from twin.engine.clock import Clock
from twin.engine.recording import Recorder
from twin.engine.states import CHANGEOVER, DOWN, MAINTENANCE, OFF_SHIFT, OVERTIME, RUNNING, STARVED, STATES
from twin.engine.unit import Unit
from twin.units.lines.closing import Closing
from twin.units.lines.downtime import Downtime
from twin.units.lines.energy_states import Rest
from twin.units.lines.intake import Intake
from twin.units.lines.line_records import LineRecords
from twin.units.lines.network import Network

READY, START, WORK, DELIVER, RUN_OUT, WARMING = range(6)
"""Phases: no lot on the line; a lot waits to be (further) worked on; work; delivery; the machines run empty; they warm up."""


@dataclass(slots=True)
class LineRecord:
    """All times in ns. ``left``: work left on the lot; ``operated``: running time so far; ``state`` holds since ``since``; ``rated``: the lot's
    rates are drawn; ``cause``: the unit or resource that it waits for. ``lots``: lots done; ``slowed``: lots that take longer than their machines need, since
    the loops do not settle faster. ``ailing``: failed copies and hazards that are not yet dealt with. ``began``: when it last worked. ``gone``: of the
    ``duration`` of the lot, what was handed over already. ``asked``: since when an interrupted line wants what it needs, else below 0.

    With rules of closing: ``closes``: when the windows close or closed last, ``rule``: what happens then; ``kept``: crew and tools stay, in
    overtime or while the line warms up.
    ``pauses``: stops that the line makes by itself, now in state ``paused``; ``set_for``: the source or material that it is set for, ``flush``: whether it is
    still to be flushed. ``consulted``: when policies were last asked for the next lot.
    """

    until: int = 0
    phase: int = READY
    state: int = STARVED
    since: int = 0
    began: int = -1
    left: int = 0
    duration: int = 0
    operated: int = 0
    feed: float = 0.0
    lot: int = 0
    lots: int = 0
    rated: bool = False
    down: int = 0
    serviced: int = 0
    slowed: int = 0
    ailing: int = 0
    sweeps: int = 0
    most_sweeps: int = 0
    cause: str = ""
    gone: int = 0
    closes: int = -1
    rule: str = ""
    kept: bool = False
    asked: int = -1
    pauses: int = 0
    paused: int = CHANGEOVER
    set_for: str = ""
    flush: bool = False
    consulted: int = -1
    state_time: list[int] = field(default_factory=lambda: [0] * len(STATES))


@dataclass(frozen=True)
class Equipment:
    """What a line consists of: its machines and how they are wired, where it draws from, when it may work, and where all that is recorded."""

    network: Network
    intake: Intake
    windows: Windows
    recorder: Recorder
    records: LineRecords
    closing: Closing | None = None


class TimedLine(Unit):
    """What of a line knows the time: in which state it was how long."""

    def __init__(self, name: str, index: int, clock: Clock, equipment: Equipment) -> None:
        super().__init__(name, index, clock, record := LineRecord())
        self.record: LineRecord = record
        self.network, self.intake = equipment.network, equipment.intake
        self.windows, self.recorder, self.records = equipment.windows, equipment.recorder, equipment.records
        self.records.draw_from(self.intake.weights)
        self.machine_rows = self.records.machine_rows
        self.closing = equipment.closing
        self.rest: Rest | None = None
        self._ruled: bool | None = None
        """Whether the line has rules that are looked at before a lot; None as long as nobody has looked."""
        self.downtimes: list[Downtime] = []

    def operated(self, now: int) -> int:
        """Running time of the line up to ``now``, ns."""
        record = self.record
        return record.operated + (now - record.began if record.phase == WORK else 0)

    def _progress(self, now: int) -> None:
        """Account for the work done since ``began``; the lot keeps what is left."""
        record = self.record
        done = now - record.began
        record.operated += done
        record.left -= done
        record.began = record.since = now
        if record.ailing and done:
            self._add_downtime(now - done, now)
        if self._ruled is False:
            if done or record.duration == 0:
                record.state_time[RUNNING] += done
                self.records.running(self, now - done, now)
            return
        if self.rest is not None:
            self.rest.awake = now
        if self.closing is not None and done:
            for begin, end, state in self.windows.pieces(now - done, now, RUNNING):
                state = state if state == RUNNING else OVERTIME
                record.state_time[state] += end - begin
                self.records.running(self, begin, end, state)
        elif done or record.duration == 0:
            record.state_time[RUNNING] += done
            self.records.running(self, now - done, now)

    def _cut(self, now: int) -> None:
        """Close the present interval before something about it changes."""
        if self.record.phase != WORK and self.record.since < now:
            self._close(now)

    def _close(self, now: int) -> None:
        """Account for a time without work, cut where shifts and planned stops begin and end."""
        record = self.record
        state = MAINTENANCE if record.serviced else DOWN if record.down else record.paused if record.pauses else record.state
        if self.windows.always and not record.ailing:  # a line that is open day and night
            record.state_time[state] += now - record.since
            self.records.standing(self, record.since, now, state)
            record.since = now
            return
        for begin, end, effective in self.windows.pieces(record.since, now, state):
            record.state_time[effective] += end - begin
            if record.ailing and effective not in (OFF_SHIFT, MAINTENANCE):
                self._add_downtime(begin, end)
            self.records.standing(self, begin, end, effective)
        record.since = now

    def _add_downtime(self, begin: int, end: int) -> None:
        for downtime in self.downtimes:
            downtime.add(self.recorder, begin, end)

    def settle(self, now: int) -> None:
        if self.record.phase == WORK:
            if self.record.began < now:
                self._progress(now)
        elif self.record.since < now:
            self._close(now)
