"""What a line tells the recorder: its flows, states, loads and energy, interval by interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.engine.meter import Meter
from twin.engine.recording import Recorder
from twin.engine.states import BLOCKED, CHANGEOVER, CLEANING, CLOSING, OFF_SHIFT, OVERTIME, RUNNING, STARVED, WAITING, WARM_UP
from twin.engine.unit import State
from twin.kernels.compile import entry
from twin.kernels.recording import Sums, record_interval, record_standing
from twin.units.lines.energy_states import IDLE, STANDBY

if TYPE_CHECKING:
    from twin.units.lines.line_times import TimedLine
    from twin.units.lines.machine import Machine

Floats = NDArray[np.float64]
_record_interval, _record_standing = entry(record_interval), entry(record_standing)
POWERED = (WAITING, BLOCKED, STARVED, RUNNING, OVERTIME, CLOSING, CHANGEOVER, CLEANING, WARM_UP)
"""States in which a machine draws its idle power."""


SUMMED = ("mass", "size", "state", "load", "bottleneck", "energy", "waits")
"""Arrays of the recorder that lines add up in."""


def standing_sums(recorder: Recorder, line_row: int, machine_row: int, power: Floats) -> Sums:
    """Where a machine without lots of its own, a belt, adds up its states: ``power`` (1, 2), W and J/kg, may be changed in place."""
    nothing: dict[str, NDArray[np.generic]] = {
        "streams": np.zeros((0, 3), dtype=np.int64),
        "intake_rows": np.zeros(0, dtype=np.int64),
        "weights": np.zeros(0),
        "through": np.zeros(1),
        "lanes": np.zeros(recorder.axes.sizes),
    }
    arrays = {name: recorder.arrays[name] for name in SUMMED}
    return Sums(**{**arrays, **nothing, "power": power, "line_row": line_row, "first_machine": machine_row})


class LineRecords:
    """Rows of one line in the recorder's arrays: its machines stand together, from ``first_machine`` on, in order of evaluation.

    ``stream_rows``: (machine, port, row) of every stream to be recorded; ``intake_rows``: the stream rows of the bunkers drawn from. ``power``
    (machine, 2): idle W of all copies that work, specific
    J/kg. Beside the recorder it keeps ``through`` (machine,), kg, for the accounts.
    """

    def __init__(
        self,
        recorder: Recorder,
        line_row: int,
        first_machine: int,
        machines: Sequence[str],
        stream_rows: Sequence[tuple[int, int, int]],
        intake_rows: Sequence[int],
        power: Sequence[tuple[float, float]],
    ) -> None:
        self.recorder, self.line_row = recorder, line_row
        last = first_machine + len(machines)
        self._sums: Sums
        self.machine_rows: Mapping[str, int] = {name: first_machine + i for i, name in enumerate(machines)}
        self.streams = np.array(stream_rows, dtype=np.int64).reshape(-1, 3)
        self.intake_rows = np.array(intake_rows, dtype=np.int64)
        self.power = np.array(power, dtype=np.float64).reshape(-1, 2)
        self.through = np.zeros(len(machines))
        self._energy = [row[first_machine:last] for row in recorder.energy]
        self._first = first_machine
        self._used = 0.0
        self._counted_time, self._counted_mass = (0, 0, 0), np.zeros(len(machines))
        self.resting = np.zeros((len(machines), 2))

    def draw_from(self, weights: Floats) -> None:
        """Where each lot comes from: ``weights`` (bunker,), an array that the intake keeps up to date."""
        arrays, sizes = self.recorder.arrays, self.recorder.axes.sizes
        sums = {name: arrays[name] for name in SUMMED}
        own = {name: getattr(self, name) for name in ("streams", "intake_rows", "power", "through")}
        self._sums = Sums(**{**sums, **own, "weights": weights, "lanes": np.zeros(sizes), "line_row": self.line_row, "first_machine": self._first})

    def running(self, line: TimedLine, begin: int, end: int, state: int = RUNNING) -> None:
        """The line worked on its lot from ``begin`` to ``end``, ns; ``state``: in its time, or in overtime."""
        recorder, record = self.recorder, line.record
        number = begin // recorder.every
        if begin < end <= (number + 1) * recorder.every and line.network.varying_assays is None:  # nearly always; a lot that takes time has a duration
            part = end - begin
            _record_interval(line.network.line, self._sums, number - recorder.first, state, part, part / record.duration, record.feed)
        elif begin == end:
            self._add(line, recorder.step(begin), 0, state)
        else:
            for k, part in recorder.cut(begin, end):
                self._add(line, k, part, state)
        if recorder.meter is not None:
            self._meter(recorder.meter, line, begin, end)

    def _meter(self, meter: Meter, line: TimedLine, begin: int, end: int) -> None:
        """The same for what no record step may blur."""
        duration, network = line.record.duration, line.network
        passed = network.flows["flow_ratio"] * (line.record.feed * ((end - begin) / duration if duration else 1.0))
        meter.passed(self._first, begin, end, passed)
        meter.drawn(self._first, 0, begin, end, self.power[:, 0] * ((end - begin) / NANOSECONDS) + self.power[:, 1] * passed)

    def _add(self, line: TimedLine, k: int, part: int, state: int) -> None:
        network, record = line.network, line.record
        share = part / record.duration if record.duration else 1.0
        _record_interval(network.line, self._sums, k, state, part, share, record.feed)
        if network.varying_assays is not None:
            network.varying_assays.record(self.recorder.mass[k], share, self.streams, self.intake_rows, line.intake.weights)

    def standing(self, line: TimedLine, begin: int, end: int, state: int) -> None:
        """The line did not work from ``begin`` to ``end``, ns."""
        powered = state in POWERED
        rest = line.rest
        waits = self.recorder.wait_rows.get((line.name, state, line.record.cause), -1)
        idle = powered and rest is None
        every = self.recorder.every
        number = begin // every
        if end <= (number + 1) * every:  # nearly always
            if begin < end:
                _record_standing(self._sums, number - self.recorder.first, state, end - begin, waits, idle)
        else:
            for k, part in self.recorder.cut(begin, end):
                _record_standing(self._sums, k, state, part, waits, idle)
        meter = self.recorder.meter
        if meter is not None and idle:
            meter.drawn(self._first, 0, begin, end, self.power[:, 0] * ((end - begin) / NANOSECONDS))
        if rest is not None and (powered or state == OFF_SHIFT):
            for since, until, level in rest.pieces(begin, end, state):
                if powered:
                    rest.add(level, until - since)
                for k, part in self.recorder.cut(since, until):
                    self._energy[k] += self.drawn_at(level) * (part / NANOSECONDS)
                if meter is not None:
                    meter.drawn(self._first, 0, since, until, self.drawn_at(level) * ((until - since) / NANOSECONDS))

    def drawn_at(self, level: str) -> Floats:
        """What the machines (machine,) draw while the line stands, W."""
        return self.power[:, 0] if level == IDLE else self.resting[:, 0 if level == STANDBY else 1]

    def _stood(self, line: TimedLine) -> tuple[int, int, int]:
        """For how long (ns) its machines drew idle, stand-by and off power."""
        rest, times = line.rest, line.record.state_time
        powered = sum(times[state] for state in POWERED)
        if rest is None:
            return powered, 0, 0
        return powered - rest.standby_time - rest.off_time, rest.standby_time, rest.off_time + times[OFF_SHIFT]

    def energy_used(self, line: TimedLine) -> float:
        """Electricity used so far, J, from times and masses alone: the account that recorded energy is held against."""
        times = [now - counted for now, counted in zip(self._stood(line), self._counted_time, strict=True)]
        drawn = (float(sum(each.tolist())) for each in (self.power[:, 0], self.resting[:, 0], self.resting[:, 1]))
        idle = sum(power * time / NANOSECONDS for power, time in zip(drawn, times, strict=True))
        masses: list[float] = (self.through - self._counted_mass).tolist()
        specific: list[float] = self.power[:, 1].tolist()
        return self._used + idle + sum([p * m for p, m in zip(specific, masses, strict=True)])

    def copies(self, line: TimedLine, place: int, machine: Machine) -> None:
        """A copy failed or came back, or a timed event changed the power: settle the account at what was drawn until now."""
        self._used = self.energy_used(line)
        self._counted_time = self._stood(line)
        self._counted_mass = self.through.copy()
        self.power[place], self.resting[place] = machine.drawn_power, machine.resting_power

    def save(self) -> State:
        """The account."""
        return {
            "power": self.power.copy(), "resting": self.resting.copy(), "through": self.through.copy(), "used": self._used,
            "counted_time": list(self._counted_time), "counted_mass": self._counted_mass.copy(),
        }  # fmt: skip

    def load(self, state: State) -> None:
        """Take over a saved account."""
        self.power[:], self.resting[:], self.through[:] = state["power"], state["resting"], state["through"]
        idle, standby, off = state["counted_time"]
        self._used, self._counted_time, self._counted_mass = state["used"], (idle, standby, off), state["counted_mass"].copy()
