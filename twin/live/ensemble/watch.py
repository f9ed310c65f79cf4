"""What does not fit from one window to the next, by what was seen less what was expected.

A cumulated sum (E. S. Page, Biometrika 41 (1954) 100) follows each signal's innovations in both directions: S = max(0, S + |z| - k). It raises an alarm
where it passes a limit. The limit is such that in a month without a fault the whole plant raises so many alarms by chance as are wanted: it is found by
putting together months from blocks of innovations of a plant without a fault, since innovations hang on those before (a block bootstrap: H. R. Künsch, Ann.
Stat. 17 (1989) 1217). Reading that stand still while the plant moves are looked for apart: a bay that is filled does not show the same number all day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.live.alarm import Alarm
from twin.quantities import digits, format_quantity

Floats = NDArray[np.float64]
ALLOWANCE = 0.75
"""By how many deviations an innovation may be off before it counts."""
BLOCK = 96
"""Windows of a block of the bootstrap: a day of quarters of an hour."""
MONTHS = 40
LIMITS = np.geomspace(1.0, 100.0, 24)
ENOUGH = 25.0
"""So many alarms a limit must let by in the innovations themselves for its rate to be believed."""
TAIL = 4
"""The rate of alarms falls exponentially with the limit, as fast as over so many limits before the last that is believed."""
SURE = 1.645
"""Rate and fall of the tail are taken so many deviations on the side of fewer alarms: in nineteen of twenty cases there are no more than were asked for."""
MOST = 8.0
"""An innovation counts up to so many deviations: one wild reading is no drift."""
STUCK = 12
"""So many windows of one and the same reading, in which the members' mean moved, are a sensor that stands still: 3 h of quarters of an hour."""
MOVED = 4.0
"""By how many deviations of a reading the members' mean has to have moved meanwhile."""
REPEATED = 8
"""So many windows of one reading in which the plant moved by itself, where its own error makes that impossible, are one too: 2 h."""
MOVED_BY_ITSELF = 2.0
"""By how many deviations of a reading the members have to have moved of themselves, to and fro, meanwhile."""
FINEST = 0.05
"""A display steps at least by this share of a reading's deviation, whatever its tag says."""
IMPOSSIBLE = 1e-9


class Limit(NamedTuple):
    """``limit`` of the cumulated sum of each signal; ``months`` that it was found from, and how many alarms a month it lets by."""

    limit: float
    alarms_a_month: float
    windows_a_month: int


def find_limit(innovations: Floats, windows_a_month: int, alarms_a_month: float = 1.0, seed: int = 1) -> Limit:
    """Return the limit at which a plant without a fault, of ``innovations`` (window, signal), raises ``alarms_a_month`` in the mean, all signals together.

    Beyond what the innovations themselves tell, the rate and its fall with the limit are taken on the side of fewer alarms (:data:`SURE`), and no fall is
    taken to be steeper than that of white innovations, twice the allowance.

    Raises :class:`~twin.errors.UsageError` for less than four blocks of a day.
    """
    rows = np.nan_to_num(np.clip(innovations, -MOST, MOST))
    if len(rows) < 4 * BLOCK:
        raise UsageError(f"a limit is found from at least {4 * BLOCK} windows without a fault (got {len(rows)})")
    chance = np.random.Generator(np.random.Philox([seed, 7]))
    blocks = -(-windows_a_month // BLOCK)
    starts = chance.integers(0, len(rows) - BLOCK + 1, (MONTHS, blocks))
    months = np.stack([np.concatenate([rows[start : start + BLOCK] for start in month])[:windows_a_month] for month in starts])
    counts = _alarms(months) / MONTHS
    share = len(rows) / windows_a_month
    seen = counts * share >= ENOUGH  # beyond, the innovations themselves say too little: the tail is exponential
    if not seen.any() or counts[seen][-1] <= 0.0:
        return Limit(float(LIMITS[0]), alarms_a_month, windows_a_month)
    last = int(np.flatnonzero(seen)[-1])
    if counts[last] <= alarms_a_month:
        return Limit(float(np.interp(-np.log(alarms_a_month), -np.log(counts[: last + 1]), LIMITS[: last + 1])), alarms_a_month, windows_a_month)
    first = max(0, last - TAIL)
    slope = np.log(counts[first] / counts[last]) / (LIMITS[last] - LIMITS[first]) if last > first else 2.0 * ALLOWANCE
    few, many = counts[last] * share, counts[first] * share  # alarms in the innovations themselves: what is taken further is known by so many only
    doubt = np.sqrt(1.0 / few - 1.0 / many) / (LIMITS[last] - LIMITS[first]) if many > few else 0.0
    rate = counts[last] * (1.0 + SURE / np.sqrt(few))
    fall = min(max(slope - SURE * doubt, 0.5 * slope), 2.0 * ALLOWANCE)
    return Limit(float(LIMITS[last] + np.log(rate / alarms_a_month) / fall), alarms_a_month, windows_a_month)


def _alarms(months: Floats) -> Floats:
    """How many alarms each of :data:`LIMITS` lets by in all months (month, window, signal)."""
    counts = np.zeros(len(LIMITS))
    up, down = np.zeros((len(LIMITS), *months.shape[::2])), np.zeros((len(LIMITS), *months.shape[::2]))
    limits = LIMITS[:, None, None]
    for window in range(months.shape[1]):
        z = months[:, window]
        up, down = np.maximum(0.0, up + z - ALLOWANCE), np.maximum(0.0, down - z - ALLOWANCE)
        over = np.maximum(up, down) > limits
        counts += over.sum(axis=(1, 2))
        up[over] = down[over] = 0.0
    return counts


class Watch:
    """Follows the innovations of signals. ``steps`` of their displays and ``units``, SI, where they have some."""

    def __init__(self, signals: Sequence[str], limit: Limit, steps: Mapping[str, float] | None = None, units: Mapping[str, str] | None = None) -> None:
        self.signals, self.limit, self._steps = tuple(signals), limit, dict(steps or {})
        self._units = dict(units or {})
        self._up = dict.fromkeys(self.signals, 0.0)
        self._down = dict.fromkeys(self.signals, 0.0)
        self._last: dict[str, float] = {}
        self._same = dict.fromkeys(self.signals, 0)
        self._from: dict[str, float] = {}
        self._after: dict[str, float] = {}
        self._jitter: dict[str, float] = {}
        self._moved = dict.fromkeys(self.signals, 0.0)

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
            self._same[signal], self._from[signal], self._moved[signal] = 1, expected, 0.0
            return []
        self._same[signal] += 1
        if signal in self._after:
            self._moved[signal] += max(0.0, abs(expected - self._after[signal]) - self._jitter.get(signal, 0.0))
        far = self._same[signal] >= STUCK and abs(expected - self._from[signal]) >= MOVED * deviation
        chance = min(1.0, max(self._steps.get(signal, 0.0), FINEST * deviation) / (2.0 * np.sqrt(np.pi) * deviation)) ** (self._same[signal] - 1)
        never = self._same[signal] >= REPEATED and chance < IMPOSSIBLE and self._moved[signal] >= MOVED_BY_ITSELF * deviation
        if not (far or never):
            return []
        windows, self._same[signal], self._from[signal], self._moved[signal] = self._same[signal], 1, expected, 0.0
        shown = format_quantity(reading, self._units.get(signal, "1"))
        return [Alarm(time, signal, "sensor", f"{signal} has shown {shown} for {windows} windows in which the plant moved: the sensor stands still")]

    def settled(self, after: Mapping[str, float], jitter: Mapping[str, float] | None = None) -> None:
        """Take what the members were put to in the window, in the mean, SI by signal: from there they move of themselves. Moves of up to ``jitter`` are none:
        members that were told apart in an empty bay come back to its floor.
        """
        self._after, self._jitter = dict(after), dict(jitter or {})

    def save(self) -> dict[str, Any]:
        """As plain data."""
        sums = {"up": dict(self._up), "down": dict(self._down), "last": dict(self._last), "same": dict(self._same), "from": dict(self._from)}
        return {**sums, "after": dict(self._after), "jitter": dict(self._jitter), "moved": dict(self._moved)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self._up, self._down, self._last = dict(state["up"]), dict(state["down"]), dict(state["last"])
        self._same, self._from = dict(state["same"]), dict(state["from"])
        self._after, self._jitter, self._moved = dict(state["after"]), dict(state["jitter"]), dict(state["moved"])
