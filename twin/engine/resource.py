"""Shared resources: operators, loaders, fitters. All that a unit needs is granted together or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from twin.engine.calendars import Calendar
from twin.engine.clock import Clock
from twin.engine.unit import Record, State, Unit
from twin.engine.waiting import WaitingList


class Resource(Unit):
    """``count`` equal people or tools, granted in order of asking, while the ``calendar`` is open.

    It has an event of its own only when somebody waits for the calendar to open.
    """

    def __init__(self, name: str, index: int, clock: Clock, count: int, calendar: Calendar | None) -> None:
        super().__init__(name, index, clock, Record())
        self.count = count
        self.calendar = calendar
        self.holders: list[Unit] = []
        self.queue = WaitingList(f"{name}: a free one", self._enough, self._who_holds)

    def _who_holds(self) -> list[Unit]:
        return [*self.holders, self] if self.record.until >= 0 else list(self.holders)

    def _enough(self, _: float) -> bool:
        return len(self.holders) < self.count and (self.calendar is None or self.calendar.opens(self.clock.now) == self.clock.now)

    def free_for(self, unit: Unit) -> bool:
        """Whether ``unit`` could have one now."""
        return self.queue.free_for(unit) and self._enough(0.0)

    def step(self, now: int) -> bool:
        """The calendar may have opened: let the first waiter look."""
        self.queue.wake_first(now)
        return False

    def join(self, unit: Unit, now: int) -> None:
        """Wait for one; if the calendar is closed, wake at its opening."""
        self.queue.join(unit, 1.0)
        if self.calendar is not None and self.record.until < 0:
            opening = self.calendar.opens(now)
            if opening > now:
                self.record.until = opening
                self.clock.schedule(self, opening)

    def save(self) -> State:
        """Record, holders and queue."""
        return {**super().save(), "holders": [unit.name for unit in self.holders], "queue": [unit.name for unit in self.queue.units]}

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Restore holders and queue by name."""
        self.holders = [units[name] for name in state["holders"]]
        for name in state["queue"]:
            self.queue.join(units[name], 1.0)


def work_calendars(resources: Sequence[Resource], *others: Calendar | None) -> list[Calendar]:
    """When work is done that needs these resources: while all their calendars, and the others given, are open."""
    found = [resource.calendar for resource in resources if resource.calendar is not None]
    return list(dict.fromkeys([*found, *(calendar for calendar in others if calendar is not None)]))


def seize(unit: Unit, resources: Sequence[Resource], now: int) -> bool:
    """Take one of each, together; else take none and wait in all their queues."""
    if all(resource.free_for(unit) for resource in resources):
        unit.leave_lists()
        for resource in resources:
            resource.holders.append(unit)
        for resource in resources:
            resource.queue.wake_first(now)
        return True
    for resource in resources:
        resource.join(unit, now)
    return False


def release(unit: Unit, resources: Sequence[Resource], now: int) -> None:
    """Give back one of each; wakes the first of each queue."""
    for resource in resources:
        resource.holders.remove(unit)
    for resource in resources:
        resource.queue.wake_first(now)
