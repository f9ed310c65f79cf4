"""Conveyors: residence time between units, first in, first out, with a transit time and a capacity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin.engine.calendars import Windows
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.content import Queue
from twin.engine.deadlock import check_deadlock
from twin.engine.states import BLOCKED, DOWN, MAINTENANCE, RUNNING, STARVED
from twin.engine.unit import NEVER, State, Unit
from twin.engine.waiting import WaitingList
from twin.kernels.compile import entry
from twin.kernels.recording import record_passage, record_standing
from twin.scenario.kinds.conveyor import Conveyor as ConveyorModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.outlet import Receiver
from twin.units.lines.line_records import POWERED, standing_sums

if TYPE_CHECKING:
    from twin.units.lines.line import Line

RELATIVE_TOLERANCE = 1e-9
_record_passage, _record_standing = entry(record_passage), entry(record_standing)
RUN_ON, STOP, ACCUMULATE = "run_on", "stop", "accumulate"


@dataclass(slots=True)
class ConveyorRecord:
    """``exits`` (ns), ``masses`` (kg) and ``lots`` of what is on the belt, first in first; ``state`` holds since ``since``.
    ``moves_until``: when the last lot is at the end; ``stood``: since when the belt stands with what is on it; ``held``: it stands with its line."""

    until: int = 0
    exits: list[int] = field(default_factory=list)
    masses: list[float] = field(default_factory=list)
    lots: list[int] = field(default_factory=list)
    state: int = STARVED
    since: int = 0
    passed: float = 0.0
    powered: int = 0
    used: float = 0.0
    moves_until: int = 0
    stood: int = NEVER
    held: bool = False


class Conveyor(Unit):
    """A belt: a lot put on it can be taken off after ``transit`` of open time; at its end lots wait for room and the belt fills up behind."""

    hot = False

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
        self.when_blocked, self.stops_with = model.when_blocked, model.stops_with
        calendar = site.calendar(model.calendar)
        self.windows = Windows([calendar] if calendar is not None else [], [])
        self.leader: Line | None = None
        self.power = (model.power.idle, model.power.specific)
        self.reserved: dict[str, float] = {}
        self.content = Queue(site.shape, site.genealogy, name, site.arena)
        self.fillers: list[Unit] = []
        self.material = WaitingList(f"{name}: material", lambda _: bool(self.record.exits), lambda: self.fillers, ends_quietly=True)
        self.putters = WaitingList(f"{name}: room", self._fits, self._who_makes_room)
        self.recorder, self.genealogy = site.recorder, site.genealogy
        axes = site.recorder.axes
        self.line_row, self.machine_row, self.stream_row = axes.lines.index(name), axes.machines.index(name), site.row(name)
        self._part, self._lanes, self._solid = np.zeros(site.shape), np.zeros(site.shape[1]), site.components.solid
        self._power = np.array([self.power])
        self._sums = standing_sums(self.recorder, self.line_row, self.machine_row, self._power)
        self.outlet: Receiver

    def _who_makes_room(self) -> list[Unit]:
        """The belt itself; while it stands with its line, who mends that."""
        return self.leader.menders() if self.record.held and self.leader is not None else [self]

    # -- as a receiver --------------------------------------------------------------------------------------------------------------------

    def room(self) -> float:
        """Mass that still fits, kg."""
        if self.record.stood >= 0:
            return 0.0
        room = self.capacity - self.content.level
        if self.reserved:
            room -= sum(self.reserved.values())
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
        record.exits.append(self.windows.advance(now, self.transit))
        record.moves_until = record.exits[-1]
        record.masses.append(amount)
        record.lots.append(lot)
        if record.until < 0 and not self.waiting:
            record.until = max(now, record.exits[0])
            self.clock.schedule(self, record.until)

    # -- as a unit ------------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        record = self.record
        if record.held and record.exits:
            return False
        if not record.exits:
            self._close(now, STARVED if not record.held else record.state)
            self.material.join(self, 0.0)
            check_deadlock(self, now)
            return False
        if record.exits[0] > now:
            self._close(now, RUNNING)
            record.until = record.exits[0]
            return True
        if not self._deliver(now):
            if self.outlet.room_for(self, 0.0):  # a full bunker overflows into another
                return True
            self._close(now, BLOCKED)
            if self.when_blocked == STOP:
                self._stand(now)
            self.outlet.putters.join(self, 0.0)
            check_deadlock(self, now)
            return False
        return True

    def _stand(self, now: int) -> None:
        """The belt stops: what lies on it keeps its place."""
        if self.record.stood < 0:
            self.record.stood = now

    def _run_on(self, now: int) -> None:
        """The belt starts again, unless its line still stands: what is left of each way is gone from now on."""
        record = self.record
        if record.stood < 0 or record.held:
            return
        stood, record.stood = record.stood, NEVER
        advance, left = self.windows.advance, self.windows.open_between
        record.exits = [exit_ if exit_ <= stood else advance(now, left(stood, exit_)) for exit_ in record.exits]
        record.moves_until = record.exits[-1] if record.exits else now

    def line_changed(self, down: bool, serviced: bool, now: int) -> None:
        """The line that the belt stops with went down, or works again."""
        record = self.record
        held = down or serviced
        if held == record.held:
            return
        record.held = held
        if held:
            self._close(now, MAINTENANCE if serviced else DOWN)
            self._stand(now)
            if record.exits:
                self.abandon_lists(now)
            return
        self._run_on(now)
        self._close(now, RUNNING if record.exits else STARVED)
        if record.exits:
            self.wake(now)
        self.putters.wake_first(now)

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
            if self.waiting:
                self.leave_lists()
            if record.stood >= 0:
                self._run_on(now)
        else:
            record.masses[0] = amount - part
        recorder = self.recorder
        k = recorder.step(now)
        _record_passage(self._part, 1.0, recorder.mass[k], recorder.size[k], self.stream_row, self._solid, self._lanes)
        if self.power[1]:
            recorder.energy[k][self.machine_row] += self.power[1] * part
        if recorder.meter is not None:
            recorder.meter.drawn(self.machine_row, 0, now, now, np.array([self.power[1] * part]))
        record.passed += part
        outlet.put(self._part, 1.0, part, lot, now)
        if self.putters.units:
            self.putters.wake_first(now)
        return done

    # -- recording ------------------------------------------------------------------------------------------------------------------------

    def _close(self, now: int, state: int) -> None:
        """Account for the time since the state last changed; then it is ``state``."""
        record, recorder = self.record, self.recorder
        if record.since == now:
            record.state = state
            return
        for begin, end, effective in self._pieces_until(now):
            powered = effective in POWERED and (self.when_blocked == RUN_ON or not self._rests(effective, begin))
            record.powered += end - begin if powered else 0
            waits = recorder.wait_rows.get((self.name, BLOCKED, self.outlet.name), -1) if effective == BLOCKED else -1
            for k, part in recorder.parts(begin, end):
                _record_standing(self._sums, k, effective, part, waits, powered)
            if powered and recorder.meter is not None:
                recorder.meter.drawn(self.machine_row, 0, begin, end, np.array([self.power[0] * ((end - begin) / NANOSECONDS)]))
        record.since, record.state = now, state

    def _pieces_until(self, now: int) -> Iterable[tuple[int, int, int]]:
        """The time since the state last changed, (begin, end, state): in one piece where nothing cuts it."""
        record = self.record
        if self.when_blocked == ACCUMULATE:
            return self._pieces(record.since, now)
        if self.windows.always:
            return ((record.since, now, record.state),)
        return self.windows.pieces(record.since, now, record.state)

    def _rests(self, state: int, now: int) -> bool:
        """Whether a belt that could run draws no power: it stands, or nothing on it moves."""
        if self.when_blocked == ACCUMULATE:
            return now >= self.record.moves_until
        return self.when_blocked == STOP and state == BLOCKED

    def _pieces(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Cut [begin, end) where calendars open or close, and where the last lot has closed up."""
        record = self.record
        if begin < record.moves_until < end:
            yield from self.windows.pieces(begin, record.moves_until, record.state)
            begin = record.moves_until
        yield from self.windows.pieces(begin, end, record.state)

    def settle(self, now: int) -> None:
        self._close(now, self.record.state)

    def connect(self, site: Assembly) -> None:
        """Find where it delivers to, and let the deadlock report know who fills whom."""
        self.outlet = site.receiver_of(self.name)
        self.outlet.fillers.append(self)

    def follow(self, line: Line) -> None:
        """Stand whenever ``line`` is off shift, in maintenance or down."""
        self.leader = line
        line.followers.append(self)
        self.windows = Windows([*self.windows.calendars, *line.windows.calendars], line.windows.maintenance)

    def change_belt(self, capacity: float, transit: float, now: int | None) -> None:
        """What it holds, kg, and how long a way over it takes, s, from now on; ``now`` is None while a saved state is restored.

        A belt that runs at another speed does so under what lies on it: of each lot's way the share that is left then takes as much of the new time as it
        would have taken of the old.
        """
        larger = capacity > self.capacity
        self.capacity, self.tolerance = capacity, RELATIVE_TOLERANCE * capacity
        before, self.transit = self.transit, nanoseconds(transit)
        if now is None:
            return
        if self.transit != before:
            self._change_ways(before, now)
        if larger:
            self.putters.wake_first(now)

    def _change_ways(self, before: int, now: int) -> None:
        """Lots on the way have the share of it before them that they had; who stands has it when the belt runs on."""
        record = self.record
        self.settle(now)
        since = record.stood if record.stood >= 0 else now
        advance, left = self.windows.advance, self.windows.open_between
        record.exits = [at if at <= since else advance(since, left(since, at) * self.transit // before) for at in record.exits]
        if record.exits:
            record.moves_until = record.exits[-1]
            if record.until >= 0:
                record.until = max(now, record.exits[0])
                self.clock.reschedule(self, record.until)

    def change_power(self, power: tuple[float, float], now: int | None) -> None:
        """A timed event changed the power; ``now`` is None while a saved state is restored."""
        if now is not None:
            self.settle(now)
            self.record.used = self.energy_used()
            self.record.powered, self.record.passed = 0, 0.0
        self.power = power
        self._power[0] = power

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
