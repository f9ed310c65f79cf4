"""Shared resources: operators, loaders, fitters. How many there are by shift, who holds one, who waits for one, and who must give one up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import FAR, Calendar
from twin.engine.clock import Clock
from twin.engine.recording import RESOURCE_COUNTS, Recorder
from twin.engine.staffing import Staffing
from twin.engine.unit import Record, State, Unit
from twin.engine.waiting import WaitingList
from twin.quantities import NANOSECONDS

IN_USE, AVAILABLE, QUEUE, GRANTS = range(len(RESOURCE_COUNTS))
Preempt = Literal["resume", "repeat"]


@dataclass(frozen=True)
class Rules:
    """How a resource is shared.

    ``pauses``: while this calendar is closed, work that holds one stands still and keeps it. ``suspends``: where a shift has fewer than work, the last who
    began are interrupted; else they finish. ``preempt``: who asks with a higher priority interrupts a lower one, which then goes on with what is left
    (``resume``) or starts again (``repeat``). ``between``: ns after a task during which the one is not free.
    """

    staffing: Staffing
    pauses: Calendar | None = None
    suspends: bool = False
    preempt: Preempt | None = None
    between: int = 0


class Hold(NamedTuple):
    """One that ``unit`` holds for its task ``number``. ``rank``: its priority; ``asked``: since when it was wanted, ns; ``leaves``: it goes when its
    calendar closes, since others would do; ``cut``: the task is being interrupted."""

    unit: Unit
    number: int
    rank: int
    asked: int
    leaves: bool = False
    cut: bool = False


class Queue(WaitingList):
    """By priority (``ranks``), then in order of asking, then of declaration. ``choices``: see :meth:`~twin.engine.waiting.WaitingList.serves`."""

    ranks: list[int]
    choices: list[tuple[int, ...]]

    def stand(self, unit: Unit, rank: int, asked: int, choices: tuple[int, ...]) -> None:
        """Take a place, or keep the one held. One order for all queues: of two who need the same, the same stands first everywhere."""
        if unit in self.units:
            unit.waiting.remove(self)  # lists stand in the order of the needs, also after a load, which restores them in another
            unit.waiting.append(self)
            return
        if self.before_change is not None:
            self.before_change(unit.clock.now)
        place, key = len(self.units), (-rank, asked, unit.index)
        while place and key < (-self.ranks[place - 1], self.asked[place - 1], self.units[place - 1].index):
            place -= 1
        self.ranks.insert(place, rank)
        self.choices.insert(place, choices)
        self._insert(place, unit, 1.0, asked)

    def _delete(self, place: int) -> None:
        super()._delete(place)
        del self.ranks[place], self.choices[place]

    def clear(self) -> None:
        super().clear()
        self.ranks.clear()
        self.choices.clear()

    def serves(self, unit: Unit) -> tuple[int, ...]:
        return self.choices[self.units.index(unit)]

    def save(self) -> State:
        """As plain data."""
        names, choices = [unit.name for unit in self.units], [list(choices) for choices in self.choices]
        return {"units": names, "asked": list(self.asked), "ranks": list(self.ranks), "choices": choices}

    def load(self, state: State, units: dict[str, Unit]) -> None:
        """Take over a saved queue."""
        for name, asked, rank, choices in zip(state["units"], state["asked"], state["ranks"], state["choices"], strict=True):
            self.ranks.append(rank)
            self.choices.append(tuple(choices))
            self.restore(units[name], 1.0, asked)


class Resource(Unit):
    """Equal people or tools, granted by priority and then in order of asking.

    It has an event of its own only while somebody waits for a change (of shift, or the end of ``between``), or would be interrupted by one.
    """

    def __init__(self, name: str, index: int, clock: Clock, rules: Rules, recorder: Recorder | None = None) -> None:
        super().__init__(name, index, clock, Record())
        self.rules = rules
        self.staffing = rules.staffing
        self.holders: list[Hold] = []
        self.resting: list[int] = []
        """When each that was given back is free again, ns."""
        self.changed_until = -1
        """The time of the last event of the scenario that changes how many there are, ns."""
        self.queue = Queue(f"{name}: a free one", self._enough, self._who_brings)
        self.queue.ranks, self.queue.choices = [], []
        self.queue.before_change = self.account
        self.recorder = recorder
        self._row = recorder.axes.resources.index(name) if recorder is not None else -1
        self._counts: Any = recorder.resource_counts if recorder is not None else None
        self._since = 0

    # -- who may have one ------------------------------------------------------------------------------------------------------------------

    def size(self, now: int) -> int:
        """How many are on duty."""
        return self.staffing.most if self.staffing.steady else self.staffing.size(now)

    def free(self) -> int:
        """How many could be granted now; below 0 where more work than the shift has."""
        staffing = self.staffing
        if not self.resting:  # nearly always
            return (staffing.most if staffing.steady else staffing.size(self.clock.now)) - len(self.holders)
        now = self.clock.now
        self.resting = [end for end in self.resting if end > now]
        return self.size(now) - len(self.holders) - len(self.resting)

    def free_for(self, unit: Unit, more: int = 0) -> bool:
        """Whether ``unit`` could have one now, beside ``more`` others."""
        first = self.queue.units
        return (not first or first[0] is unit) and self.free() > more

    def yields(self, unit: Unit, rank: int, more: int = 0) -> bool:
        """Whether ``unit``, first in the queue, could have one now beside ``more`` others if tasks of lower priority are interrupted."""
        if self.rules.preempt is None or not self.queue.free_for(unit) or self.size(self.clock.now) - len(self.resting) <= more:
            return False
        return self.free() + len(self._lower(rank)) > more

    def _lower(self, rank: int) -> list[int]:
        """Places of the holds that a task of ``rank`` may take, in the order in which they go: the lowest priority first, of equals the last begun."""
        found = [(hold.rank, -place) for place, hold in enumerate(self.holders) if hold.rank < rank and hold.unit.interruptible]
        return [-place for _, place in sorted(found)]

    def _enough(self, _: float) -> bool:
        return self.free() > 0 or (self.rules.preempt is not None and self.yields(self.queue.units[0], self.queue.ranks[0]))

    def _who_brings(self) -> list[Unit]:
        """Who holds one; and the resource, where more only have to come on duty."""
        found = [hold.unit for hold in self.holders]
        now = self.clock.now
        comes = not self.staffing.steady and self.staffing.later(now) > len(self.holders)
        return [*found, self] if comes or self.resting or now <= self.changed_until else found

    # -- waiting and working ---------------------------------------------------------------------------------------------------------------

    def join(self, unit: Unit, rank: int, asked: int, choices: tuple[int, ...]) -> None:
        """Wait for one; where that is a matter of time, wake then."""
        self.queue.stand(unit, rank, asked, choices)
        self._plan(unit.clock.now)

    def make_way(self, rank: int, count: int, now: int) -> None:
        """``count`` are wanted by a task of ``rank``: as many of lower priority are interrupted as are not free."""
        lacks = count - self.free() - sum(hold.cut for hold in self.holders)
        lower = [place for place in self._lower(rank) if not self.holders[place].cut]
        self._interrupt(lower[: max(0, lacks)], self.rules.preempt == "repeat", now)

    def _interrupt(self, places: list[int], again: bool, now: int) -> None:
        for place in places:
            hold = self.holders[place]
            if hold.unit.interrupt(hold.number, hold.asked, again, now):
                self.holders[place] = hold._replace(cut=True)

    def grant(self, hold: Hold, now: int) -> None:
        """One is held from now on."""
        if self._since < now:
            self.account(now)
        self.holders.append(hold)
        if self.recorder is not None:
            self._counts[self.recorder.step(now), self._row, GRANTS] += 1.0
        if self.rules.suspends or hold.leaves:
            self._plan(now)

    def give_back(self, unit: Unit, number: int, now: int) -> bool:
        """``unit`` has one less for its task ``number`` from now on; False where it had none."""
        for place, hold in enumerate(self.holders):
            if hold.unit is unit and hold.number == number:
                if self._since < now:
                    self.account(now)
                del self.holders[place]
                if self.rules.between and not hold.cut:
                    self.resting.append(now + self.rules.between)
                    self._plan(now)
                return True
        return False

    def set_staffing(self, staffing: Staffing, now: int | None) -> None:
        """How many there are from ``now`` on; None while a saved state is restored."""
        if now is not None:
            self.account(now)
        self.staffing = staffing
        if now is not None:
            self._send_home(now)
            self.queue.wake_first(now)
            self._plan(now)

    # -- what comes by itself --------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        """A shift begins or ends, or one has rested: who is too many goes, and the first waiter looks."""
        self._send_home(now)
        self.queue.wake_first(now)
        self.record.until = self._next(now)
        return self.record.until >= 0

    def _send_home(self, now: int) -> None:
        """Interrupt those for whom the shift has nobody."""
        leaving = [hold.leaves and not hold.cut for hold in self.holders]
        if self.rules.suspends:
            surplus = sum(not hold.cut for hold in self.holders) - self.size(now)
            going = [place for place in self._last_first() if not self.holders[place].cut]
            self._interrupt(going[: max(0, surplus)], False, now)
        elif any(leaving) and self.size(now) == 0:
            self._interrupt([place for place, leaves in enumerate(leaving) if leaves], False, now)

    def _last_first(self) -> list[int]:
        return self._lower(1 + max((hold.rank for hold in self.holders), default=0))

    def _plan(self, now: int) -> None:
        """Have an event at the next change that matters."""
        if self.staffing.steady and not self.resting:
            return
        until, record = self._next(now), self.record
        if until < 0 or 0 <= record.until <= until:
            return
        pending = record.until >= 0
        record.until = until
        if pending:
            self.clock.reschedule(self, until)
        else:
            self.clock.schedule(self, until)

    def _next(self, now: int) -> int:
        """The next change that matters, ns; below 0 where none does."""
        found = FAR
        if self.queue.units:
            found = min((end for end in self.resting if end > now), default=FAR)
            if not self.staffing.steady:
                found = min(found, self.staffing.grows(now))
        if not self.staffing.steady and self.holders and (self.rules.suspends or any(hold.leaves for hold in self.holders)):
            found = min(found, self.staffing.shrinks(now))
        return found if now < found < FAR else -1

    # -- recording -------------------------------------------------------------------------------------------------------------------------

    def account(self, now: int) -> None:
        """Count who works and who waits since the last change."""
        if self.recorder is None or self._since >= now:
            return
        waiting = sum([unit.askers for unit in self.queue.units]) if self.queue.units else 0
        begin, counts, row = self._since, self._counts, self._row
        for k, part in self.recorder.parts(begin, now):
            if self.staffing.steady and self.rules.pauses is None:  # nearly always
                counts[k, row, IN_USE] += len(self.holders) * part / NANOSECONDS
                counts[k, row, AVAILABLE] += self.staffing.most * part / NANOSECONDS
            else:
                self._account(self.recorder.resources[k][row], begin, part)
            if waiting:
                counts[k, row, QUEUE] += waiting * part / NANOSECONDS
            begin += part
        self._since = now

    def _account(self, counts: NDArray[np.float64], begin: int, part: int) -> None:
        """Who works and who is on duty in ``part`` ns from ``begin`` on. Work that pauses while the calendar is closed is none then; other work is."""
        busy, pauses = len(self.holders), self.rules.pauses
        if self.staffing.steady or pauses is not None:
            there = part if pauses is None else pauses.open_between(begin, begin + part)
            counts[IN_USE] += busy * there / NANOSECONDS
            counts[AVAILABLE] += self.staffing.most * there / NANOSECONDS
            return
        counts[IN_USE] += busy * part / NANOSECONDS
        for since, until, size in self.staffing.pieces(begin, begin + part):
            counts[AVAILABLE] += size * (until - since) / NANOSECONDS

    def settle(self, now: int) -> None:
        self.account(now)

    def save(self) -> State:
        """Record, holders and queue."""
        holders = [[hold.unit.name, hold.number, hold.rank, hold.asked, hold.leaves, hold.cut] for hold in self.holders]
        return {**super().save(), "holders": holders, "queue": self.queue.save(), "resting": list(self.resting), "since": self._since}

    def load(self, state: State) -> None:
        super().load(state)
        self._since, self.resting = state["since"], list(state["resting"])

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Restore holders and queue by name."""
        self.holders = [Hold(units[name], *task) for name, *task in state["holders"]]
        self.queue.load(state["queue"], units)
