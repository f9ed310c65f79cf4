"""Shared resources: operators, loaders, fitters. All that a unit needs is granted together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from twin.engine.calendars import FAR, Calendar
from twin.engine.clock import Clock
from twin.engine.recording import RESOURCE_COUNTS, Recorder
from twin.engine.unit import Record, State, Unit
from twin.engine.waiting import WaitingList
from twin.quantities import NANOSECONDS

IN_USE, AVAILABLE, QUEUE, GRANTS = range(len(RESOURCE_COUNTS))


class Resource(Unit):
    """``count`` equal people or tools, granted in order of asking, while the ``calendar`` is open.

    It has an event of its own only when somebody waits and the calendar closes at times: at its next opening.
    """

    def __init__(self, name: str, index: int, clock: Clock, count: int, calendar: Calendar | None, recorder: Recorder | None = None) -> None:
        super().__init__(name, index, clock, Record())
        self.count = count
        self.calendar = calendar
        self.holders: list[Unit] = []
        self.queue = WaitingList(f"{name}: a free one", self._enough, self._who_brings)
        self.queue.before_change = self.account
        self.recorder = recorder
        self._row = recorder.axes.resources.index(name) if recorder is not None else -1
        self._since = 0

    def _who_brings(self) -> list[Unit]:
        """Who holds one; and the calendar, where it only has to open."""
        free_later = len(self.holders) < self.count and self.calendar is not None and self.calendar.opens(self.clock.now) < FAR
        return [*self.holders, self] if free_later else list(self.holders)

    def _enough(self, _: float) -> bool:
        return len(self.holders) < self.count and (self.calendar is None or self.calendar.opens(self.clock.now) == self.clock.now)

    def free_for(self, unit: Unit) -> bool:
        """Whether ``unit`` could have one now."""
        return self.queue.free_for(unit) and self._enough(0.0)

    def step(self, now: int) -> bool:
        """The calendar has opened: let the first waiter look."""
        self.queue.wake_first(now)
        if self.queue.units:
            self._wait_for_opening(now)
        return self.record.until >= 0

    def join(self, unit: Unit, now: int, asked: int | None = None) -> None:
        """Wait for one; where the calendar closes, wake at its next opening."""
        self.queue.join(unit, 1.0, asked)
        if self.record.until < 0:
            self._wait_for_opening(now)
            if self.record.until >= 0:
                self.clock.schedule(self, self.record.until)

    def _wait_for_opening(self, now: int) -> None:
        """Set the next time at which the calendar opens, whoever holds what until then."""
        if self.calendar is None:
            return
        opening = self.calendar.opens(now)
        if opening == now and (closing := self.calendar.closes(now)) < FAR:
            opening = self.calendar.opens(closing)
        if now < opening < FAR:
            self.record.until = opening

    def grant(self, holder: Unit, now: int) -> None:
        """``holder`` has one from now on."""
        self.account(now)
        self.holders.append(holder)
        if self.recorder is not None:
            self.recorder.resources[self.recorder.step(now)][self._row][GRANTS] += 1.0

    def give_back(self, holder: Unit, now: int) -> None:
        """``holder`` has one less from now on."""
        self.account(now)
        self.holders.remove(holder)

    def account(self, now: int) -> None:
        """Count who works and who waits since the last change."""
        if self.recorder is None or self._since >= now:
            return
        waiting = sum(unit.askers for unit in self.queue.units)
        busy, begin = len(self.holders), self._since
        for k, part in self.recorder.cut(begin, now):
            counts = self.recorder.resources[k][self._row]
            there = part if self.calendar is None else self.calendar.open_between(begin, begin + part)
            counts[IN_USE] += busy * there / NANOSECONDS
            counts[AVAILABLE] += self.count * there / NANOSECONDS
            counts[QUEUE] += waiting * part / NANOSECONDS
            begin += part
        self._since = now

    def settle(self, now: int) -> None:
        self.account(now)

    def save(self) -> State:
        """Record, holders and queue."""
        queue = {"units": [unit.name for unit in self.queue.units], "asked": list(self.queue.asked)}
        return {**super().save(), "holders": [unit.name for unit in self.holders], "queue": queue, "since": self._since}

    def load(self, state: State) -> None:
        super().load(state)
        self._since = state["since"]

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Restore holders and queue by name."""
        self.holders = [units[name] for name in state["holders"]]
        for name, asked in zip(state["queue"]["units"], state["queue"]["asked"], strict=True):
            self.queue.restore(units[name], 1.0, asked)


def work_calendars(resources: Sequence[Resource], *others: Calendar | None) -> list[Calendar]:
    """When work is done that needs these resources: while all their calendars, and the others given, are open."""
    found = [resource.calendar for resource in resources if resource.calendar is not None]
    return list(dict.fromkeys([*found, *(calendar for calendar in others if calendar is not None)]))


def seize(unit: Unit, resources: Sequence[Resource], now: int, holder: Unit | None = None, asked: int | None = None) -> bool:
    """Take one of each, together; else take none and wait in all their queues.

    ``holder``: who has them then, where that is not the unit itself; ``asked``: since when (ns) they are wanted, where that is before now.
    """
    if not all(resource.free_for(unit) for resource in resources):
        for resource in resources:
            resource.join(unit, now, asked)
        if asked is None or not all(resource.free_for(unit) for resource in resources):  # it may have asked before the one who stood first
            return False
    unit.leave_lists()
    for resource in resources:
        resource.grant(holder if holder is not None else unit, now)
    for resource in resources:
        resource.queue.wake_first(now)
    return True


def release(unit: Unit, resources: Sequence[Resource], now: int) -> None:
    """Give back one of each; wakes the first of each queue."""
    for resource in resources:
        resource.give_back(unit, now)
    for resource in resources:
        resource.queue.wake_first(now)
