"""Follows a plant through its history: rows in the order in which they came, and how far they let the estimate go.

What comes out hangs on the rows and their order alone, not on when the twin looked at them: so it may be stopped and go on, and the answer is the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.live.follower import FURTHEST, Follower
from twin.live.history import Row
from twin.live.tags import Tags

PATIENCE = 60.0


class RowFollower:
    """Takes rows of a history. ``patience`` s: how long a window waits for readings that are late, beyond the delay that tags name.

    ``watched``: whether alarms are raised.
    """

    def __init__(self, tags: Tags, patience: float = PATIENCE, *, watched: bool = True) -> None:
        self.tags = tags
        self.follower = Follower(tags, watched=watched)
        self.patience = patience + max((tag.measurement.delay for tag in tags.shown), default=0.0)
        self.number = 0
        self.counts = {"taken": 0, "bad": 0, "unknown": 0}
        self._latest: dict[str, float] = {}
        self._jumped: dict[str, tuple[float, float]] = {}
        """The first and the last time that a signal showed beyond what is believed at once, s."""

    @property
    def ensemble_time(self) -> float:
        """How far the estimate is, s from the start of the scenario."""
        return self.follower.ensemble.time

    @property
    def reached(self) -> float:
        """The time that half of the signals have reached, s from the start: one clock that lies, or one signal that is silent, does not move or hold it."""
        signals = [tag.signal for tag in self.tags.shown or self.tags.inputs]
        times = sorted((self._latest.get(signal, -math.inf) for signal in signals), reverse=True)
        return times[(len(times) - 1) // 2] if times else -math.inf

    def take(self, rows: Sequence[Row], most: int = 0, end: float = math.inf) -> tuple[int, int]:
        """Take rows of the history, in their order; returns how many were taken, and how many windows were closed (no more rows after ``most``, 0: all).

        No window is begun at or after ``end``, s from the start of the scenario.
        """
        closed = 0
        for k, row in enumerate(rows):
            self._take(row)
            self.number = row.number
            while self.ensemble_time < end and self.reached >= (upto := self.ensemble_time + self.follower.following.window) + self.patience:
                closed += self.follower.take([], self.tags.start + upto + 1e-3)
            if self.ensemble_time >= end or (most and closed >= most):
                return k + 1, closed
        return len(rows), closed

    def _take(self, row: Row) -> None:
        reading = row.reading
        tag = self.tags.get(reading.signal)
        if tag is None:
            self.counts["unknown"] += 1
            return
        if not reading.good or not math.isfinite(reading.value):
            self.counts["bad"] += 1
        else:
            self.follower.take([reading], self.tags.start + self.ensemble_time)
            self.counts["taken"] += 1
        self._reach(reading.signal, self.tags.since_start(reading.time))

    def _reach(self, signal: str, at: float) -> None:
        """A signal has come to ``at`` s. A jump of more than a week is believed when its readings go on from there for a window: else a plant whose clocks show
        another year for a minute would take the estimate with it, and one that was silent for weeks would never be followed again. A reading before the jump,
        or as far beyond it, begins another: one that strayed does not keep those that come after it from being believed.
        """
        window = self.follower.following.window
        furthest = max(FURTHEST, window)
        if at > self.ensemble_time + furthest:
            first, last = self._jumped.get(signal, (at, at))
            if not first <= at <= last + furthest:
                first = at
            self._jumped[signal] = (first, at)
            if at < first + window:
                return
        self._jumped.pop(signal, None)
        self._latest[signal] = max(at, self._latest.get(signal, -math.inf))

    def save(self) -> dict[str, Any]:
        """All that a later process needs to go on with the same answer."""
        state = np.frombuffer(self.follower.state(), dtype=np.uint8)
        return {
            "number": self.number,
            "counts": dict(self.counts),
            "latest": dict(self._latest),
            "jumped": dict(self._jumped),
            "patience": self.patience,
            "follower": state,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`save` gave. Raises :class:`~twin.errors.FileError` where it is of other tags, or another scenario."""
        self.follower.restore(state["follower"].tobytes())
        self.counts, self._latest = dict(state["counts"]), dict(state["latest"])
        self._jumped = {signal: (float(first), float(last)) for signal, (first, last) in state["jumped"].items()}
        self.number, self.patience = int(state["number"]), float(state["patience"])
