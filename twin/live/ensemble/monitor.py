"""Raises the alarms of a plant, and says which of sensor, machine and feed each is likely of.

Two charts share the false alarms that are put up with: cumulated sums of each window's innovations, which see what is sudden, and of each day's evidence,
which see what is small and lasts, as a screen that wears. Of the first days, in which the ensemble finds the plant, only a sensor that stands still is told.
What several signals show of one event is one alarm, and the same is told once a day (:mod:`twin.live.ensemble.events`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.live.alarm import Alarm
from twin.live.ensemble.estimate import LEVEL, Ensemble
from twin.live.ensemble.events import Events
from twin.live.ensemble.evidence import Evidence
from twin.live.ensemble.fault_free import SETTLING
from twin.live.ensemble.signatures import DAILY_ALLOWANCE, MOST_DAYS, WILD, Blame, Prepared, blame
from twin.live.ensemble.watch import Watch
from twin.quantities import digits
from twin.scenario.quantity_names import PATTERNS
from twin.units.ground.inputs import Input

Floats = NDArray[np.float64]
UNITS = {pattern.word: pattern.si for pattern in PATTERNS}


class Own:
    """What a plant's own evidence is about, day for day: no plant is the mean of all that were followed in memory, and what sets it apart lasts for weeks.

    Its mean is taken to be as uncertain at first as the evidence of a day, in deviations. What a day misses of what the days before let expect, over the
    deviation of that, is white where nothing changes, and what has changed shows in full at first (recursive residuals, as in a cumulated sum that starts by
    itself: D. M. Hawkins, The Statistician 36 (1987) 299).
    """

    def __init__(self, size: int) -> None:
        self.mean, self.days = np.zeros(size), 0

    def missed(self, vector: Floats) -> Floats:
        """What a day's evidence (evidence,) misses, in its own deviations.

        >>> own = Own(1)
        >>> own.learn(np.array([1.0]))  # one day of 1 beside a first belief of 0: the mean is .5, known to the root of a half
        >>> [round(float(own.missed(np.array([2.0]))[0]), 3), float(own.mean[0])]
        [1.225, 0.5]
        """
        return np.asarray((vector - self.mean) / np.sqrt(1.0 + 1.0 / (1.0 + self.days)))

    def learn(self, vector: Floats) -> None:
        """One more day. After some weeks the oldest counts less and less, so that what changes over a year is followed."""
        self.mean = self.mean + (vector - self.mean) / (2.0 + self.days)
        self.days = min(self.days + 1, MOST_DAYS)


class Monitor:
    """Watches an ensemble. ``trucks``: the signal that tells of the trucks of each feed and product."""

    def __init__(self, ensemble: Ensemble, prepared: Prepared, trucks: Mapping[str, str] | None = None) -> None:
        self.ensemble, self.prepared, self.trucks = ensemble, prepared, dict(trucks or {})
        measured = ensemble.following.measurements
        steps = {signal: own.resolution for signal, own in measured.items()}
        self._levels = {signal: own.quantity.removeprefix(LEVEL) for signal, own in measured.items() if own.quantity.startswith(LEVEL)}
        self.watch = Watch(tuple(measured), prepared.limit, steps, {signal: UNITS[own.quantity.split(".")[0]] for signal, own in measured.items()})
        self.evidence = Evidence(ensemble)
        self._up, self._down = np.zeros(len(prepared.scales)), np.zeros(len(prepared.scales))
        self.own = Own(len(prepared.scales))
        self._windows = 0
        self._events = Events()

    def after(self, event: int) -> None:
        """Number events after one that is known from a time before: it is another."""
        self._events.after(event)

    def step(self, time: float, shown: Mapping[str, float], inputs: Sequence[Input]) -> list[Alarm]:
        """Return the alarms of the window that the ensemble has just closed, of readings SI by signal and what was told.

        One that has the number of an earlier event says that another signal shows it now, or what its cause is.
        """
        ensemble = self.ensemble
        self.evidence.add(ensemble, shown, inputs)
        settled = ensemble.time > SETTLING
        raised = self.watch.step(time, ensemble.innovations.rows[-1], shown, ensemble.expected, ensemble.deviations)
        after = {row.quantity: row.mean for row in ensemble.levels()}
        measured = ensemble.following.measurements
        apart = {signal: ensemble.model_errors.deviation(signal) * ensemble.capacities[bunker] for signal, bunker in self._levels.items()}
        self.watch.settled({signal: after[own.quantity] for signal, own in measured.items() if own.quantity in after}, apart)
        self._windows += 1
        vector = np.clip((self.evidence.vector() - self.prepared.centres) / self.prepared.scales, -WILD, WILD)
        if self._windows % self.evidence.windows == 0 and settled:
            raised += self._daily(time, self.own.missed(vector))
        beyond = vector - self.own.mean
        if self._windows % self.evidence.windows == 0 and settled:
            self.own.learn(vector)
        new: dict[int, Alarm] = {}
        for alarm in raised:
            if alarm.kind == "sensor":
                told = self._events.told(alarm, alarm.signal, own=True)
            else:
                told = self._events.told(*self._blamed(alarm, beyond)) if settled else None
            if told is not None:
                new[told.event] = new[told.event]._replace(signals=told.signals) if told.event in new else told
        return list(new.values())

    def _daily(self, time: float, vector: Floats) -> list[Alarm]:
        self._up = np.maximum(0.0, self._up + vector - DAILY_ALLOWANCE)
        self._down = np.maximum(0.0, self._down - vector - DAILY_ALLOWANCE)
        most = np.where(self.evidence.watched, np.maximum(self._up, self._down), 0.0)
        worst = int(np.argmax(most))
        if most[worst] <= self.prepared.daily:
            return []
        name = self.evidence.names[worst]
        side = "above" if self._up[worst] > self._down[worst] else "below"
        over = most > self.prepared.daily
        self._up[over] = self._down[over] = 0.0
        text = f"{name} has been {side} what is expected for days (sum {digits(float(most[worst]))}, limit {digits(self.prepared.daily)})"
        return [Alarm(time, self.evidence.subjects[worst], "drift", text)]

    def _blamed(self, alarm: Alarm, vector: Floats) -> tuple[Alarm, str]:
        """The alarm with its cause, and what that is; "" where nobody can tell."""
        found = blame(vector, self.prepared.signatures)
        if found.signature is None or found.other is not None:
            return alarm._replace(kind="cannot tell", text=f"{alarm.text}. {self._open(found)}"), ""
        suspect = found.signature.suspect
        trucks = self.trucks.get(suspect.subject, suspect.subject)
        speaks = ", ".join(f"{self.evidence.names[k]} ({value:+.1f})" for k, value in found.speaks)
        text = f"{alarm.text}. Likely {suspect.named(found.amplitude, trucks)}; for it speaks, in deviations: {speaks}"
        return alarm._replace(signal=trucks if suspect.cause == "sensor" else alarm.signal, kind=suspect.cause, text=text), trucks

    def _open(self, found: Blame) -> str:
        if found.signature is None:
            if found.unlike:
                return "Cannot tell of what: nothing that is watched looks like it, so the model itself may not fit"
            return "Cannot tell of what: too little has been seen so far"
        assert found.other is not None
        return f"Cannot tell of what: {found.signature.suspect.named(found.amplitude)} and {found.other.suspect.subject} explain it alike"

    def save(self) -> dict[str, Any]:
        """As plain data and arrays."""
        parts = {"watch": self.watch.save(), "evidence": self.evidence.save(), "own": {"mean": self.own.mean, "days": self.own.days}}
        return {**parts, "up": self._up, "down": self._down, "windows": self._windows, "events": self._events.save()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self.watch.load(state["watch"])
        self.evidence.load(state["evidence"])
        self.own.mean, self.own.days = np.array(state["own"]["mean"]), int(state["own"]["days"])
        self._up, self._down, self._windows = np.array(state["up"]), np.array(state["down"]), int(state["windows"])
        self._events.load(state["events"])
