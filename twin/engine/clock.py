"""The simulated clock: integer nanoseconds on a SimPy environment, and the budgets that end a run that would not end.

An event carries the declaration index of its unit as priority, so that (time, index) alone decides the order and SimPy's insertion counter
never does.
"""

from __future__ import annotations

import time
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import simpy
from simpy.events import EventPriority

from twin.errors import BudgetError, UsageError
from twin.quantities import NANOSECONDS as NANOSECONDS

if TYPE_CHECKING:
    from twin.engine.unit import Unit

FIRST_PRIORITY = 10
"""SimPy uses 0 and 1 itself."""
WALL_CHECK = 4096
"""Events between two looks at the wall clock."""
STANDSTILL = 100
"""So many looks in a row at one instant of simulated time end a run."""
LONGEST = 1e300
"""Nanoseconds that never come: a longer duration counts as this, as a float that overflows has no integer."""


def nanoseconds(seconds: float) -> int:
    """Round a duration to integer nanoseconds; done once, where a duration arises.

    >>> nanoseconds(0.1)
    100000000

    What no number of nanoseconds can hold is capped, long after any horizon.
    """
    time = seconds * NANOSECONDS
    return round(LONGEST if time > LONGEST else time)


class Wakeup(simpy.Event):
    """The one event of a unit, used again and again: a unit has at most one pending."""

    def __init__(self, environment: simpy.Environment, unit: Unit) -> None:
        super().__init__(environment)
        self._ok = True
        self._value = None
        self.run = unit.run
        self._again: list[Any] = [self._wake]
        self.priority = EventPriority(FIRST_PRIORITY + unit.clock.rank + unit.index)

    def _wake(self, _: Any) -> None:
        self.run(self.env._now)  # type: ignore[arg-type]  # Clock.schedule lets only Python ints in


class Clock:
    """Time in integer nanoseconds since the start of the scenario.

    ``events`` counts what was scheduled. ``event_budget`` and ``wall_budget`` (seconds) end a run with :class:`~twin.errors.BudgetError`.

    Several plants can run in one time: each has a clock of its own that ``shares`` the time of one of them all, and counts its own events.
    ``rank`` is where the ranks of its units begin among those of all.
    """

    def __init__(
        self,
        now: int = 0,
        events: int = 0,
        event_budget: int | None = None,
        wall_budget: float | None = None,
        shares: Clock | None = None,
        rank: int = 0,
    ) -> None:
        self.shares, self.rank = shares, rank
        self.environment: simpy.Environment = simpy.Environment(initial_time=now) if shares is None else shares.environment
        self.events = events
        self.event_budget = event_budget if event_budget is not None else 1 << 62
        self.wall_budget = wall_budget
        self._next_check = min(events + WALL_CHECK, self.event_budget)
        self._checked_at, self._standing = -1, 0
        self._started = time.monotonic()

    @property
    def now(self) -> int:
        """The present time in ns."""
        return self.environment._now  # type: ignore[return-value]  # schedule lets only Python ints in

    def begin_at(self, now: int, events: int) -> None:
        """Start afresh at ``now`` with nothing pending; units then rearm their events.

        Where the time is shared, it is begun once, by the clock of all, before those that share it: each would wipe the events of the others.
        """
        if self.shares is not None and self.shares.now != now:
            raise UsageError(f"a clock cannot begin at {now} ns in a time that is shared and stands at {self.shares.now} ns")
        self.environment = simpy.Environment(initial_time=now) if self.shares is None else self.shares.environment
        self.events = events
        self._next_check = min(events + WALL_CHECK, self.event_budget)

    def schedule(self, unit: Unit, until: int) -> None:
        """Wake ``unit`` at ``until`` (ns, not before now). Refuses a time that is not a Python int: SimPy would take it silently."""
        if type(until) is not int:
            raise UsageError(f"{unit.name}: a time must be a Python int of nanoseconds (got {until!r} of type {type(until).__name__})")
        environment = self.environment
        if until < environment._now:
            raise UsageError(f"{unit.name}: cannot wake at {until} ns, it is already {environment._now} ns")
        wakeup = unit.wakeup
        wakeup.callbacks = wakeup._again
        # what Environment.schedule does, without adding the delay to the time it was taken from (measured: a tenth of an event's cost)
        heappush(environment._queue, (until, wakeup.priority, next(environment._eid), wakeup))
        self.events += 1
        if self.events >= self._next_check:
            self._check_budget(unit)

    def reschedule(self, unit: Unit, until: int) -> None:
        """Move the pending event of ``unit``: SimPy cannot take one back, so the old one is left to pass without effect."""
        unit.wakeup.callbacks = []
        unit.wakeup = Wakeup(self.environment, unit)
        self.schedule(unit, until)

    def _check_budget(self, unit: Unit) -> None:
        if self.events >= self.event_budget:
            raise BudgetError(
                f"event budget spent: {self.events} events at {self.now / NANOSECONDS:.6g} s of simulated time, the last one for {unit.name!r}; "
                f"allowed are {self.event_budget} (budget.events). Raise it, shorten the horizon or use larger lots"
            )
        self._standing = self._standing + 1 if self.environment.now == self._checked_at else 0
        self._checked_at = self.now
        if self._standing >= STANDSTILL:
            raise BudgetError(
                f"time stands still at {self.now / NANOSECONDS:.6g} s: more than {STANDSTILL * WALL_CHECK} events at one instant, "
                f"the last one for {unit.name!r}. "
                "A process that takes no time runs in a circle: give it a time or a rate"
            )
        spent = time.monotonic() - self._started
        if self.wall_budget is not None and spent > self.wall_budget:
            raise BudgetError(
                f"wall-clock budget spent: {spent:.1f} s at {self.now / NANOSECONDS:.6g} s of simulated time; "
                f"allowed are {self.wall_budget:g} s (budget.wall). Raise it, shorten the horizon or use larger lots"
            )
        self._next_check = min(self.events + WALL_CHECK, self.event_budget)

    def run(self, until: int) -> None:
        """Do all events before ``until`` (ns); those at that instant are not done."""
        if type(until) is not int:
            raise UsageError(f"a time must be a Python int of nanoseconds (got {until!r} of type {type(until).__name__})")
        environment = self.environment
        if until <= environment.now:
            return
        queue: list[Any] = environment._queue
        while queue and queue[0][0] < until:  # what Environment.run does, for events that wake one unit each
            now, _, _, wakeup = heappop(queue)
            environment._now = now
            callbacks, wakeup.callbacks = wakeup.callbacks, None
            if callbacks:
                wakeup.run(now)
        environment._now = until
