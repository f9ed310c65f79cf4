"""Energy states of a line: what its machines draw while it stands, and how long it needs to start again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twin.engine.calendars import FAR, Windows
from twin.engine.clock import nanoseconds
from twin.engine.states import OFF_SHIFT
from twin.engine.unit import State
from twin.scenario.line_rules import EnergyStates

IDLE, STANDBY, OFF = "idle", "standby", "off"


@dataclass(slots=True)
class Rest:
    """The rules of one line, and since when it is what. Times in ns.

    ``awake``: when it last worked or had warmed up, below 0 before the first time; ``started``: when it last began to run after a stop;
    ``standby_time`` and ``off_time``: how long it stood so, within its hours; ``rested``: it has, since it last ran.
    """

    standby_after: int
    off_after: int
    warm_up: int
    warm_up_off: int
    min_run: int
    min_stop: int
    awake: int = -1
    started: int = -1
    standby_time: int = 0
    off_time: int = 0
    rested: bool = True

    @classmethod
    def of(cls, model: EnergyStates) -> Rest:
        """The rules of a scenario."""
        after = [nanoseconds(value) if value is not None else FAR for value in (model.standby_after, model.off_after)]
        off = model.warm_up_off if model.warm_up_off is not None else model.warm_up
        warm_up, warm_up_off, min_run, min_stop = (nanoseconds(value) for value in (model.warm_up, off, model.min_run, model.min_stop))
        return cls(after[0], after[1], warm_up, warm_up_off, min_run, min_stop)

    def _from(self, after: int) -> int:
        """When the line goes to rest, ``after`` it last worked, but not before its shortest run is over."""
        return max(self.awake + after, self.started + self.min_run) if after < FAR else FAR

    def pieces(self, begin: int, end: int, state: int) -> Iterator[tuple[int, int, str]]:
        """Cut a time without work: (from, to, idle, standby or off); outside the line's hours it is off."""
        if state == OFF_SHIFT:
            yield begin, end, OFF
            return
        if self.awake < 0:
            yield begin, end, IDLE
            return
        off = self._from(self.off_after)
        standby = min(self._from(self.standby_after), off)
        for since, until, level in ((begin, standby, IDLE), (standby, off, STANDBY), (off, end, OFF)):
            since, until = max(begin, since), min(end, until)
            if since < until:
                yield since, until, level

    def add(self, level: str, duration: int) -> None:
        """The line stood at ``level`` for so long, within its hours."""
        self.standby_time += duration if level == STANDBY else 0
        self.off_time += duration if level == OFF else 0

    def start_delay(self, windows: Windows, now: int) -> int:
        """How long a start at ``now`` takes: what is left of the shortest stop, and warming up."""
        if self.awake < 0 or windows.open_between(self.awake, now) < now - self.awake:
            self.rested = True
            return self.warm_up_off
        off, standby = self._from(self.off_after), self._from(self.standby_after)
        if now <= min(off, standby):
            return 0
        self.rested = True
        stopped = max(0, min(off, standby) + self.min_stop - now)
        return stopped + (self.warm_up_off if now + stopped > off else self.warm_up)

    def stop_left(self, windows: Windows, now: int) -> int:
        """What is left of the shortest stop, for which nobody is needed yet."""
        if self.awake < 0 or windows.open_between(self.awake, now) < now - self.awake:
            return 0
        resting = min(self._from(self.off_after), self._from(self.standby_after))
        return max(0, resting + self.min_stop - now) if now > resting else 0

    def begin_run(self, now: int) -> None:
        """The line works after it had stood: after a rest that is a start, from which its shortest run counts."""
        if self.rested:
            self.started = now
        self.rested = False

    def save(self) -> State:
        """What it remembers."""
        return {key: getattr(self, key) for key in ("awake", "started", "standby_time", "off_time", "rested")}

    def load(self, state: State) -> None:
        """Take over what it remembered."""
        for key, value in state.items():
            setattr(self, key, value)

    def must_run(self, now: int) -> bool:
        """Whether the shortest run is not over."""
        return self.started >= 0 and now < self.started + self.min_run
