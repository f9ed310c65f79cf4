"""Runs a plant with a hidden truth in slices, and gives what its instruments show in the order in which it leaves the plant."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from twin.errors import UsageError
from twin.live.emulator.instrument import Average, Instrument, Sent
from twin.live.emulator.study_file import Emulation, Later, Stop
from twin.live.readings import Reading
from twin.live.tags import Tag, Tags
from twin.live.tags.inputs import reading_of
from twin.plant.plant import Plant
from twin.quantities import NANOSECONDS, format_quantity
from twin.scenario.places import Plain
from twin.scenario.quantity_names import PATTERNS
from twin.units.ground.inputs import Input

EVERY = 60.0
"""How often a signal comes [s] whose tag does not say."""
_MEANS = {pattern.word for pattern in PATTERNS if pattern.when == "mean"}
_LEAST_STEP = 1.0


class Slice(NamedTuple):
    """What left the plant up to ``time`` s, in the order in which it did; the truth then (SI, by quantity) and what happened (deliveries, stops, ...)."""

    time: float
    readings: list[Reading]
    truth: Mapping[str, float]
    happened: list[Input]


class Emulator:
    """An emulated plant. Raises ``UsageError`` for signals that come more often than every second, or at times that do not fit together."""

    def __init__(self, tags: Tags, emulation: Emulation) -> None:
        self.tags, self.emulation = tags, emulation
        self._instruments = {tag.signal: Instrument(tag, tags.start, emulation.seed, emulation.faults) for tag in tags.tags if not tag.input}
        self._told = [tag for tag in tags.tags if tag.input]
        self._counts = {tag.signal: 0 for tag in self._told}
        every = {tag.signal: tag.every or EVERY for tag in tags.tags if not tag.input}
        self.step = _step(list(every.values()))
        record = _step([every[tag.signal] for tag in tags.tags if not tag.input and is_mean(tag)] or [self.step])
        self._every = {signal: round(value / self.step) for signal, value in every.items()}
        self._record = round(record / self.step)
        self._averages = {tag.signal: Average(round(every[tag.signal] / record)) for tag in tags.tags if not tag.input and is_mean(tag)}
        scenario = emulation.scenario.change({"record.every": f"{record!r} s", "record.genealogy": False})
        self.plant = Plant(scenario, live=True)
        self.plant.happened()
        levels = [f"level.{name}" for name, kind in scenario.kinds.items() if kind.role == "bunker"]
        self._names = list(dict.fromkeys([*levels, *(tag.quantity for tag in tags.tags if not tag.input)]))
        self._pending: list[tuple[float, int, Reading]] = []
        self._order = 0
        self._steps = 0
        self._stops = _Stops(self.plant, emulation.stops, emulation.later)

    @property
    def time(self) -> float:
        """Where the plant is, s from the start."""
        return self._steps * self.step

    def run(self, until: float) -> Iterator[Slice]:
        """Yield the slices up to ``until`` s."""
        while self.time + self.step <= until + 1e-9:
            yield self._next()

    def _next(self) -> Slice:
        self._steps += 1
        now = self.time
        happened = self._stops.run(now)
        values = dict(zip(self._names, self.plant.observe(self._names).tolist(), strict=True))
        for tag in self.tags.tags:
            for sent in self._tell(tag, happened) if tag.input else self._show(tag, now, values[tag.quantity]):
                heapq.heappush(self._pending, (sent.time, self._order, sent.reading))
                self._order += 1
        left = []
        while self._pending and self._pending[0][0] <= now + 1e-9:
            left.append(heapq.heappop(self._pending)[2])
        return Slice(now, left, values, happened)

    def _show(self, tag: Tag, now: float, value: float) -> list[Sent]:
        average = self._averages.get(tag.signal)
        if average is not None:
            if self._steps % self._record:
                return []
            mean = average.add(value)
            if mean is None:
                return []
            whole = tag.every or EVERY
            value = mean * whole if tag.measurement.over == "sum" else mean
        elif self._steps % self._every[tag.signal]:
            return []
        return self._instruments[tag.signal].read(now, value)

    def _tell(self, tag: Tag, happened: list[Input]) -> list[Sent]:
        found = []
        for row in happened:
            if (row.unit, row.copy) == (tag.input, tag.copy):
                found.append(Sent(row.time / NANOSECONDS, reading_of(tag, row, self.tags.start, self._counts[tag.signal])))
                self._counts[tag.signal] += 1
        return found


def is_mean(tag: Tag) -> bool:
    """Whether a tag shows the mean of a time, which record steps hold."""
    return tag.quantity.partition(".")[0] in _MEANS


def _step(every: list[float]) -> float:
    """The longest time of which all are whole multiples, s."""
    whole = [round(value * 1000.0) for value in every]
    if any(abs(value * 1000.0 - ms) > 1e-6 for value, ms in zip(every, whole, strict=True)):
        raise UsageError("signals of an emulated plant come after whole milliseconds")
    step = math.gcd(*whole) / 1000.0
    if step < _LEAST_STEP:
        raise UsageError(
            f"the signals come at times that fit together only every {format_quantity(step, 's')}; at least 1 s is needed: let 'every' be multiples"
        )
    return step


class _Stops:
    """Runs the plant, with operators who stop machines, where what a machine does by chance is put off until it works again, and with what changes later."""

    def __init__(self, plant: Plant, stops: tuple[Stop, ...], later: tuple[Later, ...]) -> None:
        self.plant = plant
        self._later = list(later)
        self._changed: dict[str, Plain] = {}
        moments = [(moment, kind, stop) for stop in stops for moment, kind in ((stop.begin, "stop"), (stop.end, "restart"))]
        self._moments = sorted(moments, key=lambda row: (row[0], row[1]))
        self._on: dict[str, int] = {}

    def run(self, until: float) -> list[Input]:
        """Run on to ``until`` s and return what happened."""
        found: list[Input] = []
        while self._later and self._later[0].begin < until:
            change = self._later.pop(0)
            found += self._with_stops(max(change.begin, self.plant.time))
            self._changed |= change.change
            self.plant.revise(self._changed)
        return found + self._with_stops(until)

    def _with_stops(self, until: float) -> list[Input]:
        found: list[Input] = []
        while self._moments and self._moments[0][0] < until:
            moment, kind, stop = self._moments.pop(0)
            self.plant.run(max(moment, self.plant.time))
            found += self.plant.happened()
            if kind == "stop":
                if not self._on.get(stop.machine):
                    self.plant.impose([stop.machine])
                self._on[stop.machine] = self._on.get(stop.machine, 0) + 1
                self.plant.stop(stop.machine, stop.copy)
            else:
                self.plant.restart(stop.machine, stop.copy)
                self._on[stop.machine] -= 1
                if not self._on[stop.machine]:
                    self.plant.release([stop.machine])
            told = self.plant.happened()
            found += told
            if not any((row.unit, row.copy) == (stop.machine, stop.copy) for row in told):
                found.append(Input(round(moment * NANOSECONDS), "stop" if kind == "stop" else "restart", stop.machine, 0.0, stop.copy))
        self.plant.run(until)
        return found + self.plant.happened()
