"""A machine of a line at run time: its parameters as they are now, its rate, its parallel copies and its wear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import Calendar
from twin.engine.clock import nanoseconds
from twin.engine.streams import Draw, Stream
from twin.engine.unit import State, record_from_state, record_to_state
from twin.kernels.compile import MachineKernel
from twin.units.lines.followed import FollowedRate


@dataclass(frozen=True)
class Wear:
    """``parameter`` changes by ``change`` (share of its first value) with each ``per`` kg of the ``materials`` (places; of all where there are none); new after
    ``replace_after`` kg of them."""

    parameter: str
    per: float
    change: float
    replace_after: float | None
    materials: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Roster:
    """``value`` is the sum of what each open calendar (None: always open) adds: people on shift."""

    value: str
    shifts: tuple[tuple[Calendar | None, float], ...]

    def at(self, now: int) -> float:
        """The value at ``now`` ns."""
        return sum(number for calendar, number in self.shifts if calendar is None or calendar.opens(now) == now)


@dataclass(slots=True)
class MachineRecord:
    """``up``: copies that work; ``away``: those that an event has taken away. ``worn``: kg since the part was new; ``steps``: wear steps since. ``drawn``: rate
    or cycle time in force, until ``drawn_until`` ns. ``on_duty``: what the roster gave for the last lot, below 0 before the first. ``wrapping``: kg of
    what wears it in the lot that it works on, where only some materials do."""

    up: int
    worn: float = 0.0
    steps: int = 0
    drawn: float = 0.0
    drawn_until: int = -1
    on_duty: float = -1.0
    away: int = 0
    wrapping: float = 0.0


class Machine:
    """One machine, ``count`` equal copies in parallel.

    ``values``: kernel parameters in SI as they are now, ``fresh`` the same without wear. ``rate`` (kg/s) or ``cycle_time`` (s a batch) is a
    distribution or None.
    ``power`` = idle W of a copy, specific J/kg; ``resting``: W of a copy in
    stand-by and off. ``bypass_port``: where everything goes while no copy works, -1 if the line stops instead.
    """

    def __init__(
        self,
        name: str,
        kernel: MachineKernel,
        ports: tuple[str, ...],
        values: Mapping[str, Any],
        *,
        count: int = 1,
        bypass_port: int = -1,
        rate: Draw | None = None,
        cycle_time: Draw | None = None,
        varies: bool = False,
        redraw: float | None = None,
        power: tuple[float, float] = (0.0, 0.0),
        wear: Wear | None = None,
        stream: Stream | None = None,
        roster: Roster | None = None,
    ) -> None:
        self.name, self.kernel, self.ports = name, kernel, ports
        self.fresh: dict[str, Any] = dict(values)
        self.values: dict[str, Any] = dict(values)
        self.count, self.bypass_port = count, bypass_port
        self.rate, self.cycle_time, self.varies = rate, cycle_time, varies
        self.redraw = nanoseconds(redraw) if redraw is not None else None
        self.power = power
        self.resting = (0.0, 0.0)
        self.wear = wear
        self.stream = stream
        self.roster = roster
        self.follows: FollowedRate | None = None
        self.steers = ""
        self.record = MachineRecord(up=count)

    @property
    def batching(self) -> int:
        """How many batches its copies take at once: 0 where it has no cycle time or none works."""
        return self.record.up if self.cycle_time is not None else 0

    def seconds(self, mass: float, now: int, batches: int = 1, redraw: bool = True) -> float:
        """Time one copy would take for a bare lot of ``mass`` kg alone, s; 0 where nothing limits it. Draws where the rate is random and ``redraw`` allows it.

        Each copy takes whole batches of the lot's ``batches``, a cycle time each, so that they last as many cycles as the busiest copy has batches.
        """
        draw = self.rate or self.cycle_time
        if draw is None:
            return 0.0
        record = self.record
        if record.drawn_until < 0 or (redraw and self.varies and now >= record.drawn_until):
            record.drawn = draw.inverse(self.stream.uniform() if self.varies and self.stream is not None else 0.5)
            record.drawn_until = (now // self.redraw + 1) * self.redraw if self.redraw else 0
        if self.rate is not None:
            if self.follows is not None and redraw:
                self.follows.at(record.drawn, now)
            return mass / (record.drawn if self.follows is None else self.follows.rate_now)
        copies = max(1, record.up)
        return record.drawn * (copies * -(-batches // copies))

    @property
    def drawn_power(self) -> tuple[float, float]:
        """Idle power of the copies that work, W, and specific energy, J/kg: a copy that is down draws none."""
        idle, specific = self.power
        return idle * self.record.up, specific

    @property
    def resting_power(self) -> tuple[float, float]:
        """Power in stand-by and off, W: of the copies that work, and of all that are there."""
        standby, off = self.resting
        return standby * self.record.up, off * (self.count - self.record.away)

    def wears(self, mass: float) -> tuple[bool, bool]:
        """``mass`` kg went through; returns (a parameter changed, the part must be replaced)."""
        wear, record = self.wear, self.record
        if wear is None:
            return False, False
        record.worn += record.wrapping if len(wear.materials) else mass
        steps = int(record.worn // wear.per)
        changed = steps != record.steps
        if changed:
            record.steps = steps
            self._apply_wear()
        return changed, wear.replace_after is not None and record.worn >= wear.replace_after

    @property
    def wrapping(self) -> NDArray[np.int64]:
        """The materials, by place, that alone wear it; empty where all do, or nothing."""
        return self.wear.materials if self.wear is not None else np.zeros(0, dtype=np.int64)

    def wrap(self, mass: float) -> None:
        """``mass`` kg of what alone wears it is in the lot that begins."""
        self.record.wrapping = mass

    @property
    def worn_share(self) -> float:
        """By how much of its fresh value the parameter that wears has changed."""
        return abs(self.wear.change) * self.record.steps if self.wear is not None else 0.0

    def _apply_wear(self) -> None:
        wear = self.wear
        if wear is not None:
            self.values[wear.parameter] = self.fresh[wear.parameter] * (1.0 + wear.change * self.record.steps)

    def follows_roster(self, now: int) -> bool:
        """Look who is there for the lot that begins now; returns whether a parameter changed."""
        if self.roster is None or (there := self.roster.at(now)) == self.record.on_duty:
            return False
        self.record.on_duty = there
        self._apply_roster()
        return True

    def _apply_roster(self) -> None:
        if self.roster is not None and self.record.on_duty >= 0.0:
            self.fresh[self.roster.value] = self.values[self.roster.value] = self.record.on_duty
            self._apply_wear()

    def replaced(self) -> None:
        """The worn part is new."""
        self.record.worn, self.record.steps = 0.0, 0
        self._apply_wear()

    def set_values(self, values: Mapping[str, Any]) -> None:
        """New parameters by a timed event; wear goes on from where it is."""
        self.fresh, self.values = dict(values), dict(values)
        self._apply_wear()
        self._apply_roster()

    def save(self) -> State:
        """Record and count of uniforms; parameters follow from scenario, events and wear."""
        follows = [self.follows.rate_now, self.follows.since] if self.follows is not None else []
        return {"record": record_to_state(self.record), "used": self.stream.used if self.stream is not None else 0, "follows": follows}

    def load(self, state: State) -> None:
        """Take over a saved machine."""
        record_from_state(self.record, state["record"])
        if self.stream is not None:
            self.stream.rewind(state["used"])
        if self.follows is not None:
            self.follows.rate_now, self.follows.since = state["follows"]
        self._apply_wear()
        self._apply_roster()
