"""A steam main: what a boiler makes meets what units draw, instant by instant; an accumulator holds what is over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np

from twin.engine.clock import NANOSECONDS
from twin.engine.recording import STEAM
from twin.engine.unit import State
from twin.units.melts.process_records import ProcessRecords

MADE, USED, EXPORTED, BLOWN_OFF = (STEAM.index(name) for name in ("made", "used", "exported", "blown off"))
Interval = tuple[int, int, float]
"""From, to (ns), W."""


@dataclass(frozen=True)
class Segment:
    """A time in which nothing changes, ns, with the heat used from the main and left over in it, W."""

    begin: int
    end: int
    made: float
    used: float
    over: float


def meet(begin: int, end: int, made: float, drawn: float, level: float, store: float) -> Iterator[tuple[Segment, float]]:
    """Yield the parts of [begin, end) ns in which ``made`` and ``drawn`` W meet, each with the level (J) at its end; ``store``: the most that it holds.

    Made 3 W, drawn 5 W, 4 J stored, for 4 s: 5 W are used for 2 s, then 3 W.

    >>> [(part.end, part.used, left) for part, left in meet(0, 4 * 10**9, 3.0, 5.0, 4.0, 10.0)]
    [(2000000000, 5.0, 0.0), (4000000000, 3.0, 0.0)]
    """
    net = made - drawn
    room = store - level if net > 0.0 else level
    lasts = room / abs(net) * NANOSECONDS if net != 0.0 else math.inf
    middle = end if lasts >= end - begin else begin + int(lasts)
    if middle > begin:
        level = min(max(level + net * (middle - begin) / NANOSECONDS, 0.0), store)
        yield Segment(begin, middle, made, drawn, 0.0), level
    if middle < end:  # full or empty but for what flows in less than a nanosecond
        yield Segment(middle, end, made, min(made, drawn), max(net, 0.0)), level


class Listener(Protocol):
    """Who is told of steam as it is made and drawn; what it does with that is not seen here."""

    def make(self, now: int, length: int, heat: float) -> None:
        """``heat`` J become steam evenly from ``now`` on, for ``length`` ns."""

    def draw(self, now: int, until: int, heat: float) -> None:
        """``heat`` J are drawn evenly from ``now`` to ``until``, ns."""


class SteamMain:
    """Rows of the recorder for one carrier. ``level`` J in the accumulator, up to date ``since`` ns; what is made and drawn lies in intervals."""

    def __init__(self, records: ProcessRecords, carrier: int, store: float, excess: int) -> None:
        self.records, self.carrier, self.store, self.excess = records, carrier, store, excess
        self.level, self.since = 0.0, 0
        self.made: list[Interval] = []
        self.drawn: list[Interval] = []
        self.supplied = 0.0
        self.listener: Listener | None = None
        records.recorder.mains[carrier] = self

    def make(self, now: int, length: int, heat: float) -> None:
        """``heat`` J become steam evenly from ``now`` on, for ``length`` ns."""
        self.made.append((now, now + length, heat * NANOSECONDS / length))
        if self.listener is not None:
            self.listener.make(now, length, heat)

    def draw(self, now: int, until: int, heat: float) -> None:
        """A unit draws ``heat`` J evenly from ``now`` to ``until``; what takes no time is drawn in a nanosecond."""
        until = max(until, now + 1)
        self.drawn.append((now, until, heat * NANOSECONDS / (until - now)))
        if self.listener is not None:
            self.listener.draw(now, until, heat)

    def settle(self, now: int) -> None:
        """Let what was made and drawn meet, up to ``now``."""
        if now <= self.since:
            return
        edges = {self.since, now}
        for begin, end, _ in (*self.made, *self.drawn):
            edges.update(edge for edge in (begin, end) if self.since < edge < now)
        for begin, end in pairwise(sorted(edges)):
            made, drawn = (sum(watts for since, until, watts in intervals if since <= begin and until >= end) for intervals in (self.made, self.drawn))
            if made > 0.0 or (drawn > 0.0 and self.level > 0.0):
                for segment, level in meet(begin, end, made, drawn, self.level, self.store):
                    self._record(segment)
                    self.level = level
        self.made = [interval for interval in self.made if interval[1] > now]
        self.drawn = [interval for interval in self.drawn if interval[1] > now]
        self.since = now

    def _record(self, segment: Segment) -> None:
        records, recorder = self.records, self.records.recorder
        for k, part in recorder.cut(segment.begin, segment.end):
            seconds, steam = part / NANOSECONDS, recorder.steam[k][records.use_row]
            steam[MADE] += segment.made * seconds
            steam[USED] += segment.used * seconds
            steam[self.excess] += segment.over * seconds
            recorder.use[k][records.use_row][self.carrier] -= segment.used * seconds
        used = segment.used * (segment.end - segment.begin) / NANOSECONDS
        records.used[self.carrier] -= used
        self.supplied += used
        if used > 0.0:
            use = np.zeros(len(records.used))
            use[self.carrier] = -used
            records.metered(segment.begin, segment.end, use)

    def save(self) -> State:
        """As plain data."""
        return {
            "level": self.level,
            "since": self.since,
            "supplied": self.supplied,
            "made": [list(i) for i in self.made],
            "drawn": [list(i) for i in self.drawn],
        }

    def load(self, state: State) -> None:
        """Take over a saved one."""
        self.level, self.since, self.supplied = state["level"], state["since"], state["supplied"]
        self.made, self.drawn = ([(int(a), int(b), float(w)) for a, b, w in state[name]] for name in ("made", "drawn"))


@runtime_checkable
class RaisesSteam(Protocol):
    """A unit that feeds a steam main."""

    name: str
    main: SteamMain
