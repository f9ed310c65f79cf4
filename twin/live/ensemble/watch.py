"""What does not fit: sensors, machines and feed told apart by what was seen less what was expected.

A cumulated sum (E. S. Page, Biometrika 41 (1954) 100) follows each signal's innovations in both directions: S = max(0, S + |z| - k). It raises an alarm
where it passes a limit. The limit is such that in a month without a fault the whole plant raises so many alarms by chance as are wanted: it is found by
putting together months from blocks of innovations of a plant without a fault, since innovations hang on those before (a block bootstrap: H. R. Künsch, Ann.
Stat. 17 (1989) 1217). Reading that stand still while the plant moves are looked for apart: a bay that is filled does not show the same number all day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.quantities import digits

Floats = NDArray[np.float64]
ALLOWANCE = 0.75
"""By how many deviations an innovation may be off before it counts."""
BLOCK = 96
"""Windows of a block of the bootstrap: a day of quarters of an hour."""
MONTHS = 200
MOST = 8.0
"""An innovation counts up to so many deviations: one wild reading is no drift."""
STUCK = 12
"""So many windows of one and the same reading, in which the members' mean moved, are a sensor that stands still: 3 h of quarters of an hour."""
MOVED = 4.0
"""By how many deviations of a reading the members' mean has to have moved meanwhile."""
Kind = Literal["sensor", "drift"]


class Alarm(NamedTuple):
    """At ``time`` s something of ``signal`` does not fit; ``text`` says what, in words."""

    time: float
    signal: str
    kind: Kind
    text: str


@dataclass(frozen=True)
class Limit:
    """``limit`` of the cumulated sum of each signal; ``months`` that it was found from, and how many alarms a month it lets by."""

    limit: float
    alarms_a_month: float
    windows_a_month: int


def find_limit(innovations: Floats, windows_a_month: int, alarms_a_month: float = 1.0, seed: int = 1) -> Limit:
    """Return the limit at which a plant without a fault, of ``innovations`` (window, signal), raises ``alarms_a_month`` in the mean, all signals together.

    Raises :class:`~twin.errors.UsageError` for less than four blocks of a day.
    """
    rows = np.nan_to_num(np.clip(innovations, -MOST, MOST))
    if len(rows) < 4 * BLOCK:
        raise UsageError(f"a limit is found from at least {4 * BLOCK} windows without a fault (got {len(rows)})")
    chance = np.random.Generator(np.random.Philox([seed, 7]))
    blocks = -(-windows_a_month // BLOCK)
    starts = chance.integers(0, len(rows) - BLOCK + 1, (MONTHS, blocks))
    months = np.stack([np.concatenate([rows[start : start + BLOCK] for start in month])[:windows_a_month] for month in starts])
    low, high = 1.0, 1000.0
    for _ in range(40):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if _alarms(months, middle) / MONTHS > alarms_a_month else (low, middle)
    return Limit(float(high), alarms_a_month, windows_a_month)


def _alarms(months: Floats, limit: float) -> int:
    """How many alarms a limit lets by in all months (month, window, signal)."""
    up, down = np.zeros(months.shape[::2]), np.zeros(months.shape[::2])
    count = 0
    for window in range(months.shape[1]):
        z = months[:, window]
        up, down = np.maximum(0.0, up + z - ALLOWANCE), np.maximum(0.0, down - z - ALLOWANCE)
        over = np.maximum(up, down) > limit
        count += int(over.sum())
        up[over] = down[over] = 0.0
    return count


class Watch:
    """Follows the innovations of signals. ``deviation``: of one reading of each, SI."""

    def __init__(self, signals: Sequence[str], limit: Limit) -> None:
        self.signals, self.limit = tuple(signals), limit
        self._up = dict.fromkeys(self.signals, 0.0)
        self._down = dict.fromkeys(self.signals, 0.0)
        self._last: dict[str, float] = {}
        self._same = dict.fromkeys(self.signals, 0)
        self._from: dict[str, float] = {}

    def step(
        self, time: float, innovations: Floats, readings: Mapping[str, float], expected: Mapping[str, float], deviations: Mapping[str, float]
    ) -> list[Alarm]:
        """Return the alarms of one window: its ``innovations`` (signal,), readings, and what the members expected in the mean, SI by signal."""
        alarms = []
        for place, signal in enumerate(self.signals):
            z = float(innovations[place])
            if np.isfinite(z):
                alarms += self._drift(time, signal, min(max(z, -MOST), MOST))
            if np.isfinite(readings.get(signal, np.nan)):
                alarms += self._stuck(time, signal, readings[signal], expected[signal], deviations[signal])
        return alarms

    def _drift(self, time: float, signal: str, z: float) -> list[Alarm]:
        self._up[signal] = max(0.0, self._up[signal] + z - ALLOWANCE)
        self._down[signal] = max(0.0, self._down[signal] - z - ALLOWANCE)
        most = max(self._up[signal], self._down[signal])
        if most <= self.limit.limit:
            return []
        above = self._up[signal] > self._down[signal]
        self._up[signal] = self._down[signal] = 0.0
        where = "above" if above else "below"
        return [
            Alarm(time, signal, "drift", f"{signal} has been {where} what is expected for some time (sum {digits(most)}, limit {digits(self.limit.limit)})")
        ]

    def _stuck(self, time: float, signal: str, reading: float, expected: float, deviation: float) -> list[Alarm]:
        same = self._last.get(signal) == reading
        self._last[signal] = reading
        if not same or deviation == 0.0:
            self._same[signal], self._from[signal] = 1, expected
            return []
        self._same[signal] += 1
        if self._same[signal] < STUCK or abs(expected - self._from[signal]) < MOVED * deviation:
            return []
        windows, self._same[signal], self._from[signal] = self._same[signal], 1, expected
        return [Alarm(time, signal, "sensor", f"{signal} has shown {digits(reading)} for {windows} windows in which the plant moved: the sensor stands still")]

    def save(self) -> dict[str, Any]:
        """As plain data."""
        return {"up": dict(self._up), "down": dict(self._down), "last": dict(self._last), "same": dict(self._same), "from": dict(self._from)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self._up, self._down, self._last = dict(state["up"]), dict(state["down"]), dict(state["last"])
        self._same, self._from = dict(state["same"]), dict(state["from"])
