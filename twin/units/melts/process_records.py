"""What a process unit tells the recorder: its state, flows, energy and heat, spread over the time that they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.engine.recording import Recorder
from twin.engine.states import RUNNING, STARVED
from twin.engine.unit import State
from twin.kernels.physical_constants import COLD, LEVEL_BOUNDS

Floats = NDArray[np.float64]


@dataclass
class Work:
    """What is done from ``begin`` to ``end``, ns: ``flows`` (component,) kg by row of a stream, ``use`` (carrier,) J, ``heat`` (level,) J.

    ``late``: J of its electricity that were drawn before, while it waited, and are told only now.
    """

    begin: int
    end: int
    flows: dict[int, Floats] = field(default_factory=dict)
    use: Floats = field(default_factory=lambda: np.zeros(0))
    heat: Floats = field(default_factory=lambda: np.zeros(0))
    late: float = 0.0


def levels_of(heat: float, temperature: float) -> Floats:
    """Heat by level (level,), J, that a melt of ``temperature`` K gives off as it cools to 298 K, in proportion to the fall of temperature.

    Of 1 MJ at 1573 K .39 is above 800 °C, .31 between 400 and 800 °C:

    >>> [round(share, 3) for share in levels_of(1.0, 1573.15).tolist()]
    [0.392, 0.314, 0.157, 0.137]
    """
    bounds = [max(temperature, COLD), *(min(max(bound, COLD), max(temperature, COLD)) for bound in LEVEL_BOUNDS), COLD]
    fall = bounds[0] - COLD
    return np.array([heat * (above - below) / fall if fall > 0.0 else 0.0 for above, below in pairwise(bounds)])


class ProcessRecords:
    """Rows of one unit in the recorder's arrays. ``state`` holds since ``since``, because of the unit or resource ``cause``; ``work`` is what is being done,
    if anything.

    Beside the recorder it keeps ``used`` (carrier,), J, of work that is done, and ``powered``, ns, the time that idle power was drawn, for the accounts.
    """

    def __init__(self, recorder: Recorder, unit: str, idle: float) -> None:
        self.recorder = recorder
        axes = recorder.axes
        self.unit, self.cause = unit, ""
        self.state_row, self.use_row = axes.lines.index(unit), axes.processes.index(unit)
        self.idle = idle
        self.electricity = axes.carriers.index("electricity")
        self.state, self.since = STARVED, 0
        self.work: Work | None = None
        self.used = np.zeros(len(axes.carriers))
        self.powered = 0

    def stand(self, state: int, now: int, cause: str = "") -> None:
        """The unit waits from ``now`` on, where it is known for ``cause``, a unit or resource."""
        self.settle(now)
        self._finish()
        self.state, self.cause = state, cause

    def begin(self, now: int, until: int, flows: Mapping[int, Floats], use: Floats, heat: Floats, late: tuple[int, float] = (0, 0.0)) -> None:
        """The unit works from ``now`` to ``until``; what takes no time is recorded at once. ``late``: since when (ns) it waited before, and what of the
        electricity (J) it drew then."""
        self.settle(now)
        self._finish()
        self.state, self.cause, self.work = RUNNING, "", Work(now, until, dict(flows), use, heat, late[1])
        if late[1] and self.recorder.meter is not None:
            self.recorder.meter.drawn_late(late[0], now, late[1])
        for carrier, main in self.recorder.mains.items():
            if use[carrier] > 0.0:
                main.draw(now, until, float(use[carrier]))
        if until == now:
            self._add(self.recorder.step(now), 1.0)
            self.metered(now, now, use, late[1])
            self._finish()

    def _finish(self) -> None:
        if self.work is not None:
            self.used += self.work.use
            self.work = None

    def settle(self, now: int) -> None:
        """Record up to ``now``."""
        work = self.work
        if self.cause:
            self.recorder.waited(self.unit, self.state, self.cause, self.since, now)
        for k, part in self.recorder.cut(self.since, now):
            self.recorder.state[k][self.state_row][self.state] += part
            self.recorder.use[k][self.use_row][self.electricity] += self.idle * (part / NANOSECONDS)
            if work is not None:
                self._add(k, part / (work.end - work.begin))
        if self.recorder.meter is not None and self.since < now:
            self._meter(now)
        self.powered += now - self.since
        self.since = now

    def _meter(self, now: int) -> None:
        work, passed = self.work, now - self.since
        use = work.use * (passed / (work.end - work.begin)) if work is not None else np.zeros(len(self.used))
        use[self.electricity] += self.idle * (passed / NANOSECONDS)
        self.metered(self.since, now, use, work.late * (passed / (work.end - work.begin)) if work is not None else 0.0)

    def metered(self, begin: int, end: int, use: Floats, late: float = 0.0) -> None:
        """Tell the meter, where there is one, what was drawn (carrier,), J, and what of the electricity was drawn ``late`` J before."""
        if self.recorder.meter is not None:
            self.recorder.meter.used(self.use_row, begin, end, use, late)

    def _add(self, k: int, share: float) -> None:
        assert self.work is not None
        for row, flow in self.work.flows.items():
            self.recorder.mass[k][row] += share * flow
        self.recorder.use[k][self.use_row] += share * self.work.use
        self.recorder.heat[k][self.use_row] += share * self.work.heat

    def energy_used(self) -> Floats:
        """Energy used so far by carrier, J, from what was done and for how long: the account that recorded energy is held against."""
        total = self.used.copy()
        total[self.electricity] += self.idle * self.powered / NANOSECONDS
        if self.work is not None:
            total += self.work.use * ((self.since - self.work.begin) / (self.work.end - self.work.begin))
        return total

    def save(self) -> State:
        """As plain data and arrays."""
        work = self.work
        saved = None
        if work is not None:
            flows = {str(row): flow.copy() for row, flow in work.flows.items()}
            saved = {"begin": work.begin, "end": work.end, "flows": flows, "use": work.use.copy(), "heat": work.heat.copy(), "late": work.late}
        return {"state": self.state, "cause": self.cause, "since": self.since, "used": self.used.copy(), "powered": self.powered, "work": saved}

    def load(self, state: State) -> None:
        """Take over a saved records."""
        self.state, self.cause, self.since, self.powered = state["state"], state["cause"], state["since"], state["powered"]
        self.used[:] = state["used"]
        saved = state["work"]
        self.work = None
        if saved is not None:
            flows = {int(row): flow.copy() for row, flow in saved["flows"].items()}
            self.work = Work(saved["begin"], saved["end"], flows, saved["use"].copy(), saved["heat"].copy(), saved.get("late", 0.0))
