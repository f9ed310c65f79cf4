"""Follows a plant through its history: rows in the order in which they came, windows of the plant's time, one step of the ensemble for each.

What comes out hangs on the rows and their order alone, not on when the twin looked at them: so it may be stopped and go on, and the answer is the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from twin.live.ensemble import Ensemble, Following, SlowParameter, Watch
from twin.live.ensemble.watch import Limit, find_limit
from twin.live.history import Row
from twin.live.tags import Tag, Tags
from twin.live.tags.inputs import input_of
from twin.quantities import DAY
from twin.units.ground.inputs import Input

FIRST_LIMIT = 12.0
"""Limit of the watch's sums until the plant's own innovations say what is usual."""
LEARNT = 672
"""Windows after which the limit is found from them: a week of quarters of an hour."""
MONTH = 30.0 * DAY
MOST_PENDING = 200_000
MOST_ALARMS = 1000


class Told(NamedTuple):
    """An alarm: ``time`` s since 1970 by the plant's clock; ``subject`` is a signal."""

    time: float
    subject: str
    kind: str
    text: str


class _Pending(NamedTuple):
    """A reading that waits for its window. ``at``: the moment of the truth, s from the start of the scenario; SI."""

    at: float
    signal: str
    value: float


class Follower:
    """The estimator of a plant of ``tags``. ``patience`` s: how long a window waits for readings that are late."""

    def __init__(self, tags: Tags, *, members: int = 40, seed: int = 1, parameters: Sequence[SlowParameter] = (), patience: float = 60.0) -> None:
        self.tags, self.patience = tags, patience
        shown = {tag.signal: tag.measurement for tag in tags.shown}
        imposed = list(dict.fromkeys(tag.input for tag in tags.inputs))
        self.following = Following(shown, parameters, imposed, members, seed)
        self.ensemble = Ensemble(tags.scenario, self.following)
        self.window = self.following.window
        self.patience += max((tag.measurement.delay for tag in tags.shown), default=0.0)
        self.watch = Watch(tuple(shown), Limit(FIRST_LIMIT, 1.0, round(MONTH / self.window)))
        self.number = 0
        self.alarms: list[Told] = []
        self.counts = {"used": 0, "bad": 0, "late": 0, "dropped": 0, "unknown": 0}
        self._readings: list[_Pending] = []
        self._inputs: list[Input] = []
        self._latest: dict[str, float] = {}
        self._usual: list[list[float]] = []

    @property
    def time(self) -> float:
        """How far the estimate is, s from the start of the scenario."""
        return self.ensemble.time

    @property
    def reached(self) -> float:
        """The time that half of the signals have reached, s from the start: one clock that lies, or one signal that is silent, does not move or hold it."""
        times = sorted((self._latest.get(tag.signal, -math.inf) for tag in self.tags.shown), reverse=True)
        return times[(len(times) - 1) // 2] if times else max(self._latest.values(), default=-math.inf)

    def take(self, rows: Sequence[Row], most: int = 0) -> tuple[int, int]:
        """Take rows of the history, in their order; returns how many were taken, and how many windows were stepped (at most ``most``, 0: no limit)."""
        steps = 0
        for k, row in enumerate(rows):
            self._sort_in(row)
            self.number = row.number
            while self.reached >= self.ensemble.time + self.window + self.patience:
                self._step()
                steps += 1
            if most and steps >= most:
                return k + 1, steps
        return len(rows), steps

    def _sort_in(self, row: Row) -> None:
        reading = row.reading
        tag = self.tags.get(reading.signal)
        at = self.tags.since_start(reading.time)
        if tag is None or not tag.use:
            self.counts["unknown"] += tag is None
            return
        happened = input_of(self.tags, reading)
        if happened is not None:
            self._inputs.append(happened)
            self.counts["used"] += 1
        elif not reading.good or not math.isfinite(reading.value) or tag.input:
            self.counts["bad"] += 1
        elif at - tag.measurement.delay <= self.ensemble.time:
            self.counts["late"] += 1
        elif len(self._readings) >= MOST_PENDING:
            self.counts["dropped"] += 1
        else:
            self._readings.append(_Pending(at - tag.measurement.delay, reading.signal, tag.to_si(reading.value)))
            self.counts["used"] += 1
        if not tag.input:
            self._latest[reading.signal] = max(at, self._latest.get(reading.signal, -math.inf))

    def _step(self) -> None:
        until = self.ensemble.time + self.window
        now = [pending for pending in self._readings if pending.at <= until]
        self._readings = [pending for pending in self._readings if pending.at > until]
        end = round(until * 1e9)
        inputs = sorted((row for row in self._inputs if row.time <= end), key=lambda row: row.time)
        self._inputs = [row for row in self._inputs if row.time > end]
        readings = {}
        for tag in self.tags.shown:
            value = _of_window(tag, [pending for pending in now if pending.signal == tag.signal])
            if value is not None:
                readings[tag.signal] = value
        self.ensemble.step(until, readings, inputs)
        self._look(until, readings)

    def _look(self, until: float, readings: Mapping[str, float]) -> None:
        innovations = self.ensemble.innovations.rows[-1]
        expected, deviations = self.ensemble.expected, self.ensemble.deviations
        for alarm in self.watch.step(until, innovations, readings, expected, deviations):
            self.alarms.append(Told(self.tags.start + alarm.time, alarm.signal, alarm.kind, alarm.text))
        del self.alarms[:-MOST_ALARMS]
        self.ensemble.innovations.forget()
        if len(self._usual) < LEARNT:
            self._usual.append(innovations.tolist())
            if len(self._usual) == LEARNT:
                self.watch.limit = find_limit(np.array(self._usual), round(MONTH / self.window), seed=self.following.seed)

    def save(self) -> dict[str, Any]:
        """All that a later process needs to go on with the same answer."""
        return {
            "number": self.number,
            "ensemble": self.ensemble.save(),
            "watch": self.watch.save(),
            "limit": self.watch.limit.limit,
            "usual": self._usual,
            "alarms": [list(alarm) for alarm in self.alarms],
            "counts": dict(self.counts),
            "readings": [list(pending) for pending in self._readings],
            "inputs": [list(row) for row in self._inputs],
            "latest": dict(self._latest),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`save` gave, of the same tags and options."""
        self.ensemble.load(state["ensemble"])
        self.watch.load(state["watch"])
        self.watch.limit = self.watch.limit._replace(limit=float(state["limit"]))
        self._usual = [list(row) for row in state["usual"]]
        self.alarms = [Told(*row) for row in state["alarms"]]
        self.counts = dict(state["counts"])
        self._readings = [_Pending(*row) for row in state["readings"]]
        self._inputs = [Input(*row) for row in state["inputs"]]
        self._latest = dict(state["latest"])
        self.number = int(state["number"])


def _of_window(tag: Tag, readings: Sequence[_Pending]) -> float | None:
    """What a signal said of a window: the last of instants, the mean of means."""
    if not readings:
        return None
    if tag.measurement.over == "instant":
        return max(readings, key=lambda pending: pending.at).value
    total = math.fsum(pending.value for pending in readings)
    return total if tag.measurement.over == "sum" else total / len(readings)
