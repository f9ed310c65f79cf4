"""What a line tells the recorder: its flows, states, loads and energy, interval by interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from twin.engine.clock import NANOSECONDS
from twin.engine.recording import Recorder
from twin.engine.states import BLOCKED, CLOSING, OVERTIME, RUNNING, STARVED, WAITING
from twin.engine.unit import State
from twin.kernels.recording import record_interval

if TYPE_CHECKING:
    from twin.units.line_times import TimedLine
    from twin.units.machine import Machine

POWERED = (WAITING, BLOCKED, STARVED, RUNNING, OVERTIME, CLOSING)
"""States in which a machine draws its idle power."""


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
        self.machine_rows: Mapping[str, int] = {name: first_machine + i for i, name in enumerate(machines)}
        self.streams = np.array(stream_rows, dtype=np.int64).reshape(-1, 3)
        self.intake_rows = np.array(intake_rows, dtype=np.int64)
        self.power = np.array(power, dtype=np.float64).reshape(-1, 2)
        self.through = np.zeros(len(machines))
        self._load = [row[first_machine:last] for row in recorder.loads]
        self._bottleneck = [row[first_machine:last] for row in recorder.bottleneck]
        self._energy = [row[first_machine:last] for row in recorder.energy]
        self._state = [row[line_row] for row in recorder.state]
        self._used = 0.0
        self._counted_time, self._counted_mass = 0, np.zeros(len(machines))

    def running(self, line: TimedLine, begin: int, end: int, state: int = RUNNING) -> None:
        """The line worked on its lot from ``begin`` to ``end``, ns; ``state``: in its time, or in overtime."""
        recorder = self.recorder
        every = recorder.every
        number = begin // every
        if end <= (number + 1) * every:
            self._add(line, recorder.step(begin), end - begin, state)
        else:
            for k, part in recorder.cut(begin, end):
                self._add(line, k, part, state)

    def _add(self, line: TimedLine, k: int, part: int, state: int) -> None:
        recorder, network = self.recorder, line.network
        duration = line.record.duration
        self._state[k][state] += part
        record_interval(
            network.out, self.streams, network.x, line.intake.weights, self.intake_rows, network.flows,
            part / duration if duration else 1.0, line.record.feed, part / NANOSECONDS, network.result,
            recorder.mass[k], recorder.size[k], self._load[k], self._bottleneck[k], self._energy[k], self.power, self.through, network.lanes,
        )  # fmt: skip
        if network.riders is not None:
            share = part / duration if duration else 1.0
            network.riders.record(recorder.mass[k], share, self.streams, self.intake_rows, line.intake.weights)

    def standing(self, line: TimedLine, begin: int, end: int, state: int) -> None:
        """The line did not work from ``begin`` to ``end``, ns."""
        powered = state in POWERED
        waits = self.recorder.wait_rows.get((line.name, state, line.record.cause), -1)
        for k, part in self.recorder.cut(begin, end):
            self._state[k][state] += part
            if waits >= 0:
                self.recorder.waits[k][waits] += part
            if powered:
                self._energy[k] += self.power[:, 0] * (part / NANOSECONDS)

    def energy_used(self, line: TimedLine) -> float:
        """Electricity used so far, J, from times and masses alone: the account that recorded energy is held against."""
        powered = sum(line.record.state_time[state] for state in POWERED) - self._counted_time
        idle = float(sum(self.power[:, 0].tolist())) * powered / NANOSECONDS
        masses: list[float] = (self.through - self._counted_mass).tolist()
        specific: list[float] = self.power[:, 1].tolist()
        return self._used + idle + sum([p * m for p, m in zip(specific, masses, strict=True)])

    def copies(self, line: TimedLine, place: int, machine: Machine) -> None:
        """A copy failed or came back, or a timed event changed the power: settle the account at what was drawn until now."""
        self._used = self.energy_used(line)
        self._counted_time = sum(line.record.state_time[state] for state in POWERED)
        self._counted_mass = self.through.copy()
        self.power[place] = machine.drawn_power

    def save(self) -> State:
        """The account."""
        return {
            "power": self.power.copy(), "through": self.through.copy(), "used": self._used,
            "counted_time": self._counted_time, "counted_mass": self._counted_mass.copy(),
        }  # fmt: skip

    def load(self, state: State) -> None:
        """Take over a saved account."""
        self.power[:], self.through[:] = state["power"], state["through"]
        self._used, self._counted_time, self._counted_mass = state["used"], state["counted_time"], state["counted_mass"].copy()
