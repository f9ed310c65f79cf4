"""Conveyors: residence time between units, first in, first out, with a transit time and a capacity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.engine.calendars import Calendar, Windows
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.content import Queue
from twin.engine.deadlock import check_deadlock
from twin.engine.states import BLOCKED, RUNNING, STARVED
from twin.engine.unit import State, Unit
from twin.engine.waiting import WaitingList
from twin.kernels.recording import record_passage
from twin.scenario.kinds.conveyor import Conveyor as ConveyorModel
from twin.units.assembly import Assembly
from twin.units.line_records import POWERED
from twin.units.outlet import Receiver

RELATIVE_TOLERANCE = 1e-9


@dataclass(slots=True)
class ConveyorRecord:
    """``exits`` (ns), ``masses`` (kg) and ``lots`` of what is on the belt, first in first; ``state`` holds since ``since``."""

    until: int = 0
    exits: list[int] = field(default_factory=list)
    masses: list[float] = field(default_factory=list)
    lots: list[int] = field(default_factory=list)
    state: int = STARVED
    since: int = 0
    passed: float = 0.0
    powered: int = 0
    used: float = 0.0


class Conveyor(Unit):
    """A belt: a lot put on it can be taken off after ``transit`` of open time; at its end lots wait for room and the belt fills up behind."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: ConveyorModel) -> None:
        """Add the conveyor to the plant."""
        conveyor = cls(site, name, site.next_index(), model)
        site.units.append(conveyor)
        site.receivers[name] = conveyor

    def __init__(self, site: Assembly, name: str, index: int, model: ConveyorModel) -> None:
        super().__init__(name, index, site.clock, record := ConveyorRecord())
        self.record: ConveyorRecord = record
        self.takes_any = False
        self.capacity, self.tolerance = model.capacity, RELATIVE_TOLERANCE * model.capacity
        self.transit = nanoseconds(model.transit)
        self.calendar: Calendar | None = site.calendar(model.calendar)
        self.windows = Windows([self.calendar] if self.calendar is not None else [], [])
        self.power = (model.power.idle, model.power.specific)
        self.reserved: dict[str, float] = {}
        self.content = Queue(site.shape, site.genealogy, name)
        self.fillers: list[Unit] = []
        self.material = WaitingList(f"{name}: material", lambda _: bool(self.record.exits), lambda: self.fillers, ends_quietly=True)
        self.putters = WaitingList(f"{name}: room", self._fits, lambda: [self])
        self.recorder, self.genealogy = site.recorder, site.genealogy
        axes = site.recorder.axes
        self.line_row, self.machine_row, self.stream_row = axes.lines.index(name), axes.machines.index(name), site.row(name)
        self._part, self._lanes, self._solid = np.zeros(site.shape), np.zeros(site.shape[1]), site.components.solid
        self.outlet: Receiver

    # -- as a receiver --------------------------------------------------------------------------------------------------------------------

    def room(self) -> float:
        """Mass that still fits, kg."""
        room = self.capacity - self.content.level - sum(self.reserved.values())
        return room if room > self.tolerance else 0.0

    def _fits(self, amount: float) -> bool:
        room = self.room()
        return room > 0.0 if amount == 0.0 else room >= amount - self.tolerance

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Whether ``unit`` may put ``amount`` kg now."""
        return self.putters.free_for(unit) and self._fits(amount)

    def put(self, x: np.ndarray[tuple[int, ...], np.dtype[np.float64]], share: float, amount: float, lot: int, now: int) -> None:
        """A lot steps on the belt."""
        record = self.record
        if not record.exits:
            self._close(now, RUNNING)
            self.leave_lists()
        self.content.put(x, share, amount, lot, now)
        record.exits.append(self.calendar.advance(now, self.transit) if self.calendar is not None else now + self.transit)
        record.masses.append(amount)
        record.lots.append(lot)
        if record.until < 0 and not self.waiting:
            record.until = max(now, record.exits[0])
            self.clock.schedule(self, record.until)

    # -- as a unit ------------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        record = self.record
        if not record.exits:
            self._close(now, STARVED)
            self.material.join(self, 0.0)
            check_deadlock(self, now)
            return False
        if record.exits[0] > now:
            self._close(now, RUNNING)
            record.until = record.exits[0]
            return True
        if not self._deliver(now):
            self._close(now, BLOCKED)
            self.outlet.putters.join(self, 0.0)
            check_deadlock(self, now)
            return False
        return True

    def _deliver(self, now: int) -> bool:
        """Hand over the first lot as far as there is room; returns whether all of it is gone."""
        record, outlet = self.record, self.outlet
        if not outlet.putters.free_for(self):
            return False
        amount, room = record.masses[0], outlet.room()
        part = amount if amount <= room + outlet.tolerance else room
        if part <= 0.0:
            return False
        lot = record.lots[0]
        if self.genealogy is not None:
            lot = self.genealogy.new(self.name, now)
        self.content.draw(part, self._part, lot)
        done = part >= amount
        if done:
            record.exits.pop(0)
            record.masses.pop(0)
            record.lots.pop(0)
            self.leave_lists()
        else:
            record.masses[0] = amount - part
        recorder = self.recorder
        k = recorder.step(now)
        record_passage(self._part, 1.0, recorder.mass[k], recorder.size[k], self.stream_row, self._solid, self._lanes)
        recorder.energy[k][self.machine_row] += self.power[1] * part
        record.passed += part
        outlet.put(self._part, 1.0, part, lot, now)
        self.putters.wake_first(now)
        return done

    # -- recording ------------------------------------------------------------------------------------------------------------------------

    def _close(self, now: int, state: int) -> None:
        """Account for the time since the state last changed; then it is ``state``."""
        record, recorder = self.record, self.recorder
        for begin, end, effective in self.windows.pieces(record.since, now, record.state):
            powered = effective in POWERED
            record.powered += end - begin if powered else 0
            if effective == BLOCKED:
                recorder.waited(self.name, BLOCKED, self.outlet.name, begin, end)
            for k, part in recorder.cut(begin, end):
                recorder.state[k][self.line_row][effective] += part
                if powered:
                    recorder.energy[k][self.machine_row] += self.power[0] * (part / NANOSECONDS)
        record.since, record.state = now, state

    def settle(self, now: int) -> None:
        self._close(now, self.record.state)

    def connect(self, site: Assembly) -> None:
        """Find where it delivers to, and let the deadlock report know who fills whom."""
        self.outlet = site.receiver_of(self.name)
        fillers = getattr(self.outlet, "fillers", None)
        if fillers is not None:
            fillers.append(self)

    def change_power(self, power: tuple[float, float], now: int | None) -> None:
        """A timed event changed the power; ``now`` is None while a saved state is restored."""
        if now is not None:
            self.settle(now)
            self.record.used = self.energy_used()
            self.record.powered, self.record.passed = 0, 0.0
        self.power = power

    def energy_used(self) -> float:
        """Electricity used so far, J, from time and mass alone."""
        return self.record.used + self.power[0] * self.record.powered / NANOSECONDS + self.power[1] * self.record.passed

    def save(self) -> State:
        waiting = self.putters
        putters = {"units": [unit.name for unit in waiting.units], "wishes": list(waiting.wishes), "asked": list(waiting.asked)}
        return {**super().save(), "content": self.content.save(), "reserved": dict(self.reserved), "putters": putters}

    def load(self, state: State) -> None:
        super().load(state)
        self.content.load(state["content"])
        self.reserved = dict(state["reserved"])
        record = self.record
        record.exits, record.masses, record.lots = list(record.exits), list(record.masses), list(record.lots)
        if not record.exits and record.until < 0:
            self.material.join(self, 0.0)

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Restore who waits for room, by name."""
        for name, wish, asked in zip(state["putters"]["units"], state["putters"]["wishes"], state["putters"]["asked"], strict=True):
            self.putters.restore(units[name], wish, asked)
