"""The steam of a waste-heat boiler that its site neither draws nor stores, as it is now and until when that holds.

The boiler's own account of its steam is drawn up later, when it is recorded. Here the same is followed as it happens, beside it, so that the site's run does
not hang on who looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from twin.engine.clock import NANOSECONDS
from twin.engine.unit import State

NEARLY = 1e-12
"""An accumulator that lacks no more than this share of what it holds is full."""
Span = tuple[int, int, float]
"""From, to (ns), W."""


class SteamSource:
    """``store`` J is what the accumulator holds at most, ``level`` J what it held at ``since`` ns; ``looks``: called when something new is known."""

    def __init__(self, store: float, looks: Callable[[int], None]) -> None:
        self.store, self.looks = store, looks
        self.level, self.since = 0.0, 0
        self.made: list[Span] = []
        self.drawn: list[Span] = []

    def make(self, now: int, length: int, heat: float) -> None:
        """``heat`` J become steam evenly from ``now`` on, for ``length`` ns."""
        self.made.append((now, now + length, heat * NANOSECONDS / length))
        self.looks(now)

    def draw(self, now: int, until: int, heat: float) -> None:
        """``heat`` J are drawn evenly from ``now`` to ``until``, or in a nanosecond."""
        until = max(until, now + 1)
        self.drawn.append((now, until, heat * NANOSECONDS / (until - now)))
        self.looks(now)

    def over(self, now: int) -> float:
        """What nobody draws and the accumulator does not take at ``now``, W."""
        self._follow(now)
        net = self._net(now)
        return net if net > 0.0 and self._full() else 0.0

    def next_change(self, now: int) -> int | None:
        """When that changes if nothing new is known, ns; None for never."""
        self._follow(now)
        edges = [edge for begin, end, _ in (*self.made, *self.drawn) for edge in (begin, end) if edge > now]
        net = self._net(now)
        if net > 0.0 and not self._full():
            edges.append(now + max(1, math.ceil((self.store - self.level) / net * NANOSECONDS)))
        return min(edges, default=None)

    def _full(self) -> bool:
        return self.level >= self.store * (1.0 - NEARLY)

    def _net(self, now: int) -> float:
        made, drawn = (sum(watts for begin, end, watts in spans if begin <= now < end) for spans in (self.made, self.drawn))
        return made - drawn

    def _follow(self, now: int) -> None:
        """Fill and empty the accumulator up to ``now``: between two edges what is made and drawn is constant."""
        if now <= self.since:
            return
        edges = sorted(dict.fromkeys([self.since, now, *(e for a, b, _ in (*self.made, *self.drawn) for e in (a, b) if self.since < e < now)]))
        for begin, end in pairwise(edges):
            self.level = min(max(self.level + self._net(begin) * (end - begin) / NANOSECONDS, 0.0), self.store)
        self.made = [span for span in self.made if span[1] > now]
        self.drawn = [span for span in self.drawn if span[1] > now]
        self.since = now

    def save(self) -> State:
        """As plain data."""
        return {"level": self.level, "since": self.since, "made": [list(span) for span in self.made], "drawn": [list(span) for span in self.drawn]}

    def load(self, state: State) -> None:
        """Take over a saved one."""
        self.level, self.since = state["level"], state["since"]
        self.made, self.drawn = ([(int(a), int(b), float(w)) for a, b, w in state[name]] for name in ("made", "drawn"))
