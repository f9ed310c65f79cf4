"""From readings to what is known: windows of readings for the ensemble, its alarms, its state as bytes."""

from __future__ import annotations

import io
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import h5py

from twin.errors import FileError
from twin.live.alarm import Alarm
from twin.live.ensemble.estimate import LARGEST, Ensemble, Estimate
from twin.live.ensemble.forecast import LEADS, Difference, Forecast, forecast, what_if
from twin.live.ensemble.members import Following
from twin.live.ensemble.monitor import Monitor
from twin.live.ensemble.settings import EstimateModel, slow_parameters, watched_parameters
from twin.live.ensemble.signatures import Prepared, load_prepared, prepare, save_prepared
from twin.live.ensemble.suspects import suspects
from twin.live.ensemble.weighed import WeighedTotals
from twin.live.estimates_file import alarm_row, forecast_row, window_row
from twin.live.readings import Reading
from twin.live.tags.inputs import input_of
from twin.live.tags.tags import Tags
from twin.live.waiting import Waiting, Window
from twin.plant.snapshot import check_fits
from twin.results.state import load_state, save_state
from twin.scenario.places import Plain

MONTH = 30 * 86400.0
MOST_ALARMS = 1000
FURTHEST = 7 * 86400.0
"""Readings further ahead than this of the window that runs are of a clock that is wrong: they are counted and not waited for, s."""


class Follower:
    """Follows a plant by its tags. ``late``: readings that came after their window had been closed; ``ahead``: those of a time far in the future.

    ``watched``: whether it raises alarms; before the first window plants are followed in memory then, to find their limits, unless :meth:`prepare` did so.
    """

    def __init__(self, tags: Tags, settings: EstimateModel | None = None, *, watched: bool = True) -> None:
        self.tags, self.settings = tags, settings or tags.estimate
        measurements = {tag.signal: tag.measurement for tag in tags.shown}
        imposed = tuple(dict.fromkeys(tag.input for tag in tags.inputs))
        parameters = slow_parameters(self.settings, tags.scenario)
        own = self.settings
        causes = watched_parameters(own, tags.scenario)
        self.following = Following(measurements, parameters, imposed, own.members, own.seed, own.window, watched=causes)
        self.ensemble = Ensemble(tags.scenario, self.following)
        self.weighed = WeighedTotals(self.ensemble)
        self.watched = watched
        self._monitor: Monitor | None = None
        self._waiting = Waiting(self.following.window)
        self.late = self.ahead = 0
        self.alarms: deque[Alarm] = deque(maxlen=MOST_ALARMS)
        self.listener: Callable[[dict[str, Any]], None] | None = None
        """Is told each window's estimates, each alarm, and at times a forecast, as rows of :mod:`twin.live.estimates_file`."""

    @property
    def refused(self) -> int:
        """Trucks, stops and restarts beyond what a plant can do in a window."""
        return self._waiting.refused

    @property
    def head(self) -> dict[str, Any]:
        """What the rows that a listener is told are of."""
        shown = [tag.quantity for tag in self.tags.shown]
        own = {"scenario": self.tags.scenario.sha256, "tags": self.tags.sha256, "start": self.tags.start, "window": self.following.window}
        return {**own, "capacities": self.ensemble.capacities, "measured": shown}

    @property
    def time(self) -> float:
        """Up to when readings were taken, on the plant's clock."""
        return self.tags.start + self.ensemble.time

    def prepare(self) -> Prepared:
        """Find the limits of alarms, and what faults look like, from plants in memory; takes about as long as to follow a plant for some weeks."""
        if self._monitor is None:
            own = self.settings
            self.watch_with(prepare(self.tags.scenario, self.following, own.fault_free, own.alarms_a_month, own.seed))
        assert self._monitor is not None
        return self._monitor.prepared

    def watch_with(self, prepared: Prepared) -> None:
        """Raise alarms with what another follower of the same tags has prepared."""
        self.watched = True
        self._monitor = Monitor(self.ensemble, prepared, {tag.input: tag.signal for tag in self.tags.inputs})
        self._number_on()

    def _number_on(self) -> None:
        """Number events after those of the alarms that are kept, of a run before one without alarms too: else a new one would take the place of an old one."""
        if self._monitor is not None:
            self._monitor.after(max((alarm.event for alarm in self.alarms), default=0))

    def take(self, readings: Sequence[Reading], until: float) -> int:
        """Take readings, and close all windows that end by ``until`` (on the plant's clock); returns how many were closed.

        Readings may come in any order as long as their window is open. What is not good, or no number, counts as missing.
        """
        begin = self.ensemble.time
        for reading in readings:
            moment = self._moment(reading)
            if moment is None:
                continue
            if moment <= begin:
                self.late += 1
            elif moment > begin + max(FURTHEST, self.following.window) and moment > self.tags.since_start(until) + FURTHEST:
                self.ahead += 1
            else:
                self._wait(moment, reading)
        closed = 0
        while self.ensemble.time + self.following.window <= self.tags.since_start(until):
            self._close(self.ensemble.time + self.following.window)
            closed += 1
        return closed

    def _moment(self, reading: Reading) -> float | None:
        """When what a reading shows was so, s from the scenario's start; None for a reading that says nothing."""
        tag = self.tags.get(reading.signal)
        if tag is None or not tag.use or not reading.good or not math.isfinite(reading.value) or not math.isfinite(reading.time):
            return None
        return self.tags.since_start(reading.time) - (0.0 if tag.input else tag.measurement.delay)

    def _wait(self, moment: float, reading: Reading) -> None:
        tag = self.tags[reading.signal]
        if tag.input:
            self._waiting.add_input(moment, reading)
        elif tag.measurement.over == "instant":
            self._waiting.add_instant(moment, reading)
        else:
            self._waiting.add_mean(moment, reading.signal, min(max(tag.to_si(reading.value), -LARGEST), LARGEST))  # else two of them have no sum

    def _close(self, end: float) -> None:
        mine = self._waiting.close(end)
        if self.watched:
            self.prepare()
        inputs = [found for reading in mine.told() if (found := input_of(self.tags, reading)) is not None]
        shown = self._shown(mine)
        self.ensemble.step(end, shown, inputs)
        self.weighed.add(self.ensemble, shown, inputs)
        new: list[Alarm] = []
        if self._monitor is not None:
            new = self._monitor.step(end, shown, inputs)
        self.ensemble.innovations.forget()
        if self.listener is not None:
            self._tell(end)
        for alarm in new:
            self._raise(end, alarm)

    def _raise(self, end: float, alarm: Alarm) -> None:
        """Note an alarm; one of an event that is known adds its signals, and the cause where that was open."""
        place = next((place for place, known in enumerate(self.alarms) if known.event == alarm.event), None)
        if place is None:
            self.alarms.append(alarm)
        else:
            self.alarms[place] = self.alarms[place].joined(alarm)
        if self.listener is not None:
            self.listener(alarm_row(self.tags.start + end, alarm, joins=place is not None))

    def _tell(self, end: float) -> None:
        assert self.listener is not None
        at, every, window = self.tags.start + end, self.settings.forecasts.every, self.following.window
        self.listener(window_row(at, self.ensemble.levels(), self.ensemble.parameters()))
        if end // every > (end - window) // every:
            self.listener(forecast_row(at, forecast(self.ensemble, None, self.settings.forecasts.leads, number=round(end / window) % 65536)))

    def _shown(self, window: Window) -> dict[str, float]:
        """One value a signal: of an instant the last, else the mean, SI."""
        instants = {signal: self.tags[signal].to_si(reading.value) for signal, reading in window.last.items()}
        return instants | {signal: own.mean for signal, own in window.sums.items()}

    # -- what is known -----------------------------------------------------------------------------------------------------------------------

    def estimates(self) -> list[Estimate]:
        """Levels, then slow parameters."""
        return [*self.ensemble.levels(), *self.ensemble.parameters()]

    def forecast(self, quantities: Sequence[str] | None = None, leads: Sequence[float] = LEADS) -> Forecast:
        """What comes."""
        return forecast(self.ensemble, quantities, leads)

    def what_if(
        self, change: Mapping[str, Plain], quantities: Sequence[str] | None = None, leads: Sequence[float] = LEADS, pairs: int | None = None
    ) -> list[Difference]:
        """What a change would make of it, in ``pairs`` of futures."""
        return what_if(self.ensemble, change, quantities, leads, pairs)

    # -- its state -----------------------------------------------------------------------------------------------------------------------------

    def state(self) -> bytes:
        """All that a later process needs to go on with the same answer, as an HDF5 file in memory."""
        content: dict[str, Any] = {
            "tags": self.tags.sha256,
            "scenario": self.ensemble.members.scenario.sha256,
            "ensemble": self.ensemble.save(),
            "weighed": self.weighed.save(),
            "waiting": self._waiting.save(),
            "late": self.late,
            "ahead": self.ahead,
            "alarms": [[*alarm[:-1], list(alarm.signals)] for alarm in self.alarms],
            "prepared": save_prepared(self._monitor.prepared) if self._monitor is not None else None,
            "monitor": self._monitor.save() if self._monitor is not None else None,
        }
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            save_state(file, content)
        return memory.getvalue()

    def restore(self, state: bytes) -> None:
        """Go on from what :meth:`state` gave. Raises ``FileError`` where it is of another plant or other tags, or damaged."""
        try:
            with h5py.File(io.BytesIO(state), "r") as file:
                content = load_state(file)
        except OSError as error:
            raise FileError(f"the twin's state is no HDF5 file, or damaged ({error}); delete it to begin anew") from error
        if (content.get("tags"), content.get("scenario")) != (self.tags.sha256, self.ensemble.members.scenario.sha256):
            raise FileError("the twin's state is of another scenario or other tags; delete it to begin anew, or go on with those that it was made with")
        try:
            check_fits(self.ensemble.save()["members"]["members"][0], content["ensemble"]["members"]["members"][0])
            for other in content["ensemble"]["members"]["members"]:
                check_fits(content["ensemble"]["members"]["members"][0], other)
            self.ensemble.load(content["ensemble"])
            self.weighed.load(content["weighed"])
            self._waiting.load(content["waiting"])
            self.late, self.ahead = int(content["late"]), int(content["ahead"])
            self.alarms = deque((Alarm(*row[:-1])._replace(signals=tuple(row[-1])) for row in content["alarms"]), maxlen=MOST_ALARMS)
            if content["prepared"] is not None and self.watched:
                self.watch_with(load_prepared(content["prepared"], suspects(self.ensemble)))
                assert self._monitor is not None
                self._monitor.load(content["monitor"])
            self._number_on()
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise FileError(f"the twin's state is damaged ({error}); delete it to begin anew") from error
