"""What a task needs of resources. All of it is granted together or not at all; of each choice one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin.engine.calendars import Calendar
from twin.engine.resource import Hold, Resource
from twin.engine.unit import Unit

Fits = Callable[[Resource, int], bool]
"""Whether one of a resource could be had, beside so many of the same task."""


class Needs:
    """``choices``: of each of them one is needed, the first that is free. ``plain``: they have one resource only. ``rank``: the task's priority."""

    def __init__(self, choices: Sequence[Sequence[Resource]] = (), rank: int = 0) -> None:
        self.choices = tuple(tuple(choice) for choice in choices)
        self.rank = rank
        self.resources = tuple(dict.fromkeys(resource for choice in self.choices for resource in choice))
        self.plain = all(len(choice) == 1 for choice in self.choices)
        self._firm = tuple(choice[0] for choice in self.choices if len(choice) == 1)
        self._ordered = tuple(sorted(self.choices, key=len))  # what has no choice comes first
        self._served = [(resource, self._choices_of(resource)) for resource in self.resources]
        self._forces = any(resource.rules.preempt for resource in self.resources)

    def __bool__(self) -> bool:
        return bool(self.choices)

    @property
    def calendars(self) -> list[Calendar]:
        """While these are closed, work stands still: those of the resources without a choice. Who was chosen of several goes instead."""
        found = [choice[0].rules.pauses for choice in self.choices if len(choice) == 1]
        return list(dict.fromkeys(calendar for calendar in found if calendar is not None))

    def leaves(self, resource: Resource) -> bool:
        """Whether the task is interrupted when the calendar of ``resource`` closes, since others would do."""
        return resource not in self._firm and resource.rules.pauses is not None

    def _choices_of(self, resource: Resource) -> tuple[int, ...]:
        """Which choices ``resource`` serves; () where it is needed in any case."""
        return () if resource in self._firm else tuple(k for k, choice in enumerate(self.choices) if resource in choice)

    def find(self, unit: Unit) -> Sequence[Resource] | None:
        """What ``unit`` could take now, None where something lacks."""
        if self.plain:
            for resource in self.resources:
                if not resource.free_for(unit):
                    return None
            return self.resources
        return _one_of_each(self._ordered, lambda resource, more: resource.free_for(unit, more), [])

    def find_by_force(self, unit: Unit) -> Sequence[Resource] | None:
        """What ``unit`` could take if tasks of lower priority are interrupted, None where that is not enough."""
        if not self._forces:
            return None
        return _one_of_each(self._ordered, lambda r, more: r.free_for(unit, more) or r.yields(unit, self.rank, more), [])

    def join(self, unit: Unit, asked: int) -> None:
        """Wait in the queues of all."""
        for resource, choices in self._served:
            resource.join(unit, self.rank, asked, choices)

    def asked(self, unit: Unit, now: int) -> int:
        """Since when ``unit`` wants them, ns."""
        queue = self.resources[0].queue
        return queue.asked[queue.units.index(unit)] if unit in queue.units else now


def _one_of_each(choices: Sequence[Sequence[Resource]], fits: Fits, taken: list[Resource]) -> list[Resource] | None:
    """One resource for each choice, the first in its order that leaves enough for the others."""
    if not choices:
        return taken
    for resource in choices[0]:
        if fits(resource, taken.count(resource)):
            found = _one_of_each(choices[1:], fits, [*taken, resource])
            if found is not None:
                return found
    return None


def seize(unit: Unit, needs: Needs, now: int, task: tuple[Unit, int] | None = None, asked: int | None = None) -> bool:
    """Take what is needed, together; else take nothing and wait in all queues, after interrupting those who must make way.

    ``task``: who holds it then, and for which of its tasks, where that is not the unit itself; ``asked``: since when (ns) it is wanted, where that is
    before now.
    """
    found = needs.find(unit)
    if found is None:
        needs.join(unit, now if asked is None else asked)
        found = needs.find(unit)  # it may stand before the one who stood first
        if found is None:
            forced = needs.find_by_force(unit) or ()
            for resource in dict.fromkeys(forced):
                resource.make_way(needs.rank, forced.count(resource), now)
            return False
    if unit.waiting:
        since = asked if asked is not None else needs.asked(unit, now)
        unit.leave_lists()
    else:
        since = now if asked is None else asked
    holder, number = task if task is not None else (unit, 0)
    for resource in found:
        resource.grant(Hold(holder, number, needs.rank, since, not needs.plain and holder.interruptible and needs.leaves(resource)), now)
    for resource in found:
        if resource.queue.units:
            resource.queue.wake_first(now)
    return True


def release(unit: Unit, needs: Needs, now: int, number: int = 0) -> None:
    """Give back what ``unit`` holds for its task ``number``; wakes the first of each queue."""
    if len(needs.resources) == 1 and needs.plain:  # nearly always
        resource = needs.resources[0]
        if resource.give_back(unit, number, now) and resource.queue.units:
            resource.queue.wake_first(now)
        return
    given = [resource for resource in needs.resources if resource.give_back(unit, number, now)]
    if not needs.plain:
        for resource in given:
            while resource.give_back(unit, number, now):
                pass
    for resource in given:
        if resource.queue.units:
            resource.queue.wake_first(now)
